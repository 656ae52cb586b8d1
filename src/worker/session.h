/* session.h - somebody behind a telnet connection: lines in, requests out, what is told to it alone. */
#ifndef WORKER_SESSION_H
#define WORKER_SESSION_H

#include <stdbool.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

/* Texts that never change are made once, before the first client. */
void session_init(void);

/* Had the line that is being taken something in it that must not reach a terminal? It is gone from
 * the text; a name that had it is refused. */
bool session_line_was_unclean(void);

/* Does it begin like a request of HTTP? A browser's POST is no client of ours, whatever its body says. */
bool session_is_http(struct str s);

/* A message for others, from a line or a /paste; text is clean. `to`: NULL for the current room. */
void session_say(struct conn *c, struct str text, unsigned kind);
void session_dm(struct conn *c, struct str to, struct str text, unsigned kind);

/* It has no name yet, and is asked for one (again). */
void session_ask_name(struct conn *c);

/* The room that plain lines go to. NULL: none. */
void session_set_room(struct conn *c, struct room *r);

#endif
