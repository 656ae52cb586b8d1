/* promise.c - see promise.h. */
#include "config.h"

#include "broker/promise.h"

#include <string.h>

#include "lib/util.h"

#define PROMISES_MAX 1024 /* some hundred can be under way, and some are not with the store yet */

static struct promise {
	uint8_t id[FILE_ID];
	uint64_t account, bytes, seq; /* seq: of the event that tells of it; 0: it has not come */
	uint32_t sub, inc;
	uint32_t n; /* uploads by the same link; 0: the place is free */
} all[PROMISES_MAX];
static unsigned top; /* the rest is free */

static struct promise *
find(const uint8_t id[FILE_ID])
{
	for (unsigned i = 0; i < top; i++) {
		if (all[i].n > 0 && memcmp(all[i].id, id, FILE_ID) == 0)
			return &all[i];
	}
	return NULL;
}

static void
end(struct promise *p)
{
	p->n = 0;
	while (top > 0 && all[top - 1].n == 0)
		top--;
}

static struct promise *
place(void)
{
	unsigned i = 0;

	while (i < top && all[i].n > 0)
		i++;
	if (i == PROMISES_MAX)
		return NULL;
	top = MAX(top, i + 1);
	return &all[i];
}

bool
promise_make(const uint8_t id[FILE_ID], uint64_t account, uint64_t bytes, uint32_t sub,
	     uint32_t inc)
{
	struct promise *p = find(id);

	if (p != NULL) { /* one of them will be too late */
		p->bytes = MAX(p->bytes, bytes);
		p->n++;
		return true;
	}
	p = place();
	if (p == NULL)
		return false;
	*p = (struct promise){.account = account, .bytes = bytes, .sub = sub, .inc = inc, .n = 1};
	memcpy(p->id, id, FILE_ID);
	return true;
}

void
promise_kept(const uint8_t id[FILE_ID], uint64_t size, uint64_t seq)
{
	struct promise *p = find(id);

	if (p == NULL)
		return;
	p->bytes = size;
	p->seq = seq;
}

void
promise_broken(const uint8_t id[FILE_ID])
{
	struct promise *p = find(id);

	if (p != NULL && p->seq == 0 && --p->n == 0)
		end(p);
}

void
promises_forget(uint32_t sub, uint32_t inc)
{
	for (unsigned i = top; i-- > 0;) {
		if (all[i].n > 0 && all[i].seq == 0 && all[i].sub == sub && all[i].inc == inc)
			end(&all[i]);
	}
}

struct promised
promises(const uint8_t id[FILE_ID], uint64_t account, uint64_t seq)
{
	struct promised sum = {0};

	for (unsigned i = top; i-- > 0;) {
		const struct promise *p = &all[i];

		if (p->n > 0 && p->seq != 0 && p->seq <= seq)
			end(&all[i]);
		if (p->n == 0 || memcmp(p->id, id, FILE_ID) == 0)
			continue;
		sum.total += p->bytes;
		sum.account += p->account == account ? p->bytes : 0;
	}
	return sum;
}

void
promises_fini(void)
{
	memset(all, 0, sizeof(all));
	top = 0;
}
