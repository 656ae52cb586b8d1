/* hist.h - histogram of times with 3 % steps; no pointers, so it may live in shared memory. */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

#define HIST_SUB 5 /* 2^5 steps for each power of two */
#define HIST_SLOTS ((64 - HIST_SUB + 1) << HIST_SUB)

struct hist {
	uint64_t count, max;
	uint64_t slot[HIST_SLOTS];
};

/* Count one value (nanoseconds). In the header because it runs once per delivery. */
static inline void
hist_add(struct hist *h, uint64_t v)
{
	unsigned e = v < (1u << HIST_SUB) ? 0 : 63u - (unsigned)__builtin_clzll(v) - (HIST_SUB - 1);
	uint64_t low = e == 0 ? v : (v >> (e - 1)) & ((1u << HIST_SUB) - 1);

	h->slot[((uint64_t)e << HIST_SUB) + low]++;
	h->count++;
	if (v > h->max)
		h->max = v;
}

/* Add from's counts to h. */
void hist_merge(struct hist *h, const struct hist *from);

/* The value below which the share p (0..1) of all values lies, in nanoseconds, never above the
 * greatest value seen; 0 when empty. */
uint64_t hist_quantile(const struct hist *h, double p);

#endif
