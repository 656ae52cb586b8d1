/* backlog.c - see backlog.h. */
#include "config.h"

#include "worker/backlog.h"

#include <stdlib.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "worker/input.h"
#include "worker/outq.h"
#include "worker/share.h"
#include "worker/worker.h"

static struct {
	struct due_list stalled;
	struct due_list held; /* those with holds */
	struct conn_list full; /* to be dropped: see doom */
	size_t bytes; /* in all of them */
	size_t bytes_max; /* our part of limits.queue_total; above it the longest goes */
	uint64_t durable; /* sequence number: what has been told to be on the disk */
} backlogs;

static uint64_t
stall_ms(void)
{
	return proc.opt.queue_time * 1000;
}

static void
stall_fire(struct due *d)
{
	struct backlog *b = (struct backlog *)((char *)d - offsetof(struct backlog, due));

	conn_drop(b->conn, CTR_dropped_stalled, "does not read");
}

/* However long the disk takes. */
static uint64_t
held_ms(void)
{
	return 0;
}

void
backlog_init(struct loop *loop)
{
	due_init(&backlogs.stalled, loop, stall_ms, stall_fire);
	due_init(&backlogs.held, loop, held_ms, NULL);
	backlog_share();
}

void
backlog_share(void)
{
	backlogs.bytes_max = proc.opt.queue_total / share_parts();
}

void
backlog_rearm(void)
{
	due_rearm(&backlogs.stalled);
	backlog_share();
}

void
backlog_free(struct conn *c)
{
	struct backlog *b = c->back;

	if (b == NULL)
		return;
	backlogs.bytes -= b->buf.len;
	due_del(&b->due);
	due_del(&b->held);
	holds_free(&b->holds);
	buf_fini(&b->buf);
	free(b);
	c->back = NULL;
	conn_board(c)->queued = 0;
}

static struct backlog *
backlog_new(struct conn *c)
{
	struct backlog *b = xcalloc(1, sizeof(*b));

	b->conn = c;
	buf_init(&b->buf, 0);
	c->back = b;
	return b;
}

/* Bytes that wait for nothing but the socket. */
static size_t
backlog_open(const struct backlog *b)
{
	return (size_t)(holds_open(&b->holds, b->out + b->buf.len) - b->out);
}

/* What may leave has changed: watch the socket, or not. */
static void
backlog_watch(struct conn *c)
{
	bool open = backlog_open(c->back) > 0;

	if (!open)
		due_del(&c->back->due);
	else if (!due_waits(&c->back->due))
		due_add(&backlogs.stalled, &c->back->due);
	if (!(c->flags & CONN_HUNG_UP))
		loop_mod(worker.loop, &c->io,
			 open ? c->io.events | EPOLLOUT : c->io.events & ~(unsigned)EPOLLOUT);
}

/* Its queue is full. Who was just telling it something may be in the middle of a room's members, or of
 * its command: it goes when that is over (backlog_settle), and until then nothing more is kept for it. */
static void
doom(struct conn *c)
{
	backlog_free(c);
	c->flags |= CONN_BROKEN;
	conn_list_add(&backlogs.full, c);
}

void
backlog_settle(void)
{
	for (unsigned i = 0; i < backlogs.full.n; i++)
		conn_drop(backlogs.full.v[i], CTR_dropped_queue, "queue full");
	backlogs.full.n = 0;
}

static struct conn *
longest_of(struct due_list *l, size_t member, struct conn *longest)
{
	for (struct due *d = due_first(l); d != NULL; d = due_after(l, d)) {
		struct backlog *b = (struct backlog *)((char *)d - member);

		if (longest == NULL || b->buf.len > longest->back->buf.len)
			longest = b->conn;
	}
	return longest;
}

static void
backlog_longest_goes(void)
{
	struct conn *longest = longest_of(&backlogs.stalled, offsetof(struct backlog, due), NULL);

	longest = longest_of(&backlogs.held, offsetof(struct backlog, held), longest);
	if (longest == NULL)
		return;
	log_notice("too many that do not read: the longest queue goes");
	doom(longest);
}

void
backlog_append(struct conn *c, const char *p, size_t n)
{
	if (c->back == NULL)
		backlog_new(c);
	c->back->buf.limit = proc.opt.queue;
	if (buf_append(&c->back->buf, p, n) < 0) {
		doom(c);
		return;
	}
	backlogs.bytes += n;
	conn_board(c)->queued = (uint32_t)c->back->buf.len;
	if (c->back->holds.n == 0)
		backlog_watch(c);
	if (backlogs.bytes > backlogs.bytes_max)
		backlog_longest_goes();
}

void
backlog_writable(struct conn *c)
{
	struct backlog *b = c->back;
	size_t before;
	bool broken;

	if (b == NULL) {
		loop_mod(worker.loop, &c->io, c->io.events & ~(unsigned)EPOLLOUT);
		return;
	}
	before = b->buf.len;
	broken = buf_flush_some(&b->buf, c->io.fd, backlog_open(b)) < 0;
	b->out += before - b->buf.len;
	backlogs.bytes -= before - b->buf.len;
	count_add(CTR_bytes_out_total, before - b->buf.len);
	count(CTR_writes_total);
	if (broken) {
		c->flags |= CONN_BROKEN;
		backlog_free(c);
		loop_mod(worker.loop, &c->io, c->io.events & ~(unsigned)EPOLLOUT);
		conn_resume(c);
		return;
	}
	conn_board(c)->queued = (uint32_t)b->buf.len;
	if (b->buf.len == 0) {
		backlog_free(c);
		loop_mod(worker.loop, &c->io, c->io.events & ~(unsigned)EPOLLOUT);
		conn_resume(c);
		return;
	}
	if (b->buf.len < before)
		due_del(&b->due);
	backlog_watch(c);
	if (!outq_busy(c))
		conn_resume(c);
}

bool
backlog_sendable(const struct conn *c)
{
	return c->back != NULL && backlog_open(c->back) > 0;
}

/* --- what waits for the disk ---------------------------------------------------------- */

bool
backlog_holds(uint64_t seq)
{
	return seq > backlogs.durable;
}

void
backlog_hold(struct conn *c, uint64_t seq)
{
	struct backlog *b;

	if (c->flags & (CONN_ENDED | CONN_BROKEN))
		return;
	b = c->back != NULL ? c->back : backlog_new(c);
	holds_add(&b->holds, b->out + b->buf.len, seq);
	if (!due_waits(&b->held))
		due_add(&backlogs.held, &b->held);
}

void
backlog_hold_end(struct conn *c)
{
	struct backlog *b = c->back;

	if (b == NULL)
		return;
	holds_trim(&b->holds, b->out + b->buf.len);
	if (b->holds.n == 0)
		due_del(&b->held);
	if (b->buf.len == 0)
		backlog_free(c);
}

/* Who is ended, or hung up, is looked at by the loop. */
static void
release(struct conn *c, uint64_t upto)
{
	if (!holds_release(&c->back->holds, upto))
		return;
	if (c->back->holds.n == 0)
		due_del(&c->back->held);
	if (c->flags & CONN_ENDED)
		backlog_watch(c);
	else
		backlog_writable(c);
}

static void
release_all(uint64_t upto)
{
	struct due *next;

	for (struct due *d = due_first(&backlogs.held); d != NULL; d = next) {
		next = due_after(&backlogs.held, d);
		release(((struct backlog *)((char *)d - offsetof(struct backlog, held)))->conn,
			upto);
	}
}

void
backlog_durable(uint64_t upto)
{
	backlogs.durable = MAX(backlogs.durable, upto);
	release_all(upto);
}

void
backlog_release(void)
{
	release_all(UINT64_MAX);
}
