/* lists.c - bans, mutes, exceptions and invitations: the server's and the rooms'. */
#include "config.h"

#include "broker/broker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/cloak.h"
#include "broker/keep.h"
#include "broker/mask.h"
#include "broker/pace.h"
#include "ipc/maskform.h"
#include "ipc/proc.h"
#include "lib/siphash.h"
#include "lib/util.h"

#define LISTS_FOR_SERVER 1024
#define LISTS_FOR_BANS 1024 /* of the rooms': invitations may not take these */
#define LISTS_PER_USER 500 /* in all rooms that somebody keeps order in */
#define LISTS_FOR_FEW 1024 /* of those who have no more than LISTS_ALWAYS */
#define LISTS_ALWAYS 10
#define LISTS_KEPT (LISTS_FOR_SERVER + LISTS_FOR_BANS + LISTS_FOR_FEW)

static struct room_cache *
cache_of(uint64_t room)
{
	return room == 0 ? &br.server : &br.rooms[ID_SLOT(room)];
}

static void verdicts_forget(uint64_t user, uint64_t room);

static void
cache_add(struct room_cache *c, uint32_t slot)
{
	if (c->nlists == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 8;
		c->lists = xrealloc(c->lists, c->cap * sizeof(uint32_t));
	}
	c->lists[c->nlists++] = slot;
	if (br.reg.lists[slot].op == LIST_INVITE || br.reg.lists[slot].op == LIST_ACCESS)
		return;
	verdicts_forget(0, br.reg.lists[slot].room);
	/* taken apart once, since it will be held against many messages */
	if (br.masks[slot] == NULL)
		br.masks[slot] = xcalloc(1, sizeof(struct mask));
	mask_compile(br.masks[slot], br.reg.lists[slot].mask);
}

/* The slot is free again. */
void
list_mask_drop(uint32_t slot)
{
	free(br.masks[slot]);
	br.masks[slot] = NULL;
}

static bool
in_force(const struct reg_list *l)
{
	return l->until == 0 || l->until > br.now;
}

/* --- who falls under what -------------------------------------------------------------------------- */

static void
subject_at(struct mask_subject *s, const char *address)
{
	s->address = address;
	if (!cloak_of(address, s->cloak))
		s->cloak[0] = '\0';
}

void
user_subject(const struct reg_user *u, struct mask_subject *s)
{
	mask_subject_init(s);
	s->fold = u->fold;
	s->ident = u->ident[0] != '\0' ? u->ident : protocol_name(u->protocol);
	s->host = u->host[0] != '\0' ? u->host : u->address;
	subject_at(s, u->address);
	s->account = user_account(u).p;
	s->real = user_real(u).p;
}

bool
user_fits(const struct reg_user *u, const struct mask *m)
{
	struct mask_subject subject;
	struct session s = {0};

	while (session_next(u, &s)) {
		user_subject(u, &subject);
		subject_at(&subject, s.address);
		if (mask_fits(m, &subject))
			return true;
	}
	return false;
}

const struct reg_list *
user_listed(const struct reg_user *u, enum reg_list_op op)
{
	const struct reg_list *l = NULL;
	struct mask_subject subject;
	struct session s = {0};

	while (l == NULL && session_next(u, &s)) {
		user_subject(u, &subject);
		subject_at(&subject, s.address);
		l = list_match(&br.server, op, &subject);
	}
	return l;
}

bool
list_mask(enum reg_list_op *op, struct str in, char out[MASK_MAX + 1], struct mask *m)
{
	struct str mask = {out, mask_canon(in, out)}, inner;

	if (mask.n == 0)
		return false;
	if (mask_is_mute(mask, &inner)) {
		if (*op == LIST_BAN || *op == LIST_MUTE) {
			*op = LIST_MUTE;
			memmove(out, inner.p, inner.n + 1);
		} else if (*op != LIST_EXCEPT)
			return false;
	}
	return mask_compile(m, out);
}

/* mute: also by entries that are about words only. */
static const struct reg_list *
match(const struct room_cache *c, enum reg_list_op op, bool mute, struct mask_subject *s)
{
	/* or whoever makes a room could find out addresses by trying masks */
	s->hidden = c != &br.server && s->cloak[0] != '\0';
	for (uint32_t i = 0; i < c->nlists; i++) {
		const struct reg_list *l = &br.reg.lists[c->lists[i]];
		const struct mask *m = br.masks[c->lists[i]];

		if (l->op == (uint32_t)op && in_force(l) && m->mute <= mute && mask_fits(m, s))
			return l;
	}
	return NULL;
}

const struct reg_list *
list_match(const struct room_cache *c, enum reg_list_op op, struct mask_subject *s)
{
	return match(c, op, false, s);
}

static bool
bars_join(const struct room_cache *c, struct mask_subject *s)
{
	return match(c, LIST_BAN, false, s) != NULL && match(c, LIST_EXCEPT, false, s) == NULL;
}

static bool
bars_talk(const struct room_cache *c, struct mask_subject *s)
{
	return (match(c, LIST_MUTE, false, s) != NULL && match(c, LIST_EXCEPT, true, s) == NULL) ||
	       bars_join(c, s);
}

static bool
invites(const struct room_cache *c, struct mask_subject *s)
{
	return match(c, LIST_INVEX, false, s) != NULL;
}

/* Hundreds of masks that nearly fit cost a millisecond, and are held against every message: what came of it is
 * remembered until the room's lists change, or what the masks are held against. */
enum question { BARS_JOIN, BARS_TALK, INVITES };

#define VERDICTS 4096u /* a power of two */

static struct verdict {
	uint64_t user, room;
	uint8_t known, yes; /* bits 1 << enum question */
} verdicts[VERDICTS];
static bool some_verdicts;

static bool
verdict(const struct room_cache *c, const struct reg_user *u, enum question q)
{
	static bool (*const ask[])(const struct room_cache *c,
				   struct mask_subject *s) = {bars_join, bars_talk, invites};
	uint64_t room;
	struct mask_subject s;
	struct verdict *v;

	if (c->nlists == 0)
		return false;
	room = br.reg.rooms[c - br.rooms].id;
	v = &verdicts[(ID_SLOT(u->id) * 2654435761u + ID_SLOT(room) * 40503u) >> 8 &
		      (VERDICTS - 1)];
	if (v->user != u->id || v->room != room)
		*v = (struct verdict){.user = u->id, .room = room};
	if (!(v->known & 1u << q)) {
		user_subject(u, &s);
		v->known |= (uint8_t)(1u << q);
		v->yes |= (uint8_t)(ask[q](c, &s) << q);
		some_verdicts = true;
	}
	return v->yes >> q & 1;
}

/* About this user, or in this room; 0: whoever, wherever. */
static void
verdicts_forget(uint64_t user, uint64_t room)
{
	for (unsigned i = 0; some_verdicts && i < VERDICTS; i++) {
		if ((user == 0 || verdicts[i].user == user) &&
		    (room == 0 || verdicts[i].room == room))
			verdicts[i] = (struct verdict){0};
	}
}

bool
lists_bar_join(const struct room_cache *c, const struct reg_user *u)
{
	return verdict(c, u, BARS_JOIN);
}

bool
lists_bar_talk(const struct room_cache *c, const struct reg_user *u)
{
	return verdict(c, u, BARS_TALK);
}

bool
lists_invite(const struct room_cache *c, const struct reg_user *u)
{
	return verdict(c, u, INVITES);
}

struct reg_list *
list_same(const struct room_cache *c, enum reg_list_op op, const struct mask *m)
{
	for (uint32_t i = 0; i < c->nlists; i++) {
		struct reg_list *l = &br.reg.lists[c->lists[i]];

		if (l->op == (uint32_t)op && mask_equal(br.masks[c->lists[i]], m))
			return l;
	}
	return NULL;
}

struct reg_list *
list_invitation(const struct room_cache *c, struct str mask)
{
	for (uint32_t i = 0; i < c->nlists; i++) {
		struct reg_list *l = &br.reg.lists[c->lists[i]];

		if (l->op == LIST_INVITE && str_eq(str_of(l->mask), mask))
			return l;
	}
	return NULL;
}

unsigned
list_count(const struct room_cache *c, enum reg_list_op op)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < c->nlists; i++)
		n += br.reg.lists[c->lists[i]].op == (uint32_t)op;
	return n;
}

/* How many entries one may have: when fewer than half of what is for everybody is left, who has many leaves some to those who
 * have few. */
static uint64_t
most_of_one(void)
{
	uint64_t left = freelist_left(&br.reg.free_lists);
	uint64_t most = LISTS_PER_USER * 2 * (left - MIN(left, LISTS_KEPT)) /
			(br.reg.h->max_lists - LISTS_KEPT);

	return MAX(LISTS_ALWAYS, MIN(most, LISTS_PER_USER));
}

/* The address that u's entries are counted for; 0: for none. */
static uint64_t
address_of(const struct reg_user *u)
{
	uint8_t net[16];

	return u != NULL && pace_address(u, net) ? siphash(net, sizeof(net), br.reg.h->hash_key) | 1
						 : 0;
}

static bool
address_full(const struct reg_user *u, uint64_t most)
{
	uint64_t address = address_of(u), n = 0;

	if (address == 0)
		return false;
	for (uint32_t i = 0; i < br.reg.h->list_top; i++)
		n += br.list_by[i] == address && regw_list_lives(&br.reg, &br.reg.lists[i]);
	return n >= most * (uint64_t)proc.opt.address_factor;
}

bool
lists_of_user_full(const struct reg_user *u)
{
	uint64_t most = most_of_one(), n = 0;

	for (uint32_t at = u->first_member; at != 0; at = br.reg.members[at - 1].user_next) {
		const struct reg_member *m = &br.reg.members[at - 1];

		if (rank_of(m->flags) >= RANK_HALFOP)
			n += br.rooms[ID_SLOT(m->room)].nlists;
	}
	return n >= most || address_full(u, most);
}

bool
lists_have_invitation(void)
{
	return list_has_room(1, LISTS_FOR_BANS);
}

/* Rooms may not take what an administrator needs to keep order. */
bool
list_has_room(uint64_t room, unsigned nth)
{
	return freelist_left(&br.reg.free_lists) > nth + (room != 0 ? LISTS_FOR_SERVER : 0u);
}

bool
list_put_redo(struct reg_list *old, unsigned nth, enum reg_list_op op, uint64_t room,
	      struct str mask, struct str reason, struct str by, uint64_t until)
{
	struct txn *t = &br.t;
	struct regw *w = &br.reg;
	struct reg_list *l = old;

	if (l == NULL) {
		if (!list_has_room(room, nth))
			return false;
		l = &w->lists[freelist_nth(&w->free_lists, nth)];
	}
	txn_open(t, w, l);
	TXN_SET(t, w, l->op, op);
	TXN_SET(t, w, l->room, room);
	TXN_SET(t, w, l->since, br.now);
	TXN_SET(t, w, l->until, until);
	txn_put_str(t, w, l->mask, mask.p, mask.n);
	txn_put_str(t, w, l->reason, reason.p, reason.n);
	txn_put_str(t, w, l->by, by.p, by.n);
	txn_close(t, w, l);
	return true;
}

void
list_put_done(struct room_cache *c, const struct reg_list *old, const struct reg_user *by)
{
	uint32_t slot;

	if (old != NULL)
		return; /* the same mask, or an invitation */
	slot = freelist_top(&br.reg.free_lists);
	freelist_pop(&br.reg.free_lists);
	br.list_by[slot] = address_of(by);
	cache_add(c, slot);
}

void
list_del_redo(const struct reg_list *l)
{
	txn_open(&br.t, &br.reg, l);
	TXN_SET(&br.t, &br.reg, l->op, (uint32_t)LIST_NONE);
	txn_close(&br.t, &br.reg, l);
}

void
list_del_done(struct room_cache *c, const struct reg_list *l)
{
	uint32_t slot = (uint32_t)(l - br.reg.lists);

	for (uint32_t i = 0; i < c->nlists; i++) {
		if (c->lists[i] == slot) {
			c->lists[i] = c->lists[--c->nlists];
			break;
		}
	}
	if (c != &br.server && br.masks[slot] != NULL)
		verdicts_forget(0, br.reg.rooms[c - br.rooms].id);
	list_mask_drop(slot);
	freelist_push(&br.reg.free_lists, slot);
}

void
lists_rebuild(void)
{
	br.server.nlists = 0;
	memset(verdicts, 0, sizeof(verdicts));
	some_verdicts = false;
	for (uint32_t i = 0; i < br.reg.h->room_top; i++)
		br.rooms[i].nlists = 0;
	for (uint32_t i = 0; i < br.reg.h->list_top; i++) {
		if (regw_list_lives(&br.reg, &br.reg.lists[i]))
			cache_add(cache_of(br.reg.lists[i].room), i);
	}
}

void
user_renewed(struct reg_user *u)
{
	verdicts_forget(u->id, 0);
	if (br.server.nlists > 0)
		mute_apply(u);
}

/* Derived, and so neither in the journal nor needing the slot's counter: one byte. */
void
mute_apply(struct reg_user *u)
{
	u->muted = user_listed(u, LIST_MUTE) != NULL;
}

struct str
mute_words(uint64_t user, char out[REFUSED_MORE_MAX + 1])
{
	const struct reg_user *u = regw_user(&br.reg, user);
	const struct reg_list *l = u != NULL ? user_listed(u, LIST_MUTE) : NULL;
	time_t end;
	struct tm tm;
	size_t n = 0;

	out[0] = '\0';
	if (l != NULL && l->until != 0) {
		end = (time_t)((l->until + 59999) / 1000); /* the minute in which it is over */
		n = strftime(out, 40, " until %Y-%m-%d %H:%M UTC", gmtime_r(&end, &tm));
	}
	if (l != NULL && l->reason[0] != '\0')
		n += bprintf(out + n, REFUSED_MORE_MAX + 1 - n, ": %s", l->reason);
	return (struct str){out, n};
}

void
mutes_apply(void)
{
	for (uint32_t i = 0; i < br.reg.h->user_top; i++) {
		if (br.reg.users[i].id != 0)
			mute_apply(&br.reg.users[i]);
	}
}

static void
expire(const struct reg_list *l)
{
	const struct reg_room *room = l->room != 0 ? regw_room(&br.reg, l->room) : NULL;
	struct m_e_ok m = {.text = STR_LIT("expired")};
	bool mute = l->op == LIST_MUTE && l->room == 0;

	entry_begin(&req_nobody);
	list_del_redo(l);
	if (room != NULL && room_is_kept(room)) {
		entry_to_store();
		room_entry_commit(room, 0, false);
	} else if (l->room == 0) {
		entry_to_store();
		server_lists_commit();
	} else {
		EVENT_HEAD(&req_nobody, m);
		ENTRY_COMMIT(ok, &m);
	}
	list_del_done(cache_of(l->room), l);
	if (mute)
		mutes_apply();
}

uint64_t
lists_expire(void)
{
	uint64_t next = UINT64_MAX;

	for (uint32_t i = 0; i < br.reg.h->list_top; i++) {
		const struct reg_list *l = &br.reg.lists[i];

		if (l->until == 0 || !regw_list_lives(&br.reg, l))
			continue;
		if (in_force(l))
			next = MIN(next, l->until - br.now);
		else if (subs_room())
			expire(l);
		else
			next = 0;
	}
	return next;
}
