/* link.c - see link.h. */
#include "config.h"

#include "store/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "ipc/proc.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"

#define IN_SIZE (4u * IPC_FRAME_MAX)

static struct {
	int fd; /* -1: no broker */
	bool hello; /* has been said */
	bool greeted; /* the broker's has come */
	bool known; /* seq is what the database says */
	bool held; /* no events are wanted */
	bool ahead; /* the database is, of the journal */
	uint64_t theirs; /* the broker's last one, as it said hello */
	struct loop_io io;
	uint64_t seq; /* of the last event taken */
	link_event_fn *event;
	link_word_fn *word;
	struct buf out;
	size_t in_len;
	char in[IN_SIZE];
} lk = {.fd = -1};

void
link_init(link_event_fn *event, link_word_fn *word)
{
	lk.event = event;
	lk.word = word;
}

static void
hang_up(void)
{
	if (lk.fd < 0)
		return;
	loop_del(proc.loop, &lk.io);
	close(lk.fd);
	buf_fini(&lk.out);
	lk.fd = -1;
	lk.hello = lk.greeted = false;
	lk.in_len = 0;
}

bool
link_ended(void)
{
	return lk.fd < 0;
}

static void
say_hold(bool on)
{
	struct m_s_hold m = {.on = on, .seq = lk.seq};
	char out[64];

	link_send(out, m_s_hold_put(out, sizeof(out), &m));
}

/* Numbers come from the file epoch; when that is an older one, all that is said would pass for known. */
static void
look_ahead(void)
{
	lk.ahead = lk.known && lk.seq > lk.theirs;
	if (lk.ahead)
		log_err(
		    "the database is ahead of the journal (%llu, %llu), nothing that is said is "
		    "kept: is the file epoch in state_dir an older one?",
		    (unsigned long long)lk.seq, (unsigned long long)lk.theirs);
}

/* When both know where they are. While the database is not, the journal's end will do: nothing is taken. */
static bool
say_hello(void)
{
	struct m_sub_hello mine = {.version = IPC_VERSION, .inc = proc.inc};
	char out[64];
	size_t n;

	if (lk.hello || !lk.greeted || !(lk.known || lk.held))
		return true;
	look_ahead();
	if (!lk.known)
		lk.seq = lk.theirs;
	mine.seq = MIN(lk.seq, lk.theirs);
	n = m_sub_hello_put(out, sizeof(out), &mine);
	lk.hello = true;
	/* the first bytes on a fresh socket always fit */
	if (send(lk.fd, out, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		return false;
	if (lk.held || lk.ahead)
		say_hold(true);
	return true;
}

static bool
take_hello(const char *frame, size_t len)
{
	struct m_br_hello h;

	if (lk.greeted || !m_br_hello_get(frame, len, &h) || h.version != IPC_VERSION ||
	    h.inc != proc.inc)
		return false;
	lk.greeted = true;
	lk.theirs = h.seq;
	return say_hello();
}

static bool
take_frame(const char *frame, size_t len)
{
	struct ev_head h;

	if (!lk.hello)
		return take_hello(frame, len);
	if (!ipc_allowed(ipc_type(frame), ROLE_BROKER, ROLE_STORE))
		return false;
	if (ipc_type(frame) >= MSG_s_begin) {
		lk.word(ipc_type(frame), frame, len);
		return true;
	}
	if (!ev_head_get(frame, len, &h))
		return false;
	if (h.seq > lk.seq && lk.known && !lk.ahead) {
		lk.seq = h.seq;
		lk.event(frame, len);
	}
	return true;
}

/* Whole frames in the buffer. False: the broker talks nonsense. */
static bool
take_frames(void)
{
	size_t at = 0;
	ssize_t n;

	while ((n = ipc_frame(lk.in + at, lk.in_len - at)) > 0) {
		if (!take_frame(lk.in + at, (size_t)n)) {
			log_err("the broker's message %s was not understood",
				ipc_name(ipc_type(lk.in + at)));
			return false;
		}
		at += (size_t)n;
	}
	lk.in_len -= at;
	memmove(lk.in, lk.in + at, lk.in_len);
	return n == 0;
}

/* 1: something came; 0: nothing there now; -1: the end. */
static int
read_once(void)
{
	ssize_t r = recv(lk.fd, lk.in + lk.in_len, IN_SIZE - lk.in_len, MSG_DONTWAIT);

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (r <= 0)
		return -1;
	lk.in_len += (size_t)r;
	return take_frames() ? 1 : -1;
}

static void
readable(int fd, unsigned what, void *arg)
{
	(void)fd;
	(void)arg;
	if (what & (EPOLLIN | EPOLLHUP | EPOLLERR) && read_once() < 0)
		hang_up(); /* the master gives us another one */
}

void
link_channel(int fd)
{
	while (lk.fd >= 0) {
		int r = read_once();

		if (r < 0)
			hang_up();
		else if (r == 0)
			break;
	}
	hang_up();
	lk.fd = fd;
	if (loop_add(proc.loop, &lk.io, fd, EPOLLIN, readable, NULL) < 0)
		fatal("broker channel: %s", strerror(errno));
}

void
link_send(const void *frame, size_t len)
{
	if (lk.fd >= 0 && lk.hello)
		buf_append(&lk.out, frame, len);
}

void
link_flush(void)
{
	if (lk.fd < 0)
		return;
	if (lk.out.len > 0)
		buf_flush(&lk.out, lk.fd); /* an error is also seen by reading */
	loop_mod(proc.loop, &lk.io, EPOLLIN | (lk.out.len > 0 ? EPOLLOUT : 0u));
}

void
link_hold(bool on)
{
	if (on == lk.held)
		return;
	lk.held = on;
	if (!lk.hello)
		say_hello();
	else if (!lk.ahead)
		say_hold(on);
}

void
link_ready(uint64_t seq)
{
	bool first = !lk.known, again = lk.known && seq < lk.seq;

	if (!first && !again)
		return;
	lk.known = true;
	lk.seq = seq;
	if (first && lk.hello)
		look_ahead();
	if (!lk.hello)
		say_hello();
	else if (again && !lk.held)
		say_hold(false);
}

bool
link_ahead(void)
{
	return lk.ahead;
}

uint64_t
link_seq(void)
{
	return lk.seq;
}
