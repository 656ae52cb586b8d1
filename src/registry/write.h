/* write.h - the broker's side of the registry: finding, and taking free slots.
 *
 * Nothing here changes a slot: that is done by redo records (journal.h). What is kept beside the
 * slots (free lists, the indexes' cells) is rebuilt from them by one scan in regw_open.
 */
#ifndef REGISTRY_WRITE_H
#define REGISTRY_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/layout.h"

/* Free slots of one table: a stack of those given back, and all from *top on. */
struct freelist {
	uint32_t *slot; /* owned */
	uint32_t n, cap;
	uint32_t *top; /* in the registry's header */
	uint32_t max;
};

struct regw {
	char *base;
	uint64_t size;
	struct reg_header *h;
	struct reg_user *users;
	struct reg_away *aways;
	struct reg_more *mores;
	struct reg_was *was;
	struct reg_meta *metas;
	struct reg_metas *user_metas, *room_metas;
	struct reg_room *rooms;
	struct reg_member *members;
	struct reg_list *lists;
	struct reg_account *accounts;
	struct reg_session *sessions;
	struct reg_sub *subs;
	uint32_t *user_index, *room_index;
	struct freelist free_users, free_rooms, free_members, free_lists, free_metas, free_accounts,
	    free_sessions;
	uint32_t user_tombs, room_tombs;
};

/* mem: the registry mapped writable, caller's. 0, or -1 with EPROTO. The slots are believed as they
 * are: call regw_rebuild after the journal has been applied. */
int regw_open(struct regw *w, void *mem, size_t size);
/* Free lists and indexes from the slots. Safe to die in, at any moment. */
void regw_rebuild(struct regw *w);
void regw_close(struct regw *w);

/* By id: NULL when there is nobody, or another generation. */
struct reg_user *regw_user(const struct regw *w, uint64_t id);
struct reg_room *regw_room(const struct regw *w, uint64_t id);

/* Is it somebody's? A list of a room ends with the room, without a word of its own. */
bool regw_list_lives(const struct regw *w, const struct reg_list *l);
/* By folded name. */
struct reg_user *regw_user_fold(const struct regw *w, const char *fold, size_t n);
struct reg_room *regw_room_fold(const struct regw *w, const char *fold, size_t n);
/* The membership of user in room, or NULL; in as many steps as the user has rooms. */
struct reg_member *regw_member(const struct regw *w, const struct reg_user *u, uint64_t room);

/* How many are free. */
static inline uint32_t
freelist_left(const struct freelist *f)
{
	return f->n + (f->max - *f->top);
}
/* The slot that is next (there must be one left): a decision writes it into its entry, and takes
 * it by freelist_pop after the commit. */
uint32_t freelist_top(struct freelist *f);
/* The slot that will be next when n have been taken (more than n must be left). */
uint32_t freelist_nth(struct freelist *f, uint32_t n);
void freelist_push(struct freelist *f, uint32_t slot);
static inline void
freelist_pop(struct freelist *f)
{
	f->n--;
}

/* The indexes, after the commit: name appears, name goes. fold is the one in the slot. */
void regw_index_user(struct regw *w, uint32_t slot);
void regw_unindex_user(struct regw *w, uint32_t slot, const char *fold, size_t n);
/* Another name: the old fold goes, the one in the slot comes. */
void regw_reindex_user(struct regw *w, uint32_t slot, const char *old_fold, size_t n);
void regw_index_room(struct regw *w, uint32_t slot);
void regw_reindex_room(struct regw *w, uint32_t slot, const char *old_fold, size_t n);
void regw_unindex_room(struct regw *w, uint32_t slot, const char *fold, size_t n);

/* Numbers that are only shown. */
void regw_counts(struct regw *w, uint32_t users, uint32_t rooms);

#endif
