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

/* 0: nothing is there; 1: a socket that nobody listens at any more; else -1 with errno. */
static int
look(const char *path, const struct sockaddr_un *un)
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
	r = connect(fd, (const struct sockaddr *)un, sizeof(*un)) < 0 && errno == ECONNREFUSED ? 1
											       : -1;
	close(fd);
	errno = EADDRINUSE;
	return r;
}

static struct sockaddr_un
unix_address(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	bprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	return un;
}

int
bind_unix_check(const char *path)
{
	struct sockaddr_un un = unix_address(path);

	return look(path, &un) < 0 ? -1 : file_could_be_made(path);
}

int
bind_unix(const char *path)
{
	struct sockaddr_un un = unix_address(path);
	int there = look(path, &un), fd, saved;

	if (there < 0 || (there > 0 && unlink(path) < 0))
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
