/* outq.h - what waits to be sent to clients.
 *
 * During a turn a connection's queue is a short list of references into the arena; appending one
 * that begins where the last one ends only makes that longer. outq_flush sends each queue with one
 * system call; what a socket does not take is copied into the connection's own backlog (backlog.h), so
 * that no reference outlives the turn.
 */
#ifndef WORKER_OUTQ_H
#define WORKER_OUTQ_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/arena.h"
#include "worker/conn.h"

/* All slow ways of outq_ref: first of the turn, backlog, list full. */
void outq_ref_slow(struct conn *c, struct slice s);

/* Queue bytes of the arena. */
static inline void
outq_ref(struct conn *c, struct slice s)
{
	if (c->nref > 0 && c->nref < CONN_REFS &&
	    c->ref[c->nref - 1].off + c->ref[c->nref - 1].len == s.off) {
		c->ref[c->nref - 1].len += s.len;
		return;
	}
	outq_ref_slow(c, s);
}

/* Queue a copy of other bytes. With IRC: whole lines, which go as frames to a WebSocket client. */
void outq_copy(struct conn *c, const void *p, size_t n);
/* The same of lines that are made in the arena. */
void outq_lines(struct conn *c, struct slice s);
/* The same of bytes that are no lines. */
void outq_raw(struct conn *c, const void *p, size_t n);

/* A line for this client alone, in the server's name, as its protocol shows such. At most 2 KiB of it
 * are kept. */
void tell(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What is queued for c from here on waits until the event seq is on the disk, up to backlog_hold_end. */
void outq_hold(struct conn *c, uint64_t seq);

/* More is queued than a long answer should add to. */
bool outq_busy(const struct conn *c);

/* Send everything; forget the arena. At the end of the turn, and in the middle of one that makes
 * very much (outq_relieve). */
void outq_flush(void);
static inline void
outq_relieve(void)
{
	if (arena_used() > ARENA_SOFT)
		outq_flush();
}

/* In the middle of an event, which may have got hold of any connection: the same, but nobody is dropped yet. See fan_relieve. */
void outq_send(void);

/* Forget what is queued and free what belongs to it. */
void outq_free(struct conn *c);

/* A new number for conn.mark. */
uint32_t outq_mark(void);

#endif
