/* isupport.c - RPL_ISUPPORT: what this server can do and how much of it, one token a row.
 *
 * The values are the limits that the code uses: whoever changes one changes what is told here.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/files.h"
#include "worker/history.h"
#include "worker/irc/cmd.h"
#include "worker/irc/history.h"
#include "worker/irc/info.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/irc/room.h"

#define TOKENS_MAX 13 /* RFC 2812 section 2.3: fifteen params, of which two are others */
#define TOKEN_BYTES 256
#define TOLD " :are supported by this server"
#define LISTS_MAX 100 /* the broker's limit of each list of a room */

/* A value that is more than a number: into out; false: the token is not shown. */
typedef bool token_fn(char *out, size_t cap);

/* How CHATHISTORY's messages are named: only where there is any. */
static bool
msgreftypes(char *out, size_t cap)
{
	bprintf(out, cap, "msgid,timestamp");
	return history_kept();
}

static bool
chathistory(char *out, size_t cap)
{
	bprintf(out, cap, "%d", IRC_HISTORY_MAX);
	return history_kept();
}

/* A space would end the token. */
static bool
network(char *out, size_t cap)
{
	size_t n = 0;

	for (const char *p = proc.opt.irc_network; *p != '\0' && n + 5 < cap; p++)
		n += bprintf(out + n, cap - n,
			     *p == ' ' || *p == '=' || *p == '\\' ? "\\x%02X" : "%c",
			     (unsigned char)*p);
	return n > 0;
}

/* Where clients upload files to, with their account (draft/FILEHOST). */
static bool
filehost(char *out, size_t cap)
{
	char url[TOKEN_BYTES] = "";
	size_t n = 0;

	if (!files_on() || files_host_url(url, sizeof(url)) == 0)
		return false;
	for (const char *p = url; *p != '\0' && n + 5 < cap; p++)
		n += bprintf(out + n, cap - n,
			     *p == ' ' || *p == '=' || *p == '\\' ? "\\x%02X" : "%c",
			     (unsigned char)*p);
	return true;
}

static bool
monitor(char *out, size_t cap)
{
	bprintf(out, cap, "%llu", (unsigned long long)proc.opt.irc_monitor);
	return proc.opt.irc_monitor > 0;
}

static bool
max_targets(char *out, size_t cap)
{
	bprintf(out, cap, "%llu", (unsigned long long)proc.opt.irc_max_targets);
	return true;
}

static bool
targmax(char *out, size_t cap)
{
	unsigned long long n = proc.opt.irc_max_targets;

	bprintf(out, cap,
		"JOIN:%d,KICK:%d,LIST:,NAMES:%d,NOTICE:%llu,PART:%d,PRIVMSG:%llu,TAGMSG:%llu,"
		"WHOIS:%d,WHOWAS:%d",
		IRC_JOIN_MAX, IRC_KICK_MAX, IRC_NAMES_MAX, n, IRC_JOIN_MAX, n, n, IRC_WHOIS_MAX,
		IRC_WHOIS_MAX);
	return true;
}

static const struct {
	const char *name;
	unsigned long long number; /* with the text behind it if there is one; 0: only the text */
	const char *text;
	token_fn *fn;
} tokens[] = {
    {"ACCOUNTEXTBAN", 0, "a", NULL},
    {"AWAYLEN", REASON_MAX, NULL, NULL},
    {"BOT", 0, "B", NULL},
    {"CASEMAPPING", 0, "ascii", NULL},
    {"CHANLIMIT", 0, "#:100", NULL}, /* ROOMS_PER_USER */
    {"CHANMODES", 0, "Ibe,k,l,CMRimnst", NULL},
    {"CHANNELLEN", ROOM_CHARS_MAX + 1, NULL, NULL},
    {"CHANTYPES", 0, "#", NULL},
    {"CHATHISTORY", 0, NULL, chathistory},
    {"ELIST", 0, "CMNTU", NULL},
    {"EXCEPTS", 0, "e", NULL},
    {"EXTBAN", 0, ",amr", NULL},
    {"HOSTLEN", HOST_MAX, NULL, NULL},
    {"INVEX", 0, "I", NULL},
    {"KEYLEN", ROOM_KEY_MAX, NULL, NULL},
    {"KICKLEN", REASON_MAX, NULL, NULL},
    {"MAXLIST", 0, "Ibe:100", NULL}, /* LISTS_MAX */
    {"MAXTARGETS", 0, NULL, max_targets},
    {"MODES", IRC_PARAMS_MAX - 2, NULL, NULL}, /* so many params a line has for them */
    {"MONITOR", 0, NULL, monitor},
    {"MSGREFTYPES", 0, NULL, msgreftypes},
    {"NAMELEN", REALNAME_MAX, NULL, NULL},
    {"NETWORK", 0, NULL, network},
    {"NICKLEN", NAME_CHARS_MAX, NULL, NULL},
    {"PREFIX", 0, "(ohv)@%+", NULL},
    {"SAFELIST", 0, NULL, NULL},
    {"STATUSMSG", 0, "@%+", NULL},
    {"TARGMAX", 0, NULL, targmax},
    {"TOPICLEN", TOPIC_MAX, NULL, NULL},
    {"USERLEN", IDENT_MAX, NULL, NULL},
    {"UTF8ONLY", 0, NULL, NULL},
    {"WHOX", 0, NULL, NULL},
    {"draft/FILEHOST", 0, NULL, filehost},
};
_Static_assert(ROOMS_PER_USER == 100 && LISTS_MAX == 100, "CHANLIMIT and MAXLIST say 100");

/* One token; the length, 0: it is not shown. */
static size_t
token_put(size_t i, char *out, size_t cap)
{
	char value[TOKEN_BYTES] = "";

	if (tokens[i].fn != NULL) {
		if (!tokens[i].fn(value, sizeof(value)))
			return 0;
	} else if (tokens[i].number > 0) {
		bprintf(value, sizeof(value), "%llu", tokens[i].number);
	} else if (tokens[i].text != NULL) {
		bprintf(value, sizeof(value), "%s", tokens[i].text);
	}
	return bprintf(out, cap, "%s%s%s", tokens[i].name, value[0] != '\0' ? "=" : "", value);
}

/* The tokens in lines that fit with any name in front, made anew when the configuration may have
 * changed: every login is told them. */
static struct {
	char text[IRC_BODY_MAX];
	size_t n;
} lines[6];
static unsigned nlines;

static void
line_end(void)
{
	size_t n = lines[nlines].n;

	lines[nlines].n += bprintf(lines[nlines].text + n, IRC_BODY_MAX - n, TOLD);
	if (++nlines < ARRAY_LEN(lines))
		lines[nlines].n = 0;
}

void
irc_isupport_init(void)
{
	size_t room = IRC_BODY_MAX - strlen(irc_me) - NAME_BYTES_MAX - 60, k;
	char token[TOKEN_BYTES + 32];
	unsigned in_line = 0;

	nlines = 0;
	lines[0].n = 0;
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		k = token_put(i, token, sizeof(token));
		if (k == 0)
			continue;
		if (in_line == TOKENS_MAX || (in_line > 0 && lines[nlines].n + 1 + k > room)) {
			line_end();
			if (nlines == ARRAY_LEN(lines))
				return;
			in_line = 0;
		}
		lines[nlines].n +=
		    bprintf(lines[nlines].text + lines[nlines].n, IRC_BODY_MAX - lines[nlines].n,
			    "%s%s", in_line++ > 0 ? " " : "", token);
	}
	if (in_line > 0)
		line_end();
}

/* batch 0: in none. */
static void
lines_put(struct conn *c, uint32_t batch)
{
	for (unsigned i = 0; i < nlines; i++) {
		if (batch == 0)
			irc_num_text(c, RPL_ISUPPORT, (struct str){lines[i].text, lines[i].n});
		else
			irc_raw(c, "@batch=i%u :%s %03d %s %s", batch, irc_me, RPL_ISUPPORT,
				irc_nick(c), lines[i].text);
	}
}

void
irc_isupport(struct conn *c)
{
	const uint64_t both = CAP_BATCH | CAP_ISUPPORT;
	uint32_t batch = 0;

	if ((c->irc->caps & both) == both) {
		batch = irc_batch_id();
		irc_from_me(c, "BATCH +i%u draft/isupport", batch);
	}
	lines_put(c, batch);
	if (batch != 0)
		irc_from_me(c, "BATCH -i%u", batch);
}

/* draft/extended-isupport: before the login for those who asked for it. */
enum irc_done
irc_ISUPPORT(struct conn *c, struct irc_run *r)
{
	(void)r;
	if (c->state != CONN_READY && !(c->irc->caps & CAP_ISUPPORT))
		irc_num(c, ERR_NOTREGISTERED, ":You have not registered");
	else
		irc_isupport(c);
	return IRC_DONE;
}
