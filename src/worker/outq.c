/* outq.c - see outq.h. */
#include "config.h"

#include "worker/outq.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "worker/input.h"
#include "worker/tongue.h"
#include "worker/websock.h"
#include "worker/worker.h"

/* All backlogs of this worker together; above it the longest goes. */
#define BACKLOG_TOTAL ((size_t)256 << 20)
#define VECS 1024 /* IOV_MAX */
#define TELL_MAX 2048

/* References beyond those in struct conn; a few are kept for the next turn. */
struct refvec {
	struct refvec *next;
	unsigned n, cap;
	struct slice ref[];
};

static struct {
	struct conn **dirty; /* owned array */
	unsigned ndirty, cap;
	struct refvec *spare;
	struct due_list stalled;
	struct due_list held; /* those with holds */
	struct conn_list full; /* to be dropped: see doom */
	size_t backlog; /* bytes in all backlogs */
	uint64_t durable; /* sequence number: what has been told to be on the disk */
	uint64_t bytes, writes; /* of this turn */
	uint32_t mark;
} outq;

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
outq_init(struct loop *loop)
{
	due_init(&outq.stalled, loop, stall_ms, stall_fire);
	due_init(&outq.held, loop, held_ms, NULL);
}

void
outq_rearm(void)
{
	due_rearm(&outq.stalled);
}

uint32_t
outq_mark(void)
{
	return ++outq.mark;
}

/* --- backlog ------------------------------------------------------------------------ */

static void
backlog_free(struct conn *c)
{
	struct backlog *b = c->back;

	if (b == NULL)
		return;
	outq.backlog -= b->buf.len;
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
		due_add(&outq.stalled, &c->back->due);
	if (!(c->flags & CONN_HUNG_UP))
		loop_mod(worker.loop, &c->io,
			 open ? c->io.events | EPOLLOUT : c->io.events & ~(unsigned)EPOLLOUT);
}

/* Its queue is full. Who was just telling it something may be in the middle of a room's members, or of
 * its command: it goes when that is over (outq_settle), and until then nothing more is kept for it. */
static void
doom(struct conn *c)
{
	backlog_free(c);
	c->flags |= CONN_BROKEN;
	conn_list_add(&outq.full, c);
}

void
outq_settle(void)
{
	for (unsigned i = 0; i < outq.full.n; i++)
		conn_drop(outq.full.v[i], CTR_dropped_queue, "queue full");
	outq.full.n = 0;
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
	struct conn *longest = longest_of(&outq.stalled, offsetof(struct backlog, due), NULL);

	longest = longest_of(&outq.held, offsetof(struct backlog, held), longest);
	if (longest == NULL)
		return;
	log_notice("too many that do not read: the longest queue goes");
	doom(longest);
}

static void
backlog_append(struct conn *c, const char *p, size_t n)
{
	if (c->back == NULL)
		backlog_new(c);
	c->back->buf.limit = proc.opt.queue;
	if (buf_append(&c->back->buf, p, n) < 0) {
		doom(c);
		return;
	}
	outq.backlog += n;
	conn_board(c)->queued = (uint32_t)c->back->buf.len;
	if (c->back->holds.n == 0)
		backlog_watch(c);
	if (outq.backlog > BACKLOG_TOTAL)
		backlog_longest_goes();
}

void
outq_writable(struct conn *c)
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
	outq.backlog -= before - b->buf.len;
	outq.bytes += before - b->buf.len;
	outq.writes++;
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
outq_sendable(const struct conn *c)
{
	return c->back != NULL && backlog_open(c->back) > 0;
}

/* --- what waits for the disk ---------------------------------------------------------- */

static void flush_conn(struct conn *c);

void
outq_hold(struct conn *c, uint64_t seq)
{
	struct backlog *b;

	if (seq <= outq.durable)
		return;
	if (c->back == NULL && !(c->flags & CONN_BROKEN))
		flush_conn(
		    c); /* what comes before it leaves now: behind it there are no references */
	if (c->flags & (CONN_ENDED | CONN_BROKEN))
		return;
	b = c->back != NULL ? c->back : backlog_new(c);
	holds_add(&b->holds, b->out + b->buf.len, seq);
	if (!due_waits(&b->held))
		due_add(&outq.held, &b->held);
}

void
outq_hold_end(struct conn *c)
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
		outq_writable(c);
}

static void
release_all(uint64_t upto)
{
	struct due *next;

	for (struct due *d = due_first(&outq.held); d != NULL; d = next) {
		next = due_after(&outq.held, d);
		release(((struct backlog *)((char *)d - offsetof(struct backlog, held)))->conn,
			upto);
	}
}

void
outq_durable(uint64_t upto)
{
	outq.durable = MAX(outq.durable, upto);
	release_all(upto);
}

void
outq_release(void)
{
	release_all(UINT64_MAX);
}

/* --- queueing ----------------------------------------------------------------------- */

static struct refvec *
refvec_get(void)
{
	struct refvec *v = outq.spare;

	if (v != NULL) {
		outq.spare = v->next;
	} else {
		v = xcalloc(1, sizeof(*v) + 64 * sizeof(v->ref[0]));
		v->cap = 64;
	}
	v->n = 0;
	v->next = NULL;
	return v;
}

static void
refvec_put(struct refvec *v)
{
	if (v->cap > 64) {
		free(v);
		return;
	}
	v->next = outq.spare;
	outq.spare = v;
}

static void
more_ref(struct conn *c, struct slice s)
{
	struct refvec *v = c->more;
	struct slice *last;

	if (v == NULL)
		v = c->more = refvec_get();
	last = v->n > 0 ? &v->ref[v->n - 1] : &c->ref[CONN_REFS - 1];
	if (last->off + last->len == s.off) {
		last->len += s.len;
		return;
	}
	if (v->n == v->cap) {
		v->cap *= 2;
		v = c->more = xrealloc(v, sizeof(*v) + v->cap * sizeof(v->ref[0]));
	}
	v->ref[v->n++] = s;
}

void
outq_ref_slow(struct conn *c, struct slice s)
{
	if (c->flags & (CONN_ENDED | CONN_BROKEN) || s.len == 0)
		return;
	if (!(c->flags & CONN_DIRTY)) {
		c->flags |= CONN_DIRTY;
		if (outq.ndirty == outq.cap) {
			outq.cap = outq.cap ? 2 * outq.cap : 64;
			outq.dirty = xrealloc(outq.dirty, outq.cap * sizeof(struct conn *));
		}
		outq.dirty[outq.ndirty++] = c;
	}
	if (c->back != NULL)
		backlog_append(c, arena_at(s.off), s.len);
	else if (c->nref < CONN_REFS)
		c->ref[c->nref++] = s;
	else
		more_ref(c, s);
}

void
outq_raw(struct conn *c, const void *p, size_t n)
{
	if (n > 0 && !(c->flags & (CONN_ENDED | CONN_BROKEN)))
		outq_ref(c, arena_copy(p, n));
}

void
outq_copy(struct conn *c, const void *p, size_t n)
{
	if (c->flags & (CONN_ENDED | CONN_BROKEN))
		return;
	outq_ref(c, c->protocol == PROTO_WEB ? websock_frames(c, p, n) : arena_copy(p, n));
}

void
outq_lines(struct conn *c, struct slice s)
{
	/* the arena never moves: what lies in it may be read while more is made */
	if (c->protocol == PROTO_WEB)
		outq_copy(c, arena_at(s.off), s.len);
	else
		outq_ref(c, s);
}

void
tell(struct conn *c, const char *fmt, ...)
{
	char text[TELL_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tongue_of(c)->words(c, text, (size_t)MAX(0, MIN(n, TELL_MAX - 1)));
}

bool
outq_busy(const struct conn *c)
{
	size_t n = 0;

	if (c->back != NULL)
		return backlog_open(c->back) > 0 || c->back->buf.len > CONN_SOFT;
	for (unsigned i = 0; i < c->nref; i++)
		n += c->ref[i].len;
	for (unsigned i = 0; c->more != NULL && i < c->more->n; i++)
		n += c->more->ref[i].len;
	return n > CONN_SOFT;
}

/* --- sending ------------------------------------------------------------------------ */

static struct slice *
nth_ref(struct conn *c, unsigned i)
{
	return i < CONN_REFS ? &c->ref[i] : &c->more->ref[i - CONN_REFS];
}

static ssize_t
send_some(struct conn *c, unsigned from, unsigned nrefs)
{
	static struct iovec iov[VECS];
	struct msghdr mh = {.msg_iov = iov};
	unsigned n = MIN(nrefs - from, VECS);
	const struct slice *s = nth_ref(c, from);
	/* last words go in one segment with the FIN, which follows in this turn (conns_reap_turn) */
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (c->flags & CONN_ENDED ? MSG_MORE : 0);

	outq.writes++;
	if (n == 1)
		return send(c->io.fd, arena_at(s->off), s->len, flags);
	for (unsigned i = 0; i < n; i++) {
		s = nth_ref(c, from + i);
		iov[i] = (struct iovec){.iov_base = arena_base + s->off, .iov_len = s->len};
	}
	mh.msg_iovlen = n;
	return sendmsg(c->io.fd, &mh, flags);
}

/* Forget the first n bytes of the refs from `from` on; returns the first that still has any. */
static unsigned
refs_drop(struct conn *c, unsigned from, unsigned nrefs, size_t n)
{
	while (from < nrefs && n >= nth_ref(c, from)->len)
		n -= nth_ref(c, from++)->len;
	if (from < nrefs) {
		nth_ref(c, from)->off += (uint32_t)n;
		nth_ref(c, from)->len -= (uint32_t)n;
	}
	return from;
}

static void
refs_forget(struct conn *c)
{
	c->nref = 0;
	if (c->more != NULL) {
		refvec_put(c->more);
		c->more = NULL;
	}
}

static void
flush_conn(struct conn *c)
{
	unsigned nrefs = c->nref + (c->more != NULL ? c->more->n : 0), at = 0;

	while (at < nrefs && !(c->flags & CONN_BROKEN)) {
		ssize_t r = send_some(c, at, nrefs);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			/* Whoever has closed already may have sent lines before: they are still read,
			 * and the end of file behind them ends the session. */
			if (errno != EAGAIN)
				c->flags |= CONN_BROKEN;
			break;
		}
		outq.bytes += (uint64_t)r;
		at = refs_drop(c, at, nrefs, (size_t)r);
		if (at < nrefs && at < VECS && nrefs <= VECS)
			break; /* it took less than it was given: full */
	}
	for (; at < nrefs && !(c->flags & CONN_BROKEN); at++)
		backlog_append(c, arena_at(nth_ref(c, at)->off), nth_ref(c, at)->len);
	refs_forget(c);
	conn_board(c)->messages_out = c->messages_out;
}

void
outq_flush(void)
{
	/* flush_conn queues nothing: the list does not grow here */
	for (unsigned i = 0; i < outq.ndirty; i++) {
		struct conn *c = outq.dirty[i];

		c->flags &= ~(unsigned)CONN_DIRTY;
		flush_conn(c);
	}
	outq.ndirty = 0;
	outq_settle();
	arena_reset();
	if (outq.writes > 0) {
		count_add(CTR_writes_total, outq.writes);
		count_add(CTR_bytes_out_total, outq.bytes);
		outq.writes = outq.bytes = 0;
	}
}

void
outq_free(struct conn *c)
{
	refs_forget(c);
	backlog_free(c);
}
