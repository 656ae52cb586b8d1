/* Text and names: what comes out of each function keeps what the header says of it.
 *
 * Input: one byte, its low two bits TEXT_KEEP_*, the others a number (room, cut), then the
 * text. */
#include "config.h"

#include <stdbool.h>
#include <utf8proc.h>

#include "fuzz.h"
#include "lib/name.h"
#include "lib/text.h"

/* utf8proc's own opinion, as a second one. */
static bool
valid(const char *p, size_t n, size_t *chars_r)
{
	*chars_r = 0;
	for (size_t i = 0; i < n; ++*chars_r) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)p + i, n - i, &c);

		if (len <= 0)
			return false;
		i += len;
	}
	return true;
}

static void
check_clean(const char *p, size_t n, unsigned keep, bool ok)
{
	char *s = fuzz_copy(p, n, n), *again;
	size_t len = text_clean(s, n, keep), len2;

	FUZZ_ASSERT(len <= n);
	FUZZ_ASSERT(text_is_clean(s, len, keep));
	FUZZ_ASSERT(text_utf8_ok(s, len));
	for (size_t i = 0; i < len; i++) {
		FUZZ_ASSERT(s[i] != 0x1b && s[i] != 0x7f && s[i] != 0x07 && s[i] != '\0');
		FUZZ_ASSERT((keep & TEXT_KEEP_NL) || s[i] != '\n');
	}
	FUZZ_ASSERT(text_is_clean(p, n, keep) == (ok && len == n && memcmp(s, p, n) == 0));
	again = fuzz_copy(s, len, len);
	len2 = text_clean(again, len, keep);
	FUZZ_ASSERT(len2 == len && memcmp(s, again, len) == 0);
	free(again);
	free(s);
}

static void
check_strip(const char *p, size_t n, bool ok)
{
	char *s = fuzz_copy(p, n, n);
	size_t len = text_strip_irc(s, n);

	FUZZ_ASSERT(len <= n);
	FUZZ_ASSERT(!ok || text_utf8_ok(s, len));
	for (size_t i = 0; i < len; i++)
		FUZZ_ASSERT(s[i] == '\0' || strchr("\2\3\4\17\21\26\35\36\37", s[i]) == NULL);
	free(s);
}

/* By counting: in each line as many closers as openers, never more closers so far. */
static void
check_balanced(const char *p, size_t n)
{
	int embed = 0, isolate = 0;

	for (size_t i = 0; i <= n; i++) {
		unsigned char c;

		if (i == n || p[i] == '\n') {
			FUZZ_ASSERT(isolate == 0);
			embed = 0;
			continue;
		}
		if (n - i < 3 || (unsigned char)p[i] != 0xe2)
			continue;
		c = p[i + 2];
		if ((unsigned char)p[i + 1] == 0x80 && c >= 0xaa && c <= 0xae)
			embed += c == 0xac ? -1 : 1;
		else if ((unsigned char)p[i + 1] == 0x81 && c >= 0xa6 && c <= 0xa9)
			isolate += c == 0xa9 ? -1 : 1;
		FUZZ_ASSERT(embed >= 0 && isolate >= 0);
	}
}

static void
check_balance(const char *p, size_t n, size_t room)
{
	char *s = fuzz_copy(p, n, n + room), *again;
	size_t len = text_balance(s, n, n + room), len2;

	FUZZ_ASSERT(len <= n + room);
	FUZZ_ASSERT(text_utf8_ok(s, len));
	check_balanced(s, len);
	again = fuzz_copy(s, len, len);
	len2 = text_balance(again, len, len);
	FUZZ_ASSERT(len2 == len && memcmp(s, again, len) == 0);
	free(again);
	free(s);
}

static void
check_measures(const char *p, size_t n, size_t max, size_t chars)
{
	size_t cut = text_cut(p, n, max);

	FUZZ_ASSERT(cut <= max && cut <= n);
	FUZZ_ASSERT(n <= max ? cut == n : true);
	FUZZ_ASSERT(text_utf8_ok(p, cut) && text_utf8_ok(p + cut, n - cut));
	FUZZ_ASSERT(text_chars(p, n) == chars);
	FUZZ_ASSERT(text_width(p, n) >= 0 && (size_t)text_width(p, n) <= 2 * n);
}

/* Folds p; what is folded stays as it is.  Returns the length or -1. */
static ssize_t
check_fold(const char *p, size_t n, char *out, size_t cap)
{
	char again[ROOM_FOLD_MAX];
	ssize_t len = name_fold(p, n, out, cap);

	FUZZ_ASSERT(len == -1 || (len > 0 && (size_t)len <= cap));
	if (len == -1)
		return -1;
	FUZZ_ASSERT(text_utf8_ok(out, len));
	FUZZ_ASSERT(name_fold(out, len, again, cap) == len);
	FUZZ_ASSERT(memcmp(out, again, len) == 0);
	return len;
}

static void
check_names(const char *p, size_t n, bool ok, size_t chars)
{
	char fold[ROOM_FOLD_MAX];
	enum name_err user = name_check(p, n), room = room_check(p, n), err;
	ssize_t len;

	FUZZ_ASSERT(strlen(name_strerror(user)) > 0 && strlen(name_strerror(room)) > 0);
	FUZZ_ASSERT(ok || (user != NAME_OK && room != NAME_OK));
	FUZZ_ASSERT((user == NAME_EMPTY) == (n == 0) && (room == NAME_EMPTY) == (n == 0));
	FUZZ_ASSERT(room != NAME_RESERVED);
	len = check_fold(p, n, fold, NAME_FOLD_MAX);
	if (user == NAME_OK) {
		FUZZ_ASSERT(len > 0 && chars <= NAME_CHARS_MAX && n <= NAME_BYTES_MAX);
		FUZZ_ASSERT(text_is_clean(p, n, 0) && text_is_clean(fold, len, 0));
		FUZZ_ASSERT(room_check(p, n) == NAME_OK);
		err = name_check(fold, len);
		FUZZ_ASSERT(err == NAME_OK || err == NAME_TOO_LONG);
	}
	len = check_fold(p, n, fold, ROOM_FOLD_MAX);
	if (room == NAME_OK) {
		FUZZ_ASSERT(len > 0 && chars <= ROOM_CHARS_MAX && n <= ROOM_BYTES_MAX);
		FUZZ_ASSERT(text_is_clean(p, n, 0) && text_is_clean(fold, len, 0));
		FUZZ_ASSERT(memchr(fold, ' ', len) == NULL && memchr(fold, ',', len) == NULL);
		err = room_check(fold, len);
		FUZZ_ASSERT(err == NAME_OK || err == NAME_TOO_LONG);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	size_t chars, number;
	unsigned keep;
	char *p;
	bool ok;

	if (n < 1)
		return 0;
	keep = in[0] & 3;
	number = in[0] >> 2;
	n--;
	p = fuzz_copy(in + 1, n, n);
	ok = text_utf8_ok(p, n);
	FUZZ_ASSERT(ok == valid(p, n, &chars));
	check_clean(p, n, keep, ok);
	check_strip(p, n, ok);
	if (ok) {
		check_balance(p, n, number);
		check_measures(p, n, number, chars);
	} else {
		FUZZ_ASSERT(text_width(p, n) >= 0);
	}
	check_names(p, n, ok, chars);
	free(p);
	return 0;
}
