/* daemon.c - see daemon.h. An init script may take our exit status for the truth: 0 means that
 * clients are served. */
#include "config.h"

#include "master/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"

static int ready_fd = -1;

static void
wait_for_daemon(int fd)
{
	char ok;
	ssize_t n;

	do
		n = read(fd, &ok, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? 0 : 1);
}

void
daemon_leave(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		fatal("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		fatal("fork: %s", strerror(errno));
	if (pid > 0) {
		close(fds[1]);
		wait_for_daemon(fds[0]);
	}
	close(fds[0]);
	ready_fd = fds[1];
	setsid();
	/* once more, so that no terminal can become ours */
	pid = fork();
	if (pid < 0)
		fatal("fork: %s", strerror(errno));
	if (pid > 0)
		_exit(0);
	if (chdir("/") < 0)
		fatal("chdir: %s", strerror(errno));
}

void
daemon_ready(void)
{
	int null;

	if (ready_fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	(void)!write(ready_fd, "", 1);
	close(ready_fd);
	ready_fd = -1;
}
