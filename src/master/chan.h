/* chan.h - the master's end of the channel to one child: packets out, with descriptors. */
#ifndef MASTER_CHAN_H
#define MASTER_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "lib/loop.h"

struct chan_packet;

struct chan {
	int fd; /* -1: closed */
	struct loop_io io;
	STAILQ_HEAD(, chan_packet) unsent;
	size_t nunsent;
};

/* fd is ours from now on; fn is told of input and hang-up, output is looked after here: fn calls
 * chan_writable when it is told EPOLLOUT. */
void chan_open(struct chan *c, struct loop *loop, int fd, loop_fn *fn, void *arg);
void chan_close(struct chan *c, struct loop *loop);

/* Send a frame, or queue it until there is room. With `give`, the descriptors are closed once they
 * are sent (or cannot be any more); else they are the caller's as before: what is queued has copies. False: the child takes
 * nothing any more (its death will be reported), far too much is waiting for it, or there are no descriptors for copies. */
bool chan_send(struct chan *c, struct loop *loop, const void *frame, size_t len, const int *fds,
	       size_t nfds, bool give);
void chan_writable(struct chan *c, struct loop *loop);

#endif
