/* page.h - the rows of one answer, gathered from the newest to the oldest or the other way, or from the middle to both
 * sides; in the order of time in the end. At most PAGE_MAX bytes: one frame. */
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ipc/ipc.h"

struct page {
	size_t before, after; /* bytes before the middle, and from it on */
	bool more; /* rows that should be in it are not */
	char bytes[2 * PAGE_MAX];
};

static inline void
page_init(struct page *p)
{
	p->before = p->after = 0;
	p->more = false;
}

/* What is in it. */
static inline struct str
page_rows(const struct page *p)
{
	return (struct str){p->bytes + PAGE_MAX - p->before, p->before + p->after};
}

/* A frame before, or after, all others. False: it does not fit into `most` bytes of all rows together; `more` is set. */
static inline bool
page_put(struct page *p, bool before, const char *frame, size_t len, size_t most)
{
	if (len > most || p->before + p->after > most - len) {
		p->more = true;
		return false;
	}
	if (before)
		p->before += len;
	memcpy(p->bytes + (before ? PAGE_MAX - p->before : PAGE_MAX + p->after), frame, len);
	if (!before)
		p->after += len;
	return true;
}

#endif
