/* fdpass.c - see fdpass.h. */
#include "config.h"

#include "lib/fdpass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/util.h"

int
fdpass_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds);
}

int
fdpass_send(int sock, const void *p, size_t n, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
	} c;
	struct iovec iov = {.iov_base = (void *)p, .iov_len = n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t r;

	CHECK(nfds <= FDPASS_MAX);
	if (nfds > 0) {
		m.msg_control = c.space;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		memset(c.space, 0, m.msg_controllen);
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(&c.h), fds, sizeof(int) * nfds);
	}
	do
		r = sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -1 : 0;
}

static size_t
take_fds(struct msghdr *m, int *fds)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		size_t k;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		CHECK(n + k <= FDPASS_MAX);
		memcpy(fds + n, CMSG_DATA(c), k * sizeof(int));
		n += k;
	}
	return n;
}

ssize_t
fdpass_recv(int sock, void *p, size_t cap, int *fds, size_t *nfds_r)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int) * FDPASS_MAX)];
	} c;
	struct iovec iov = {.iov_base = p, .iov_len = cap};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = c.space,
			   .msg_controllen = sizeof(c.space)};
	ssize_t r;

	*nfds_r = 0;
	do
		r = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -1;
	*nfds_r = take_fds(&m, fds);
	if (r > 0 && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return r;
	for (size_t i = 0; i < *nfds_r; i++)
		close(fds[i]);
	*nfds_r = 0;
	if (r == 0)
		return 0;
	errno = EMSGSIZE;
	return -1;
}
