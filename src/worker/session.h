/* session.h - somebody behind a connection: lines in, requests out, what is told to it alone. */
#ifndef WORKER_SESSION_H
#define WORKER_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

/* Texts that never change are made once, before the first client. */
void session_init(void);

/* A new connection: greet it. */
void session_begin(struct conn *c);

/* One line, decoded, without its end. False: not now, answers are waited for first; the line is
 * to be offered again (after conn_resume). p may be written to, up to n bytes. */
bool session_line(struct conn *c, char *p, size_t n);

/* Had the line that is being taken something in it that must not reach a terminal? It is gone from
 * the text; a name that had it is refused. */
bool session_line_was_unclean(void);

/* Nothing more will come and everything has been answered. */
void session_eof(struct conn *c);

/* The events that end this session's own login. e is valid during the call. */
void session_named(struct conn *c, const struct m_e_login *e);
void session_name_refused(struct conn *c, unsigned err, struct str arg);

/* Everything is undone: the broker is told (unless it told us), the tables forget it. */
void session_end(struct conn *c, const char *reason, bool quiet);

/* A message for others, from a line or a /paste; text is clean. `to`: NULL for the current room. */
void session_say(struct conn *c, struct str text, unsigned kind);
void session_dm(struct conn *c, struct str to, struct str text, unsigned kind);
/* It was not sent, and why. */
void session_not_sent(struct conn *c, const char *why);

/* The room that plain lines go to. NULL: none. */
void session_set_room(struct conn *c, struct room *r);

#endif
