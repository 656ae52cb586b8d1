/* range.c - see range.h. */
#include "config.h"

#include "proto/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"

/* Digits; *s moves behind them. False: there are none, or too many. */
static bool
number(const char **s, uint64_t *v)
{
	size_t n = strspn(*s, "0123456789");

	*v = 0;
	if (n == 0 || n > 18)
		return false;
	for (; n > 0; n--)
		*v = *v * 10 + (uint64_t)(*(*s)++ - '0');
	return true;
}

static enum range_kind
part(struct range *r, uint64_t size, uint64_t from, uint64_t to)
{
	if (from >= size)
		return RANGE_WRONG;
	r->from = from;
	r->n = MIN(to, size - 1) - from + 1;
	return RANGE_PART;
}

enum range_kind
range_parse(const char *s, uint64_t size, struct range *r)
{
	uint64_t from = 0, to = UINT64_MAX;

	*r = (struct range){0, size};
	if (strncasecmp(s, "bytes=", 6) != 0)
		return RANGE_NONE;
	s += 6;
	if (*s == '-') { /* the last so many */
		s++;
		if (!number(&s, &to) || *s != '\0')
			return RANGE_NONE;
		return to == 0 || size == 0 ? RANGE_WRONG
					    : part(r, size, size - MIN(to, size), UINT64_MAX);
	}
	if (!number(&s, &from) || *s++ != '-')
		return RANGE_NONE;
	if (*s != '\0' && (!number(&s, &to) || *s != '\0' || to < from))
		return RANGE_NONE;
	return part(r, size, from, to);
}
