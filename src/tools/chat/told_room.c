/* told_room.c - what the server tells of rooms: who is there, comes and goes, topics, modes, lists of them. */
#include "config.h"

#include "told_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

#define NAMES_SHOWN 50
#define WHO_LINE 2000 /* bytes of a line of names */

/* --- who is there ---------------------------------------------------------------------------- */

static int
by_name(struct member *a, struct member *b)
{
	return strcmp(a->key, b->key);
}

/* All members in lines of bounded length, or the first max. */
static void
note_names(struct session *s, struct room *r, const char *head, unsigned max)
{
	char line[2048];
	size_t n = bprintf(line, sizeof(line), "%s", head);
	unsigned shown = 0, all = HASH_COUNT(r->members);

	HASH_SORT(r->members, by_name);
	for (struct member *m = r->members; m != NULL && shown < max; m = m->hh.next) {
		n += bprintf(line + n, sizeof(line) - n, "%s%s%s%s", shown > 0 ? ", " : "", m->name,
			     m->rank == '@' ? " (operator" : "",
			     m->rank == '@' ? m->away ? ", away)" : ")"
			     : m->away      ? " (away)"
					    : "");
		shown++;
		if (n > sizeof(line) - 200) {
			note_in(s, r, "%s,", line);
			n = bprintf(line, sizeof(line), "  ");
		}
	}
	if (shown < all)
		bprintf(line + n, sizeof(line) - n, " and %u others", all - shown);
	note_in(s, r, "%s", line);
}

static void
note_info(struct session *s, struct room *r)
{
	note_in(s, r, "%s used !INFO command.", s->nick);
	note_in(s, r, "Number of people in the chat room: %u", HASH_COUNT(r->members));
	note_in(s, r, "The list of people in the room is: ");
	HASH_SORT(r->members, by_name);
	for (struct member *m = r->members; m != NULL; m = m->hh.next)
		note_in(s, r, "%s", m->name);
}

void
names_row(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[2]);
	struct str list = told_last(w);

	while (r != NULL && list.n > 0) {
		const char *end = memchr(list.p, ' ', list.n);
		struct str name = {list.p, end != NULL ? (size_t)(end - list.p) : list.n};
		char rank = 0;

		list =
		    (struct str){name.p + name.n + (end != NULL), list.n - name.n - (end != NULL)};
		while (name.n > 0 && strchr("~&@%+", name.p[0]) != NULL) {
			rank = rank == 0 ? name.p[0] : rank;
			name = (struct str){name.p + 1, name.n - 1};
		}
		for (size_t i = 0; i < name.n; i++) {
			if (name.p[i] == '!')
				name.n = i;
		}
		if (name.n > 0 && name.n <= NICK_MAX)
			(void)member_add(s, r, name, rank);
	}
}

void
names_wanted(struct room *r, enum names_for what)
{
	if (r->nnames < sizeof(r->names))
		r->names[r->nnames++] = (uint8_t)what;
}

static enum names_for
names_next(struct room *r)
{
	enum names_for what = r->names[0];

	if (r->nnames == 0)
		return NAMES_JOIN;
	memmove(r->names, r->names + 1, --r->nnames);
	return what;
}

/* --- is it there? ------------------------------------------------------------------------------ */

void
room_ask_about(struct session *s, struct room *r)
{
	if (!s->script || s->create || r->been)
		return;
	r->asked_about = true;
	put(s, "MODE #%s", r->name);
}

bool
room_answered(struct room *r, bool there)
{
	if (r == NULL || !r->asked_about)
		return false;
	r->asked_about = false;
	r->there = there;
	return true;
}

/* A private room is not there for who asks; nor is one that is never taken away as long as nobody is in it. But who makes a room
 * is alone there, and its operator. So is, in a registered one, whoever it belongs to. */
static bool
may_be_ours(const struct session *s, const struct room *r)
{
	const struct member *me = session_member(r, str_of(s->nick));

	return !s->create && !r->been && !r->there && HASH_COUNT(r->members) == 1 && me != NULL &&
	       me->rank != 0 && strchr("~&@", me->rank) != NULL;
}

/* Since when the room is there; the names are asked for again, so that we go on behind the answer, whether there is one or not. */
static void
ask_since(struct session *s, struct room *r)
{
	r->asked_since = true;
	names_wanted(r, NAMES_JOIN);
	put(s, "MODE #%s", r->name);
	put(s, "NAMES #%s", r->name);
}

void
n_since(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[1]);
	char text[24];
	uint64_t since;

	bprintf(text, sizeof(text), STR_FMT, P(2));
	since = strtoull(text, NULL, 10);
	if (r != NULL && r->asked_since && since > 0 && since < r->joined_at / 1000)
		r->there = true;
}

/* All who are there are known to a script. */
static void
script_names(struct session *s, struct room *r)
{
	char why[ROOM_BYTES_MAX + 64];

	if (may_be_ours(s, r) && !r->asked_since) {
		ask_since(s, r);
	} else if (may_be_ours(s, r)) {
		bprintf(why, sizeof(why), "there is no room %s; --create makes it", r->name);
		s->front->refused(s->arg, REFUSED_ROOM, why);
	} else if (!r->fetching) {
		s->front->entered(s->arg, r->name);
	}
}

void
names_end(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[1]);
	enum names_for what = r != NULL ? names_next(r) : NAMES_JOIN;
	char head[ROOM_BYTES_MAX + 32];

	if (r == NULL)
		return;
	if (s->script) {
		script_names(s, r);
	} else if (what == NAMES_INFO) {
		note_info(s, r);
	} else if (what == NAMES_WHO) {
		bprintf(head, sizeof(head), "In %s (%u): ", r->name, HASH_COUNT(r->members));
		note_names(s, r, head, UINT32_MAX);
	} else if (HASH_COUNT(r->members) > 1 && !r->been) {
		bprintf(head, sizeof(head), "%u here: ", HASH_COUNT(r->members));
		note_names(s, r, head, NAMES_SHOWN);
	}
	changed(s);
}

/* --- who is logged in ------------------------------------------------------------------------ */

void
who_row(struct session *s, const struct wire *w)
{
	struct str name = w->m.param[5];

	if (s->who_wanted == 0)
		return;
	if (s->who.len + name.n > WHO_LINE) {
		session_note(s, "%s%.*s,", s->who_more ? "  " : "loggedIn users: [",
			     (int)s->who.len, buf_data(&s->who));
		buf_drop(&s->who, s->who.len);
		s->who_more = true;
	}
	(void)buf_append(&s->who, ", ", s->who.len > 0 ? 2 : 0);
	(void)buf_append(&s->who, name.p, text_cut(name.p, name.n, NICK_MAX));
}

void
who_end(struct session *s, const struct wire *w)
{
	(void)w;
	if (s->who_wanted == 0)
		return;
	s->who_wanted--;
	session_note(s, "%s%.*s]", s->who_more ? "  " : "loggedIn users: [", (int)s->who.len,
		     s->who.len > 0 ? buf_data(&s->who) : "");
	buf_drop(&s->who, s->who.len);
	s->who_more = false;
}

/* --- coming and going ------------------------------------------------------------------------ */

static void
self_joined(struct session *s, struct room *r, const struct wire *w)
{
	r->joined = r->wanted = true;
	r->there |= r->asked_about; /* not asked to: our account is there by another client */
	r->asked_about = r->asked_since = false;
	if (!r->been || r->last != 0)
		r->joined_at = w->at;
	r->came = w->seq;
	members_clear(s, r);
	r->nnames = 0;
	names_wanted(r, NAMES_JOIN);
	if (s->cur == NULL || r->asked_for)
		session_talk_in(s, r);
	r->asked_for = false;
	if (!s->script && !r->been)
		note_in(s, r, "You are in %s.", r->name);
	said_fetch(s, r);
}

void
on_JOIN(struct session *s, const struct wire *w)
{
	struct str channel = w->m.param[0];
	struct room *r = room_of(s, channel);

	if (session_is_me(s, w->nick)) {
		/* the other rooms that our account is in are nothing to a script */
		if (r == NULL && channel.n > 1 && !s->script)
			r = room_new(s, (struct str){channel.p + 1, channel.n - 1}, false);
		if (r != NULL)
			self_joined(s, r, w);
		return;
	}
	if (r == NULL)
		return;
	(void)member_add(s, r, w->nick, 0);
	note_in(s, r, STR_FMT " has entered the chat.", STR_ARG(w->nick));
	changed(s);
}

/* We are not there any more; plain lines go somewhere else. */
void
room_left(struct session *s, struct room *r)
{
	bool was = s->cur == r;

	room_free(s, r);
	if (s->state == SESSION_READY && s->dm_asks == 0)
		pend_go(s,
			NULL); /* what waited for that room: the server knows what to do with it */
	if (!was)
		return;
	for (r = s->rooms; r != NULL; r = r->next) {
		if (r->joined)
			s->cur = r;
	}
	if (s->cur != NULL)
		session_note(s, "You now talk in %s.", s->cur->name);
	else if (!s->leaving)
		session_note(s, "You are in no room now: /join ROOM, or /rooms for a list.");
	changed(s);
}

void
on_PART(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);

	if (r == NULL)
		return;
	if (session_is_me(s, w->nick)) {
		if (s->script)
			s->front->refused(s->arg, REFUSED_ROOM, "removed from the room");
		session_note(s, "You have left %s.", r->name);
		room_left(s, r);
		return;
	}
	member_del(s, r, w->nick);
	note_in(s, r, STR_FMT " has left the chat.%s", STR_ARG(w->nick),
		told_because(w->m.param[1]));
	changed(s);
}

void
on_QUIT(struct session *s, const struct wire *w)
{
	struct str why = w->m.param[0];
	bool told = false, own = why.n > 6 && memcmp(why.p, "Quit: ", 6) == 0;
	char text[512] = "";

	if (own)
		bprintf(text, sizeof(text), "%s", told_because((struct str){why.p + 6, why.n - 6}));
	else if (why.n > 0 && !irc_is(why, "Quit"))
		bprintf(text, sizeof(text), " %.*s.", STR_CUT(why, 400));
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		if (session_member(r, w->nick) == NULL)
			continue;
		member_del(s, r, w->nick);
		if (!told)
			note_in(s, r, STR_FMT " has left the chat.%s", STR_ARG(w->nick), text);
		told = true;
	}
	changed(s);
}

void
on_KICK(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);

	if (r == NULL)
		return;
	if (session_is_me(s, w->m.param[1])) {
		if (s->script)
			s->front->refused(s->arg, REFUSED_ROOM, "removed from the room");
		session_note(s, "You have been removed from %s by " STR_FMT "%s.", r->name,
			     STR_ARG(w->nick), told_because(w->m.param[2]));
		room_left(s, r);
		return;
	}
	member_del(s, r, w->m.param[1]);
	note_in(s, r, STR_FMT " has been removed by " STR_FMT "%s.", P(1), STR_ARG(w->nick),
		told_because(w->m.param[2]));
	changed(s);
}

void
on_NICK(struct session *s, const struct wire *w)
{
	struct str name = w->m.param[0];
	bool told = false, me = session_is_me(s, w->nick);

	if (name.n == 0)
		return;
	if (me) {
		wire_clean(name, false, s->nick, sizeof(s->nick));
		bprintf(s->want, sizeof(s->want), "%s", s->nick);
	}
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		struct member *m = session_member(r, w->nick);
		char rank = m != NULL ? m->rank : 0;

		if (m == NULL)
			continue;
		member_del(s, r, w->nick);
		(void)member_add(s, r, name, rank);
		if (!told)
			note_in(s, r, STR_FMT " is now " STR_FMT, STR_ARG(w->nick), STR_ARG(name));
		told = true;
	}
	if (me && !told)
		session_note(s, STR_FMT " is now " STR_FMT, STR_ARG(w->nick), STR_ARG(name));
	changed(s);
}

void
on_AWAY(struct session *s, const struct wire *w)
{
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		struct member *m = session_member(r, w->nick);

		if (m != NULL)
			m->away = w->m.n > 0 && w->m.param[0].n > 0;
	}
	changed(s);
}

/* --- the room itself ------------------------------------------------------------------------- */

void
on_TOPIC(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);

	if (r == NULL)
		return;
	wire_clean(w->m.param[1], false, r->topic, sizeof(r->topic));
	if (r->topic[0] != '\0')
		note_in(s, r, STR_FMT " has set the topic: %s", STR_ARG(w->nick), r->topic);
	else
		note_in(s, r, STR_FMT " has removed the topic.", STR_ARG(w->nick));
	changed(s);
}

void
n_topic(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[1]);

	if (r != NULL)
		wire_clean(told_last(w), false, r->topic, sizeof(r->topic));
	if ((r == NULL || !r->been) && !s->script)
		note_in(s, r, "Topic: " STR_FMT, STR_ARG(told_last(w)));
	changed(s);
}

void
n_no_topic(struct session *s, const struct wire *w)
{
	note_in(s, room_of(s, w->m.param[1]), "There is no topic.");
}

void
on_RENAME(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);
	struct str to = w->m.param[1];

	if (r == NULL || to.n < 2 || to.p[0] != '#')
		return;
	wire_clean((struct str){to.p + 1, to.n - 1}, false, r->name, sizeof(r->name));
	note_in(s, r, STR_FMT " has renamed the room: it is %s now.%s", STR_ARG(w->nick), r->name,
		told_because(w->m.param[2]));
	changed(s);
}

void
on_REDACT(struct session *s, const struct wire *w)
{
	note_in(s, room_of(s, w->m.param[0]), STR_FMT " has taken back a message.%s",
		STR_ARG(w->nick), told_because(w->m.param[2]));
}

void
on_INVITE(struct session *s, const struct wire *w)
{
	struct str room = w->m.param[1];

	if (room.n < 2)
		return;
	room = (struct str){room.p + 1, room.n - 1};
	if (session_is_me(s, w->m.param[0]))
		session_note(s, STR_FMT " invites you to " STR_FMT ": /join " STR_FMT,
			     STR_ARG(w->nick), STR_ARG(room), STR_ARG(room));
	else
		note_in(s, room_of(s, room), STR_FMT " has invited " STR_FMT ".", STR_ARG(w->nick),
			P(0));
}

/* --- modes ----------------------------------------------------------------------------------- */

/* "NAME …" with the argument in the place of %s. */
static const struct {
	char letter;
	enum irc_mode_type type;
	const char *on, *off;
} modes[] = {
    {'o', IRC_MODE_PREFIX, "has made %s an operator.", "has taken operator's rights from %s."},
    {'h', IRC_MODE_PREFIX, "has made %s a half-operator.",
     "has taken half-operator's rights from %s."},
    {'v', IRC_MODE_PREFIX, "has given %s the right to speak.",
     "has taken the right to speak from %s."},
    {'b', IRC_MODE_A, "has banned %s.", "has lifted the ban of %s."},
    {'e', IRC_MODE_A, "has excepted %s from bans.", "has ended the exception of %s from bans."},
    {'I', IRC_MODE_A, "lets %s in without an invitation.", "lets %s in by invitation only."},
    {'k', IRC_MODE_B, "has set a key: who joins needs it.", "has removed the key."},
    {'l', IRC_MODE_C, "has set the limit of members to %s.", "has removed the limit."},
    {'i', IRC_MODE_D, "has made the room invite-only.", "has opened the room to all."},
    {'m', IRC_MODE_D, "has made the room moderated.", "has ended moderation."},
    {'s', IRC_MODE_D, "has made the room private.", "has made the room public."},
    {'t', IRC_MODE_D, "has locked the topic.", "has unlocked the topic."},
    {'n', IRC_MODE_D, "lets only members speak.", "lets everybody speak, members or not."},
    {'C', IRC_MODE_D, "has forbidden CTCP.", "has allowed CTCP."},
    {'R', IRC_MODE_D, "lets only people with accounts join.", "lets everybody join."},
    {'M', IRC_MODE_D, "lets only people with accounts speak.",
     "lets people without accounts speak."},
};

static enum irc_mode_type
mode_type(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (modes[i].letter == letter)
			return modes[i].type;
	}
	return IRC_MODE_NONE;
}

static void
member_mode(struct room *r, const struct irc_mode *m)
{
	struct member *who = m->type == IRC_MODE_PREFIX ? session_member(r, m->param) : NULL;
	char rank = m->letter == 'o' ? '@' : m->letter == 'h' ? '%' : '+';

	if (who != NULL)
		who->rank = m->on ? rank : who->rank == rank ? 0 : who->rank;
}

static void
note_mode(struct session *s, struct room *r, struct str by, const struct irc_mode *m)
{
	struct str arg = m->param;
	const char *on = NULL, *off = NULL, *say, *at;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (modes[i].letter == m->letter) {
			on = modes[i].on;
			off = modes[i].off;
		}
	}
	if (on == NULL)
		return;
	if (m->letter == 'b' && arg.n > 2 && memcmp(arg.p, "m:", 2) == 0) {
		arg = (struct str){arg.p + 2, arg.n - 2};
		on = "has muted %s.";
		off = "has unmuted %s.";
	}
	say = m->on ? on : off;
	at = strstr(say, "%s");
	if (at != NULL)
		note_in(s, r, STR_FMT " %.*s" STR_FMT "%s", STR_ARG(by), (int)(at - say), say,
			STR_ARG(arg), at + 2);
	else
		note_in(s, r, STR_FMT " %s", STR_ARG(by), say);
}

void
on_MODE(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);
	struct irc_modes walk;
	struct irc_mode m;

	if (r == NULL || w->m.n < 2)
		return;
	irc_modes_begin(&walk, w->m.param + 1, w->m.n - 1);
	while (irc_modes_next(&walk, mode_type, &m)) {
		member_mode(r, &m);
		if (m.letter == 'k')
			wire_clean(m.on ? m.param : STR_LIT(""), false, r->key, sizeof(r->key));
		note_mode(s, r, w->nick, &m);
	}
	changed(s);
}

void
n_modes(struct session *s, const struct wire *w)
{
	if (room_answered(room_of(s, w->m.param[1]), true))
		return;
	note_in(s, room_of(s, w->m.param[1]),
		"Room " STR_FMT ": mode " STR_FMT " " STR_FMT " " STR_FMT, P(1), P(2), P(3), P(4));
}

/* --- lists ----------------------------------------------------------------------------------- */

void
n_list_row(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[1]);
	struct str name = w->m.param[1], topic = w->m.n > 3 ? told_last(w) : STR_LIT("");

	if (name.n > 0 && name.p[0] == '#')
		name = (struct str){name.p + 1, name.n - 1};
	session_note(s, "%c %-22.*s %3.*s  " STR_FMT, r != NULL && r->joined ? '*' : ' ',
		     STR_ARG(name), P(2), STR_ARG(topic));
}

void
n_list_end(struct session *s, const struct wire *w)
{
	(void)w;
	session_note(s, "End of the list; * are those you are in.");
}

void
n_ban(struct session *s, const struct wire *w)
{
	struct str mask = w->m.param[2];
	bool mute = mask.n > 2 && memcmp(mask.p, "m:", 2) == 0;

	note_in(s, room_of(s, w->m.param[1]), "  " STR_FMT "%s", STR_ARG(mask),
		mute ? " (muted)" : "");
}

void
n_ban_end(struct session *s, const struct wire *w)
{
	note_in(s, room_of(s, w->m.param[1]), "End of the list of bans.");
}

void
n_inviting(struct session *s, const struct wire *w)
{
	session_note(s, "You have invited " STR_FMT " to " STR_FMT ".", P(1), P(2));
}
