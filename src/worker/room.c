/* room.c - see room.h. Rooms are found by the slot in their id, which the broker keeps small. */
#include "config.h"

#include "worker/room.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/name.h"
#include "lib/util.h"

static struct {
	struct room **by_slot; /* owned array of owned rooms */
	uint32_t n;
} rooms;

struct room *
room_of(uint64_t id)
{
	uint32_t slot = ID_SLOT(id);
	struct room *r = slot < rooms.n ? rooms.by_slot[slot] : NULL;

	return r != NULL && r->id == id ? r : NULL;
}

static void
room_free(struct room *r)
{
	uint32_t slot = ID_SLOT(r->id);

	if (rooms.by_slot[slot] == r)
		rooms.by_slot[slot] = NULL;
	free(r->member);
	free(r->run);
	free(r->name);
	free(r);
}

void
room_rename(struct room *r, struct str name)
{
	char fold[ROOM_FOLD_MAX];
	ssize_t fold_n = name_fold(name.p, name.n, fold, sizeof(fold));

	free(r->name);
	r->name_n = (uint8_t)name.n;
	r->fold_n = fold_n < 0 ? 0 : (uint8_t)fold_n;
	r->name = xcalloc(1, (size_t)r->name_n + r->fold_n + 1);
	memcpy(r->name, name.p, name.n);
	memcpy(r->name + name.n, fold, r->fold_n);
}

static struct room *
room_new(uint64_t id, struct str name)
{
	struct room *r = xcalloc(1, sizeof(*r));
	uint32_t slot = ID_SLOT(id);

	if (slot >= rooms.n) {
		uint32_t n = MAX(slot + 1, MAX(64u, 2 * rooms.n));

		rooms.by_slot = xrealloc(rooms.by_slot, n * sizeof(struct room *));
		memset(rooms.by_slot + rooms.n, 0, (n - rooms.n) * sizeof(struct room *));
		rooms.n = n;
	}
	r->id = id;
	room_rename(r, name);
	rooms.by_slot[slot] = r;
	return r;
}

static struct in_room *
in_room(const struct conn *c, const struct room *r)
{
	for (unsigned i = 0; i < c->nrooms; i++) {
		if (c->rooms[i].room == r)
			return &c->rooms[i];
	}
	return NULL;
}

struct room *
room_enter(uint64_t id, struct str name, struct conn *c)
{
	struct room *r = room_of(id);

	if (r == NULL)
		r = room_new(id, name);
	if (in_room(c, r) != NULL)
		return r;
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 4;
		r->member = xrealloc(r->member, r->cap * sizeof(r->member[0]));
	}
	/* exact below four, which is nearly everybody */
	if (c->nrooms < 4 || (c->nrooms & (c->nrooms - 1)) == 0) {
		unsigned cap = c->nrooms < 4 ? c->nrooms + 1u : 2u * c->nrooms;

		c->rooms = xrealloc(c->rooms, cap * sizeof(c->rooms[0]));
	}
	log_trace(room, STR_FMT ": user %llu enters, %u here", STR_ARG(room_name(r)),
		  (unsigned long long)c->user, r->n + 1);
	r->member[r->n] = (struct room_member){.conn = c, .back = c->nrooms};
	c->rooms[c->nrooms++] = (struct in_room){.room = r, .at = r->n++};
	return r;
}

void
room_leave(struct room *r, struct conn *c)
{
	struct in_room *in = in_room(c, r);
	struct room_member *last;
	unsigned i;

	if (in == NULL)
		return;
	log_trace(room, STR_FMT ": user %llu leaves, %u here", STR_ARG(room_name(r)),
		  (unsigned long long)c->user, r->n - 1);
	last = &r->member[--r->n];
	r->member[in->at] = *last;
	last->conn->rooms[last->back].at = in->at;
	/* those behind move up: the order of joining is the order of falling back */
	for (i = (unsigned)(in - c->rooms); i + 1 < c->nrooms; i++) {
		c->rooms[i] = c->rooms[i + 1];
		c->rooms[i].room->member[c->rooms[i].at].back = i;
	}
	c->nrooms--;
	if (r->n == 0)
		room_free(r);
}

void
room_leave_all(struct conn *c)
{
	while (c->nrooms > 0)
		room_leave(c->rooms[c->nrooms - 1].room, c);
	c->cur = NULL;
}

struct room *
room_named(const struct conn *c, struct str name)
{
	char fold[ROOM_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));

	for (unsigned i = 0; i < c->nrooms && n > 0; i++) {
		struct room *r = c->rooms[i].room;

		if (r->fold_n == n && memcmp(r->name + r->name_n, fold, (size_t)n) == 0)
			return r;
	}
	return NULL;
}

struct room_member *
room_member_named(struct room *r, struct str name)
{
	for (uint32_t i = 0; i < r->n; i++) {
		const char *is = r->member[i].conn->name;

		if (is != NULL && strlen(is) == name.n && memcmp(is, name.p, name.n) == 0)
			return &r->member[i];
	}
	return NULL;
}

uint32_t
room_flags(const struct room *r, const struct conn *c)
{
	const struct in_room *in = in_room(c, r);

	return in != NULL ? r->member[in->at].flags : 0;
}

void
room_set_flags(struct room *r, const struct conn *c, uint32_t flags)
{
	const struct in_room *in = in_room(c, r);

	if (in != NULL)
		r->member[in->at].flags = flags;
}

struct run *
room_run(struct room *r, unsigned cls)
{
	for (unsigned i = 0; i < r->nruns; i++) {
		if (r->run[i].cls == cls)
			return &r->run[i].run;
	}
	r->run = xrealloc(r->run, (r->nruns + 1u) * sizeof(r->run[0]));
	r->run[r->nruns] = (struct room_run){.cls = (uint8_t)cls};
	return &r->run[r->nruns++].run;
}
