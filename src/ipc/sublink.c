/* sublink.c - see sublink.h.
 *
 * One queue holds every request from the oldest unanswered one on; `sent` says how much of it the
 * present channel has taken. A new channel only moves `sent` back to the first request that the
 * broker has not committed, so that resending needs no second copy.
 */
#include "config.h"

#include "ipc/sublink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"

#define FULL (1u << 20)
#define IN_SIZE (256u * 1024)
/* Events of one turn: what they cost depends on how many they are for, and the master, our clients and our own output are not to
 * wait longer for us. */
#define TURN_US 100000

struct sublink {
	struct loop *loop; /* caller's */
	struct loop_io io;
	int fd; /* -1: no broker */
	bool hello; /* said by both */
	uint32_t inc;
	uint64_t next_serial, seq, began;
	struct buf q;
	size_t sent, pending;
	sublink_event_fn *fn;
	void *arg;
	size_t in_len;
	bool rest; /* whole frames are left in it: for the next turn */
	char in[IN_SIZE];
};

static void readable(int fd, unsigned what, void *arg);

struct sublink *
sublink_new(struct loop *loop, uint32_t inc, sublink_event_fn *fn, void *arg)
{
	struct sublink *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->fd = -1;
	s->inc = inc;
	s->next_serial = 1;
	s->fn = fn;
	s->arg = arg;
	return s;
}

static void
hang_up(struct sublink *s)
{
	if (s->fd < 0)
		return;
	loop_del(s->loop, &s->io);
	close(s->fd);
	s->fd = -1;
	s->hello = false;
	s->in_len = 0;
	s->rest = false;
	log_trace(ipc, "broker channel closed, %zu requests unanswered", s->pending);
}

static uint64_t
frame_serial(const char *frame)
{
	uint64_t v;

	memcpy(&v, frame + IPC_HDR, sizeof(v));
	return v;
}

static bool
has_secret(unsigned type)
{
	return type == MSG_r_oper || type == MSG_r_auth || type == MSG_r_register ||
	       type == MSG_r_account || type == MSG_r_store || type == MSG_r_upload;
}

/* The event for `serial` has come: forget all requests up to it. */
static void
answered(struct sublink *s, uint64_t serial)
{
	while (s->q.len > 0 && frame_serial(buf_data(&s->q)) <= serial) {
		ssize_t n = ipc_frame(buf_data(&s->q), s->q.len);

		CHECK(n > 0);
		if (has_secret(ipc_type(buf_data(&s->q))))
			explicit_bzero(buf_data(&s->q), (size_t)n);
		buf_drop(&s->q, (size_t)n);
		s->sent -= MIN(s->sent, (size_t)n);
		s->pending--;
	}
}

static bool
take_hello(struct sublink *s, const char *frame, size_t len)
{
	struct m_sub_hello mine = {.version = IPC_VERSION, .inc = s->inc};
	struct m_br_hello h;
	char out[64];
	size_t n;

	if (!m_br_hello_get(frame, len, &h) || h.version != IPC_VERSION || h.inc != s->inc)
		return false;
	s->began = h.seq;
	if (s->seq == 0)
		s->seq = h.seq;
	mine.seq = s->seq;
	mine.asked = s->next_serial - 1;
	n = m_sub_hello_put(out, sizeof(out), &mine);
	/* the first bytes on a fresh socket always fit */
	if (send(s->fd, out, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		return false;
	s->sent = 0;
	while (s->sent < s->q.len) {
		const char *f = buf_data(&s->q) + s->sent;

		if (frame_serial(f) > h.serial)
			break;
		s->sent += (size_t)ipc_frame(f, s->q.len - s->sent);
	}
	s->hello = true;
	return true;
}

static bool
take_event(struct sublink *s, const char *frame, size_t len)
{
	struct ev_head h;
	bool own;

	if (ipc_type(frame) == MSG_q_page || ipc_type(frame) == MSG_q_gone) {
		/* beside the journal: it has no place in it */
		s->fn(frame, len, false, s->arg);
		return true;
	}
	if (!ev_head_get(frame, len, &h))
		return false;
	if (h.seq <= s->seq)
		return true; /* had it before the last broker died */
	s->seq = h.seq;
	own = h.origin == s->inc && h.serial != 0;
	if (own)
		answered(s, h.serial);
	s->fn(frame, len, own, s->arg);
	return true;
}

/* The whole frames in the buffer; what is left of them at `until` (mono_us) is s->rest. False: the broker talks nonsense. */
static bool
take_frames(struct sublink *s, uint64_t until)
{
	size_t at = 0;
	bool good = true, late = false;

	while (good && !late) {
		ssize_t n = ipc_frame(s->in + at, s->in_len - at);

		if (n < 0)
			return false;
		if (n == 0)
			break;
		good = s->hello ? take_event(s, s->in + at, (size_t)n)
				: take_hello(s, s->in + at, (size_t)n);
		at += (size_t)n;
		late = mono_us() >= until;
	}
	s->rest = late && ipc_frame(s->in + at, s->in_len - at) != 0;
	s->in_len -= at;
	if (s->in_len > 0)
		memmove(s->in, s->in + at, s->in_len);
	return good;
}

/* 1: something came; 0: nothing there now; -1: the end. */
static int
read_once(struct sublink *s, uint64_t until)
{
	ssize_t r;

	if (s->rest)
		return take_frames(s, until) ? 1 : -1;
	r = recv(s->fd, s->in + s->in_len, IN_SIZE - s->in_len, MSG_DONTWAIT);
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (r <= 0)
		return -1;
	s->in_len += (size_t)r;
	return take_frames(s, until) ? 1 : -1;
}

static void
readable(int fd, unsigned what, void *arg)
{
	struct sublink *s = arg;

	(void)fd;
	(void)what;
	if (read_once(s, mono_us() + TURN_US) < 0)
		hang_up(s); /* the master gives us another one */
	else if (s->rest)
		loop_first_again(s->loop);
}

void
sublink_channel(struct sublink *s, int fd)
{
	while (s->fd >= 0) {
		int r = read_once(s, UINT64_MAX);

		if (r < 0)
			hang_up(s);
		else if (r == 0)
			break;
	}
	hang_up(s);
	s->fd = fd;
	if (loop_add(s->loop, &s->io, fd, EPOLLIN, readable, s) < 0)
		fatal("broker channel: %s", strerror(errno));
	loop_first(s->loop, &s->io);
}

void *
sublink_room(struct sublink *s, size_t need)
{
	return buf_room(&s->q, need);
}

uint64_t
sublink_commit(struct sublink *s, size_t len)
{
	char *frame = buf_data(&s->q) + s->q.len;

	CHECK(len >= IPC_HDR + sizeof(uint64_t));
	memcpy(frame + IPC_HDR, &s->next_serial, sizeof(s->next_serial));
	buf_added(&s->q, len);
	s->pending++;
	return s->next_serial++;
}

uint64_t
sublink_request(struct sublink *s, void *frame, size_t len)
{
	memcpy(sublink_room(s, len), frame, len);
	return sublink_commit(s, len);
}

void
sublink_flush(struct sublink *s)
{
	ssize_t r;

	if (!s->hello || s->sent == s->q.len)
		return;
	r = send(s->fd, buf_data(&s->q) + s->sent, s->q.len - s->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* an error is also seen by reading, after what the broker still had to say */
	if (r > 0)
		s->sent += (size_t)r;
	loop_mod(s->loop, &s->io, EPOLLIN | (s->sent < s->q.len ? EPOLLOUT : 0u));
}

uint64_t
sublink_began(const struct sublink *s)
{
	return s->began;
}

bool
sublink_full(const struct sublink *s)
{
	return s->q.len > FULL;
}

size_t
sublink_pending(const struct sublink *s)
{
	return s->pending;
}
