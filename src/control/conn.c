/* conn.c - the admin socket: accepting, reading lines, writing records, deadlines. See conn.h.
 *
 * Whatever a client does costs that client its connection at most. Too many connections, from
 * one uid or altogether, are told so and closed.
 */
#include "config.h"

#include "control/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/control.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"

#define CONNS_MAX 64
#define CONNS_PER_UID 24
#define CONNS_RESERVED 16 /* of CONNS_MAX, for level admin: nobody else can lock it out */
#define REST_MS 30000 /* an unfinished line */
#define IDLE_MS 300000 /* between requests */
#define ANSWER_MS 10000 /* of broker and master */
#define LONG_MS 600000 /* of the store, about all it has */
#define READER_MS 60000 /* a client that takes nothing of what is ready for it */
#define SKIP_MAX 1048576 /* what is read of a line that is too long, so that its sender can stop */

struct conn *conns;
static struct loop_io listener;
static unsigned nconns;
static int spare_fd = -1; /* given up to accept and refuse when no descriptor is left */

static conn_fn *const handlers[CTL_CMDS] = {
#define CTL_CMD(id, ...) cmd_##id,
#include "ipc/ctl_cmds.def"
};

static void
conn_free(struct conn *c)
{
	struct conn **p = &conns;

	conn_end(c, "the client went away before the answer");
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	nconns--;
	loop_del(proc.loop, &c->io);
	loop_timer_stop(proc.loop, &c->timer);
	close(c->fd);
	buf_fini(&c->out);
	log_trace(control, "connection of uid %u closed", (unsigned)c->peer.uid);
	free(c);
}

/* --- requests ------------------------------------------------------------------------------- */

static void
carry_out(struct conn *c)
{
	unsigned level = access_level(&c->peer);

	if (level < c->req.cmd->level) {
		conn_fail(c, CTL_PERMISSION, "%s is for level %s, yours is %s", c->req.cmd->name,
			  ctl_level_name(c->req.cmd->level), ctl_level_name(level));
		return;
	}
	if (!writer_can(c->req.format)) {
		conn_fail(c, CTL_REFUSED, "JSON is not in this build");
		return;
	}
	c->w.format = c->req.format;
	/* A stream has no end at which an array could be closed. */
	if ((c->req.cmd->flags & CTL_STREAM) && c->w.format == CTL_JSON)
		c->w.format = CTL_JSONL;
	handlers[c->req.id](c);
}

static void
dispatch(struct conn *c, size_t n)
{
	const char *why = NULL;
	char text[600];
	int words = ctl_split(c->words, n, &why);

	if (words == 0)
		return; /* an empty line asks nothing */
	c->req = (struct ctl_req){.cmd = &ctl_cmds[CTL_CMD_help]};
	c->busy = true;
	writer_init(&c->w, CTL_TABLE);
	if (words < 0) {
		conn_fail(c, CTL_BAD, "%s", why);
		return;
	}
	if (ctl_parse(c->words, (unsigned)words, false, &c->req, text, sizeof(text)) != 0) {
		c->req.cmd = &ctl_cmds[CTL_CMD_help];
		conn_fail(c, CTL_BAD, "%s", text);
		return;
	}
	log_trace(control, "uid %u pid %d: %s", (unsigned)c->peer.uid, (int)c->peer.pid,
		  c->req.cmd->name);
	c->wants_secret = (c->req.cmd->flags & CTL_SECRET) != 0;
	if (!c->wants_secret)
		carry_out(c);
}

/* The line is not to stay in memory. */
static void
take_secret(struct conn *c, char *line, ssize_t n)
{
	bool fits = n >= 0 && n <= PASSWORD_MAX;

	explicit_bzero(c->in + c->in_len, sizeof(c->in) - c->in_len);
	c->wants_secret = false;
	if (fits)
		memcpy(c->secret, line, (size_t)n + 1);
	explicit_bzero(line, (size_t)MAX(n, 0));
	if (fits)
		carry_out(c);
	else if (n < 0)
		conn_fail(c, CTL_BAD, "the password is missing");
	else
		conn_fail(c, CTL_BAD, "a password has at most %d bytes", PASSWORD_MAX);
}

/* The next line of the input to out, terminated; its length, or -1 when there is none yet. */
static ssize_t
take_line(struct conn *c, char *out)
{
	char *nl = memchr(c->in, '\n', c->in_len);
	size_t n = nl != NULL ? (size_t)(nl - c->in) : c->in_len, used = nl != NULL ? n + 1 : n;

	if (nl == NULL && (!c->eof || n == 0 || n > CTL_LINE_MAX))
		return -1;
	memcpy(out, c->in, n);
	memmove(c->in, c->in + used, c->in_len - used);
	c->in_len -= used;
	if (n > 0 && out[n - 1] == '\r')
		n--;
	out[n] = '\0';
	return (ssize_t)n;
}

/* A line has no end within the limit: say so, then only wait for its sender to stop. */
static void
refuse_long(struct conn *c)
{
	conn_end(c, "ended by a line that was too long");
	writer_init(&c->w, CTL_TABLE);
	c->busy = true;
	c->req = (struct ctl_req){.cmd = &ctl_cmds[CTL_CMD_help]};
	conn_fail(c, CTL_BAD, "a request has at most %d bytes", CTL_LINE_MAX);
	c->too_long = true;
	c->slot = 0;
	c->in_len = 0;
}

static void
stream_line(struct conn *c)
{
	static char line[CTL_LINE_MAX + 1]; /* not c->words: the request's arguments are there */
	ssize_t n;

	if (c->serial != 0) /* the line before is still on its way: this one waits */
		return;
	n = take_line(c, line);
	if (n >= 0 && c->line != NULL) {
		c->line(c, line, (size_t)n);
		return;
	}
	if (n >= 0 || c->eof)
		conn_done(c);
}

/* As much as can be done now; at most one step of a long answer, so that others get their turn. */
static void
work(struct conn *c)
{
	bool stepped = false;

	while (!c->dead && !c->too_long) {
		size_t before = c->in_len;
		ssize_t n;

		if (c->in_len == sizeof(c->in) && memchr(c->in, '\n', c->in_len) == NULL) {
			refuse_long(c);
			return;
		}
		if (c->busy && c->step != NULL) {
			if (stepped || c->out.len >= OUT_HIGH)
				return;
			stepped = true;
			c->step(c);
			continue;
		}
		if (c->busy && c->wants_secret) {
			static char line[CTL_LINE_MAX + 1];

			n = take_line(c, line);
			if (n < 0 && !c->eof)
				return;
			take_secret(c, line, n);
			continue;
		}
		if (c->busy) {
			if (!(c->req.cmd->flags & CTL_STREAM))
				return;
			stream_line(c);
			if (c->busy && c->in_len == before)
				return;
			continue;
		}
		if (c->out.len >= OUT_HIGH)
			return;
		n = take_line(c, c->words);
		if (n < 0)
			return;
		dispatch(c, (size_t)n);
	}
}

/* --- deadlines ------------------------------------------------------------------------------ */

static void
expired(void *arg)
{
	struct conn *c = arg;

	switch (c->wait) {
	case WAIT_ANSWER:
	case WAIT_LONG:
		/* What was asked may still be carried out: nobody can take it back. */
		conn_fail(c, CTL_TIMEOUT, "no answer from the %s in %d s",
			  c->mid != 0      ? "master"
			  : c->ticket != 0 ? "store"
					   : "broker",
			  (c->wait == WAIT_LONG ? LONG_MS : ANSWER_MS) / 1000);
		break;
	case WAIT_REST:
	case WAIT_READER:
	case WAIT_LINE:
	case WAIT_NOTHING:
	case WAIT_ANEW:
		c->dead = true;
		break;
	}
	conn_pump(c);
}

static void
set_deadline(struct conn *c)
{
	static const uint64_t ms[] = {
	    [WAIT_LINE] = IDLE_MS, [WAIT_REST] = REST_MS,     [WAIT_ANSWER] = ANSWER_MS,
	    [WAIT_LONG] = LONG_MS, [WAIT_READER] = READER_MS,
	};
	enum conn_wait wait;
	bool slow = c->busy && (c->req.cmd->flags & CTL_SLOW);

	if (c->out.len > 0)
		wait = WAIT_READER;
	else if (c->busy)
		wait = c->wants_secret                                   ? WAIT_REST
		       : c->ticket != 0 && slow                          ? WAIT_LONG
		       : c->serial != 0 || c->mid != 0 || c->ticket != 0 ? WAIT_ANSWER
									 : WAIT_NOTHING;
	else
		wait = c->in_len > 0 || c->too_long ? WAIT_REST : WAIT_LINE;
	if (wait == c->wait)
		return;
	c->wait = wait;
	if (wait == WAIT_NOTHING)
		loop_timer_stop(proc.loop, &c->timer);
	else
		loop_timer_start(proc.loop, &c->timer, ms[wait], expired, c);
}

void
conn_pump(struct conn *c)
{
	size_t before;
	unsigned events = 0;

	work(c);
	before = c->out.len;
	if (!c->dead && buf_flush(&c->out, c->fd) < 0)
		c->dead = true;
	if (c->out.len < before)
		c->wait = WAIT_ANEW; /* progress: the reader's time begins anew */
	if (c->eof && !c->busy && c->out.len == 0)
		c->dead = true;
	if (c->too_long && c->out.len == 0)
		(void)shutdown(c->fd, SHUT_WR); /* the client reads the refusal and its end */
	if (c->dead) {
		conn_free(c);
		return;
	}
	if (!c->eof && c->in_len < sizeof(c->in))
		events |= EPOLLIN;
	if (c->out.len > 0 || (c->busy && c->step != NULL))
		events |= EPOLLOUT;
	loop_mod(proc.loop, &c->io, events);
	set_deadline(c);
}

static void
ready(int fd, unsigned what, void *arg)
{
	struct conn *c = arg;
	ssize_t r = -1;

	if (!c->eof && c->in_len < sizeof(c->in)) {
		r = recv(fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);
		if (r == 0)
			c->eof = true;
		else if (r < 0)
			c->dead = errno != EAGAIN && errno != EINTR;
		else if (c->too_long)
			c->dead = (c->slot += (uint32_t)r) > SKIP_MAX;
		else
			c->in_len += (size_t)r;
	}
	/* Nobody reads any more: what a request is about to say would go nowhere. What came before
	 * the end is still carried out. */
	if ((what & (EPOLLHUP | EPOLLERR)) && r <= 0)
		c->dead = true;
	conn_pump(c);
}

/* --- accepting ------------------------------------------------------------------------------ */

static void
turn_away(int fd, unsigned code, const char *why)
{
	char s[160];
	size_t n = bprintf(s, sizeof(s), "%u %zu\n%s\n", code, strlen(why), why);

	(void)!send(fd, s, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static unsigned
count_uid(uid_t uid)
{
	unsigned n = 0;

	for (const struct conn *c = conns; c != NULL; c = c->next)
		n += c->peer.uid == uid;
	return n;
}

static void
admit(int fd)
{
	struct conn *c;
	struct peer peer;
	unsigned level;

	if (access_peer(fd, &peer) < 0) {
		log_warn("admin socket: cannot learn who connected: %m");
		close(fd);
		return;
	}
	level = access_level(&peer);
	if (level == LEVEL_NONE) {
		log_notice("uid %u pid %d: refused at the admin socket", (unsigned)peer.uid,
			   (int)peer.pid);
		turn_away(fd, CTL_PERMISSION, "you are not in control.admin, operate or read");
		return;
	}
	if (nconns >= CONNS_MAX - (level < LEVEL_ADMIN ? CONNS_RESERVED : 0) ||
	    count_uid(peer.uid) >= CONNS_PER_UID) {
		turn_away(fd, CTL_UNAVAILABLE, "too many connections to the admin socket");
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->fd = fd;
	c->peer = peer;
	c->wait = WAIT_ANEW;
	if (loop_add(proc.loop, &c->io, fd, EPOLLIN, ready, c) < 0) {
		close(fd);
		free(c);
		return;
	}
	c->next = conns;
	conns = c;
	nconns++;
	log_trace(control, "connection of uid %u pid %d, level %s", (unsigned)peer.uid,
		  (int)peer.pid, ctl_level_name(level));
	set_deadline(c);
}

static void
incoming(int fd, unsigned what, void *arg)
{
	(void)what;
	(void)arg;
	for (unsigned i = 0; i < CONNS_MAX; i++) {
		int s = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (s >= 0) {
			admit(s);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE) {
			/* Take it with the spare descriptor and close it, or it would wake us for ever. */
			close(spare_fd);
			s = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (s >= 0)
				turn_away(s, CTL_UNAVAILABLE, "no descriptor left");
			spare_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
			continue;
		}
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

void
conn_listen(int fd)
{
	if (spare_fd < 0)
		spare_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd_nonblock(fd) < 0 || loop_add(proc.loop, &listener, fd, EPOLLIN, incoming, NULL) < 0)
		fatal("admin socket: %m");
}

void
conn_close_all(void)
{
	while (conns != NULL) {
		struct conn *c = conns;

		if (c->busy)
			conn_fail(c, CTL_UNAVAILABLE, "the daemon stops");
		(void)buf_flush(&c->out, c->fd);
		conn_free(c);
	}
}
