/* arena.c - see arena.h. */
#include "config.h"

#include "worker/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/util.h"

#define KEEP (1u << 20) /* memory that a worker which has been busy once may hold */
#define QUIET_TURNS 1000 /* turns below KEEP before the rest goes back */

char *arena_base;

static struct {
	uint32_t used, kept, peak;
	uint32_t turn; /* arena_reset was called so often */
	unsigned quiet;
} arena = {.turn = 1};

void
arena_init(void)
{
	void *p = mmap(NULL, ARENA_MAX, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		fatal("arena of %u bytes: %s", ARENA_MAX, strerror(errno));
	arena_base = p;
}

char *
arena_room(size_t n)
{
	CHECK(n <= ARENA_MAX - arena.used);
	return arena_base + arena.used;
}

struct slice
arena_commit(size_t n)
{
	struct slice s = {.off = arena.used, .len = (uint32_t)n};

	CHECK(n <= ARENA_MAX - arena.used);
	arena.used += (uint32_t)n;
	return s;
}

struct slice
arena_copy(const void *p, size_t n)
{
	memcpy(arena_room(n), p, n);
	return arena_commit(n);
}

size_t
arena_used(void)
{
	return arena.used;
}

void
arena_keep(void)
{
	arena.kept = arena.used;
}

void
arena_reset(void)
{
	if (arena.used > arena.peak)
		arena.peak = arena.used;
	if (arena.used > KEEP) {
		arena.quiet = 0;
	} else if (arena.peak > KEEP && ++arena.quiet >= QUIET_TURNS) {
		madvise(arena_base + KEEP, arena.peak - KEEP, MADV_DONTNEED);
		arena.peak = KEEP;
		arena.quiet = 0;
	}
	arena.used = arena.kept;
	arena.turn++;
}

char *
run_room(struct run *r, size_t n)
{
	size_t want;

	if (r->turn != arena.turn)
		*r = (struct run){.turn = arena.turn};
	if (r->cap - r->end >= n)
		return arena_base + r->end;
	if (r->cap == arena.used && r->total > 0) {
		/* nothing came in between: grow where we are */
		arena_room(n);
		arena.used = r->end + (uint32_t)n;
		r->cap = arena.used;
		return arena_base + r->end;
	}
	want = r->total == 0 ? n : MAX(n, MIN(2 * r->total, ARENA_RUN_MAX));
	arena_room(want);
	r->end = arena.used;
	arena.used += (uint32_t)want;
	r->cap = arena.used;
	return arena_base + r->end;
}

struct slice
run_commit(struct run *r, size_t n)
{
	struct slice s = {.off = r->end, .len = (uint32_t)n};

	CHECK(n <= r->cap - r->end);
	/* The first of a turn is mostly the only one: no room is held for others. */
	if (r->total == 0 && r->cap == arena.used) {
		arena.used = r->end + (uint32_t)n;
		r->cap = arena.used;
	}
	r->end += (uint32_t)n;
	r->total += (uint32_t)n;
	return s;
}
