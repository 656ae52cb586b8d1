/* unit_str.h - struct str in tests: exact copies, and comparing. */
#ifndef TESTS_UNIT_STR_H
#define TESTS_UNIT_STR_H

#include <stdlib.h>

#include "lib/str.h"
#include "unit.h"

/* A copy of exactly that many bytes, which a sanitizer sees the ends of; the caller frees s.p. */
static inline struct str
copy(const char *p, size_t n)
{
	char *c = malloc(n > 0 ? n : 1);

	if (n > 0)
		memcpy(c, p, n);
	return (struct str){c, n};
}

static inline void
drop(struct str s)
{
	free((char *)s.p);
}

static inline void
assert_str(struct str s, const char *expected, size_t n, const char *what)
{
	if (s.n != n || (n > 0 && memcmp(s.p, expected, n) != 0))
		ck_abort_msg("%s: '" STR_FMT "', not '" STR_FMT "'", what, STR_ARG(s), (int)n,
			     expected);
}

static inline void
assert_is(struct str s, const char *expected, const char *what)
{
	assert_str(s, expected, strlen(expected), what);
}

#define ck_str(s, want) \
	ck_assert_msg(str_eq((s), str_of(want)), STR_FMT " is not %s", STR_ARG(s), want)

static inline void
assert_inside(struct str s, struct str line)
{
	if (s.n > 0)
		ck_assert(s.p >= line.p && s.p + s.n <= line.p + line.n);
}

#endif
