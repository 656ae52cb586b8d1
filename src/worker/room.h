/* room.h - rooms as far as this worker's clients are in them: whom an event of a room goes to.
 *
 * Follows the events only. Adding, removing and finding take the same time in every room.
 */
#ifndef WORKER_ROOM_H
#define WORKER_ROOM_H

#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/arena.h"
#include "worker/conn.h"

/* It is to be told who is in the room (irc/names.h). */
#define MEMBER_NAMES_DUE 0x100u
#define MEMBER_METADATA_DUE 0x200u
#define MEMBER_TOPIC_DUE 0x400u /* what its topic is, before that */
#define MEMBER_MARK_DUE 0x800u /* how far it has read there, before all that */

struct room_member {
	struct conn *conn;
	uint32_t back; /* index in conn->rooms */
	uint32_t flags; /* MEMBER_OP, MEMBER_HALFOP, MEMBER_VOICE; MEMBER_…_DUE */
};

/* Where the last rendering for one class lies, so that the next can follow it. */
struct room_run {
	struct run run;
	uint8_t cls;
};

struct room {
	uint64_t id;
	struct room_member *member; /* owned array */
	uint32_t n, cap;
	struct room_run *run; /* owned array, one per class in use */
	uint16_t nruns;
	uint8_t name_n, fold_n;
	char *name; /* owned; not terminated; the fold follows it */
};

/* NULL: none of our clients is in it. */
struct room *room_of(uint64_t id);

static inline struct str
room_name(const struct room *r)
{
	return (struct str){r->name, r->name_n};
}

/* Put c into the room, which is made if need be. Already there: nothing happens. */
struct room *room_enter(uint64_t id, struct str name, struct conn *c);
/* Take c out; the last one out ends the room's entry here. */
void room_leave(struct room *r, struct conn *c);
void room_leave_all(struct conn *c);

/* A room of this client's by the name it typed. NULL: it is in none of that name. */
struct room *room_named(const struct conn *c, struct str name);

/* A member by name; NULL: it is not one of ours. Looks at all of them. */
struct room_member *room_member_named(struct room *r, struct str name);
/* c's flags in r; 0 also when it is not there. */
uint32_t room_flags(const struct room *r, const struct conn *c);
void room_set_flags(struct room *r, const struct conn *c, uint32_t flags);
/* Another name (e_rename). */
void room_rename(struct room *r, struct str name);

/* The run for a class. */
struct run *room_run(struct room *r, unsigned cls);

#endif
