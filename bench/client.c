/* client.c - the connections of one generator process.
 *
 * A read goes into one big buffer for all; only an unfinished line is kept per client. The cost of a
 * line here is on the cores that are measured, so a line costs one memchr and one call. */
#include "config.h"

#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "secure.h"

#define CLIENT_INPUT 262144
#define CLIENT_LINE_MAX 65536
#define CLIENT_EVENTS 512

static void
client_die(const char *what)
{
	fprintf(stderr, "chatload: %s: %s\n", what, strerror(errno));
	exit(2);
}

void
client_set_init(struct client_set *s, struct load *ld, const struct client_ops *ops, void *arg,
		int wake)
{
	memset(s, 0, sizeof(*s));
	s->opts = ld->opts;
	s->ops = ops;
	s->arg = arg;
	s->joins = ld->opts->scenario->joins && ld->opts->room[0] != '\0';
	s->last = ld->part->last;
	s->ep = epoll_create1(EPOLL_CLOEXEC);
	s->input = malloc(CLIENT_INPUT + CLIENT_LINE_MAX);
	if (s->ep < 0 || s->input == NULL)
		client_die("epoll");
	client_watch(s, &s->wake, wake);
}

void
client_watch(struct client_set *s, struct client *slot, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = slot};

	slot->fd = fd;
	slot->state = CLIENT_WAKE;
	if (epoll_ctl(s->ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		client_die("epoll_ctl");
}

static void
client_end(struct client *c)
{
	if (c->ssl != NULL)
		secure_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
	c->fd = -1;
	c->life++;
}

void
client_abort(struct client_set *s, struct client *c)
{
	(void)s;
	client_end(c);
	c->state = CLIENT_FREE;
}

static void
client_closed(struct client_set *s, struct client *c)
{
	client_end(c);
	s->ops->closed(s, c);
	if (c->fd < 0) /* it may have been opened anew */
		c->state = CLIENT_FREE;
}

/* Short and unique, within the nine characters of old IRC. Digits only: of u1o and u10 a server may refuse one as a look-alike. */
static void
client_name(struct client *c)
{
	snprintf(c->name, sizeof(c->name), "u%u", c->id);
}

static int
client_connect(struct client_set *s, int fd)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->opts->port)};
	struct sockaddr_in from = {.sin_family = AF_INET};
	static const int on = 1;

	inet_pton(AF_INET, s->opts->address, &to.sin_addr);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (s->opts->addresses > 0 && ntohl(to.sin_addr.s_addr) >> 24 == 127) {
		from.sin_addr.s_addr =
		    htonl(0x7f000001u + (uint32_t)(s->opened % s->opts->addresses));
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
			return -1;
	}
	s->opened++;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		return -1;
	return 0;
}

/* One step of a handshake that is all there is; then what is inside is to end. */
static void
client_shake(struct client_set *s, struct client *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	if (secure_handshake(c->ssl)) {
		c->state = CLIENT_READY;
		s->ops->ready(s, c);
	} else if (errno != EAGAIN) {
		client_closed(s, c);
	} else if (secure_wants_to_write(c->ssl) != c->writing) {
		c->writing = !c->writing;
		ev.events |= c->writing ? EPOLLOUT : 0;
		epoll_ctl(s->ep, EPOLL_CTL_MOD, c->fd, &ev);
	}
}

int
client_open(struct client_set *s, struct client *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return -1;
	if (client_connect(s, c->fd) < 0 || epoll_ctl(s->ep, EPOLL_CTL_ADD, c->fd, &ev) < 0) {
		int e = errno;

		close(c->fd);
		errno = e;
		return -1;
	}
	client_name(c);
	c->writing = c->framed = false;
	c->in_len = c->out_len = c->out_sent = 0;
	c->since = load_now();
	c->ssl = s->opts->tls ? secure_new(c->fd) : NULL;
	if (s->opts->scenario->handshakes) {
		c->state = CLIENT_HANDSHAKE;
		c->writing = true;
		ev.events |= EPOLLOUT;
		epoll_ctl(s->ep, EPOLL_CTL_MOD, c->fd, &ev); /* begins when it is connected */
		return 0;
	}
	if (s->opts->tongue->upgrade != NULL) {
		c->state = CLIENT_UPGRADE;
		client_queue(c, s->opts->tongue->upgrade, c->name, s->opts->room, NULL);
	} else {
		c->state = CLIENT_LOGIN;
		client_queue(c, s->opts->tongue->login, c->name, s->opts->room, NULL);
	}
	client_flush(s, c);
	return 0;
}

/* The n bytes of a line as a text frame, masked (RFC 6455, 5.3) as a browser does it. Returns the length. */
static size_t
client_frame(char *out, const char *line, size_t n)
{
	static uint32_t mask = 0x9e3779b9;
	size_t head = n < 126 ? 2 : 4;

	out[0] = (char)0x81;
	out[1] = (char)(0x80 | (n < 126 ? n : 126));
	if (n >= 126) {
		out[2] = (char)(n >> 8);
		out[3] = (char)n;
	}
	mask ^= mask << 13;
	mask ^= mask >> 17;
	mask ^= mask << 5;
	memcpy(out + head, &mask, 4);
	head += 4;
	for (size_t i = 0; i < n; i++)
		out[head + i] = line[i] ^ out[head - 4 + i % 4];
	return head + n;
}

/* Each of the lines at p as a frame. */
static size_t
client_frames(char *out, const char *p, size_t n)
{
	const char *end = p + n, *nl;
	char *o = out;

	for (; p < end && (nl = memchr(p, '\r', (size_t)(end - p))) != NULL; p = nl + 2)
		o += client_frame(o, p, (size_t)(nl - p));
	return (size_t)(o - out);
}

void
client_queue(struct client *c, const char *template, const char *name, const char *room,
	     const char *text)
{
	static char lines[CLIENT_LINE_MAX];
	size_t need = strlen(template) + 4 * (text != NULL ? strlen(text) : 0) + 128, n;

	if (c->out_len + need > c->out_size) {
		c->out_size = (uint32_t)(c->out_len + need) * 2;
		c->out = realloc(c->out, c->out_size);
		if (c->out == NULL)
			client_die("memory");
	}
	if (c->framed) {
		n = tongue_expand(lines, sizeof(lines), template, name, room, text);
		c->out_len += (uint32_t)client_frames(c->out + c->out_len, lines, n);
		return;
	}
	c->out_len +=
	    (uint32_t)tongue_expand(c->out + c->out_len, need, template, name, room, text);
}

static ssize_t
client_send(struct client *c, const char *p, size_t n)
{
	return c->ssl != NULL ? secure_send(c->ssl, p, n) : send(c->fd, p, n, MSG_NOSIGNAL);
}

static ssize_t
client_recv(struct client *c, char *p, size_t cap)
{
	return c->ssl != NULL ? secure_recv(c->ssl, p, cap) : recv(c->fd, p, cap, 0);
}

void
client_flush(struct client_set *s, struct client *c)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	ssize_t n;

	if (c->out_len > c->out_sent) {
		n = client_send(c, c->out + c->out_sent, c->out_len - c->out_sent);
		if (n > 0)
			c->out_sent += (uint32_t)n; /* an error is seen by the next read */
	}
	if (c->out_sent == c->out_len)
		c->out_sent = c->out_len = 0;
	if ((c->out_len > 0 && (c->ssl == NULL || secure_wants_to_write(c->ssl))) == c->writing)
		return;
	c->writing = !c->writing;
	if (c->writing)
		ev.events |= EPOLLOUT;
	epoll_ctl(s->ep, EPOLL_CTL_MOD, c->fd, &ev);
}

void
client_quit(struct client_set *s, struct client *c)
{
	c->state = CLIENT_QUIT;
	if (s->opts->scenario->handshakes) {
		secure_end(c->ssl);
		shutdown(c->fd, SHUT_WR);
		return;
	}
	client_queue(c, s->opts->tongue->quit, c->name, s->opts->room, NULL);
	client_flush(s, c);
}

void
client_aside(struct client_set *s, struct client *c, const char *line, size_t len)
{
	const struct tongue *t = s->opts->tongue;
	size_t n = t->ask != NULL ? strlen(t->ask) : 0;
	char rest[512];

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (n > 0 && len > n && len - n < sizeof(rest) && memcmp(line, t->ask, n) == 0) {
		memcpy(rest, line + n, len - n);
		rest[len - n] = '\0';
		client_queue(c, t->ask_answer, c->name, s->opts->room, rest);
		client_flush(s, c);
		return;
	}
	if (len > LOAD_LAST - 1)
		len = LOAD_LAST - 1;
	memcpy(s->last, line, len);
	s->last[len] = '\0';
}

static bool
client_holds(const char *line, size_t len, const char *what)
{
	return memmem(line, len, what, strlen(what)) != NULL;
}

/* A line on the way in: name, then room. */
static void
client_login(struct client_set *s, struct client *c, const char *line, size_t len)
{
	const struct tongue *t = s->opts->tongue;

	client_aside(s, c, line, len);
	if (c->state == CLIENT_LOGIN && client_holds(line, len, t->login_ok)) {
		if (s->joins) {
			c->state = CLIENT_JOIN;
			client_queue(c, t->join, c->name, s->opts->room, NULL);
			client_flush(s, c);
			return;
		}
	} else if (c->state == CLIENT_LOGIN && client_holds(line, len, t->refused)) {
		client_closed(s, c);
		return;
	} else if (c->state != CLIENT_JOIN || !client_holds(line, len, t->join_ok)) {
		return;
	}
	c->state = CLIENT_READY;
	s->ops->ready(s, c);
}

static void
client_keep(struct client *c, const char *rest, size_t len)
{
	if (len > CLIENT_LINE_MAX) {
		fprintf(stderr, "chatload: a line of more than %u bytes\n", CLIENT_LINE_MAX);
		exit(2);
	}
	if (len > c->in_size) {
		free(c->in);
		c->in_size = (uint32_t)(len + 255) & ~255u;
		c->in = malloc(c->in_size);
		if (c->in == NULL)
			client_die("memory");
	}
	if (len > 0)
		memcpy(c->in, rest, len);
	c->in_len = (uint32_t)len;
}

/* Frames from now on, if the answer to the upgrade says so. Returns what comes behind it; NULL: it is not whole, or another
 * answer. */
static char *
client_upgraded(struct client_set *s, struct client *c, char *at, char *end)
{
	static const char status[] = "HTTP/1.1 101 ", blank[] = "\r\n\r\n";
	char *p = memmem(at, (size_t)(end - at), blank, 4);

	if (p == NULL)
		return NULL;
	if (memcmp(at, status, sizeof(status) - 1) != 0) {
		client_aside(s, c, at, (size_t)(p - at));
		client_closed(s, c);
		return NULL;
	}
	c->framed = true;
	c->state = CLIENT_LOGIN;
	client_queue(c, s->opts->tongue->login, c->name, s->opts->room, NULL);
	client_flush(s, c);
	return p + 4;
}

/* The next line between at and end: *line_r and *len_r. Returns what comes behind it; NULL: it is not whole. */
static inline char *
client_next(const struct client *c, char *at, char *end, char **line_r, size_t *len_r)
{
	const unsigned char *u = (const unsigned char *)at;
	size_t have = (size_t)(end - at), head, n;
	char *nl;

	*line_r = at;
	if (!c->framed) {
		nl = memchr(at, '\n', have);
		if (nl == NULL)
			return NULL;
		*len_r = (size_t)(nl - at);
		return nl + 1;
	}
	if (have < 2)
		return NULL;
	head = u[1] < 126 ? 2 : u[1] == 126 ? 4 : 10;
	if (have < head)
		return NULL;
	n = u[1];
	if (head > 2) {
		n = 0;
		for (size_t i = 2; i < head; i++)
			n = n << 8 | u[i];
	}
	if (have - head < n)
		return NULL;
	*line_r = at + head;
	*len_r = n;
	return at + head + n;
}

/* False: nothing is left that could be read now. */
static bool
client_read_once(struct client_set *s, struct client *c)
{
	char *at = s->input, *end, *line, *next;
	size_t len;
	uint32_t life = c->life;
	ssize_t n;

	if (c->in_len > 0)
		memcpy(at, c->in, c->in_len);
	n = client_recv(c, at + c->in_len, CLIENT_INPUT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		client_closed(s, c);
		return false;
	}
	if (s->timed)
		s->now = load_now();
	end = at + c->in_len + n;
	if (c->state == CLIENT_UPGRADE) {
		next = client_upgraded(s, c, at, end);
		if (c->life != life)
			return false;
		if (next == NULL) {
			client_keep(c, at, (size_t)(end - at));
			return true;
		}
		at = next;
	}
	while ((next = client_next(c, at, end, &line, &len)) != NULL) {
		if (c->state == CLIENT_READY)
			s->ops->line(s, c, line, len);
		else if (c->state != CLIENT_QUIT)
			client_login(s, c, line, len);
		if (c->life != life)
			return false;
		at = next;
	}
	client_keep(c, at, (size_t)(end - at));
	return true;
}

static void
client_read(struct client_set *s, struct client *c)
{
	/* what TLS has taken from the socket already, no event tells of */
	while (client_read_once(s, c) && c->ssl != NULL && secure_holds(c->ssl))
		;
	if (c->fd >= 0 && c->ssl != NULL && c->out_len > 0)
		client_flush(s, c); /* it may have waited for the handshake */
}

void
client_turn(struct client_set *s, int timeout)
{
	struct epoll_event ev[CLIENT_EVENTS];
	int n = epoll_wait(s->ep, ev, CLIENT_EVENTS, timeout);
	uint64_t ticks;

	for (int i = 0; i < n; i++) {
		struct client *c = ev[i].data.ptr;

		if (c->state == CLIENT_WAKE) {
			if (read(c->fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
				client_die("read");
			continue;
		}
		if (c->state == CLIENT_HANDSHAKE) {
			client_shake(s, c);
			continue;
		}
		if (ev[i].events & EPOLLOUT)
			client_flush(s, c);
		if (c->fd >= 0 && ev[i].events & ~(uint32_t)EPOLLOUT)
			client_read(s, c);
	}
}
