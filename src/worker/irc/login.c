/* login.c - see login.h; and REGISTER, VERIFY (draft/account-registration). AUTHENTICATE is sasl.c's,
 * NickServ services.c's. */
#include "config.h"

#include "worker/irc/login.h"

#include "ipc/credential.h"
#include "ipc/proc.h"
#include "lib/name.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/account.h"
#include "worker/fanout.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/worker.h"

/* --- numerics --------------------------------------------------------------------------------------- */

/* nick!user@host, as far as that is known. */
static void
mask_of(const struct conn *c, char *out, size_t cap)
{
	struct reg_user_view v;

	if (c->state == CONN_READY && worker.reg != NULL &&
	    registry_user(worker.reg, c->user, &v) > 0)
		bprintf(out, cap, "%s!%s@%s", c->name, v.ident, v.host);
	else
		bprintf(out, cap, "%s!%s@%s", irc_nick(c),
			c->irc->ident != NULL ? c->irc->ident : "*",
			c->peer != NULL ? c->peer : "*");
}

void
login_told(struct conn *c)
{
	char mask[NAME_BYTES_MAX + UHOST_MAX + 2];

	mask_of(c, mask, sizeof(mask));
	irc_num(c, RPL_LOGGEDIN, "%s %s :You are now logged in as %s", mask, account_of(c),
		account_of(c));
}

void
login_lost(struct conn *c)
{
	char mask[NAME_BYTES_MAX + UHOST_MAX + 2];

	mask_of(c, mask, sizeof(mask));
	irc_num(c, RPL_LOGGEDOUT, "%s :You are now logged out", mask);
}

void
login_changed(struct conn *c, const struct m_e_account *e)
{
	const char *before = account_of(c);

	if (e->account.n == 0) {
		login_lost(c);
	} else if (c->ticket == NULL && (before == NULL || !str_eq(e->account, str_of(before)))) {
		account_is(c, e->account);
		login_told(c);
	}
}

void
login_due(struct conn *c)
{
	struct m_e_account e = {.at = worker_wall_ms(), .user = c->user};
	char uhost[UHOST_MAX + 1];
	struct reg_user_view v;

	if (!(c->irc->flags & IRC_ACCOUNT_DUE))
		return;
	c->irc->flags &= (uint16_t)~IRC_ACCOUNT_DUE;
	if (!(c->irc->caps & CAP_ACCOUNT_NOTIFY) || c->flags & CONN_ENDED || worker.reg == NULL ||
	    registry_user(worker.reg, c->user, &v) <= 0)
		return;
	e.name = str_of(c->name);
	e.uhost = (struct str){uhost, bprintf(uhost, sizeof(uhost), "%s@%s", v.ident, v.host)};
	e.umodes = v.umodes;
	if (account_of(c) != NULL)
		e.account = str_of(account_of(c));
	fan_begin(&(struct shown){.type = MSG_e_account, .e = &e}, NULL);
	irc_event(c);
}

void
login_reserved(struct conn *c, struct str name, unsigned seconds)
{
	if (seconds > 0)
		irc_note(c, "*", "NICK_RESERVED",
			 "This name is registered. If " STR_FMT
			 " is yours, log in to it: /NS IDENTIFY password; in %u seconds you will "
			 "be given another name",
			 STR_ARG(name), seconds);
}

bool
login_gate(const struct conn *c)
{
	return c->state == CONN_READY || proc.opt.irc_password[0] == '\0' ||
	       c->irc->flags & IRC_PASS_OK;
}

/* --- REGISTER, VERIFY ------------------------------------------------------------------------------- */

size_t
login_cap_value(char *out, size_t cap)
{
	return bprintf(out, cap, "=%scustom-account-name%s",
		       proc.opt.accounts_before_connect ? "before-connect," : "",
		       proc.opt.accounts_email ? ",email-required" : "");
}

/* What the specification calls an error of the broker's. */
static const struct {
	unsigned err;
	const char *code;
} fails[] = {
    {ERR_ACCOUNT_EXISTS, "ACCOUNT_EXISTS"},
    {ERR_NICK_TAKEN, "ACCOUNT_EXISTS"},
    {ERR_NICK_RESERVED, "ACCOUNT_EXISTS"},
    {ERR_NICK_BAD, "BAD_ACCOUNT_NAME"},
    {ERR_NICK_LOOKS, "BAD_ACCOUNT_NAME"},
    {ERR_PASSWORD_WEAK, "WEAK_PASSWORD"},
    {ERR_EMAIL_BAD, "INVALID_EMAIL"},
    {ERR_EMAIL_NEEDED, "INVALID_EMAIL"},
    {ERR_REGISTER_LATER, "COMPLETE_CONNECTION_REQUIRED"},
};

static void
fail(struct conn *c, struct str account, const char *code, const char *why)
{
	irc_fail(c, c->irc->run->cmd->name, code, irc_middle(account), "%s", why);
}

/* Everything else is a matter of the server's. */
static const char *
code_of(unsigned err)
{
	for (size_t i = 0; i < ARRAY_LEN(fails); i++) {
		if (fails[i].err == err)
			return fails[i].code;
	}
	return "TEMPORARILY_UNAVAILABLE";
}

static void
fail_as(struct conn *c, struct str account, unsigned err, struct str arg)
{
	char why[512];

	fail(c, account, code_of(err), chat_err_text(err, arg.p, arg.n, why, sizeof(why)));
}

/* The account that a command names; "*" is one's own name. */
static struct str
account_named(const struct conn *c, struct str param)
{
	return str_eq(param, STR_LIT("*")) ? str_of(irc_nick(c)) : param;
}

static void
registered(struct conn *c, struct late *l)
{
	struct str account = account_named(c, c->irc->run->msg.param[0]), arg;
	const struct m_e_authed *e = l->e;
	unsigned code;

	if (late_failed(l, &code, &arg)) {
		fail_as(c, account, code, arg);
		return;
	}
	if (l->type != MSG_e_authed)
		return;
	account_authed(c, e);
	irc_from_me(c, "REGISTER SUCCESS " STR_FMT " :Account created", STR_ARG(e->account));
	login_told(c);
}

/* Why c may not register now: a code of the specification, and words; NULL: it may. */
static const char *
not_now(const struct conn *c, const char **why)
{
	if (!accounts_here()) {
		*why = "Accounts are not available";
		return "TEMPORARILY_UNAVAILABLE";
	}
	if (account_of(c) != NULL) {
		*why = "You have an account, and are logged in to it";
		return "ALREADY_AUTHENTICATED";
	}
	if (c->state != CONN_READY && (!proc.opt.accounts_before_connect || !login_gate(c))) {
		*why = "Log in first, then register";
		return "COMPLETE_CONNECTION_REQUIRED";
	}
	if (!account_secret_ok(c)) {
		*why = CREDENTIAL_NOT_IN_CLEAR;
		return "TEMPORARILY_UNAVAILABLE";
	}
	return NULL;
}

/* What is wrong with what was given; NULL: nothing that can be seen here. */
static const char *
unfit(struct str account, struct str email, struct str password, const char **why)
{
	static char text[256];
	enum chat_err err = credential_email(email);

	if (account.n == 0 || account.n > NAME_BYTES_MAX ||
	    name_check(account.p, account.n) != NAME_OK) {
		*why = "That cannot be the name of an account";
		return "BAD_ACCOUNT_NAME";
	}
	if (err != ERR_NONE) {
		*why = chat_err_text(err, "", 0, text, sizeof(text));
		return code_of(err);
	}
	if (password.n == 0 || password.n > PASSWORD_MAX) {
		*why = "That cannot be a password: it is empty or too long";
		return "UNACCEPTABLE_PASSWORD";
	}
	return NULL;
}

/* REGISTER account|* email|* password */
enum irc_done
irc_REGISTER(struct conn *c, struct irc_run *r)
{
	struct str account = account_named(c, r->msg.param[0]), email = r->msg.param[1];
	struct enrolment new = {.password = r->msg.param[2]};
	const char *code, *why = NULL;

	if (r->msg.n < 3) {
		irc_fail(c, "REGISTER", "NEED_MORE_PARAMS", STR_LIT(""), "Not enough parameters");
		return IRC_DONE;
	}
	if (!str_eq(email, STR_LIT("*")))
		new.email = email;
	code = not_now(c, &why);
	if (code == NULL && str_eq(account, STR_LIT("*"))) {
		code = "NEED_NICK";
		why = "Choose a name first";
	}
	if (code == NULL)
		code = unfit(account, new.email, new.password, &why);
	if (code != NULL) {
		fail(c, account, code, why);
		return IRC_DONE;
	}
	new.name = account;
	request_register(c, &new, registered);
	return IRC_DONE;
}

/* VERIFY account code: nothing is ever sent that could be given here. */
enum irc_done
irc_VERIFY(struct conn *c, struct irc_run *r)
{
	struct str account = account_named(c, r->msg.param[0]);
	const char *code, *why = NULL;

	if (r->msg.n < 2) {
		irc_fail(c, "VERIFY", "NEED_MORE_PARAMS", STR_LIT(""), "Not enough parameters");
		return IRC_DONE;
	}
	code = not_now(c, &why);
	if (code == NULL) {
		code = "INVALID_CODE";
		why = "Accounts need no code here";
	}
	fail(c, account, code, why);
	return IRC_DONE;
}
