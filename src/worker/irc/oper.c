/* oper.c - OPER, and what operators do: KILL, WALLOPS, REHASH, DIE, RESTART.
 *
 * Here is only asked: who may do what is the broker's to say (src/broker/oper.c), and whether a
 * password fits is chatd-auth's.
 */
#include "config.h"

#include "ipc/credential.h"
#include "worker/account.h"
#include "worker/fanout.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/request.h"

#define BLOCK_NAME_MAX 64 /* of an operator block */

static void
opered(struct conn *c, struct late *l)
{
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg)) {
		irc_err(c, c->irc->run, code, arg);
	} else if (l->type == MSG_e_oper) {
		irc_num(c, RPL_YOUREOPER, ":You are now an IRC operator");
		irc_oper_is(c, l->e);
	}
}

enum irc_done
irc_OPER(struct conn *c, struct irc_run *r)
{
	struct str name = r->msg.param[0], password = r->msg.param[1];

	if (!account_secret_ok(c))
		irc_num(c, ERR_NOOPERHOST, ":" CREDENTIAL_NOT_IN_CLEAR);
	else if (name.n > BLOCK_NAME_MAX)
		irc_num(c, ERR_NOOPERHOST, ":No O-lines for your host");
	else if (password.n > PASSWORD_MAX)
		irc_num(c, ERR_PASSWDMISMATCH, ":Password incorrect");
	else
		request_oper(c, name, password, opered);
	return IRC_DONE;
}

enum irc_done
irc_KILL(struct conn *c, struct irc_run *r)
{
	struct str name = r->msg.param[0], reason = irc_clean(r->msg.param[1], REASON_MAX);

	if (name.n == 0) {
		irc_num(c, ERR_NEEDMOREPARAMS, "KILL :Not enough parameters");
		return IRC_DONE;
	}
	if (name.n <= NAME_BYTES_MAX)
		request_oper_do(c, OPER_KILL, name, reason);
	else if (c->irc->umodes & UMODE_OPER)
		irc_num(c, ERR_NOSUCHNICK, STR_FMT " :No such nick/channel",
			STR_ARG(irc_middle(name)));
	else
		irc_err(c, r, ERR_NOT_OPER, STR_LIT(""));
	return IRC_DONE;
}

enum irc_done
irc_WALLOPS(struct conn *c, struct irc_run *r)
{
	struct str text = irc_clean(r->msg.param[0], TEXT_MAX);

	if (text.n == 0)
		irc_num(c, ERR_NEEDMOREPARAMS, "WALLOPS :Not enough parameters");
	else
		request_oper_do(c, OPER_WALLOPS, STR_LIT(""), text);
	return IRC_DONE;
}

void
irc_wallops(void)
{
	for (uint32_t i = 0; i < conns_places(); i++) {
		struct conn *c = conn_at(i);

		if (c != NULL && c->irc != NULL && c->irc->umodes & UMODE_WALLOPS)
			fan_once(c);
	}
}

static enum irc_done
order(struct conn *c, enum oper_act act)
{
	request_oper_do(c, act, STR_LIT(""), STR_LIT(""));
	return IRC_DONE;
}

enum irc_done
irc_REHASH(struct conn *c, struct irc_run *r)
{
	(void)r;
	return order(c, OPER_REHASH);
}

enum irc_done
irc_DIE(struct conn *c, struct irc_run *r)
{
	(void)r;
	return order(c, OPER_DIE);
}

enum irc_done
irc_RESTART(struct conn *c, struct irc_run *r)
{
	(void)r;
	return order(c, OPER_RESTART);
}
