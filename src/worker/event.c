/* event.c - see event.h.
 *
 * Each event is given to everybody in its room or rooms but those whom it is about and the one who
 * asked for it: they are told last, by their own protocol's words (tongue.h). Delivery before
 * answer: whoever is told that its message was sent may rely on everybody else having been queued.
 */
#include "config.h"

#include "worker/event.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/board.h"
#include "ipc/ipc.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "worker/account.h"
#include "worker/fanout.h"
#include "worker/history.h"
#include "worker/irc/irc.h"
#include "worker/irc/monitor.h"
#include "worker/irc/reply.h"
#include "worker/outq.h"
#include "worker/query.h"
#include "worker/reader.h"
#include "worker/render.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/ticket.h"
#include "worker/tongue.h"
#include "worker/words.h"
#include "worker/worker.h"

typedef void event_fn(const void *frame, size_t len, struct conn *own, enum asked_for what);

#define GET(name) \
	struct m_##name e; \
	if (!m_##name##_get(frame, len, &e)) { \
		log_err("malformed " #name " from the broker"); \
		return; \
	}

/* The event as others are shown it; telnet's words are made by words.c. */
#define SHOWN(name) \
	{ \
		.what = SHOWN_NOTE, .server = true, .at = e.at, .type = MSG_##name, .e = &e \
	}

static void
tell_own(struct conn *own, const struct shown *s)
{
	if (own != NULL && !(own->flags & CONN_ENDED))
		tongue_of(own)->told(own, s, true);
}

/* user is whom it is about, with all its sessions; own asked for it, and may be one of them. */
static void
tell_all(uint64_t user, struct conn *own, const struct shown *s)
{
	for (struct conn *c = conn_of_user(user); c != NULL; c = c->twin) {
		if (c != own && !(c->flags & CONN_ENDED))
			tongue_of(c)->told(c, s, false);
	}
	tell_own(own, s);
}

/* Those of whom it is about, and own, are told in another way. */
static void
skip_all(uint64_t user, const struct conn *own)
{
	fan_skip_user(user);
	if (own != NULL && own->user != user)
		fan_skip(own);
}

/* To a room, with telnet's words made; then to those whom it concerns. user 0: it is about nobody. */
static void
show_room(struct shown *s, uint64_t room, uint64_t user, struct conn *own)
{
	struct room *r = room_of(room);

	if (r != NULL)
		s->room = room_name(r);
	words_make(s);
	fan_begin(s, r);
	skip_all(user, own);
	fan_to_room();
	tell_all(user, own, s);
}

static void
show_rooms(struct shown *s, struct ids rooms, uint64_t user, struct conn *own)
{
	words_make(s);
	fan_begin(s, NULL);
	skip_all(user, own);
	fan_to_rooms(rooms);
	tell_all(user, own, s);
}

/* --- answers ------------------------------------------------------------------------ */

static void
take_ok(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_ok)
	if (own == NULL)
		return;
	if (what == ASKED_QUERY)
		query_answered(own);
	else if (what == ASKED_QUIT)
		conn_end(own, "", true);
	else if (what != ASKED_LATER && what != ASKED_BEHIND && what != ASKED_NOTED)
		/* those: its user has gone, or there is nothing to say */
		tongue_of(own)->ok(own, what, &e);
}

static void
take_refused(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_refused)
	if (own == NULL)
		return;
	if (what == ASKED_QUIT) {
		conn_end(own, "", true);
		return;
	}
	if (what == ASKED_LATER || what == ASKED_BEHIND) {
		ticket_refused(own, what == ASKED_LATER ? TICKET_WAITS : TICKET_BEHIND, &e);
		return;
	}
	if (what == ASKED_NOTED)
		return;
	if (what == ASKED_QUERY)
		query_free(own);
	tongue_of(own)->refused(own, what, &e);
}

/* --- coming and going --------------------------------------------------------------- */

static void
take_login(const void *frame, size_t len, struct conn *own, enum asked_for what)
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

static void
take_attach(const void *frame, size_t len, struct conn *own, enum asked_for what)
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
static void
take_detach(const void *frame, size_t len, struct conn *own, enum asked_for what)
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

static void
take_quit(const void *frame, size_t len, struct conn *own, enum asked_for what)
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
		tell_own(own, &s);
	quit_text(&e, reason);
	while ((c = conn_of_user(e.user)) != NULL) {
		tongue_of(c)->told(c, &s, own == c && what == ASKED_QUIT);
		conn_end(c, reason, true);
	}
}

static void
take_nick(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_nick)
	struct shown s = SHOWN(e_nick);

	(void)what;
	for (struct conn *c = conn_of_user(e.user); c != NULL; c = c->twin) {
		free(c->name);
		c->name = xstrndup(e.name.p, e.name.n);
		log_info(STR_FMT " is now " STR_FMT, STR_ARG(e.old), STR_ARG(e.name));
	}
	show_rooms(&s, e.rooms, e.user, own);
	monitor_renamed(e.old, e.name, e.uhost);
}

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

static void
take_join(const void *frame, size_t len, struct conn *own, enum asked_for what)
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

static void
take_part(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_part)
	struct shown s = SHOWN(e_part);

	(void)what;
	show_room(&s, e.room, e.user, own);
	leave(e.user, e.room);
}

static void
take_kick(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_kick)
	struct shown s = SHOWN(e_kick);

	(void)what;
	show_room(&s, e.room, e.user, own);
	leave(e.user, e.room);
}

/* --- talk --------------------------------------------------------------------------- */

/* The sender's part of a message that has been delivered. */
static void
sent(struct conn *c, uint64_t us)
{
	if (us != 0)
		board_observe(mono_us() - us);
	if (c == NULL)
		return;
	conn_board(c)->messages_in = ++c->messages_in;
	if (c->flags & CONN_ACK)
		tell(c, "message has been sent..");
}

/* Tags alone are nothing to show in telnet. */
static void
talk_kind(struct shown *s, unsigned kind)
{
	s->kind = (uint8_t)kind;
	if (kind != MSG_TAGS)
		return;
	s->what = SHOWN_NOTE;
	s->irc_only = true;
	s->needs = irc_needs(MSG_TAGS);
}

static void
take_say(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_SAY, .type = MSG_e_say};

	GET(e_say)
	(void)what;
	s.e = &e;
	s.server = e.from == 0;
	s.at = e.at;
	s.name = e.name;
	s.room = e.room_name;
	s.text = e.text;
	s.rank = e.rank;
	talk_kind(&s, e.kind);
	fan_begin(&s, room_of(e.room));
	/* the speaker's other sessions read it as if another had said it */
	if (own != NULL && (own->irc != NULL || !(own->flags & CONN_ECHO)))
		fan_skip(own);
	count_add(CTR_deliveries_total, fan_to_room());
	if (own != NULL && own->irc != NULL)
		tell_own(own, &s);
	else if (own != NULL)
		reader_said(own, e.seq, e.room, STR_LIT(""));
}

static void
take_dm(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_DM, .type = MSG_e_dm};

	GET(e_dm)
	(void)what;
	s.e = &e;
	s.server = e.from == 0;
	s.at = e.at;
	s.name = e.name;
	s.text = e.text;
	talk_kind(&s, e.kind);
	fan_begin(&s, NULL);
	for (struct conn *to = conn_of_user(e.to); to != NULL; to = to->twin) {
		if (!fan_once(to))
			continue;
		to->messages_out++;
		count(CTR_deliveries_total);
	}
	if (own != NULL)
		log_info(STR_FMT "  --->  " STR_FMT, STR_ARG(e.name), STR_ARG(e.to_name));
	if (own != NULL && own->irc == NULL)
		reader_said(own, e.seq, 0, e.to_name);
	/* who talks to itself has read it now */
	tell_all(e.from != e.to ? e.from : 0, own, &s);
}

static void
take_announce(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {
	    .what = SHOWN_SAY, .server = true, .name = STR_LIT("Server"), .type = MSG_e_announce};

	GET(e_announce)
	(void)own;
	(void)what;
	s.e = &e;
	s.at = e.at;
	s.text = e.text;
	fan_begin(&s, NULL);
	count_add(CTR_deliveries_total, fan_to_all());
}

static void
take_wallops(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_wallops)
	struct shown s = SHOWN(e_wallops);

	(void)what;
	s.irc_only = true;
	fan_begin(&s, NULL);
	fan_skip(own);
	irc_wallops();
	tell_own(own, &s);
}

static void
take_redact(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_redact)
	struct shown s = SHOWN(e_redact);

	(void)what;
	s.needs = irc_needs(MSG_e_redact);
	if (e.room != 0) {
		show_room(&s, e.room, 0, own);
		return;
	}
	words_make(&s);
	fan_begin(&s, NULL);
	fan_skip(own);
	for (struct conn *to = conn_of_user(e.to); to != NULL; to = to->twin)
		fan_once(to);
	tell_all(e.user != e.to ? e.user : 0, own, &s);
}

/* --- rooms -------------------------------------------------------------------------- */

static void
take_topic(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_topic)
	struct shown s = SHOWN(e_topic);

	(void)what;
	show_room(&s, e.room, 0, own);
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

static void
take_mode(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_mode)
	struct shown s = SHOWN(e_mode);

	(void)what;
	keep_rights(&e);
	if (e.changes.n > 0)
		show_room(&s, e.room, 0, own);
	else
		tell_own(own, &s);
}

static void
take_invite(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_invite)
	struct shown s = SHOWN(e_invite);

	(void)what;
	s.name = e.name;
	s.server = false;
	s.irc_only = true;
	s.needs = irc_needs(MSG_e_invite);
	fan_begin(&s, room_of(e.room));
	skip_all(e.to, own);
	fan_to_room();
	s.needs = 0;
	fan_begin(&s, NULL);
	for (struct conn *to = conn_of_user(e.to); to != NULL; to = to->twin) {
		if (!(to->flags & CONN_IGNORES && fan_ignored(to)))
			tongue_of(to)->told(to, &s, false);
	}
	tell_own(own, &s);
}

static void
take_rename(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct room *r;

	GET(e_rename)
	struct shown s = SHOWN(e_rename);

	(void)what;
	r = room_of(e.room);
	s.needs = irc_needs(MSG_e_rename); /* the others: below */
	show_room(&s, e.room, 0, own);
	if (r == NULL)
		return;
	room_rename(r, e.to);
	irc_renamed(r, &s, own);
}

/* --- what users say of themselves ------------------------------------------------------ */

/* To those who share a room or watch the name, if they have asked for such news. */
static void
show_news(struct shown *s, struct str name, struct ids rooms, uint64_t user)
{
	s->irc_only = true;
	s->needs = irc_needs(s->type);
	fan_begin(s, NULL);
	fan_skip_user(user);
	fan_to_rooms(rooms);
	monitor_shown(name);
}

static void
take_away(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_away)
	struct shown s = SHOWN(e_away);

	(void)what;
	show_news(&s, e.name, e.rooms, e.user);
	tell_all(e.user, own, &s);
}

static void
take_setname(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_setname)
	struct shown s = SHOWN(e_setname);

	(void)what;
	show_news(&s, e.name, e.rooms, e.user);
	tell_all(e.user, own, &s);
}

static void
take_account(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_account)
	struct shown s = SHOWN(e_account);

	(void)what;
	show_news(&s, e.name, e.rooms, e.user);
	tell_all(e.user, own, &s);
	for (struct conn *c = conn_of_user(e.user); c != NULL; c = c->twin) {
		account_is(c, e.account);
		if (e.account.n > 0)
			history_logged_in(c);
	}
}

static void
take_chghost(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_chghost)
	struct shown s = SHOWN(e_chghost);

	(void)what;
	show_news(&s, e.name, e.rooms, e.user);
	tell_all(e.user, own, &s);
}

static void
take_meta(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_meta)
	(void)what;
	irc_meta(&e, own);
}

/* Words that have become others. */
static void
take_edit(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_edit)
	struct shown s = SHOWN(e_edit);

	(void)what;
	s.name = e.name;
	s.server = false;
	if (e.room != 0) {
		show_room(&s, e.room, 0, own);
		return;
	}
	words_make(&s);
	fan_begin(&s, NULL);
	fan_skip(own);
	for (struct conn *to = conn_of_user(e.to); to != NULL; to = to->twin)
		fan_once(to);
	tell_all(e.user != e.to ? e.user : 0, own, &s);
}

/* How far it has read, for its user's clients. */
static void
take_mark(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_mark)
	struct shown s = SHOWN(e_mark);

	if (what == ASKED_NOTED)
		own = NULL;
	tell_all(e.user, own, &s);
}

/* --- for one user alone ------------------------------------------------------------------ */

static void
take_umode(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_umode)
	struct shown s = SHOWN(e_umode);

	(void)what;
	tell_all(e.user, own, &s);
}

/* --- what somebody may wait for (ticket.h) --------------------------------------------------- */

static void
take_wait(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_wait)
	if (own != NULL)
		ticket_waits(own, what == ASKED_BEHIND ? TICKET_BEHIND : TICKET_WAITS, &e);
}

static void
take_oper(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_oper)
	struct shown s = SHOWN(e_oper);

	(void)what;
	/* whoever waits for it, and the user's other sessions */
	ticket_answered(e.ticket, MSG_e_oper, &e);
	tell_all(e.user, own, &s);
}

#define TAKE_LATE(name) \
	static void take_##name(const void *frame, size_t len, struct conn *own, \
				enum asked_for what) \
	{ \
		GET(name) \
		(void)own; \
		(void)what; \
		ticket_answered(e.ticket, MSG_##name, &e); \
	}
TAKE_LATE(e_failed)
TAKE_LATE(e_authed)
TAKE_LATE(e_challenge)
TAKE_LATE(e_done)
TAKE_LATE(q_page)

static void
take_durable(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_durable)
	(void)own;
	(void)what;
	outq_durable(e.upto);
}

static const struct {
	unsigned type;
	event_fn *fn;
} events[] = {
    {MSG_e_say, take_say},
    {MSG_e_dm, take_dm},
    {MSG_e_ok, take_ok},
    {MSG_e_refused, take_refused},
    {MSG_e_login, take_login},
    {MSG_e_quit, take_quit},
    {MSG_e_join, take_join},
    {MSG_e_part, take_part},
    {MSG_e_kick, take_kick},
    {MSG_e_nick, take_nick},
    {MSG_e_topic, take_topic},
    {MSG_e_mode, take_mode},
    {MSG_e_invite, take_invite},
    {MSG_e_away, take_away},
    {MSG_e_announce, take_announce},
    {MSG_e_umode, take_umode},
    {MSG_e_setname, take_setname},
    {MSG_e_account, take_account},
    {MSG_e_chghost, take_chghost},
    {MSG_e_rename, take_rename},
    {MSG_e_redact, take_redact},
    {MSG_e_edit, take_edit},
    {MSG_e_mark, take_mark},
    {MSG_e_meta, take_meta},
    {MSG_e_wait, take_wait},
    {MSG_e_failed, take_e_failed},
    {MSG_e_oper, take_oper},
    {MSG_e_wallops, take_wallops},
    {MSG_e_authed, take_e_authed},
    {MSG_e_done, take_e_done},
    {MSG_e_challenge, take_e_challenge},
    {MSG_q_page, take_q_page},
    {MSG_e_durable, take_durable},
    {MSG_e_attach, take_attach},
    {MSG_e_detach, take_detach},
};

/* Is it a message, or a change of one, that goes to the store? What does not would be waited for in vain. */
static bool
is_kept(unsigned type, const void *frame, size_t len)
{
	struct m_e_redact redact;
	struct m_e_edit edit;
	struct m_e_dm dm;

	switch (type) {
	case MSG_e_say:
		return true;
	case MSG_e_dm:
		return m_e_dm_get(frame, len, &dm) &&
		       (dm.kept ||
			(proc.opt.history_direct && dm.account.n > 0 && dm.to_account.n > 0));
	case MSG_e_redact:
		return m_e_redact_get(frame, len, &redact) && redact.room != 0;
	case MSG_e_edit:
		return m_e_edit_get(frame, len, &edit) && edit.room != 0;
	default:
		return false;
	}
}

/* c is answered by the event seq: which one has to be on the disk before c may read that? 0: none. */
static uint64_t
answer_waits_for(struct conn *c, const void *frame, size_t len, uint64_t seq)
{
	if (is_kept(ipc_type(frame), frame, len)) {
		c->unsaved = seq;
		return seq;
	}
	/* the answers to several messages may all come with the last one's */
	return c->flags & CONN_LABEL ? c->unsaved : 0;
}

void
event_take(const void *frame, size_t len, bool own, void *arg)
{
	enum asked_for what = ASKED_DO;
	unsigned type = ipc_type(frame);
	struct conn *c = NULL;
	struct ev_head h;
	uint64_t us = 0, saved = 0;

	(void)arg;
	if (own && ev_head_get(frame, len, &h)) {
		us = request_answered(h.serial, &c, &what);
		if (worker.disk && c != NULL)
			saved = answer_waits_for(c, frame, len, h.seq);
	}
	if (saved != 0)
		outq_hold(c, saved);
	if (c != NULL && what == ASKED_LATER && type != MSG_e_wait && type != MSG_e_refused)
		ticket_forget(c, TICKET_WAITS);
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (events[i].type == type) {
			events[i].fn(frame, len, c, what);
			break;
		}
	}
	if (own && (type == MSG_e_say || type == MSG_e_dm))
		sent(c, us);
	if (c != NULL) {
		conn_answered(c);
		irc_label_waits(c);
	}
	if (saved != 0)
		outq_hold_end(c);
	outq_relieve();
}
