/* tongue.h - what differs between protocols: one table of functions for each.
 *
 * What is the same for all stands in input.c (reading, lines, flood control), event*.c (who gets an
 * event, what this worker's tables learn from it), query.c and outq.c. A client meets its protocol's
 * functions through these pointers.
 */
#ifndef WORKER_TONGUE_H
#define WORKER_TONGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/ipc.h"
#include "worker/conn.h"
#include "worker/request.h"

struct shown;

struct tongue {
	/* A new connection. */
	void (*begin)(struct conn *c);
	/* One line without its end; p may be written to, up to n bytes. False: not now, answers are
	 * waited for first; it will be offered again. */
	bool (*line)(struct conn *c, char *p, size_t n);
	/* A line over the protocol's limit: its first n bytes, or all; what more comes of it is skipped. False: as above. */
	bool (*too_long)(struct conn *c, char *p, size_t n);
	/* The server's own words to this client alone. */
	void (*words)(struct conn *c, const char *text, size_t n);
	/* Its login is decided: conn.user and conn.name are set. */
	void (*named)(struct conn *c, const struct m_e_login *e);
	/* It becomes a session of a user who is here already: what it is told while it is still who it was (named before only);
	 * and when it is in that one's rooms. */
	void (*moving)(struct conn *c, const struct m_e_attach *e);
	void (*attached)(struct conn *c, const struct m_e_attach *e, bool moved);
	/* Answers that are no event for anybody else. */
	void (*ok)(struct conn *c, enum asked_for what, const struct m_e_ok *e);
	void (*refused)(struct conn *c, enum asked_for what, const struct m_e_refused *e);
	/* An event that is about c itself, or done by another session of its user, or that c asked for (own); others have been given theirs.
	 * fan_give() shows c what others were shown. */
	void (*told)(struct conn *c, const struct shown *s, bool own);
	/* The command under way has been answered, and no query goes on: what is next? */
	void (*answered)(struct conn *c);
	/* It goes: last words are queued, what the protocol keeps is freed. reason may be empty. */
	void (*end)(struct conn *c, const char *reason);
};

extern const struct tongue tongue_telnet, tongue_irc;

static inline const struct tongue *
tongue_of(const struct conn *c)
{
	return c->irc != NULL ? &tongue_irc : &tongue_telnet;
}

#endif
