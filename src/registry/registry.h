/* registry.h - the shared registry as everybody but the broker sees it: read-only.
 *
 * A memfd of fixed-size slots without pointers (registry/layout.h), written by the broker alone.
 * Readers take no lock and can hold nobody up. Each slot has a sequence counter, odd while it is
 * written: a reader copies and looks again. A room's or user's version guards its list of
 * memberships in the same way. Read it only after an answer from the broker (e_ok of r_sync, or
 * any other event of the request): what you see is then at least as new as that answer.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

struct registry;

/* Copies, terminated strings; what a reader gets. */
struct reg_user_view {
	uint64_t id;
	char name[NAME_BYTES_MAX + 1], address[48], away[REASON_MAX + 1];
	char account[NAME_BYTES_MAX + 1]; /* empty: none */
	uint64_t account_id;
	char ident[IDENT_MAX + 1], host[HOST_MAX + 1]; /* what others see */
	char real[REALNAME_MAX + 1]; /* the user's name, when it has given none */
	uint32_t umodes; /* enum user_mode */
	uint8_t level; /* enum admin_level, of an operator */
	uint16_t port;
	uint8_t protocol, tls;
	bool muted;
	uint8_t sub; /* its worker's index */
	uint32_t inc; /* that worker's incarnation */
	uint32_t wslot; /* place on that worker's board */
	uint64_t since; /* wall ms */
	uint32_t rooms; /* how many */
	uint32_t
	    sessions; /* how many; port, protocol, tls, sub, inc, wslot, since and address are of the first */
};
/* One session of a user. */
struct reg_session_view {
	uint64_t conn, since; /* the master's number of it; wall ms */
	char address[48];
	uint16_t port;
	uint8_t protocol, tls;
	uint8_t sub; /* its worker: as in struct reg_user_view */
	uint32_t inc, wslot;
};
struct reg_room_view {
	uint64_t id;
	char name[ROOM_BYTES_MAX + 1], topic[TOPIC_MAX + 1], topic_by[NAME_BYTES_MAX + 1];
	uint64_t created, topic_at; /* wall ms */
	uint32_t members, limit; /* limit 0: none */
	uint32_t modes; /* bits 1 << enum mode_op: those that are not of a member or a list */
	uint64_t messages;
	uint64_t born, founder; /* what history calls it; an account, 0: nobody's */
	uint32_t flags, history_rows, history_days; /* enum room_flag; 0: as configured */
	uint8_t key[16]; /* a keyed hash */
};
/* One membership, with the facts of its other end. */
struct reg_member_view {
	uint64_t user, room;
	uint8_t flags; /* MEMBER_OP, MEMBER_HALFOP, MEMBER_VOICE */
	uint64_t joined; /* the event's sequence number */
	char name[NAME_BYTES_MAX + 1], room_name[ROOM_BYTES_MAX + 1];
	bool away;
};
/* A ban, mute or invitation: the server's (room 0) or a room's. */
struct reg_list_view {
	uint8_t op; /* MODE_BAN, MODE_MUTE, MODE_EXCEPT, MODE_INVEX */
	uint64_t room; /* 0: the server's */
	char mask[MASK_MAX + 1], reason[REASON_MAX + 1], by[NAME_BYTES_MAX + 1];
	uint64_t since, until; /* wall ms; until 0: for ever */
};

/* --- the mapping (registry.c) ------------------------------------------------------------------------- */

/* Map fd (closed) read-only; fatal checks of magic and version are the caller's: NULL with errno
 * (EPROTO: not a registry of this build). */
struct registry *registry_map(int fd, size_t size);
void registry_unmap(struct registry *r);

/* Slots that have ever been used: users are in 0 .. n-1. */
uint32_t registry_user_slots(const struct registry *r);
uint32_t registry_room_slots(const struct registry *r);
uint32_t registry_users(const struct registry *r); /* in use now */
uint32_t registry_most_users(const struct registry *r); /* that ever were at once */
uint32_t registry_rooms(const struct registry *r);
/* How many users are invisible, and operators. */
void registry_user_kinds(const struct registry *r, unsigned *invisible_r, unsigned *opers_r);

/* --- one user, one room (views.c, names.c) ---------------------------------------------------------------- */

/* 1: *v filled; 0: nobody there (or another generation); -1: torn eight times or the index is
 * being rebuilt: ask the broker (r_sync) and try again. */
int registry_user(const struct registry *r, uint64_t id, struct reg_user_view *v);
int registry_user_slot(const struct registry *r, uint32_t slot, struct reg_user_view *v);
int registry_user_named(const struct registry *r, const char *name, size_t n,
			struct reg_user_view *v);
int registry_room(const struct registry *r, uint64_t id, struct reg_room_view *v);
int registry_room_slot(const struct registry *r, uint32_t slot, struct reg_room_view *v);
int registry_room_named(const struct registry *r, const char *name, size_t n,
			struct reg_room_view *v);

/* The sessions of a user in the order of coming, all from one moment. Returns how many (at most SESSIONS_PER_USER and
 * cap), 0: nobody there; -1 as above. */
int registry_sessions(const struct registry *r, uint64_t user, struct reg_session_view *out,
		      unsigned cap);

/* --- who is where (members.c) --------------------------------------------------------------------------------- */

/* A page of a room's members in order of joining: at most cap (<= 256) whose `joined` is above
 * `after` (0: from the beginning), all from one moment. Returns how many (fewer than cap: that was
 * the end), or -1 as above. */
#define REG_PAGE 256
int registry_members(const struct registry *r, uint64_t room, uint64_t after,
		     struct reg_member_view *out, unsigned cap);
/* All rooms of a user (at most ROOMS_PER_USER). */
int registry_rooms_of(const struct registry *r, uint64_t user, struct reg_member_view *out,
		      unsigned cap);
/* Is this user in this room? 1 with *out, 0, -1. */
int registry_member(const struct registry *r, uint64_t user, uint64_t room,
		    struct reg_member_view *out);

/* --- lists (lists.c) ------------------------------------------------------------------------------------------- */

/* Bans, mutes and exceptions from slot *at on: of `room` (0: the server's). Returns up to cap, sets *at for the
 * next call; 0 at the end. Expired ones are left out. */
int registry_list(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
		  unsigned cap);

/* The same with the accounts that have a rank in a registered room: mask is the account, reason "op", "halfop" or "voice". */
int registry_access(const struct registry *r, uint64_t room, uint32_t *at,
		    struct reg_list_view *out, unsigned cap);

/* The same of all lists that outlive a room's members; op is enum reg_list_op. */
int registry_list_kept(const struct registry *r, uint64_t room, uint32_t *at,
		       struct reg_list_view *out, unsigned cap);

/* The rooms (ids) that this user has been invited to and has not entered, from slot *at on: as registry_list. */
int registry_invitations(const struct registry *r, uint64_t user, uint32_t *at, uint64_t *out,
			 unsigned cap);

/* --- who was here, what is told of whom, accounts (names.c, views.c) -------------------------------------------- */

/* Somebody who had a name and has it no more (IRC's WHOWAS). */
struct reg_was_view {
	char name[NAME_BYTES_MAX + 1], ident[IDENT_MAX + 1], host[HOST_MAX + 1],
	    real[REALNAME_MAX + 1];
	char account[NAME_BYTES_MAX + 1], address[48];
	uint64_t at; /* wall ms of the end */
};
/* Those who had this name, the last one first; up to cap. */
int registry_was(const struct registry *r, const char *name, size_t n, struct reg_was_view *out,
		 unsigned cap);

struct reg_meta_view {
	char key[META_KEY_MAX + 1], value[META_VALUE_MAX + 1];
};
/* Metadata of the user (or room: the same number may be an id of either) owner. How many keys it has, -1: torn. */
int registry_meta(const struct registry *r, bool room, uint64_t owner,
		  struct reg_meta_view out[META_KEYS_MAX]);

struct reg_account_view {
	uint64_t id;
	uint32_t flags; /* enum account_flag */
	uint32_t kept; /* messages that wait for it */
};
/* The account of that name, as somebody typed it. 1, 0: there is none. One that is made or deleted in this moment may be
 * there or not. */
int registry_account_named(const struct registry *r, const char *name, size_t n,
			   struct reg_account_view *v);

/* --- the store (registry.c) -------------------------------------------------------------------------------------- */

/* Has what outlived the last registry been told? Before, there are no accounts. */
bool registry_restored(const struct registry *r);
/* How the store is (enum store_state). */
unsigned registry_store_state(const struct registry *r);
/* How well the store is: enum store_state, and up to which sequence number it has everything on the disk. why: of 256
 * bytes. */
unsigned registry_store(const struct registry *r, uint64_t *stored_r, char *why);

#endif
