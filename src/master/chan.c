/* chan.c - see chan.h. */
#include "config.h"

#include "master/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fdpass.h"
#include "lib/util.h"

#define UNSENT_MAX 4096 /* packets; a child that is so far behind will fail its ping */

struct chan_packet {
	STAILQ_ENTRY(chan_packet) link;
	size_t nfds, len;
	int fds[FDPASS_MAX]; /* owned */
	char frame[];
};

static void
close_all(const int *fds, size_t nfds)
{
	for (size_t i = 0; i < nfds; i++)
		close(fds[i]);
}

void
chan_open(struct chan *c, struct loop *loop, int fd, loop_fn *fn, void *arg)
{
	c->fd = fd;
	c->nunsent = 0;
	STAILQ_INIT(&c->unsent);
	if (loop_add(loop, &c->io, fd, EPOLLIN, fn, arg) < 0)
		fatal("cannot watch a channel: %s", strerror(errno));
}

static void
drop_first(struct chan *c)
{
	struct chan_packet *p = STAILQ_FIRST(&c->unsent);

	STAILQ_REMOVE_HEAD(&c->unsent, link);
	c->nunsent--;
	close_all(p->fds, p->nfds);
	free(p);
}

void
chan_close(struct chan *c, struct loop *loop)
{
	if (c->fd < 0)
		return;
	while (!STAILQ_EMPTY(&c->unsent))
		drop_first(c);
	loop_del(loop, &c->io);
	close(c->fd);
	c->fd = -1;
}

/* Of our own: who sends them may have closed them when there is room. */
static bool
copy_all(int *to, const int *fds, size_t nfds)
{
	for (size_t i = 0; i < nfds; i++) {
		to[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (to[i] < 0) {
			close_all(to, i);
			return false;
		}
	}
	return true;
}

static bool
no_room(void)
{
	return errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS || errno == ENOMEM;
}

bool
chan_send(struct chan *c, struct loop *loop, const void *frame, size_t len, const int *fds,
	  size_t nfds, bool give)
{
	struct chan_packet *p;
	bool sent = false,
	     dead = c->fd < 0 || len == 0 || nfds > FDPASS_MAX || c->nunsent >= UNSENT_MAX;

	if (!dead && STAILQ_EMPTY(&c->unsent)) {
		sent = fdpass_send(c->fd, frame, len, fds, nfds) == 0;
		dead = !sent && !no_room();
	}
	if (sent || dead) {
		if (give)
			close_all(fds, nfds);
		return sent;
	}
	p = xcalloc(1, sizeof(*p) + len);
	if (!give && !copy_all(p->fds, fds, nfds)) {
		free(p);
		return false;
	}
	p->nfds = nfds;
	p->len = len;
	if (give && nfds > 0)
		memcpy(p->fds, fds, nfds * sizeof(int));
	memcpy(p->frame, frame, len);
	STAILQ_INSERT_TAIL(&c->unsent, p, link);
	c->nunsent++;
	loop_mod(loop, &c->io, EPOLLIN | EPOLLOUT);
	return true;
}

void
chan_writable(struct chan *c, struct loop *loop)
{
	struct chan_packet *p;

	while (c->fd >= 0 && (p = STAILQ_FIRST(&c->unsent)) != NULL) {
		if (fdpass_send(c->fd, p->frame, p->len, p->fds, p->nfds) < 0 && no_room())
			return;
		drop_first(
		    c); /* a broken channel takes the rest with it; its reader will see why */
	}
	loop_mod(loop, &c->io, EPOLLIN);
}
