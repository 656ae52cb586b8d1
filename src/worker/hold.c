/* hold.c - see hold.h. */
#include "config.h"

#include "worker/hold.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

static struct hold *
last(struct holds *h)
{
	return h->n > 0 ? &h->v[h->first + h->n - 1] : NULL;
}

void
holds_add(struct holds *h, uint64_t at, uint64_t seq)
{
	struct hold *l = last(h);

	if (l != NULL && (l->at == at || l->seq >= seq)) {
		l->seq = MAX(l->seq, seq);
		return;
	}
	if (h->first + h->n == h->cap && h->first > h->n) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): first > 0: there is a v */
		memcpy(h->v, h->v + h->first, h->n * sizeof(*h->v));
		h->first = 0;
	}
	if (h->first + h->n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 4;
		h->v = xrealloc(h->v, h->cap * sizeof(*h->v));
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): below cap: there is a v */
	h->v[h->first + h->n++] = (struct hold){at, seq};
}

void
holds_trim(struct holds *h, uint64_t end)
{
	while (h->n > 0 && last(h)->at >= end)
		h->n--;
}

bool
holds_release(struct holds *h, uint64_t upto)
{
	uint32_t n = h->n;

	while (h->n > 0 && h->v[h->first].seq <= upto) {
		h->first++;
		h->n--;
	}
	if (h->n == 0)
		h->first = 0;
	return h->n < n;
}

void
holds_free(struct holds *h)
{
	free(h->v);
	*h = (struct holds){0};
}
