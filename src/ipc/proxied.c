/* proxied.c - see proxied.h.
 *
 * Not a byte behind the header is taken: what is there is looked at, and only the header's is read. One that is not whole yet
 * is read and kept, or the loop would call for it again and again.
 */
#include "config.h"

#include "ipc/proxied.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/proxy.h"
#include "lib/util.h"

#define HEADER_MS 5000 /* a proxy sends it at once */

struct proxied {
	LIST_ENTRY(proxied) all;
	struct conn_rec rec;
	handed_fn *fn;
	struct loop_io io;
	struct loop_timer timer;
	bool asked; /* the master is to say */
	size_t n;
	char head[PROXY_MAX];
};
static LIST_HEAD(, proxied) waiting = LIST_HEAD_INITIALIZER(waiting);

static void
forget(struct proxied *p)
{
	loop_timer_stop(proc.loop, &p->timer);
	LIST_REMOVE(p, all);
	free(p);
}

static void
end(struct proxied *p, const char *why)
{
	log_info("a connection from the proxy %s is closed: %s", p->rec.address, why);
	if (!p->asked)
		loop_del(proc.loop, &p->io);
	close(p->io.fd);
	handed_closed(p->rec.id);
	forget(p);
}

static void
too_late(void *arg)
{
	count(CTR_refused_proxy_header);
	end(arg, "no header came in time");
}

/* What the master is told, and then waited for. */
static void
ask(struct proxied *p, const struct proxy_from *from)
{
	struct m_conn_from m = {.id = p->rec.id,
				.address = str_of(from->address),
				.port = from->port,
				.tls = from->tls};

	loop_del(proc.loop, &p->io);
	loop_timer_stop(proc.loop, &p->timer);
	p->asked = true;
	if (from->known) {
		bool here =
		    strcmp(from->address, "::1") == 0 || strncmp(from->address, "127.", 4) == 0;

		memcpy(p->rec.address, from->address, sizeof(from->address));
		p->rec.port = from->port;
		/* nobody reads on the way: as far as the proxy it is encrypted, or all of it is on this host */
		p->rec.loopback = from->tls || (p->rec.loopback && here);
	}
	p->rec.proxy = 0;
	handed_from(&m);
}

static void
event(int fd, unsigned what, void *arg)
{
	struct proxied *p = arg;
	struct proxy_from from;
	ssize_t n, len;

	(void)what;
	n = recv(fd, p->head + p->n, sizeof(p->head) - p->n, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	len = n > 0 ? proxy_parse(p->head, p->n + (size_t)n, &from) : -1;
	if (len < 0 || (len == 0 && p->n + (size_t)n == sizeof(p->head))) {
		count(CTR_refused_proxy_header);
		end(p, n > 0 ? "what it sends first is no header" : "it has hung up");
		return;
	}
	/* the header, or all that there is of it */
	n = recv(fd, p->head + p->n, len > 0 ? (size_t)len - p->n : (size_t)n, MSG_DONTWAIT);
	p->n += n > 0 ? (size_t)n : 0;
	if (len > 0)
		ask(p, &from);
}

void
proxied_begin(const struct conn_rec *rec, int fd, handed_fn *fn)
{
	struct proxied *p = xcalloc(1, sizeof(*p));

	p->rec = *rec;
	p->fn = fn;
	LIST_INSERT_HEAD(&waiting, p, all);
	if (loop_add(proc.loop, &p->io, fd, EPOLLIN | EPOLLRDHUP, event, p) < 0) {
		p->io.fd = fd;
		p->asked = true; /* not watched */
		end(p, strerror(errno));
		return;
	}
	loop_timer_start(proc.loop, &p->timer, HEADER_MS, too_late, p);
}

/* Whom the master refuses is told why in the words of its protocol; not within TLS, which has not begun. */
static void
refuse(struct proxied *p, struct str why)
{
	char text[300];

	if (!p->rec.tls)
		(void)!send(p->io.fd, text,
			    handed_refusal(text, sizeof(text), p->rec.protocol, why),
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(p->io.fd, SHUT_WR);
	end(p, "the master refuses it");
}

bool
proxied_admitted(const void *frame, size_t len)
{
	struct m_conn_admit m;
	struct conn_rec rec;
	struct proxied *p;
	handed_fn *fn;
	int fd;

	if (!m_conn_admit_get(frame, len, &m))
		return false;
	LIST_FOREACH (p, &waiting, all) {
		if (p->rec.id == m.id && p->asked)
			break;
	}
	if (p == NULL)
		return true;
	if (m.ok == 0) {
		refuse(p, m.why);
		return true;
	}
	rec = p->rec;
	fd = p->io.fd;
	fn = p->fn;
	forget(p);
	fn(&rec, fd, STR_LIT(""));
	return true;
}
