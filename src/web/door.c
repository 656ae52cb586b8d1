/* door.c - what comes from clients before libmicrohttpd has it: requests that it would take though they can be read in two ways
 * (proto/http.h) are refused, and whoever takes too long is shown out.
 *
 * libmicrohttpd shows its users parsed headers, where a bare LF and a folded line look like any other, and has no way to look at what
 * it reads. It reads with recv(), which is looked up like any function of a shared library: the one here, in front of the system's, is
 * what it gets. Were that to change, nothing would have been watched: then no request is answered (http.c).
 */
#include "config.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "web/web.h"

#define HEAD_MS 10000 /* from its first byte, or from the connection's beginning, to its end */
#define SLICE_MS 20000 /* a body brings at least this many bytes in such a time */
#define SLICE_BYTES 20480
#define LOOK_MS 1000

static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);
static struct loop_timer look_timer;
/* by descriptor; NULL: none of ours */
static struct {
	struct client **v; /* owned */
	size_t n;
} by_fd;

static void look(void *arg);

void
door_open(struct client *c, int fd)
{
	if ((size_t)fd >= by_fd.n) {
		size_t n = (size_t)fd + 64;

		by_fd.v = xrealloc(by_fd.v, n * sizeof(struct client *));
		memset(by_fd.v + by_fd.n, 0, (n - by_fd.n) * sizeof(struct client *));
		by_fd.n = n;
	}
	by_fd.v[fd] = c;
	c->fd = fd;
	c->head_since = loop_now(proc.loop);
	if (LIST_EMPTY(&clients))
		loop_timer_start(proc.loop, &look_timer, LOOK_MS, look, NULL);
	LIST_INSERT_HEAD(&clients, c, door);
}

void
door_close(struct client *c)
{
	by_fd.v[c->fd] = NULL;
	LIST_REMOVE(c, door);
}

/* --- refusing ------------------------------------------------------------------------------------------- */

static const char *
phrase(unsigned status)
{
	const char *p = MHD_get_reason_phrase_for(status);

	return p != NULL ? p : "Error";
}

/* In libmicrohttpd's place, which then finds that the client has gone. */
static ssize_t
refuse(struct client *c, unsigned status)
{
	char text[400];
	const char *why = phrase(status);
	size_t n =
	    bprintf(text, sizeof(text),
		    "HTTP/1.1 %u %s\r\nConnection: close\r\nX-Content-Type-Options: nosniff\r\n"
		    "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n\r\n%s\n",
		    status, why, strlen(why) + 1, why);

	log_debug("%s: refused with %u", c->rec.address, status);
	send(c->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(c->fd, SHUT_WR);
	return 0;
}

bool
door_at_last(const struct client *c)
{
	return c->answers == c->watch.whole;
}

/* What came before it, in the same bytes, is answered first. */
static ssize_t
refuse_behind(struct client *c, unsigned status)
{
	size_t before = c->refuse_behind == 0 ? c->watch.begun : 0;

	c->refuse_behind = (uint16_t)status;
	c->head_since = 0;
	if (before > 0)
		return (ssize_t)before;
	errno = EAGAIN;
	return -1;
}

static ssize_t
came(struct client *c, const char *p, ssize_t n)
{
	unsigned status;

	if (n <= 0)
		return n;
	c->watched = true;
	if (c->refuse_behind != 0)
		return refuse_behind(c, c->refuse_behind);
	status = c->refuse != 0 ? c->refuse : http_watch(&c->watch, p, (size_t)n);
	if (status != 0 && c->refuse == 0 && !door_at_last(c))
		return refuse_behind(c, status);
	if (status != 0)
		return refuse(c, status);
	c->slice_bytes += (size_t)n;
	if (!http_in_head(&c->watch))
		c->head_since = 0;
	else if (c->head_since == 0)
		c->head_since = loop_now(proc.loop);
	return n;
}

/* Has it said that nothing more comes? libmicrohttpd takes less than it asked recv() for as all there is; what its epoll, which tells
 * of a change once, told of meanwhile it does not look at again. */
static bool
gone(const struct client *c)
{
	char byte;

	return recvfrom(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == 0;
}

void
door_answered(struct client *c)
{
	c->answers++;
	/* what has come of the next request has waited for us until now */
	if (c->head_since != 0)
		c->head_since = loop_now(proc.loop);
	if (!door_at_last(c))
		return;
	if (c->refuse_behind != 0)
		refuse(c, c->refuse_behind);
	else if (http_in_head(&c->watch) || http_in_body(&c->watch) || !gone(c))
		return;
	shutdown(c->fd, SHUT_RDWR); /* which libmicrohttpd finds */
}

/* In place of the system's (socket(7)), for libmicrohttpd's sake; see above. */
ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	ssize_t r = recvfrom(fd, p, n, flags, NULL, NULL);
	struct client *c = fd >= 0 && (size_t)fd < by_fd.n ? by_fd.v[fd] : NULL;

	return c != NULL ? came(c, p, r) : r;
}

/* --- time ------------------------------------------------------------------------------------------------ */

static bool
too_slow(struct client *c, uint64_t now)
{
	if (c->waits || c->answered) {
		c->slice_at = 0;
		return false;
	}
	if (c->head_since != 0)
		return now - c->head_since > HEAD_MS;
	if (!http_in_body(&c->watch) || c->slice_at == 0) {
		c->slice_at = now;
		c->slice_bytes = 0;
		return false;
	}
	if (now - c->slice_at < SLICE_MS)
		return false;
	c->slice_at = now;
	if (c->slice_bytes < SLICE_BYTES)
		return true;
	c->slice_bytes = 0;
	return false;
}

/* Has the client gone in the middle of a request? */
static bool
broken_off(const struct client *c)
{
	return !c->waits && !c->answered && door_at_last(c) &&
	       (http_in_head(&c->watch) || http_in_body(&c->watch)) && gone(c);
}

static void
look(void *arg)
{
	uint64_t now = loop_now(proc.loop);
	struct client *c;

	(void)arg;
	LIST_FOREACH (c, &clients, door) {
		if (!too_slow(c, now) && !broken_off(c))
			continue;
		log_debug("%s: takes too long, or has gone", c->rec.address);
		shutdown(c->fd, SHUT_RDWR); /* which libmicrohttpd finds */
	}
	if (!LIST_EMPTY(&clients))
		loop_timer_start(proc.loop, &look_timer, LOOK_MS, look, NULL);
}

void
door_drain(void)
{
	struct client *c;

	LIST_FOREACH (c, &clients, door) {
		if (!c->waits && !c->answered && !http_in_body(&c->watch))
			shutdown(c->fd, SHUT_RDWR);
	}
}
