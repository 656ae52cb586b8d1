/* text.c - checking and cleaning of UTF-8 that strangers wrote.
 *
 * Runs in the worker on each line, in the broker as a check on its workers, and in
 * whatever shows text to an administrator.  Nearly all text is printable ASCII: each
 * function passes over that eight bytes at a time before it looks closer.
 * text_balance() is in text_bidi.c.
 */
#include "config.h"
#include "lib/text.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#define EVERY_BYTE(b) (UINT64_C(0x0101010101010101) * (b))
#define HIGH_BITS EVERY_BYTE(0x80)

#define ESC 0x1b
#define BEL 0x07
#define DEL 0x7f

/* How far text_cut() goes back for the character that marks belong to. */
#define CUT_BACK_MAX 16

static uint64_t
load64(const char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* Length of the run of bytes 00-7f that p begins with, in whole words. */
static size_t
ascii_run(const char *p, size_t n)
{
	size_t i = 0;

	while (n - i >= 8 && (load64(p + i) & HIGH_BITS) == 0)
		i += 8;
	return i;
}

/* The same for bytes 20-7e. */
static size_t
printable_run(const char *p, size_t n)
{
	size_t i = 0;

	while (n - i >= 8) {
		uint64_t x = load64(p + i);
		/* With no high bit set none of these sums carries into the next byte:
		 * x + 01 reaches 80 for 7f, x + 60 reaches 80 for 20 and above. */
		uint64_t bad = x | (x + EVERY_BYTE(0x01)) | ~(x + EVERY_BYTE(0x60));

		if ((x & HIGH_BITS) != 0 || (bad & HIGH_BITS) != 0)
			break;
		i += 8;
	}
	return i;
}

static bool
is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Decodes one character by table 3-7 of Unicode, which is RFC 3629's grammar.  Returns its
 * length, or 0 if p does not begin with one. */
static size_t
decode(const char *p, size_t n, uint32_t *c_r)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned char low = 0x80, high = 0xbf;

	if (n == 0)
		return 0;
	if (u[0] < 0x80) {
		*c_r = u[0];
		return 1;
	}
	if (u[0] < 0xc2 || u[0] > 0xf4 || n < 2)
		return 0;
	if (u[0] < 0xe0) {
		if (!is_tail(u[1]))
			return 0;
		*c_r = (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
		return 2;
	}
	if (u[0] == 0xe0)
		low = 0xa0; /* below is overlong */
	else if (u[0] == 0xed)
		high = 0x9f; /* above are surrogates */
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f; /* above is more than U+10FFFF */
	if (u[1] < low || u[1] > high || n < 3 || !is_tail(u[2]))
		return 0;
	if (u[0] < 0xf0) {
		*c_r = (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
		return 3;
	}
	if (n < 4 || !is_tail(u[3]))
		return 0;
	*c_r = (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
	return 4;
}

bool
text_utf8_ok(const char *p, size_t n)
{
	size_t i = 0, len;
	uint32_t c;

	while (i < n) {
		i += ascii_run(p + i, n - i);
		/* To the end of this word, and over text in another script. */
		while (i < n) {
			bool ascii = (unsigned char)p[i] < 0x80;

			len = decode(p + i, n - i, &c);
			if (len == 0)
				return false;
			i += len;
			if (ascii && n - i >= 8 && (load64(p + i) & HIGH_BITS) == 0)
				break;
		}
	}
	return true;
}

/* Characters above 7f that act on a terminal or on the text around them, and those that
 * are none.  Sorted. */
static const struct {
	uint32_t first, last;
} controls[] = {
    {0x0080, 0x009f}, /* C1 */
    {0x2028, 0x2029}, /* line and paragraph separator */
    {0x206a, 0x206f}, /* deprecated format characters */
    {0xfdd0, 0xfdef}, /* noncharacters */
    {0xfeff, 0xfeff}, /* byte order mark */
    {0xfff9, 0xfffb}, /* interlinear annotation */
    {0x1d173, 0x1d17a}, /* musical beams and slurs */
    {0xe0000, 0xe007f}, /* tags */
};

static bool
is_control(uint32_t c, unsigned keep)
{
	/* 02 03 04 0f 11 16 1d 1e 1f */
	const uint32_t irc = 0xe042801cu;

	if (c < 0x20) {
		if (c == '\n')
			return !(keep & TEXT_KEEP_NL);
		if (c == TEXT_CUT)
			return !(keep & TEXT_KEEP_CUT);
		return !((keep & TEXT_KEEP_IRC) && (irc >> c & 1));
	}
	if (c < 0x80)
		return c == DEL;
	if ((c & 0xfffe) == 0xfffe)
		return true; /* the last two of each plane are noncharacters */
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		if (c < controls[i].first)
			return false;
		if (c <= controls[i].last)
			return true;
	}
	return false;
}

bool
text_is_clean(const char *p, size_t n, unsigned keep)
{
	size_t i = 0, len;
	uint32_t c;

	while (i < n) {
		i += printable_run(p + i, n - i);
		for (size_t stop = i + 8; i < n && i < stop; i += len) {
			len = decode(p + i, n - i, &c);
			if (len == 0 || is_control(c, keep))
				return false;
		}
	}
	return true;
}

/* --- control sequences (ECMA-48, 5.4 and 5.6) -------------------------------------- */

/* The length of the introducer at p in its 7-bit (ESC c) or its C1 form, and its final
 * character in the former; 0 if there is none. */
static size_t
introducer(const char *p, size_t n, unsigned char *kind_r)
{
	const unsigned char *u = (const unsigned char *)p;

	if (n < 2)
		return 0;
	if (u[0] == ESC)
		*kind_r = u[1];
	else if (u[0] == 0xc2 && u[1] >= 0x80 && u[1] < 0xa0)
		*kind_r = u[1] - 0x40;
	else
		return 0;
	return 2;
}

/* Length of "parameters intermediates final" at p, 0 if it is something else. */
static size_t
csi_rest(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 0x30 && p[i] <= 0x3f)
		i++;
	while (i < n && p[i] >= 0x20 && p[i] <= 0x2f)
		i++;
	return i < n && p[i] >= 0x40 && p[i] <= 0x7e ? i + 1 : 0;
}

/* Length of a control string at p with its terminator, 0 if it has none.  It ends at the
 * latest where another sequence or a line begins, as for terminals it does, which also
 * keeps the work for a text full of introducers linear. */
static size_t
string_rest(const char *p, size_t n)
{
	unsigned char kind;

	for (size_t i = 0; i < n && p[i] != '\n'; i++) {
		if (p[i] == BEL)
			return i + 1;
		if (introducer(p + i, n - i, &kind))
			return kind == '\\' ? i + 2 : 0;
		if (p[i] == ESC)
			return 0;
	}
	return 0;
}

/* Length of the whole control sequence that p begins with, 0 if it is none or not well
 * formed: then only its introducer goes, and the rest is harmless text. */
static size_t
sequence(const char *p, size_t n)
{
	unsigned char kind;
	size_t rest, i = introducer(p, n, &kind);

	if (i > 0 && kind == '\\') /* ST, with nothing to end */
		return i;
	if (i == 0 || i == n)
		return 0;
	switch (kind) {
	case '[': /* CSI */
		rest = csi_rest(p + i, n - i);
		return rest ? i + rest : 0;
	case ']': /* OSC */
	case 'P': /* DCS */
	case 'X': /* SOS */
	case '^': /* PM */
	case '_': /* APC */
		rest = string_rest(p + i, n - i);
		return rest ? i + rest : 0;
	case 'O': /* SS3: cursor and function keys in application mode */
		return strchr("ABCDFHPQRS", p[i]) != NULL && p[i] != '\0' ? i + 1 : 0;
	case '(': /* a character set */
	case ')':
	case '*':
	case '+':
		return strchr("AB012", p[i]) != NULL && p[i] != '\0' ? i + 1 : 0;
	default:
		return 0;
	}
}

size_t
text_clean(char *p, size_t n, unsigned keep)
{
	size_t i = 0, w = 0;

	while (i < n) {
		size_t len = printable_run(p + i, n - i);
		uint32_t c;

		if (len == 0) {
			len = decode(p + i, n - i, &c);
			if (len == 0)
				c = 0, len = 1; /* not our contract, but no reason to trust it */
			if (c == '\t')
				p[i] = ' ';
			else if (is_control(c, keep)) {
				size_t seq = sequence(p + i, n - i);

				i += seq ? seq : len;
				continue;
			}
		}
		if (w != i)
			memmove(p + w, p + i, len);
		w += len;
		i += len;
	}
	return w;
}

/* --- IRC formatting ------------------------------------------------------------------ */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of a colour at p: up to two digits, or exactly six hex digits. */
static size_t
colour(const char *p, size_t n, bool hex)
{
	size_t max = hex ? 6 : 2, i = 0;

	while (i < max && i < n && (hex ? is_hex(p[i]) : is_digit(p[i])))
		i++;
	return hex && i < max ? 0 : i;
}

/* Length of the formatting code at p, 0 if there is none. */
static size_t
irc_code(const char *p, size_t n)
{
	size_t fg, bg;
	bool hex = p[0] == 0x04;

	if (p[0] != 0x03 && !hex)
		return (unsigned char)p[0] < 0x20 && p[0] != '\0' &&
		       strchr("\x02\x0f\x11\x16\x1d\x1e\x1f", p[0]) != NULL;
	fg = colour(p + 1, n - 1, hex);
	if (fg == 0 || 1 + fg >= n || p[1 + fg] != ',')
		return 1 + fg;
	bg = colour(p + 1 + fg + 1, n - 1 - fg - 1, hex);
	return bg == 0 ? 1 + fg : 1 + fg + 1 + bg;
}

size_t
text_strip_irc(char *p, size_t n)
{
	size_t i = 0, w = 0;

	while (i < n) {
		size_t len = printable_run(p + i, n - i);

		if (len == 0) {
			size_t code = irc_code(p + i, n - i);

			if (code > 0) {
				i += code;
				continue;
			}
			len = 1;
		}
		if (w != i)
			memmove(p + w, p + i, len);
		w += len;
		i += len;
	}
	return w;
}

/* --- measuring ----------------------------------------------------------------------- */

/* Does the character at p belong to the one before it? */
static bool
extends(const char *p, size_t n)
{
	uint32_t c;

	if ((unsigned char)p[0] < 0x80 || decode(p, n, &c) == 0)
		return false;
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
		return true;
	default:
		/* joiners, and the skin tones of emoji */
		return c == 0x200c || c == 0x200d || (c >= 0x1f3fb && c <= 0x1f3ff);
	}
}

static bool
follows_joiner(const char *p, size_t at)
{
	return at >= 3 && memcmp(p + at - 3, "\xe2\x80\x8d", 3) == 0;
}

static size_t
char_start(const char *p, size_t at)
{
	while (at > 0 && is_tail(p[at]))
		at--;
	return at;
}

size_t
text_cut(const char *p, size_t n, size_t max)
{
	size_t at, first;

	if (n <= max)
		return n;
	first = at = char_start(p, max);
	for (int i = 0; i < CUT_BACK_MAX && at > 0; i++) {
		if (!extends(p + at, n - at) && !follows_joiner(p, at))
			return at;
		at = char_start(p, at - 1);
	}
	/* Nothing but marks: better to cut among them than to return nothing. */
	return first;
}

int
text_width(const char *p, size_t n)
{
	int width = 0;

	for (size_t i = 0; i < n;) {
		size_t len = printable_run(p + i, n - i);
		uint32_t c;

		if (len > 0) {
			width += len;
		} else if ((len = decode(p + i, n - i, &c)) > 0) {
			width += utf8proc_charwidth(c);
		} else {
			width++;
			len = 1;
		}
		i += len;
	}
	return width;
}

size_t
text_chars(const char *p, size_t n)
{
	size_t chars = 0;

	for (size_t i = 0; i < n;) {
		size_t run = ascii_run(p + i, n - i);

		chars += run;
		i += run;
		for (size_t stop = i + 8; i < n && i < stop; i++)
			chars += !is_tail(p[i]);
	}
	return chars;
}
