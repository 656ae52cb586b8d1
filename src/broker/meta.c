/* meta.c - metadata: keys and values that users give themselves, and operators their rooms.
 *
 * A key is a slot of its own in the registry; which ones are an owner's stands in a list of slots beside the
 * owner's own. An owner's keys end with it, in the same entry; its list is then nobody's.
 */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "lib/text.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

/* Whose key it is that is to be changed: u or room is set. */
struct owner {
	const struct reg_user *u;
	const struct reg_room *room;
	uint64_t id;
	const struct reg_metas *list;
	bool of_server; /* an operator of the server changes what is not its own */
};

/* --- the lists ----------------------------------------------------------------------------------------- */

static const struct reg_metas *
list_of(bool room, uint64_t id)
{
	return room ? &W->room_metas[ID_SLOT(id)] : &W->user_metas[ID_SLOT(id)];
}

static uint32_t
list_len(const struct reg_metas *list, uint64_t id)
{
	return list->owner == id ? list->n : 0;
}

/* Its place in the list; the length: it has no such key. */
static uint32_t
find(const struct owner *o, struct str key)
{
	uint32_t n = list_len(o->list, o->id), i;

	for (i = 0; i < n; i++) {
		if (str_eq(str_of(W->metas[o->list->slot[i]].key), key))
			break;
	}
	return i;
}

/* Slots that the entry in hand sets free. */
static struct {
	uint32_t slot[META_KEYS_MAX * (ROOMS_PER_USER + 1)];
	unsigned n;
} ended;

void
metas_end_done(void)
{
	while (ended.n > 0)
		freelist_push(&W->free_metas, ended.slot[--ended.n]);
}

/* --- what changes in the registry ------------------------------------------------------------------- */

/* One aligned number, which no reader sees in halves, and no more: a user who leaves many rooms ends many
 * of these in one entry. */
static void
end_redo(uint32_t slot)
{
	const struct reg_meta *m = &W->metas[slot];

	CHECK(ended.n < ARRAY_LEN(ended.slot));
	ended.slot[ended.n++] = slot;
	TXN_SET(T, W, m->owner, 0);
}

void
metas_end_redo(bool room, uint64_t id)
{
	const struct reg_metas *list = list_of(room, id);
	uint32_t n = list_len(list, id);

	for (uint32_t i = 0; i < n; i++)
		end_redo(list->slot[i]);
	if (n > 0)
		TXN_SET(T, W, list->owner, 0);
}

static void
put_redo(uint32_t slot, const struct owner *o, struct str key, struct str value)
{
	const struct reg_meta *m = &W->metas[slot];

	txn_open(T, W, m);
	TXN_SET(T, W, m->is_room, o->room != NULL);
	TXN_SET(T, W, m->owner, o->id);
	txn_put_str(T, W, m->key, key.p, key.n);
	txn_put_str(T, W, m->value, value.p, value.n);
	txn_close(T, W, m);
}

/* The list has so many from now on, and in this place this one. */
static void
list_redo(const struct owner *o, uint32_t n, uint32_t at, uint32_t slot)
{
	const struct reg_metas *l = o->list;

	txn_open(T, W, l);
	TXN_SET(T, W, l->owner, o->id);
	TXN_SET(T, W, l->n, n);
	TXN_SET(T, W, l->slot[at], slot);
	txn_close(T, W, l);
}

/* --- the request --------------------------------------------------------------------------------------- */

/* The room's, if u may change it; else it is refused. */
static bool
room_or_refuse(const struct req *r, const struct reg_user *u, const struct m_r_meta *q,
	       struct owner *o)
{
	struct right right;

	if (!room_right_or_refuse(r, u, q->room, &right) ||
	    !room_rank_or_refuse(r, u, &right, RANK_OP, q->room))
		return false;
	*o = (struct owner){.room = right.room,
			    .id = right.room->id,
			    .list = list_of(true, right.room->id),
			    .of_server = room_right_of_server(&right, RANK_OP)};
	return true;
}

/* Whose it is, if u may change it; else it is refused. Operators of the server may change everybody's. */
static bool
owner_or_refuse(const struct req *r, const struct reg_user *u, const struct m_r_meta *q,
		struct owner *o)
{
	const struct reg_user *whose = q->name.n > 0 ? user_find(q->name) : u;

	if (q->room.n > 0)
		return room_or_refuse(r, u, q, o);
	if (whose == NULL || (whose != u && u->level < LEVEL_OPERATE)) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): u is somebody: the table of requests sees to it */
		answer_refused(r, u->id, 0, whose != NULL ? ERR_NOT_YOURS : ERR_NO_SUCH_USER,
			       q->name);
		return false;
	}
	*o = (struct owner){.u = whose,
			    .id = whose->id,
			    .list = list_of(false, whose->id),
			    .of_server = whose != u};
	return true;
}

/* In small letters, into out; empty when it is no key. */
static struct str
key_fold(struct str key, char out[META_KEY_MAX + 1])
{
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		c = out[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("_./-", c) != NULL)))
			return STR_LIT("");
	}
	return (struct str){out, key.n};
}

/* May one more key be kept? Rooms may not take what people need. */
static bool
room_for_one(const struct owner *o)
{
	return list_len(o->list, o->id) < META_KEYS_MAX &&
	       freelist_left(&W->free_metas) > (o->room != NULL ? W->h->max_meta / 2 : 0);
}

static enum chat_err
may_change(const struct m_r_meta *q, const struct owner *o, bool have)
{
	if (q->key.n == 0)
		return q->on ? ERR_BAD_ARGUMENT : ERR_NONE;
	if (!q->on)
		return have ? ERR_NONE : ERR_META_NO_KEY;
	if (!text_is_clean(q->value.p, q->value.n, TEXT_KEEP_IRC))
		return ERR_BAD_ARGUMENT;
	return have || room_for_one(o) ? ERR_NONE : ERR_META_FULL;
}

/* Redo records of all keys' end; their names into out. */
static struct str
clear_redo(const struct owner *o, char out[META_NAMES_MAX + 1])
{
	uint32_t n = list_len(o->list, o->id);
	size_t len = 0;

	for (uint32_t i = 0; i < n; i++)
		len += bprintf(out + len, META_NAMES_MAX + 1 - len, "%s%s", i > 0 ? " " : "",
			       W->metas[o->list->slot[i]].key);
	metas_end_redo(o->room != NULL, o->id);
	if (n > 0)
		list_redo(o, 0, 0, 0);
	return (struct str){out, len};
}

/* Redo records of one key, which stands at `at` if the owner has it. True: it needs a slot. */
static bool
key_redo(const struct m_r_meta *q, const struct owner *o, uint32_t at)
{
	uint32_t n = list_len(o->list, o->id), slot;
	bool fresh = q->on && at == n;

	if (q->on) {
		slot = fresh ? freelist_top(&W->free_metas) : o->list->slot[at];
		put_redo(slot, o, q->key, q->value);
		if (fresh)
			list_redo(o, n + 1, n, slot);
		return fresh;
	}
	end_redo(o->list->slot[at]);
	/* the last one moves into the gap */
	list_redo(o, n - 1, at, o->list->slot[n - 1]);
	return false;
}

/* To whom the change is to be told, and what. */
static void
address(struct m_e_meta *m, const struct owner *o, uint64_t rooms[ROOMS_PER_USER])
{
	if (o->room != NULL) {
		m->room = o->id;
		m->room_name = room_name(o->room);
		entry_to_room(o->room);
		return;
	}
	m->user = o->id;
	m->name = user_name(o->u);
	m->rooms = rooms_of(o->u, rooms);
	entry_to_user(o->u);
	entry_to_rooms_of(o->u);
	entry_to_watchers();
}

static void
log_as_server(const struct reg_user *u, const struct m_r_meta *q, const struct owner *o)
{
	const char *what = o->room != NULL ? "room" : "user";
	const char *name = o->room != NULL ? o->room->name : o->u->name;

	if (q->key.n == 0)
		oper_did(u, "metadata of %s %s: cleared", what, name);
	else
		oper_did(u, "metadata of %s %s: %c" STR_FMT "%s" STR_FMT, what, name,
			 q->on ? '+' : '-', STR_ARG(q->key), q->value.n > 0 ? " " : "",
			 STR_ARG(q->value));
}

static void
commit(const struct req *r, const struct reg_user *u, const struct m_r_meta *q,
       const struct owner *o, uint32_t at)
{
	uint64_t rooms[ROOMS_PER_USER];
	char names[META_NAMES_MAX + 1];
	struct m_e_meta m = {.by = u->id, .on = q->on != 0, .key = q->key, .value = q->value};
	bool fresh = false;

	if (o->of_server)
		log_as_server(u, q, o);
	entry_begin(r);
	address(&m, o, rooms);
	if (q->key.n == 0)
		m.value = clear_redo(o, names);
	else
		fresh = key_redo(q, o, at);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(meta, &m);
	metas_end_done();
	if (fresh)
		freelist_pop(&W->free_metas);
}

bool
r_meta(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	char key[META_KEY_MAX + 1];
	struct m_r_meta q;
	struct owner o;
	enum chat_err err;
	struct str asked;
	uint32_t at;

	if (!m_r_meta_get(frame, len, &q))
		return false;
	if (!owner_or_refuse(r, u, &q, &o))
		return true;
	asked = q.key;
	q.key = key_fold(q.key, key);
	at = find(&o, q.key);
	err = asked.n > 0 && q.key.n == 0 ? ERR_BAD_ARGUMENT
					  : may_change(&q, &o, at < list_len(o.list, o.id));
	if (!q.on)
		q.value = STR_LIT("");
	if (err != ERR_NONE)
		answer_refused(r, u->id, 0, err, clean_or_empty(asked));
	else
		commit(r, u, &q, &o, at);
	return true;
}
