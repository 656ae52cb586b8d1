/* outq.c - see outq.h. */
#include "config.h"

#include "worker/outq.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ipc/board.h"
#include "lib/text.h"
#include "lib/util.h"
#include "worker/backlog.h"
#include "worker/tongue.h"
#include "worker/websock.h"

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
	uint64_t bytes, writes; /* of this turn */
	uint32_t mark;
} outq;

uint32_t
outq_mark(void)
{
	return ++outq.mark;
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
	size_t n;

	va_start(ap, fmt);
	n = vbprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* it may have others' words in it, such as a topic */
	tongue_of(c)->words(c, text, text_balance(text, n, TELL_MAX - 1));
}

bool
outq_busy(const struct conn *c)
{
	size_t n = 0;

	if (c->back != NULL)
		return backlog_sendable(c) || c->back->buf.len > CONN_SOFT;
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
outq_hold(struct conn *c, uint64_t seq)
{
	if (!backlog_holds(seq))
		return;
	/* what comes before it leaves now: behind it there are no references */
	if (c->back == NULL && !(c->flags & CONN_BROKEN))
		flush_conn(c);
	backlog_hold(c, seq);
}

static void
flush_all(void)
{
	/* flush_conn queues nothing: the list does not grow here */
	for (unsigned i = 0; i < outq.ndirty; i++) {
		struct conn *c = outq.dirty[i];

		c->flags &= ~(unsigned)CONN_DIRTY;
		flush_conn(c);
	}
	outq.ndirty = 0;
	if (outq.writes > 0) {
		count_add(CTR_writes_total, outq.writes);
		count_add(CTR_bytes_out_total, outq.bytes);
		outq.writes = outq.bytes = 0;
	}
}

void
outq_send(void)
{
	flush_all();
	arena_reset();
}

void
outq_flush(void)
{
	flush_all();
	backlog_settle();
	arena_reset();
}

void
outq_free(struct conn *c)
{
	refs_forget(c);
	backlog_free(c);
}
