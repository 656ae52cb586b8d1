/* members.c - who is in a room, and in which rooms somebody is (registry.h).
 *
 * A list is walked with its owner's version held as a slot's counter is, in at most as many steps as the owner counts
 * members, so a broken or changing link costs a retry and never a loop without end.
 */
#include "config.h"

#include "registry/registry_priv.h"

#include <string.h>

#include "lib/util.h"

static int
member_view(const struct registry *r, const struct reg_member *m, struct reg_member_view *v)
{
	struct reg_user u;
	struct reg_room o;

	if (ID_SLOT(m->user) >= r->h->max_users || ID_SLOT(m->room) >= r->h->max_rooms)
		return -1;
	if (!registry_snapshot(&r->users[ID_SLOT(m->user)], &u, sizeof(u)) ||
	    !registry_snapshot(&r->rooms[ID_SLOT(m->room)], &o, sizeof(o)))
		return -1;
	if (u.id != m->user || o.id != m->room)
		return -1;
	v->user = m->user;
	v->room = m->room;
	v->flags = (uint8_t)m->flags;
	v->joined = m->joined;
	v->away = u.is_away;
	REG_COPY(v->name, u.name);
	REG_COPY(v->room_name, o.name);
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
		    !registry_snapshot(&r->members[at - 1], &m, sizeof(m)))
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

	for (int i = 0; i < REG_TRIES && n < 0; i++)
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
