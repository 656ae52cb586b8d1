/* keep.c - see keep.h: what r_room does to rooms, and what becomes of them without members. */
#include "config.h"

#include "broker/keep.h"

#include <string.h>

#include "broker/account.h"
#include "broker/store.h"
#include "ipc/proc.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

#define HISTORY_DAYS_MAX 36500
#define HISTORY_ROWS_MAX 1000000000

bool
room_is_registered(const struct reg_room *room)
{
	return room->flags & ROOM_REGISTERED;
}

bool
room_is_kept(const struct reg_room *room)
{
	return room_is_registered(room) ||
	       (store_wanted() && room_is_default(room->fold, strlen(room->fold)));
}

bool
room_is_founder(const struct reg_room *room, const struct reg_user *u)
{
	return room->founder != 0 && room->founder == user_account_id(u);
}

void
room_entry_begin(void)
{
	entry_begin(&req_nobody);
	entry_to_store();
}

void
room_entry_commit(const struct reg_room *room, uint64_t user, bool gone)
{
	struct m_e_room m = {.user = user,
			     .room = room->id,
			     .born = room->born,
			     .gone = gone,
			     .room_name = room_name(room)};

	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(room, &m);
}

void
server_lists_commit(void)
{
	struct m_e_room m = {.room = 0};

	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(room, &m);
}

void
room_told(const struct reg_room *room)
{
	room_entry_begin();
	room_entry_commit(room, 0, false);
}

/* --- ends ------------------------------------------------------------------------------------------------ */

/* It has no members, and nothing keeps it any more. */
static void
end(struct reg_room *room)
{
	struct m_e_ok m = {.text = STR_LIT("no longer kept")};

	entry_begin(&req_nobody);
	txn_open(T, W, room);
	TXN_SET(T, W, room->id, 0);
	txn_close(T, W, room);
	room_end_redo(room);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(ok, &m);
	room_end_done((uint32_t)(room - W->rooms));
}

void
rooms_sweep(void)
{
	const struct reg_room *def = room_find(str_of(proc.opt.room_default));

	if (def != NULL && room_is_kept(def))
		room_told(def);
	for (uint32_t i = 0; i < W->h->room_top; i++) {
		struct reg_room *room = &W->rooms[i];

		if (room->id != 0 && room->nmembers == 0 && !room_is_kept(room))
			end(room);
	}
}

/* Redo: all entries of its access list go; in the slots of `gone`. How many. */
static unsigned
access_end_redo(const struct room_cache *c, const struct reg_list *gone[ROOM_LIST_MAX])
{
	unsigned n = 0;

	for (uint32_t i = 0; i < c->nlists && n < ROOM_LIST_MAX; i++) {
		const struct reg_list *l = &W->lists[c->lists[i]];

		if (l->op != LIST_ACCESS)
			continue;
		list_del_redo(l);
		gone[n++] = l;
	}
	return n;
}

void
room_unregister(struct reg_room *room, uint64_t user)
{
	const struct reg_list *gone[ROOM_LIST_MAX];
	struct room_cache *c = room_cache_of(room);
	unsigned n;

	room_entry_begin();
	txn_open(T, W, room);
	TXN_SET(T, W, room->flags, 0);
	TXN_SET(T, W, room->founder, 0);
	TXN_SET(T, W, room->history_rows, 0);
	TXN_SET(T, W, room->history_days, 0);
	txn_close(T, W, room);
	n = access_end_redo(c, gone);
	room_entry_commit(room, user, true);
	for (unsigned i = 0; i < n; i++)
		list_del_done(c, gone[i]);
	if (room->nmembers == 0)
		end(room);
}

/* --- what r_room does ------------------------------------------------------------------------------------- */

struct keeping {
	struct reg_user *u;
	struct reg_room *room;
	const struct m_r_room *q;
};

/* Done, e_room and all; or why not. To do it again, after a broker's death, does no harm. */
typedef enum chat_err keep_fn(struct keeping *k);

static enum chat_err
founder_room_for(uint64_t account)
{
	unsigned own = 0, all = 0;

	for (uint32_t i = 0; i < W->h->room_top; i++) {
		const struct reg_room *room = &W->rooms[i];

		if (room->id == 0 || !room_is_registered(room))
			continue;
		all++;
		own += room->founder == account;
	}
	/* others make rooms too, for a while */
	return own < ROOMS_PER_FOUNDER && all < W->h->max_rooms / 2 ? ERR_NONE
								    : ERR_ROOMS_REGISTERED;
}

/* Who has a rank there keeps it. How many entries that makes. */
static unsigned
ranked_redo(const struct keeping *k)
{
	unsigned n = 0;

	for (uint32_t at = k->room->first_member; at != 0; at = W->members[at - 1].room_next) {
		const struct reg_member *m = &W->members[at - 1];
		const struct reg_user *u = regw_user(W, m->user);
		const char *word = access_word(m->flags);

		if (*word == '\0' || user_account_id(u) == 0 ||
		    user_account_id(u) == user_account_id(k->u))
			continue;
		if (n == ROOM_LIST_MAX / 2 || !list_has_room(k->room->id, n))
			break;
		list_put_redo(NULL, n++, LIST_ACCESS, k->room->id, user_account(u), str_of(word),
			      user_name(k->u), 0);
	}
	return n;
}

static enum chat_err
keep_register(struct keeping *k)
{
	uint64_t account = user_account_id(k->u);
	enum chat_err err;
	unsigned n;

	if (account == 0)
		return ERR_NOT_LOGGED_IN;
	if (room_is_registered(k->room))
		return room_is_founder(k->room, k->u) ? ERR_NONE : ERR_ROOM_REGISTERED;
	if (room_is_default(k->room->fold, strlen(k->room->fold)))
		return ERR_PERMISSION;
	err = founder_room_for(account);
	if (err != ERR_NONE)
		return err;
	room_entry_begin();
	txn_open(T, W, k->room);
	TXN_SET(T, W, k->room->flags, k->room->flags | ROOM_REGISTERED);
	TXN_SET(T, W, k->room->founder, account);
	txn_close(T, W, k->room);
	n = ranked_redo(k);
	room_entry_commit(k->room, k->u->id, false);
	while (n-- > 0)
		list_put_done(room_cache_of(k->room), NULL, k->u);
	return ERR_NONE;
}

static enum chat_err
keep_drop(struct keeping *k)
{
	room_unregister(k->room, k->u->id);
	return ERR_NONE;
}

/* Members of the room who are logged in to the account have what it gives them now, and no more. */
static void
give_again(const struct reg_room *room, uint64_t account)
{
	for (uint32_t at = room->first_member; at != 0; at = W->members[at - 1].room_next) {
		const struct reg_member *m = &W->members[at - 1];
		const struct reg_user *u = regw_user(W, m->user);

		if (user_account_id(u) == account)
			access_set(m, access_flags(room, u));
	}
}

static enum chat_err
keep_founder(struct keeping *k)
{
	uint64_t account = account_id_named(k->q->name);
	enum chat_err err;

	if (account == 0)
		return ERR_NO_ACCOUNT;
	if (account == k->room->founder)
		return ERR_NONE;
	err = founder_room_for(account);
	if (err != ERR_NONE)
		return err;
	room_entry_begin();
	txn_open(T, W, k->room);
	TXN_SET(T, W, k->room->founder, account);
	txn_close(T, W, k->room);
	room_entry_commit(k->room, k->u->id, false);
	give_again(k->room, account);
	return ERR_NONE;
}

static enum chat_err
keep_access(struct keeping *k)
{
	struct room_cache *c = room_cache_of(k->room);
	struct reg_list *l = access_find(c, k->q->name);
	uint64_t account = account_id_named(k->q->name);
	bool on = k->q->text.n > 0;

	if (on && access_rank(k->q->text) == 0)
		return ERR_BAD_ARGUMENT;
	if (account == 0)
		return ERR_NO_ACCOUNT;
	if (!on && l == NULL)
		return ERR_NOT_FOUND;
	if (on && l == NULL &&
	    (list_count(c, LIST_ACCESS) >= ROOM_LIST_MAX || lists_of_user_full(k->u) ||
	     !list_has_room(k->room->id, 0)))
		return ERR_LIST_FULL;
	room_entry_begin();
	if (on)
		CHECK(list_put_redo(l, 0, LIST_ACCESS, k->room->id,
				    l != NULL ? str_of(l->mask) : k->q->name, k->q->text,
				    user_name(k->u), 0));
	else
		list_del_redo(l);
	room_entry_commit(k->room, k->u->id, false);
	if (on)
		list_put_done(c, l, k->u);
	else
		list_del_done(c, l);
	give_again(k->room, account);
	return ERR_NONE;
}

/* "days 30": the number behind the word; -1: it is none, or above max. */
static long
number_after(struct str text, const char *word, long max)
{
	size_t n = strlen(word);
	long v = 0;

	if (text.n <= n + 1 || text.n > n + 11 || memcmp(text.p, word, n) != 0 || text.p[n] != ' ')
		return -1;
	for (size_t i = n + 1; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		v = 10 * v + (text.p[i] - '0');
	}
	return v <= max ? v : -1;
}

static enum chat_err
keep_history(struct keeping *k)
{
	struct reg_room *room = k->room;
	uint32_t flags = room->flags, days = room->history_days, rows = room->history_rows;
	long n;

	if (str_eq(k->q->text, STR_LIT("on")))
		flags &= ~(uint32_t)ROOM_NO_HISTORY;
	else if (str_eq(k->q->text, STR_LIT("off")))
		flags |= ROOM_NO_HISTORY;
	else if ((n = number_after(k->q->text, "days", HISTORY_DAYS_MAX)) >= 0)
		days = (uint32_t)n;
	else if ((n = number_after(k->q->text, "rows", HISTORY_ROWS_MAX)) >= 0)
		rows = (uint32_t)n;
	else
		return ERR_BAD_ARGUMENT;
	room_entry_begin();
	txn_open(T, W, room);
	TXN_SET(T, W, room->flags, flags);
	TXN_SET(T, W, room->history_days, days);
	TXN_SET(T, W, room->history_rows, rows);
	txn_close(T, W, room);
	room_entry_commit(room, k->u->id, false);
	return ERR_NONE;
}

static const struct {
	keep_fn *fn;
	const char *what; /* for the log */
	bool founder; /* for the founder; else for any operator of the room */
} ops[ROOM_OPS] = {
    [ROOM_REGISTER] = {keep_register, "register", false},
    [ROOM_DROP] = {keep_drop, "drop", true},
    [ROOM_FOUNDER] = {keep_founder, "founder", true},
    [ROOM_ACCESS] = {keep_access, "access", true},
    [ROOM_HISTORY] = {keep_history, "history", true},
};

/* Operators of the server may do to any kept room what its founder may. */
static enum chat_err
may_keep(const struct reg_user *u, const struct right *right, unsigned op)
{
	const struct reg_room *room = right->room;

	if (!ops[op].founder)
		return right->own >= RANK_OP       ? ERR_NONE
		       : right->own >= RANK_HALFOP ? ERR_RANK
						   : ERR_NOT_OPERATOR;
	if (!room_is_registered(room) && !(op == ROOM_HISTORY && room_is_kept(room)))
		return ERR_ROOM_NOT_REGISTERED;
	return room_is_founder(room, u) || right->oper ? ERR_NONE : ERR_NOT_FOUNDER;
}

/* The founder may be told of its room wherever it is. */
static enum chat_err
right_to(const struct reg_user *u, struct str name, struct right *right)
{
	struct reg_room *room = room_find(name);
	enum chat_err err = room_right(u, room, right);

	return err != ERR_NONE && room != NULL && room_is_founder(room, u) ? ERR_NONE : err;
}

/* Is it so already? A broker that died behind it has not answered. */
static bool
is_done(const struct m_r_room *q, const struct reg_room *room)
{
	switch (q->op) {
	case ROOM_DROP:
		return room == NULL || !room_is_registered(room);
	case ROOM_FOUNDER:
		return room != NULL && room->founder != 0 &&
		       room->founder == account_id_named(q->name);
	case ROOM_ACCESS:
		return room != NULL && q->text.n == 0 &&
		       access_find(room_cache_of(room), q->name) == NULL;
	default:
		return false;
	}
}

static struct str
about(const struct m_r_room *q, enum chat_err err)
{
	switch (err) {
	case ERR_NO_ACCOUNT:
	case ERR_NOT_FOUND:
		return q->name;
	case ERR_BAD_ARGUMENT:
		return clean_or_empty(q->text);
	default:
		return q->room;
	}
}

bool
r_room(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct right right;
	struct m_r_room q;
	struct keeping k = {.u = u, .q = &q};
	enum chat_err err;

	if (!m_r_room_get(frame, len, &q) || q.op >= ROOM_OPS)
		return false;
	err = right_to(u, q.room, &right);
	if (err == ERR_NONE)
		err = may_keep(u, &right, q.op);
	k.room = right.room;
	if (err == ERR_NONE && ops[q.op].founder && !room_is_founder(k.room, u))
		oper_did(u, "%s of %s: " STR_FMT " " STR_FMT, ops[q.op].what, k.room->name,
			 STR_ARG(clean_or_empty(q.name)), STR_ARG(clean_or_empty(q.text)));
	if (err == ERR_NONE)
		err = ops[q.op].fn(&k);
	if (err != ERR_NONE && !(r->again && is_done(&q, room_find(q.room))))
		answer_refused(r, u->id, 0, err, about(&q, err));
	else
		answer_ok(r, u->id, "");
	return true;
}
