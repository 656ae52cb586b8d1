/* websock.c - see websock.h. */
#include "config.h"

#include "worker/websock.h"

#include <string.h>

#include "worker/outq.h"
#include "worker/render.h"
#include "worker/worker.h"

void
websock_open(struct conn *c, unsigned kind)
{
	c->cls = kind == WS_BINARY ? CLS_WS_BINARY : CLS_WS_TEXT;
}

static const char *
reason(unsigned code)
{
	switch (code) {
	case WS_CODE_NOT_UTF8:
		return "WebSocket: text that is not UTF-8";
	case WS_CODE_POLICY:
		return "WebSocket: too much that says nothing";
	case WS_CODE_TOO_BIG:
		return "WebSocket: message too long";
	case WS_CODE_INTERNAL:
		return "out of memory";
	default:
		return "WebSocket protocol error";
	}
}

ssize_t
websock_decode(struct conn *c, unsigned char *buf, size_t kept, size_t n, const char **why_r)
{
	static struct ws_decoded d;
	size_t from = kept - c->ws.rest, all = c->ws.rest + n;
	uint32_t now_s = (uint32_t)(loop_now(worker.loop) / 1000);
	enum ws_state state;

	if (c->ws.spent > 0)
		ws_relax(&c->ws, now_s - c->seen_s);
	c->seen_s = now_s;
	state = ws_decode(&c->ws, buf + from, all, &d);
	if (state == WS_FAILED) {
		*why_r = reason(c->ws.close);
		return -1;
	}
	outq_raw(c, d.reply, d.nreply);
	memmove(buf + from + d.len, buf + from + all - c->ws.rest, c->ws.rest);
	n = from + d.len;
	if (state == WS_OPEN)
		return (ssize_t)n;
	c->flags |= CONN_EOF;
	return (ssize_t)websock_whole(c, buf, n);
}

size_t
websock_whole(struct conn *c, const unsigned char *buf, size_t n)
{
	const unsigned char *nl = n > 0 ? memrchr(buf, '\n', n) : NULL;

	c->ws.rest = 0;
	return nl != NULL ? (size_t)(nl + 1 - buf) : 0;
}

struct slice
websock_frames(const struct conn *c, const char *p, size_t n)
{
	char *out = arena_room(WS_FRAMED_MAX(n));

	return arena_commit(ws_lines(out, p, n, (c->cls & CLS_PROTOCOL) == CLS_WS_BINARY));
}

/* It said why, or went; or the server goes; what is left are reasons that are about it. */
static unsigned
close_code(const struct conn *c)
{
	if (c->ws.close != 0)
		return c->ws.close;
	if (worker.draining)
		return WS_CODE_GOING_AWAY;
	return c->flags & (CONN_LEAVING | CONN_EOF) ? WS_CODE_NORMAL : WS_CODE_POLICY;
}

void
websock_end(struct conn *c)
{
	unsigned char frame[WS_CLOSE_MAX];

	outq_raw(c, frame, ws_close(close_code(c), frame));
}
