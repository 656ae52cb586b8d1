/* ws.c - see ws.h. wslay takes the frames' headers apart and the masks off; what a frame may be in its place is decided here.
 *
 * wslay keeps 4 KiB for each context. One lives here only while a read is being decoded, and is given whole frames: the bytes
 * of one that is not whole are kept as they came, and given to the next. */
#include "config.h"

#include "proto/ws.h"

#include <errno.h>
#include <string.h>

#ifdef HAVE_WEB
#include <wslay/wslay.h>
#endif

#include "lib/text.h"
#include "lib/util.h"

enum opcode { /* section 11.8 */
	      OP_MORE = 0,
	      OP_TEXT = 1,
	      OP_BINARY = 2,
	      OP_CLOSE = 8,
	      OP_PING = 9,
	      OP_PONG = 10,
};
#define FIN 0x80
#define LENGTH_16 126 /* section 5.2: the length follows, in two bytes or in eight */
#define LENGTH_64 127

/* --- lines to frames ------------------------------------------------------------------------------- */

static size_t
head_size(uint64_t n)
{
	return n < LENGTH_16 ? 2 : n <= UINT16_MAX ? 4 : 10;
}

static unsigned char *
put_head(unsigned char *o, unsigned opcode, uint64_t n)
{
	size_t more = head_size(n) - 2;

	*o++ = (unsigned char)(FIN | opcode);
	*o++ = (unsigned char)(more == 0 ? n : more == 2 ? LENGTH_16 : LENGTH_64);
	while (more-- > 0)
		*o++ = (unsigned char)(n >> 8 * more);
	return o;
}

/* Whatever got into a line, a browser that is sent a text that is none closes the connection. */
static void
make_text(char *p, size_t n)
{
	if (text_utf8_ok(p, n))
		return;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)p[i] >= 0x80)
			p[i] = '?';
	}
}

size_t
ws_lines(char *out, const char *p, size_t n, bool binary)
{
	const char *end = p + n, *nl, *next;
	char *o = out;

	for (; p < end; p = next) {
		size_t len;

		nl = memchr(p, '\n', (size_t)(end - p));
		next = nl != NULL ? nl + 1 : end;
		len = (size_t)((nl != NULL ? nl : end) - p);
		if (len > 0 && p[len - 1] == '\r')
			len--;
		if (len == 0)
			continue;
		memmove(o + head_size(len), p, len);
		o = (char *)put_head((unsigned char *)o, binary ? OP_BINARY : OP_TEXT, len);
		if (!binary)
			make_text(o, len);
		o += len;
	}
	return (size_t)(o - out);
}

size_t
ws_close(unsigned code, unsigned char out[WS_CLOSE_MAX])
{
	unsigned char *o = put_head(out, OP_CLOSE, code == WS_CODE_NONE ? 0 : 2);

	if (code != WS_CODE_NONE) {
		*o++ = (unsigned char)(code >> 8);
		*o++ = (unsigned char)code;
	}
	return (size_t)(o - out);
}

/* --- frames to lines ------------------------------------------------------------------------------- */

void
ws_relax(struct ws *w, unsigned seconds)
{
	unsigned back = seconds < WS_BUDGET ? seconds * WS_RELAX_PER_SECOND : WS_BUDGET;

	w->spent = (uint16_t)(w->spent > back ? w->spent - back : 0);
}

static enum ws_state
fail(struct ws *w, unsigned code)
{
	w->close = (uint16_t)code;
	w->rest = 0;
	return WS_FAILED;
}

#ifdef HAVE_WEB

struct bytes {
	const unsigned char *p;
	size_t n, at;
};

static ssize_t
give(uint8_t *buf, size_t len, int flags, void *arg)
{
	struct bytes *b = arg;
	size_t n = MIN(len, b->n - b->at);

	(void)flags;
	if (n == 0) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(buf, b->p + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

/* The first byte of a character (RFC 3629 section 4). */
static bool
begin_char(struct ws *w, unsigned char b)
{
	w->low = 0x80;
	w->high = 0xbf;
	if (b < 0x80)
		return true;
	if (b < 0xc2 || b > 0xf4)
		return false;
	w->need = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
	switch (b) {
	case 0xe0:
		w->low = 0xa0;
		break;
	case 0xed:
		w->high = 0x9f;
		break;
	case 0xf0:
		w->low = 0x90;
		break;
	case 0xf4:
		w->high = 0x8f;
		break;
	}
	return true;
}

/* The next n bytes of a text message, the last ones of it or not. False: it is none. */
static bool
more_text(struct ws *w, const unsigned char *p, size_t n, bool last)
{
	if (last && w->need == 0)
		return text_utf8_ok((const char *)p, n);
	for (size_t i = 0; i < n; i++) {
		if (w->need == 0) {
			if (!begin_char(w, p[i]))
				return false;
			continue;
		}
		if (p[i] < w->low || p[i] > w->high)
			return false;
		w->need--;
		w->low = 0x80;
		w->high = 0xbf;
	}
	return !last || w->need == 0;
}

/* Which close code a frame with this header earns; 0: it is in order. Control frames' length and FIN bit, and that a length is
 * as short as it can be, wslay has looked at. */
static unsigned
wrong(struct ws *w, const struct wslay_frame_iocb *f)
{
	bool inside = w->opcode != 0, control = f->opcode >= OP_CLOSE;

	if (f->rsv != 0 || !f->mask)
		return WS_CODE_PROTOCOL;
	switch (f->opcode) {
	case OP_MORE:
		if (!inside)
			return WS_CODE_PROTOCOL;
		break;
	case OP_TEXT:
	case OP_BINARY:
		if (inside)
			return WS_CODE_PROTOCOL;
		break;
	case OP_CLOSE:
	case OP_PING:
	case OP_PONG:
		break;
	default:
		return WS_CODE_PROTOCOL;
	}
	if (!control && f->payload_length > (uint64_t)(WS_MESSAGE_MAX - w->len))
		return WS_CODE_TOO_BIG;
	return 0;
}

/* False: it has no budget left. */
static bool
spend(struct ws *w, const struct wslay_frame_iocb *f)
{
	unsigned cost = 0;

	if (f->opcode == OP_PING)
		cost = WS_COST_PING;
	else if (f->opcode == OP_PONG)
		cost = WS_COST_PONG;
	else if (f->payload_length == 0)
		cost = WS_COST_EMPTY;
	else if (f->opcode == OP_MORE || !f->fin)
		cost = WS_COST_FRAGMENT;
	if (w->spent + cost > WS_BUDGET)
		return false;
	w->spent = (uint16_t)(w->spent + cost);
	return true;
}

/* Codes that an endpoint may send (section 7.4), and those registered since. */
static bool
may_say(unsigned code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
	       (code >= 3000 && code <= 4999);
}

static enum ws_state
closed(struct ws *w, const unsigned char *p, size_t n)
{
	unsigned code = n >= 2 ? (unsigned)p[0] << 8 | p[1] : WS_CODE_NONE;

	if (n == 1 || (n >= 2 && !may_say(code)))
		return fail(w, WS_CODE_PROTOCOL);
	if (n > 2 && !text_utf8_ok((const char *)p + 2, n - 2))
		return fail(w, WS_CODE_NOT_UTF8);
	w->close = (uint16_t)code;
	return WS_CLOSED;
}

static enum ws_state
control(struct ws *w, unsigned opcode, const unsigned char *p, size_t n, struct ws_decoded *d)
{
	unsigned char *o = d->reply + d->nreply;

	if (opcode == OP_CLOSE)
		return closed(w, p, n);
	if (opcode == OP_PING) {
		CHECK(d->nreply + 2 + n <= sizeof(d->reply));
		o = put_head(o, OP_PONG, n);
		memcpy(o, p, n);
		d->nreply = (size_t)(o + n - d->reply);
	}
	return WS_OPEN;
}

/* The payload of a frame, which is there as a whole, to `to`; of which f and r are the first piece. */
static enum ws_state
payload(wslay_frame_context_ptr ctx, struct wslay_frame_iocb *f, ssize_t r, struct ws *w,
	unsigned char *to)
{
	bool text = w->opcode == OP_TEXT && f->opcode < OP_CLOSE;
	uint64_t left = f->payload_length;

	for (;;) {
		if (r < 0 || (uint64_t)r > left || (r == 0 && left > 0))
			return fail(w, WS_CODE_PROTOCOL);
		left -= (uint64_t)r;
		if (r > 0)
			memcpy(to, f->data, (size_t)r);
		if (text && !more_text(w, to, (size_t)r, f->fin && left == 0))
			return fail(w, WS_CODE_NOT_UTF8);
		to += r;
		if (left == 0)
			return WS_OPEN;
		r = wslay_frame_recv(ctx, f);
	}
}

static enum ws_state
data(wslay_frame_context_ptr ctx, struct wslay_frame_iocb *f, ssize_t r, struct ws *w,
     unsigned char *p, struct ws_decoded *d)
{
	size_t n = (size_t)f->payload_length;
	bool last = f->fin;

	if (f->opcode != OP_MORE)
		w->opcode = f->opcode;
	if (payload(ctx, f, r, w, p + d->len) != WS_OPEN)
		return WS_FAILED;
	d->len += n;
	w->len = (uint16_t)(w->len + n);
	if (last) {
		p[d->len++] = '\n';
		w->len = 0;
		w->opcode = 0;
	}
	return WS_OPEN;
}

/* One frame of the `left` bytes that have not been decoded. *used_r: how many it has; 0: it is not whole. */
static enum ws_state
frame(wslay_frame_context_ptr ctx, struct ws *w, unsigned char *p, size_t left,
      struct ws_decoded *d, size_t *used_r)
{
	struct wslay_frame_iocb f;
	unsigned char text[WS_CONTROL_MAX];
	ssize_t r = wslay_frame_recv(ctx, &f);
	unsigned opcode, code;
	size_t n;

	*used_r = 0;
	if (r == WSLAY_ERR_WANT_READ)
		return WS_OPEN;
	if (r < 0)
		return fail(w, WS_CODE_PROTOCOL);
	code = wrong(w, &f);
	if (code != 0)
		return fail(w, code);
	n = head_size(f.payload_length) + 4 + (size_t)f.payload_length;
	if (n > left)
		return WS_OPEN;
	if (!spend(w, &f))
		return fail(w, WS_CODE_POLICY);
	*used_r = n;
	opcode = f.opcode;
	if (opcode < OP_CLOSE)
		return data(ctx, &f, r, w, p, d);
	n = (size_t)f.payload_length;
	if (n > sizeof(text) || payload(ctx, &f, r, w, text) != WS_OPEN)
		return fail(w, WS_CODE_PROTOCOL);
	return control(w, opcode, text, n, d);
}

enum ws_state
ws_decode(struct ws *w, unsigned char *p, size_t n, struct ws_decoded *d)
{
	static const struct wslay_frame_callbacks callbacks = {.recv_callback = give};
	struct bytes bytes = {.p = p, .n = n};
	wslay_frame_context_ptr ctx;
	enum ws_state state = WS_OPEN;
	size_t at = 0, used;

	d->len = d->nreply = 0;
	if (wslay_frame_context_init(&ctx, &callbacks, &bytes) != 0)
		return fail(w, WS_CODE_INTERNAL);
	/* Lines are shorter than their frames: what is written was read before. */
	while (at < n && state == WS_OPEN) {
		state = frame(ctx, w, p, n - at, d, &used);
		if (used == 0)
			break;
		at += used;
	}
	wslay_frame_context_free(ctx);
	if (state == WS_FAILED)
		d->len = d->nreply = 0;
	else
		w->rest = state == WS_OPEN ? (uint16_t)(n - at) : 0;
	return state;
}

#else

enum ws_state
ws_decode(struct ws *w, unsigned char *p, size_t n, struct ws_decoded *d)
{
	(void)p;
	(void)n;
	d->len = d->nreply = 0;
	return fail(w, WS_CODE_INTERNAL);
}

#endif
