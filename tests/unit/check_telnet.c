/* The telnet decoder: each stream is decoded whole, byte by byte and cut in two at every
 * position, and all of these must come to the same text, replies and window size. */
#include "config.h"

#include <stdlib.h>

#include "proto/telnet.h"
#include "unit.h"

#define IAC "\xff"
#define DONT "\xfe"
#define DO "\xfd"
#define WONT "\xfc"
#define WILL "\xfb"
#define SB "\xfa"
#define SE "\xf0"
#define AYT "\xf6"
#define NOP "\xf1"
#define NAWS "\x1f"
#define LINEMODE "\x22"
#define ENVIRON "\x27"
#define TM "\x06"

struct result {
	struct telnet t;
	unsigned char *text; /* owned */
	size_t text_len;
	unsigned char reply[16384];
	size_t reply_len;
	bool failed;
};

/* Decodes a copy of p[from .. to). */
static void
feed(struct result *res, const void *p, size_t from, size_t to)
{
	struct telnet_reply r;
	/* exactly as large as the input: a sanitizer sees each byte beyond */
	unsigned char *copy = malloc(to - from + 1);
	ssize_t len;

	memcpy(copy, (const char *)p + from, to - from);
	memset(&r, 0xee, sizeof(r));
	len = telnet_decode(&res->t, copy, to - from, &r);
	if (len < 0) {
		res->failed = true;
		ck_assert_uint_eq(r.len, 0);
	} else {
		ck_assert(!res->failed);
		ck_assert_uint_le(len, to - from);
		ck_assert_uint_le(r.len, sizeof(r.buf));
		memcpy(res->text + res->text_len, copy, len);
		res->text_len += len;
		ck_assert_uint_le(res->reply_len + r.len, sizeof(res->reply));
		memcpy(res->reply + res->reply_len, r.buf, r.len);
		res->reply_len += r.len;
	}
	free(copy);
}

static struct result *
result_new(size_t n)
{
	struct result *res = calloc(1, sizeof(*res));

	res->text = malloc(n + 1);
	return res;
}

static void
result_free(struct result *res)
{
	free(res->text);
	free(res);
}

static void
assert_same(const struct result *a, const struct result *b, const char *how, size_t at)
{
	if (a->failed != b->failed)
		ck_abort_msg("%s at %zu: failed %d, not %d", how, at, b->failed, a->failed);
	/* what came before a failure depends on the cut, and is thrown away */
	if (a->failed)
		return;
	if (a->text_len != b->text_len || memcmp(a->text, b->text, a->text_len) != 0)
		ck_abort_msg("%s at %zu: another text", how, at);
	if (a->reply_len != b->reply_len || memcmp(a->reply, b->reply, a->reply_len) != 0)
		ck_abort_msg("%s at %zu: another reply", how, at);
	if (memcmp(&a->t, &b->t, sizeof(a->t)) != 0)
		ck_abort_msg("%s at %zu: another state", how, at);
}

/* Decodes p in all the ways; the caller frees the result. */
static struct result *
decode(const void *p, size_t n)
{
	struct result *whole = result_new(n), *part = result_new(n);

	feed(whole, p, 0, n);
	for (size_t i = 0; i < n; i++)
		feed(part, p, i, i + 1);
	assert_same(whole, part, "bytes", 0);
	result_free(part);
	for (size_t cut = 0; cut <= n; cut++) {
		part = result_new(n);
		feed(part, p, 0, cut);
		feed(part, p, cut, n);
		assert_same(whole, part, "cut", cut);
		result_free(part);
	}
	return whole;
}

static void
expect(const void *p, size_t n, const char *text, size_t text_len, const char *reply,
       size_t reply_len)
{
	struct result *res = decode(p, n);

	ck_assert(!res->failed);
	ck_assert_uint_eq(res->text_len, text_len);
	ck_assert_mem_eq(res->text, text, text_len);
	ck_assert_uint_eq(res->reply_len, reply_len);
	ck_assert_mem_eq(res->reply, reply, reply_len);
	result_free(res);
}

static void
expect_refused(const void *p, size_t n)
{
	struct result *res = decode(p, n);

	ck_assert(res->failed);
	result_free(res);
}

/* unit repeated count times after head; *n_r bytes, the caller frees them. */
static char *
repeat(const char *head, size_t head_len, const char *unit, size_t len, size_t count, size_t *n_r)
{
	char *s = malloc(head_len + len * count + 1);

	*n_r = head_len + len * count;
	memcpy(s, head, head_len);
	for (size_t i = 0; i < count; i++)
		memcpy(s + head_len + i * len, unit, len);
	return s;
}

/* --- text and its line ends ----------------------------------------------------------- */

static const struct {
	const char *in;
	size_t in_len;
	const char *out;
	size_t out_len;
} texts[] = {
    {LIT(""), LIT("")},
    {LIT("hello\r\n"), LIT("hello\n")},
    {LIT("hello\n"), LIT("hello\n")},
    {LIT("hello\r"), LIT("hello\n")},
    {LIT("hello\r\0"), LIT("hello\n")},
    {LIT("a\r\nb\nc\rd\r\0e"), LIT("a\nb\nc\nd\ne")},
    {LIT("\r\r\n"), LIT("\n\n")},
    {LIT("\r\n\n"), LIT("\n\n")},
    {LIT("\r\n\0"), LIT("\n\0")},
    {LIT("\r\0\0"), LIT("\n\0")},
    {LIT("\r\0\n"), LIT("\n\n")},
    {LIT("\n\r"), LIT("\n\n")},
    {LIT("a\0b\n"), LIT("a\0b\n")},
    {LIT("\0\n"), LIT("\0\n")},
    {LIT("gr\xc3\xbc\xc3\x9f\r\n"), LIT("gr\xc3\xbc\xc3\x9f\n")},
    {LIT("a" IAC IAC "b\r\n"), LIT("a\xff"
				   "b\n")},
    {LIT("\xc3" IAC IAC "\xbc\n"), LIT("\xc3\xff\xbc\n")},
    {LIT("\r" IAC IAC "\n"), LIT("\n\xff\n")},
    {LIT("\r" IAC NOP "\n"), LIT("\n")}, /* a command between CR and LF */
    {LIT("\r" IAC NOP "\0x"), LIT("\nx")},
    {LIT("a" IAC NOP "b" IAC "\xf9"
	 "c\n"),
     LIT("abc\n")},
    {LIT("\xf0\xf1\xfa\n"), LIT("\xf0\xf1\xfa\n")}, /* not after IAC: bytes */
    {LIT("x" IAC "\xf4" IAC "\xf3" IAC "\xf5" IAC "\xf7" IAC "\xf8" IAC "\xf2"
	 "y\n"),
     LIT("xy\n")}, /* IP BRK AO EC EL DM */
    {LIT("a" IAC "\x01"
	 "b\n"),
     LIT("ab\n")}, /* no such command */
    {LIT("a" IAC SE "b\n"), LIT("ab\n")}, /* SE without SB */
    {LIT("a" IAC "\r\n"), LIT("a\n")}, /* IAC eats the CR */
    {LIT("a" IAC), LIT("a")}, /* IAC last */
    {LIT("a" IAC WILL), LIT("a")},
    {LIT("a" IAC SB), LIT("a")},
    {LIT("a" IAC SB NAWS "\0"), LIT("a")},
    {LIT("a" IAC SB NAWS IAC), LIT("a")},
};

START_TEST(text)
{
	expect(texts[_i].in, texts[_i].in_len, texts[_i].out, texts[_i].out_len, "", 0);
}
END_TEST

START_TEST(fast_path_does_not_write)
{
	static const char line[] = "just a line\n";
	struct telnet t = {0};
	struct telnet_reply r;

	/* In read-only memory: a write would be a fault. */
	ck_assert_int_eq(telnet_decode(&t, (unsigned char *)(uintptr_t)line, 12, &r), 12);
	ck_assert_uint_eq(r.len, 0);
	ck_assert_uint_eq(t.spent, 0);
}
END_TEST

/* --- options --------------------------------------------------------------------------- */

START_TEST(options_refused)
{
	expect(LIT("a" IAC DO "\x01" IAC DO "\x03" IAC WILL "\x18" IAC WILL "\x20"
		   "b\r\n"),
	       LIT("ab\n"), LIT(IAC WONT "\x01" IAC WONT "\x03" IAC DONT "\x18" IAC DONT "\x20"));
	/* said once; off is what they are anyway */
	expect(LIT(IAC DO "\x01" IAC DO "\x01" IAC DONT "\x01" IAC DO "\x01"), LIT(""),
	       LIT(IAC WONT "\x01"));
	expect(LIT(IAC WONT "\x01" IAC DONT "\x01" IAC WONT NAWS IAC DONT NAWS), LIT(""), LIT(""));
	/* both sides of an option are two options */
	expect(LIT(IAC DO "\x00" IAC WILL "\x00"), LIT(""), LIT(IAC WONT "\x00" IAC DONT "\x00"));
	/* option 255 after a verb is not an escape */
	expect(LIT(IAC WILL IAC "x"), LIT("x"), LIT(IAC DONT IAC));
	/* NAWS from us to the client makes no sense */
	expect(LIT(IAC DO NAWS), LIT(""), LIT(IAC WONT NAWS));
}
END_TEST

/* What Linux telnet, and PuTTY, say first. */
START_TEST(real_clients)
{
	expect(LIT(IAC DO "\x03" IAC WILL "\x18" IAC WILL NAWS IAC WILL "\x20" IAC WILL
			  "\x21" IAC WILL LINEMODE IAC WILL ENVIRON IAC DO "\x05" IAC WILL "\x23"),
	       LIT(""),
	       LIT(IAC WONT "\x03" IAC DONT "\x18" IAC DO NAWS IAC DONT "\x20" IAC DONT
			    "\x21" IAC DONT LINEMODE IAC DONT ENVIRON IAC WONT "\x05" IAC DONT
			    "\x23"));
	expect(LIT(IAC WILL NAWS IAC WILL "\x20" IAC WILL "\x18" IAC WILL ENVIRON IAC DO
					  "\x01" IAC WILL "\x03" IAC DO "\x03"),
	       LIT(""),
	       LIT(IAC DO NAWS IAC DONT "\x20" IAC DONT "\x18" IAC DONT ENVIRON IAC WONT
					"\x01" IAC DONT "\x03" IAC WONT "\x03"));
	/* ^C in Linux telnet: it discards everything until the timing mark is answered */
	expect(LIT(IAC "\xf4" IAC DO TM "a\r\n" IAC "\xf4" IAC DO TM "b\r\n"), LIT("a\nb\n"),
	       LIT(IAC WONT TM IAC WONT TM));
}
END_TEST

START_TEST(window_size)
{
	struct result *res;

	res = decode(LIT(IAC WILL NAWS IAC SB NAWS "\0\x50\0\x18" IAC SE "x"));
	ck_assert_uint_eq(res->t.cols, 80);
	ck_assert_uint_eq(res->t.rows, 24);
	ck_assert_uint_eq(res->text_len, 1);
	result_free(res);
	/* 255 columns: the byte ff is doubled */
	res = decode(LIT(IAC WILL NAWS IAC SB NAWS "\0" IAC IAC "\x01\0" IAC SE));
	ck_assert_uint_eq(res->t.cols, 255);
	ck_assert_uint_eq(res->t.rows, 256);
	result_free(res);
	res = decode(
	    LIT(IAC WILL NAWS IAC SB NAWS "\0\x50\0\x18" IAC SE IAC SB NAWS "\0\x60\0\x20" IAC SE));
	ck_assert_uint_eq(res->t.cols, 96);
	ck_assert_uint_eq(res->t.rows, 32);
	result_free(res);
}
END_TEST

START_TEST(window_size_refused)
{
	static const struct {
		const char *in;
		size_t len;
	} rows[] = {
	    {LIT(IAC SB NAWS "\0\x50\0\x18" IAC SE)}, /* not agreed on */
	    {LIT(IAC WILL NAWS IAC SB NAWS "\0\x50\0" IAC SE)}, /* short */
	    {LIT(IAC WILL NAWS IAC SB NAWS "\0\x50\0\x18\0" IAC SE)}, /* long */
	    {LIT(IAC WILL NAWS IAC SB NAWS IAC SE)}, /* empty */
	    {LIT(IAC WILL NAWS IAC SB IAC SE)}, /* not even an option */
	    {LIT(IAC WILL NAWS IAC SB "\x18"
				      "\0\x50\0\x18" IAC SE)}, /* another's */
	    {LIT(IAC WILL NAWS IAC SB NAWS "\0\x50\0\x18" IAC NOP)}, /* not closed */
	    {LIT(IAC WILL NAWS IAC SB NAWS "\0\x50\0\x18" IAC SE IAC WONT NAWS)}, /* taken back */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct result *res = decode(rows[i].in, rows[i].len);

		ck_assert(!res->failed);
		ck_assert_msg(res->t.cols == 0 && res->t.rows == 0, "row %zu", i);
		ck_assert_uint_eq(res->text_len, 0);
		result_free(res);
	}
	/* off is acknowledged, on again is not answered: no loop */
	expect(LIT(IAC WILL NAWS IAC WONT NAWS IAC WILL NAWS IAC WONT NAWS), LIT(""),
	       LIT(IAC DO NAWS IAC DONT NAWS));
}
END_TEST

/* --- passwords ---------------------------------------------------------------------------- */

#define ECHO "\x01"

/* What is done, one letter each: h hide, s show, y and n the client's DO and DONT; what is sent for it, and whose echo it is
 * then. */
static const struct echo_row {
	const char *acts, *says;
	size_t len;
	enum telnet_echo echo;
} echoes[] = {
    {"h", LIT(IAC WILL ECHO), TELNET_ECHO_OFFERED},
    {"hy", LIT(IAC WILL ECHO), TELNET_ECHO_OURS},
    {"hyhy", LIT(IAC WILL ECHO), TELNET_ECHO_OURS},
    {"hys", LIT(IAC WILL ECHO IAC WONT ECHO), TELNET_ECHO_GIVEN_BACK},
    {"hysn", LIT(IAC WILL ECHO IAC WONT ECHO), TELNET_ECHO_ITS},
    {"hysny", LIT(IAC WILL ECHO IAC WONT ECHO IAC WONT ECHO), TELNET_ECHO_ITS},
    {"hysnhy", LIT(IAC WILL ECHO IAC WONT ECHO IAC WILL ECHO), TELNET_ECHO_OURS},
    {"hyshny", LIT(IAC WILL ECHO IAC WONT ECHO IAC WILL ECHO), TELNET_ECHO_OURS},
    {"hyshsn", LIT(IAC WILL ECHO IAC WONT ECHO), TELNET_ECHO_ITS},
    /* it insists */
    {"hn", LIT(IAC WILL ECHO), TELNET_ECHO_REFUSED},
    {"hnshn", LIT(IAC WILL ECHO), TELNET_ECHO_REFUSED},
    {"hyn", LIT(IAC WILL ECHO IAC WONT ECHO), TELNET_ECHO_REFUSED},
    /* it never answers; it answers when it is too late */
    {"hshs", LIT(IAC WILL ECHO), TELNET_ECHO_TOO_LATE},
    {"hsy", LIT(IAC WILL ECHO IAC WONT ECHO), TELNET_ECHO_GIVEN_BACK},
    {"hsyn", LIT(IAC WILL ECHO IAC WONT ECHO), TELNET_ECHO_ITS},
    {"hshy", LIT(IAC WILL ECHO), TELNET_ECHO_OURS},
    {"hsn", LIT(IAC WILL ECHO), TELNET_ECHO_REFUSED},
    /* unasked */
    {"s", LIT(""), TELNET_ECHO_ITS},
    {"yh", LIT(IAC WONT ECHO IAC WILL ECHO), TELNET_ECHO_OFFERED},
};

static size_t
echo_act(struct telnet *t, char act, unsigned char *out)
{
	unsigned char in[] = {TELNET_IAC, act == 'y' ? TELNET_DO : TELNET_DONT, TELNET_OPT_ECHO};
	struct telnet_reply r;

	if (act == 'h')
		return telnet_hide(t, out);
	if (act == 's')
		return telnet_show(t, out);
	ck_assert_int_eq(telnet_decode(t, in, sizeof(in), &r), 0);
	memcpy(out, r.buf, r.len);
	return r.len;
}

START_TEST(echo)
{
	const struct echo_row *row = &echoes[_i];
	unsigned char said[64];
	struct telnet t = {0};
	size_t n = 0;

	for (const char *act = row->acts; *act != '\0'; act++)
		n += echo_act(&t, *act, said + n);
	ck_assert_uint_eq(n, row->len);
	ck_assert_mem_eq(said, row->says, n);
	ck_assert_uint_eq(t.echo, row->echo);
}
END_TEST

/* A client cannot make us talk about it for ever. */
START_TEST(echo_loop)
{
	size_t n;
	char *in = repeat("", 0, LIT(IAC DO ECHO IAC DONT ECHO), 400, &n);
	struct telnet t = {0};
	struct telnet_reply r;
	unsigned char out[3];

	telnet_hide(&t, out);
	telnet_decode(&t, (unsigned char *)in, n, &r);
	ck_assert_uint_le(r.len, 3 * 3);
	free(in);
}
END_TEST

/* --- what misbehaves -------------------------------------------------------------------- */

START_TEST(all_options)
{
	char *in = malloc(4 * 256 * 3);
	struct result *res;
	size_t n = 0;

	for (int verb = TELNET_WILL; verb <= TELNET_DONT; verb++) {
		for (int o = 0; o < 256; o++) {
			in[n++] = (char)TELNET_IAC;
			in[n++] = (char)verb;
			in[n++] = (char)o;
		}
	}
	res = decode(in, n);
	ck_assert(!res->failed);
	ck_assert_uint_eq(res->text_len, 0);
	/* each WILL and each DO, and DONT NAWS for the WONT NAWS */
	ck_assert_uint_eq(res->reply_len, 2 * 256 * 3 + 3);
	for (int o = 0; o < 256; o++) {
		const unsigned char *u = res->reply + 3 * (size_t)o;

		ck_assert_uint_eq(u[0], TELNET_IAC);
		ck_assert_uint_eq(u[1], o == TELNET_OPT_NAWS ? TELNET_DO : TELNET_DONT);
		ck_assert_uint_eq(u[2], o);
	}
	result_free(res);
	free(in);
}
END_TEST

/* A client that answers each refusal with the same wish again. */
START_TEST(option_loop)
{
	size_t n;
	char *in = repeat("", 0, LIT(IAC DO "\x01"), 512, &n);

	expect(in, n, "", 0, LIT(IAC WONT "\x01"));
	free(in);
	in = repeat("", 0, LIT(IAC DO "\x01"), 513, &n);
	expect_refused(in, n);
	free(in);
}
END_TEST

START_TEST(ayt)
{
	struct result *res;
	size_t n;
	char *in;

	expect(LIT("a" IAC AYT "b\r\n"), LIT("ab\n"), LIT("[Yes]\r\n"));
	in = repeat("", 0, LIT(IAC AYT), 64, &n);
	res = decode(in, n);
	ck_assert(!res->failed);
	ck_assert_uint_eq(res->reply_len, 64 * 7);
	result_free(res);
	free(in);
	in = repeat("", 0, LIT(IAC AYT), 65, &n);
	expect_refused(in, n);
	free(in);
	/* all of them at once say nothing at all */
	in = repeat("", 0, LIT(IAC AYT), 100000, &n);
	res = result_new(n);
	feed(res, in, 0, n);
	ck_assert(res->failed);
	ck_assert_uint_eq(res->reply_len, 0);
	result_free(res);
	free(in);
}
END_TEST

START_TEST(most_reply)
{
	char in[512 * 3 + 48 * 2];
	struct result *res;
	size_t n = 0;

	for (int verb = TELNET_WILL; verb <= TELNET_DO; verb += 2) {
		for (int o = 0; o < 256; o++) {
			in[n++] = (char)TELNET_IAC;
			in[n++] = (char)verb;
			in[n++] = (char)o;
		}
	}
	/* DO TIMING-MARK has cost as much as an AYT, less an option */
	for (int i = 0; i < 47; i++) {
		in[n++] = (char)TELNET_IAC;
		in[n++] = (char)TELNET_AYT;
	}
	res = decode(in, n);
	ck_assert(!res->failed);
	ck_assert_uint_eq(res->reply_len, 512 * 3 + 47 * 7);
	result_free(res);
}
END_TEST

START_TEST(subnegotiations)
{
	size_t n;
	char *in;

	/* SLC with 500 triplets, and one that is long but no longer than allowed */
	in = repeat(LIT(IAC SB LINEMODE "\x03"), LIT("\x01\x02\x03"), 500, &n);
	expect_refused(in, n);
	free(in);
	in = repeat(LIT(IAC SB LINEMODE "\x03"), "\x01", 1, 511, &n);
	expect(in, n, "", 0, "", 0);
	free(in);
	in = repeat(LIT(IAC SB LINEMODE "\x03"), "\x01", 1, 512, &n);
	expect_refused(in, n);
	free(in);
	/* doubled IACs count as the one byte they are */
	in = repeat(LIT(IAC SB LINEMODE), LIT(IAC IAC), 512, &n);
	expect(in, n, "", 0, "", 0);
	free(in);
	expect(LIT(IAC SB ENVIRON "\0\0USER\1-f root" IAC SE "x\r\n"), LIT("x\n"), LIT(""));
	/* the end is missing, a command comes: the text after that is text again */
	expect(LIT(IAC SB "\x18"
			  "xterm" IAC WILL "\x01"
			  "x\r\n"),
	       LIT("x\n"), LIT(IAC DONT "\x01"));
}
END_TEST

START_TEST(never_closed)
{
	size_t n;
	char *in = repeat(LIT(IAC SB "\x18"), "a", 1, 1 << 20, &n);
	struct result *res = result_new(n);
	size_t at = 0;

	for (; at < n && !res->failed; at += 4096)
		feed(res, in, at, at + 4096 < n ? at + 4096 : n);
	ck_assert(res->failed);
	ck_assert_uint_eq(at, 4096);
	ck_assert_uint_eq(res->text_len, 0);
	result_free(res);
	free(in);
}
END_TEST

START_TEST(refused_for_good)
{
	struct telnet t = {0};
	struct telnet_reply r;
	unsigned char many[200], line[] = "hello\n";

	for (int i = 0; i < 200; i++)
		many[i] = i % 2 == 0 ? TELNET_IAC : TELNET_AYT;
	ck_assert_int_eq(telnet_decode(&t, many, sizeof(many), &r), -1);
	telnet_relax(&t, 1000000);
	ck_assert_int_eq(telnet_decode(&t, line, 6, &r), -1);
	ck_assert_uint_eq(r.len, 0);
}
END_TEST

/* A keep-alive every half a minute, for a week. */
START_TEST(keep_alive)
{
	struct telnet t = {0};
	struct telnet_reply r;

	for (int i = 0; i < 7 * 24 * 3600 / 30; i++) {
		unsigned char nop[] = {TELNET_IAC, TELNET_NOP, TELNET_IAC, TELNET_AYT};

		telnet_relax(&t, 30);
		ck_assert_int_eq(telnet_decode(&t, nop, sizeof(nop), &r), 0);
		ck_assert_uint_eq(r.len, 7);
	}
}
END_TEST

START_TEST(relax)
{
	struct telnet t = {.spent = TELNET_BUDGET};

	telnet_relax(&t, 0);
	ck_assert_uint_eq(t.spent, TELNET_BUDGET);
	telnet_relax(&t, 1);
	ck_assert_uint_eq(t.spent, TELNET_BUDGET - TELNET_RELAX_PER_SECOND);
	telnet_relax(&t, 511);
	ck_assert_uint_eq(t.spent, 0);
	t.spent = 7;
	telnet_relax(&t, 1);
	ck_assert_uint_eq(t.spent, 0);
	t.spent = TELNET_BUDGET;
	telnet_relax(&t, 0xffffffff);
	ck_assert_uint_eq(t.spent, 0);
}
END_TEST

START_TEST(random_bytes)
{
	static const unsigned char pick[] = {0xff, 0xff, 0xff, 0xfa, 0xf0, 0xfb, 0xfd, 0xfc,
					     31,   0,    '\r', '\n', 'a',  0xf6, 6,    0xc3};
	unsigned seed = 12345 + _i;
	char in[300];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)pick[rand_r(&seed) / 7 % sizeof(pick)];
	result_free(decode(in, sizeof(in)));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("telnet");
	TCase *tc = tcase_create("decoder");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, text, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tc, fast_path_does_not_write);
	tcase_add_test(tc, options_refused);
	tcase_add_test(tc, real_clients);
	tcase_add_test(tc, window_size);
	tcase_add_test(tc, window_size_refused);
	tcase_add_loop_test(tc, echo, 0, sizeof(echoes) / sizeof(echoes[0]));
	tcase_add_test(tc, echo_loop);
	tcase_add_test(tc, all_options);
	tcase_add_test(tc, option_loop);
	tcase_add_test(tc, ayt);
	tcase_add_test(tc, most_reply);
	tcase_add_test(tc, subnegotiations);
	tcase_add_test(tc, never_closed);
	tcase_add_test(tc, refused_for_good);
	tcase_add_test(tc, keep_alive);
	tcase_add_test(tc, relax);
	tcase_add_loop_test(tc, random_bytes, 0, 50);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
