/* str.h - bytes with a length: what parsers hand around without copying. */
#ifndef LIB_STR_H
#define LIB_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not terminated; points into something that the giver of it names, and lives as long as that. */
struct str {
	const char *p;
	size_t n;
};

#define STR_LIT(s) ((struct str){(s), sizeof(s) - 1})
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str
str_of(const char *s)
{
	return (struct str){s, strlen(s)};
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Nothing but digits, and not more than 17. */
static inline bool
str_number(struct str s, uint64_t *n_r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	*n_r = n;
	return s.n > 0 && s.n < 18;
}

/* Without the spaces around it. */
static inline struct str
str_trim(struct str s)
{
	while (s.n > 0 && s.p[0] == ' ')
		s = (struct str){s.p + 1, s.n - 1};
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

/* The next of the items that stand between separators; *rest moves behind it. Empty ones are passed over. False: there is
 * none left, and *item_r is empty. */
static inline bool
str_next(struct str *rest, char sep, struct str *item_r)
{
	const char *end;

	while (rest->n > 0 && rest->p[0] == sep)
		*rest = (struct str){rest->p + 1, rest->n - 1};
	*item_r = *rest;
	if (rest->n == 0)
		return false;
	end = (const char *)memchr(rest->p, sep, rest->n);
	if (end != NULL)
		item_r->n = (size_t)(end - rest->p);
	*rest = (struct str){rest->p + item_r->n, rest->n - item_r->n};
	return true;
}

#endif
