/* form.c - see form.h. */
#include "config.h"

#include "worker/form.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/credential.h"
#include "lib/util.h"
#include "worker/account.h"
#include "worker/outq.h"
#include "worker/secret.h"
#include "worker/session.h"
#include "worker/words.h"

#define TRIES 3 /* of a password, then the command is over */

struct form *
form_new(const struct form_kind *kind)
{
	struct form *f = xcalloc(1, sizeof(*f));

	f->kind = kind;
	return f;
}

static void
form_free(struct form *f)
{
	explicit_bzero(f, sizeof(*f));
	free(f);
}

bool
form_word(struct conn *c, struct form *f, char *out, size_t cap, struct str s, const char *what)
{
	if (s.n < cap) {
		bprintf(out, cap, STR_FMT, STR_ARG(s));
		return true;
	}
	tell(c, "Sorry, %s has at most %zu bytes.", what, cap - 1);
	form_free(f);
	return false;
}

/* --- one password after the other -------------------------------------------------------------- */

static enum form_step
step_of(const struct form *f)
{
	return f->kind->steps[f->step];
}

static const char *
prompt_of(const struct conn *c, enum form_step step)
{
	static char new_one[64];

	if (c->state == CONN_NAMING)
		return "Password (empty: choose another name): ";
	if (step == FORM_PRESENT)
		return "Password: ";
	if (step == FORM_AGAIN)
		return "The same again: ";
	bprintf(new_one, sizeof(new_one), "New password (at least " STR_FMT " characters): ",
		STR_ARG(credential_password_least()));
	return new_one;
}

static void take_secret(struct conn *c, struct str line, void *state);

/* The next password, or the end. f is given away. */
static void
go(struct conn *c, struct form *f)
{
	if (step_of(f) == FORM_END) {
		f->kind->hand_in(c, f);
		form_free(f);
		return;
	}
	secret_ask(c, prompt_of(c, step_of(f)), take_secret, f, sizeof(*f));
}

/* A password was refused, and why has been told: it is asked for again, and f given away. False: that was the last try.
 * Who has no name yet may go on, as chooses another name when tired of it. */
static bool
retry(struct conn *c, struct form *f)
{
	f->tries++;
	if (c->state != CONN_NAMING && f->tries >= TRIES) {
		tell(c, "%s", f->kind->not_done);
		return false;
	}
	if (c->state != CONN_NAMING)
		tell(c, "Once more; an empty line gives up.");
	go(c, f);
	return true;
}

static void
not_handed_in(struct conn *c, const struct form *f)
{
	if (c->state == CONN_NAMING)
		session_ask_name(c);
	else
		tell(c, "%s", f->kind->not_done);
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
	enum form_step step = step_of(f);

	if (line.n == 0) {
		not_handed_in(c, f);
		return;
	}
	if (step == FORM_AGAIN && !str_eq(line, (struct str){f->next, f->nnext})) {
		tell(c, "These two are not the same.");
		f->step--;
		retry(c, f);
		return;
	}
	if (step == FORM_NEW && !new_good(c, line)) {
		retry(c, f);
		return;
	}
	if (step == FORM_PRESENT)
		memcpy(f->password, line.p, f->npassword = line.n);
	else
		memcpy(f->next, line.p, f->nnext = line.n);
	f->step++;
	if (step_of(f) == FORM_END)
		f->kind->hand_in(c, f);
	else
		go(c, f);
}

void
form_begin(struct conn *c, struct form *f, struct str password, struct str next)
{
	if (password.n > PASSWORD_MAX || next.n > PASSWORD_MAX) {
		tell(c, "Sorry, a password has at most %d bytes.", PASSWORD_MAX);
		form_free(f);
		return;
	}
	if (next.n > 0 && !new_good(c, next)) {
		next = STR_LIT("");
		f->tries++;
	}
	memcpy(f->password, password.p, f->npassword = password.n);
	memcpy(f->next, next.p, f->nnext = next.n);
	while ((step_of(f) == FORM_PRESENT && password.n > 0) ||
	       (step_of(f) == FORM_NEW && next.n > 0) || (step_of(f) == FORM_AGAIN && next.n > 0))
		f->step++;
	go(c, f);
}

/* --- handed in ---------------------------------------------------------------------------------- */

/* All but the passwords, to begin again with: nobody wipes late.state. */
void
form_waits(struct conn *c, const struct form *f)
{
	struct form *bare = form_new(f->kind);

	bare->tries = f->tries;
	memcpy(bare->name, f->name, sizeof(bare->name));
	memcpy(bare->text, f->text, sizeof(bare->text));
	memcpy(bare->invite, f->invite, sizeof(bare->invite));
	ticket_state(c, bare);
}

bool
form_again(struct conn *c, struct late *l, unsigned code)
{
	if (l->state == NULL ||
	    (code != ERR_PASSWORD && code != ERR_LOGIN_WRONG && code != ERR_PASSWORD_WEAK) ||
	    !retry(c, l->state))
		return false;
	l->state = NULL;
	return true;
}
