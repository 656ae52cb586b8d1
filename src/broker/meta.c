/* meta.c - metadata: keys and values that users give themselves, and operators their rooms.
 *
 * A key is a slot of its own in the registry. Which slots are an owner's is kept beside them, as lists
 * through br.meta_next. An owner's keys end with it, in the same entry.
 */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "lib/text.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

#define KEYS_MAX 25 /* of one owner */

/* Whose key it is that is to be changed: u or room is set. */
struct owner {
	const struct reg_user *u;
	const struct reg_room *room;
	uint64_t id;
	uint32_t *first; /* its list */
};

/* --- the lists ----------------------------------------------------------------------------------------- */

static uint32_t *
list_of(bool room, uint32_t slot)
{
	return room ? &br.room_metas[slot] : &br.user_metas[slot];
}

static void
list_add(uint32_t *first, uint32_t meta)
{
	br.meta_next[meta] = *first;
	*first = meta + 1;
}

static void
list_del(uint32_t *first, uint32_t meta)
{
	while (*first != meta + 1)
		first = &br.meta_next[*first - 1];
	*first = br.meta_next[meta];
	freelist_push(&W->free_metas, meta);
}

static struct reg_meta *
find(const uint32_t *first, struct str key, unsigned *count_r)
{
	struct reg_meta *found = NULL;

	*count_r = 0;
	for (uint32_t at = *first; at != 0; at = br.meta_next[at - 1]) {
		if (str_eq(str_of(W->metas[at - 1].key), key))
			found = &W->metas[at - 1];
		++*count_r;
	}
	return found;
}

void
metas_rebuild(void)
{
	memset(br.user_metas, 0, W->h->max_users * sizeof(uint32_t));
	memset(br.room_metas, 0, W->h->max_rooms * sizeof(uint32_t));
	for (uint32_t i = 0; i < W->h->meta_top; i++) {
		const struct reg_meta *m = &W->metas[i];

		if (m->owner != 0)
			list_add(list_of(m->is_room, ID_SLOT(m->owner)), i);
	}
}

/* --- what changes in the registry ------------------------------------------------------------------- */

/* One aligned number, which no reader sees in halves, and no more: a user who leaves many rooms ends many
 * of these in one entry. */
static void
end_redo(const struct reg_meta *m)
{
	TXN_SET(T, W, m->owner, 0);
}

void
metas_end_redo(bool room, uint32_t slot)
{
	for (uint32_t at = *list_of(room, slot); at != 0; at = br.meta_next[at - 1])
		end_redo(&W->metas[at - 1]);
}

void
metas_end_done(bool room, uint32_t slot)
{
	uint32_t *first = list_of(room, slot);

	for (uint32_t at = *first; at != 0; at = br.meta_next[at - 1])
		freelist_push(&W->free_metas, at - 1);
	*first = 0;
}

static void
put_redo(const struct reg_meta *m, const struct owner *o, struct str key, struct str value)
{
	txn_open(T, W, m);
	TXN_SET(T, W, m->is_room, o->room != NULL);
	TXN_SET(T, W, m->owner, o->id);
	txn_put_str(T, W, m->key, key.p, key.n);
	txn_put_str(T, W, m->value, value.p, value.n);
	txn_close(T, W, m);
}

/* --- the request --------------------------------------------------------------------------------------- */

/* Whose it is, if u may change it; else it is refused. */
static bool
owner_or_refuse(const struct req *r, const struct reg_user *u, const struct m_r_meta *q,
		struct owner *o)
{
	const struct reg_member *m;
	struct reg_room *room;

	if (q->room.n > 0) {
		m = room_member_or_refuse(r, u, q->room, &room);
		if (m == NULL)
			return false;
		if (!(m->flags & MEMBER_OP)) {
			answer_refused(r, u->id, 0, ERR_NOT_OPERATOR, q->room);
			return false;
		}
		*o = (struct owner){NULL, room, room->id, list_of(true, ID_SLOT(room->id))};
		return true;
	}
	if (q->name.n > 0 && user_find(q->name) != u) {
		answer_refused(r, u->id, 0,
			       user_find(q->name) != NULL ? ERR_NOT_YOURS : ERR_NO_SUCH_USER,
			       q->name);
		return false;
	}
	*o = (struct owner){u, NULL, u->id, list_of(false, ID_SLOT(u->id))};
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
room_for_one(const struct owner *o, unsigned count)
{
	return count < KEYS_MAX &&
	       freelist_left(&W->free_metas) > (o->room != NULL ? W->h->max_meta / 2 : 0);
}

static enum chat_err
may_change(const struct m_r_meta *q, const struct owner *o, const struct reg_meta *old,
	   unsigned count)
{
	if (q->key.n == 0)
		return q->on ? ERR_BAD_ARGUMENT : ERR_NONE;
	if (!q->on)
		return old != NULL ? ERR_NONE : ERR_META_NO_KEY;
	if (!text_is_clean(q->value.p, q->value.n, TEXT_KEEP_IRC | TEXT_KEEP_NL))
		return ERR_BAD_ARGUMENT;
	return old != NULL || room_for_one(o, count) ? ERR_NONE : ERR_META_FULL;
}

static void
commit(const struct req *r, const struct reg_user *u, const struct m_r_meta *q,
       const struct owner *o, const struct reg_meta *old)
{
	uint64_t rooms[ROOMS_PER_USER];
	uint32_t slot = old != NULL ? (uint32_t)(old - W->metas) : 0;
	struct m_e_meta m = {.by = u->id, .on = q->on != 0, .key = q->key, .value = q->value};

	entry_begin(r);
	if (o->room != NULL) {
		m.room = o->id;
		m.room_name = room_name(o->room);
		entry_to_room(o->room);
	} else {
		m.user = o->id;
		m.name = user_name(o->u);
		m.rooms = rooms_of(o->u, rooms);
		entry_to_rooms_of(o->u);
		entry_to_watchers();
	}
	if (!q->on && q->key.n == 0)
		metas_end_redo(o->room != NULL, ID_SLOT(o->id));
	else if (!q->on)
		end_redo(old);
	else
		put_redo(old != NULL ? old : &W->metas[freelist_top(&W->free_metas)], o, q->key,
			 q->value);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(meta, &m);
	if (!q->on && q->key.n == 0)
		metas_end_done(o->room != NULL, ID_SLOT(o->id));
	else if (!q->on)
		list_del(o->first, slot);
	else if (old == NULL) {
		list_add(o->first, freelist_top(&W->free_metas));
		freelist_pop(&W->free_metas);
	}
}

bool
r_meta(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	char key[META_KEY_MAX + 1];
	const struct reg_meta *old;
	struct m_r_meta q;
	struct owner o;
	enum chat_err err;
	struct str asked;
	unsigned count;

	if (!m_r_meta_get(frame, len, &q))
		return false;
	if (!owner_or_refuse(r, u, &q, &o))
		return true;
	asked = q.key;
	q.key = key_fold(q.key, key);
	old = find(o.first, q.key, &count);
	err = asked.n > 0 && q.key.n == 0 ? ERR_BAD_ARGUMENT : may_change(&q, &o, old, count);
	if (!q.on)
		q.value = STR_LIT("");
	if (err != ERR_NONE)
		answer_refused(r, u->id, 0, err, clean_or_empty(asked));
	else
		commit(r, u, &q, &o, old);
	return true;
}
