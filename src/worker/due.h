/* due.h - deadlines of many connections with one timer.
 *
 * A list holds connections that wait for the same length of time, in the order in which they
 * began: the first is due first. Nothing here grows with the number of those that wait.
 */
#ifndef WORKER_DUE_H
#define WORKER_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop.h"

/* Lives in its owner's memory; zero is "in no list". */
struct due {
	struct due *prev, *next;
	uint64_t since; /* mono_ms */
};

struct due_list {
	struct due head;
	struct loop *loop;
	struct loop_timer timer;
	uint64_t (*ms)(void); /* how long they wait; 0: for ever */
	void (*fn)(struct due *d); /* called once for each that is due, when it has left the list */
};

void due_init(struct due_list *l, struct loop *loop, uint64_t (*ms)(void),
	      void (*fn)(struct due *));

/* Begin to wait, or begin anew. */
void due_add(struct due_list *l, struct due *d);
void due_del(struct due *d); /* in no list: fine */

static inline bool
due_waits(const struct due *d)
{
	return d->next != NULL;
}

/* The length of time has changed. */
void due_rearm(struct due_list *l);

/* The first, which has waited longest; NULL: nobody. */
struct due *due_first(struct due_list *l);
struct due *due_after(struct due_list *l, struct due *d);

#endif
