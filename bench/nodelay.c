/* nodelay.c - preloaded into a peer: sets TCP_NODELAY on every connection that it accepts.
 *
 * Servers that leave Nagle's algorithm on wait up to 40 ms for a client's delayed acknowledgement.
 * To compare with the best that they could do, run them with LD_PRELOAD=bench/nodelay.so. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

typedef int accept_fn(int fd, struct sockaddr *sa, socklen_t *len);
typedef int accept4_fn(int fd, struct sockaddr *sa, socklen_t *len, int flags);

static int
nodelay_set(int fd)
{
	static const int on = 1;
	int saved = errno;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* not TCP: no matter */
	errno = saved;
	return fd;
}

int
accept(int fd, struct sockaddr *restrict sa, socklen_t *restrict len)
{
	static accept_fn *next;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "accept");
	return nodelay_set(next(fd, sa, len));
}

int
accept4(int fd, struct sockaddr *restrict sa, socklen_t *restrict len, int flags)
{
	static accept4_fn *next;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "accept4");
	return nodelay_set(next(fd, sa, len, flags));
}
