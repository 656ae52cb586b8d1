/* world.h - a registry and a journal in memory, and a broker's state around them, for tests that
 * decide requests without processes. */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"

struct world {
	int reg_fd, journal_fd; /* memfds */
	void *reg, *journal; /* mapped writable */
	size_t reg_size, journal_size;
};

/* Fresh memory for so many users, and `br` opened on it. */
void world_init(struct world *w, uint32_t users, size_t journal_size);
/* What a successor of the broker does: everything derived is made anew. Entries applied again. */
unsigned world_reopen(struct world *w);
void world_fini(struct world *w);

/* Requests of worker `sub` (incarnation 100 + sub), with its next serial. False: refused as a
 * peer's mistake (and the serial is not used up). */
uint64_t world_serial(unsigned sub);
bool world_decide(unsigned sub, const void *frame, size_t len);

/* Log in; the user id, or 0 when it was refused. */
uint64_t world_login(unsigned sub, const char *name, const char *address);
bool world_join(unsigned sub, uint64_t user, const char *room);
bool world_part(unsigned sub, uint64_t user, const char *room);
bool world_quit(unsigned sub, uint64_t user);
bool world_nick(unsigned sub, uint64_t user, const char *name);
bool world_say(unsigned sub, uint64_t user, uint64_t room, const char *text);

/* The last entry's event: its frame, and its message number. */
const struct jentry *world_last(void);

/* Lists hang together, counts are right, indexes find everybody, caches match. Aborts when not. */
void world_verify(void);

#endif
