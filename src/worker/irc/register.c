/* register.c - from a connection to a session: PASS, NICK, USER; PING, PONG, QUIT. CAP is cap.c's,
 * AUTHENTICATE sasl.c's, WEBIRC webirc.c's; what follows the login begins in info.c. */
#include "config.h"

#include <stdlib.h>

#include "ipc/proc.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/account.h"
#include "worker/irc/cmd.h"
#include "worker/irc/info.h"
#include "worker/irc/irc.h"
#include "worker/irc/login.h"
#include "worker/irc/metadata.h"
#include "worker/irc/reply.h"
#include "worker/irc/sasl.h"
#include "worker/request.h"
#include "worker/worker.h"

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
	if (proc.opt.irc_password[0] != '\0' && !(i->flags & IRC_PASS_OK)) {
		irc_num(c, ERR_PASSWDMISMATCH, ":Password incorrect");
		conn_end(c, "Bad password", false);
		return;
	}
	/* it has not waited for the end (IRCv3 sasl-3.1) */
	if (i->sasl != NULL)
		sasl_abort(c);
	i->flags |= IRC_ASKED;
	request_login(c, str_of(i->nick), str_of(i->ident), str_of(i->real));
}

/* Seen from here: the broker decides, but only when everything else is there, too. Who has logged in to the account of whoever
 * is called so has a right to the name; so has the account of that name, whoever goes by it; and who may still log in may turn
 * out to be one of these. */
static bool
seems_taken(const struct conn *c, struct str name)
{
	struct reg_account_view a;
	struct reg_user_view v;

	if (worker.reg == NULL || registry_user_named(worker.reg, name.p, name.n, &v) <= 0)
		return false;
	if (account_of(c) != NULL)
		return !str_eq(str_of(account_of(c)), str_of(v.account)) &&
		       !account_is_named(c, name);
	if (!(c->irc->flags & IRC_CAP_OPEN))
		return true;
	return v.account[0] == '\0' && registry_account_named(worker.reg, name.p, name.n, &a) <= 0;
}

static void
wish_nick(struct conn *c, struct str name)
{
	if (seems_taken(c, name)) {
		irc_num(c, ERR_NICKNAMEINUSE, STR_FMT " :Nickname is already in use",
			STR_ARG(name));
		return;
	}
	set_wish(&c->irc->nick, name);
	irc_register(c);
}

enum irc_done
irc_NICK(struct conn *c, struct irc_run *r)
{
	struct str name = r->msg.param[0];

	if (name.n == 0)
		irc_num(c, ERR_NONICKNAMEGIVEN, ":No nickname given");
	else if (name_check(name.p, name.n) != NAME_OK)
		irc_num(c, ERR_ERRONEUSNICKNAME, STR_FMT " :Erroneous nickname",
			STR_ARG(irc_middle(name)));
	else if (c->state != CONN_READY)
		wish_nick(c, name);
	else if (!str_eq(name, str_of(c->name)))
		request_nick(c, name);
	return IRC_DONE;
}

enum irc_done
irc_USER(struct conn *c, struct irc_run *r)
{
	struct str ident = r->msg.param[0], real = irc_clean(r->msg.param[3], REALNAME_MAX);

	if (c->irc->flags & IRC_GOT_USER) {
		irc_num(c, ERR_ALREADYREGISTERED, ":You may not reregister");
		return IRC_DONE;
	}
	if (ident.n == 0 || real.n == 0) {
		irc_num(c, ERR_NEEDMOREPARAMS, "USER :Not enough parameters");
		return IRC_DONE;
	}
	ident.n = text_cut(ident.p, ident.n, IDENT_MAX);
	set_wish(&c->irc->ident, ident);
	set_wish(&c->irc->real, real);
	c->irc->flags |= IRC_GOT_USER;
	irc_register(c);
	return IRC_DONE;
}

/* The last one counts; whether one is needed is asked when everything else is there. */
enum irc_done
irc_PASS(struct conn *c, struct irc_run *r)
{
	if (r->msg.param[0].n == 0)
		irc_num(c, ERR_NEEDMOREPARAMS, "PASS :Not enough parameters");
	else if (irc_secret_is(r->msg.param[0], str_of(proc.opt.irc_password)))
		c->irc->flags |= IRC_PASS_OK;
	else
		c->irc->flags &= (uint16_t)~IRC_PASS_OK;
	return IRC_DONE;
}

static bool
is_of_account(unsigned err)
{
	return err == ERR_LOGIN_WRONG || err == ERR_NOT_LOGGED_IN || err == ERR_NO_ACCOUNT ||
	       err == ERR_ACCOUNT_DISABLED;
}

void
irc_login_refused(struct conn *c, const struct m_e_refused *e)
{
	int num = chat_err_irc(e->code);
	char why[512];

	c->irc->flags &= (uint16_t)~IRC_ASKED;
	if (account_of(c) != NULL && is_of_account(e->code)) {
		/* it has been deleted or disabled since: without it, then */
		account_is(c, STR_LIT(""));
		login_lost(c);
		irc_register(c);
		return;
	}
	irc_err_of(c, "NICK", STR_LIT(""), e->code, e->arg);
	if (num == ERR_NICKNAMEINUSE || num == ERR_ERRONEUSNICKNAME) {
		/* it may try another */
		free(c->irc->nick);
		c->irc->nick = NULL;
		return;
	}
	chat_err_text(e->code, e->arg.p, e->arg.n, why, sizeof(why));
	conn_end(c, why, true);
}

void
irc_welcomed(struct conn *c, struct str uhost)
{
	struct irc *i = c->irc;

	free(i->nick);
	free(i->ident);
	free(i->real);
	i->nick = i->ident = i->real = NULL;
	irc_welcome(c, uhost);
	if (i->away != NULL) {
		i->flags |= IRC_TOLD_AWAY;
		request_away(c, str_of(i->away));
		free(i->away);
		i->away = NULL;
	}
	metadata_set_early(c);
}

void
irc_named(struct conn *c, const struct m_e_login *e)
{
	irc_welcomed(c, e->uhost);
	login_reserved(c, e->name, e->reserved);
}

/* --- being there, and going ---------------------------------------------------------------------- */

/* A PONG says that everything before it has reached everybody's queue: through the broker. */
enum irc_done
irc_PING(struct conn *c, struct irc_run *r)
{
	if (r->msg.param[0].n == 0) {
		irc_num(c, ERR_NOORIGIN, ":No origin specified");
		return IRC_DONE;
	}
	if (r->step == 0 && c->state == CONN_READY) {
		request_sync(c);
		return IRC_MORE;
	}
	irc_from_me(c, "PONG %s :" STR_FMT, irc_me, STR_ARG(r->msg.param[0]));
	return IRC_DONE;
}

/* Any bytes say that it is there (irc_heard). */
enum irc_done
irc_PONG(struct conn *c, struct irc_run *r)
{
	(void)c;
	(void)r;
	return IRC_DONE;
}

/* Servers say this; from a client it means nothing (RFC 2812 section 3.7.4). */
enum irc_done
irc_ERROR(struct conn *c, struct irc_run *r)
{
	(void)c;
	(void)r;
	return IRC_DONE;
}

enum irc_done
irc_QUIT(struct conn *c, struct irc_run *r)
{
	struct str reason = irc_clean(r->msg.param[0], REASON_MAX);

	if (c->state != CONN_READY) {
		conn_end(c, "Quit", false);
		return IRC_DONE;
	}
	c->flags |= CONN_LEAVING;
	request_quit(c, c->user, c->id, false, reason);
	return IRC_DONE;
}
