/* resolve.c - see resolve.h. */
#include "config.h"

#include "master/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"

/* So that it comes in one piece (pipe(7)). */
_Static_assert(sizeof(struct resolved) <= PIPE_BUF, "too many addresses");

static void
look_up(const char *host, uint16_t port, int flags, struct resolved *r)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | flags},
			*res = NULL;
	char service[8];

	memset(r, 0, sizeof(*r));
	bprintf(service, sizeof(service), "%u", port);
	r->error = getaddrinfo(host, service, &hints, &res);
	if (r->error != 0)
		return;
	for (struct addrinfo *ai = res; ai != NULL && r->n < RESOLVED_MAX; ai = ai->ai_next) {
		memcpy(&r->addr[r->n], ai->ai_addr, ai->ai_addrlen);
		r->len[r->n++] = ai->ai_addrlen;
	}
	freeaddrinfo(res);
}

/* A process that holds nothing of ours: who waits for the end of one of our channels does not wait for it. */
static void
become_lookup(const char *host, uint16_t port, int out)
{
	struct resolved r;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	dup2(out, STDOUT_FILENO);
#ifdef HAVE_CLOSE_RANGE
	close_range(STDERR_FILENO + 1, ~0U, 0);
#endif
	look_up(host, port, 0, &r);
	_exit(write(STDOUT_FILENO, &r, sizeof(r)) == (ssize_t)sizeof(r) ? 0 : 1);
}

static bool
came(int fd, uint64_t until)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do {
		uint64_t now = mono_ms();

		n = poll(&p, 1, until > now ? (int)(until - now) : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* NULL, or why nothing was found. */
static const char *
take_from(const char *host, uint16_t port, uint64_t until, struct resolved *r)
{
	const char *why = NULL;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return strerror(errno);
	pid = fork();
	if (pid == 0)
		become_lookup(host, port, fds[1]);
	close(fds[1]);
	if (pid < 0)
		why = strerror(errno);
	else if (!came(fds[0], until))
		why = "its name could not be looked up in time";
	else if (read(fds[0], r, sizeof(*r)) != (ssize_t)sizeof(*r))
		why = "its name could not be looked up";
	close(fds[0]);
	if (pid > 0)
		kill(pid, SIGKILL);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return why;
}

const char *
resolve(const char *host, uint16_t port, uint64_t until, struct resolved *r)
{
	const char *why;

	look_up(host, port, AI_NUMERICHOST, r);
	if (r->error == EAI_NONAME && until == 0)
		look_up(host, port, 0, r);
	else if (r->error == EAI_NONAME && (why = take_from(host, port, until, r)) != NULL)
		return why;
	return r->error != 0 ? gai_strerror(r->error) : NULL;
}
