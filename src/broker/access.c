/* access.c - who has which rank in a registered room, by account: its founder, and the entries of its list.
 *
 * What somebody has there is given when it comes in, when it logs in, and when the list changes; what operators
 * give and take by MODE is written down (modes.c).
 */
#include "config.h"

#include "broker/keep.h"

#include <stdlib.h>

#include "broker/account.h"
#include "broker/mask.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

static const struct {
	const char *word;
	uint32_t flag;
	uint8_t mode;
} ranks[] = {
    {"op", MEMBER_OP, MODE_OP},
    {"halfop", MEMBER_HALFOP, MODE_HALFOP},
    {"voice", MEMBER_VOICE, MODE_VOICE},
};

const char *
access_word(uint32_t flags)
{
	for (size_t i = 0; i < ARRAY_LEN(ranks); i++) {
		if (flags & ranks[i].flag)
			return ranks[i].word;
	}
	return "";
}

uint32_t
access_rank(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(ranks); i++) {
		if (str_eq(word, str_of(ranks[i].word)))
			return ranks[i].flag;
	}
	return 0;
}

struct reg_list *
access_find(const struct room_cache *c, struct str account)
{
	for (uint32_t i = 0; i < c->nlists; i++) {
		struct reg_list *l = &W->lists[c->lists[i]];

		if (l->op == LIST_ACCESS && name_same(str_of(l->mask), account))
			return l;
	}
	return NULL;
}

uint32_t
access_flags(const struct reg_room *room, const struct reg_user *u)
{
	const struct reg_list *l;

	if (!room_is_registered(room) || user_account_id(u) == 0)
		return 0;
	if (room_is_founder(room, u))
		return MEMBER_OP;
	l = access_find(room_cache_of(room), user_account(u));
	return l != NULL ? access_rank(str_of(l->reason)) : 0;
}

/* --- giving ------------------------------------------------------------------------------------------- */

/* What has changed, as it is told of MODE. */
static size_t
changes(const struct reg_user *u, uint32_t before, uint32_t now, char out[MODES_BYTES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(ranks); i++) {
		struct mode_change c = {
		    .op = ranks[i].mode, .on = (now & ranks[i].flag) != 0, .arg = user_name(u)};

		if ((before ^ now) & ranks[i].flag)
			n = mode_put(out, n, MODES_BYTES_MAX, &c);
	}
	return n;
}

/* One entry: m has the flags, and the room is told what is different from `before`. */
static void
give(const struct reg_member *m, uint32_t before, uint32_t flags)
{
	const struct reg_user *u = regw_user(W, m->user);
	const struct reg_room *room = regw_room(W, m->room);
	char text[MODES_BYTES_MAX];
	struct m_e_mode e = {.room = m->room,
			     .name = STR_LIT("Server"),
			     .room_name = room_name(room),
			     .changes = {text, changes(u, before, flags, text)}};

	if (e.changes.n == 0)
		return;
	entry_begin(&req_nobody);
	entry_to_room(room);
	if (flags != m->flags) {
		txn_open(T, W, m);
		TXN_SET(T, W, m->flags, flags);
		txn_close(T, W, m);
	}
	EVENT_HEAD(&req_nobody, e);
	ENTRY_COMMIT(mode, &e);
}

void
access_tell(const struct reg_member *m, uint32_t before)
{
	give(m, before, m->flags);
}

void
access_set(const struct reg_member *m, uint32_t flags)
{
	give(m, m->flags, flags);
}

void
access_login(const struct reg_user *u)
{
	for (uint32_t at = u->first_member; at != 0; at = W->members[at - 1].user_next) {
		const struct reg_member *m = &W->members[at - 1];
		const struct reg_room *room = regw_room(W, m->room);

		if (room != NULL)
			access_set(m, m->flags | access_flags(room, u));
	}
}

void
access_logout(const struct reg_user *u)
{
	for (uint32_t at = u->first_member; at != 0; at = W->members[at - 1].user_next) {
		const struct reg_member *m = &W->members[at - 1];
		const struct reg_room *room = regw_room(W, m->room);

		if (room != NULL)
			access_set(m, m->flags & ~access_flags(room, u));
	}
}

/* --- invitations --------------------------------------------------------------------------------------- */

static void
let_in(struct reg_room *room, struct str account)
{
	enum reg_list_op op = LIST_INVEX;
	struct room_cache *c = room_cache_of(room);
	char in[MASK_MAX + 1], mask[MASK_MAX + 1], text[MODES_BYTES_MAX];
	struct mode_change change = {.op = MODE_INVEX, .on = 1};
	struct m_e_mode e = {
	    .room = room->id, .name = STR_LIT("Server"), .room_name = room_name(room)};
	struct mask m;

	change.arg = (struct str){in, bprintf(in, sizeof(in), "~a:" STR_FMT, STR_ARG(account))};
	if (!list_mask(&op, change.arg, mask, &m) || list_same(c, op, &m) != NULL ||
	    list_count(c, op) >= ROOM_LIST_MAX || !list_has_room(room->id, 0))
		return;
	change.arg = str_of(mask);
	e.changes = (struct str){text, mode_put(text, 0, sizeof(text), &change)};
	entry_begin(&req_nobody);
	entry_to_room(room);
	CHECK(list_put_redo(NULL, 0, op, room->id, change.arg, STR_LIT("invitation"),
			    STR_LIT("Server"), 0));
	EVENT_HEAD(&req_nobody, e);
	ENTRY_COMMIT(mode, &e);
	list_put_done(c, NULL, NULL);
}

void
access_invited(struct str rooms, struct str account)
{
	struct str name;

	while (str_next(&rooms, ',', &name)) {
		struct reg_room *room = room_find(name);

		if (room != NULL && room->modes & 1u << MODE_INVITE_ONLY)
			let_in(room, account);
	}
}

/* --- accounts that are no more ------------------------------------------------------------------------- */

/* The one that was put on the list first among the room's operators; NULL: there is none. */
static const struct reg_list *
successor(const struct room_cache *c)
{
	const struct reg_list *first = NULL;

	for (uint32_t i = 0; i < c->nlists; i++) {
		const struct reg_list *l = &W->lists[c->lists[i]];

		if (l->op == LIST_ACCESS && access_rank(str_of(l->reason)) == MEMBER_OP &&
		    account_id_named(str_of(l->mask)) != 0 &&
		    (first == NULL || l->since < first->since))
			first = l;
	}
	return first;
}

static void
founder_gone(struct reg_room *room)
{
	struct room_cache *c = room_cache_of(room);
	const struct reg_list *heir = successor(c);

	if (heir == NULL) {
		room_unregister(room, 0);
		return;
	}
	room_entry_begin();
	txn_open(T, W, room);
	TXN_SET(T, W, room->founder, account_id_named(str_of(heir->mask)));
	txn_close(T, W, room);
	list_del_redo(heir);
	room_entry_commit(room, 0, false);
	list_del_done(c, heir);
}

static void
entry_off(const struct reg_room *room, const struct reg_list *l)
{
	room_entry_begin();
	list_del_redo(l);
	room_entry_commit(room, 0, false);
	list_del_done(room_cache_of(room), l);
}

void
access_account_gone(uint64_t account, struct str name)
{
	const struct reg_list *l;

	for (uint32_t i = 0; i < W->h->room_top; i++) {
		struct reg_room *room = &W->rooms[i];

		if (room->id == 0 || !room_is_registered(room))
			continue;
		l = access_find(room_cache_of(room), name);
		if (l != NULL)
			entry_off(room, l);
		if (room->founder == account)
			founder_gone(room);
	}
}

/* --- what a death left of them --------------------------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Numbers of all accounts, in order; the caller frees it. */
static uint64_t *
numbers(size_t *n_r)
{
	uint64_t *ids = xcalloc(W->h->account_top + 1, sizeof(*ids));
	size_t n = 0;

	for (uint32_t i = 0; i < W->h->account_top; i++) {
		if (W->accounts[i].id != 0)
			ids[n++] = W->accounts[i].id;
	}
	qsort(ids, n, sizeof(*ids), by_number);
	*n_r = n;
	return ids;
}

/* An entry of the list that names no account; NULL: each names one. */
static const struct reg_list *
stray(const struct room_cache *c)
{
	for (uint32_t i = 0; i < c->nlists; i++) {
		const struct reg_list *l = &W->lists[c->lists[i]];

		if (l->op == LIST_ACCESS && account_id_named(str_of(l->mask)) == 0)
			return l;
	}
	return NULL;
}

void
access_sweep(void)
{
	const struct reg_list *l;
	uint64_t *ids;
	size_t n;

	/* not all are here, or there was no place for all */
	if (!W->h->restored || freelist_left(&W->free_accounts) == 0)
		return;
	ids = numbers(&n);
	for (uint32_t i = 0; i < W->h->room_top; i++) {
		struct reg_room *room = &W->rooms[i];

		if (room->id == 0 || !room_is_registered(room))
			continue;
		while ((l = stray(room_cache_of(room))) != NULL)
			entry_off(room, l);
		if (room->founder != 0 &&
		    bsearch(&room->founder, ids, n, sizeof(*ids), by_number) == NULL)
			founder_gone(room);
	}
	free(ids);
}
