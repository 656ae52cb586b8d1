/* event_room.c - events about a room: who comes into it and leaves it, and what it is like; see event_priv.h. */
#include "config.h"

#include "worker/event_priv.h"

#include "worker/fanout.h"
#include "worker/history.h"
#include "worker/irc/irc.h"
#include "worker/room.h"
#include "worker/tongue.h"
#include "worker/words.h"
#include "worker/worker.h"

/* --- who is in it ------------------------------------------------------------------------------ */

/* IRC clients that asked for it learn at once that who comes is away. */
static void
show_away_of(const struct m_e_join *join)
{
	struct m_e_away e = {.at = join->at,
			     .user = join->user,
			     .name = join->name,
			     .uhost = join->uhost,
			     .account = join->account,
			     .umodes = join->umodes,
			     .text = join->away};
	struct shown s = SHOWN(e_away);

	s.needs = irc_needs(MSG_e_away);
	s.irc_only = true;
	fan_begin(&s, room_of(join->room));
	fan_skip_user(join->user);
	fan_to_room();
}

void
take_e_join(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct room *r;

	GET(e_join)
	struct shown s = SHOWN(e_join);

	(void)what;
	if (!worker.draining) {
		r = room_of(e.room);
		if (r != NULL)
			s.room = room_name(r);
		words_make(&s);
		fan_begin(&s, r);
		fan_skip_user(e.user);
		fan_to_room();
		if (e.away.n > 0)
			show_away_of(&e);
	}
	for (struct conn *c = conn_of_user(e.user); c != NULL; c = c->twin) {
		r = room_enter(e.room, e.room_name, c);
		room_set_flags(r, c, e.flags & ~(unsigned)MEMBER_CREATED);
		fan_begin(&s, NULL);
		tongue_of(c)->told(c, &s, own == c);
		history_entered(c, e.room_name, e.seq);
	}
}

static void
leave(uint64_t user, uint64_t id)
{
	/* the room is looked up for each: it ends here with the last of them */
	for (struct conn *c = conn_of_user(user); c != NULL && room_of(id) != NULL; c = c->twin) {
		bool current = c->cur == room_of(id);

		room_leave(room_of(id), c);
		if (current)
			words_fall_back(c);
	}
}

void
take_e_part(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_part)
	struct shown s = SHOWN(e_part);

	(void)what;
	event_show_room(&s, e.room, e.user, own);
	leave(e.user, e.room);
}

void
take_e_kick(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_kick)
	struct shown s = SHOWN(e_kick);

	(void)what;
	event_show_room(&s, e.room, e.user, own);
	leave(e.user, e.room);
}

/* --- what it is like -------------------------------------------------------------------------- */

void
take_e_topic(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_topic)
	struct shown s = SHOWN(e_topic);

	(void)what;
	event_show_room(&s, e.room, 0, own);
}

/* What this worker keeps of members' rights. */
static void
keep_rights(const struct m_e_mode *e)
{
	static const uint32_t bits[MODE_COUNT] = {
	    [MODE_OP] = MEMBER_OP, [MODE_HALFOP] = MEMBER_HALFOP, [MODE_VOICE] = MEMBER_VOICE};
	struct room *r = room_of(e->room);
	struct str rest = e->changes;
	struct room_member *member;
	struct mode_change m;

	while (r != NULL && mode_next(&rest, &m)) {
		if (bits[m.op] == 0 || (member = room_member_named(r, m.arg)) == NULL)
			continue;
		for (const struct conn *c = conn_of_user(member->conn->user); c != NULL;
		     c = c->twin) {
			uint32_t flags = room_flags(r, c);

			room_set_flags(r, c, m.on ? flags | bits[m.op] : flags & ~bits[m.op]);
		}
	}
}

void
take_e_mode(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_mode)
	struct shown s = SHOWN(e_mode);

	(void)what;
	keep_rights(&e);
	if (e.changes.n > 0)
		event_show_room(&s, e.room, 0, own);
	else
		event_tell_own(own, &s);
}

void
take_e_invite(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_invite)
	struct shown s = SHOWN(e_invite);

	(void)what;
	s.name = e.name;
	s.server = false;
	s.irc_only = true;
	s.needs = irc_needs(MSG_e_invite);
	fan_begin(&s, room_of(e.room));
	event_skip(e.to, own);
	fan_to_room();
	s.needs = 0;
	fan_begin(&s, NULL);
	for (struct conn *to = conn_of_user(e.to); to != NULL; to = to->twin) {
		if (!(to->flags & CONN_IGNORES && fan_ignored(to)))
			tongue_of(to)->told(to, &s, false);
	}
	event_tell_own(own, &s);
}

void
take_e_rename(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct room *r;

	GET(e_rename)
	struct shown s = SHOWN(e_rename);

	(void)what;
	r = room_of(e.room);
	s.needs = irc_needs(MSG_e_rename); /* the others: below */
	event_show_room(&s, e.room, 0, own);
	if (r == NULL)
		return;
	room_rename(r, e.to);
	irc_renamed(r, &s, own);
}
