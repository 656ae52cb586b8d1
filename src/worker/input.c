/* input.c - see input.h.
 *
 * Reading is level-triggered, one bounded read per client and turn into one buffer for all; what
 * cannot be parsed yet is kept with the connection, and the kernel keeps the rest. A client that
 * must wait is not unwatched at once but when it next becomes ready, which mostly never happens.
 */
#include "config.h"

#include "worker/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ipc/proc.h"
#include "ipc/sublink.h"
#include "lib/util.h"
#include "worker/backlog.h"
#include "worker/outq.h"
#include "worker/query.h"
#include "worker/irc/irc.h"
#include "worker/secret.h"
#include "worker/share.h"
#include "worker/tongue.h"
#include "worker/websock.h"
#include "worker/worker.h"

#define READ_MAX (16u << 10)
#define TOKEN 1000
#define LINE_LONG 1024 /* bytes of a line, tags included, that cost as much as another one */
#define TURN_MS 50 /* so long those that go on may take in one turn, which others wait for */
#define FLOOD_S 60 /* so long behind line_rate without a pause is not a burst */

static struct {
	struct conn_list resume, held;
	struct due_list tokens;
	/* what is kept from before (the beginning of a line; with WebSocket, that of a frame), and one read behind it */
	unsigned char buf[2 * LINE_BYTES_IRC + 2 * READ_MAX + 16];
} input;

/* --- flood control ------------------------------------------------------------------ */

/* Until one line's worth of tokens has come back. */
static uint64_t
token_ms(void)
{
	return proc.opt.line_rate == 0 ? 1 : MAX(1u, 1000 / proc.opt.line_rate);
}

static void
token_fire(struct due *d)
{
	conn_resume((struct conn *)((char *)d - offsetof(struct conn, tok_due)));
}

static int32_t
token_cap(void)
{
	uint64_t burst = proc.opt.line_burst ? proc.opt.line_burst : proc.opt.line_rate;

	return (int32_t)MIN(burst, 1000000u) * TOKEN;
}

/* May one more line of this client be taken? If not, it is looked at again in time. */
static bool
tokens_ok(struct conn *c)
{
	uint32_t now = (uint32_t)loop_now(worker.loop), now_s;
	uint64_t more;

	if (proc.opt.line_rate == 0 || c->flags & CONN_EXEMPT)
		return true;
	more = (uint64_t)(now - c->tok_ms) * proc.opt.line_rate * TOKEN / 1000;
	if (more > 0) {
		c->tokens = (int32_t)MIN((int64_t)token_cap(), c->tokens + (int64_t)more);
		c->tok_ms = now;
	}
	if (c->tokens >= TOKEN && share_turn(c))
		return true;
	if (due_waits(&c->tok_due))
		return false;
	due_add(&input.tokens, &c->tok_due);
	count(CTR_throttled_total);
	if (c->tokens >= TOKEN)
		return false; /* others of its address or account hold it up, it may have said one line */
	now_s = (uint32_t)(loop_now(worker.loop) / 1000);
	if (c->behind_s == 0)
		c->behind_s = now_s;
	else if (now_s - c->behind_s > FLOOD_S)
		conn_drop(c, CTR_dropped_flood, "too many lines for too long");
	return false;
}

void
input_again(struct conn *c)
{
	if (!due_waits(&c->tok_due))
		due_add(&input.tokens, &c->tok_due);
}

void
conn_charge(struct conn *c, unsigned n)
{
	if (proc.opt.line_rate == 0 || c->flags & CONN_EXEMPT)
		return;
	if (c->tokens > -100 * TOKEN)
		c->tokens -= (int32_t)(n * TOKEN);
	share_charge(c, n);
}

/* What tokens_ok has let through has been taken. */
static void
charge_line(struct conn *c)
{
	if (proc.opt.line_rate != 0 && !(c->flags & CONN_EXEMPT))
		c->tokens -= TOKEN; /* an exempt one's would never come back */
	share_took(c);
}

/* --- reading ------------------------------------------------------------------------ */

/* May a line of this client be parsed now? */
static bool
may_parse(struct conn *c)
{
	if (c->flags & (CONN_ENDED | CONN_BARRIER | CONN_LEAVING) || worker.draining)
		return false;
	if (sublink_full(worker.link)) {
		if (!(c->flags & CONN_HELD)) {
			c->flags |= CONN_HELD;
			conn_list_add(&input.held, c);
		}
		return false;
	}
	return tokens_ok(c);
}

/* It does not read its answers: no more are made until it does. */
static bool
must_read_first(struct conn *c)
{
	if (!outq_busy(c))
		return false;
	if (c->back == NULL)
		conn_resume(c); /* the socket may take it all at the end of this turn */
	return true;
}

static void
drop_input(struct conn *c, const char *why)
{
	tell(c, "%s", why);
	count(CTR_dropped_input);
	conn_end(c, why, false);
}

/* False: it has to wait. */
static bool
line_too_long(struct conn *c, char *p, size_t n)
{
	if (c->state != CONN_NAMING && n <= LINE_SKIP_MAX)
		return tongue_of(c)->too_long(c, p, n);
	count(CTR_lines_refused_total);
	drop_input(c, "line too long");
	return true;
}

static ptrdiff_t
line_max(const struct conn *c)
{
	return c->irc != NULL ? LINE_BYTES_IRC : LINE_BYTES_MAX;
}

/* The end of the line at p: LF; with IRC a CR too, alone or before it. NULL: not there yet. */
static char *
line_end(const struct conn *c, char *p, char *end)
{
	char *nl = memchr(p, '\n', (size_t)(end - p)), *cr;

	if (c->irc == NULL)
		return nl;
	cr = memchr(p, '\r', (size_t)((nl != NULL ? nl : end) - p));
	return cr != NULL ? cr : nl;
}

/* The rest of a line that was too long, whose end is at nl (NULL: not there yet). Returns what comes behind it. */
static char *
skip(struct conn *c, char *p, char *nl, char *end)
{
	c->skipped += (uint32_t)((nl != NULL ? nl : end) - p);
	if (c->skipped > LINE_SKIP_MAX)
		drop_input(c, "line too long");
	if (nl == NULL)
		return end;
	c->flags &= ~(unsigned)CONN_SKIP;
	return nl + 1;
}

/* One line of n bytes, or as much as has come of one that is too long. False: it has to wait. */
static bool
take_line(struct conn *c, char *p, size_t n)
{
	bool taken;

	if (n == 0 && c->irc != NULL) {
		/* nothing is between CR and LF; another empty line costs what a line does, or they would be read as fast as they come */
		if (p == (char *)input.buf || p[-1] != '\r' || *p != '\n')
			charge_line(c);
		return true;
	}
	if ((ptrdiff_t)n > line_max(c))
		taken = line_too_long(c, p, n);
	else
		taken = tongue_of(c)->line(c, p, n);
	if (taken) {
		charge_line(c);
		if (n >= LINE_LONG)
			conn_charge(c, (unsigned)(n / LINE_LONG));
	}
	return taken;
}

/* Keep what could not be parsed; p may be c->in's own copy in input.buf, never c->in itself. */
static void
keep_input(struct conn *c, const char *p, size_t n)
{
	if (c->in != NULL)
		explicit_bzero(c->in, c->in_len); /* passwords wait here, too */
	if (n == 0) {
		free(c->in);
		c->in = NULL;
	} else {
		if (c->in == NULL || c->in_len != n)
			c->in = xrealloc(c->in, n);
		memcpy(c->in, p, n);
	}
	c->in_len = (uint32_t)n;
}

/* Parse n bytes in input.buf. Behind them may stand the beginning of a frame, which is kept with what could not be parsed. */
static void
feed(struct conn *c, size_t n)
{
	char *p = (char *)input.buf, *end = p + n, *nl;
	size_t len;

	c->flags &= ~(unsigned)CONN_LINES;
	while (p < end && !(c->flags & CONN_ENDED)) {
		nl = line_end(c, p, end);
		if (c->flags & CONN_SKIP) {
			p = skip(c, p, nl, end);
			continue;
		}
		if (nl == NULL && end - p <= line_max(c))
			break;
		len = (size_t)((nl != NULL ? nl : end) - p);
		if (!may_parse(c) || must_read_first(c) || !take_line(c, p, len)) {
			c->flags |= CONN_LINES;
			break;
		}
		if (nl == NULL) {
			c->flags |= CONN_SKIP;
			c->skipped = 0;
		} else {
			p = nl + 1;
			/* with its line: kept, it would be an empty one when this goes on */
			if (*nl == '\r' && p < end && *p == '\n')
				p++;
		}
		outq_relieve();
	}
	if (c->flags & CONN_ENDED)
		return;
	keep_input(c, p, (size_t)(end - p) + websock_rest(c));
	if (!(c->flags & (CONN_LINES | CONN_MORE)))
		c->behind_s = 0;
}

/* The end of what it sends: a line without an end is a line. Returns the bytes in input.buf. */
static size_t
input_ended(struct conn *c, size_t n)
{
	c->flags |= CONN_EOF;
	if (c->protocol == PROTO_WEB)
		return websock_whole(c, input.buf, n - c->ws.rest);
	if (n > 0 && input.buf[n - 1] != '\n' && n < sizeof(input.buf))
		input.buf[n++] = '\n';
	return n;
}

static void
unwatch_input(struct conn *c, unsigned what)
{
	loop_mod(worker.loop, &c->io, c->io.events & ~what);
}

static void
settle(struct conn *c)
{
	if (c->flags & CONN_EOF && !(c->flags & (CONN_ENDED | CONN_LEAVING | CONN_BARRIER)) &&
	    c->in_len == 0 && c->pending == 0)
		conn_end(c, "", false);
	else if (c->flags & CONN_EOF && !(c->flags & CONN_HUNG_UP))
		unwatch_input(c, EPOLLIN | EPOLLRDHUP);
}

/* Decode n new bytes behind the `kept` ones in input.buf. What there is to parse, or -1: ended. */
static ssize_t
decode(struct conn *c, size_t kept, size_t n)
{
	static struct telnet_reply reply;
	const char *why;
	uint32_t now_s = (uint32_t)(loop_now(worker.loop) / 1000);
	ssize_t d;

	if (c->irc != NULL) {
		irc_heard(c);
		if (c->protocol != PROTO_WEB)
			return (ssize_t)(kept + n);
		d = websock_decode(c, input.buf, kept, n, &why);
		if (d < 0)
			drop_input(c, why);
		return d;
	}
	if (c->tn->spent > 0)
		telnet_relax(c->tn, now_s - c->seen_s);
	c->seen_s = now_s;
	d = telnet_decode(c->tn, input.buf + kept, n, &reply);
	if (d < 0) {
		drop_input(c, "telnet protocol error");
		return -1;
	}
	if (reply.len > 0)
		outq_copy(c, reply.buf, reply.len);
	if (c->secret != NULL)
		secret_heard(c);
	return (ssize_t)kept + d;
}

/* One read. False: there was nothing (more) to read. */
static bool
conn_read(struct conn *c)
{
	size_t kept = c->in_len;
	ssize_t n = recv(c->io.fd, input.buf + kept, READ_MAX, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (kept > 0)
		memcpy(input.buf, c->in, kept);
	if (n <= 0) {
		feed(c, input_ended(c, kept));
	} else {
		count_add(CTR_bytes_in_total, (uint64_t)n);
		c->flags = n == READ_MAX ? c->flags | CONN_MORE : c->flags & ~(unsigned)CONN_MORE;
		n = decode(c, kept, (size_t)n);
		if (n < 0)
			return false;
		feed(c, (size_t)n);
	}
	settle(c);
	return !(c->flags & (CONN_EOF | CONN_ENDED));
}

void
input_early(struct conn *c, struct str bytes)
{
	ssize_t n;

	if (bytes.n == 0)
		return;
	CHECK(bytes.n <= READ_MAX);
	memcpy(input.buf, bytes.p, bytes.n);
	n = decode(c, 0, bytes.n);
	if (n < 0)
		return;
	feed(c, (size_t)n);
	settle(c);
}

/* A connection that has nothing more to say to us, but may still send. */
static void
linger_read(struct conn *c, unsigned what)
{
	ssize_t n;

	if (what & EPOLLOUT) { /* its backlog has just left */
		shutdown(c->io.fd, SHUT_WR);
		loop_mod(worker.loop, &c->io, EPOLLIN);
	}
	n = recv(c->io.fd, input.buf, READ_MAX, MSG_DONTWAIT);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	conn_forget(c);
}

static bool
stopped(struct conn *c)
{
	return c->flags & (CONN_LINES | CONN_EOF) || !may_parse(c);
}

void
input_event(int fd, unsigned what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	if (what & EPOLLOUT)
		backlog_writable(c);
	if (c->flags & CONN_ENDED) {
		if (c->flags & CONN_LINGER && c->back == NULL)
			linger_read(c, what);
		else if (what & (EPOLLERR | EPOLLHUP))
			conn_forget(c);
		else
			unwatch_input(c, EPOLLIN | EPOLLRDHUP);
		return;
	}
	if (!(what & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)))
		return;
	if (!stopped(c)) {
		conn_read(c);
		return;
	}
	/* The end of what it sends would be reported for ever: what came before is read when its
	 * turn comes. */
	if (what & (EPOLLRDHUP | EPOLLERR | EPOLLHUP))
		conn_half_closed(c);
	if (what & (EPOLLERR | EPOLLHUP)) {
		c->flags |= CONN_HUNG_UP | CONN_BROKEN;
		outq_free(c);
		loop_del(worker.loop, &c->io);
		conn_resume(c); /* what has waited behind its queue waits for nothing any more */
	} else {
		unwatch_input(c, EPOLLIN | (what & EPOLLRDHUP));
	}
}

void
conn_resume(struct conn *c)
{
	if (c->flags & (CONN_RESUME | CONN_ENDED))
		return;
	c->flags |= CONN_RESUME;
	conn_list_add(&input.resume, c);
}

static void
resume_one(struct conn *c)
{
	if (c->query != NULL && !query_step(c))
		return;
	if (c->in_len > 0 && c->flags & CONN_LINES && may_parse(c)) {
		memcpy(input.buf, c->in, c->in_len);
		feed(c, c->in_len - websock_rest(c));
	}
	if (c->flags & CONN_ENDED)
		return;
	settle(c);
	if (c->flags & (CONN_ENDED | CONN_LINES | CONN_BARRIER | CONN_EOF))
		return;
	if (c->flags & CONN_HUNG_UP) {
		if (conn_read(c))
			conn_resume(c);
	} else if (!(c->io.events & EPOLLIN)) {
		loop_mod(worker.loop, &c->io, c->io.events | EPOLLIN);
	}
}

void
input_turn(void)
{
	uint64_t until = mono_us() + TURN_MS * UINT64_C(1000);
	unsigned n;

	if (input.held.n > 0 && !sublink_full(worker.link)) {
		for (unsigned i = 0; i < input.held.n; i++) {
			input.held.v[i]->flags &= ~(unsigned)CONN_HELD;
			conn_resume(input.held.v[i]);
		}
		input.held.n = 0;
	}
	n = input.resume.n;
	if (n == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct conn *c = input.resume.v[i];

		c->flags &= ~(unsigned)CONN_RESUME;
		if (!(c->flags & CONN_ENDED))
			resume_one(c);
		outq_relieve();
		if (mono_us() >= until)
			n = i + 1;
	}
	/* the rest, and those that were added meanwhile, wait for the next turn */
	input.resume.n -= n;
	memmove(input.resume.v, input.resume.v + n, input.resume.n * sizeof(struct conn *));
	if (input.resume.n > 0)
		loop_again(worker.loop);
}

void
input_init(struct loop *loop)
{
	due_init(&input.tokens, loop, token_ms, token_fire);
	share_init(loop);
}

void
input_begin(struct conn *c)
{
	c->tok_ms = (uint32_t)loop_now(worker.loop);
	c->tokens = token_cap();
}

void
input_rearm(void)
{
	due_rearm(&input.tokens);
	share_rearm();
}

void
input_reaped(void)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < input.held.n; i++) {
		if (input.held.v[i]->id != 0)
			input.held.v[kept++] = input.held.v[i];
	}
	input.held.n = kept;
}

bool
input_nothing_left(struct conn *c)
{
	ssize_t n = recv(c->io.fd, input.buf, sizeof(input.buf), MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno == EAGAIN);
}
