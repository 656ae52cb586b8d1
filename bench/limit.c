/* limit.c - the least that any server could do, as the measure for the others.
 *
 * One process, one epoll, one room: each line is copied to the buffer of everybody else, and what has
 * been gathered for a client in one turn of the loop leaves in one send. It understands just enough
 * of the telnet protocol to be driven by chatload: the first line is the name, text@name is a direct
 * message, /quit ends. No rules, no checks, no order to be kept across processes, nothing to recover.
 *
 * With -F it breaks its own word every so often, to show that chatload notices. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uthash.h>

#define LIMIT_NAME 32
#define LIMIT_LINE 4096
#define LIMIT_INPUT 262144
#define LIMIT_EVENTS 1024
#define LIMIT_FAULT_EVERY 997 /* deliveries; a prime, so that it meets every sender and receiver */

enum limit_fault { FAULT_NONE, FAULT_LOSE, FAULT_DOUBLE, FAULT_SWAP };

struct peer {
	int fd;
	bool named, queued, writing, dying;
	uint32_t place; /* in the room */
	char name[LIMIT_NAME + 1];
	char *in; /* owned; an unfinished line, or NULL */
	uint32_t in_len;
	char *out; /* owned */
	uint32_t out_len, out_size, out_sent;
	UT_hash_handle hh;
};

static struct {
	int ep, listener;
	bool echo;
	enum limit_fault fault;
	uint64_t deliveries;
	struct peer *by_name;
	struct peer **room, **turn; /* members; those with something to send or to be closed */
	uint32_t members, turn_len, size, peers;
	char input[LIMIT_INPUT + LIMIT_LINE];
} limit;

static void
limit_die(const char *what)
{
	fprintf(stderr, "limit: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *
limit_grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (p == NULL)
		limit_die("memory");
	return p;
}

/* Everybody who has something waiting is visited once, at the end of the turn. */
static inline void
peer_touch(struct peer *p)
{
	if (p->queued)
		return;
	p->queued = true;
	limit.turn[limit.turn_len++] = p;
}

static inline void
peer_put(struct peer *p, const char *data, uint32_t n)
{
	if (p->out_len + n > p->out_size) {
		p->out_size = (p->out_len + n) * 2;
		p->out = limit_grow(p->out, p->out_size);
	}
	memcpy(p->out + p->out_len, data, n);
	p->out_len += n;
	peer_touch(p);
}

static void
peer_puts(struct peer *p, const char *s)
{
	peer_put(p, s, (uint32_t)strlen(s));
}

static void
peer_end(struct peer *p)
{
	p->dying = true;
	peer_touch(p);
}

/* A line that FAULT_SWAP keeps back until its receiver's next one. */
static struct {
	struct peer *to;
	uint32_t n;
	char line[LIMIT_LINE * 2];
} held;

static void
peer_free(struct peer *p)
{
	if (held.to == p)
		held.to = NULL;
	if (p->named) {
		HASH_DEL(limit.by_name, p);
		limit.room[p->place] = limit.room[--limit.members];
		limit.room[p->place]->place = p->place;
	}
	limit.peers--;
	close(p->fd);
	free(p->in);
	free(p->out);
	free(p);
}

/* One send for all of the turn. What the kernel doesn't take stays, and waits for EPOLLOUT. */
static void
peer_flush(struct peer *p)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};
	ssize_t n = 0;

	if (p->out_len > p->out_sent)
		n = send(p->fd, p->out + p->out_sent, p->out_len - p->out_sent, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		p->dying = true;
	if (n > 0)
		p->out_sent += (uint32_t)n;
	if (p->out_sent == p->out_len)
		p->out_sent = p->out_len = 0;
	if ((p->out_len > 0) == p->writing || p->dying)
		return;
	p->writing = !p->writing;
	if (p->writing)
		ev.events |= EPOLLOUT;
	epoll_ctl(limit.ep, EPOLL_CTL_MOD, p->fd, &ev);
}

/* The deliberate mistakes. False: the line is not to be delivered in the ordinary way. */
static bool
limit_mishap(struct peer *to, const char *line, uint32_t n)
{
	if (held.to == to) { /* its next line: now both, in the wrong order */
		peer_put(to, line, n);
		peer_put(to, held.line, held.n);
		held.to = NULL;
		return false;
	}
	if (++limit.deliveries % LIMIT_FAULT_EVERY != 0)
		return true;
	if (limit.fault == FAULT_LOSE)
		return false;
	if (limit.fault == FAULT_DOUBLE)
		peer_put(to, line, n);
	if (limit.fault == FAULT_SWAP && held.to == NULL && n <= sizeof(held.line)) {
		held.to = to;
		held.n = n;
		memcpy(held.line, line, n);
		return false;
	}
	return true;
}

static void
limit_say(struct peer *from, const char *text, uint32_t len)
{
	char line[LIMIT_NAME + LIMIT_LINE + 8];
	uint32_t n = (uint32_t)strlen(from->name);

	memcpy(line, from->name, n);
	line[n++] = ':';
	line[n++] = ' ';
	memcpy(line + n, text, len);
	n += len;
	line[n++] = '\r';
	line[n++] = '\n';
	for (uint32_t i = 0; i < limit.members; i++) {
		struct peer *to = limit.room[i];

		if (to == from && !limit.echo)
			continue;
		if (limit.fault != FAULT_NONE && !limit_mishap(to, line, n))
			continue;
		peer_put(to, line, n);
	}
}

/* text@name, at the last @. False: there is no @. */
static bool
limit_direct(struct peer *from, const char *text, uint32_t len)
{
	const char *at = memrchr(text, '@', len);
	struct peer *to = NULL;
	char line[LIMIT_NAME + LIMIT_LINE + 24];
	int n;

	if (at == NULL)
		return false;
	HASH_FIND(hh, limit.by_name, at + 1, (size_t)(text + len - at - 1), to);
	if (to == NULL) {
		peer_puts(from, "Couldn't send message :(\r\n");
		return true;
	}
	n = snprintf(line, sizeof(line), "%s sent you \"%.*s\"\r\n", from->name, (int)(at - text),
		     text);
	if (limit.fault == FAULT_NONE || limit_mishap(to, line, (uint32_t)n))
		peer_put(to, line, (uint32_t)n);
	return true;
}

static void
limit_login(struct peer *p, const char *line, uint32_t len)
{
	struct peer *other;

	if (len == 0 || len > LIMIT_NAME) {
		peer_puts(p, "A name has 1 to 32 characters.\r\n");
		return;
	}
	HASH_FIND(hh, limit.by_name, line, len, other);
	if (other != NULL) {
		peer_puts(p, "That name is in use.\r\n");
		return;
	}
	memcpy(p->name, line, len);
	p->name[len] = '\0';
	p->named = true;
	HASH_ADD(hh, limit.by_name, name, len, p);
	p->place = limit.members;
	limit.room[limit.members++] = p;
	peer_puts(p, "Connected to the chat room as ");
	peer_puts(p, p->name);
	peer_puts(p, "\r\n");
}

static void
limit_line(struct peer *p, const char *line, uint32_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len > LIMIT_LINE)
		len = LIMIT_LINE;
	if (!p->named) {
		limit_login(p, line, len);
	} else if (len == 5 && memcmp(line, "/quit", 5) == 0) {
		peer_puts(p, "You are now logged out\r\n");
		peer_end(p);
	} else if (len > 0 && line[0] != '/' && !limit_direct(p, line, len)) {
		limit_say(p, line, len);
	}
}

static void
peer_read(struct peer *p)
{
	char *at = limit.input, *end, *nl;
	ssize_t n;

	if (p->in_len > 0)
		memcpy(at, p->in, p->in_len);
	n = recv(p->fd, at + p->in_len, LIMIT_INPUT, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		peer_end(p);
	if (n <= 0)
		return;
	end = at + p->in_len + n;
	while (!p->dying && (nl = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		limit_line(p, at, (uint32_t)(nl - at));
		at = nl + 1;
	}
	p->in_len = (uint32_t)(end - at);
	if (p->in_len > LIMIT_LINE)
		peer_end(p);
	else if (p->in_len > 0)
		memcpy(p->in == NULL ? (p->in = limit_grow(NULL, LIMIT_LINE)) : p->in, at,
		       p->in_len);
}

static void
limit_accept(void)
{
	static const int on = 1;
	int fd;

	while ((fd = accept4(limit.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct peer *p = calloc(1, sizeof(*p));
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

		if (p == NULL || limit.peers == limit.size) {
			free(p);
			close(fd);
			continue;
		}
		limit.peers++;
		p->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (epoll_ctl(limit.ep, EPOLL_CTL_ADD, fd, &ev) < 0)
			limit_die("epoll_ctl");
		peer_puts(p, "Welcome.\r\nWhat name would you like to be called with?\r\n");
	}
}

static void
limit_serve(void)
{
	struct epoll_event ev[LIMIT_EVENTS];

	for (;;) {
		int n = epoll_wait(limit.ep, ev, LIMIT_EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct peer *p = ev[i].data.ptr;

			if (p == NULL)
				limit_accept();
			else if (ev[i].events & ~(uint32_t)EPOLLOUT)
				peer_read(p);
			else
				peer_touch(p);
		}
		for (uint32_t i = 0; i < limit.turn_len; i++) {
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): so many of them have been set */
			limit.turn[i]->queued = false;
			peer_flush(limit.turn[i]);
		}
		/* Only now: a peer may have been touched again by another one's line. */
		for (uint32_t i = 0; i < limit.turn_len; i++)
			if (limit.turn[i]->dying)
				peer_free(limit.turn[i]);
		limit.turn_len = 0;
	}
}

static void
limit_listen(const char *address, int port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct epoll_event ev = {.events = EPOLLIN};
	socklen_t len = sizeof(sin);
	static const int on = 1;

	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1) {
		fprintf(stderr, "limit: not an address: %s\n", address);
		exit(2);
	}
	limit.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (limit.listener < 0 ||
	    setsockopt(limit.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(limit.listener, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	    listen(limit.listener, 4096) < 0 ||
	    getsockname(limit.listener, (struct sockaddr *)&sin, &len) < 0)
		limit_die("listen");
	limit.ep = epoll_create1(EPOLL_CLOEXEC);
	if (limit.ep < 0 || epoll_ctl(limit.ep, EPOLL_CTL_ADD, limit.listener, &ev) < 0)
		limit_die("epoll");
	printf("port %u\n", (unsigned)ntohs(sin.sin_port));
	fflush(stdout);
}

static enum limit_fault
limit_fault_find(const char *name)
{
	static const char *const names[] = {"none", "lose", "double", "swap"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return (enum limit_fault)i;
	fprintf(stderr, "limit: no such fault: %s\n", name);
	exit(2);
}

int
main(int argc, char **argv)
{
	const char *address = "127.0.0.1";
	struct rlimit files;
	int opt, port = 0;

	while ((opt = getopt(argc, argv, "a:p:eF:")) != -1) {
		if (opt == 'a')
			address = optarg;
		else if (opt == 'p')
			port = (int)strtol(optarg, NULL, 10);
		else if (opt == 'e')
			limit.echo = true;
		else if (opt == 'F')
			limit.fault = limit_fault_find(optarg);
		else {
			fprintf(stderr,
				"usage: limit [-e] [-a address] [-p port] [-F lose|double|swap]\n");
			return 2;
		}
	}
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		limit_die("getrlimit");
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	limit.size = (uint32_t)files.rlim_cur;
	limit.room = limit_grow(NULL, limit.size * sizeof(*limit.room));
	limit.turn = limit_grow(NULL, limit.size * sizeof(*limit.turn));
	limit_listen(address, port);
	limit_serve();
	return 0;
}
