/* script.h - an input that is read as a script: each step is some bytes of it. What is beyond its end is zeroes. */
#ifndef TESTS_FUZZ_SCRIPT_H
#define TESTS_FUZZ_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"
#include "lib/util.h"

struct script {
	const uint8_t *p, *end;
};

static inline unsigned
byte(struct script *s)
{
	return s->p < s->end ? *s->p++ : 0;
}

/* Up to max bytes from the script. */
static inline struct str
some(struct script *s, size_t max)
{
	size_t want = byte(s) * max / 255, left = (size_t)(s->end - s->p);
	struct str v = {(const char *)s->p, MIN(want, left)};

	s->p += v.n;
	return v;
}

#endif
