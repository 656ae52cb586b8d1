/* bind.h - one listening socket. */
#ifndef MASTER_BIND_H
#define MASTER_BIND_H

#include <sys/socket.h>

/* A socket that listens at this address ("::" for IPv4 too), or -1 with errno. */
int bind_inet(const struct sockaddr *sa, socklen_t len);
/* What each connection to a socket of TCP is to have: on Linux it inherits that, so no system call is made for it. */
void bind_inherit(int fd);

/* A socket that listens at path, where one that nobody listens at any more is removed; or -1 with errno, EADDRINUSE: somebody does. Everybody
 * on this host may connect; who they are is asked of the socket. */
int bind_unix(const char *path);
/* Would it, as far as can be seen without touching anything? 0, or -1 with errno. */
int bind_unix_check(const char *path);

#endif
