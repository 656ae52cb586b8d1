/* worker.h - what the whole process has one of. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/board.h"
#include "ipc/ipc.h"

struct loop;
struct sublink;
struct registry;

struct worker {
	struct loop *loop;
	struct sublink *link;
	struct registry *reg; /* NULL: not given (yet) */
	struct board_ref boards[WORKERS_MAX]; /* of all workers, by index; for /whois */
	bool draining;
	bool disk; /* store.durability "disk": senders are answered when their message is kept */
};
extern struct worker worker;

/* Wall clock, looked at once per turn. */
uint64_t worker_wall_ms(void);

/* drain.c */
void drain_begin(uint32_t ms, const char *text);
void drain_turn(void); /* at the end of each turn while draining */

#endif
