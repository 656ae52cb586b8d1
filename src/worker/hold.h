/* hold.h - places in a client's queue where it stops until an event is on the disk.
 *
 * With store.durability "disk" whoever sends a message is told so only when it is kept. What is told stands
 * in the queue where it belongs, so that the order remains the journal's; all behind it waits with it.
 */
#ifndef WORKER_HOLD_H
#define WORKER_HOLD_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes from `at` on wait for the event `seq`. */
struct hold {
	uint64_t at, seq;
};

/* In the order of the queue, which is that of the events. Zero memory has none. */
struct holds {
	struct hold *v; /* owned */
	uint32_t first, n, cap; /* v[first] .. v[first + n - 1] */
};

/* What will be queued at `at` and behind it waits for seq, too. */
void holds_add(struct holds *h, uint64_t at, uint64_t seq);
/* Nothing lies behind the last ones, the queue ends at `end`: they are not needed. */
void holds_trim(struct holds *h, uint64_t end);
/* All events up to this one are on the disk. True: a hold has gone. */
bool holds_release(struct holds *h, uint64_t upto);
void holds_free(struct holds *h);

/* Up to where the queue, which ends at `end`, may leave. */
static inline uint64_t
holds_open(const struct holds *h, uint64_t end)
{
	return h->n > 0 ? h->v[h->first].at : end;
}

#endif
