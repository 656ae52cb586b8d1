/* room.h - rooms as an IRC client may know of them. */
#ifndef WORKER_IRC_ROOM_H
#define WORKER_IRC_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "registry/registry.h"
#include "worker/conn.h"

struct irc_run;

/* How many a command's list may have (TARGMAX). */
#define IRC_JOIN_MAX ROOMS_PER_USER
#define IRC_KICK_MAX 20
#define IRC_NAMES_MAX 20

/* The room with that id, or called name when id is 0, if c may know of it (worker/sight.h).
 * 1 with *v and *member_r, 0, -1 (torn). Behind a sync only. */
int irc_room_seen(const struct conn *c, uint64_t id, struct str name, struct reg_room_view *v,
		  bool *member_r);

/* The room that a command names, into r->room, without its '#'. False: no room can be called that, and the client has
 * been told (403). */
bool irc_room_param(struct conn *c, struct irc_run *r, struct str param);

/* RENAME was refused: the FAIL that says so; false: a numeric says it better. */
bool irc_rename_refused(struct conn *c, const struct irc_run *r, unsigned err);

#endif
