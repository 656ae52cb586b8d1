/* views.c - what there is to know of one user or room: its slot, and what is kept apart from it (registry.h). */
#include "config.h"

#include "registry/registry_priv.h"

#include <string.h>

/* --- users and rooms ------------------------------------------------------------------------------------ */

/* What is kept apart from the slot of a user. */
static bool
apart_view(const struct registry *r, uint32_t slot, const struct reg_user *u,
	   struct reg_user_view *v)
{
	if (u->is_away) {
		struct reg_away a;

		if (!registry_snapshot(&r->aways[slot], &a, sizeof(a)))
			return false;
		REG_COPY(v->away, a.text);
	}
	if (u->more) {
		struct reg_more m;

		if (!registry_snapshot(&r->mores[slot], &m, sizeof(m)))
			return false;
		REG_COPY(v->account, m.account);
		v->account_id = m.account_id;
		if (m.real[0] != '\0')
			REG_COPY(v->real, m.real);
	}
	return true;
}

static int
user_view(const struct registry *r, uint32_t slot, struct reg_user_view *v)
{
	struct reg_user u;

	if (!registry_snapshot(&r->users[slot], &u, sizeof(u)))
		return -1;
	if (u.id == 0)
		return 0;
	memset(v, 0, sizeof(*v));
	v->id = u.id;
	REG_COPY(v->name, u.name);
	REG_COPY(v->address, u.address);
	REG_COPY(v->ident, u.ident);
	REG_COPY(v->host, u.host);
	v->umodes = u.umodes;
	v->level = u.level;
	v->port = u.port;
	v->protocol = u.protocol;
	v->tls = u.tls;
	v->muted = u.muted;
	v->sub = u.sub;
	v->inc = u.inc;
	v->wslot = u.wslot;
	v->since = u.since;
	v->rooms = u.nrooms;
	v->sessions = u.nsessions + (u.inc != 0);
	REG_COPY(v->real, u.name);
	if (!apart_view(r, slot, &u, v))
		return -1;
	/* what was read apart is nobody else's */
	return __atomic_load_n(&r->users[slot].id, __ATOMIC_ACQUIRE) == u.id ? 1 : -1;
}

static int
room_view(const struct registry *r, uint32_t slot, struct reg_room_view *v)
{
	struct reg_room m;

	if (!registry_snapshot(&r->rooms[slot], &m, sizeof(m)))
		return -1;
	if (m.id == 0)
		return 0;
	memset(v, 0, sizeof(*v));
	v->id = m.id;
	REG_COPY(v->name, m.name);
	REG_COPY(v->topic, m.topic);
	REG_COPY(v->topic_by, m.topic_by);
	v->created = m.created;
	v->topic_at = m.topic_at;
	v->members = m.nmembers;
	v->limit = m.limit;
	v->modes = m.modes;
	v->messages = m.messages;
	v->born = m.born;
	v->founder = m.founder;
	v->flags = m.flags;
	v->history_rows = m.history_rows;
	v->history_days = m.history_days;
	memcpy(v->key, m.key, sizeof(v->key));
	return 1;
}

int
registry_user_slot(const struct registry *r, uint32_t slot, struct reg_user_view *v)
{
	return slot < r->h->max_users ? user_view(r, slot, v) : 0;
}

int
registry_user(const struct registry *r, uint64_t id, struct reg_user_view *v)
{
	int got = registry_user_slot(r, ID_SLOT(id), v);

	return got > 0 && v->id != id ? 0 : got;
}

int
registry_room_slot(const struct registry *r, uint32_t slot, struct reg_room_view *v)
{
	return slot < r->h->max_rooms ? room_view(r, slot, v) : 0;
}

int
registry_room(const struct registry *r, uint64_t id, struct reg_room_view *v)
{
	int got = registry_room_slot(r, ID_SLOT(id), v);

	return got > 0 && v->id != id ? 0 : got;
}

/* --- the sessions of a user --------------------------------------------------------------- */

#define SESSION_VIEW(view, s) \
	do { \
		struct reg_session_view *v_ = &(view); \
		v_->conn = (s).conn; \
		v_->since = (s).since; \
		v_->port = (s).port; \
		v_->protocol = (s).protocol; \
		v_->tls = (s).tls; \
		v_->sub = (s).sub; \
		v_->inc = (s).inc; \
		v_->wslot = (s).wslot; \
		REG_COPY(v_->address, (s).address); \
	} while (0)

/* The user's counter guards its list. */
static int
sessions_once(const struct registry *r, uint64_t user, struct reg_session_view *out, unsigned cap)
{
	const struct reg_user *slot = &r->users[ID_SLOT(user)];
	struct reg_session s;
	struct reg_user u;
	unsigned n = 0;

	if (!registry_snapshot(slot, &u, sizeof(u)))
		return -1;
	if (u.id != user)
		return 0;
	if (u.inc != 0 && n < cap)
		SESSION_VIEW(out[n++], u);
	for (uint32_t at = u.sessions; at != 0 && n < cap && n < SESSIONS_PER_USER; at = s.next) {
		if (at > r->h->max_sessions ||
		    !registry_snapshot(&r->sessions[at - 1], &s, sizeof(s)) || s.user != user)
			return -1;
		SESSION_VIEW(out[n++], s);
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&slot->seq, __ATOMIC_RELAXED) == u.seq ? (int)n : -1;
}

int
registry_sessions(const struct registry *r, uint64_t user, struct reg_session_view *out,
		  unsigned cap)
{
	int n = -1;

	if (ID_SLOT(user) >= r->h->max_users)
		return 0;
	for (int i = 0; i < REG_TRIES && n < 0; i++)
		n = sessions_once(r, user, out, cap);
	return n;
}

/* --- what they tell about themselves --------------------------------------------------------------------- */

/* All keys in the list, or -1 when it is no more what it was. */
static int
meta_copy(const struct registry *r, const struct reg_metas *list, bool room,
	  struct reg_meta_view out[META_KEYS_MAX])
{
	for (uint32_t i = 0; i < list->n; i++) {
		struct reg_meta m;

		if (list->slot[i] >= r->h->max_meta ||
		    !registry_snapshot(&r->metas[list->slot[i]], &m, sizeof(m)) ||
		    m.owner != list->owner || (m.is_room != 0) != room)
			return -1;
		REG_COPY(out[i].key, m.key);
		REG_COPY(out[i].value, m.value);
	}
	return (int)list->n;
}

int
registry_meta(const struct registry *r, bool room, uint64_t owner,
	      struct reg_meta_view out[META_KEYS_MAX])
{
	const struct reg_metas *slot;
	struct reg_metas list;

	if (ID_SLOT(owner) >= (room ? r->h->max_rooms : r->h->max_users))
		return 0;
	slot = room ? &r->room_metas[ID_SLOT(owner)] : &r->user_metas[ID_SLOT(owner)];
	for (int i = 0; i < REG_TRIES; i++) {
		/* a look first: most have none */
		if (__atomic_load_n(&slot->owner, __ATOMIC_RELAXED) != owner)
			return 0;
		if (!registry_snapshot(slot, &list, sizeof(list)) || list.n > META_KEYS_MAX)
			return -1;
		if (list.owner != owner)
			return 0;
		if (meta_copy(r, &list, room, out) >= 0 &&
		    __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE) == list.seq)
			return (int)list.n;
	}
	return -1;
}
