/* told.c - what the server tells: who comes and goes, answers, refusals; in the words that people know from telnet. */
#include "config.h"

#include "session_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/text.h"
#include "lib/util.h"

#define P(i) STR_ARG(w->m.param[i])
#define NAMES_SHOWN 50
#define WHO_LINE 2000 /* bytes of a line of names */

static struct str
last(const struct wire *w)
{
	return w->m.n > 0 ? w->m.param[w->m.n - 1] : (struct str){"", 0};
}

/* " (reason)", or nothing. */
static const char *
because(struct str why)
{
	static char text[512];

	text[0] = '\0';
	if (why.n > 0)
		bprintf(text, sizeof(text), " (" STR_FMT ")", STR_CUT(why, 400));
	return text;
}

/* --- names in a room ------------------------------------------------------------------------ */

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

static void
names_row(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[2]);
	struct str list = last(w);

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

static void
names_end(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[1]);
	enum names_for what = r != NULL ? names_next(r) : NAMES_JOIN;
	char head[ROOM_BYTES_MAX + 32];

	if (r == NULL)
		return;
	if (what == NAMES_INFO) {
		note_info(s, r);
	} else if (what == NAMES_WHO) {
		bprintf(head, sizeof(head), "In %s (%u): ", r->name, HASH_COUNT(r->members));
		note_names(s, r, head, UINT32_MAX);
	} else if (HASH_COUNT(r->members) > 1 && !r->been && !s->script) {
		bprintf(head, sizeof(head), "%u here: ", HASH_COUNT(r->members));
		note_names(s, r, head, NAMES_SHOWN);
	}
	changed(s);
}

/* --- who is logged in ------------------------------------------------------------------------ */

static void
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

static void
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

/* --- coming and going ------------------------------------------------------------------------- */

static void
self_joined(struct session *s, struct room *r, const struct wire *w)
{
	r->joined = r->wanted = true;
	members_clear(s, r);
	r->nnames = 0;
	names_wanted(r, NAMES_JOIN);
	if (s->cur == NULL || r->asked_for)
		session_talk_in(s, r);
	r->asked_for = false;
	if (!s->script && !r->been)
		note_in(s, r, "You are in %s.", r->name);
	said_fetch(s, r);
	if (r->last == 0)
		r->last = w->seq;
}

static void
on_JOIN(struct session *s, const struct wire *w)
{
	struct str channel = w->m.param[0];
	struct room *r = room_of(s, channel);

	if (session_is_me(s, w->nick)) {
		if (r == NULL && channel.n > 1)
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

static void
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
	note_in(s, r, STR_FMT " has left the chat.%s", STR_ARG(w->nick), because(w->m.param[1]));
	changed(s);
}

static void
on_QUIT(struct session *s, const struct wire *w)
{
	struct str why = w->m.param[0];
	bool told = false, own = why.n > 6 && memcmp(why.p, "Quit: ", 6) == 0;
	char text[512] = "";

	if (own)
		bprintf(text, sizeof(text), "%s", because((struct str){why.p + 6, why.n - 6}));
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

static void
on_KICK(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);

	if (r == NULL)
		return;
	if (session_is_me(s, w->m.param[1])) {
		if (s->script)
			s->front->refused(s->arg, REFUSED_ROOM, "removed from the room");
		session_note(s, "You have been removed from %s by " STR_FMT "%s.", r->name,
			     STR_ARG(w->nick), because(w->m.param[2]));
		room_left(s, r);
		return;
	}
	member_del(s, r, w->m.param[1]);
	note_in(s, r, STR_FMT " has been removed by " STR_FMT "%s.", P(1), STR_ARG(w->nick),
		because(w->m.param[2]));
	changed(s);
}

static void
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

static void
on_AWAY(struct session *s, const struct wire *w)
{
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		struct member *m = session_member(r, w->nick);

		if (m != NULL)
			m->away = w->m.n > 0 && w->m.param[0].n > 0;
	}
	changed(s);
}

static void
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

static void
on_RENAME(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);
	struct str to = w->m.param[1];

	if (r == NULL || to.n < 2 || to.p[0] != '#')
		return;
	wire_clean((struct str){to.p + 1, to.n - 1}, false, r->name, sizeof(r->name));
	note_in(s, r, STR_FMT " has renamed the room: it is %s now.%s", STR_ARG(w->nick), r->name,
		because(w->m.param[2]));
	changed(s);
}

static void
on_REDACT(struct session *s, const struct wire *w)
{
	note_in(s, room_of(s, w->m.param[0]), STR_FMT " has taken back a message.%s",
		STR_ARG(w->nick), because(w->m.param[2]));
}

static void
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

/* --- modes -------------------------------------------------------------------------------------- */

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

static void
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

/* --- messages ------------------------------------------------------------------------------------ */

static void
on_PRIVMSG(struct session *s, const struct wire *w)
{
	said_message(s, w, false);
}

static void
on_NOTICE(struct session *s, const struct wire *w)
{
	if (s->state != SESSION_READY || w->m.source.p == NULL ||
	    memchr(w->m.source.p, '!', w->m.source.n) == NULL) {
		if (!s->script)
			session_note(s, STR_FMT, STR_ARG(last(w)));
		return;
	}
	said_message(s, w, true);
}

static void
on_BATCH(struct session *s, const struct wire *w)
{
	if (w->m.n > 0)
		said_batch(s, w);
}

/* One of those with whom something was said while we were away. */
static void
on_CHATHISTORY(struct session *s, const struct wire *w)
{
	struct str name = w->m.param[1];
	char from[IRC_TIME_LEN];

	if (!irc_is(w->m.param[0], "TARGETS") || name.n == 0 || name.p[0] == '#' ||
	    s->dm_asks == 0 || s->dm_asks > 50)
		return;
	irc_time_put(from, s->last_at > 1 ? s->last_at - 1 : 0);
	if (w->m.n > 2 && s->dm_asks > 0) {
		s->dm_asks++;
		put(s, "@label=%lu CHATHISTORY LATEST " STR_FMT " timestamp=%.*s %u", ++s->label,
		    STR_ARG(name), IRC_TIME_LEN, from, s->page);
	}
}

static void
on_MARKREAD(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[0]);
	struct str at = w->m.param[1];
	uint64_t ms;

	if (r == NULL || at.n <= 10 || memcmp(at.p, "timestamp=", 10) != 0)
		return;
	if (irc_time_get((struct str){at.p + 10, at.n - 10}, &ms))
		r->marked_at = MAX(r->marked_at, ms);
}

static void
on_UPLOAD(struct session *s, const struct wire *w)
{
	char to[ROOM_BYTES_MAX + 2], url[2048];

	if (s->upload == 0)
		return;
	s->upload = 0;
	wire_clean(w->m.param[0], false, to, sizeof(to));
	wire_clean(w->m.param[1], false, url, sizeof(url));
	s->front->upload(s->arg, to, url, NULL);
}

/* "Closing link: me: Kicked by Server (calm down)": who was sent away does not come back by itself. The reason, or NULL. */
static const char *
sent_away(const char *why)
{
	static const char *const words[] = {": Kicked by ", ": Killed (", ": Banned"};
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(words) && found == NULL; i++)
		found = strstr(why, words[i]);
	return found != NULL ? found + 2 : NULL;
}

static void
on_ERROR(struct session *s, const struct wire *w)
{
	char why[512];

	wire_clean(last(w), false, why, sizeof(why));
	if (s->leaving)
		return;
	if (sent_away(why) != NULL)
		s->front->refused(s->arg, REFUSED_SENT_AWAY, sent_away(why));
	else if (s->state != SESSION_READY)
		s->front->refused(s->arg, REFUSED_OTHER, why);
	else if (!s->script)
		session_note(s, "%s", why);
}

/* --- refusals ------------------------------------------------------------------------------------- */

/* "No such channel" -> "no such channel": the first letter is small unless it begins an abbreviation. */
static void
refusal_text(const struct wire *w, char *out, size_t cap)
{
	struct str text = last(w);
	size_t n = bprintf(out, cap, STR_FMT, STR_CUT(text, 400));

	if (n > 1 && out[0] >= 'A' && out[0] <= 'Z' && !(out[1] >= 'A' && out[1] <= 'Z'))
		out[0] += 32;
	while (n > 0 && out[n - 1] == '.')
		out[--n] = '\0';
}

static bool
joining_failed(struct session *s, const struct wire *w, const char *why)
{
	static const unsigned nums[] = {403, 405, 407, 437, 471, 473, 474,
					475, 476, 477, 479, 480, 482, 489};
	struct room *r = w->num != 0 ? room_of(s, w->m.param[1]) : NULL;
	bool is = false;

	for (size_t i = 0; i < ARRAY_LEN(nums); i++)
		is |= nums[i] == w->num;
	if (!is || r == NULL || r->joined || !r->wanted)
		return false;
	if (s->script)
		s->front->refused(s->arg, REFUSED_ROOM, why);
	else
		session_note(s, "Sorry, %s: %s.", r->name, why);
	pend_drop(s, r, why);
	room_left(s, r);
	return true;
}

static bool
upload_failed(struct session *s, const struct wire *w, unsigned long label, const char *why)
{
	bool nobody;

	if (s->upload == 0 || !(label == s->upload || irc_is(w->m.param[w->num != 0], "UPLOAD")))
		return false;
	s->upload = 0;
	if (w->num == 421)
		why = "files and images are not enabled on this server";
	nobody = w->num == 401 || irc_is(w->m.param[1], "INVALID_TARGET");
	s->front->upload(s->arg, s->upload_to, NULL, nobody && s->upload_to[0] != '#' ? "" : why);
	return true;
}

/* 4xx, 5xx, FAIL. */
static void
refused(struct session *s, const struct wire *w)
{
	unsigned long label = said_label(s, w);
	struct str about = w->m.n > 2 ? w->m.param[1] : (struct str){"", 0};
	char why[512];

	refusal_text(w, why, sizeof(why));
	if (pend_done(s, label, why, w->num == 401))
		return;
	if (upload_failed(s, w, label, why))
		return;
	if (irc_is(w->m.param[0], "CHATHISTORY") && w->num == 0 && (label != 0 || s->script))
		return;
	if (joining_failed(s, w, why))
		return;
	if (s->script)
		return;
	if (w->num == 401 || w->num == 406)
		session_note(s, "Sorry, nobody here is called " STR_FMT ".", STR_ARG(about));
	else if (w->num == 421 || w->num == 461)
		session_note(s, "Sorry, " STR_FMT ": %s.", STR_ARG(about), why);
	else
		session_note(s, "Sorry, %s.", why);
}

static void
on_FAIL(struct session *s, const struct wire *w)
{
	refused(s, w);
}

static void
on_NOTE(struct session *s, const struct wire *w)
{
	if (!s->script)
		session_note(s, STR_FMT, STR_ARG(last(w)));
}

static void
name_refused(struct session *s, const struct wire *w)
{
	char why[512];

	refusal_text(w, why, sizeof(why));
	if (s->state == SESSION_READY) {
		session_note(s, "Sorry, %s.", why);
		return;
	}
	s->name_refused = true;
	s->front->refused(s->arg, REFUSED_NAME, why);
}

/* --- answers ---------------------------------------------------------------------------------------- */

static void
n_welcome(struct session *s, const struct wire *w)
{
	wire_clean(w->m.param[0], false, s->nick, sizeof(s->nick));
	s->name_refused = false;
}

/* "CHATHISTORY=500", "FILEHOST=https://…": only what matters here. */
static void
n_isupport(struct session *s, const struct wire *w)
{
	for (unsigned i = 1; i + 1 < w->m.n; i++) {
		struct str t = w->m.param[i];
		const char *eq = memchr(t.p, '=', t.n);
		struct str key = {t.p, eq != NULL ? (size_t)(eq - t.p) : t.n};
		struct str value = {t.p + key.n + 1, eq != NULL ? t.n - key.n - 1 : 0};

		if (irc_is(key, "CHATHISTORY")) {
			s->page = 0;
			for (size_t k = 0;
			     k < value.n && k < 5 && value.p[k] >= '0' && value.p[k] <= '9'; k++)
				s->page = s->page * 10 + (unsigned)(value.p[k] - '0');
			if (s->page == 0) /* no limit */
				s->page = value.n > 0 ? 100 : 0;
		}
		if (irc_is(key, "draft/FILEHOST") || irc_is(key, "soju.im/FILEHOST")) {
			const char *host = memchr(value.p, ':', value.n);
			size_t skip = host != NULL ? (size_t)(host - value.p) + 3 : value.n;

			bprintf(s->files, sizeof(s->files), STR_FMT,
				skip < value.n ? (int)(value.n - skip) : 0, value.p + skip);
			s->files[strcspn(s->files, ":/?#")] = '\0';
		}
	}
}

/* The welcome is over: rooms, and what was missed. */
static void
n_ready(struct session *s, const struct wire *w)
{
	(void)w;
	if (s->state == SESSION_READY)
		return;
	s->state = SESSION_READY;
	if (!s->script && !s->again) {
		session_note(s, "Connected to the chat room as %s", s->nick);
		session_note(
		    s, "Type anything to say it to the room; TEXT@NAME says it to NAME alone.");
		session_note(
		    s, "Type show@Server or /who to see who is here, /help for all commands.");
		session_note(s, "Type !INFO to view the information about the chat room, !FILE "
				"PATH to send a file.");
		session_note(s, "Type !DISCONNECT, quit@Server or /quit to log out.");
	} else if (!s->script) {
		session_note(s, "Connected again as %s.", s->nick);
	}
	s->front->ready(s->arg);
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		if (r->wanted && !r->direct)
			put(s, "JOIN #%s%s%s", r->name, r->key[0] != '\0' ? " " : "", r->key);
	}
	said_fetch_direct(s);
	changed(s);
}

static void
n_topic(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[1]);

	if (r != NULL)
		wire_clean(last(w), false, r->topic, sizeof(r->topic));
	if ((r == NULL || !r->been) && !s->script)
		note_in(s, r, "Topic: " STR_FMT, STR_ARG(last(w)));
	changed(s);
}

static void
n_no_topic(struct session *s, const struct wire *w)
{
	note_in(s, room_of(s, w->m.param[1]), "There is no topic.");
}

static void
n_away(struct session *s, const struct wire *w)
{
	if (!s->script)
		session_note(s, STR_FMT " is away: " STR_FMT, P(1), STR_ARG(last(w)));
}

static void
n_away_off(struct session *s, const struct wire *w)
{
	(void)w;
	session_note(s, "You are back.");
}

static void
n_away_on(struct session *s, const struct wire *w)
{
	(void)w;
	session_note(s, "You are away.");
}

static void
n_whois_user(struct session *s, const struct wire *w)
{
	session_note(s, STR_FMT " is " STR_FMT ", from " STR_FMT, P(1), STR_ARG(last(w)), P(3));
}

static void
n_whois_channels(struct session *s, const struct wire *w)
{
	session_note(s, "  in: " STR_FMT, STR_ARG(last(w)));
}

static void
n_whois_idle(struct session *s, const struct wire *w)
{
	session_note(s, "  silent for " STR_FMT " s", P(2));
}

static void
n_whois_account(struct session *s, const struct wire *w)
{
	session_note(s, "  logged in to the account " STR_FMT, P(2));
}

static void
n_whois_other(struct session *s, const struct wire *w)
{
	session_note(s, "  " STR_FMT, STR_ARG(last(w)));
}

static void
n_list_row(struct session *s, const struct wire *w)
{
	struct room *r = room_of(s, w->m.param[1]);
	struct str name = w->m.param[1], topic = w->m.n > 3 ? last(w) : STR_LIT("");

	if (name.n > 0 && name.p[0] == '#')
		name = (struct str){name.p + 1, name.n - 1};
	session_note(s, "%c %-22.*s %3.*s  " STR_FMT, r != NULL && r->joined ? '*' : ' ',
		     STR_ARG(name), P(2), STR_ARG(topic));
}

static void
n_list_end(struct session *s, const struct wire *w)
{
	(void)w;
	session_note(s, "End of the list; * are those you are in.");
}

static void
n_modes(struct session *s, const struct wire *w)
{
	note_in(s, room_of(s, w->m.param[1]),
		"Room " STR_FMT ": mode " STR_FMT " " STR_FMT " " STR_FMT, P(1), P(2), P(3), P(4));
}

static void
n_ban(struct session *s, const struct wire *w)
{
	struct str mask = w->m.param[2];
	bool mute = mask.n > 2 && memcmp(mask.p, "m:", 2) == 0;

	note_in(s, room_of(s, w->m.param[1]), "  " STR_FMT "%s", STR_ARG(mask),
		mute ? " (muted)" : "");
}

static void
n_ban_end(struct session *s, const struct wire *w)
{
	note_in(s, room_of(s, w->m.param[1]), "End of the list of bans.");
}

static void
n_inviting(struct session *s, const struct wire *w)
{
	session_note(s, "You have invited " STR_FMT " to " STR_FMT ".", P(1), P(2));
}

static void
n_logged_in(struct session *s, const struct wire *w)
{
	wire_clean(w->m.param[2], false, s->account, sizeof(s->account));
	if (!s->script && (s->state == SESSION_READY || !s->again))
		session_note(s, "You are logged in to the account %s.", s->account);
}

static void
n_logged_out(struct session *s, const struct wire *w)
{
	(void)w;
	s->account[0] = '\0';
	if (!s->leaving)
		session_note(s, "You are not logged in to an account any more.");
}

static void
n_sasl_end(struct session *s, const struct wire *w)
{
	char why[512];

	if (w->num != 903 && w->num != 907) {
		refusal_text(w, why, sizeof(why));
		explicit_bzero(s->password, sizeof(s->password));
		s->login[0] = '\0';
		if (s->state == SESSION_SASL && !s->again) {
			s->front->refused(s->arg, REFUSED_PASSWORD, why);
			return;
		}
		session_note(s, "Sorry, %s.", why);
	}
	if (s->state == SESSION_SASL) {
		s->state = SESSION_WELCOME;
		put(s, "CAP END");
	}
}

static void
n_text(struct session *s, const struct wire *w)
{
	if (!s->script && !s->again)
		session_note(s, STR_FMT, STR_ARG(last(w)));
}

static void
on_REGISTER(struct session *s, const struct wire *w)
{
	if (!s->script)
		session_note(s, STR_FMT, STR_ARG(last(w)));
}

/* --- the table --------------------------------------------------------------------------------------- */

static const struct {
	const char *cmd; /* NULL: a numeric */
	unsigned num, params; /* at least */
	void (*fn)(struct session *s, const struct wire *w);
} rows[] = {
    {"PRIVMSG", 0, 2, on_PRIVMSG},
    {"NOTICE", 0, 2, on_NOTICE},
    {"TAGMSG", 0, 1, said_reaction},
    {"BATCH", 0, 1, on_BATCH},
    {"JOIN", 0, 1, on_JOIN},
    {"PART", 0, 1, on_PART},
    {"QUIT", 0, 0, on_QUIT},
    {"KICK", 0, 2, on_KICK},
    {"NICK", 0, 1, on_NICK},
    {"MODE", 0, 2, on_MODE},
    {"TOPIC", 0, 1, on_TOPIC},
    {"AWAY", 0, 0, on_AWAY},
    {"INVITE", 0, 2, on_INVITE},
    {"RENAME", 0, 2, on_RENAME},
    {"REDACT", 0, 2, on_REDACT},
    {"CHATHISTORY", 0, 2, on_CHATHISTORY},
    {"MARKREAD", 0, 2, on_MARKREAD},
    {"UPLOAD", 0, 2, on_UPLOAD},
    {"REGISTER", 0, 2, on_REGISTER},
    {"ERROR", 0, 0, on_ERROR},
    {"FAIL", 0, 2, on_FAIL},
    {"NOTE", 0, 2, on_NOTE},
    {"WARN", 0, 2, on_NOTE},
    {NULL, 1, 1, n_welcome},
    {NULL, 5, 2, n_isupport},
    {NULL, 301, 3, n_away},
    {NULL, 305, 0, n_away_off},
    {NULL, 306, 0, n_away_on},
    {NULL, 311, 5, n_whois_user},
    {NULL, 313, 2, n_whois_other},
    {NULL, 315, 1, who_end},
    {NULL, 317, 3, n_whois_idle},
    {NULL, 319, 3, n_whois_channels},
    {NULL, 320, 3, n_whois_other},
    {NULL, 322, 3, n_list_row},
    {NULL, 323, 0, n_list_end},
    {NULL, 324, 3, n_modes},
    {NULL, 330, 3, n_whois_account},
    {NULL, 331, 2, n_no_topic},
    {NULL, 332, 3, n_topic},
    {NULL, 335, 2, n_whois_other},
    {NULL, 341, 3, n_inviting},
    {NULL, 346, 3, n_ban},
    {NULL, 348, 3, n_ban},
    {NULL, 352, 6, who_row},
    {NULL, 353, 4, names_row},
    {NULL, 366, 2, names_end},
    {NULL, 367, 3, n_ban},
    {NULL, 368, 2, n_ban_end},
    {NULL, 372, 2, n_text},
    {NULL, 376, 0, n_ready},
    {NULL, 422, 0, n_ready},
    {NULL, 432, 2, name_refused},
    {NULL, 433, 2, name_refused},
    {NULL, 671, 2, n_whois_other},
    {NULL, 900, 3, n_logged_in},
    {NULL, 901, 0, n_logged_out},
    {NULL, 902, 1, n_sasl_end},
    {NULL, 903, 0, n_sasl_end},
    {NULL, 904, 1, n_sasl_end},
    {NULL, 905, 1, n_sasl_end},
    {NULL, 906, 1, n_sasl_end},
    {NULL, 907, 0, n_sasl_end},
};

static void
dispatch(struct session *s, const struct wire *w)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].cmd != NULL ? irc_is(w->m.cmd, rows[i].cmd)
					: w->num != 0 && w->num == rows[i].num) {
			if (w->m.n >= rows[i].params)
				rows[i].fn(s, w);
			return;
		}
	}
	if (w->num >= 400 && w->num < 600)
		refused(s, w);
}

void
told_line(struct session *s, const struct wire *w)
{
	unsigned long label = w->label.n > 0 && !irc_is(w->m.cmd, "BATCH") ? said_label(s, w) : 0;
	bool message = pend_has(s, label);

	dispatch(s, w);
	/* whatever it was, it was the whole answer */
	if (message)
		(void)pend_done(s, label, NULL, false);
	else if (label != 0)
		said_failed(s, label);
}
