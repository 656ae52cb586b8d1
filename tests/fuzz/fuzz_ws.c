/* WebSocket frames: the lines do not depend on how the stream is cut, nothing grows, text is UTF-8, and what we send back is
 * pongs. Lines become frames that can be told apart again.
 *
 * Input: one byte that chooses the cuts, and with its lowest bit the other direction; then the stream: frames without masks, which
 * a fuzzer finds more easily; or, with the next bit, as they are. */
#include "config.h"

#include <stdbool.h>

#include "fuzz.h"
#include "lib/text.h"
#include "proto/ws.h"

struct result {
	struct ws w;
	enum ws_state state;
	unsigned char *lines, *kept; /* owned */
	size_t nlines, nkept, nreply;
	unsigned char reply[WS_REPLY_MAX]; /* one budget's worth, as nothing is relaxed here */
};

static void
feed(struct result *r, const uint8_t *p, size_t n)
{
	static struct ws_decoded d;
	unsigned char *in;
	size_t all = r->nkept + n;

	if (r->state != WS_OPEN)
		return;
	in = fuzz_copy(r->kept, r->nkept, all);
	if (n > 0)
		memcpy(in + r->nkept, p, n);
	r->state = ws_decode(&r->w, in, all, &d);
	FUZZ_ASSERT(d.len + r->w.rest <= all);
	FUZZ_ASSERT(r->w.rest <= WS_MESSAGE_MAX + WS_HEAD_MAX);
	FUZZ_ASSERT(r->w.len <= WS_MESSAGE_MAX && r->w.spent <= WS_BUDGET);
	FUZZ_ASSERT((r->state == WS_OPEN) == (r->w.close == 0));
	FUZZ_ASSERT(r->state != WS_FAILED || (d.len == 0 && d.nreply == 0));
	FUZZ_ASSERT(r->nreply + d.nreply <= sizeof(r->reply));
	memcpy(r->lines + r->nlines, in, d.len);
	r->nlines += d.len;
	memcpy(r->reply + r->nreply, d.reply, d.nreply);
	r->nreply += d.nreply;
	r->nkept = r->w.rest;
	memcpy(r->kept, in + all - r->nkept, r->nkept);
	free(in);
}

static void
check_pongs(const unsigned char *p, size_t n)
{
	while (n > 0) {
		FUZZ_ASSERT(n >= 2 && p[0] == 0x8a && p[1] <= WS_CONTROL_MAX && n >= 2u + p[1]);
		n -= 2u + p[1];
		p += 2u + p[1];
	}
}

static void
begin(struct result *r, size_t n)
{
	memset(r, 0, sizeof(*r));
	r->lines = malloc(n + 1);
	r->kept = malloc(n + 1);
	FUZZ_ASSERT(r->lines != NULL && r->kept != NULL);
}

static void
end(struct result *r)
{
	free(r->lines);
	free(r->kept);
}

static void
decode(const uint8_t *p, size_t n, unsigned cut)
{
	static struct result whole, parts;

	begin(&whole, n);
	begin(&parts, n);
	feed(&whole, p, n);
	for (size_t i = 0; i < n;) {
		size_t len = 1 + cut % 97;

		if (len > n - i)
			len = n - i;
		feed(&parts, p + i, len);
		i += len;
		cut = cut * 5 + 7;
	}
	FUZZ_ASSERT(whole.state == parts.state && whole.w.close == parts.w.close);
	if (whole.state != WS_FAILED) {
		FUZZ_ASSERT(whole.nlines == parts.nlines && whole.nreply == parts.nreply);
		FUZZ_ASSERT(memcmp(whole.lines, parts.lines, whole.nlines) == 0);
		FUZZ_ASSERT(memcmp(whole.reply, parts.reply, whole.nreply) == 0);
		FUZZ_ASSERT(memcmp(&whole.w, &parts.w, sizeof(whole.w)) == 0);
		check_pongs(whole.reply, whole.nreply);
	}
	end(&whole);
	end(&parts);
}

/* The stream with a mask put on each frame that says it has one and whose mask is not there: the input is easier to write, and
 * to change. Ends where a header is not whole. */
static uint8_t *
masked(const uint8_t *p, size_t n, size_t *n_r)
{
	uint8_t *out = malloc(3 * n + 16), *o = out;
	const uint8_t *end = p + n;

	FUZZ_ASSERT(out != NULL);
	while (end - p >= 2) {
		unsigned more = (p[1] & 127) == 127 ? 8 : (p[1] & 127) == 126 ? 2 : 0;
		uint64_t len = more == 0 ? p[1] & 127u : 0;

		if ((size_t)(end - p) < 2u + more)
			break;
		for (unsigned i = 0; i < more; i++)
			len = len << 8 | p[2 + i];
		memcpy(o, p, 2u + more);
		o[1] |= 0x80;
		o += 2u + more;
		p += 2u + more;
		memcpy(o, "\0\0\0\0", 4); /* wslay takes it off; what it is does not matter */
		o += 4;
		if (len > (uint64_t)(end - p))
			len = (uint64_t)(end - p);
		memcpy(o, p, len);
		o += len;
		p += len;
	}
	*n_r = (size_t)(o - out);
	return out;
}

/* Lines to frames: apart and in place. Each is what a client may be sent. */
static void
encode(const uint8_t *p, size_t n, bool binary)
{
	unsigned char *out = malloc(WS_FRAMED_MAX(n)), *o = out;
	size_t framed = ws_lines((char *)out, (const char *)p, n, binary);

	FUZZ_ASSERT(out != NULL && framed <= WS_FRAMED_MAX(n));
	while (framed > 0) {
		size_t head = o[1] < 126 ? 2 : o[1] == 126 ? 4 : 10, len = 0;

		FUZZ_ASSERT(framed > head && o[0] == (binary ? 0x82 : 0x81) && o[1] < 128);
		for (size_t i = head == 2 ? 1 : 2; i < head; i++)
			len = len << 8 | o[i];
		FUZZ_ASSERT(len > 0 && head + len <= framed);
		FUZZ_ASSERT(memchr(o + head, '\n', len) == NULL);
		FUZZ_ASSERT(binary || text_utf8_ok((const char *)o + head, len));
		o += head + len;
		framed -= head + len;
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t how, *stream;
	size_t len;

	if (n < 1)
		return 0;
	how = *p++;
	n--;
	if (how & 1) {
		encode(p, n, how & 2);
	} else if (how & 2) {
		decode(p, n, how >> 2);
	} else {
		stream = masked(p, n, &len);
		decode(stream, len, how >> 2);
		free(stream);
	}
	return 0;
}
