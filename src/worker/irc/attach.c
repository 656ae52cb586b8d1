/* attach.c - an IRC client that becomes one more session of a user who is here already: what it has to be
 * told so that it knows who it is, and where. */
#include "config.h"

#include "worker/fanout.h"
#include "worker/irc/irc.h"
#include "worker/irc/names.h"
#include "worker/irc/reply.h"
#include "worker/room.h"

/* What it would have seen, had its own user left all rooms and taken the other name. */
void
irc_moving(struct conn *c, const struct m_e_attach *e)
{
	struct m_e_part part = {.at = e->at, .name = str_of(c->name), .uhost = e->uhost};
	struct m_e_nick nick = {
	    .at = e->at, .name = e->name, .old = str_of(c->name), .uhost = e->uhost};

	for (unsigned i = 0; i < c->nrooms; i++) {
		part.room_name = room_name(c->rooms[i].room);
		fan_begin(&(struct shown){.type = MSG_e_part, .e = &part, .server = true}, NULL);
		irc_event(c);
	}
	fan_begin(&(struct shown){.type = MSG_e_nick, .e = &nick, .server = true}, NULL);
	irc_event(c);
}

void
irc_attached(struct conn *c, const struct m_e_attach *e, bool moved)
{
	struct m_e_join join = {.at = e->at,
				.name = e->name,
				.uhost = e->uhost,
				.account = e->account,
				.real = e->real,
				.umodes = e->umodes};

	if (!moved)
		irc_welcomed(c, e->uhost);
	c->irc->level = e->level;
	irc_umodes_now(c, c->irc->umodes, e->umodes);
	if (e->away.n > 0)
		irc_num(c, RPL_NOWAWAY, ":You have been marked as being away");
	for (unsigned i = 0; i < c->nrooms; i++) {
		join.room_name = room_name(c->rooms[i].room);
		fan_begin(&(struct shown){.type = MSG_e_join, .e = &join, .server = true}, NULL);
		irc_event(c);
	}
	/* topics and names are read later: there may be many */
	for (unsigned i = 0; i < c->nrooms; i++)
		names_arrived(c, c->rooms[i].room);
}
