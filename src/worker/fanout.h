/* fanout.h - one event to many clients: rendered at most once per class, queued by reference. */
#ifndef WORKER_FANOUT_H
#define WORKER_FANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"
#include "worker/render.h"
#include "worker/room.h"

/* The event that the functions below give out. Strings must live until the last of them. room:
 * whose runs the renderings lie in, and who fan_to_room reaches; NULL: none. */
void fan_begin(const struct shown *s, struct room *room);

/* To one client, in this class (without CLS_OTHER: as if it came from its current room). */
void fan_give(struct conn *c, unsigned cls);

/* To all of our members of the room but `except` (NULL: to all) and those who ignore who speaks.
 * Returns how many. */
uint64_t fan_to_room(const struct conn *except);

/* To everybody who shares one of these rooms, once each. */
void fan_to_rooms(struct ids rooms, const struct conn *except);

/* Has c asked not to read of whoever speaks? Only for those with CONN_IGNORES. */
bool fan_ignored(const struct conn *c);

/* A sentence of the server's about a room, to its members: all of the above. r NULL: nothing. */
void fan_note(struct room *r, uint64_t at, const struct conn *except, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
