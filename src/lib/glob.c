/* glob.c - see glob.h. */
#include "config.h"

#include "lib/glob.h"

/* Bytes of the character at p. */
static size_t
char_len(const char *p, size_t left)
{
	size_t n = 1;

	while (n < left && ((unsigned char)p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static char
small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
same(char a, char b, bool nocase)
{
	return a == b || (nocase && small(a) == small(b));
}

/* When something does not match, only the last star can take more: earlier ones took the least
 * that was possible, which left the most. */
static bool
match(const char *pattern, size_t pn, const char *s, size_t n, bool nocase)
{
	size_t p = 0, at = 0, star = pn, star_at = 0;

	while (at < n) {
		if (p < pn && pattern[p] == '*') {
			star = p++;
			star_at = at;
		} else if (p < pn && pattern[p] == '?') {
			p++;
			at += char_len(s + at, n - at);
		} else if (p < pn && same(pattern[p], s[at], nocase)) {
			p++;
			at++;
		} else if (star < pn) {
			at = ++star_at; /* what follows a star cannot match within a character */
			p = star + 1;
		} else {
			return false;
		}
	}
	while (p < pn && pattern[p] == '*')
		p++;
	return p == pn;
}

bool
glob_match(const char *pattern, size_t pn, const char *s, size_t n)
{
	return match(pattern, pn, s, n, false);
}

bool
glob_match_nocase(const char *pattern, size_t pn, const char *s, size_t n)
{
	return match(pattern, pn, s, n, true);
}
