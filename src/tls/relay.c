/* relay.c - what goes through a connection, both ways; see link.h.
 *
 * Who cannot take any more makes the other side wait: what was read and could not be passed on is kept (at most a record each way),
 * and no more is read until it is gone. Each direction ends by itself: a client's close_notify is an end of file inside, and the
 * other way round. A connection that only waits for somebody to take last words has a limit.
 */
#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "tls/ctx.h"
#include "tls/link.h"

#define CHUNKS_PER_TURN 4 /* of one connection and direction: others want their turn too */
#define RECORDS_PER_TURN 64 /* the same of what TLS has read already, however little is in each */
#define STALLED_MS 30000 /* nobody is inside any more, and the client does not take what is left */
#define GOING_MS 5000 /* the client has gone, and inside takes what it has sent slowly, if at all */
#define LAST_MS 2000 /* all has been said, and the client does not go */

static char chunk[LINK_CHUNK];
static TAILQ_HEAD(, link) more = TAILQ_HEAD_INITIALIZER(more); /* LINK_MORE */
static unsigned nmore;

static void
set(struct link *l, unsigned flags)
{
	l->flags |= flags;
}

/* --- what could not be passed on ---------------------------------------------------------------- */

static void
keep(struct link_rest *r, const char *p, size_t n)
{
	r->p = xcalloc(1, n);
	memcpy(r->p, p, n);
	r->off = 0;
	r->len = (uint32_t)n;
}

static void
drop(struct link_rest *r, size_t n)
{
	r->off += (uint32_t)n;
	if (r->off < r->len)
		return;
	free(r->p);
	*r = (struct link_rest){0};
}

/* n bytes came of the i-th read: was that all there is, most likely, or enough for now? Who has hung up (quiet) is read to the end at
 * once: nothing would call us again. */
static bool
may_pause(unsigned i, size_t n, bool quiet)
{
	return !quiet && (n < LINK_CHUNK || i + 1 >= CHUNKS_PER_TURN);
}

/* --- to the inside ------------------------------------------------------------------------------ */

/* How many of n bytes were taken; none when it is full, all when nobody is there who would want them. */
static size_t
to_near(struct link *l, const char *p, size_t n)
{
	ssize_t r = send(l->near.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (r >= 0)
		return (size_t)r;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return 0;
	set(l, LINK_NEAR_DEAD);
	return n;
}

/* What has been decrypted; 0: nothing now, or nothing any more. */
static size_t
from_out(struct link *l)
{
	int n;

	l->flags &= ~(unsigned)LINK_READ_WRITES;
	ERR_clear_error();
	n = SSL_read(l->ssl, chunk, sizeof(chunk));
	if (n > 0) {
		ctx_carried(l->ssl);
		return (size_t)n;
	}
	switch (SSL_get_error(l->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_WANT_WRITE:
		set(l, LINK_READ_WRITES);
		break;
	case SSL_ERROR_ZERO_RETURN:
		set(l, LINK_OUT_EOF);
		break;
	default: /* cut off, or not what we have agreed upon */
		set(l, LINK_OUT_EOF | LINK_OUT_DEAD);
	}
	return 0;
}

/* Its turn is over, and nothing but us knows that there is more. */
static void
go_on_later(struct link *l)
{
	if (l->flags & LINK_MORE)
		return;
	TAILQ_INSERT_TAIL(&more, l, queue);
	nmore++;
	set(l, LINK_MORE);
	loop_again(proc.loop);
}

/* True: something has moved. */
static bool
up(struct link *l)
{
	bool moved = false, quiet = l->flags & LINK_OUT_QUIET;
	size_t n;

	if (l->up.p != NULL) {
		n = to_near(l, l->up.p + l->up.off, l->up.len - l->up.off);
		drop(&l->up, n);
		moved = n > 0;
	}
	for (unsigned i = 0; l->up.p == NULL && !(l->flags & LINK_OUT_EOF); i++) {
		size_t taken;

		if ((n = from_out(l)) == 0)
			break;
		taken = l->flags & LINK_NEAR_DEAD ? n : to_near(l, chunk, n);
		if (taken < n)
			keep(&l->up, chunk + taken, n - taken);
		moved = true;
		if (!may_pause(i, n, quiet))
			continue;
		if (!SSL_has_pending(l->ssl))
			break;
		/* it may never end: each read of a record's end brings the beginnings of others */
		if (i + 1 >= RECORDS_PER_TURN) {
			go_on_later(l);
			break;
		}
	}
	if (l->up.p == NULL && (l->flags & (LINK_OUT_EOF | LINK_NEAR_TOLD)) == LINK_OUT_EOF) {
		shutdown(l->near.fd, SHUT_WR);
		set(l, LINK_NEAR_TOLD);
		moved = true;
	}
	return moved;
}

/* --- to the client ------------------------------------------------------------------------------ */

/* As to_near. What was not taken has to be given again (SSL_write(3)), be it from another place. */
static size_t
to_out(struct link *l, const char *p, size_t n)
{
	int r;

	ERR_clear_error();
	r = SSL_write(l->ssl, p, (int)n);
	if (r > 0)
		return (size_t)r;
	r = SSL_get_error(l->ssl, r);
	if (r == SSL_ERROR_WANT_WRITE || r == SSL_ERROR_WANT_READ)
		return 0;
	set(l, LINK_OUT_DEAD);
	return n;
}

static size_t
from_near(struct link *l)
{
	ssize_t n = recv(l->near.fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n > 0)
		return (size_t)n;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		set(l, LINK_NEAR_EOF);
	return 0;
}

/* close_notify, and the end of the TCP stream: many a client waits for that. */
static void
say_end(struct link *l)
{
	int r;

	ERR_clear_error();
	r = SSL_shutdown(l->ssl);
	l->flags &= ~(unsigned)LINK_SHUT_WRITES;
	if (r < 0 && SSL_get_error(l->ssl, r) == SSL_ERROR_WANT_WRITE) {
		set(l, LINK_SHUT_WRITES);
		return;
	}
	shutdown(l->out.fd, SHUT_WR);
	set(l, LINK_OUT_TOLD);
}

static bool
down(struct link *l)
{
	bool moved = false;
	size_t n;

	if (l->down.p != NULL) {
		n = to_out(l, l->down.p + l->down.off, l->down.len - l->down.off);
		drop(&l->down, n);
		moved = n > 0;
	}
	for (unsigned i = 0; l->down.p == NULL && !(l->flags & (LINK_NEAR_EOF | LINK_OUT_DEAD));
	     i++) {
		size_t taken;

		if ((n = from_near(l)) == 0)
			break;
		taken = to_out(l, chunk, n);
		if (taken < n)
			keep(&l->down, chunk + taken, n - taken);
		moved = true;
		if (may_pause(i, n, l->flags & LINK_NEAR_QUIET))
			break;
	}
	if (l->down.p == NULL &&
	    (l->flags & (LINK_NEAR_EOF | LINK_OUT_TOLD | LINK_OUT_DEAD)) == LINK_NEAR_EOF) {
		say_end(l);
		moved = true;
	}
	return moved;
}

/* --- the end, and what is waited for ------------------------------------------------------------- */

/* Has everything been said in both directions that somebody could hear? */
static bool
over(const struct link *l)
{
	bool up_over = l->up.p == NULL && l->flags & (LINK_NEAR_TOLD | LINK_NEAR_DEAD);
	bool down_over = l->flags & (LINK_OUT_TOLD | LINK_OUT_DEAD);

	/* who cannot be told anything any more has said its last words too, once these are read */
	if (l->flags & LINK_OUT_DEAD)
		return l->up.p == NULL;
	return up_over && down_over && l->flags & LINK_OUT_EOF;
}

static void
waited_enough(void *arg)
{
	link_close(arg);
}

/* A client that has gone, or has said its last, while inside makes it wait. */
static bool
goes(const struct link *l)
{
	return l->up.p != NULL && !(l->flags & LINK_NEAR_EOF) &&
	       l->flags & (LINK_OUT_DEAD | LINK_OUT_QUIET | LINK_OUT_CLOSING);
}

/* Only last words are left, and who is to take them has had no use for any in this turn: that has an end. So has waiting for a client
 * to go to whom all has been said, whatever it still sends. */
static void
limit(struct link *l, bool moved_up, bool moved_down)
{
	unsigned f = l->flags;
	uint64_t ms = STALLED_MS;

	if (f & LINK_LAST)
		return;
	if (f & LINK_GOING) {
		if (!(f & LINK_NEAR_TOLD))
			return; /* however much moves: a flood is not to outlive its sender */
		l->flags &= ~(unsigned)(LINK_GOING | LINK_TIMED);
		loop_timer_stop(proc.loop, &l->timer);
		f = l->flags;
	}
	if (goes(l)) {
		set(l, LINK_GOING);
		ms = GOING_MS;
	} else if (f & LINK_OUT_TOLD) {
		set(l, LINK_LAST);
		ms = LAST_MS;
	} else if (f & (LINK_NEAR_EOF | LINK_NEAR_QUIET)) {
		if (f & LINK_TIMED && !moved_down)
			return;
	} else if (!(f & (LINK_OUT_DEAD | LINK_OUT_QUIET)) || (f & LINK_TIMED && !moved_up)) {
		return;
	}
	set(l, LINK_TIMED);
	loop_timer_start(proc.loop, &l->timer, ms, waited_enough, l);
}

static void
watch(struct link *l)
{
	unsigned f = l->flags, out = 0, near = 0;

	/* while reading waits for room to write, what is there to be read would wake us again and again */
	if (l->up.p == NULL && !(f & (LINK_OUT_EOF | LINK_READ_WRITES)))
		out |= EPOLLIN;
	else if (!(f & (LINK_OUT_EOF | LINK_OUT_CLOSING)))
		out |= EPOLLRDHUP; /* what is not read does not tell of its end */
	if (l->down.p != NULL || f & (LINK_READ_WRITES | LINK_SHUT_WRITES))
		out |= EPOLLOUT;
	if (l->down.p == NULL && !(f & (LINK_NEAR_EOF | LINK_OUT_DEAD)))
		near |= EPOLLIN;
	if (l->up.p != NULL)
		near |= EPOLLOUT;
	loop_mod(proc.loop, &l->out, out); /* nothing, if it is not watched any more */
	loop_mod(proc.loop, &l->near, near);
}

/* A hang-up is told again and again, however little is asked for. The descriptor stays open. */
static void
hung_up(struct link *l, struct loop_io *io, unsigned flag)
{
	loop_del(proc.loop, io);
	set(l, flag);
}

static void
go_on(struct link *l, bool do_up, bool do_down)
{
	bool moved_up = do_up && up(l), moved_down = do_down && down(l);

	/* what it sent before it went is still read */
	if ((l->flags & (LINK_OUT_DEAD | LINK_OUT_EOF)) == LINK_OUT_DEAD) {
		hung_up(l, &l->out, LINK_OUT_QUIET);
		moved_up |= up(l);
	}
	if (over(l)) {
		link_close(l);
		return;
	}
	limit(l, moved_up, moved_down);
	watch(l);
}

static void
out_event(int fd, unsigned what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	if (what & (EPOLLHUP | EPOLLERR))
		hung_up(l, &l->out, LINK_OUT_QUIET);
	if (what & EPOLLRDHUP)
		set(l, LINK_OUT_CLOSING);
	go_on(l, what & (EPOLLIN | EPOLLHUP | EPOLLERR) || l->flags & LINK_READ_WRITES,
	      what & (EPOLLOUT | EPOLLHUP | EPOLLERR));
}

static void
near_event(int fd, unsigned what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	if (what & (EPOLLHUP | EPOLLERR))
		hung_up(l, &l->near, LINK_NEAR_QUIET);
	go_on(l, what & (EPOLLOUT | EPOLLHUP | EPOLLERR), what & (EPOLLIN | EPOLLHUP | EPOLLERR));
}

bool
relay_begin(struct link *l, int near)
{
	if (loop_add(proc.loop, &l->near, near, EPOLLIN, near_event, l) < 0)
		return false;
	l->out.fn = out_event;
	go_on(l, true, false); /* it may have been read already, with the end of the handshake */
	return true;
}

void
relay_turn(void)
{
	for (unsigned n = nmore; n > 0; n--) {
		struct link *l = TAILQ_FIRST(&more);

		relay_end(l);
		go_on(l, true, false);
	}
}

void
relay_end(struct link *l)
{
	if (!(l->flags & LINK_MORE))
		return;
	TAILQ_REMOVE(&more, l, queue);
	nmore--;
	l->flags &= ~(unsigned)LINK_MORE;
}

void
relay_drain(void)
{
	struct link *next;

	for (struct link *l = LIST_FIRST(&links); l != NULL; l = next) {
		next = LIST_NEXT(l, all);
		if (l->rec != NULL)
			continue;
		set(l, LINK_OUT_EOF);
		go_on(l, true, true);
	}
}
