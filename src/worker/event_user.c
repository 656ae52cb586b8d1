/* event_user.c - events about people: that they come and go, what they say of themselves; see event_priv.h. */
#include "config.h"

#include "worker/event_priv.h"

#include <stdlib.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "worker/account.h"
#include "worker/fanout.h"
#include "worker/history.h"
#include "worker/irc/irc.h"
#include "worker/irc/monitor.h"
#include "worker/room.h"
#include "worker/tongue.h"
#include "worker/words.h"
#include "worker/worker.h"

/* --- coming and going ------------------------------------------------------------------------ */

void
take_e_login(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_login)
	(void)what;
	if (own != NULL) {
		conn_named(own, e.user, e.name);
		account_is(own, e.account);
		tongue_of(own)->named(own, &e);
		if (e.account.n > 0)
			history_logged_in(own);
	} else if (e.origin == proc.inc) {
		/* closed while its name was being decided */
		request_quit(NULL, e.user, e.conn, true, STR_LIT("connection lost"));
	}
	monitor_online(e.name, e.uhost);
}

/* In the rooms of the user that it has become a session of. */
static void
enter_rooms(struct conn *c, struct str rooms)
{
	struct attach_room a;

	while (attach_room_next(&rooms, &a))
		room_set_flags(room_enter(a.room, a.name, c), c, a.flags);
}

void
take_e_attach(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct conn *c;
	bool moved;

	GET(e_attach)
	(void)own;
	(void)what;
	c = conn_at(e.wslot);
	if (c == NULL || c->id != e.conn) {
		/* closed while it was being decided */
		request_quit(NULL, e.user, e.conn, true, STR_LIT("connection lost"));
		return;
	}
	moved = c->state == CONN_READY;
	if (moved) {
		tongue_of(c)->moving(c, &e);
		conn_moved(c, e.user, e.name);
	} else {
		conn_named(c, e.user, e.name);
	}
	account_is(c, e.account);
	enter_rooms(c, e.rooms);
	tongue_of(c)->attached(c, &e, moved);
	for (unsigned i = 0; i < c->nrooms; i++)
		history_entered(c, room_name(c->rooms[i].room), e.seq);
}

/* The user stays, with its other sessions: nobody else is told. */
void
take_e_detach(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	char reason[QUIT_TEXT_MAX + 1];
	struct conn *c;

	GET(e_detach)
	const struct m_e_quit quit = {.user = e.user, .why = e.why, .reason = e.reason};
	const struct shown s = {
	    .what = SHOWN_NOTE, .server = true, .at = e.at, .type = MSG_e_quit, .e = &quit};

	c = conn_at(e.wslot);
	if (c == NULL || c->id != e.conn)
		return;
	tongue_of(c)->told(c, &s, own == c && what == ASKED_QUIT);
	quit_text(&quit, reason);
	conn_end(c, reason, true);
}

void
take_e_quit(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct conn *c;
	char reason[QUIT_TEXT_MAX + 1];

	GET(e_quit)
	struct shown s = SHOWN(e_quit);

	if (!worker.draining) {
		words_make(&s);
		fan_begin(&s, NULL);
		fan_skip_user(e.user);
		fan_to_rooms(e.rooms);
		monitor_offline(e.name);
	}
	if (own != NULL && own->user != e.user) /* an operator's KILL */
		event_tell_own(own, &s);
	quit_text(&e, reason);
	while ((c = conn_of_user(e.user)) != NULL) {
		tongue_of(c)->told(c, &s, own == c && what == ASKED_QUIT);
		conn_end(c, reason, true);
	}
}

void
take_e_nick(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_nick)
	struct shown s = SHOWN(e_nick);

	(void)what;
	for (struct conn *c = conn_of_user(e.user); c != NULL; c = c->twin) {
		free(c->name);
		c->name = xstrndup(e.name.p, e.name.n);
		log_info(STR_FMT " is now " STR_FMT, STR_ARG(e.old), STR_ARG(e.name));
	}
	words_make(&s);
	fan_begin(&s, NULL);
	event_skip(e.user, own);
	fan_to_rooms(e.rooms);
	event_tell_all(e.user, own, &s);
	monitor_renamed(e.old, e.name, e.uhost);
}

/* --- what they say of themselves --------------------------------------------------------- */

/* To those who share a room or watch the name, if they have asked for such news; then to user itself. */
static void
show_news(struct shown *s, struct str name, struct ids rooms, uint64_t user, struct conn *own)
{
	s->irc_only = true;
	s->needs = irc_needs(s->type);
	fan_begin(s, NULL);
	fan_skip_user(user);
	fan_to_rooms(rooms);
	monitor_shown(name);
	event_tell_all(user, own, s);
}

#define TAKE_NEWS(event) \
	void take_##event(const void *frame, size_t len, struct conn *own, enum asked_for what) \
	{ \
		GET(event) \
		struct shown s = SHOWN(event); \
\
		(void)what; \
		show_news(&s, e.name, e.rooms, e.user, own); \
	}
TAKE_NEWS(e_away)
TAKE_NEWS(e_setname)
TAKE_NEWS(e_chghost)

void
take_e_account(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_account)
	struct shown s = SHOWN(e_account);

	(void)what;
	show_news(&s, e.name, e.rooms, e.user, own);
	for (struct conn *c = conn_of_user(e.user); c != NULL; c = c->twin) {
		account_is(c, e.account);
		if (e.account.n > 0)
			history_logged_in(c);
	}
}

void
take_e_umode(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_umode)
	struct shown s = SHOWN(e_umode);

	(void)what;
	event_tell_all(e.user, own, &s);
}

void
take_e_meta(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_meta)
	(void)what;
	irc_meta(&e, own);
}

/* How far it has read, for its user's clients. */
void
take_e_mark(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_mark)
	struct shown s = SHOWN(e_mark);

	if (what == ASKED_NOTED)
		own = NULL;
	event_tell_all(e.user, own, &s);
}
