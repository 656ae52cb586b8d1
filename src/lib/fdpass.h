/* fdpass.h - packets with descriptors over a SOCK_SEQPACKET pair (unix(7), SCM_RIGHTS). */
#ifndef LIB_FDPASS_H
#define LIB_FDPASS_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The kernel's SCM_MAX_FD is 253; we stay well below. */
#define FDPASS_MAX 64

/* Two connected ends, close-on-exec, non-blocking. 0 or -1 with errno. */
int fdpass_pair(int fds[2]);

/* One packet with nfds (<= FDPASS_MAX) descriptors; the caller keeps its own copies open.
 * 0, or -1 with errno (EAGAIN: no room now, nothing was sent). */
int fdpass_send(int sock, const void *p, size_t n, const int *fds, size_t nfds);

/* One packet. Returns its length, 0 at end of file, -1 with errno: EAGAIN nothing there;
 * EMSGSIZE the packet or its descriptors were cut off (MSG_TRUNC, MSG_CTRUNC): whatever
 * descriptors came are closed, and the peer must be given up. So they are with an empty packet,
 * which nobody sends who means well, and which looks like the end of file. Descriptors received
 * are close-on-exec and the caller's; fds has room for FDPASS_MAX. */
ssize_t fdpass_recv(int sock, void *p, size_t cap, int *fds, size_t *nfds_r);

#endif
