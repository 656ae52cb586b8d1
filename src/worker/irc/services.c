/* services.c - see services.h; and the commands NS, CS and their longer names. What they do is in nickserv.c
 * and chanserv.c. */
#include "config.h"

#include "worker/irc/services.h"

#include <stdarg.h>
#include <string.h>

#include "ipc/credential.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/account.h"
#include "worker/input.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"

#define COST 2 /* lines, beyond the line itself */

static const struct {
	const char *name, *about;
	const struct service_cmd *cmds;
} services[SERVICES] = {
    [SERVICE_NICK] = {"NickServ", "accounts: your name, kept for you", nickserv_cmds},
    [SERVICE_CHAN] = {"ChanServ", "registered rooms, which outlive their members", chanserv_cmds},
};

enum service
service_named(struct str target)
{
	const char *at = target.n > 0 ? memchr(target.p, '@', target.n) : NULL;

	if (at != NULL) {
		if (!irc_is((struct str){at + 1, (size_t)(target.p + target.n - at - 1)}, irc_me))
			return SERVICE_NONE;
		target.n = (size_t)(at - target.p);
	}
	for (unsigned i = SERVICE_NONE + 1; i < SERVICES; i++) {
		if (irc_is(target, services[i].name))
			return i;
	}
	return SERVICE_NONE;
}

/* --- what it says ------------------------------------------------------------------------------------ */

void
service_say(struct conn *c, const char *fmt, ...)
{
	const char *me = services[c->irc->run->service].name;
	char text[IRC_BODY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vbprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	irc_raw(c, ":%s!%s@%s NOTICE %s :%s", me, me, irc_me, irc_nick(c), text);
}

/* What is being carried out. */
static const struct service_cmd *
cmd_of(const struct conn *c)
{
	const struct irc_run *r = c->irc->run;

	return &services[r->service].cmds[r->service_row];
}

void
service_done(struct conn *c)
{
	if (cmd_of(c)->done != NULL)
		service_say(c, "%s", cmd_of(c)->done);
}

void
service_refused(struct conn *c, unsigned err, struct str arg)
{
	char why[512], room[ROOM_BYTES_MAX + 2];

	if (chat_err_about(err) == ERR_ABOUT_ROOM && arg.n <= ROOM_BYTES_MAX)
		arg = (struct str){room, bprintf(room, sizeof(room), "#" STR_FMT, STR_ARG(arg))};
	service_say(c, "Sorry, %s.", chat_err_text(err, arg.p, arg.n, why, sizeof(why)));
}

void
service_late(struct conn *c, struct late *l)
{
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg))
		service_refused(c, code, arg);
	else
		service_done(c);
}

bool
service_secret_ok(struct conn *c)
{
	if (!account_secret_ok(c))
		service_say(c, "%s.", CREDENTIAL_NOT_IN_CLEAR);
	return account_secret_ok(c);
}

static void
say_usage(struct conn *c, const struct service_cmd *cmd)
{
	while (cmd->help == NULL)
		cmd--;
	service_say(c, "%s%s%s: %s", cmd->name, cmd->usage[0] != '\0' ? " " : "", cmd->usage,
		    cmd->help);
}

static void
help(struct conn *c, struct irc_run *r, struct str about)
{
	const struct service_cmd *cmds = services[r->service].cmds;

	for (const struct service_cmd *cmd = cmds; about.n > 0 && cmd->name != NULL; cmd++) {
		if (irc_is(about, cmd->name)) {
			say_usage(c, cmd);
			return;
		}
	}
	service_say(c, "%s looks after %s. It knows these words:", services[r->service].name,
		    services[r->service].about);
	for (const struct service_cmd *cmd = cmds; cmd->name != NULL; cmd++) {
		if (cmd->help != NULL)
			say_usage(c, cmd);
	}
}

/* --- what is said to it ---------------------------------------------------------------------------------- */

/* w's next word, at param i of r. */
static void
add_word(const struct irc_run *r, unsigned i, struct str word, struct service_words *w)
{
	struct str *rest = &w->rest[w->n], last;
	unsigned end = r->msg.n;
	/* one that begins a param is the text's: the one before it has been taken off */
	bool colon = word.p[0] == ':' && word.p != r->msg.param[i].p;

	while (end > i + 1 && r->msg.param[end - 1].n == 0)
		end--;
	/* params lie one behind the other in the line */
	last = r->msg.param[end - 1];
	*rest = (struct str){word.p, (size_t)(last.p + last.n - word.p)};
	while (rest->n > word.n && rest->p[rest->n - 1] == ' ')
		rest->n--;
	w->whole[w->n] = colon || (rest->n > word.n && i == end - 1 && word.p == last.p);
	rest->p += colon;
	rest->n -= colon;
	w->v[w->n++] = word;
}

/* w's next word, which is escaped as the value of a tag is. False: nobody could have typed it. */
static bool
add_escaped(struct str word, struct service_words *w)
{
	char *text = w->text + w->ntext;
	size_t n = irc_tag_unescape(word, text, sizeof(w->text) - w->ntext);

	w->v[w->n] = w->rest[w->n] = (struct str){text, n};
	w->n++;
	w->ntext += n;
	return memchr(text, '\r', n) == NULL && memchr(text, '\n', n) == NULL;
}

/* All words of the params from `from` on; more than there is room for are left out. escaped: a space within a word is "\s", and
 * a ':' before it is its own: so every password can be given, at any place. False: they make no sense. */
static bool
words_of(const struct irc_run *r, unsigned from, bool escaped, struct str *first_r,
	 struct service_words *w)
{
	struct str rest, word;
	bool good = true;

	*first_r = STR_LIT("");
	*w = (struct service_words){.n = 0};
	for (unsigned i = 0; i < SERVICE_WORDS; i++)
		w->v[i] = w->rest[i] = STR_LIT("");
	for (unsigned i = from; i < r->msg.n; i++) {
		rest = r->msg.param[i];
		while (str_next(&rest, ' ', &word)) {
			if (first_r->n == 0)
				*first_r = word;
			else if (w->n < SERVICE_WORDS && escaped)
				good = add_escaped(word, w) && good;
			else if (w->n < SERVICE_WORDS)
				add_word(r, i, word, w);
		}
	}
	return good;
}

static enum irc_done
carry_out(struct conn *c, struct irc_run *r, struct str first, const struct service_words *w)
{
	const struct service_cmd *cmds = services[r->service].cmds, *cmd;

	if (r->step == 0)
		conn_charge(c, COST);
	for (cmd = cmds; cmd->name != NULL; cmd++) {
		if (irc_is(first, cmd->name))
			break;
	}
	r->service_row = (uint8_t)(cmd - cmds);
	if (first.n == 0 || irc_is(first, "HELP")) {
		help(c, r, w->v[0]);
	} else if (cmd->name == NULL) {
		service_say(c, "That word is not known here. HELP tells which are.");
	} else if (!accounts_here()) {
		service_say(c, "Accounts are not available.");
	} else if (w->n < cmd->min) {
		say_usage(c, cmd);
	} else {
		return cmd->fn(c, r, w);
	}
	return IRC_DONE;
}

enum irc_done
service_run(struct conn *c, struct irc_run *r, enum service service, unsigned from)
{
	enum irc_done done = IRC_DONE;
	struct service_words w;
	struct str first, value;
	/* for passwords: what ChanServ is told it refers to later, in the line */
	bool escaped = service == SERVICE_NICK && c->irc->caps & CAP_TAGS &&
		       irc_tag_find(r->msg.tags, "+chatd.org/escaped", &value);

	r->secret = true;
	if (c->pending > 0)
		return IRC_WAIT;
	r->service = (uint8_t)service;
	if (words_of(r, from, escaped, &first, &w))
		done = carry_out(c, r, first, &w);
	else
		service_say(c, "A word cannot have the end of a line in it.");
	explicit_bzero(w.text, w.ntext);
	return done;
}

enum irc_done
irc_NICKSERV(struct conn *c, struct irc_run *r)
{
	return service_run(c, r, SERVICE_NICK, 0);
}

enum irc_done
irc_CHANSERV(struct conn *c, struct irc_run *r)
{
	return service_run(c, r, SERVICE_CHAN, 0);
}
