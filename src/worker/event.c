/* event.c - see event.h.
 *
 * Delivery before answer: whoever is told that its message was sent may rely on everybody else
 * having been queued.
 */
#include "config.h"

#include "worker/event.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/board.h"
#include "ipc/ipc.h"
#include "ipc/maskform.h"
#include "lib/log.h"
#include "lib/util.h"
#include "worker/fanout.h"
#include "worker/outq.h"
#include "worker/query.h"
#include "worker/render.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/session.h"
#include "worker/worker.h"

static char note_text[TOPIC_MAX + REASON_MAX + 1024];

/* " (reason)", or nothing. */
static const char *
because(struct str reason)
{
	static char text[REASON_MAX + 8];

	if (reason.n == 0)
		return "";
	bprintf(text, sizeof(text), " (" STR_FMT ")", STR_ARG(reason));
	return text;
}

/* --- the events --------------------------------------------------------------------- */

typedef void event_fn(const void *frame, size_t len, struct conn *own, enum asked_for what);

#define GET(name) \
	struct m_##name e; \
	if (!m_##name##_get(frame, len, &e)) { \
		log_err("malformed " #name " from the broker"); \
		return; \
	}

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
	else if (what == ASKED_DO)
		tell(own, STR_FMT, STR_ARG(e.text.n > 0 ? e.text : STR_LIT("Done.")));
}

static void
take_refused(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	char why[512];

	GET(e_refused)
	if (own == NULL)
		return;
	chat_err_text(e.code, e.arg.p, e.arg.n, why, sizeof(why));
	switch (what) {
	case ASKED_LOGIN:
		session_name_refused(own, e.code, e.arg);
		break;
	case ASKED_SAY:
	case ASKED_DM:
		session_not_sent(own, why);
		break;
	case ASKED_QUERY:
		query_free(own);
		tell(own, "Sorry, %s.", why);
		break;
	case ASKED_QUIT:
		conn_end(own, "", true);
		break;
	default:
		tell(own, "Sorry, %s.", why);
	}
}

static void
take_login(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_login)
	(void)what;
	if (own != NULL)
		session_named(own, &e);
	else if (worker.link != NULL)
		/* closed while its name was being decided */
		request_quit(NULL, e.user, STR_LIT("connection lost"));
}

static const char *
quit_words(const struct m_e_quit *e, char *out, size_t cap)
{
	struct str by = e->by.n > 0 ? e->by : STR_LIT("an administrator");

	switch (e->why) {
	case QUIT_KICKED:
		bprintf(out, cap, "You have been removed by " STR_FMT "%s.", STR_ARG(by),
			because(e->reason));
		break;
	case QUIT_BANNED:
		bprintf(out, cap, "You have been banned%s.", because(e->reason));
		break;
	case QUIT_STOP:
		bprintf(out, cap, "The server stops%s.", because(e->reason));
		break;
	default:
		bprintf(out, cap, "Your session has been ended%s.", because(e->reason));
	}
	return out;
}

static void
take_quit(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_NOTE, .server = true};
	struct conn *c;
	char words[REASON_MAX + 256];

	GET(e_quit)
	c = conn_of_user(e.user);
	if (!worker.draining) {
		s.at = e.at;
		s.text.n = bprintf(note_text, sizeof(note_text), STR_FMT " has left the chat.%s",
				   STR_ARG(e.name), because(e.reason));
		s.text.p = note_text;
		fan_begin(&s, NULL);
		fan_to_rooms(e.rooms, c);
	}
	if (c == NULL)
		return;
	if (own == c && what == ASKED_QUIT)
		tell(c,
		     c->flags & CONN_WORD_LEFT ? "Left the chat room" : "You are now logged out");
	else
		tell(c, "%s", quit_words(&e, words, sizeof(words)));
	bprintf(words, sizeof(words), STR_FMT, STR_ARG(e.reason));
	conn_end(c, words, true);
}

static void
take_nick(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_NOTE, .server = true};
	struct conn *c;

	GET(e_nick)
	(void)own;
	(void)what;
	c = conn_of_user(e.user);
	s.at = e.at;
	s.text.n = bprintf(note_text, sizeof(note_text), STR_FMT " is now " STR_FMT, STR_ARG(e.old),
			   STR_ARG(e.name));
	s.text.p = note_text;
	fan_begin(&s, NULL);
	fan_to_rooms(e.rooms, c);
	if (c == NULL)
		return;
	fan_give(c, c->cls);
	free(c->name);
	c->name = xstrndup(e.name.p, e.name.n);
	log_info(STR_FMT " is now " STR_FMT, STR_ARG(e.old), STR_ARG(e.name));
}

static void
take_join(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct conn *c;

	GET(e_join)
	(void)what;
	(void)own;
	c = conn_of_user(e.user);
	if (!worker.draining)
		fan_note(room_of(e.room), e.at, c, STR_FMT " has entered the chat.",
			 STR_ARG(e.name));
	if (c == NULL)
		return;
	c->cur = room_enter(e.room, e.room_name, c);
	tell(c,
	     e.flags & MEMBER_CREATED && e.flags & MEMBER_OP ? "You have made the room " STR_FMT
							       " and are its operator."
							     : "You are in " STR_FMT ".",
	     STR_ARG(e.room_name));
	if (e.topic.n > 0)
		tell(c, "Topic: " STR_FMT, STR_ARG(e.topic));
	if (e.members > 1)
		query_names(c, e.room, e.members);
}

static void
left_room(struct conn *c, struct room *r)
{
	if (c == NULL || r == NULL)
		return;
	room_leave(r, c);
	if (c->cur != r)
		return;
	c->cur = c->nrooms > 0 ? c->rooms[c->nrooms - 1].room : NULL;
	if (c->cur != NULL)
		tell(c, "You now talk in " STR_FMT ".", STR_ARG(room_name(c->cur)));
	else
		tell(c, "You are in no room now: /join ROOM, or /rooms for a list.");
}

static void
take_part(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct conn *c;
	struct room *r;

	GET(e_part)
	(void)own;
	(void)what;
	c = conn_of_user(e.user);
	r = room_of(e.room);
	fan_note(r, e.at, c, STR_FMT " has left the chat.%s", STR_ARG(e.name), because(e.reason));
	if (c == NULL)
		return;
	tell(c, "You have left " STR_FMT ".", STR_ARG(e.room_name));
	left_room(c, r);
}

static void
take_kick(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct conn *c;
	struct room *r;

	GET(e_kick)
	(void)own;
	(void)what;
	c = conn_of_user(e.user);
	r = room_of(e.room);
	fan_note(r, e.at, c, STR_FMT " has been removed by " STR_FMT "%s.", STR_ARG(e.name),
		 STR_ARG(e.by_name), because(e.reason));
	if (c == NULL)
		return;
	tell(c, "You have been removed from " STR_FMT " by " STR_FMT "%s.", STR_ARG(e.room_name),
	     STR_ARG(e.by_name), because(e.reason));
	left_room(c, r);
}

/* The sender's part of a message that has been delivered. */
static void
sent(struct conn *own, uint64_t asked_us)
{
	if (asked_us != 0)
		board_observe(mono_us() - asked_us);
	if (own == NULL)
		return;
	conn_board(own)->messages_in = ++own->messages_in;
	if (own->flags & CONN_ACK)
		tell(own, "message has been sent..");
}

static void
take_say(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_SAY};
	struct conn *from;
	struct room *r;

	GET(e_say)
	(void)own;
	(void)what;
	r = room_of(e.room);
	if (r == NULL)
		return;
	from = e.from != 0 ? conn_of_user(e.from) : NULL;
	s.kind = e.kind;
	s.server = e.from == 0;
	s.at = e.at;
	s.name = e.name;
	s.room = e.room_name;
	s.text = e.text;
	fan_begin(&s, r);
	count_add(CTR_deliveries_total,
		  fan_to_room(from != NULL && from->flags & CONN_ECHO ? NULL : from));
}

static void
dm_told_sender(struct conn *own, const struct m_e_dm *e, const struct shown *s)
{
	log_info(STR_FMT "  --->  " STR_FMT, STR_ARG(e->name), STR_ARG(e->to_name));
	if (own->flags & CONN_ECHO) {
		struct shown mine = *s;
		char *out;

		render_clean(&mine);
		mine.what = SHOWN_NOTE;
		tell(own, "You to " STR_FMT ":", STR_ARG(e->to_name));
		out = arena_room(render_bound(&mine));
		outq_ref(own, arena_commit(render(out, own->cls, &mine)));
	}
	if (e->to_away.n > 0)
		tell(own, STR_FMT " is away: " STR_FMT, STR_ARG(e->to_name), STR_ARG(e->to_away));
}

static void
take_dm(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_DM};
	struct conn *to;

	GET(e_dm)
	(void)what;
	to = e.to != 0 ? conn_of_user(e.to) : NULL;
	s.kind = e.kind;
	s.server = e.from == 0;
	s.at = e.at;
	s.name = e.name;
	s.text = e.text;
	fan_begin(&s, NULL);
	if (to != NULL && !(to->flags & CONN_IGNORES && fan_ignored(to))) {
		fan_give(to, to->cls);
		to->messages_out++;
		count(CTR_deliveries_total);
	}
	if (own != NULL)
		dm_told_sender(own, &e, &s);
}

static void
take_announce(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct shown s = {.what = SHOWN_SAY, .server = true, .name = STR_LIT("Server")};
	uint64_t n = 0;

	GET(e_announce)
	(void)own;
	(void)what;
	s.at = e.at;
	s.text = e.text;
	fan_begin(&s, NULL);
	for (uint32_t i = 0; i < conns_places(); i++) {
		struct conn *c = conn_at(i);

		if (c == NULL || c->state != CONN_READY)
			continue;
		fan_give(c, c->cls);
		c->messages_out++;
		n++;
	}
	count_add(CTR_deliveries_total, n);
}

static void
take_topic(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_topic)
	(void)own;
	(void)what;
	if (e.text.n > 0)
		fan_note(room_of(e.room), e.at, NULL, STR_FMT " has set the topic: " STR_FMT,
			 STR_ARG(e.name), STR_ARG(e.text));
	else
		fan_note(room_of(e.room), e.at, NULL, STR_FMT " has removed the topic.",
			 STR_ARG(e.name));
}

/* "NAME …" with the argument in the place of %s. */
static const struct {
	const char *on, *off;
} mode_words[MODE_COUNT] = {
    [MODE_OP] = {"has made %s an operator.", "has taken operator's rights from %s."},
    [MODE_VOICE] = {"has given %s the right to speak.", "has taken the right to speak from %s."},
    [MODE_BAN] = {"has banned %s.", "has lifted the ban of %s."},
    [MODE_MUTE] = {"has muted %s.", "has unmuted %s."},
    [MODE_KEY] = {"has set a key: who joins needs it.", "has removed the key."},
    [MODE_LIMIT] = {"has limited the room to %s members.", "has removed the limit."},
    [MODE_INVITE_ONLY] = {"has made the room invite-only.", "has opened the room to all."},
    [MODE_MODERATED] = {"has made the room moderated.", "has ended moderation."},
    [MODE_PRIVATE] = {"has made the room private.", "has made the room public."},
    [MODE_TOPIC_LOCK] = {"has locked the topic.", "has unlocked the topic."},
    [MODE_HALFOP] = {"has given %s the right to keep order.",
		     "has taken the right to keep order from %s."},
    [MODE_EXCEPT] = {"has made an exception from bans for %s.",
		     "has ended the exception from bans for %s."},
    [MODE_INVEX] = {"has opened the room to %s.", "has ended the standing invitation of %s."},
    [MODE_NO_OUTSIDE] = {"has closed the room to words from outside.",
			 "has opened the room to words from outside."},
    [MODE_NO_CTCP] = {"has forbidden CTCP.", "has allowed CTCP."},
    [MODE_REG_JOIN] = {"has closed the room to people without an account.",
		       "has opened the room to people without an account."},
    [MODE_REG_SAY] = {"has forbidden people without an account to speak.",
		      "has allowed people without an account to speak."},
};

/* One change in words, after the name of who did it. */
static void
mode_note(const struct m_e_mode *e, const struct mode_change *m)
{
	const char *words = m->on ? mode_words[m->op].on : mode_words[m->op].off;
	const char *at = words != NULL ? strstr(words, "%s") : NULL;
	struct str arg = mask_show(m->arg); /* names are left as they are */

	if (words == NULL)
		return;
	if (at == NULL)
		fan_note(room_of(e->room), e->at, NULL, STR_FMT " %s", STR_ARG(e->name), words);
	else
		fan_note(room_of(e->room), e->at, NULL, STR_FMT " %.*s" STR_FMT "%s",
			 STR_ARG(e->name), (int)(at - words), words, STR_ARG(arg), at + 2);
}

static void
take_mode(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct mode_change m;
	struct mode_refusal no;
	char why[512];

	GET(e_mode)
	if (own != NULL && what == ASKED_DO && e.changes.n == 0 && e.refused.n == 0)
		tell(own, "It is so already.");
	while (mode_next(&e.changes, &m))
		mode_note(&e, &m);
	while (own != NULL && refusal_next(&e.refused, &no)) {
		chat_err_text(no.code, no.arg.p, no.arg.n, why, sizeof(why));
		tell(own, "Sorry, %s.", why);
	}
}

static void
take_invite(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	struct conn *to;

	GET(e_invite)
	(void)what;
	to = conn_of_user(e.to);
	fan_begin(&(struct shown){.what = SHOWN_NOTE, .name = e.name}, NULL);
	if (to != NULL && !(to->flags & CONN_IGNORES && fan_ignored(to)))
		tell(to, STR_FMT " invites you to " STR_FMT ": /join " STR_FMT, STR_ARG(e.name),
		     STR_ARG(e.room_name), STR_ARG(e.room_name));
	if (own != NULL)
		tell(own, "You have invited " STR_FMT " to " STR_FMT ".", STR_ARG(e.to_name),
		     STR_ARG(e.room_name));
}

static void
take_away(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_away)
	(void)what;
	if (own == NULL)
		return;
	if (e.text.n > 0)
		tell(own, "You are away: " STR_FMT, STR_ARG(e.text));
	else
		tell(own, "You are back.");
}

static const struct {
	unsigned type;
	event_fn *fn;
} events[] = {
    {MSG_e_say, take_say},         {MSG_e_dm, take_dm},       {MSG_e_ok, take_ok},
    {MSG_e_refused, take_refused}, {MSG_e_login, take_login}, {MSG_e_quit, take_quit},
    {MSG_e_join, take_join},       {MSG_e_part, take_part},   {MSG_e_kick, take_kick},
    {MSG_e_nick, take_nick},       {MSG_e_topic, take_topic}, {MSG_e_mode, take_mode},
    {MSG_e_invite, take_invite},   {MSG_e_away, take_away},   {MSG_e_announce, take_announce},
};

void
event_take(const void *frame, size_t len, bool own, void *arg)
{
	enum asked_for what = ASKED_DO;
	unsigned type = ipc_type(frame);
	struct conn *c = NULL;
	struct ev_head h;
	uint64_t us = 0;

	(void)arg;
	if (own && ev_head_get(frame, len, &h))
		us = request_answered(h.serial, &c, &what);
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (events[i].type == type) {
			events[i].fn(frame, len, c, what);
			break;
		}
	}
	if (own && (type == MSG_e_say || type == MSG_e_dm))
		sent(c, us);
	outq_relieve();
}
