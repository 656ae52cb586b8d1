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

/* Not to c (NULL: fine), who is told in another way; not to the sessions of this user. */
void fan_skip(const struct conn *c);
void fan_skip_user(uint64_t user);

/* To one client, in this class (without CLS_OTHER: as if it came from its current room). */
void fan_give(struct conn *c, unsigned cls);

/* The rendering for a class, as fan_give would queue it. */
struct slice fan_made(unsigned cls);

/* To c, in its own class, unless it was skipped, does not want it, ignores who speaks, or has been given it. */
bool fan_once(struct conn *c);

/* To all of our members of the room whom the event wants to reach, but those skipped and those who
 * ignore who speaks. Returns how many. */
uint64_t fan_to_room(void);

/* To everybody who shares one of these rooms, once each. */
void fan_to_rooms(struct ids rooms);

/* To everybody who has logged in. Returns how many. */
uint64_t fan_to_all(void);

/* Between two clients whom an event has given something of their own, which may have been much: sends it if all that is too
 * much to go on (ARENA_SOFT). Every loop over many clients that does not give each the same has to call it. */
void fan_relieve(void);

/* Is a message to members of that rank (0: all) for a member with these flags? */
bool fan_rank_fits(uint8_t rank, uint32_t flags);

/* Has c asked not to read of whoever speaks? Only for those with CONN_IGNORES. */
bool fan_ignored(const struct conn *c);

#endif
