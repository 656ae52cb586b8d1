/* restore.c - what the store has kept, told to a registry that began anew.
 *
 * It comes while nobody is served yet, as a rule. When the store is late, people may have made rooms of the same
 * names: these take on what was kept, and who has a rank there is who had it before.
 */
#include "config.h"

#include "broker/keep.h"

#include <string.h>

#include "broker/mask.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

static uint64_t filling; /* the room that s_list tells of; 0: of none that is here */
static bool filling_server; /* …of the server, before the first room */
static bool settling; /* it had been made by somebody else, whose rights there end */

static bool
fit(const struct m_s_room *m)
{
	return room_check(m->name.p, m->name.n) == NAME_OK && (m->key.n == 0 || m->key.n == 16) &&
	       m->born != 0 && text_is_clean(m->topic.p, m->topic.n, TEXT_KEEP_IRC) &&
	       text_is_clean(m->topic_by.p, m->topic_by.n, 0);
}

/* Redo: the room's slot says what was kept. live: of one that is here, what is older than it gives way. */
static void
fields_redo(const struct reg_room *room, const struct m_s_room *m, bool live)
{
	txn_open(T, W, room);
	TXN_SET(T, W, room->born, m->born);
	TXN_SET(T, W, room->created, m->created);
	TXN_SET(T, W, room->founder, m->founder);
	TXN_SET(T, W, room->flags, m->flags);
	TXN_SET(T, W, room->history_rows, m->rows);
	TXN_SET(T, W, room->history_days, m->days);
	/* a key that nobody could give would lock it for ever */
	TXN_SET(T, W, room->modes, m->key.n > 0 ? m->modes : m->modes & ~(1u << MODE_KEY));
	TXN_SET(T, W, room->limit, m->limit);
	if (m->key.n > 0)
		txn_put(T, W, room->key, m->key.p, m->key.n);
	if (!live || room->topic_at == 0) {
		txn_put_str(T, W, room->topic, m->topic.p, m->topic.n);
		txn_put_str(T, W, room->topic_by, m->topic_by.p, m->topic_by.n);
		TXN_SET(T, W, room->topic_at, m->topic_at);
	}
	txn_close(T, W, room);
}

/* The store learns by which number the room goes now. */
static void
told(uint64_t id, const struct m_s_room *m)
{
	struct m_e_room e = {.room = id, .born = m->born, .room_name = m->name};

	EVENT_HEAD(&req_nobody, e);
	ENTRY_COMMIT(room, &e);
}

static void
make(const struct m_s_room *m, const char *fold, size_t fold_len)
{
	uint32_t slot;

	if (freelist_left(&W->free_rooms) == 0) {
		log_err("there is no place for the registered room " STR_FMT, STR_ARG(m->name));
		return;
	}
	slot = freelist_top(&W->free_rooms);
	room_entry_begin();
	filling = room_make(m->name, fold, fold_len, m->modes);
	fields_redo(&W->rooms[slot], m, false);
	told(filling, m);
	freelist_pop(&W->free_rooms);
	regw_index_room(W, slot);
	counts_shown();
}

static void
merge(const struct reg_room *room, const struct m_s_room *m)
{
	log_notice("the room %s has been made anew meanwhile: it takes on what was kept",
		   room->name);
	room_entry_begin();
	fields_redo(room, m, true);
	told(room->id, m);
	filling = room->id;
	settling = true;
}

/* The lists are complete: who is in the room has the rank that they give, and no other; whom its doors are closed to has come
 * while there were none, and would be shown what was said behind them. */
static void
settle(void)
{
	struct reg_room *room = regw_room(W, filling);

	for (uint32_t at = settling && room != NULL && room_is_registered(room) ? room->first_member
										: 0;
	     at != 0; at = W->members[at - 1].room_next) {
		const struct reg_member *m = &W->members[at - 1];

		access_set(m, access_flags(room, regw_user(W, m->user)));
	}
	if (settling && room != NULL && room_is_registered(room))
		room_turn_out(room);
	filling = 0;
	settling = false;
}

bool
restore_room(const void *frame, size_t len)
{
	char fold[ROOM_FOLD_MAX];
	const struct reg_room *room;
	struct m_s_room m;
	ssize_t n;

	if (!m_s_room_get(frame, len, &m) || !fit(&m))
		return false;
	settle();
	filling_server = false;
	if (W->h->restored)
		return true;
	n = name_fold(m.name.p, m.name.n, fold, sizeof(fold));
	/* one that was the default when it was kept, and is not now */
	if (n <= 0 || (!(m.flags & ROOM_REGISTERED) && !room_is_default(fold, (size_t)n)))
		return true;
	room = regw_room_fold(W, fold, (size_t)n);
	if (room == NULL)
		make(&m, fold, (size_t)n);
	else if (room->born == m.born)
		filling = room->id; /* told before the store died over it */
	else
		merge(room, &m);
	return true;
}

/* Its one form, and whether the room (or the server) has it already. */
static bool
entry_fit(const struct m_s_list *m, const struct room_cache *c, char form[MASK_MAX + 1],
	  enum reg_list_op *op)
{
	struct mask mask;

	*op = m->op;
	if (c == &br.server && *op != LIST_BAN && *op != LIST_MUTE)
		return false;
	if (*op == LIST_ACCESS) {
		bprintf(form, MASK_MAX + 1, STR_FMT, STR_ARG(m->mask));
		return name_check(m->mask.p, m->mask.n) == NAME_OK && access_rank(m->reason) != 0 &&
		       access_find(c, m->mask) == NULL;
	}
	if (*op != LIST_BAN && *op != LIST_MUTE && *op != LIST_EXCEPT && *op != LIST_INVEX)
		return false;
	return list_mask(op, m->mask, form, &mask) && list_same(c, *op, &mask) == NULL;
}

bool
restore_list(const void *frame, size_t len)
{
	const struct reg_room *room = regw_room(W, filling);
	struct room_cache *c = filling_server ? &br.server
			       : room != NULL ? room_cache_of(room)
					      : NULL;
	uint64_t id = filling_server ? 0 : filling;
	struct m_e_ok e = {.text = STR_LIT("kept")};
	const struct reg_list *l;
	char form[MASK_MAX + 1];
	enum reg_list_op op;
	struct m_s_list m;

	if (!m_s_list_get(frame, len, &m))
		return false;
	if (c == NULL || (m.until != 0 && m.until <= br.now) || !entry_fit(&m, c, form, &op))
		return true;
	if (!list_has_room(id, 0)) {
		log_err("there is no place for all lists of %s",
			filling_server ? "the server" : room->name);
		return true;
	}
	entry_begin(&req_nobody);
	l = &W->lists[freelist_top(&W->free_lists)];
	list_put_redo(NULL, 0, op, id, str_of(form), clean_or_empty(m.reason), clean_or_empty(m.by),
		      m.until);
	txn_open(T, W, l);
	TXN_SET(T, W, l->since, m.since);
	txn_close(T, W, l);
	EVENT_HEAD(&req_nobody, e);
	ENTRY_COMMIT(ok, &e);
	list_put_done(c, NULL, NULL);
	return true;
}

/* The store may copy from the registry from now on: with those that were added before these came, of which it may know only; and
 * when people have been here before, whatever they have done to rooms. */
static void
told_all(void)
{
	struct m_e_room e = {.room = 0, .gone = W->h->user_top > 0};

	if (br.server.nlists == 0 && !e.gone)
		return;
	room_entry_begin();
	EVENT_HEAD(&req_nobody, e);
	ENTRY_COMMIT(room, &e);
}

/* Whoever came while there were none. */
static void
server_lists_hold(void)
{
	filling_server = false;
	for (uint32_t i = 0; i < W->h->user_top && br.server.nlists > 0; i++) {
		const struct reg_user *u = &W->users[i];
		const struct reg_list *ban = u->id != 0 ? user_listed(u, LIST_BAN) : NULL;

		if (ban != NULL)
			reap_add(u->id, 0, QUIT_BANNED, "Server", ban->reason);
	}
	mutes_apply();
}

/* The hashes of room keys that are kept were made with the store's secret; those of rooms that are here with ours. */
static void
take_secret(struct str secret)
{
	struct journal_header *h = br.j.h;

	if (secret.n != sizeof(h->secret) || memcmp(h->secret, secret.p, sizeof(h->secret)) == 0)
		return;
	memcpy(h->secret_before, h->secret, sizeof(h->secret));
	memcpy(h->secret, secret.p, sizeof(h->secret));
}

bool
restore_begin_end(const void *frame, size_t len)
{
	struct m_s_restored m;

	if (!m_s_restored_get(frame, len, &m))
		return false;
	if (W->h->restored)
		return true;
	settle();
	take_secret(m.secret);
	filling_server = !m.done;
	if (m.done) {
		server_lists_hold();
		told_all();
		__atomic_store_n(&W->h->restored, 1, __ATOMIC_RELEASE);
		access_sweep();
	}
	return true;
}
