/* secret.h - a telnet client is asked for a password.
 *
 * It comes on a line of its own, which the client is asked not to show (proto/telnet.h); where the client
 * cannot do that, its person is told. That line is no command and no text, whatever is in it, and is wiped
 * when it has been taken.
 */
#ifndef WORKER_SECRET_H
#define WORKER_SECRET_H

#include <stddef.h>

#include "lib/str.h"
#include "worker/conn.h"

/* What was typed: UTF-8 of at most PASSWORD_MAX bytes; nothing: the person would rather not. state is gone
 * afterwards, unless it is asked for something else with it. */
typedef void secret_fn(struct conn *c, struct str line, void *state);

/* Ask. prompt: lives for ever. state: by malloc, size bytes; wiped and freed with the question. */
void secret_ask(struct conn *c, const char *prompt, secret_fn *fn, void *state, size_t size);

/* --- for who reads its lines, while c->secret is not NULL --- */

/* A line, which is wiped. */
void secret_line(struct conn *c, char *p, size_t n);
/* One that is too long even to be looked at. */
void secret_too_long(struct conn *c);
/* It has answered what it was asked by telnet's own bytes. */
void secret_heard(struct conn *c);
/* c goes. */
void secret_free(struct conn *c);

#endif
