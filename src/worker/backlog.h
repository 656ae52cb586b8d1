/* backlog.h - what a client's socket did not take, or what has to wait for the disk (hold.h).
 *
 * Most connections have none. It is limited by limits.queue, and all of a worker's together by its part of limits.queue_total: whose is
 * full, or the longest, or stands still for limits.queue_time, does not read, and is dropped. What waits for the disk waits as long
 * as that takes, and is no sign of a client that does not read.
 */
#ifndef WORKER_BACKLOG_H
#define WORKER_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "worker/conn.h"
#include "worker/due.h"
#include "worker/hold.h"

struct backlog {
	struct buf buf;
	struct due due; /* the socket takes nothing */
	struct conn *conn;
	uint64_t out; /* bytes that have left it */
	struct holds holds;
	struct due held; /* in the list of those with holds */
};

void backlog_init(struct loop *loop);
/* There are so many workers now: each holds its part of limits.queue_total. */
void backlog_share(void);
/* Options may be others now. */
void backlog_rearm(void);

/* Behind all that waits already; c gets a backlog if it has none. c may be broken afterwards (CONN_BROKEN): it was too much. */
void backlog_append(struct conn *c, const char *p, size_t n);
/* It has none any more. */
void backlog_free(struct conn *c);

/* Is the event seq not known to be on the disk? */
bool backlog_holds(uint64_t seq);
/* Then: what is appended from here on waits for that. Nothing of c's is queued elsewhere. */
void backlog_hold(struct conn *c, uint64_t seq);
/* All that was to wait has been appended; it may be nothing. No turn ends in between. */
void backlog_hold_end(struct conn *c);
/* All events up to this one are on the disk. */
void backlog_durable(uint64_t upto);
/* Nothing waits for the disk any more. */
void backlog_release(void);

/* May anything of its backlog leave now? */
bool backlog_sendable(const struct conn *c);
/* The socket takes bytes again. */
void backlog_writable(struct conn *c);

/* Drop those whose queue has become full. Never in the middle of an event or a command: conns are ended
 * here, rooms left. outq_flush does it too. */
void backlog_settle(void);

#endif
