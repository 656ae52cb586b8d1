/* sight.h - what one client may know of others: private rooms, invisible users, how long somebody
 * has been silent. Reads the registry: only after a sync. Operators of the server see everybody. */
#ifndef WORKER_SIGHT_H
#define WORKER_SIGHT_H

#include "registry/registry.h"
#include "worker/conn.h"

/* Is c in it? By this worker's own tables. */
bool sight_in(const struct conn *c, uint64_t room);
/* May c be shown this user, without having named it? 1, 0, -1: torn. */
int sight_user(const struct conn *c, const struct reg_user_view *v);
/* May c know of this room? */
bool sight_room(const struct conn *c, const struct reg_room_view *v);
/* The rooms of this user that c may know of, those they share first; cap at least ROOMS_PER_USER.
 * How many, or -1. */
int sight_rooms_of(const struct conn *c, const struct reg_user_view *v,
		   struct reg_member_view *out);
/* May c be told the address behind what is shown as v's host? */
bool sight_address(const struct conn *c, const struct reg_user_view *v);
/* The SHA-256 of the certificate that the user's first connection has shown; NULL: none that is known. */
const uint8_t *sight_cert(const struct reg_user_view *v);
/* Seconds since the user's last line in any of its sessions, or its login. */
uint64_t sight_idle(const struct reg_user_view *v);

#endif
