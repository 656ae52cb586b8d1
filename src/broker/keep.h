/* keep.h - rooms that outlive their members: registered ones, and the default room.
 *
 * They are in the registry like all rooms, with their old number in history (born) and perhaps without members. The
 * store is told by e_room that something kept has changed and reads what from the registry; when registry and journal begin
 * anew it tells what it has kept (restore.c).
 */
#ifndef BROKER_KEEP_H
#define BROKER_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/broker.h"

#define ROOMS_PER_FOUNDER 20

/* Is the room there without members too? */
bool room_is_kept(const struct reg_room *room);
bool room_is_registered(const struct reg_room *room);
/* Is u logged in to the founder's account? */
bool room_is_founder(const struct reg_room *room, const struct reg_user *u);

/* An entry that changes what is kept: begin, redo records, commit, which sends e_room (gone: it is registered no longer). */
void room_entry_begin(void);
void room_entry_commit(const struct reg_room *room, uint64_t user, bool gone);
/* The same of an entry that changes the server's lists: e_room of no room. */
void server_lists_commit(void);
/* Something kept has been changed by an entry that does not say so. */
void room_told(const struct reg_room *room);
/* It is registered no longer: e_room; without members it ends. */
void room_unregister(struct reg_room *room, uint64_t user);
/* Another room may be the default now: the store is told of it, and those without members that are kept no longer end. */
void rooms_sweep(void);

/* Members without a rank there whom it would not let in now are thrown out (rooms.c). */
void room_turn_out(struct reg_room *room);

/* --- who has which rank in a registered room (access.c) ------------------------------------------------- */

/* Flags (enum member_flag) that u's account gives it in the room; 0: none. */
uint32_t access_flags(const struct reg_room *room, const struct reg_user *u);
/* What the list calls the highest rank among flags: "op", "halfop", "voice", "" for none; and back, 0: no such word. */
const char *access_word(uint32_t flags);
uint32_t access_rank(struct str word);
/* The account's entry in the room's list. */
struct reg_list *access_find(const struct room_cache *c, struct str account);
/* Tell the room that m, whose flags were `before`, has others now. */
void access_tell(const struct reg_member *m, uint32_t before);
/* Give m these flags, and tell so. */
void access_set(const struct reg_member *m, uint32_t flags);
/* u has just logged in to an account: what that gives it in the rooms that it is in. */
void access_login(const struct reg_user *u);
/* It is to be logged out: what it has by its account goes. */
void access_logout(const struct reg_user *u);
/* An invitation to these rooms (with commas between) has made the account: those that are by invitation only let it in
 * from now on, as an operator's "+I" would. */
void access_invited(struct str rooms, struct str account);
/* The account is deleted, or no more: its rooms go to the first operator on their lists, or are registered no longer;
 * it is on no list any more. */
void access_account_gone(uint64_t account, struct str name);
/* The same for accounts that went before: whoever died did not get so far, and the next one of that name is somebody else. */
void access_sweep(void);

/* --- what the store has kept, after a new beginning (restore.c) ------------------------------------------- */

/* Words of the store's; false: it may not say that. */
bool restore_begin_end(const void *frame, size_t len);
bool restore_room(const void *frame, size_t len);
bool restore_list(const void *frame, size_t len);

#endif
