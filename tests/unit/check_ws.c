/* WebSocket frames: each stream is decoded whole, byte by byte and cut in two at every position, and all of these must come to
 * the same lines, pongs and end; lines become frames that a strict client takes. */
#include "config.h"

#include <stdlib.h>

#include "lib/text.h"
#include "proto/ws.h"
#include "unit.h"

#define MASK "\x37\xfa\x21\x3d"

/* --- what a client sends ------------------------------------------------------------------------- */

static unsigned char stream[1 << 20];
static size_t nstream;

static void
put(const void *p, size_t n)
{
	ck_assert_uint_le(nstream + n, sizeof(stream));
	memcpy(stream + nstream, p, n);
	nstream += n;
}

/* A frame, whose first byte is given whole. */
static void
frame(unsigned first, const void *p, size_t n)
{
	unsigned char head[WS_HEAD_MAX] = {(unsigned char)first}, *o = head + 1;
	unsigned more = n < 126 ? 0 : n < 65536 ? 2 : 8;
	size_t at;

	*o++ = (unsigned char)(0x80 | (more == 0 ? n : more == 2 ? 126 : 127));
	while (more-- > 0)
		*o++ = (unsigned char)(n >> 8 * more);
	memcpy(o, MASK, 4);
	put(head, (size_t)(o + 4 - head));
	at = nstream;
	put(p, n);
	for (size_t i = 0; i < n; i++)
		stream[at + i] ^= (unsigned char)MASK[i % 4];
}

static void
text(const char *s)
{
	frame(0x81, s, strlen(s));
}

/* --- decoding it -------------------------------------------------------------------------------------- */

struct result {
	struct ws w;
	enum ws_state state;
	unsigned char *lines, *kept; /* owned; kept: the beginning of a frame */
	size_t nlines, nkept;
	unsigned char reply[WS_REPLY_MAX];
	size_t nreply;
};

/* p[from .. to) as they would come from a socket. */
static void
feed(struct result *r, const unsigned char *p, size_t from, size_t to)
{
	static struct ws_decoded d;
	size_t n = r->nkept + to - from;
	/* exactly as large as the input: a sanitizer sees each byte beyond */
	unsigned char *in = malloc(n + (n == 0));

	if (r->state != WS_OPEN) {
		free(in);
		return;
	}
	memcpy(in, r->kept, r->nkept);
	memcpy(in + r->nkept, p + from, to - from);
	r->state = ws_decode(&r->w, in, n, &d);
	ck_assert_uint_le(d.len + r->w.rest, n);
	ck_assert_uint_le(r->w.rest, WS_MESSAGE_MAX + WS_HEAD_MAX);
	memcpy(r->lines + r->nlines, in, d.len);
	r->nlines += d.len;
	memcpy(r->reply + r->nreply, d.reply, d.nreply);
	r->nreply += d.nreply;
	r->nkept = r->w.rest;
	memcpy(r->kept, in + n - r->nkept, r->nkept);
	free(in);
}

static struct result *
result_new(void)
{
	struct result *r = calloc(1, sizeof(*r));

	r->lines = malloc(nstream + 1);
	r->kept = malloc(nstream + 1);
	return r;
}

static void
result_free(struct result *r)
{
	free(r->lines);
	free(r->kept);
	free(r);
}

static void
assert_same(const struct result *a, const struct result *b)
{
	ck_assert_int_eq(a->state, b->state);
	ck_assert_uint_eq(a->w.close, b->w.close);
	if (a->state == WS_FAILED)
		return; /* what came before depends on the cut, and is thrown away */
	ck_assert_uint_eq(a->nlines, b->nlines);
	ck_assert_mem_eq(a->lines, b->lines, a->nlines);
	ck_assert_uint_eq(a->nreply, b->nreply);
	ck_assert_mem_eq(a->reply, b->reply, a->nreply);
	ck_assert_mem_eq(&a->w, &b->w, sizeof(a->w));
}

/* The stream in all the ways; the caller frees the result. */
static struct result *
decode(void)
{
	struct result *whole = result_new(), *part = result_new();

	feed(whole, stream, 0, nstream);
	for (size_t i = 0; i < nstream; i++)
		feed(part, stream, i, i + 1);
	assert_same(whole, part);
	result_free(part);
	for (size_t cut = 0; cut <= nstream && nstream < 10000; cut++) {
		part = result_new();
		feed(part, stream, 0, cut);
		feed(part, stream, cut, nstream);
		assert_same(whole, part);
		result_free(part);
	}
	nstream = 0;
	return whole;
}

static void
expect(const char *lines, size_t nlines, const char *reply, size_t nreply)
{
	struct result *r = decode();

	ck_assert_int_eq(r->state, WS_OPEN);
	ck_assert_uint_eq(r->nlines, nlines);
	ck_assert_mem_eq(r->lines, lines, nlines);
	ck_assert_uint_eq(r->nreply, nreply);
	ck_assert_mem_eq(r->reply, reply, nreply);
	result_free(r);
}

static void
fails(unsigned code)
{
	struct result *r = decode();

	ck_assert_int_eq(r->state, WS_FAILED);
	ck_assert_uint_eq(r->w.close, code);
	result_free(r);
}

/* --- messages --------------------------------------------------------------------------------------------- */

START_TEST(messages)
{
	expect(LIT(""), LIT(""));
	text("NICK ada");
	expect(LIT("NICK ada\n"), LIT(""));
	text("a");
	text("");
	frame(0x82, LIT("b\0\xff"));
	expect(LIT("a\n\nb\0\xff\n"), LIT(""));
	text("one\r\ntwo\nthree\r\n");
	expect(LIT("one\r\ntwo\nthree\r\n\n"), LIT(""));
}
END_TEST

START_TEST(fragments)
{
	frame(0x01, LIT("gr\xc3"));
	frame(0x89, LIT("now?"));
	frame(0x00, LIT(""));
	frame(0x00, LIT("\xbc\xc3\x9f"));
	frame(0x80, LIT(""));
	text("next");
	expect(LIT("gr\xc3\xbc\xc3\x9f\nnext\n"), LIT("\x8a\x04now?"));
	frame(0x02, LIT("not"));
	frame(0x00, LIT(" the end"));
	expect(LIT("not the end"), LIT(""));
}
END_TEST

START_TEST(sizes)
{
	static const size_t all[] = {0, 1, 125, 126, 127, 4095, 4096, 4097, WS_MESSAGE_MAX};
	static char want[WS_MESSAGE_MAX + 1];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		memset(want, 'x', all[i]);
		frame(0x81, want, all[i]);
		want[all[i]] = '\n';
		expect(want, all[i] + 1, LIT(""));
	}
	memset(want, 'x', sizeof(want));
	frame(0x81, want, WS_MESSAGE_MAX + 1);
	fails(WS_CODE_TOO_BIG);
	frame(0x01, want, WS_MESSAGE_MAX);
	frame(0x80, want, 1);
	fails(WS_CODE_TOO_BIG);
}
END_TEST

/* What a header promises is not waited for, if it is too much. */
START_TEST(lengths)
{
	put(LIT("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00" MASK));
	expect(LIT(""), LIT(""));
	put(LIT("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00" MASK "x"));
	fails(WS_CODE_TOO_BIG);
	put(LIT("\x81\xff\x40\x00\x00\x00\x00\x00\x00\x00" MASK "x"));
	fails(WS_CODE_TOO_BIG);
	put(LIT("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00" MASK "x"));
	fails(WS_CODE_PROTOCOL);
	put(LIT("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff" MASK "x"));
	fails(WS_CODE_PROTOCOL);
	put(LIT("\x81\xfe\x00\x7d" MASK "x"));
	fails(WS_CODE_PROTOCOL);
}
END_TEST

START_TEST(wrong)
{
	static const char many[WS_CONTROL_MAX + 1];
	static const unsigned firsts[] = {0xc1, 0xa1, 0x91, 0x83, 0x84, 0x85, 0x86, 0x87, 0x8b,
					  0x8f, 0x80, 0x00, 0x08, 0x09, 0x0a, 0xc9, 0x9a};

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		frame(firsts[i], LIT("\x03\xe8"));
		fails(WS_CODE_PROTOCOL);
	}
	put(LIT("\x81\x05hello")); /* no mask */
	fails(WS_CODE_PROTOCOL);
	put(LIT("\x89\x00"));
	fails(WS_CODE_PROTOCOL);
	frame(0x01, LIT("a"));
	text("b");
	fails(WS_CODE_PROTOCOL);
	frame(0x02, LIT("a"));
	frame(0x82, LIT("b"));
	fails(WS_CODE_PROTOCOL);
	frame(0x89, many, sizeof(many));
	fails(WS_CODE_PROTOCOL);
}
END_TEST

/* --- UTF-8 ---------------------------------------------------------------------------------------------------- */

/* However it is split, a text is one exactly if all of it is. */
START_TEST(utf8)
{
	static const struct {
		const char *p;
		size_t n;
	} texts[] = {{LIT("\xc2\x80")},
		     {LIT("\xc1\xbf")},
		     {LIT("\xe0\xa0\x80")},
		     {LIT("\xe0\x9f\xbf")},
		     {LIT("\xed\x9f\xbf")},
		     {LIT("\xed\xa0\x80")},
		     {LIT("\xee\x80\x80")},
		     {LIT("\xef\xbf\xbf")},
		     {LIT("\xf0\x90\x80\x80")},
		     {LIT("\xf0\x8f\xbf\xbf")},
		     {LIT("\xf4\x8f\xbf\xbf")},
		     {LIT("\xf4\x90\x80\x80")},
		     {LIT("\xf5\x80\x80\x80")},
		     {LIT("\x80")},
		     {LIT("\xff")},
		     {LIT("\xe2\x82")},
		     {LIT("\xe2\x82z")},
		     {LIT("\xe2\xe2\x82\xac")},
		     {LIT("a\xf0\x9f\x98\x80z")}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bool good = text_utf8_ok(texts[i].p, texts[i].n);

		for (size_t cut = 0; cut <= texts[i].n; cut++) {
			struct result *r;

			frame(0x01, texts[i].p, cut);
			frame(0x80, texts[i].p + cut, texts[i].n - cut);
			r = decode();
			ck_assert_int_eq(r->state, good ? WS_OPEN : WS_FAILED);
			ck_assert(good || r->w.close == WS_CODE_NOT_UTF8);
			result_free(r);
		}
		frame(0x82, texts[i].p, texts[i].n); /* binary: whatever it is */
		frame(0x81, LIT("ok"));
		result_free(decode());
	}
}
END_TEST

/* --- the end ---------------------------------------------------------------------------------------------------- */

static void
closes(const void *p, size_t n, enum ws_state state, unsigned code)
{
	struct result *r;

	text("last words");
	frame(0x88, p, n);
	text("too late");
	r = decode();
	ck_assert_int_eq(r->state, state);
	ck_assert_uint_eq(r->w.close, code);
	if (state == WS_CLOSED) {
		ck_assert_uint_eq(r->nlines, 11);
		ck_assert_mem_eq(r->lines, "last words\n", 11);
		ck_assert_uint_eq(r->w.rest, 0);
	}
	result_free(r);
}

START_TEST(close_frames)
{
	static const uint16_t good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
					1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999};
	static const uint16_t bad[] = {0,    999,  1004, 1005, 1006, 1015,
				       1016, 2000, 2999, 5000, 65535};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		unsigned char p[] = {(unsigned char)(good[i] >> 8), (unsigned char)good[i], 'b',
				     'y', 'e'};

		closes(p, 2, WS_CLOSED, good[i]);
		closes(p, 5, WS_CLOSED, good[i]);
		p[2] = 0xff;
		closes(p, 5, WS_FAILED, WS_CODE_NOT_UTF8);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned char p[] = {(unsigned char)(bad[i] >> 8), (unsigned char)bad[i]};

		closes(p, 2, WS_FAILED, WS_CODE_PROTOCOL);
	}
	closes("", 0, WS_CLOSED, WS_CODE_NONE);
	closes("x", 1, WS_FAILED, WS_CODE_PROTOCOL);
}
END_TEST

START_TEST(close_made)
{
	unsigned char out[WS_CLOSE_MAX];

	ck_assert_uint_eq(ws_close(1001, out), 4);
	ck_assert_mem_eq(out, "\x88\x02\x03\xe9", 4);
	ck_assert_uint_eq(ws_close(WS_CODE_NONE, out), 2);
	ck_assert_mem_eq(out, "\x88\x00", 2);
}
END_TEST

/* --- what says nothing ------------------------------------------------------------------------------------------- */

static void
floods(unsigned first, size_t len, unsigned most)
{
	char payload[WS_CONTROL_MAX] = "";

	for (unsigned i = 0; i < most; i++)
		frame(first, payload, len);
	text("x");
	for (unsigned i = 0; i < 2; i++) {
		struct result *r = result_new();

		if (i == 1)
			frame(first, payload, len);
		feed(r, stream, 0, nstream);
		ck_assert_int_eq(r->state, i == 0 ? WS_OPEN : WS_FAILED);
		ck_assert(i == 0 || r->w.close == WS_CODE_POLICY);
		result_free(r);
	}
	nstream = 0;
}

START_TEST(budget)
{
	floods(0x89, WS_CONTROL_MAX, WS_BUDGET / WS_COST_PING);
	floods(0x89, 0, WS_BUDGET / WS_COST_PING);
	floods(0x8a, 5, WS_BUDGET / WS_COST_PONG);
	floods(0x81, 0, WS_BUDGET / WS_COST_EMPTY);
}
END_TEST

START_TEST(fragments_without_end)
{
	frame(0x01, LIT("x"));
	for (unsigned i = 0; i < WS_BUDGET; i++)
		frame(0x00, LIT("x"));
	fails(WS_CODE_POLICY);
	frame(0x01, LIT(""));
	for (unsigned i = 0; i < WS_BUDGET / WS_COST_EMPTY; i++)
		frame(0x00, LIT(""));
	fails(WS_CODE_POLICY);
}
END_TEST

START_TEST(relax)
{
	struct ws w = {.spent = WS_BUDGET};

	ws_relax(&w, 1);
	ck_assert_uint_eq(w.spent, WS_BUDGET - WS_RELAX_PER_SECOND);
	ws_relax(&w, UINT32_MAX);
	ck_assert_uint_eq(w.spent, 0);
}
END_TEST

/* --- lines to frames --------------------------------------------------------------------------------------------- */

START_TEST(lines)
{
	char out[WS_FRAMED_MAX(64)];

	ck_assert_uint_eq(ws_lines(out, LIT(""), false), 0);
	ck_assert_uint_eq(ws_lines(out, LIT("\r\n\n"), false), 0);
	ck_assert_uint_eq(ws_lines(out, LIT("PING :x\r\nab\nc"), false), 9 + 4 + 3);
	ck_assert_mem_eq(out,
			 "\x81\x07PING :x\x81\x02"
			 "ab\x81\x01"
			 "c",
			 16);
	ck_assert_uint_eq(ws_lines(out, LIT("a\xff\xc3\xbc\r\nb\xc3\xbc\r\n"), false), 6 + 5);
	ck_assert_mem_eq(out,
			 "\x81\x04"
			 "a???\x81\x03"
			 "b\xc3\xbc",
			 11);
	ck_assert_uint_eq(ws_lines(out, LIT("a\xff\r\n"), true), 4);
	ck_assert_mem_eq(out,
			 "\x82\x02"
			 "a\xff",
			 4);
}
END_TEST

/* In place, behind a gap, as where they were made: the same. */
START_TEST(lines_in_place)
{
	static char in[300000], out[WS_FRAMED_MAX(sizeof(in))],
	    room[sizeof(in) + WS_GAP(sizeof(in))];
	size_t n = 0, framed, gap;

	srandom((unsigned)_i);
	while (n < sizeof(in) - 70000 && random() % 200 != 0) {
		static const unsigned some[] = {1,   3,   124,  125,   126,  127,
						128, 510, 8700, 65535, 65536};
		unsigned len = some[(unsigned)random() % (_i % 11 + 1)];

		memset(in + n, 'a' + (int)(n % 26), len);
		memcpy(in + n + len, "\r\n", 2);
		n += len + 2;
	}
	framed = ws_lines(out, in, n, false);
	gap = WS_GAP(n);
	memcpy(room + gap, in, n);
	ck_assert_uint_eq(ws_lines(room, room + gap, n, false), framed);
	ck_assert_mem_eq(room, out, framed);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ws");
	TCase *tc = tcase_create("frames");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, messages);
	tcase_add_test(tc, fragments);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, lengths);
	tcase_add_test(tc, wrong);
	tcase_add_test(tc, utf8);
	tcase_add_test(tc, close_frames);
	tcase_add_test(tc, close_made);
	tcase_add_test(tc, budget);
	tcase_add_test(tc, fragments_without_end);
	tcase_add_test(tc, relax);
	tcase_add_test(tc, lines);
	tcase_add_loop_test(tc, lines_in_place, 0, 50);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
