/* write.c - see write.h. */
#include "config.h"

#include "registry/write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/killpoint.h"
#include "lib/siphash.h"
#include "lib/util.h"

int
regw_open(struct regw *w, void *mem, size_t size)
{
	struct reg_header *h = mem;
	char *p = mem;

	if (size < sizeof(*h) || h->magic != REGISTRY_MAGIC || h->version != REGISTRY_VERSION ||
	    h->size != size) {
		errno = EPROTO;
		return -1;
	}
	*w = (struct regw){
	    .base = p,
	    .size = size,
	    .h = h,
	    .users = (void *)(p + h->off_users),
	    .aways = (void *)(p + h->off_aways),
	    .mores = (void *)(p + h->off_mores),
	    .was = (void *)(p + h->off_was),
	    .metas = (void *)(p + h->off_meta),
	    .user_metas = (void *)(p + h->off_user_metas),
	    .room_metas = (void *)(p + h->off_room_metas),
	    .rooms = (void *)(p + h->off_rooms),
	    .members = (void *)(p + h->off_members),
	    .lists = (void *)(p + h->off_lists),
	    .accounts = (void *)(p + h->off_accounts),
	    .sessions = (void *)(p + h->off_sessions),
	    .subs = (void *)(p + h->off_subs),
	    .user_index = (void *)(p + h->off_user_index),
	    .room_index = (void *)(p + h->off_room_index),
	};
	w->free_users = (struct freelist){.top = &h->user_top, .max = h->max_users};
	w->free_rooms = (struct freelist){.top = &h->room_top, .max = h->max_rooms};
	w->free_members = (struct freelist){.top = &h->member_top, .max = h->max_members};
	w->free_lists = (struct freelist){.top = &h->list_top, .max = h->max_lists};
	w->free_metas = (struct freelist){.top = &h->meta_top, .max = h->max_meta};
	w->free_accounts = (struct freelist){.top = &h->account_top, .max = h->max_accounts};
	w->free_sessions = (struct freelist){.top = &h->session_top, .max = h->max_sessions};
	return 0;
}

void
regw_close(struct regw *w)
{
	free(w->free_users.slot);
	free(w->free_rooms.slot);
	free(w->free_members.slot);
	free(w->free_lists.slot);
	free(w->free_metas.slot);
	free(w->free_accounts.slot);
	free(w->free_sessions.slot);
}

void
freelist_push(struct freelist *f, uint32_t slot)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 64;
		f->slot = xrealloc(f->slot, f->cap * sizeof(uint32_t));
	}
	f->slot[f->n++] = slot;
}

uint32_t
freelist_top(struct freelist *f)
{
	return freelist_nth(f, 0);
}

/* A slot above *top comes below it before any entry names it: a successor that scans up to *top
 * misses none. It goes to the bottom of the stack: what is above has been promised before it. */
uint32_t
freelist_nth(struct freelist *f, uint32_t n)
{
	while (f->n <= n) {
		uint32_t slot = *f->top;

		CHECK(slot < f->max);
		__atomic_store_n(f->top, slot + 1, __ATOMIC_RELEASE);
		freelist_push(f, slot);
		memmove(f->slot + 1, f->slot, (f->n - 1) * sizeof(uint32_t));
		f->slot[0] = slot;
	}
	return f->slot[f->n - 1 - n];
}

/* --- the indexes ---------------------------------------------------------------------------------- */

static uint32_t
home(const struct regw *w, const char *fold, size_t n, uint32_t cells)
{
	return (uint32_t)siphash(fold, n, w->h->hash_key) & (cells - 1);
}

static void
cell_set(uint32_t *cell, uint32_t v)
{
	__atomic_store_n(cell, v, __ATOMIC_RELEASE);
}

static void
index_add(const struct regw *w, uint32_t *cells, uint32_t ncells, uint32_t *tombs, const char *fold,
	  uint32_t slot)
{
	uint32_t at = home(w, fold, strlen(fold), ncells);

	while (cells[at] != 0 && cells[at] != REG_TOMB)
		at = (at + 1) & (ncells - 1);
	if (cells[at] == REG_TOMB)
		--*tombs;
	cell_set(&cells[at], slot + 1);
}

/* A deleted cell may only become empty when the next one is: others may have probed past it. One that is not there was left
 * out when the index was made anew: whoever ends several slots in one entry takes them out one by one behind it. */
static void
index_del(const struct regw *w, uint32_t *cells, uint32_t ncells, uint32_t *tombs, const char *fold,
	  size_t n, uint32_t slot)
{
	uint32_t at = home(w, fold, n, ncells);

	while (cells[at] != slot + 1) {
		if (cells[at] == 0)
			return;
		at = (at + 1) & (ncells - 1);
	}
	if (cells[(at + 1) & (ncells - 1)] != 0) {
		cell_set(&cells[at], REG_TOMB);
		++*tombs;
		return;
	}
	cell_set(&cells[at], 0);
	for (at = (at - 1) & (ncells - 1); cells[at] == REG_TOMB; at = (at - 1) & (ncells - 1)) {
		cell_set(&cells[at], 0);
		--*tombs;
	}
}

static void
index_rebuild(struct regw *w)
{
	struct reg_header *h = w->h;

	__atomic_store_n(&h->index_version, h->index_version | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memset(w->user_index, 0, h->user_cells * sizeof(uint32_t));
	memset(w->room_index, 0, h->room_cells * sizeof(uint32_t));
	w->user_tombs = w->room_tombs = 0;
	KILLPOINT("indexing");
	for (uint32_t i = 0; i < h->user_top; i++) {
		if (w->users[i].id != 0)
			index_add(w, w->user_index, h->user_cells, &w->user_tombs, w->users[i].fold,
				  i);
	}
	for (uint32_t i = 0; i < h->room_top; i++) {
		if (w->rooms[i].id != 0)
			index_add(w, w->room_index, h->room_cells, &w->room_tombs, w->rooms[i].fold,
				  i);
	}
	__atomic_store_n(&h->index_version, (h->index_version | 1) + 1, __ATOMIC_RELEASE);
}

void
regw_index_user(struct regw *w, uint32_t slot)
{
	index_add(w, w->user_index, w->h->user_cells, &w->user_tombs, w->users[slot].fold, slot);
}

void
regw_index_room(struct regw *w, uint32_t slot)
{
	index_add(w, w->room_index, w->h->room_cells, &w->room_tombs, w->rooms[slot].fold, slot);
}

/* Deleted cells make probing long. What the entry has ended besides, and is not taken out yet, is left out now. */
static void
sweep_tombs(struct regw *w)
{
	if (w->user_tombs > w->h->user_cells / 4 || w->room_tombs > w->h->room_cells / 4)
		index_rebuild(w);
}

void
regw_unindex_user(struct regw *w, uint32_t slot, const char *fold, size_t n)
{
	index_del(w, w->user_index, w->h->user_cells, &w->user_tombs, fold, n, slot);
	sweep_tombs(w);
}

void
regw_reindex_user(struct regw *w, uint32_t slot, const char *old_fold, size_t n)
{
	index_del(w, w->user_index, w->h->user_cells, &w->user_tombs, old_fold, n, slot);
	regw_index_user(w, slot);
	sweep_tombs(w);
}

void
regw_reindex_room(struct regw *w, uint32_t slot, const char *old_fold, size_t n)
{
	index_del(w, w->room_index, w->h->room_cells, &w->room_tombs, old_fold, n, slot);
	regw_index_room(w, slot);
	sweep_tombs(w);
}

void
regw_unindex_room(struct regw *w, uint32_t slot, const char *fold, size_t n)
{
	index_del(w, w->room_index, w->h->room_cells, &w->room_tombs, fold, n, slot);
	sweep_tombs(w);
}

/* --- free lists: lowest slots first, so that few pages are touched ---------------------------- */

#define FREE_SLOTS_IF(f, free_) \
	do { \
		(f).n = 0; \
		for (uint32_t i = *(f).top; i-- > 0;) { \
			if (free_) \
				freelist_push(&(f), i); \
		} \
	} while (0)
/* `used` is the field of a slot that is zero in a free one. */
#define FREE_SLOTS(f, slots, used) FREE_SLOTS_IF(f, (slots)[i].used == 0)

void
regw_rebuild(struct regw *w)
{
	const struct reg_header *h = w->h;

	FREE_SLOTS(w->free_users, w->users, id);
	FREE_SLOTS(w->free_rooms, w->rooms, id);
	FREE_SLOTS(w->free_members, w->members, user);
	FREE_SLOTS_IF(w->free_lists, !regw_list_lives(w, &w->lists[i]));
	FREE_SLOTS(w->free_metas, w->metas, owner);
	FREE_SLOTS(w->free_accounts, w->accounts, id);
	FREE_SLOTS(w->free_sessions, w->sessions, user);
	index_rebuild(w);
	regw_counts(w, h->max_users - freelist_left(&w->free_users),
		    h->max_rooms - freelist_left(&w->free_rooms));
}

void
regw_counts(struct regw *w, uint32_t users, uint32_t rooms)
{
	if (users > w->h->most_users)
		__atomic_store_n(&w->h->most_users, users, __ATOMIC_RELAXED);
	__atomic_store_n(&w->h->nusers, users, __ATOMIC_RELAXED);
	__atomic_store_n(&w->h->nrooms, rooms, __ATOMIC_RELAXED);
}

/* --- finding ----------------------------------------------------------------------------------------- */

struct reg_user *
regw_user(const struct regw *w, uint64_t id)
{
	uint32_t slot = ID_SLOT(id);

	return id != 0 && slot < w->h->max_users && w->users[slot].id == id ? &w->users[slot]
									    : NULL;
}

struct reg_room *
regw_room(const struct regw *w, uint64_t id)
{
	uint32_t slot = ID_SLOT(id);

	return id != 0 && slot < w->h->max_rooms && w->rooms[slot].id == id ? &w->rooms[slot]
									    : NULL;
}

bool
regw_list_lives(const struct regw *w, const struct reg_list *l)
{
	return l->op != LIST_NONE && (l->room == 0 || regw_room(w, l->room) != NULL);
}

struct reg_user *
regw_user_fold(const struct regw *w, const char *fold, size_t n)
{
	uint32_t cells = w->h->user_cells;

	for (uint32_t at = home(w, fold, n, cells); w->user_index[at] != 0;
	     at = (at + 1) & (cells - 1)) {
		struct reg_user *u;

		if (w->user_index[at] == REG_TOMB)
			continue;
		u = &w->users[w->user_index[at] - 1];
		if (u->id != 0 && strlen(u->fold) == n && memcmp(u->fold, fold, n) == 0)
			return u;
	}
	return NULL;
}

struct reg_room *
regw_room_fold(const struct regw *w, const char *fold, size_t n)
{
	uint32_t cells = w->h->room_cells;

	for (uint32_t at = home(w, fold, n, cells); w->room_index[at] != 0;
	     at = (at + 1) & (cells - 1)) {
		struct reg_room *r;

		if (w->room_index[at] == REG_TOMB)
			continue;
		r = &w->rooms[w->room_index[at] - 1];
		if (r->id != 0 && strlen(r->fold) == n && memcmp(r->fold, fold, n) == 0)
			return r;
	}
	return NULL;
}

struct reg_member *
regw_member(const struct regw *w, const struct reg_user *u, uint64_t room)
{
	for (uint32_t at = u->first_member; at != 0; at = w->members[at - 1].user_next) {
		if (w->members[at - 1].room == room)
			return &w->members[at - 1];
	}
	return NULL;
}
