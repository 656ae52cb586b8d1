/* hello.c - handshakes; see link.h.
 *
 * Nothing but a descriptor is spent before the first byte has come. Each turn goes on with a few handshakes only, behind what is
 * there for clients who have done theirs: they cost a signature each, and whoever makes many of them delays only others who make some.
 */
#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "tls/certs.h"
#include "tls/ctx.h"
#include "tls/link.h"
#include "tls/pending.h"

#define STEPS_PER_TURN 8
#define HANDSHAKE 0x16 /* the first byte of what is TLS (RFC 8446, 5.1) */

static TAILQ_HEAD(, link) queue = TAILQ_HEAD_INITIALIZER(queue);

static void
unqueue(struct link *l)
{
	if (l->flags & LINK_QUEUED)
		TAILQ_REMOVE(&queue, l, queue);
	l->flags &= ~(unsigned)LINK_QUEUED;
}

/* Over, one way or the other. */
static void
leave(struct link *l)
{
	unqueue(l);
	loop_timer_stop(proc.loop, &l->timer);
	pending_remove(l->pending);
	l->pending = NULL;
}

/* What has been said last is to arrive: unread bytes would have the kernel reset the connection. */
static void
give_up(struct link *l)
{
	char rest[4096];

	leave(l);
	shutdown(l->out.fd, SHUT_WR);
	(void)!recv(l->out.fd, rest, sizeof(rest), MSG_DONTWAIT);
	link_close(l);
}

static void
too_late(void *arg)
{
	struct link *l = arg;

	count(CTR_tls_late);
	log_debug("no TLS handshake from %s in time", l->rec->address);
	give_up(l);
}

static void
event(int fd, unsigned what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	(void)what;
	if (!(l->flags & LINK_QUEUED))
		TAILQ_INSERT_TAIL(&queue, l, queue);
	l->flags |= LINK_QUEUED;
}

void
hello_take(const struct conn_rec *rec, int fd, struct str early)
{
	const struct options *o = &proc.opt;
	struct pending *pending;
	struct link *l;

	(void)early;
	if (proc.draining || certs_first() == NULL ||
	    !pending_add(rec->address, o->tls_handshakes, &pending)) {
		count_add(CTR_tls_refused, !proc.draining);
		close(fd);
		handed_closed(rec->id);
		return;
	}
	l = link_new(rec, fd);
	l->pending = pending;
	loop_timer_start(proc.loop, &l->timer, o->tls_handshake_time * 1000, too_late, l);
	if (loop_add(proc.loop, &l->out, fd, EPOLLIN, event, l) < 0) {
		l->out.fd = fd;
		leave(l);
		link_close(l);
	}
}

/* --- a step ----------------------------------------------------------------------------------- */

/* Somebody who does not know that this port speaks TLS is told, in the words of its protocol. */
static void
not_tls(struct link *l)
{
	static const char *const words[PROTO_COUNT] = {
	    [PROTO_TELNET] = "This port speaks TLS.\r\n",
	    [PROTO_IRC] = "ERROR :This port speaks TLS.\r\n",
	    [PROTO_WEB] = ("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
			   "Connection: close\r\n\r\nThis port speaks TLS: https://\r\n"),
	};
	const char *w = words[l->rec->protocol];

	count(CTR_tls_failed);
	log_debug("%s does not speak TLS", l->rec->address);
	(void)!send(l->out.fd, w, strlen(w), MSG_DONTWAIT | MSG_NOSIGNAL);
	give_up(l);
}

/* False: not yet, or over. */
static bool
first_byte(struct link *l)
{
	unsigned char c;
	ssize_t n = recv(l->out.fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		count(CTR_tls_failed);
		give_up(l);
	} else if (c != HANDSHAKE) {
		not_tls(l);
	} else {
		l->ssl = ctx_connection(certs_first(), l->rec->protocol, l->out.fd);
		if (l->ssl == NULL)
			give_up(l);
		return l->ssl != NULL;
	}
	return false;
}

static void
tell_master(const struct link *l, int fd)
{
	unsigned char sum[32];
	unsigned n = 0;
	const X509 *x = SSL_get0_peer_certificate(l->ssl);
	struct m_conn_plain m = {.id = l->id,
				 .version = (uint16_t)SSL_version(l->ssl),
				 .cipher =
				     SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(l->ssl))};
	char frame[128];

	if (x != NULL && X509_digest(x, EVP_sha256(), sum, &n) == 1)
		m.cert = (struct str){(const char *)sum, n};
	handed_flush(); /* that it was taken is told first */
	proc_send_fd(frame, m_conn_plain_put(frame, sizeof(frame), &m), fd);
}

static void
done(struct link *l)
{
	int pair[2];

	leave(l);
	count(CTR_tls_ok);
	if (SSL_session_reused(l->ssl))
		count(CTR_tls_resumed_total);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		log_err("cannot pass a connection on: %s", strerror(errno));
		give_up(l);
		return;
	}
	log_trace(conn, "%llu from %s: %s %s", (unsigned long long)l->id, l->rec->address,
		  SSL_get_version(l->ssl), SSL_get_cipher_name(l->ssl));
	tell_master(l, pair[1]);
	free(l->rec);
	l->rec = NULL;
	if (!relay_begin(l, pair[0])) {
		log_err("epoll_ctl for a new connection: %s", strerror(errno));
		close(pair[0]);
		link_close(l);
	}
}

static void
step(struct link *l)
{
	const char *why;
	int r;

	if (l->ssl == NULL && !first_byte(l))
		return;
	ERR_clear_error();
	r = SSL_accept(l->ssl);
	if (r == 1) {
		done(l);
		return;
	}
	switch (SSL_get_error(l->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		loop_mod(proc.loop, &l->out, EPOLLIN);
		return;
	case SSL_ERROR_WANT_WRITE:
		loop_mod(proc.loop, &l->out, EPOLLOUT);
		return;
	default:
		why = ERR_reason_error_string(ERR_peek_error());
		log_info("TLS handshake with %s failed: %s", l->rec->address,
			 why != NULL ? why : "the connection was closed");
		count(CTR_tls_failed);
		give_up(l);
	}
}

void
hello_turn(void)
{
	struct link *l;

	for (unsigned i = 0; i < STEPS_PER_TURN && (l = TAILQ_FIRST(&queue)) != NULL; i++) {
		unqueue(l);
		step(l);
	}
	if (!TAILQ_EMPTY(&queue))
		loop_again(proc.loop);
}

void
hello_drain(void)
{
	struct link *next;

	for (struct link *l = LIST_FIRST(&links); l != NULL; l = next) {
		next = LIST_NEXT(l, all);
		if (l->rec != NULL)
			give_up(l);
	}
}
