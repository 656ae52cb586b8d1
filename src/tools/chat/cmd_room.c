/* cmd_room.c - commands about rooms and who is in them. */
#include "config.h"

#include "cmd_priv.h"

#include <string.h>

#include "lib/util.h"

/* --- going there, looking around ------------------------------------------------------------- */

static struct str
plain(struct str room)
{
	return room.n > 0 && room.p[0] == '#' ? (struct str){room.p + 1, room.n - 1} : room;
}

void
c_join(struct session *s, struct str *a, unsigned n)
{
	struct room *r = room_of(s, a[0]);

	if (r != NULL && r->joined) {
		session_talk_in(s, r);
		session_note(s, "You now talk in %s.", r->name);
		return;
	}
	if (memchr(a[0].p, ',', a[0].n) != NULL || plain(a[0]).n == 0 ||
	    plain(a[0]).n > ROOM_BYTES_MAX) {
		session_note(s, "Sorry, that is no room's name.");
		return;
	}
	r = room_new(s, plain(a[0]), false);
	if (r != NULL) {
		r->wanted = r->asked_for = true;
		bprintf(r->key, sizeof(r->key), STR_FMT, STR_ARG(a[1]));
	}
	put(s, "JOIN #" STR_FMT "%s" STR_FMT, STR_ARG(plain(a[0])), n > 1 ? " " : "",
	    STR_ARG(a[1]));
}

void
c_leave(struct session *s, struct str *a, unsigned n)
{
	struct room *r = n > 0 ? room_of(s, a[0]) : s->cur;

	if (r == NULL) {
		session_note(s, "You are not in that room.");
	} else if (r->direct) {
		room_left(s, r);
	} else {
		put(s, "PART #%s%s" STR_FMT, r->name, n > 1 ? " :" : "", STR_ARG(a[1]));
	}
}

void
c_rooms(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	put(s, "LIST");
}

void
c_topic(struct session *s, struct str *a, unsigned n)
{
	if (n == 0) {
		/* 332 is shown for rooms that are new only */
		if (s->cur->topic[0] != '\0')
			note_in(s, s->cur, "Topic: %s", s->cur->topic);
		else
			note_in(s, s->cur, "There is no topic.");
	} else if (cmd_is(a[0], "-")) {
		put(s, "TOPIC #%s :", s->cur->name);
	} else {
		put(s, "TOPIC #%s :" STR_FMT, s->cur->name, STR_ARG(a[0]));
	}
}

void
c_who(struct session *s, struct str *a, unsigned n)
{
	struct room *r = n > 0 ? room_of(s, a[0]) : s->cur;

	if (r == NULL && n == 0) {
		cmd_no_room(s);
	} else if (r != NULL && r->joined) {
		names_wanted(r, NAMES_WHO);
		put(s, "NAMES #%s", r->name);
	} else if (r == NULL || !r->direct) {
		s->who_wanted++;
		put(s, "WHO #" STR_FMT, STR_ARG(plain(a[0])));
	}
}

void
c_info(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	names_wanted(s->cur, NAMES_INFO);
	put(s, "NAMES #%s", s->cur->name);
}

void
c_users(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	s->who_wanted++;
	put(s, "WHO *");
}

void
c_whois(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	put(s, "WHOIS " STR_FMT, STR_ARG(a[0]));
}

void
c_invite(struct session *s, struct str *a, unsigned n)
{
	if (n < 2 && (s->cur == NULL || s->cur->direct))
		cmd_no_room(s);
	else if (n < 2)
		put(s, "INVITE " STR_FMT " #%s", STR_ARG(a[0]), s->cur->name);
	else
		put(s, "INVITE " STR_FMT " #" STR_FMT, STR_ARG(a[0]), STR_ARG(plain(a[1])));
}

/* --- the rights of its operators ------------------------------------------------------------- */

void
c_kick(struct session *s, struct str *a, unsigned n)
{
	put(s, "KICK #%s " STR_FMT "%s" STR_FMT, s->cur->name, STR_ARG(a[0]), n > 1 ? " :" : "",
	    STR_ARG(a[1]));
}

static void
mode(struct session *s, const char *letters, struct str arg)
{
	put(s, "MODE #%s %s%s" STR_FMT, s->cur->name, letters, arg.n > 0 ? " " : "", STR_ARG(arg));
}

/* A name bans by name, an address by where somebody comes from. */
static void
ban(struct session *s, const char *letters, const char *what, struct str who)
{
	char mask[300];
	bool name = name_check(who.p, who.n) == NAME_OK;

	bprintf(mask, sizeof(mask), "%s%s" STR_FMT "%s", what,
		name || memchr(who.p, '@', who.n) != NULL ? "" : "*!*@", STR_CUT(who, 200),
		name ? "!*@*" : "");
	mode(s, letters, str_of(mask));
}

void
c_ban(struct session *s, struct str *a, unsigned n)
{
	if (n == 0)
		put(s, "MODE #%s b", s->cur->name);
	else
		ban(s, "+b", "", a[0]);
}

void
c_unban(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	ban(s, "-b", "", a[0]);
}

void
c_mute(struct session *s, struct str *a, unsigned n)
{
	if (n == 0)
		put(s, "MODE #%s b", s->cur->name);
	else
		ban(s, "+b", "m:", a[0]);
}

void
c_unmute(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	ban(s, "-b", "m:", a[0]);
}

void
c_op(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	mode(s, "+o", a[0]);
}

void
c_deop(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	mode(s, "-o", a[0]);
}

void
c_voice(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	mode(s, "+v", a[0]);
}

void
c_devoice(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	mode(s, "-v", a[0]);
}

void
c_room(struct session *s, struct str *a, unsigned n)
{
	static const struct {
		const char *word;
		char letter;
	} flags[] = {{"invite-only", 'i'},
		     {"moderated", 'm'},
		     {"private", 's'},
		     {"topic-lock", 't'},
		     {"no-outside", 'n'}};
	char letters[3] = "+?";
	const char *room = s->cur->name;

	if (n == 0) {
		put(s, "MODE #%s", room);
		put(s, "CS INFO #%s", room);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!cmd_is(a[0], flags[i].word))
			continue;
		letters[0] = n > 1 && cmd_is(a[1], "off") ? '-' : '+';
		letters[1] = flags[i].letter;
		mode(s, letters, (struct str){"", 0});
		return;
	}
	if (cmd_is(a[0], "key") && n > 1)
		mode(s, cmd_is(a[1], "off") ? "-k" : "+k",
		     cmd_is(a[1], "off") ? STR_LIT("*") : a[1]);
	else if (cmd_is(a[0], "limit") && n > 1)
		mode(s, cmd_is(a[1], "off") ? "-l" : "+l",
		     cmd_is(a[1], "off") ? (struct str){"", 0} : a[1]);
	else if (cmd_is(a[0], "register"))
		put(s, "CS REGISTER #%s", room);
	else if (cmd_is(a[0], "drop"))
		put(s, "CS DROP #%s", room);
	else if (cmd_is(a[0], "founder") && n > 1)
		put(s, "CS SET FOUNDER #%s " STR_FMT, room, STR_ARG(a[1]));
	else if (cmd_is(a[0], "access"))
		put(s, "CS ACCESS #%s " STR_FMT " " STR_FMT, room, STR_ARG(a[1]), STR_ARG(a[2]));
	else if (cmd_is(a[0], "history"))
		put(s, "CS HISTORY #%s " STR_FMT " " STR_FMT, room, STR_ARG(a[1]), STR_ARG(a[2]));
	else
		cmd_usage(s, "room");
}
