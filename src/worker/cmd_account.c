/* cmd_account.c - /register, /login, /password, /account, /logout: what telnet clients do about accounts. Those that need
 * passwords are forms (form.h). */
#include "config.h"

#include "worker/cmd_account.h"

#include <string.h>

#include "ipc/credential.h"
#include "ipc/proc.h"
#include "registry/registry.h"
#include "worker/account.h"
#include "worker/cmd.h"
#include "worker/form.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/session.h"
#include "worker/ticket.h"
#include "worker/words.h"
#include "worker/worker.h"

/* --- what can be done here --------------------------------------------------------------------- */

/* May it speak of passwords? False: it has been told. */
static bool
may_ask(struct conn *c)
{
	if (!options_store(&proc.opt))
		tell(c, "Sorry, no accounts are kept on this server.");
	else if (!account_secret_ok(c))
		tell(c, CREDENTIAL_NOT_IN_CLEAR ".");
	else
		return true;
	return false;
}

static bool
may_change(struct conn *c)
{
	if (account_of(c) == NULL) {
		tell(c, "You are not logged in to an account: /login, or /register to make one.");
		return false;
	}
	return may_ask(c);
}

/* --- logging in -------------------------------------------------------------------------------- */

static void
login_failed(struct conn *c, struct late *l, unsigned code, struct str arg)
{
	words_refused(c, code, arg);
	if (!form_again(c, l, code) && c->state == CONN_NAMING)
		session_ask_name(c);
}

/* state: the form, bare. */
static void
logged_in(struct conn *c, struct late *l)
{
	const struct m_e_authed *e = l->e;
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg)) {
		login_failed(c, l, code, arg);
		return;
	}
	if (l->type != MSG_e_authed)
		return;
	if (c->state == CONN_NAMING) {
		account_authed(c, e);
		request_login(c, e->account, STR_LIT(""), STR_LIT(""));
		return;
	}
	tell(c, "You are logged in as " STR_FMT ".", STR_ARG(e->account));
	if (!str_eq(e->account, str_of(c->name)))
		request_nick(c, e->account);
}

static void
hand_in_login(struct conn *c, const struct form *f)
{
	struct proof p = {
	    .mech = AUTH_PASSWORD, .name = str_of(f->name), .secret = {f->password, f->npassword}};

	request_auth(c, &p, logged_in);
	form_waits(c, f);
}

static const struct form_kind login_form = {
    .steps = {FORM_PRESENT, FORM_END},
    .hand_in = hand_in_login,
    .not_done = "You have not logged in.",
};

static void
ask_login(struct conn *c, struct str name, struct str password)
{
	struct form *f = form_new(&login_form);

	if (form_word(c, f, f->name, sizeof(f->name), name, "a name"))
		form_begin(c, f, password, STR_LIT(""));
}

bool
account_asks(struct conn *c, struct str name)
{
	struct reg_account_view v;
	const char *mine = account_of(c);

	if (!accounts_here() || registry_account_named(worker.reg, name.p, name.n, &v) <= 0)
		return false;
	if (mine != NULL && str_eq(name, str_of(mine)))
		return false;
	tell(c, "The name " STR_FMT " is registered.", STR_ARG(name));
	if (account_secret_ok(c)) {
		ask_login(c, name, STR_LIT(""));
	} else {
		tell(c, CREDENTIAL_NOT_IN_CLEAR ".");
		session_ask_name(c);
	}
	return true;
}

void
cmd_login(struct conn *c, const struct cmd_args *a)
{
	if (account_of(c) != NULL)
		tell(c, "You are logged in as %s already; /logout first.", account_of(c));
	else if (may_ask(c))
		ask_login(c, a->n > 0 ? a->v[0] : str_of(c->name), a->v[1]);
}

/* --- registering -------------------------------------------------------------------------------- */

/* An invitation has rooms. */
static void
join_all(struct conn *c, struct str rooms)
{
	struct str room;

	while (str_next(&rooms, ',', &room))
		request_join(c, ASKED_DO, room, STR_LIT(""));
	if (c->pending > 0)
		c->flags |= CONN_BARRIER | CONN_WAITS;
}

static void
register_refused(struct conn *c, unsigned code, struct str arg)
{
	char why[512];

	tell(c, "Sorry, %s.%s", chat_err_text(code, arg.p, arg.n, why, sizeof(why)),
	     code == ERR_REGISTER_OFF                            ? " Who has one: /invited WORD"
	     : code == ERR_EMAIL_BAD || code == ERR_EMAIL_NEEDED ? " /register EMAIL"
	     : code == ERR_ACCOUNT_EXISTS                        ? " /login, if it is yours."
								 : "");
}

/* state: the form, bare. */
static void
registered(struct conn *c, struct late *l)
{
	const struct m_e_authed *e = l->e;
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg)) {
		register_refused(c, code, arg);
		form_again(c, l, code);
		return;
	}
	if (l->type != MSG_e_authed)
		return;
	tell(c,
	     "The name " STR_FMT " is yours now: from anywhere, /login " STR_FMT
	     " and the password take you to it.",
	     STR_ARG(e->account), STR_ARG(e->account));
	join_all(c, e->data);
}

static void
hand_in_register(struct conn *c, const struct form *f)
{
	struct enrolment r = {
	    .email = str_of(f->text), .password = {f->next, f->nnext}, .invite = str_of(f->invite)};

	request_register(c, &r, registered);
	form_waits(c, f);
}

static const struct form_kind register_form = {
    .steps = {FORM_NEW, FORM_AGAIN, FORM_END},
    .hand_in = hand_in_register,
    .not_done = "No account has been made.",
};

/* Why a password need not even be asked for; ERR_NONE: nothing that can be seen here. */
static enum chat_err
cannot_register(const struct conn *c, struct str email, struct str invite)
{
	struct reg_account_view v;

	if (!proc.opt.accounts_register && invite.n == 0)
		return ERR_REGISTER_OFF;
	if (worker.reg != NULL &&
	    registry_account_named(worker.reg, c->name, strlen(c->name), &v) > 0)
		return ERR_ACCOUNT_EXISTS;
	return credential_email(email);
}

static void
ask_register(struct conn *c, struct str email, struct str password, struct str invite)
{
	enum chat_err err;
	struct form *f;

	if (account_of(c) != NULL) {
		tell(c, "You are logged in as %s already; /logout first.", account_of(c));
		return;
	}
	if (!may_ask(c))
		return;
	if (cmd_same(email, "-"))
		email = STR_LIT("");
	err = cannot_register(c, email, invite);
	if (err != ERR_NONE) {
		register_refused(c, err, str_of(c->name));
		return;
	}
	f = form_new(&register_form);
	if (form_word(c, f, f->text, sizeof(f->text), email, "an email address") &&
	    form_word(c, f, f->invite, sizeof(f->invite), invite, "the word of an invitation"))
		form_begin(c, f, STR_LIT(""), password);
}

void
cmd_register(struct conn *c, const struct cmd_args *a)
{
	ask_register(c, a->v[0], a->v[1], STR_LIT(""));
}

void
cmd_invited(struct conn *c, const struct cmd_args *a)
{
	ask_register(c, a->v[1], STR_LIT(""), a->v[0]);
}

/* --- changing ------------------------------------------------------------------------------------- */

/* state: the form, bare; NULL: it was /logout, and e_account has said it. */
static void
changed(struct conn *c, struct late *l)
{
	const struct m_e_done *e = l->e;
	const struct form *f = l->state;
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg)) {
		words_refused(c, code, arg);
		form_again(c, l, code);
	} else if (l->type == MSG_e_done && e->text.n > 0)
		tell(c, STR_FMT, STR_ARG(e->text));
	else if (f != NULL)
		tell(c, "%s", f->kind->done);
}

static void
hand_in_change(struct conn *c, const struct form *f)
{
	enum account_op op = f->kind->op;
	struct str text =
	    op == ACCOUNT_PASSWORD ? (struct str){f->next, f->nnext} : str_of(f->text);

	request_account(c, op, (struct str){f->password, f->npassword}, text, changed);
	form_waits(c, f);
}

static const struct form_kind password_form = {
    .steps = {FORM_PRESENT, FORM_NEW, FORM_AGAIN, FORM_END},
    .hand_in = hand_in_change,
    .not_done = "Your password is what it was.",
    .op = ACCOUNT_PASSWORD,
    .done = "Your password has been changed.",
};

static const struct form_kind email_form = {
    .steps = {FORM_PRESENT, FORM_END},
    .hand_in = hand_in_change,
    .not_done = "Nothing has been changed.",
    .op = ACCOUNT_EMAIL,
    .done = "Your email address has been changed.",
};

static const struct form_kind delete_form = {
    .steps = {FORM_PRESENT, FORM_END},
    .hand_in = hand_in_change,
    .not_done = "Nothing has been deleted.",
    .op = ACCOUNT_DELETE,
    .done = "Your account has been deleted.",
};

void
cmd_password(struct conn *c, const struct cmd_args *a)
{
	if (!may_change(c))
		return;
	if (a->n == 1)
		tell(c, "Usage: /password, or /password OLD NEW");
	else
		form_begin(c, form_new(&password_form), a->v[0], a->v[1]);
}

void
cmd_logout(struct conn *c, const struct cmd_args *a)
{
	(void)a;
	if (account_of(c) == NULL) {
		tell(c, "You are not logged in to an account; /quit leaves the chat.");
		return;
	}
	request_account(c, ACCOUNT_LOGOUT, STR_LIT(""), STR_LIT(""), changed);
}

static void
account_show(struct conn *c)
{
	struct reg_account_view v;
	const char *name = account_of(c);

	if (name == NULL) {
		tell(c, "You are a guest here: /register makes your name an account, /login takes "
			"you to one.");
		return;
	}
	tell(c, "You are logged in to the account %s.", name);
	if (worker.reg != NULL && registry_account_named(worker.reg, name, strlen(name), &v) > 0 &&
	    v.kept > 0)
		tell(c, "  %u messages wait for it", v.kept);
	tell(c, "  /password changes the password; /account email ADDRESS, /account delete "
		"[messages]");
}

void
cmd_account(struct conn *c, const struct cmd_args *a)
{
	bool del = cmd_same(a->v[0], "delete"), email = cmd_same(a->v[0], "email");
	struct form *f;

	if (a->n == 0) {
		account_show(c);
		return;
	}
	if (!(del && (a->n == 1 || cmd_same(a->v[1], "messages"))) && !(email && a->n == 2)) {
		tell(c, "Usage: /account, /account email ADDRESS, /account delete [messages]");
		return;
	}
	if (!may_change(c))
		return;
	if (email && credential_email(a->v[1]) != ERR_NONE) {
		words_refused(c, ERR_EMAIL_BAD, STR_LIT(""));
		return;
	}
	if (del)
		tell(c, "The account %s%s will be gone for ever; an empty line keeps it.",
		     account_of(c), a->n == 2 ? " and all that it has said" : "");
	f = form_new(del ? &delete_form : &email_form);
	if (form_word(c, f, f->text, sizeof(f->text), a->v[1], "an email address"))
		form_begin(c, f, STR_LIT(""), STR_LIT(""));
}
