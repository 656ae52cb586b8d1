/* link.c - see link.h. */
#include "config.h"

#include "link.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/util.h"
#include "lookup.h"
#include "tls.h"
#include "url.h"
#include "wire.h"

#define CONNECT_MS 10000u /* an address that does not answer; the next one is tried */
#define HANDSHAKE_MS 15000u
#define READ_MAX (1u << 16) /* in one turn: the person's keys come in between */

struct link {
	const struct link_conf *conf;
	enum link_state state;
	int fd;
	uint64_t due;
	struct lookup *lookup; /* owned */
	struct addrinfo *found, *next; /* found: owned */
	struct tls *tls; /* owned */
	bool wants_write;
	struct net peer;
	bool heard; /* a line has been read */
	bool skipping; /* a line that is too long: to its end */
	char *in; /* owned: WIRE_LINE_MAX + READ_MAX bytes */
	size_t n;
	enum link_end end;
	char why[LINK_WHY_MAX];
};

struct link *
link_new(const struct link_conf *conf)
{
	struct link *l = xcalloc(1, sizeof(*l));

	l->conf = conf;
	l->fd = -1;
	l->in = xcalloc(1, WIRE_LINE_MAX + READ_MAX);
	return l;
}

static void
link_close(struct link *l)
{
	tls_free(l->tls);
	l->tls = NULL;
	lookup_free(l->lookup);
	l->lookup = NULL;
	if (l->found != NULL)
		freeaddrinfo(l->found);
	l->found = l->next = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->state = LINK_OFF;
	l->due = UINT64_MAX;
	l->n = 0;
	l->heard = l->skipping = l->wants_write = false;
}

void
link_free(struct link *l)
{
	if (l == NULL)
		return;
	link_close(l);
	free(l->in);
	free(l);
}

enum link_state
link_state(const struct link *l)
{
	return l->state;
}

const char *
link_why(const struct link *l)
{
	return l->why;
}

enum link_end
link_ended(const struct link *l)
{
	return l->end;
}

bool
link_peer(const struct link *l, struct net *n)
{
	*n = l->peer;
	return l->state == LINK_UP;
}

bool
link_secure(const struct link *l)
{
	return l->state == LINK_UP && (l->tls != NULL || net_is_loopback(&l->peer));
}

static bool
ended(struct link *l, enum link_end end, const char *why)
{
	if (why != l->why)
		bprintf(l->why, sizeof(l->why), "%s", why);
	l->end = end;
	link_close(l);
	return false;
}

/* There is no connection: fmt has the words for it. */
static bool failed(struct link *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool
failed(struct link *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->why, sizeof(l->why), fmt, ap);
	va_end(ap);
	return ended(l, LINK_LOST, l->why);
}

void
link_drop(struct link *l, const char *why)
{
	(void)ended(l, LINK_LOST, why);
}

void
link_open(struct link *l)
{
	link_close(l);
	l->lookup = lookup_new(l->conf->host, l->conf->port);
	l->state = LINK_LOOKUP;
	l->end = LINK_LOST;
	l->due = l->lookup != NULL ? UINT64_MAX : 0;
}

int
link_fd(const struct link *l, bool more_to_send, short *events)
{
	*events = POLLIN;
	switch (l->state) {
	case LINK_LOOKUP:
		return l->lookup != NULL ? lookup_fd(l->lookup) : -1;
	case LINK_CONNECT:
		*events = POLLOUT;
		return l->fd;
	case LINK_HANDSHAKE:
		*events = l->wants_write ? POLLOUT : POLLIN;
		return l->fd;
	case LINK_UP:
		*events = more_to_send ? POLLIN | POLLOUT : POLLIN;
		return l->fd;
	default:
		return -1;
	}
}

uint64_t
link_due(const struct link *l)
{
	return l->state == LINK_OFF ? UINT64_MAX : l->due;
}

/* --- getting there ------------------------------------------------------------------------- */

/* Without TLS to other hosts only if that was asked for. */
static bool
may_be_plain(struct link *l)
{
	if (l->conf->tls || l->conf->plain_ok || net_is_loopback(&l->peer))
		return true;
	bprintf(l->why, sizeof(l->why), "%s is another host: without TLS only with --plain",
		l->conf->host);
	return false;
}

/* What is said of an address that cannot be connected to, if it is the last one. */
static void
not_there(struct link *l, int err)
{
	const char *host = l->conf->host;
	unsigned port = l->conf->port;

	if (err == ECONNREFUSED)
		bprintf(l->why, sizeof(l->why),
			"ERROR: Server is not running or not accepting connections: nobody listens "
			"at %s port %u",
			host, port);
	else if (err == ETIMEDOUT)
		bprintf(l->why, sizeof(l->why), "no answer from %s port %u", host, port);
	else
		bprintf(l->why, sizeof(l->why), "%s port %u cannot be reached: %s", host, port,
			strerror(err));
}

static bool
connect_next(struct link *l)
{
	while (l->next != NULL) {
		struct addrinfo *ai = l->next;
		int on = 1;

		l->next = ai->ai_next;
		if (l->fd >= 0)
			close(l->fd);
		l->fd = -1;
		if (!net_of_sockaddr(ai->ai_addr, &l->peer))
			continue;
		if (!may_be_plain(l))
			return ended(l, LINK_UNTRUSTED, l->why);
		l->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (l->fd < 0)
			continue;
		(void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(l->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		if (connect(l->fd, ai->ai_addr, ai->ai_addrlen) == 0 || errno == EINPROGRESS) {
			l->state = LINK_CONNECT;
			l->due = mono_ms() + CONNECT_MS;
			return true;
		}
		not_there(l, errno);
	}
	return ended(l, LINK_LOST, l->why);
}

static bool
run_lookup(struct link *l)
{
	const char *why = "it cannot be looked up";

	if (l->lookup != NULL)
		l->found = lookup_get(l->lookup, &why);
	lookup_free(l->lookup);
	l->lookup = NULL;
	if (l->found == NULL)
		return failed(l, "cannot resolve %s: %s", l->conf->host, why);
	l->next = l->found;
	bprintf(l->why, sizeof(l->why), "%s has no address", l->conf->host);
	return connect_next(l);
}

static bool
up(struct link *l)
{
	l->state = LINK_UP;
	l->due = UINT64_MAX;
	freeaddrinfo(l->found);
	l->found = l->next = NULL;
	return true;
}

static bool
run_connect(struct link *l)
{
	struct pollfd p = {.fd = l->fd, .events = POLLOUT};
	int err = 0;
	socklen_t n = sizeof(err);
	const char *why = "";

	if (poll(&p, 1, 0) == 0) {
		if (mono_ms() < l->due)
			return true;
		err = ETIMEDOUT;
	} else {
		(void)getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &n);
	}
	if (err != 0) {
		not_there(l, err);
		return connect_next(l);
	}
	if (!l->conf->tls)
		return up(l);
	l->tls = tls_new(l->fd, l->conf->host, l->conf->pinned ? l->conf->pin : NULL, &why);
	if (l->tls == NULL)
		return ended(l, LINK_UNTRUSTED, why);
	l->state = LINK_HANDSHAKE;
	l->wants_write = true;
	l->due = mono_ms() + HANDSHAKE_MS;
	return true;
}

/* what: a verb. */
static bool
no_tls(struct link *l, const char *what)
{
	return failed(
	    l, "%s port %u %s: is it a port without TLS?%s", l->conf->host, l->conf->port, what,
	    l->conf->tls_assumed ? " --plain talks to it; all in between can read along" : "");
}

static bool
run_handshake(struct link *l)
{
	char why[LINK_WHY_MAX];
	enum tls_step step = tls_handshake(l->tls, why, sizeof(why));

	if (step == TLS_DONE)
		return up(l);
	if (step == TLS_UNTRUSTED)
		return ended(l, LINK_UNTRUSTED, why);
	if (step == TLS_NONE)
		return no_tls(l, why);
	if (step == TLS_FAILED)
		return failed(l, "no TLS with %s port %u: %s", l->conf->host, l->conf->port, why);
	if (mono_ms() >= l->due)
		return no_tls(l, "does not answer");
	l->wants_write = step == TLS_WANTS_WRITE;
	return true;
}

/* --- being there ------------------------------------------------------------------------------ */

static ssize_t
read_some(struct link *l, char *p, size_t n)
{
	ssize_t r;

	if (l->tls != NULL)
		return tls_read(l->tls, p, n);
	r = recv(l->fd, p, n, 0);
	if (r > 0)
		return r;
	return r < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static bool
send_some(struct link *l, struct buf *out)
{
	while (out->len > 0) {
		ssize_t r;

		if (l->tls != NULL) {
			r = tls_write(l->tls, buf_data(out), MIN(out->len, (size_t)16384));
		} else {
			r = send(l->fd, buf_data(out), out->len, MSG_NOSIGNAL);
			if (r < 0 && (errno == EAGAIN || errno == EINTR))
				r = 0;
		}
		if (r < 0)
			return false;
		if (r == 0)
			return true;
		buf_drop(out, (size_t)r);
	}
	return true;
}

/* Whole lines to fn, the rest to the beginning. */
static void
take_lines(struct link *l, link_line_fn *fn, void *arg)
{
	size_t at = 0;

	while (l->state == LINK_UP) {
		char *nl = memchr(l->in + at, '\n', l->n - at);
		size_t n = nl != NULL ? (size_t)(nl - (l->in + at)) : l->n - at;

		if (nl == NULL) {
			if (n > WIRE_LINE_MAX) {
				l->skipping = true;
				at = l->n;
			}
			break;
		}
		if (!l->skipping && n <= WIRE_LINE_MAX)
			fn(arg, l->in + at, n > 0 && nl[-1] == '\r' ? n - 1 : n);
		l->skipping = false;
		l->heard = true;
		at += n + 1;
	}
	if (l->state != LINK_UP)
		return; /* closed by what a line said */
	memmove(l->in, l->in + at, l->n - at);
	l->n -= at;
}

static bool
closed(struct link *l)
{
	/* that is how TLS servers answer to what is none */
	if (!l->heard && l->tls == NULL)
		return failed(
		    l, "%s port %u ended the connection without a line: is it for TLS? --tls",
		    l->conf->host, l->conf->port);
	return failed(l, "Connection closed by the server");
}

static bool
run_up(struct link *l, struct buf *out, link_line_fn *fn, void *arg)
{
	size_t total = 0;
	ssize_t r;
	bool sent;

	/* what the server has said before it ended the connection is still to be read */
	sent = send_some(l, out);
	while (total < READ_MAX) {
		r = read_some(l, l->in + l->n, WIRE_LINE_MAX + READ_MAX - l->n);
		if (r < 0)
			return closed(l);
		if (r == 0)
			break;
		total += (size_t)r;
		l->n += (size_t)r;
		take_lines(l, fn, arg);
		if (l->state != LINK_UP)
			return true;
	}
	if (!sent)
		return closed(l);
	/* what TLS has read already is not seen by poll() */
	l->due = total >= READ_MAX ? 0 : UINT64_MAX;
	return true;
}

bool
link_run(struct link *l, struct buf *out, link_line_fn *fn, void *arg)
{
	switch (l->state) {
	case LINK_LOOKUP:
		return run_lookup(l);
	case LINK_CONNECT:
		return run_connect(l);
	case LINK_HANDSHAKE:
		return run_handshake(l);
	case LINK_UP:
		return run_up(l, out, fn, arg);
	default:
		return true;
	}
}
