/* bind.c - see bind.h. */
#include "config.h"

#include "master/bind.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/util.h"
#include "master/sockaddr.h"

#define BACKLOG 4096
#define DEAD_PEER_MS 120000 /* data that nobody acknowledges, keep-alives included */

static void
set_int(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

void
bind_inherit(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	/* a telnet's urgent data (Synch) stands in the stream, where the decoder expects it */
	set_int(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, 120);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, 30);
	set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_PEER_MS);
}

int
bind_inet(const struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), saved;
	uint8_t b[16];

	if (fd < 0)
		return -1;
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (sa->sa_family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY,
			!(sockaddr_bytes(sa, b) && sockaddr_is_any(b)));
	if (bind(fd, sa, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Remove a socket that nobody listens at any more; anything else stays. 0 or -1 with errno. */
static int
remove_stale(const char *path, const struct sockaddr_un *un)
{
	struct stat st;
	int fd, r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	errno = EEXIST;
	if (!S_ISSOCK(st.st_mode))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	r = connect(fd, (const struct sockaddr *)un, sizeof(*un));
	if (r < 0 && errno == ECONNREFUSED)
		r = unlink(path);
	else {
		errno = EADDRINUSE;
		r = -1;
	}
	close(fd);
	return r;
}

int
bind_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd, saved;

	bprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (remove_stale(path, &un) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0 && chmod(path, 0666) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}
