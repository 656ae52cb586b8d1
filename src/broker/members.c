/* members.c - who is in which room: the linked lists in the registry, and what is derived from them. */
#include "config.h"

#include "broker/broker.h"

#include <stdlib.h>
#include <string.h>

#include "broker/keep.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

struct room_cache *
room_cache_of(const struct reg_room *room)
{
	return &br.rooms[room - W->rooms];
}

/* --- what changes in the registry ----------------------------------------------------------------- */

void
room_end_redo(const struct reg_room *room)
{
	/* its lists are none without it (regw_list_lives): who leaves a hundred rooms would end forty thousand in one entry */
	metas_end_redo(true, room->id);
}

/* What the lists will be, while an entry is composed: slots are not touched before the commit. */
static void
unlink_from_room(const struct reg_member *m)
{
	struct reg_room *room = &W->rooms[ID_SLOT(m->room)];
	bool ends = room->nmembers == 1 && !room_is_kept(room);

	txn_guard(T, W, &room->version);
	if (m->room_prev != 0)
		TXN_SET(T, W, W->members[m->room_prev - 1].room_next, m->room_next);
	if (m->room_next != 0)
		TXN_SET(T, W, W->members[m->room_next - 1].room_prev, m->room_prev);
	txn_open(T, W, room);
	if (m->room_prev == 0)
		TXN_SET(T, W, room->first_member, m->room_next);
	if (m->room_next == 0)
		TXN_SET(T, W, room->last_member, m->room_prev);
	TXN_SET(T, W, room->nmembers, room->nmembers - 1);
	if (ends)
		TXN_SET(T, W, room->id, 0);
	txn_close(T, W, room);
	txn_unguard(T, W, &room->version);
	if (ends)
		room_end_redo(room);
}

static void
free_member(const struct reg_member *m)
{
	txn_open(T, W, m);
	TXN_SET(T, W, m->user, 0);
	TXN_SET(T, W, m->room, 0);
	txn_close(T, W, m);
}

static void
unlink_from_user(const struct reg_member *m, const struct reg_user *u)
{
	txn_guard(T, W, &u->version);
	if (m->user_prev != 0)
		TXN_SET(T, W, W->members[m->user_prev - 1].user_next, m->user_next);
	if (m->user_next != 0)
		TXN_SET(T, W, W->members[m->user_next - 1].user_prev, m->user_prev);
	txn_open(T, W, u);
	if (m->user_prev == 0)
		TXN_SET(T, W, u->first_member, m->user_next);
	if (m->user_next == 0)
		TXN_SET(T, W, u->last_member, m->user_prev);
	TXN_SET(T, W, u->nrooms, u->nrooms - 1);
	txn_close(T, W, u);
	txn_unguard(T, W, &u->version);
}

/* room: where it goes; fresh: it is being made in this entry, so that its slot says nothing yet. */
void
member_link(const struct reg_user *u, const struct reg_room *room, uint64_t room_id, bool fresh,
	    uint32_t flags)
{
	uint32_t slot = freelist_top(&W->free_members), me = slot + 1;
	const struct reg_member *m = &W->members[slot];
	uint32_t last = fresh ? 0 : room->last_member;
	struct reg_member new = {.flags = flags,
				 .user = u->id,
				 .room = room_id,
				 .joined = journal_next(&br.j),
				 .room_prev = last,
				 .user_prev = u->last_member};

	txn_guard(T, W, &room->version);
	txn_guard(T, W, &u->version);
	txn_open(T, W, m);
	txn_put(T, W, &m->flags, &new.flags, sizeof(new) - offsetof(struct reg_member, flags));
	txn_close(T, W, m);
	if (last != 0)
		TXN_SET(T, W, W->members[last - 1].room_next, me);
	if (u->last_member != 0)
		TXN_SET(T, W, W->members[u->last_member - 1].user_next, me);
	txn_open(T, W, room);
	if (last == 0)
		TXN_SET(T, W, room->first_member, me);
	TXN_SET(T, W, room->last_member, me);
	TXN_SET(T, W, room->nmembers, fresh ? 1 : room->nmembers + 1);
	txn_close(T, W, room);
	txn_open(T, W, u);
	if (u->last_member == 0)
		TXN_SET(T, W, u->first_member, me);
	TXN_SET(T, W, u->last_member, me);
	TXN_SET(T, W, u->nrooms, u->nrooms + 1);
	txn_close(T, W, u);
	txn_unguard(T, W, &u->version);
	txn_unguard(T, W, &room->version);
}

uint64_t
room_make(struct str name, const char *fold, size_t fold_len, uint32_t modes)
{
	uint32_t slot = freelist_top(&W->free_rooms);
	const struct reg_room *room = &W->rooms[slot];
	uint64_t id = ID_MAKE(slot, room->gen + 1);

	txn_open(T, W, room);
	TXN_SET(T, W, room->gen, room->gen + 1);
	TXN_SET(T, W, room->created, br.now);
	TXN_SET(T, W, room->topic_at, 0);
	TXN_SET(T, W, room->messages, 0);
	TXN_SET(T, W, room->born, journal_next(&br.j));
	TXN_SET(T, W, room->founder, 0);
	TXN_SET(T, W, room->flags, 0);
	TXN_SET(T, W, room->history_rows, 0);
	TXN_SET(T, W, room->history_days, 0);
	TXN_SET(T, W, room->first_member, 0);
	TXN_SET(T, W, room->last_member, 0);
	TXN_SET(T, W, room->nmembers, 0);
	TXN_SET(T, W, room->limit, 0);
	TXN_SET(T, W, room->modes, modes);
	txn_put_str(T, W, room->topic, "", 0);
	txn_put_str(T, W, room->topic_by, "", 0);
	txn_put_str(T, W, room->name, name.p, name.n);
	txn_put_str(T, W, room->fold, fold, fold_len);
	TXN_SET(T, W, room->id, id);
	txn_close(T, W, room);
	return id;
}

void
member_remove(const struct reg_member *m, const struct reg_user *u)
{
	unlink_from_room(m);
	unlink_from_user(m, u);
	free_member(m);
}

/* --- what is derived ---------------------------------------------------------------------------------- */

void
member_count(uint32_t room, uint32_t sub, int by)
{
	struct room_cache *c = &br.rooms[room];

	if (c->counts == NULL)
		c->counts = xcalloc(WORKERS_MAX, sizeof(uint32_t));
	c->counts[sub] = (uint32_t)((int)c->counts[sub] + by);
	if (c->counts[sub] == 0)
		c->mask &= ~(1ull << sub);
	else
		c->mask |= 1ull << sub;
}

void
member_counts(uint32_t room, const struct seats *seats, int by)
{
	for (unsigned i = 0; i < seats->n; i++)
		member_count(room, seats->sub[i], by);
}

void
room_end_done(uint32_t room_slot)
{
	struct reg_room *room = &W->rooms[room_slot];
	struct room_cache *c = &br.rooms[room_slot];

	for (uint32_t i = 0; i < c->nlists; i++) {
		list_mask_drop(c->lists[i]);
		freelist_push(&W->free_lists, c->lists[i]);
	}
	metas_end_done();
	free(c->lists);
	free(c->counts);
	*c = (struct room_cache){0};
	regw_unindex_room(W, room_slot, room->fold, strlen(room->fold));
	freelist_push(&W->free_rooms, room_slot);
	counts_shown();
}

/* A member slot of the room is free; the room too, if it was the last one and nothing keeps it. */
void
member_gone(uint32_t room_slot, uint32_t member_slot, const struct seats *seats)
{
	freelist_push(&W->free_members, member_slot);
	member_counts(room_slot, seats, -1);
	if (W->rooms[room_slot].id == 0)
		room_end_done(room_slot);
}

void
leave_all_redo(const struct reg_user *u)
{
	for (uint32_t at = u->first_member; at != 0; at = W->members[at - 1].user_next) {
		unlink_from_room(&W->members[at - 1]);
		free_member(&W->members[at - 1]);
	}
}

void
leave_all_note(const struct reg_user *u, struct left_rooms *l)
{
	l->n = 0;
	for (uint32_t at = u->first_member; at != 0; at = W->members[at - 1].user_next) {
		CHECK(l->n < ROOMS_PER_USER);
		l->room[l->n] = ID_SLOT(W->members[at - 1].room);
		l->member[l->n++] = at - 1;
	}
}

void
leave_all_done(const struct left_rooms *l, const struct seats *seats)
{
	for (unsigned i = 0; i < l->n; i++)
		member_gone(l->room[i], l->member[i], seats);
}

void
rooms_rebuild(void)
{
	for (uint32_t i = 0; i < W->h->room_top; i++) {
		free(br.rooms[i].counts);
		br.rooms[i].counts = NULL;
		br.rooms[i].mask = 0;
	}
	for (uint32_t i = 0; i < W->h->member_top; i++) {
		const struct reg_member *m = &W->members[i];
		struct seats seats;

		if (m->user == 0)
			continue;
		seats_of(&W->users[ID_SLOT(m->user)], &seats);
		member_counts(ID_SLOT(m->room), &seats, 1);
	}
}
