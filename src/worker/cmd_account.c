/* cmd_account.c - /register, /login, /password, /account, /logout: what telnet clients do about accounts.
 *
 * Each is a form: what was typed behind the command, and passwords, which are asked for one by one where they were
 * not given with it (secret.h). A form is wiped when it has been handed in. What is refused because of a password is asked
 * for again, without another command: the person is about to type a better one, which the room need not read.
 */
#include "config.h"

#include "worker/cmd_account.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/credential.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/account.h"
#include "worker/cmd.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/secret.h"
#include "worker/session.h"
#include "worker/ticket.h"
#include "worker/words.h"
#include "worker/worker.h"

#define TRIES 3 /* of a password, then the command is over */

enum step { STEP_PRESENT, STEP_NEW, STEP_AGAIN, STEP_END };
enum what { LOG_IN, REGISTER, PASSWORD, EMAIL, DELETE };

struct form {
	enum what what;
	unsigned step; /* in forms[what].steps */
	unsigned tries; /* that were refused */
	size_t npassword, nnext;
	char name[NAME_BYTES_MAX + 1], text[EMAIL_MAX + 1], invite[INVITE_WORD_MAX + 1];
	char password[PASSWORD_MAX], next[PASSWORD_MAX]; /* the present one; the new one */
};

static void hand_in_login(struct conn *c, const struct form *f);
static void hand_in_register(struct conn *c, const struct form *f);
static void hand_in_change(struct conn *c, const struct form *f);

static const struct {
	enum step steps[4];
	void (*hand_in)(struct conn *c, const struct form *f);
	enum account_op op; /* of hand_in_change */
	const char *done, *not_done;
} forms[] = {
    [LOG_IN] = {{STEP_PRESENT, STEP_END}, hand_in_login, 0, "", "You have not logged in."},
    [REGISTER] =
	{{STEP_NEW, STEP_AGAIN, STEP_END}, hand_in_register, 0, "", "No account has been made."},
    [PASSWORD] = {{STEP_PRESENT, STEP_NEW, STEP_AGAIN, STEP_END},
		  hand_in_change,
		  ACCOUNT_PASSWORD,
		  "Your password has been changed.",
		  "Your password is what it was."},
    [EMAIL] = {{STEP_PRESENT, STEP_END},
	       hand_in_change,
	       ACCOUNT_EMAIL,
	       "Your email address has been changed.",
	       "Nothing has been changed."},
    [DELETE] = {{STEP_PRESENT, STEP_END},
		hand_in_change,
		ACCOUNT_DELETE,
		"Your account has been deleted.",
		"Nothing has been deleted."},
};

/* --- what can be done here --------------------------------------------------------------------- */

/* May it speak of passwords? False: it has been told. */
static bool
may_ask(struct conn *c)
{
	if (!proc.opt.store_enabled)
		tell(c, "Sorry, no accounts are kept on this server.");
	else if (!account_secret_ok(c))
		tell(c, ACCOUNT_SECRET_NO ".");
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

/* Does s fit into cap bytes, terminated? False: it has been told. */
static bool
put_word(struct conn *c, char *out, size_t cap, struct str s, const char *what)
{
	if (s.n < cap) {
		bprintf(out, cap, STR_FMT, STR_ARG(s));
		return true;
	}
	tell(c, "Sorry, %s has at most %zu bytes.", what, cap - 1);
	return false;
}

/* --- filling a form in -------------------------------------------------------------------------- */

static struct form *
form_new(enum what what)
{
	struct form *f = xcalloc(1, sizeof(*f));

	f->what = what;
	return f;
}

static void
form_free(struct form *f)
{
	explicit_bzero(f, sizeof(*f));
	free(f);
}

/* All but the passwords, to begin again with. For ticket_state, which wipes nothing. */
static struct form *
form_bare(const struct form *f)
{
	struct form *bare = form_new(f->what);

	bare->tries = f->tries;
	memcpy(bare->name, f->name, sizeof(bare->name));
	memcpy(bare->text, f->text, sizeof(bare->text));
	memcpy(bare->invite, f->invite, sizeof(bare->invite));
	return bare;
}

static const char *
prompt_of(const struct conn *c, enum step step)
{
	static char new_one[64];

	if (c->state == CONN_NAMING)
		return "Password (empty: choose another name): ";
	if (step == STEP_PRESENT)
		return "Password: ";
	if (step == STEP_AGAIN)
		return "The same again: ";
	bprintf(new_one, sizeof(new_one), "New password (at least " STR_FMT " characters): ",
		STR_ARG(credential_password_least()));
	return new_one;
}

static void take_secret(struct conn *c, struct str line, void *state);

/* The next password, or the end. f is given away. */
static void
form_go(struct conn *c, struct form *f)
{
	enum step step = forms[f->what].steps[f->step];

	if (step == STEP_END) {
		forms[f->what].hand_in(c, f);
		form_free(f);
		return;
	}
	secret_ask(c, prompt_of(c, step), take_secret, f, sizeof(*f));
}

/* A password was refused, and why has been told: it is asked for again, and f given away. False: that was the last try.
 * Who has no name yet may go on, as chooses another name when tired of it. */
static bool
form_retry(struct conn *c, struct form *f)
{
	f->tries++;
	if (c->state != CONN_NAMING && f->tries >= TRIES) {
		tell(c, "%s", forms[f->what].not_done);
		return false;
	}
	if (c->state != CONN_NAMING)
		tell(c, "Once more; an empty line gives up.");
	form_go(c, f);
	return true;
}

/* What was handed in is refused, and why has been told. Is it asked for again? */
static bool
late_retry(struct conn *c, struct late *l, unsigned code)
{
	if (l->state == NULL ||
	    (code != ERR_PASSWORD && code != ERR_LOGIN_WRONG && code != ERR_PASSWORD_WEAK) ||
	    !form_retry(c, l->state))
		return false;
	l->state = NULL;
	return true;
}

static void
not_handed_in(struct conn *c, const struct form *f)
{
	if (c->state == CONN_NAMING)
		session_ask_name(c);
	else
		tell(c, "%s", forms[f->what].not_done);
}

/* May the new password be this one? False: it has been told. */
static bool
new_good(struct conn *c, struct str password)
{
	const char *name = account_of(c) != NULL ? account_of(c) : c->name;

	if (credential_password_good(password, str_of(name)))
		return true;
	words_refused(c, ERR_PASSWORD_WEAK, credential_password_least());
	return false;
}

/* A line that was asked for; the form is wiped by who asked, unless there is more to ask. */
static void
take_secret(struct conn *c, struct str line, void *state)
{
	struct form *f = state;
	enum step step = forms[f->what].steps[f->step];

	if (line.n == 0) {
		not_handed_in(c, f);
		return;
	}
	if (step == STEP_AGAIN && !str_eq(line, (struct str){f->next, f->nnext})) {
		tell(c, "These two are not the same.");
		f->step--;
		form_retry(c, f);
		return;
	}
	if (step == STEP_NEW && !new_good(c, line)) {
		form_retry(c, f);
		return;
	}
	if (step == STEP_PRESENT)
		memcpy(f->password, line.p, f->npassword = line.n);
	else
		memcpy(f->next, line.p, f->nnext = line.n);
	f->step++;
	if (forms[f->what].steps[f->step] == STEP_END)
		forms[f->what].hand_in(c, f);
	else
		form_go(c, f);
}

/* Passwords that were given with the command, as far as they can be used; those that were not are empty. False: told, and f
 * is no more. */
static bool
given(struct conn *c, struct form *f, struct str password, struct str next)
{
	if (password.n > PASSWORD_MAX || next.n > PASSWORD_MAX) {
		tell(c, "Sorry, a password has at most %d bytes.", PASSWORD_MAX);
		form_free(f);
		return false;
	}
	if (next.n > 0 && !new_good(c, next)) {
		next = STR_LIT("");
		f->tries++;
	}
	memcpy(f->password, password.p, f->npassword = password.n);
	memcpy(f->next, next.p, f->nnext = next.n);
	while ((forms[f->what].steps[f->step] == STEP_PRESENT && password.n > 0) ||
	       (forms[f->what].steps[f->step] == STEP_NEW && next.n > 0) ||
	       (forms[f->what].steps[f->step] == STEP_AGAIN && next.n > 0))
		f->step++;
	return true;
}

/* --- logging in -------------------------------------------------------------------------------- */

static void
ask_login(struct conn *c, struct str name, struct str password)
{
	struct form *f = form_new(LOG_IN);

	if (!put_word(c, f->name, sizeof(f->name), name, "a name"))
		form_free(f);
	else if (given(c, f, password, STR_LIT("")))
		form_go(c, f);
}

static void
login_failed(struct conn *c, struct late *l, unsigned code, struct str arg)
{
	words_refused(c, code, arg);
	if (!late_retry(c, l, code) && c->state == CONN_NAMING)
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
	ticket_state(c, form_bare(f));
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
		tell(c, ACCOUNT_SECRET_NO ".");
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
	while (rooms.n > 0) {
		const char *comma = memchr(rooms.p, ',', rooms.n);
		size_t n = comma != NULL ? (size_t)(comma - rooms.p) : rooms.n;

		if (n > 0)
			request_join(c, ASKED_DO, (struct str){rooms.p, n}, STR_LIT(""));
		n += comma != NULL;
		rooms = (struct str){rooms.p + n, rooms.n - n};
	}
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
		late_retry(c, l, code);
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
	ticket_state(c, form_bare(f));
}

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
	f = form_new(REGISTER);
	if (!put_word(c, f->text, sizeof(f->text), email, "an email address") ||
	    !put_word(c, f->invite, sizeof(f->invite), invite, "the word of an invitation"))
		form_free(f);
	else if (given(c, f, STR_LIT(""), password))
		form_go(c, f);
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
		late_retry(c, l, code);
	} else if (l->type == MSG_e_done && e->text.n > 0)
		tell(c, STR_FMT, STR_ARG(e->text));
	else if (f != NULL)
		tell(c, "%s", forms[f->what].done);
}

static void
hand_in_change(struct conn *c, const struct form *f)
{
	struct str text = f->what == PASSWORD ? (struct str){f->next, f->nnext} : str_of(f->text);

	request_account(c, forms[f->what].op, (struct str){f->password, f->npassword}, text,
			changed);
	ticket_state(c, form_bare(f));
}

void
cmd_password(struct conn *c, const struct cmd_args *a)
{
	struct form *f;

	if (!may_change(c))
		return;
	if (a->n == 1) {
		tell(c, "Usage: /password, or /password OLD NEW");
		return;
	}
	f = form_new(PASSWORD);
	if (given(c, f, a->v[0], a->v[1]))
		form_go(c, f);
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
	f = form_new(del ? DELETE : EMAIL);
	if (put_word(c, f->text, sizeof(f->text), a->v[1], "an email address"))
		form_go(c, f);
	else
		form_free(f);
}
