/* name.c - rules for names, and the fold by which they are compared.
 *
 * The fold is Unicode's NFKC_Casefold by way of utf8proc, repeated until nothing
 * changes: one pass of utf8proc is not idempotent for a few characters, and a name
 * whose fold folds to something else could be taken twice.
 */
#include "config.h"
#include "lib/name.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

#include "lib/text.h"

/* Longer input is refused before any work; what folds into ROOM_FOLD_MAX is shorter. */
#define FOLD_INPUT_MAX 512
/* Code points on the way: U+FDFA alone becomes 18. */
#define FOLD_POINTS_MAX 1024
#define FOLD_PASSES_MAX 4

#define FOLD_OPTIONS \
	(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)

typedef enum name_err char_fn(utf8proc_int32_t c, bool first);

static bool
ascii_only(const char *p, size_t n)
{
	unsigned char any = 0;

	for (size_t i = 0; i < n; i++)
		any |= (unsigned char)p[i];
	return any < 0x80;
}

static ssize_t
fold_pass(const char *p, size_t n, char *out, size_t cap)
{
	utf8proc_int32_t points[FOLD_POINTS_MAX + 1]; /* reencode may add a zero */
	ssize_t len;

	len = utf8proc_decompose((const utf8proc_uint8_t *)p, n, points, FOLD_POINTS_MAX,
				 FOLD_OPTIONS);
	if (len <= 0 || len > FOLD_POINTS_MAX)
		return -1;
	len = utf8proc_reencode(points, len, FOLD_OPTIONS);
	if (len <= 0 || (size_t)len > cap)
		return -1;
	memcpy(out, points, len);
	return len;
}

static ssize_t
fold_unicode(const char *p, size_t n, char *out, size_t cap)
{
	char prev[FOLD_INPUT_MAX];
	ssize_t len, next;

	/* utf8proc takes some of what RFC 3629 forbids. */
	if (n > sizeof(prev) || !text_utf8_ok(p, n))
		return -1;
	if (cap > sizeof(prev))
		cap = sizeof(prev);
	len = fold_pass(p, n, out, cap);
	for (int i = 0; i < FOLD_PASSES_MAX && len >= 0; i++) {
		memcpy(prev, out, len);
		next = fold_pass(prev, len, out, cap);
		if (next == len && memcmp(prev, out, len) == 0)
			return len;
		len = next;
	}
	return -1;
}

ssize_t
name_fold(const char *p, size_t n, char *out, size_t cap)
{
	if (n == 0)
		return -1;
	if (!ascii_only(p, n))
		return fold_unicode(p, n, out, cap);
	if (n > cap)
		return -1;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = p[i];

		out[i] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	}
	return n;
}

static bool
is_mark(utf8proc_category_t cat)
{
	return cat == UTF8PROC_CATEGORY_MN || cat == UTF8PROC_CATEGORY_MC ||
	       cat == UTF8PROC_CATEGORY_ME;
}

static enum name_err
user_char_ascii(unsigned char c, bool first)
{
	if ((c >= '0' && c <= '9') || c == '-')
		return first ? NAME_BAD_START : NAME_OK;
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return NAME_OK;
	return c != '\0' && strchr("_[]\\^{}|`", c) != NULL ? NAME_OK : NAME_BAD_CHAR;
}

static enum name_err
user_char(utf8proc_int32_t c, bool first)
{
	if (c < 0x80)
		return user_char_ascii(c, first);
	/* Variation selectors are marks and Hangul fillers letters, and nobody sees them. */
	if (utf8proc_get_property(c)->ignorable)
		return NAME_BAD_CHAR;
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
		return NAME_OK;
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
	case UTF8PROC_CATEGORY_ND:
		return first ? NAME_BAD_START : NAME_OK;
	default:
		return NAME_BAD_CHAR;
	}
}

static enum name_err
room_char(utf8proc_int32_t c, bool first)
{
	utf8proc_category_t cat;

	if (c < 0x80)
		return c <= ' ' || c == 0x7f || c == ',' || c == ':' ? NAME_BAD_CHAR : NAME_OK;
	/* U+FE0F makes many a heart red: allowed, and the fold takes it out. */
	if (c >= 0xfe00 && c <= 0xfe0f)
		return first ? NAME_BAD_START : NAME_OK;
	/* U+2800 is a symbol that shows as a space. */
	if (utf8proc_get_property(c)->ignorable || c == 0x2800)
		return NAME_BAD_CHAR;
	cat = utf8proc_category(c);
	switch (cat) {
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
		return NAME_BAD_CHAR;
	default:
		return first && is_mark(cat) ? NAME_BAD_START : NAME_OK;
	}
}

/* Every character of valid UTF-8 against fn; the number of characters into *chars. */
static enum name_err
check_chars(const char *p, size_t n, char_fn *fn, size_t *chars)
{
	enum name_err err;

	*chars = 0;
	for (size_t i = 0; i < n;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)p + i, n - i, &c);

		if (len <= 0)
			return NAME_NOT_UTF8;
		err = fn(c, i == 0);
		if (err != NAME_OK)
			return err;
		i += len;
		++*chars;
	}
	return NAME_OK;
}

struct rules {
	size_t chars_max, bytes_max, fold_max;
	char_fn *fn;
};

static enum name_err
check(const struct rules *r, const char *p, size_t n, char *fold, ssize_t *fold_len)
{
	enum name_err err;
	size_t chars;

	if (n == 0)
		return NAME_EMPTY;
	if (n > r->bytes_max)
		return NAME_TOO_LONG;
	if (!text_utf8_ok(p, n))
		return NAME_NOT_UTF8;
	err = check_chars(p, n, r->fn, &chars);
	if (err != NAME_OK)
		return err;
	if (chars > r->chars_max)
		return NAME_TOO_LONG;
	*fold_len = name_fold(p, n, fold, r->fold_max);
	if (*fold_len < 0)
		return NAME_TOO_LONG;
	/* U+037A is a letter and folds to a space and a mark, U+FF1A is a colon: what the
	 * name is compared as has to keep the rules too. */
	if (!ascii_only(p, n) && check_chars(fold, *fold_len, r->fn, &chars) != NAME_OK)
		return NAME_BAD_CHAR;
	return NAME_OK;
}

/* --- the server's own --------------------------------------------------------------------- */

static char own[NAME_FOLD_MAX];
static size_t own_len;

static bool
fold_is_server(const char *fold, size_t n)
{
	return (n == 6 && memcmp(fold, "server", 6) == 0) ||
	       (own_len > 0 && n == own_len && memcmp(fold, own, n) == 0);
}

void
name_reserve(const char *p, size_t n)
{
	ssize_t len = name_fold(p, n, own, sizeof(own));

	own_len = len > 0 ? (size_t)len : 0;
}

bool
name_is_server(const char *p, size_t n)
{
	char fold[NAME_FOLD_MAX];
	ssize_t len = name_fold(p, n, fold, sizeof(fold));

	return len > 0 && fold_is_server(fold, (size_t)len);
}

/* Nor may anybody be taken for what IRC's people give their passwords to. */
static bool
fold_is_reserved(const char *fold, size_t n)
{
	static const char nickserv[] = "nickserv", chanserv[] = "chanserv";

	return fold_is_server(fold, n) ||
	       (n == sizeof(nickserv) - 1 &&
		(memcmp(fold, nickserv, n) == 0 || memcmp(fold, chanserv, n) == 0));
}

/* --- what is allowed ---------------------------------------------------------------------- */

enum name_err
name_check(const char *p, size_t n)
{
	static const struct rules rules = {NAME_CHARS_MAX, NAME_BYTES_MAX, NAME_FOLD_MAX,
					   user_char};
	char fold[NAME_FOLD_MAX];
	ssize_t len;
	enum name_err err = check(&rules, p, n, fold, &len);

	if (err == NAME_OK && fold_is_reserved(fold, (size_t)len))
		return NAME_RESERVED;
	return err;
}

enum name_err
room_check(const char *p, size_t n)
{
	static const struct rules rules = {ROOM_CHARS_MAX, ROOM_BYTES_MAX, ROOM_FOLD_MAX,
					   room_char};
	char fold[ROOM_FOLD_MAX];
	ssize_t len;

	return check(&rules, p, n, fold, &len);
}

const char *
name_strerror(enum name_err err)
{
	switch (err) {
	case NAME_OK:
		return "The name is fine.";
	case NAME_EMPTY:
		return "A name needs at least one character.";
	case NAME_TOO_LONG:
		return "That name is too long: names have at most 32 characters, in some scripts "
		       "fewer.";
	case NAME_BAD_START:
		return "A name begins with a letter, or one of _ [ ] \\ ^ { } | `.";
	case NAME_BAD_CHAR:
		return "Names have letters and digits, and - _ [ ] \\ ^ { } | ` only.";
	case NAME_RESERVED:
		return "That name is reserved.";
	case NAME_NOT_UTF8:
		return "That name is not valid UTF-8.";
	}
	return "That name cannot be used.";
}

const char *
room_strerror(enum name_err err)
{
	switch (err) {
	case NAME_TOO_LONG:
		return "That name is too long: rooms' names have at most 64 characters, in some "
		       "scripts fewer.";
	case NAME_BAD_START:
		return "A room's name cannot begin with that character.";
	case NAME_BAD_CHAR:
		return "Rooms' names have no spaces, commas, colons or control characters.";
	default:
		return name_strerror(err);
	}
}

bool
name_same(struct str a, struct str b)
{
	char fa[ROOM_FOLD_MAX], fb[ROOM_FOLD_MAX];
	ssize_t na = name_fold(a.p, a.n, fa, sizeof(fa)), nb = name_fold(b.p, b.n, fb, sizeof(fb));

	return na > 0 && na == nb && memcmp(fa, fb, (size_t)na) == 0;
}
