/* register.c - from a connection to a session: PASS, NICK, USER, CAP; PING, PONG, QUIT. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/proc.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/info.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/render.h"
#include "worker/request.h"
#include "worker/room.h"

void
irc_begin(struct conn *c)
{
	irc_heard(c);
}

static void
set_wish(char **wish, struct str s)
{
	free(*wish);
	*wish = xstrndup(s.p, s.n);
}

void
irc_register(struct conn *c)
{
	struct irc *i = c->irc;

	if (c->state == CONN_READY || i->nick == NULL || !(i->flags & IRC_GOT_USER) ||
	    i->flags & (IRC_CAP_OPEN | IRC_ASKED))
		return;
	i->flags |= IRC_ASKED;
	request_login(c, str_of(i->nick), str_of(i->ident), str_of(i->real));
}

enum irc_done
irc_NICK(struct conn *c, struct irc_run *r)
{
	struct str name = r->msg.param[0];

	if (name.n == 0)
		irc_num(c, ERR_NONICKNAMEGIVEN, ":No nickname given");
	else if (name_check(name.p, name.n) != NAME_OK)
		irc_num(c, ERR_ERRONEUSNICKNAME, STR_FMT " :Erroneous nickname", STR_ARG(name));
	else if (c->state == CONN_READY)
		request_nick(c, name);
	else {
		set_wish(&c->irc->nick, name);
		irc_register(c);
	}
	return IRC_DONE;
}

enum irc_done
irc_USER(struct conn *c, struct irc_run *r)
{
	struct str ident = r->msg.param[0], real = r->msg.param[3];

	if (c->state == CONN_READY || c->irc->flags & IRC_GOT_USER) {
		irc_num(c, ERR_ALREADYREGISTERED, ":You may not reregister");
		return IRC_DONE;
	}
	if (ident.n == 0 || real.n == 0) {
		irc_num(c, ERR_NEEDMOREPARAMS, "USER :Not enough parameters");
		return IRC_DONE;
	}
	ident.n = text_cut(ident.p, ident.n, IDENT_MAX);
	real.n = text_cut(real.p, real.n, REALNAME_MAX);
	set_wish(&c->irc->ident, ident);
	set_wish(&c->irc->real, real);
	c->irc->flags |= IRC_GOT_USER;
	irc_register(c);
	return IRC_DONE;
}

enum irc_done
irc_PASS(struct conn *c, struct irc_run *r)
{
	(void)c;
	(void)r;
	return IRC_DONE;
}

void
irc_login_refused(struct conn *c, const struct m_e_refused *e)
{
	char why[512];

	c->irc->flags &= ~(unsigned)IRC_ASKED;
	irc_err(c, NULL, e->code, e->arg);
	if (e->code == ERR_NICK_BAD || e->code == ERR_NICK_TAKEN) {
		free(c->irc->nick);
		c->irc->nick = NULL;
		return;
	}
	chat_err_text(e->code, e->arg.p, e->arg.n, why, sizeof(why));
	conn_end(c, why, true);
}

void
irc_named(struct conn *c, const struct m_e_login *e)
{
	struct irc *i = c->irc;

	free(i->nick);
	free(i->ident);
	free(i->real);
	i->nick = i->ident = i->real = NULL;
	irc_num(c, RPL_WELCOME, ":Welcome to the %s IRC Network %s!" STR_FMT, "chatd", c->name,
		STR_ARG(e->uhost));
	irc_num(c, RPL_YOURHOST,
		":Your host is %s, running version " PACKAGE_NAME "-" PACKAGE_VERSION, irc_me);
	irc_num(c, RPL_CREATED, ":This server was created long ago");
	irc_num(c, RPL_MYINFO, "%s " PACKAGE_NAME "-" PACKAGE_VERSION " BRiow CIMRbehiklmnostv",
		irc_me);
	irc_isupport(c);
	irc_lusers(c);
	irc_motd(c);
}

/* --- capabilities ----------------------------------------------------------------------------- */

static void
cap_list(struct conn *c, const char *sub, uint32_t which, bool values)
{
	char line[IRC_BODY_MAX], one[128];
	size_t n = 0, k;

	for (unsigned i = 0; i < CAP_NTH_COUNT; i++) {
		if (!(which & 1u << i))
			continue;
		k = cap_put(i, values, one, sizeof(one));
		if (n + k > 400) {
			irc_from_me(c, "CAP %s %s %s:%.*s", irc_nick(c), sub,
				    c->irc->flags & IRC_CAP_302 ? "* " : "", (int)n, line);
			n = 0;
		}
		n += bprintf(line + n, sizeof(line) - n, "%s%s", n > 0 ? " " : "", one);
	}
	irc_from_me(c, "CAP %s %s :%.*s", irc_nick(c), sub, (int)n, line);
}

static void
cap_req(struct conn *c, struct str wanted)
{
	uint32_t caps = c->irc->caps, bit;
	struct str rest = wanted, word;

	while (rest.n > 0) {
		const char *space = memchr(rest.p, ' ', rest.n);
		bool off;

		word = rest;
		word.n = space != NULL ? (size_t)(space - rest.p) : rest.n;
		rest.p += word.n + (space != NULL);
		rest.n -= word.n + (space != NULL);
		if (word.n == 0)
			continue;
		off = word.p[0] == '-';
		bit = cap_bit((struct str){word.p + off, word.n - off});
		if (bit == 0) {
			irc_from_me(c, "CAP %s NAK :" STR_FMT, irc_nick(c), STR_ARG(wanted));
			return;
		}
		caps = off ? caps & ~bit : caps | bit;
	}
	c->irc->caps = caps;
	c->cls = (uint8_t)(CLS_IRC | cap_class(caps));
	irc_from_me(c, "CAP %s ACK :" STR_FMT, irc_nick(c), STR_ARG(wanted));
}

enum irc_done
irc_CAP(struct conn *c, struct irc_run *r)
{
	struct str sub = r->msg.param[0], arg = r->msg.param[1];

	if (c->state != CONN_READY && !irc_is(sub, "END") && !irc_is(sub, "LIST"))
		c->irc->flags |= IRC_CAP_OPEN;
	if (irc_is(sub, "LS")) {
		if (arg.n > 0 && atoi(arg.p) >= 302)
			c->irc->flags |= IRC_CAP_302;
		cap_list(c, "LS", cap_offered(), c->irc->flags & IRC_CAP_302);
	} else if (irc_is(sub, "LIST"))
		cap_list(c, "LIST", c->irc->caps, false);
	else if (irc_is(sub, "REQ"))
		cap_req(c, arg);
	else if (irc_is(sub, "END")) {
		c->irc->flags &= ~(unsigned)IRC_CAP_OPEN;
		irc_register(c);
	} else
		irc_num(c, ERR_INVALIDCAPCMD, STR_FMT " :Invalid CAP command", STR_ARG(sub));
	return IRC_DONE;
}

/* --- being there, and going ---------------------------------------------------------------------- */

/* A PONG says that everything before it has reached everybody's queue: through the broker. */
enum irc_done
irc_PING(struct conn *c, struct irc_run *r)
{
	if (r->step == 0 && c->state == CONN_READY) {
		request_sync(c);
		return IRC_MORE;
	}
	irc_from_me(c, "PONG %s :" STR_FMT, irc_me, STR_ARG(r->msg.param[0]));
	return IRC_DONE;
}

enum irc_done
irc_PONG(struct conn *c, struct irc_run *r)
{
	(void)c;
	(void)r;
	return IRC_DONE;
}

enum irc_done
irc_QUIT(struct conn *c, struct irc_run *r)
{
	struct str reason = r->msg.param[0];

	if (c->state != CONN_READY) {
		conn_end(c, "Quit", false);
		return IRC_DONE;
	}
	reason.n = text_cut(reason.p, reason.n, REASON_MAX);
	c->flags |= CONN_LEAVING;
	request_quit(c, c->user, reason);
	return IRC_DONE;
}

enum irc_done
irc_AWAY(struct conn *c, struct irc_run *r)
{
	struct str text = r->msg.param[0];

	if (c->state == CONN_READY) {
		text.n = text_cut(text.p, text.n, REASON_MAX);
		request_away(c, text);
	}
	return IRC_DONE;
}
