/* form.h - a telnet command that needs passwords: they are asked for one by one where they were not given with it
 * (secret.h), and then handed in with what was typed behind the command.
 *
 * A form is wiped when it has been handed in. What is refused because of a password is asked for again, without another
 * command: the person is about to type a better one, which the room need not read.
 */
#ifndef WORKER_FORM_H
#define WORKER_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/ipc.h"
#include "worker/conn.h"
#include "worker/ticket.h"

enum form_step { FORM_PRESENT, FORM_NEW, FORM_AGAIN, FORM_END };

struct form;
struct form_kind {
	enum form_step steps[4]; /* which passwords, up to FORM_END */
	/* All is there: ask the broker, then form_waits. f is the caller's. */
	void (*hand_in)(struct conn *c, const struct form *f);
	const char *not_done; /* said when it is given up */
	/* for hand_in and what follows, if it is a change of an account */
	enum account_op op;
	const char *done;
};

struct form {
	const struct form_kind *kind;
	unsigned step; /* in kind->steps */
	unsigned tries; /* that were refused */
	size_t npassword, nnext;
	char name[NAME_BYTES_MAX + 1], text[EMAIL_MAX + 1], invite[INVITE_WORD_MAX + 1];
	char password[PASSWORD_MAX], next[PASSWORD_MAX]; /* the present one; the new one */
};

struct form *form_new(const struct form_kind *kind);
/* s into out, a text of f's with room for cap bytes. False: it does not fit; c has been told what does not, and f is no more. */
bool form_word(struct conn *c, struct form *f, char *out, size_t cap, struct str s,
	       const char *what);
/* Go on with these passwords, as far as they can be used; those that were not given are empty. f is given away. */
void form_begin(struct conn *c, struct form *f, struct str password, struct str next);

/* It has been handed in, and c waits (ticket.h): late.state is the form without its passwords. */
void form_waits(struct conn *c, const struct form *f);
/* What was handed in is refused, and why has been told. Is it asked for again? */
bool form_again(struct conn *c, struct late *l, unsigned code);

#endif
