/* arena.h - the bytes that are made for clients in one turn of the loop.
 *
 * Rendered once, queued by reference (outq.h), sent at the end of the turn, forgotten. A
 * reference is an offset, so that four of them fit where two pointers with lengths would. The
 * memory is one reservation that never moves; at its beginning stands what never changes
 * (banner, instructions), which arena_reset leaves alone.
 */
#ifndef WORKER_ARENA_H
#define WORKER_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_SOFT (4u << 20) /* whoever makes bytes flushes above this: out_relieve() */
#define ARENA_MAX (64u << 20) /* reserved; nothing makes as much between two looks at SOFT */
#define ARENA_RUN_MAX (64u << 10)

struct slice {
	uint32_t off, len;
};

extern char *arena_base;

void arena_init(void); /* fatal when the kernel refuses */

/* Room for n bytes at the end, to be counted by arena_commit; nothing else may be asked for in
 * between. Valid until arena_reset. */
char *arena_room(size_t n);
struct slice arena_commit(size_t n);
struct slice arena_copy(const void *p, size_t n);
size_t arena_used(void);

/* What has been made so far stays for ever. Called once, at start. */
void arena_keep(void);

/* Forget the rest. Gives memory back after a long time of needing little. */
void arena_reset(void);

/* A run: renderings that should lie one behind the other, because the same recipients get them.
 * What follows the last one directly extends it; if something else got in between, a new place is
 * taken, with room for as much again as the run holds already. Zero memory is an empty run; runs
 * of an earlier turn are empty too. */
struct run {
	uint32_t end, cap; /* offsets */
	uint32_t total; /* bytes in this turn */
	uint32_t turn;
};

char *run_room(struct run *r, size_t n);
struct slice run_commit(struct run *r, size_t n);

static inline const char *
arena_at(uint32_t off)
{
	return arena_base + off;
}

#endif
