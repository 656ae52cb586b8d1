/* lookup.c - see lookup.h. What both threads hold is freed by the last of them. */
#include "config.h"

#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/util.h"

struct lookup {
	char *host; /* owned */
	char port[8];
	int pipe[2];
	struct addrinfo *found; /* owned until it is got */
	int err;
	atomic_int holders;
};

static void
put_back(struct lookup *l)
{
	if (atomic_fetch_sub(&l->holders, 1) > 1)
		return;
	if (l->found != NULL)
		freeaddrinfo(l->found);
	close(l->pipe[0]);
	close(l->pipe[1]);
	free(l->host);
	free(l);
}

static void *
look(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};

	l->err = getaddrinfo(l->host, l->port, &hints, &l->found);
	if (write(l->pipe[1], "", 1) < 0)
		l->err = EAI_SYSTEM;
	put_back(l);
	return NULL;
}

struct lookup *
lookup_new(const char *host, unsigned port)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	if (pipe2(l->pipe, O_CLOEXEC) != 0) {
		free(l);
		return NULL;
	}
	l->host = xstrdup(host);
	bprintf(l->port, sizeof(l->port), "%u", port);
	atomic_init(&l->holders, 2);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, look, l);
	pthread_attr_destroy(&attr);
	if (r == 0)
		return l;
	put_back(l);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the first was not the last one */
	put_back(l);
	errno = r;
	return NULL;
}

int
lookup_fd(const struct lookup *l)
{
	return l->pipe[0];
}

struct addrinfo *
lookup_get(struct lookup *l, const char **why_r)
{
	struct addrinfo *found;
	char c;

	if (read(l->pipe[0], &c, 1) != 1)
		l->err = EAI_SYSTEM;
	*why_r = gai_strerror(l->err);
	if (l->err != 0)
		return NULL;
	found = l->found;
	l->found = NULL;
	return found;
}

void
lookup_free(struct lookup *l)
{
	if (l != NULL)
		put_back(l);
}
