/* sight.c - see sight.h. */
#include "config.h"

#include "worker/sight.h"

#include <string.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "worker/irc/irc.h"
#include "worker/room.h"
#include "worker/worker.h"

static struct reg_member_view page[ROOMS_PER_USER];

static bool
sees_all(const struct conn *c)
{
	return c->irc != NULL && c->irc->umodes & UMODE_OPER;
}

bool
sight_in(const struct conn *c, uint64_t room)
{
	for (unsigned i = 0; i < c->nrooms; i++) {
		if (c->rooms[i].room->id == room)
			return true;
	}
	return false;
}

int
sight_user(const struct conn *c, const struct reg_user_view *v)
{
	int n;

	if (!(v->umodes & UMODE_INVISIBLE) || v->id == c->user || sees_all(c))
		return 1;
	n = registry_rooms_of(worker.reg, v->id, page, ROOMS_PER_USER);
	for (int i = 0; i < n; i++) {
		if (sight_in(c, page[i].room))
			return 1;
	}
	return n < 0 ? -1 : 0;
}

bool
sight_room(const struct conn *c, const struct reg_room_view *v)
{
	return !(v->modes & 1u << MODE_PRIVATE) || sight_in(c, v->id) || sees_all(c);
}

int
sight_rooms_of(const struct conn *c, const struct reg_user_view *v, struct reg_member_view *out)
{
	bool hidden = v->umodes & UMODE_INVISIBLE && v->id != c->user && !sees_all(c);
	int all = registry_rooms_of(worker.reg, v->id, page, ROOMS_PER_USER), n = 0;
	struct reg_room_view room;

	for (int i = 0; i < all; i++) {
		if (sight_in(c, page[i].room))
			out[n++] = page[i];
	}
	for (int i = 0; i < all && !hidden; i++) {
		int r =
		    sight_in(c, page[i].room) ? 0 : registry_room(worker.reg, page[i].room, &room);

		if (r < 0)
			return -1;
		if (r > 0 && sight_room(c, &room))
			out[n++] = page[i];
	}
	return all < 0 ? -1 : n;
}

bool
sight_address(const struct conn *c, const struct reg_user_view *v)
{
	return v->id == c->user || sees_all(c) || strcmp(v->host, v->address) == 0;
}

/* NULL: its worker has not told of it, or of somebody else by now. */
static const struct board_session *
session_of(unsigned sub, uint32_t wslot, uint64_t user)
{
	const struct board_ref *b = sub < WORKERS_MAX ? &worker.boards[sub] : NULL;
	const struct board_session *s =
	    b != NULL && b->map != NULL ? board_session_at(b, wslot) : NULL;

	return s != NULL && s->user == user ? s : NULL;
}

const uint8_t *
sight_cert(const struct reg_user_view *v)
{
	const struct board_session *s = session_of(v->sub, v->wslot, v->id);

	return s != NULL && s->has_cert ? board_more_at(&worker.boards[v->sub], v->wslot)->cert
					: NULL;
}

/* When a session of user was last heard of; 0: not known, or never. */
static uint64_t
last_line(unsigned sub, uint32_t wslot, uint64_t user)
{
	const struct board_session *s = session_of(sub, wslot, user);

	return s != NULL ? s->last_line_ms : 0;
}

uint64_t
sight_idle(const struct reg_user_view *v)
{
	struct reg_session_view s[SESSIONS_PER_USER];
	uint64_t now = worker_wall_ms(), last = last_line(v->sub, v->wslot, v->id);
	int n = v->sessions > 1 ? registry_sessions(worker.reg, v->id, s, ARRAY_LEN(s)) : 0;

	for (int i = 0; i < n; i++)
		last = MAX(last, last_line(s[i].sub, s[i].wslot, v->id));
	if (last == 0)
		last = v->since;
	return now > last ? (now - last) / 1000 : 0;
}
