/* registry.c - see registry.h: reading the registry from another process.
 *
 * Everything read is copied first and believed only if the slot's counter was even and the same
 * before and after. A list is walked with its owner's version held in the same way, in at most as
 * many steps as the owner counts members, so a broken or changing link costs a retry and never a
 * loop without end.
 */
#include "config.h"

#include "registry/registry.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/siphash.h"
#include "lib/util.h"
#include "registry/layout.h"

#define TRIES 8

struct registry {
	const struct reg_header *h;
	const char *base;
	size_t size;
	const struct reg_user *users;
	const struct reg_away *aways;
	const struct reg_more *mores;
	const struct reg_was *was;
	const struct reg_meta *metas;
	const struct reg_metas *user_metas, *room_metas;
	const struct reg_room *rooms;
	const struct reg_member *members;
	const struct reg_list *lists;
	const struct reg_session *sessions;
	const struct reg_account *accounts;
	const uint32_t *user_index, *room_index;
};

struct registry *
registry_map(int fd, size_t size)
{
	const char *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	const struct reg_header *h = (const void *)p;
	struct registry *r;

	close(fd);
	if (p == MAP_FAILED)
		return NULL;
	if (size < sizeof(*h) || h->magic != REGISTRY_MAGIC || h->version != REGISTRY_VERSION ||
	    h->size != size) {
		munmap((void *)p, size);
		errno = EPROTO;
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	*r = (struct registry){
	    .h = h,
	    .base = p,
	    .size = size,
	    .users = (const void *)(p + h->off_users),
	    .aways = (const void *)(p + h->off_aways),
	    .mores = (const void *)(p + h->off_mores),
	    .was = (const void *)(p + h->off_was),
	    .metas = (const void *)(p + h->off_meta),
	    .user_metas = (const void *)(p + h->off_user_metas),
	    .room_metas = (const void *)(p + h->off_room_metas),
	    .rooms = (const void *)(p + h->off_rooms),
	    .members = (const void *)(p + h->off_members),
	    .lists = (const void *)(p + h->off_lists),
	    .sessions = (const void *)(p + h->off_sessions),
	    .accounts = (const void *)(p + h->off_accounts),
	    .user_index = (const void *)(p + h->off_user_index),
	    .room_index = (const void *)(p + h->off_room_index),
	};
	return r;
}

void
registry_unmap(struct registry *r)
{
	if (r == NULL)
		return;
	munmap((void *)r->base, r->size);
	free(r);
}

uint32_t
registry_user_slots(const struct registry *r)
{
	return MIN(__atomic_load_n(&r->h->user_top, __ATOMIC_ACQUIRE), r->h->max_users);
}

uint32_t
registry_room_slots(const struct registry *r)
{
	return MIN(__atomic_load_n(&r->h->room_top, __ATOMIC_ACQUIRE), r->h->max_rooms);
}

uint32_t
registry_users(const struct registry *r)
{
	return __atomic_load_n(&r->h->nusers, __ATOMIC_RELAXED);
}

uint32_t
registry_most_users(const struct registry *r)
{
	return __atomic_load_n(&r->h->most_users, __ATOMIC_RELAXED);
}

uint32_t
registry_rooms(const struct registry *r)
{
	return __atomic_load_n(&r->h->nrooms, __ATOMIC_RELAXED);
}

/* --- one slot ------------------------------------------------------------------------- */

/* Copy a slot that begins with its u32 counter. False when it was being written, eight times. */
static bool
snapshot(const void *slot, void *copy, size_t size)
{
	const uint32_t *seq = slot;

	for (int i = 0; i < TRIES; i++) {
		uint32_t before = __atomic_load_n(seq, __ATOMIC_ACQUIRE);

		if (before & 1)
			continue;
		memcpy(copy, slot, size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(seq, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}

static void
copy_str(char *out, size_t cap, const char *in, size_t in_cap)
{
	size_t n = MIN(strnlen(in, in_cap), cap - 1);

	memcpy(out, in, n);
	out[n] = '\0';
}
#define COPY(out, in) copy_str(out, sizeof(out), in, sizeof(in))

/* What is kept apart from the slot of a user. */
static bool
apart_view(const struct registry *r, uint32_t slot, const struct reg_user *u,
	   struct reg_user_view *v)
{
	if (u->is_away) {
		struct reg_away a;

		if (!snapshot(&r->aways[slot], &a, sizeof(a)))
			return false;
		COPY(v->away, a.text);
	}
	if (u->more) {
		struct reg_more m;

		if (!snapshot(&r->mores[slot], &m, sizeof(m)))
			return false;
		COPY(v->account, m.account);
		v->account_id = m.account_id;
		if (m.real[0] != '\0')
			COPY(v->real, m.real);
	}
	return true;
}

static int
user_view(const struct registry *r, uint32_t slot, struct reg_user_view *v)
{
	struct reg_user u;

	if (!snapshot(&r->users[slot], &u, sizeof(u)))
		return -1;
	if (u.id == 0)
		return 0;
	memset(v, 0, sizeof(*v));
	v->id = u.id;
	COPY(v->name, u.name);
	COPY(v->address, u.address);
	COPY(v->ident, u.ident);
	COPY(v->host, u.host);
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
	COPY(v->real, u.name);
	if (!apart_view(r, slot, &u, v))
		return -1;
	/* what was read apart is nobody else's */
	return __atomic_load_n(&r->users[slot].id, __ATOMIC_ACQUIRE) == u.id ? 1 : -1;
}

static int
room_view(const struct registry *r, uint32_t slot, struct reg_room_view *v)
{
	struct reg_room m;

	if (!snapshot(&r->rooms[slot], &m, sizeof(m)))
		return -1;
	if (m.id == 0)
		return 0;
	memset(v, 0, sizeof(*v));
	v->id = m.id;
	COPY(v->name, m.name);
	COPY(v->topic, m.topic);
	COPY(v->topic_by, m.topic_by);
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
		COPY(v_->address, (s).address); \
	} while (0)

/* The user's counter guards its list. */
static int
sessions_once(const struct registry *r, uint64_t user, struct reg_session_view *out, unsigned cap)
{
	const struct reg_user *slot = &r->users[ID_SLOT(user)];
	struct reg_session s;
	struct reg_user u;
	unsigned n = 0;

	if (!snapshot(slot, &u, sizeof(u)))
		return -1;
	if (u.id != user)
		return 0;
	if (u.inc != 0 && n < cap)
		SESSION_VIEW(out[n++], u);
	for (uint32_t at = u.sessions; at != 0 && n < cap && n < SESSIONS_PER_USER; at = s.next) {
		if (at > r->h->max_sessions || !snapshot(&r->sessions[at - 1], &s, sizeof(s)) ||
		    s.user != user)
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
	for (int i = 0; i < TRIES && n < 0; i++)
		n = sessions_once(r, user, out, cap);
	return n;
}

/* --- by name ---------------------------------------------------------------------------- */

/* One index: its cells, and what is needed to look at a slot's fold. */
struct index {
	const uint32_t *cells;
	uint32_t ncells;
	const char *slots;
	size_t slot_size, id_off, fold_off, fold_cap;
};

/* 1 with the slot, 0, -1. A slot that is being written may be the one: then -1. */
static int
index_find(const struct registry *r, const struct index *ix, const char *fold, size_t n,
	   uint32_t *slot_r)
{
	uint32_t version = __atomic_load_n(&r->h->index_version, __ATOMIC_ACQUIRE);
	uint32_t at = (uint32_t)siphash(fold, n, r->h->hash_key) & (ix->ncells - 1);
	char copy[sizeof(struct reg_room)];
	bool torn = version & 1;

	for (uint32_t i = 0; i < ix->ncells && !torn; i++, at = (at + 1) & (ix->ncells - 1)) {
		uint32_t cell = __atomic_load_n(&ix->cells[at], __ATOMIC_ACQUIRE);
		uint64_t id;

		if (cell == 0)
			break;
		if (cell == REG_TOMB)
			continue;
		if (!snapshot(ix->slots + (size_t)(cell - 1) * ix->slot_size, copy,
			      ix->slot_size)) {
			torn = true;
			break;
		}
		memcpy(&id, copy + ix->id_off, sizeof(id));
		if (id != 0 && strnlen(copy + ix->fold_off, ix->fold_cap) == n &&
		    memcmp(copy + ix->fold_off, fold, n) == 0) {
			*slot_r = cell - 1;
			return 1;
		}
	}
	return torn || __atomic_load_n(&r->h->index_version, __ATOMIC_ACQUIRE) != version ? -1 : 0;
}

int
registry_user_named(const struct registry *r, const char *name, size_t n, struct reg_user_view *v)
{
	const struct index ix = {r->user_index,
				 r->h->user_cells,
				 (const char *)r->users,
				 sizeof(struct reg_user),
				 offsetof(struct reg_user, id),
				 offsetof(struct reg_user, fold),
				 sizeof(((struct reg_user *)0)->fold)};
	char fold[NAME_FOLD_MAX];
	ssize_t len = name_fold(name, n, fold, sizeof(fold));
	uint32_t slot;
	int got;

	if (len <= 0)
		return 0;
	got = index_find(r, &ix, fold, (size_t)len, &slot);
	return got > 0 ? user_view(r, slot, v) : got;
}

int
registry_room_named(const struct registry *r, const char *name, size_t n, struct reg_room_view *v)
{
	const struct index ix = {r->room_index,
				 r->h->room_cells,
				 (const char *)r->rooms,
				 sizeof(struct reg_room),
				 offsetof(struct reg_room, id),
				 offsetof(struct reg_room, fold),
				 sizeof(((struct reg_room *)0)->fold)};
	char fold[ROOM_FOLD_MAX];
	ssize_t len = name_fold(name, n, fold, sizeof(fold));
	uint32_t slot;
	int got;

	if (len <= 0)
		return 0;
	got = index_find(r, &ix, fold, (size_t)len, &slot);
	return got > 0 ? room_view(r, slot, v) : got;
}

/* --- lists of memberships ------------------------------------------------------------------ */

static int
member_view(const struct registry *r, const struct reg_member *m, struct reg_member_view *v)
{
	struct reg_user u;
	struct reg_room o;

	if (ID_SLOT(m->user) >= r->h->max_users || ID_SLOT(m->room) >= r->h->max_rooms)
		return -1;
	if (!snapshot(&r->users[ID_SLOT(m->user)], &u, sizeof(u)) ||
	    !snapshot(&r->rooms[ID_SLOT(m->room)], &o, sizeof(o)))
		return -1;
	if (u.id != m->user || o.id != m->room)
		return -1;
	v->user = m->user;
	v->room = m->room;
	v->flags = (uint8_t)m->flags;
	v->joined = m->joined;
	v->away = u.is_away;
	COPY(v->name, u.name);
	COPY(v->room_name, o.name);
	return 1;
}

/* The list that belongs to one user or room: where it begins, how long it is, what guards it. */
struct walk {
	const uint32_t *version;
	const uint32_t *first, *count;
	const uint64_t *owner_id; /* in the owner's slot */
	size_t next_off, owner_off; /* in struct reg_member */
};

/* `want`: only the membership with this other end, 0: all. Returns how many, or -1. */
static int
walk_once(const struct registry *r, const struct walk *w, uint64_t owner, uint64_t after,
	  uint64_t want, struct reg_member_view *out, unsigned cap)
{
	uint32_t version = __atomic_load_n(w->version, __ATOMIC_ACQUIRE);
	uint32_t at, left;
	unsigned n = 0;

	if (version & 1)
		return -1;
	if (__atomic_load_n(w->owner_id, __ATOMIC_ACQUIRE) != owner)
		return 0;
	left = *w->count + 1;
	for (at = *w->first; at != 0 && n < cap; left--) {
		struct reg_member m;
		uint64_t back;

		if (left == 0 || at > r->h->max_members ||
		    !snapshot(&r->members[at - 1], &m, sizeof(m)))
			return -1;
		memcpy(&back, (const char *)&m + w->owner_off, sizeof(back));
		if (back != owner)
			return -1;
		if (m.joined > after && (want == 0 || m.user == want || m.room == want)) {
			if (member_view(r, &m, &out[n++]) < 0)
				return -1;
		}
		memcpy(&at, (const char *)&m + w->next_off, sizeof(at));
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(w->version, __ATOMIC_RELAXED) == version ? (int)n : -1;
}

static int
walk(const struct registry *r, const struct walk *w, uint64_t owner, uint64_t after, uint64_t want,
     struct reg_member_view *out, unsigned cap)
{
	int n = -1;

	for (int i = 0; i < TRIES && n < 0; i++)
		n = walk_once(r, w, owner, after, want, out, cap);
	return n;
}

int
registry_members(const struct registry *r, uint64_t room, uint64_t after,
		 struct reg_member_view *out, unsigned cap)
{
	const struct reg_room *o = &r->rooms[ID_SLOT(room)];

	if (ID_SLOT(room) >= r->h->max_rooms)
		return 0;
	return walk(r,
		    &(struct walk){&o->version, &o->first_member, &o->nmembers, &o->id,
				   offsetof(struct reg_member, room_next),
				   offsetof(struct reg_member, room)},
		    room, after, 0, out, MIN(cap, REG_PAGE));
}

static struct walk
user_walk(const struct reg_user *u)
{
	return (struct walk){&u->version,
			     &u->first_member,
			     &u->nrooms,
			     &u->id,
			     offsetof(struct reg_member, user_next),
			     offsetof(struct reg_member, user)};
}

int
registry_rooms_of(const struct registry *r, uint64_t user, struct reg_member_view *out,
		  unsigned cap)
{
	struct walk w;

	if (ID_SLOT(user) >= r->h->max_users)
		return 0;
	w = user_walk(&r->users[ID_SLOT(user)]);
	return walk(r, &w, user, 0, 0, out, cap);
}

int
registry_member(const struct registry *r, uint64_t user, uint64_t room, struct reg_member_view *out)
{
	struct walk w;

	if (ID_SLOT(user) >= r->h->max_users)
		return 0;
	w = user_walk(&r->users[ID_SLOT(user)]);
	return walk(r, &w, user, 0, room, out, 1);
}

/* What a reader knows a list by; invitations are nobody's to read. */
static bool
list_mode(uint32_t op, uint8_t *mode_r)
{
	static const struct {
		uint8_t op, mode;
	} modes[] = {{LIST_BAN, MODE_BAN},
		     {LIST_MUTE, MODE_MUTE},
		     {LIST_EXCEPT, MODE_EXCEPT},
		     {LIST_INVEX, MODE_INVEX}};

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		*mode_r = modes[i].mode;
		if (modes[i].op == op)
			return true;
	}
	return false;
}

static bool
list_access(uint32_t op, uint8_t *mode_r)
{
	*mode_r = 0;
	return op == LIST_ACCESS;
}

/* What outlives the members of a room: all but invitations. */
static bool
list_kept(uint32_t op, uint8_t *op_r)
{
	*op_r = (uint8_t)op;
	return op != LIST_NONE && op != LIST_INVITE;
}

/* Those whose op `which` wants. */
static int
list_page(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
	  unsigned cap, bool (*which)(uint32_t op, uint8_t *mode_r))
{
	uint32_t top = MIN(__atomic_load_n(&r->h->list_top, __ATOMIC_ACQUIRE), r->h->max_lists);
	uint64_t now = wall_ms();
	unsigned n = 0;

	for (; *at < top && n < cap; ++*at) {
		const struct reg_list *slot = &r->lists[*at];
		struct reg_list l;
		uint8_t mode;

		/* a look first: most are others' */
		if (__atomic_load_n(&slot->room, __ATOMIC_RELAXED) != room)
			continue;
		/* one that is being written now came or went in this moment: either answer is right */
		if (!snapshot(slot, &l, sizeof(l)) || l.room != room)
			continue;
		if (!which(l.op, &mode) || (l.until != 0 && l.until <= now))
			continue;
		memset(&out[n], 0, sizeof(out[n]));
		out[n].op = mode;
		out[n].room = l.room;
		COPY(out[n].mask, l.mask);
		COPY(out[n].reason, l.reason);
		COPY(out[n].by, l.by);
		out[n].since = l.since;
		out[n].until = l.until;
		n++;
	}
	return (int)n;
}

int
registry_list(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
	      unsigned cap)
{
	return list_page(r, room, at, out, cap, list_mode);
}

int
registry_access(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
		unsigned cap)
{
	return list_page(r, room, at, out, cap, list_access);
}

int
registry_list_kept(const struct registry *r, uint64_t room, uint32_t *at, struct reg_list_view *out,
		   unsigned cap)
{
	return list_page(r, room, at, out, cap, list_kept);
}

int
registry_invitations(const struct registry *r, uint64_t user, uint32_t *at, uint64_t *out,
		     unsigned cap)
{
	uint32_t top = MIN(__atomic_load_n(&r->h->list_top, __ATOMIC_ACQUIRE), r->h->max_lists);
	char mask[REG_INVITE_MASK];
	unsigned n = 0;

	registry_invite_mask(user, mask);
	for (; *at < top && n < cap; ++*at) {
		const struct reg_list *slot = &r->lists[*at];
		struct reg_list l;

		if (__atomic_load_n(&slot->op, __ATOMIC_RELAXED) == LIST_INVITE &&
		    snapshot(slot, &l, sizeof(l)) && l.op == LIST_INVITE &&
		    strncmp(l.mask, mask, sizeof(l.mask)) == 0)
			out[n++] = l.room;
	}
	return (int)n;
}

/* --- who was here, and what they tell about themselves --------------------------------------- */

int
registry_was(const struct registry *r, const char *name, size_t n, struct reg_was_view *out,
	     unsigned cap)
{
	uint32_t max = r->h->max_was, next = __atomic_load_n(&r->h->was_next, __ATOMIC_ACQUIRE);
	char fold[NAME_FOLD_MAX];
	ssize_t len = name_fold(name, n, fold, sizeof(fold));
	unsigned found = 0;

	for (uint32_t i = 1; len > 0 && i <= max && found < cap; i++) {
		const struct reg_was *slot = &r->was[(next + max - i) % max];
		struct reg_was w;

		/* a look first: most are others, or were never used */
		if (strnlen(slot->fold, sizeof(slot->fold)) != (size_t)len ||
		    memcmp(slot->fold, fold, (size_t)len) != 0)
			continue;
		/* one that is being written is not the one that we saw */
		if (!snapshot(slot, &w, sizeof(w)) || w.at == 0 ||
		    strnlen(w.fold, sizeof(w.fold)) != (size_t)len ||
		    memcmp(w.fold, fold, (size_t)len) != 0)
			continue;
		COPY(out[found].name, w.name);
		COPY(out[found].ident, w.ident);
		COPY(out[found].host, w.host);
		COPY(out[found].real, w.real);
		COPY(out[found].account, w.account);
		COPY(out[found].address, w.address);
		out[found++].at = w.at;
	}
	return (int)found;
}

int
registry_account_named(const struct registry *r, const char *name, size_t n,
		       struct reg_account_view *v)
{
	uint32_t top =
	    MIN(__atomic_load_n(&r->h->account_top, __ATOMIC_ACQUIRE), r->h->max_accounts);
	char fold[NAME_FOLD_MAX];
	ssize_t len = name_fold(name, n, fold, sizeof(fold));
	struct reg_account a;
	uint8_t hash[16];

	if (len <= 0 || top == 0)
		return 0;
	siphash128(fold, (size_t)len, r->h->hash_key, hash);
	for (uint32_t i = 0; i < top; i++) {
		/* a look first: most are others */
		if (memcmp(r->accounts[i].hash, hash, sizeof(hash)) != 0 ||
		    !snapshot(&r->accounts[i], &a, sizeof(a)) || a.id == 0 ||
		    memcmp(a.hash, hash, sizeof(hash)) != 0)
			continue;
		*v = (struct reg_account_view){.id = a.id, .flags = a.flags, .kept = a.kept};
		return 1;
	}
	return 0;
}

/* All keys in the list, or -1 when it is no more what it was. */
static int
meta_copy(const struct registry *r, const struct reg_metas *list, bool room,
	  struct reg_meta_view out[META_KEYS_MAX])
{
	for (uint32_t i = 0; i < list->n; i++) {
		struct reg_meta m;

		if (list->slot[i] >= r->h->max_meta ||
		    !snapshot(&r->metas[list->slot[i]], &m, sizeof(m)) || m.owner != list->owner ||
		    (m.is_room != 0) != room)
			return -1;
		COPY(out[i].key, m.key);
		COPY(out[i].value, m.value);
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
	for (int i = 0; i < TRIES; i++) {
		/* a look first: most have none */
		if (__atomic_load_n(&slot->owner, __ATOMIC_RELAXED) != owner)
			return 0;
		if (!snapshot(slot, &list, sizeof(list)) || list.n > META_KEYS_MAX)
			return -1;
		if (list.owner != owner)
			return 0;
		if (meta_copy(r, &list, room, out) >= 0 &&
		    __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE) == list.seq)
			return (int)list.n;
	}
	return -1;
}

void
registry_user_kinds(const struct registry *r, unsigned *invisible_r, unsigned *opers_r)
{
	*invisible_r = __atomic_load_n(&r->h->ninvisible, __ATOMIC_RELAXED);
	*opers_r = __atomic_load_n(&r->h->nopers, __ATOMIC_RELAXED);
}

bool
registry_restored(const struct registry *r)
{
	return __atomic_load_n(&r->h->restored, __ATOMIC_ACQUIRE) != 0;
}

unsigned
registry_store_state(const struct registry *r)
{
	return __atomic_load_n(&r->h->store_state, __ATOMIC_RELAXED);
}

unsigned
registry_store(const struct registry *r, uint64_t *stored_r, char *why)
{
	*stored_r = __atomic_load_n(&r->h->stored, __ATOMIC_ACQUIRE);
	memcpy(why, r->h->store_why, sizeof(r->h->store_why));
	why[sizeof(r->h->store_why) - 1] = '\0';
	return __atomic_load_n(&r->h->store_state, __ATOMIC_RELAXED);
}
