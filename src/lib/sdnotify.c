/* sdnotify.c - see sdnotify.h. */
#include "config.h"

#include "lib/sdnotify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/util.h"

static struct sockaddr_un addr;
static socklen_t addr_len;

static void
address_init(const char *path)
{
	size_t n = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || n < 2 || n >= sizeof(addr.sun_path))
		return;
	addr.sun_family = AF_UNIX;
	memcpy(addr.sun_path, path, n);
	if (path[0] == '@')
		addr.sun_path[0] = '\0'; /* an abstract address; it ends with its length */
	addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

uint64_t
sdnotify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC"),
		   *pid = getenv("WATCHDOG_PID");
	uint64_t us = 0;

	if (path != NULL)
		address_init(path);
	if (usec != NULL && (pid == NULL || strtoul(pid, NULL, 10) == (unsigned long)getpid()))
		us = strtoull(usec, NULL, 10);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return us;
}

void
sdnotify(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int fd, n;

	if (addr_len == 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || n < 0)
		return;
	/* Nobody there: that is systemd's business. */
	(void)!sendto(fd, text, MIN((size_t)n, sizeof(text) - 1), MSG_NOSIGNAL,
		      (struct sockaddr *)&addr, addr_len);
	close(fd);
}
