/* hist.c - merging and reading histograms of times. */
#include "config.h"

#include "hist.h"

void
hist_merge(struct hist *h, const struct hist *from)
{
	h->count += from->count;
	if (from->max > h->max)
		h->max = from->max;
	for (unsigned i = 0; i < HIST_SLOTS; i++)
		h->slot[i] += from->slot[i];
}

/* The upper edge of a slot: a quantile is never told better than it was. */
static uint64_t
hist_edge(unsigned i)
{
	unsigned e = i >> HIST_SUB;
	uint64_t low = i & ((1u << HIST_SUB) - 1);

	return e == 0 ? low : (((1u << HIST_SUB) + low + 1) << (e - 1)) - 1;
}

uint64_t
hist_quantile(const struct hist *h, double p)
{
	uint64_t want = (uint64_t)(p * (double)h->count), seen = 0;

	for (unsigned i = 0; i < HIST_SLOTS; i++) {
		seen += h->slot[i];
		if (seen > want)
			return hist_edge(i) < h->max ? hist_edge(i) : h->max;
	}
	return h->max;
}
