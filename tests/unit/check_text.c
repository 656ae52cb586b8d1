/* Text of strangers: valid, clean, balanced, cut, measured and taken apart. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "lib/text.h"
#include "lib/util.h"
#include "unit_str.h"

#define RLO "\xe2\x80\xae"
#define LRE "\xe2\x80\xaa"
#define PDF "\xe2\x80\xac"
#define RLI "\xe2\x81\xa7"
#define FSI "\xe2\x81\xa8"
#define PDI "\xe2\x81\xa9"

/* --- UTF-8 ------------------------------------------------------------------------------ */

static const struct {
	const char *text;
	size_t len;
	bool want;
} utf8[] = {
    {LIT(""), true},
    {LIT("plain"), true},
    {LIT("a\0b"), true},
    {LIT("\x7f"), true},
    {LIT("\xc2\x80"), true},
    {LIT("\xdf\xbf"), true},
    {LIT("\xe0\xa0\x80"), true},
    {LIT("\xed\x9f\xbf"), true},
    {LIT("\xee\x80\x80"), true},
    {LIT("\xef\xbf\xbf"), true},
    {LIT("\xf0\x90\x80\x80"), true},
    {LIT("\xf4\x8f\xbf\xbf"), true},
    {LIT("\x80"), false},
    {LIT("\xbf"), false},
    {LIT("\x9b"), false},
    {LIT("\xc0\x80"), false},
    {LIT("\xc1\xbf"), false},
    {LIT("\xc2"), false},
    {LIT("\xc2\x7f"), false},
    {LIT("\xc2\xc0"), false},
    {LIT("\xe0\x9f\xbf"), false},
    {LIT("\xe0\xa0"), false},
    {LIT("\xe1\x80"), false},
    {LIT("\xe1\x80\x7f"), false},
    {LIT("\xed\xa0\x80"), false},
    {LIT("\xed\xbf\xbf"), false},
    {LIT("\xf0\x8f\xbf\xbf"), false},
    {LIT("\xf0\x90\x80"), false},
    {LIT("\xf0\x90\x80\xc0"), false},
    {LIT("\xf4\x90\x80\x80"), false},
    {LIT("\xf5\x80\x80\x80"), false},
    {LIT("\xf8\x88\x80\x80\x80"), false},
    {LIT("\xfe"), false},
    {LIT("\xff"), false},
};

/* A copy whose end a sanitizer knows; the caller frees it. */
static char *
copy_of(const char *p, size_t n, size_t cap)
{
	char *s = malloc(cap > 0 ? cap : 1);

	memcpy(s, p, n);
	return s;
}

START_TEST(utf8_rows)
{
	/* at every offset from the words that are taken at once */
	for (size_t before = 0; before < 18; before++) {
		for (size_t after = 0; after < 18; after++) {
			size_t len = before + utf8[_i].len + after;
			char *s = malloc(len + 1);

			memset(s, 'x', len);
			memcpy(s + before, utf8[_i].text, utf8[_i].len);
			if (text_utf8_ok(s, len) != utf8[_i].want)
				ck_abort_msg("row %d before %zu after %zu", _i, before, after);
			free(s);
		}
	}
}
END_TEST

/* All sequences of up to four bytes whose first is given, against a decoder that is
 * written another way. */
static bool
reference_ok(const unsigned char *u, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	for (size_t i = 0; i < n;) {
		size_t len = u[i] < 0x80   ? 1
			     : u[i] < 0xc0 ? 0
			     : u[i] < 0xe0 ? 2
			     : u[i] < 0xf0 ? 3
					   : 4;
		uint32_t c = len == 1 ? u[i] : u[i] & (0xffu >> (len + 1));

		if (len == 0 || u[i] >= 0xf8 || len > n - i)
			return false;
		for (size_t k = 1; k < len; k++) {
			if (u[i + k] >> 6 != 2)
				return false;
			c = c << 6 | (u[i + k] & 0x3f);
		}
		if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return false;
		i += len;
	}
	return true;
}

START_TEST(utf8_reference)
{
	static const unsigned char tails[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
					      0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff};
	const size_t t = sizeof(tails);

	for (unsigned first = 0; first < 256; first++) {
		for (size_t k = 0; k < t * t * t; k++) {
			unsigned char s[4] = {first, tails[k % t], tails[k / t % t],
					      tails[k / t / t]};

			for (size_t n = 1; n <= 4; n++) {
				if (text_utf8_ok((char *)s, n) != reference_ok(s, n))
					ck_abort_msg("%02x %02x %02x %02x, %zu bytes", s[0], s[1],
						     s[2], s[3], n);
			}
		}
	}
}
END_TEST

/* --- clean ------------------------------------------------------------------------------ */

static const struct {
	const char *in;
	size_t in_len;
	unsigned keep;
	const char *out;
	size_t out_len;
} cleans[] = {
    {LIT(""), 0, LIT("")},
    {LIT("plain text, longer than a word"), 0, LIT("plain text, longer than a word")},
    {LIT("a\tb"), 0, LIT("a b")},
    {LIT("a\nb"), 0, LIT("ab")},
    {LIT("a\nb"), TEXT_KEEP_NL, LIT("a\nb")},
    {LIT("a\r\nb"), TEXT_KEEP_NL, LIT("a\nb")},
    {LIT("a\0b\x7f"
	 "c\x05"
	 "d\x0e"
	 "e\x0f"
	 "f\x08"),
     0, LIT("abcdef")},
    /* escape sequences go as a whole */
    {LIT("x\x1b[2Jy"), 0, LIT("xy")},
    {LIT("x\x1b[1;31mred\x1b[0m"), 0, LIT("xred")},
    {LIT("x\x1b[?25ly"), 0, LIT("xy")},
    {LIT("x\x1b[1 qy"), 0, LIT("xy")},
    {LIT("x\x1b[Ay\x1bOBz"), 0, LIT("xyz")},
    {LIT("x\x1b]0;title\x07y"), 0, LIT("xy")},
    {LIT("x\x1b]0;title\x1b\\y"), 0, LIT("xy")},
    {LIT("x\x1b]0;title\xc2\x9cy"), 0, LIT("xy")},
    {LIT("x\x1b]52;c;ZWNobyBoaQ==\x07y"), 0, LIT("xy")},
    {LIT("x\x1bP1$r0m\x1b\\y"), 0, LIT("xy")},
    {LIT("x\x1b_apc\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\."), 0, LIT("xyz.")},
    {LIT("x\x1b(0y"), 0, LIT("xy")},
    {LIT("x\x1b\\y"), 0, LIT("xy")},
    {LIT("x\xc2\x9b"
	 "2Jy"),
     0, LIT("xy")},
    {LIT("x\xc2\x9d"
	 "0;t\x07y"),
     0, LIT("xy")},
    {LIT("x\xc2\x90q\xc2\x9cy"), 0, LIT("xy")},
    /* what is not well formed loses its introducer */
    {LIT("x\x1b"), 0, LIT("x")},
    {LIT("x\x1b\x1b\x1b"), 0, LIT("x")},
    {LIT("x\x1b["), 0, LIT("x[")},
    {LIT("x\x1b[12"), 0, LIT("x[12")},
    {LIT("x\x1b[1\xc3\xa4"), 0, LIT("x[1\xc3\xa4")},
    {LIT("x\x1b\x1b[2Jy"), 0, LIT("xy")},
    {LIT("x\x1b]0;open"), 0, LIT("x]0;open")},
    {LIT("x\x1b]0;open\nnext\x07"), TEXT_KEEP_NL, LIT("x]0;open\nnext")},
    {LIT("x\x1b]0;o\x1b[2Jy\x07"), 0, LIT("x]0;oy")},
    {LIT("x\x1b"
	 "cy"),
     0, LIT("xcy")},
    {LIT("x\x1b"
	 "O"),
     0, LIT("xO")},
    {LIT("x\x1bO\0y"), 0, LIT("xOy")},
    {LIT("x\xc2\x9b"), 0, LIT("x")},
    /* characters that act as controls */
    {LIT("a\xc2\x80\xc2\x85\xc2\x9f"
	 "b\xc2\xa0"),
     0, LIT("ab\xc2\xa0")},
    {LIT("a\xe2\x80\xa8\xe2\x80\xa9"
	 "b"),
     TEXT_KEEP_NL, LIT("ab")},
    {LIT("\xef\xbb\xbf"
	 "a\xef\xbf\xb9\xef\xbf\xbb"
	 "b"),
     0, LIT("ab")},
    {LIT("a\xf3\xa0\x80\x80\xf3\xa0\x81\xbf"
	 "b"),
     0, LIT("ab")},
    {LIT("a\xef\xbf\xbe\xef\xbf\xbf\xf4\x8f\xbf\xbf\xef\xb7\x90"
	 "b"),
     0, LIT("ab")},
    {LIT("a\xe2\x81\xaa"
	 "b\xf0\x9d\x85\xb3"),
     0, LIT("ab")},
    /* what stays */
    {LIT("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"), 0,
     LIT("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb")},
    {LIT("\xe2\x80\x8e" RLO "x" PDF), 0, LIT("\xe2\x80\x8e" RLO "x" PDF)},
    {LIT("\xef\xbf\xbd"), 0, LIT("\xef\xbf\xbd")},
    /* IRC formatting */
    {LIT("\x02\x03"
	 "4,5\x04\x0f\x11\x16\x1d\x1e\x1f"),
     TEXT_KEEP_IRC,
     LIT("\x02\x03"
	 "4,5\x04\x0f\x11\x16\x1d\x1e\x1f")},
    {LIT("\x02\x03"
	 "4,5\x04\x0f\x11\x16\x1d\x1e\x1f"),
     0, LIT("4,5")},
    {LIT("\x01\x05\x06\x07\x08\x0b\x0c\x0e\x10\x12\x13\x14\x15\x17\x18\x19\x1a\x1c"), TEXT_KEEP_IRC,
     LIT("")},
    {LIT("a\nb\x02"), TEXT_KEEP_IRC, LIT("ab\x02")},
    /* not UTF-8, against the contract: still nothing harmful comes out */
    {LIT("a\x9b"
	 "2J\xff\xc2"),
     0, LIT("a2J")},
};

START_TEST(clean_rows)
{
	for (size_t before = 0; before < 18; before++) {
		size_t len = before + cleans[_i].in_len, out_len;
		char *s = malloc(len + 1), *p = realloc(s, len > 0 ? len : 1);

		memset(p, 'x', before);
		memcpy(p + before, cleans[_i].in, cleans[_i].in_len);
		out_len = text_clean(p, len, cleans[_i].keep);
		if (out_len != before + cleans[_i].out_len ||
		    memcmp(p + before, cleans[_i].out, cleans[_i].out_len) != 0)
			ck_abort_msg("row %d before %zu: \"%.*s\"", _i, before, (int)out_len, p);
		ck_assert(text_is_clean(p, out_len, cleans[_i].keep));
		free(p);
	}
	/* is_clean says what clean would do */
	ck_assert_int_eq(text_is_clean(cleans[_i].in, cleans[_i].in_len, cleans[_i].keep),
			 cleans[_i].in_len == cleans[_i].out_len &&
			     memcmp(cleans[_i].in, cleans[_i].out, cleans[_i].in_len) == 0);
}
END_TEST

/* Each ASCII character, at each place of words that are taken at once. */
START_TEST(clean_ascii)
{
	for (int c = 0; c < 0x80; c++) {
		for (unsigned at = 0; at < 4 * 24; at++) {
			unsigned keep = at / 24, i = at % 24;
			char s[24];
			bool irc = strchr("\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f", c) != NULL;
			bool stays = (c >= 0x20 && c < 0x7f) ||
				     (c == '\n' && (keep & TEXT_KEEP_NL)) ||
				     (c != 0 && irc && (keep & TEXT_KEEP_IRC));
			size_t want = stays || c == '\t' ? 24 : 23;

			memset(s, 'a', sizeof(s));
			s[i] = (char)c;
			if (text_is_clean(s, sizeof(s), keep) != stays ||
			    text_clean(s, sizeof(s), keep) != want || (c == '\t' && s[i] != ' '))
				ck_abort_msg("%02x at %u, keep %u", (unsigned)c, i, keep);
		}
	}
}
END_TEST

START_TEST(is_clean_refuses)
{
	ck_assert(!text_is_clean(LIT("12345678\xff"), 0));
	ck_assert(!text_is_clean(LIT("12345678\xc2"), 0));
	ck_assert(!text_is_clean(LIT("\xed\xa0\x80"), 0));
	ck_assert(!text_is_clean(LIT("12345678"
				     "1234567\x7f"),
				 0));
	ck_assert(!text_is_clean(LIT("12345678"
				     "\x1f"
				     "234567"),
				 0));
	ck_assert(text_is_clean(LIT("\xc3\xa4 12345678 12345678 \xc3\xa4"), 0));
}
END_TEST

/* A megabyte of introducers must not take a megabyte squared. */
START_TEST(clean_linear)
{
	static const char *const units[] = {"\x1b]",    "\x1b[",  "\x1b[1",
					    "\xc2\x9d", "\x1bP;", "\x1b]\xc2"};
	size_t len = strlen(units[_i]), n = (1 << 20) / len * len;
	char *p = malloc(n);

	for (size_t i = 0; i < n; i += len)
		memcpy(p + i, units[_i], len);
	n = text_clean(p, n, 0);
	ck_assert(text_is_clean(p, n, 0));
	free(p);
}
END_TEST

/* --- IRC formatting ------------------------------------------------------------------------ */

static const struct {
	const char *in;
	size_t in_len;
	const char *out;
	size_t out_len;
} strips[] = {
    {LIT(""), LIT("")},
    {LIT("plain and long enough"), LIT("plain and long enough")},
    {LIT("\x02"
	 "b\x0f"
	 "o\x1d"
	 "l\x1f"
	 "d\x16\x11\x1e"),
     LIT("bold")},
    {LIT("\x03"
	 "4red\x03"),
     LIT("red")},
    {LIT("\x03"
	 "04,12text"),
     LIT("text")},
    {LIT("\x03"
	 "123"),
     LIT("3")},
    {LIT("\x03"
	 "1,234"),
     LIT("4")},
    {LIT("\x03"
	 "4,text"),
     LIT(",text")},
    {LIT("\x03,4"), LIT(",4")},
    {LIT("\x03"), LIT("")},
    {LIT("a\x03"
	 "9"),
     LIT("a")},
    {LIT("a\x03"
	 "99,"),
     LIT("a,")},
    {LIT("a\x03"
	 "99,9"),
     LIT("a")},
    {LIT("\x03\x03"
	 "4x"),
     LIT("x")},
    {LIT("\x04"
	 "ff0000red"),
     LIT("red")},
    {LIT("\x04"
	 "ff0000,00FF00red"),
     LIT("red")},
    {LIT("\x04"
	 "ff0000,00FF0"),
     LIT(",00FF0")},
    {LIT("\x04"
	 "ff000"),
     LIT("ff000")},
    {LIT("\x04"), LIT("")},
    {LIT("\x04"
	 "beetle"),
     LIT("beetle")},
    {LIT("a\0b\nc"), LIT("a\0b\nc")},
    {LIT("\x02\xc3\xa4\x03"
	 "4\xc3\xb6"),
     LIT("\xc3\xa4\xc3\xb6")},
};

START_TEST(strip_rows)
{
	char *p = copy_of(strips[_i].in, strips[_i].in_len, strips[_i].in_len);
	size_t n = text_strip_irc(p, strips[_i].in_len);

	ck_assert_uint_eq(n, strips[_i].out_len);
	ck_assert_mem_eq(p, strips[_i].out, n);
	free(p);
}
END_TEST

/* --- bidi ------------------------------------------------------------------------------------ */

static const struct {
	const char *in;
	size_t in_len, room;
	const char *out;
	size_t out_len;
} balances[] = {
    {LIT(""), 0, LIT("")},
    {LIT("plain"), 0, LIT("plain")},
    {LIT("\xe2\x82\xac \xe2\x80\x94 \xe2"), 99, LIT("\xe2\x82\xac \xe2\x80\x94 \xe2")},
    {LIT("a" RLO "b"), 3, LIT("a" RLO "b" PDF)},
    {LIT("a" RLI "b"), 3, LIT("a" RLI "b" PDI)},
    {LIT("a" RLO "b" PDF "c"), 0, LIT("a" RLO "b" PDF "c")},
    {LIT("a" FSI "b" PDI "c"), 0, LIT("a" FSI "b" PDI "c")},
    {LIT("a" PDF "b" PDI "c"), 0, LIT("abc")},
    {LIT("a" LRE FSI "b"), 6, LIT("a" LRE FSI "b" PDI PDF)},
    /* a PDF does not reach out of an isolate, a PDI ends the embeddings within */
    {LIT(RLO FSI "a" PDF "b"), 6, LIT(RLO FSI "ab" PDI PDF)},
    {LIT(FSI RLO "a" PDI "b"), 0, LIT(FSI RLO "a" PDI "b")},
    {LIT(FSI RLO "a" PDI PDF "b"), 0, LIT(FSI RLO "a" PDI "b")},
    /* line by line */
    {LIT(RLO "a\nb" RLI "\nc"), 6, LIT(RLO "a" PDF "\nb" RLI PDI "\nc")},
    {LIT(RLO "a\n" PDF "b"), 0, LIT("a\nb")}, /* ahead for a while, though not in the end */
    {LIT(RLO "a\n" PDF "b"), 3, LIT(RLO "a" PDF "\nb")},
    {LIT(PDF RLO "a"), 0, LIT(RLO "a" PDF)},
    /* no room for what is missing */
    {LIT("a" RLO "b"), 2, LIT("ab")},
    {LIT("a" RLO "b" LRE "c\n" RLI "d"), 5, LIT("abc\nd")},
};

START_TEST(balance_rows)
{
	size_t cap = balances[_i].in_len + balances[_i].room, n;
	char *p = copy_of(balances[_i].in, balances[_i].in_len, cap);

	n = text_balance(p, balances[_i].in_len, cap);
	ck_assert_uint_le(n, cap);
	ck_assert_uint_eq(n, balances[_i].out_len);
	ck_assert_mem_eq(p, balances[_i].out, n);
	/* nothing is left to do */
	ck_assert_uint_eq(text_balance(p, n, n), balances[_i].out_len);
	ck_assert_mem_eq(p, balances[_i].out, n);
	free(p);
}
END_TEST

START_TEST(balance_deep)
{
	enum { N = 1000 };
	char *p = malloc(N * 6);
	size_t n;

	for (int i = 0; i < N; i++)
		memcpy(p + i * 3, RLO, 3);
	n = text_balance(p, N * 3, N * 6);
	ck_assert_uint_le(n, 2 * 125 * 3); /* UAX #9 ignores what is deeper */
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(n % 6, 0);
	for (size_t i = 0; i < n; i += 3)
		ck_assert_mem_eq(p + i, i < n / 2 ? RLO : PDF, 3);
	free(p);
}
END_TEST

/* --- measuring -------------------------------------------------------------------------------- */

START_TEST(cut)
{
	static const char umlauts[] = "\xc3\xa4\xc3\xb6\xc3\xbc";
	static const char marks[] = "ae\xcc\x81\xcc\xa3z"; /* e with two marks */
	static const char joined[] = "a\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"
				     "b";
	char zalgo[1 + 2 * 400];

	ck_assert_uint_eq(text_cut(LIT("hello"), 10), 5);
	ck_assert_uint_eq(text_cut(LIT("hello"), 5), 5);
	ck_assert_uint_eq(text_cut(LIT("hello"), 3), 3);
	ck_assert_uint_eq(text_cut(LIT("hello"), 0), 0);
	ck_assert_uint_eq(text_cut(LIT(""), 0), 0);
	ck_assert_uint_eq(text_cut(LIT(umlauts), 5), 4);
	ck_assert_uint_eq(text_cut(LIT(umlauts), 1), 0);
	ck_assert_uint_eq(text_cut(LIT("\xf0\x9f\x98\x80"), 3), 0);
	for (size_t max = 1; max < 6; max++)
		ck_assert_uint_eq(text_cut(LIT(marks), max), 1);
	ck_assert_uint_eq(text_cut(LIT(marks), 6), 6);
	for (size_t max = 1; max < 12; max++)
		ck_assert_uint_eq(text_cut(LIT(joined), max), 1);
	ck_assert_uint_eq(text_cut(LIT(joined), 12), 12);
	/* skin tone and variation selector belong to what they follow */
	ck_assert_uint_eq(text_cut(LIT("ab\xf0\x9f\x8f\xbd"), 4), 1);
	ck_assert_uint_eq(text_cut(LIT("a\xe2\x9d\xa4\xef\xb8\x8f"), 5), 1);
	/* marks without end are cut somewhere, at a character */
	zalgo[0] = 'a';
	for (int i = 0; i < 400; i++)
		memcpy(zalgo + 1 + 2 * i, "\xcc\x81", 2);
	ck_assert_uint_eq(text_cut(zalgo, sizeof(zalgo), 500), 499);
}
END_TEST

START_TEST(printed_whole)
{
	static const struct {
		size_t cap;
		const char *in, *out;
	} rows[] = {{1, "a", ""},
		    {2, "ab", "a"},
		    {3, "a\xc3\xa9", "a"},
		    {4, "a\xc3\xa9", "a\xc3\xa9"},
		    {3, "\xe2\x82\xac", ""},
		    {4, "\xe2\x82\xac", "\xe2\x82\xac"},
		    {5, "a\xf0\x9f\x98\x80", "a"},
		    {6, "a\xf0\x9f\x98\x80z", "a\xf0\x9f\x98\x80"},
		    {4, "a\xe2\x82\xac", "a"},
		    {5, "\x80\x80\x80\x80\x80", "\x80\x80\x80\x80"}};
	char out[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = bprintf(out, rows[i].cap, "%s", rows[i].in);

		ck_assert_str_eq(out, rows[i].out);
		ck_assert_uint_eq(n, strlen(out));
	}
}
END_TEST

START_TEST(width)
{
	ck_assert_int_eq(text_width(LIT("")), 0);
	ck_assert_int_eq(text_width(LIT("hello, world")), 12);
	ck_assert_int_eq(text_width(LIT("\xc3\xa4\xc3\xb6")), 2);
	ck_assert_int_eq(text_width(LIT("\xe5\xb0\x8f\xe6\x98\x8e")), 4);
	ck_assert_int_eq(text_width(LIT("e\xcc\x81")), 1);
	ck_assert_int_eq(text_width(LIT("a\xff"
					"b")),
			 3);
}
END_TEST

START_TEST(chars)
{
	ck_assert_uint_eq(text_chars(LIT("")), 0);
	ck_assert_uint_eq(text_chars(LIT("hello, wonderful world")), 22);
	ck_assert_uint_eq(text_chars(LIT("gr\xc3\xbc\xc3\x9f"
					 "e, gr\xc3\xbc\xc3\x9f"
					 "e")),
			  12);
	ck_assert_uint_eq(text_chars(LIT("\xf0\x9f\x98\x80\xe5\xb0\x8f")), 2);
	ck_assert_uint_eq(text_chars(LIT("e\xcc\x81")), 2);
}
END_TEST

START_TEST(items)
{
	uint64_t n;
	struct str rest = STR_LIT(",a,,bc,"), all = STR_LIT("a b"), none = {NULL, 0}, item;

	ck_assert(str_next(&rest, ',', &item));
	assert_is(item, "a", "the first");
	assert_is(rest, ",,bc,", "behind it");
	ck_assert(str_next(&rest, ',', &item));
	assert_is(item, "bc", "the second");
	ck_assert(!str_next(&rest, ',', &item));
	ck_assert(item.n == 0 && rest.n == 0);
	ck_assert(str_next(&all, ',', &item));
	assert_is(item, "a b", "the only one");
	ck_assert(!str_next(&all, ',', &item));
	ck_assert(!str_next(&none, ',', &item));
	ck_assert(str_number(STR_LIT("007"), &n) && n == 7);
	ck_assert(str_number(STR_LIT("99999999999999999"), &n) && n == 99999999999999999);
	ck_assert(!str_number(STR_LIT("100000000000000000"), &n));
	ck_assert(!str_number(STR_LIT("1a"), &n) && !str_number(none, &n));
	assert_is(str_trim(STR_LIT("  a b ")), "a b", "without what is around it");
	ck_assert_uint_eq(str_trim(STR_LIT("  ")).n, 0);
	ck_assert_uint_eq(str_trim(none).n, 0);
}
END_TEST

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- numbers for people ------------------------------------------------------------------ */

static const struct {
	size_t (*show)(char *, size_t, uint64_t);
	uint64_t n;
	const char *text;
} amounts[] = {
    {show_bytes, 0, "0 bytes"},
    {show_bytes, 1, "1 byte"},
    {show_bytes, 999, "999 bytes"},
    {show_bytes, 1000, "1.0 KiB"},
    {show_bytes, 12345, "12 KiB"},
    {show_bytes, 1023000, "999 KiB"},
    {show_bytes, 104857600, "100 MiB"},
    {show_bytes, UINT64_C(1) << 40, "1.0 TiB"},
    {show_bytes, UINT64_MAX, "16777216 TiB"},
    {show_duration, 0, "0s"},
    {show_duration, 59, "59s"},
    {show_duration, 60, "1m 0s"},
    {show_duration, 3599, "59m 59s"},
    {show_duration, 3600, "1h 0m"},
    {show_duration, 86399, "23h 59m"},
    {show_duration, 86400 * 400 + 3600, "400d 1h"},
};

START_TEST(amount_rows)
{
	char out[32];

	ck_assert_uint_eq(amounts[_i].show(out, sizeof(out), amounts[_i].n),
			  strlen(amounts[_i].text));
	ck_assert_str_eq(out, amounts[_i].text);
	amounts[_i].show(out, 4, amounts[_i].n);
	ck_assert_uint_le(strlen(out), 3);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, utf8_rows, 0, COUNT(utf8));
	tcase_add_test(tc, utf8_reference);
	tcase_add_loop_test(tc, clean_rows, 0, COUNT(cleans));
	tcase_add_test(tc, clean_ascii);
	tcase_add_test(tc, is_clean_refuses);
	tcase_add_loop_test(tc, clean_linear, 0, 6);
	tcase_add_loop_test(tc, strip_rows, 0, COUNT(strips));
	tcase_add_loop_test(tc, balance_rows, 0, COUNT(balances));
	tcase_add_test(tc, balance_deep);
	tcase_add_test(tc, cut);
	tcase_add_test(tc, printed_whole);
	tcase_add_test(tc, width);
	tcase_add_test(tc, chars);
	tcase_add_test(tc, items);
	tcase_add_loop_test(tc, amount_rows, 0, COUNT(amounts));
	suite_add_tcase(s, tc);
	return unit_run(s);
}
