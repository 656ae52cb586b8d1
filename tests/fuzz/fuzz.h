/* fuzz.h - what every fuzz target defines, and how it says that something is wrong. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define FUZZ_ASSERT(expr) \
	do { \
		if (!(expr)) { \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #expr); \
			abort(); \
		} \
	} while (0)

/* A heap copy of exactly n bytes with room for cap: a sanitizer sees each byte beyond. */
static inline void *
fuzz_copy(const void *p, size_t n, size_t cap)
{
	void *s = calloc(1, cap > 0 ? cap : 1);

	FUZZ_ASSERT(s != NULL && n <= cap);
	if (n > 0)
		memcpy(s, p, n);
	return s;
}

#endif
