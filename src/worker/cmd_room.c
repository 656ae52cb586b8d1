/* cmd_room.c - commands about rooms and who is in them. */
#include "config.h"

#include <string.h>

#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/answers.h"
#include "worker/cmd.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/session.h"
#include "worker/worker.h"

/* A room's name as typed: '#' is how others write it, but where it is a part of the name (IRC's ##room). */
static struct str
bare(struct str s)
{
	struct reg_room_view v;

	if (s.n == 0 || s.p[0] != '#' ||
	    (worker.reg != NULL && registry_room_named(worker.reg, s.p, s.n, &v) > 0))
		return s;
	return (struct str){s.p + 1, s.n - 1};
}

static bool
fits(struct conn *c, struct str s, size_t max)
{
	if (s.n > 0 && s.n <= max)
		return true;
	tell(c, "Sorry, that name is %s.", s.n == 0 ? "empty" : "too long");
	return false;
}

void
cmd_join(struct conn *c, const struct cmd_args *a)
{
	struct str name = bare(a->v[0]);
	enum name_err err = session_line_was_unclean() ? NAME_BAD_CHAR : room_check(name.p, name.n);
	struct room *r;

	if (err != NAME_OK) {
		tell(c, "Sorry, that cannot be: %s", room_strerror(err));
		return;
	}
	if (a->v[1].n > ROOM_KEY_MAX) {
		tell(c, "Sorry, that key is too long.");
		return;
	}
	r = room_named(c, name);
	if (r != NULL) {
		session_set_room(c, r);
		tell(c, "You now talk in " STR_FMT ".", STR_ARG(room_name(r)));
		return;
	}
	request_join(c, ASKED_DO, name, a->v[1]);
}

void
cmd_leave(struct conn *c, const struct cmd_args *a)
{
	struct room *r = a->n > 0 ? room_named(c, bare(a->v[0])) : c->cur;
	struct str reason = a->v[1];

	if (r == NULL) {
		tell(c, "You are not in the room " STR_FMT ".", STR_ARG(a->v[0]));
		return;
	}
	reason.n = text_cut(reason.p, reason.n, REASON_MAX);
	request_part(c, room_name(r), reason);
}

void
cmd_rooms(struct conn *c, const struct cmd_args *a)
{
	answer_ask(c, ANSWER_ROOMS, a->v[0]);
}

static void
ask_room(struct conn *c, enum answer_what what, struct str name)
{
	if (name.n == 0 && c->cur == NULL)
		tell(c, "You are in no room: name one, or /users for everybody.");
	else if (name.n == 0 || fits(c, name, ROOM_BYTES_MAX))
		answer_ask(c, what, name);
}

void
cmd_who(struct conn *c, const struct cmd_args *a)
{
	ask_room(c, ANSWER_WHO, bare(a->v[0]));
}

void
cmd_info(struct conn *c, const struct cmd_args *a)
{
	(void)a;
	ask_room(c, ANSWER_INFO, STR_LIT(""));
}

void
cmd_users(struct conn *c, const struct cmd_args *a)
{
	(void)a;
	answer_ask(c, ANSWER_SHOW, STR_LIT(""));
}

void
cmd_whois(struct conn *c, const struct cmd_args *a)
{
	if (fits(c, a->v[0], NAME_BYTES_MAX))
		answer_ask(c, ANSWER_WHOIS, a->v[0]);
}

void
cmd_topic(struct conn *c, const struct cmd_args *a)
{
	struct str text = a->v[0];

	if (a->n == 0) {
		answer_ask(c, ANSWER_TOPIC, STR_LIT(""));
		return;
	}
	if (text.n > TOPIC_MAX) {
		tell(c, "Sorry, a topic has at most %d bytes.", TOPIC_MAX);
		return;
	}
	request_topic(c, room_name(c->cur), str_eq(text, STR_LIT("-")) ? STR_LIT("") : text);
}

void
cmd_kick(struct conn *c, const struct cmd_args *a)
{
	struct str reason = a->v[1];

	reason.n = text_cut(reason.p, reason.n, REASON_MAX);
	if (fits(c, a->v[0], NAME_BYTES_MAX))
		request_kick(c, room_name(c->cur), a->v[0], reason);
}

void
cmd_invite(struct conn *c, const struct cmd_args *a)
{
	struct str room = bare(a->v[1]);

	if (a->n < 2 && c->cur == NULL) {
		tell(c, "You are in no room: name one.");
		return;
	}
	if (a->n < 2)
		room = room_name(c->cur);
	if (fits(c, a->v[0], NAME_BYTES_MAX) && fits(c, room, ROOM_BYTES_MAX))
		request_invite(c, room, a->v[0]);
}

static void
mode_of(struct conn *c, enum mode_op op, bool on, struct str arg)
{
	if (fits(c, arg, op == MODE_OP || op == MODE_VOICE ? NAME_BYTES_MAX : MASK_MAX))
		request_mode(c, room_name(c->cur), op, on, arg);
}

void
cmd_op(struct conn *c, const struct cmd_args *a)
{
	mode_of(c, MODE_OP, true, a->v[0]);
}

void
cmd_deop(struct conn *c, const struct cmd_args *a)
{
	mode_of(c, MODE_OP, false, a->v[0]);
}

void
cmd_voice(struct conn *c, const struct cmd_args *a)
{
	mode_of(c, MODE_VOICE, true, a->v[0]);
}

void
cmd_devoice(struct conn *c, const struct cmd_args *a)
{
	mode_of(c, MODE_VOICE, false, a->v[0]);
}

void
cmd_ban(struct conn *c, const struct cmd_args *a)
{
	if (a->n == 0)
		answer_ask(c, ANSWER_BANS, STR_LIT(""));
	else
		mode_of(c, MODE_BAN, true, a->v[0]);
}

void
cmd_unban(struct conn *c, const struct cmd_args *a)
{
	mode_of(c, MODE_BAN, false, a->v[0]);
}

void
cmd_mute(struct conn *c, const struct cmd_args *a)
{
	if (a->n == 0)
		answer_ask(c, ANSWER_MUTES, STR_LIT(""));
	else
		mode_of(c, MODE_MUTE, true, a->v[0]);
}

void
cmd_unmute(struct conn *c, const struct cmd_args *a)
{
	mode_of(c, MODE_MUTE, false, a->v[0]);
}

/* --- /room --------------------------------------------------------------------------- */

/* How it is used: of the setting that was meant, or of all. */
static void
room_usage(struct conn *c, struct str word)
{
	static const struct {
		const char *word, *args;
	} usages[] = {
	    {"key", "WORD|off"},
	    {"limit", "N|off"},
	    {"invite-only", "on|off"},
	    {"moderated", "on|off"},
	    {"private", "on|off"},
	    {"topic-lock", "on|off"},
	    {"register", ""},
	    {"drop", ""},
	    {"founder", "NAME"},
	    {"access", "[NAME op|halfop|voice|none]"},
	    {"history", "on|off|days N|rows N"},
	};
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(usages); i++)
		known |= cmd_same(word, usages[i].word);
	for (size_t i = 0, n = 0; i < ARRAY_LEN(usages); i++) {
		if (!known || cmd_same(word, usages[i].word))
			tell(c, "%s /room %s %s", n++ == 0 ? "Usage:" : "      ", usages[i].word,
			     usages[i].args);
	}
}

/* The word of the list that s is, in any case; NULL: none. */
static const char *
one_of(struct str s, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (cmd_same(s, *words))
			return *words;
	}
	return NULL;
}

/* Accounts and their ranks. */
static bool
room_access(struct conn *c, struct str name, struct str rank)
{
	static const char *const ranks[] = {"op", "halfop", "voice", "none", NULL};
	const char *word = one_of(rank, ranks);

	if (name.n == 0) {
		answer_ask(c, ANSWER_ACCESS, STR_LIT(""));
		return true;
	}
	if (word == NULL)
		return false;
	if (fits(c, name, NAME_BYTES_MAX))
		request_room(c, ROOM_ACCESS, room_name(c->cur), name,
			     str_of(strcmp(word, "none") == 0 ? "" : word));
	return true;
}

static bool
room_history(struct conn *c, struct str what, struct str n)
{
	static const char *const alone[] = {"on", "off", NULL}, *const counted[] = {"days", "rows",
										    NULL};
	const char *word = one_of(what, n.n == 0 ? alone : counted);
	char text[64];

	if (word == NULL || n.n > 20)
		return false;
	bprintf(text, sizeof(text), "%s%s" STR_FMT, word, n.n > 0 ? " " : "", STR_ARG(n));
	request_room(c, ROOM_HISTORY, room_name(c->cur), STR_LIT(""), str_of(text));
	return true;
}

/* What is kept of a room. False: it is none of these. */
static bool
room_kept(struct conn *c, const struct cmd_args *a)
{
	if (cmd_same(a->v[0], "access") && a->n != 2)
		return room_access(c, a->v[1], a->v[2]);
	if (cmd_same(a->v[0], "history"))
		return room_history(c, a->v[1], a->v[2]);
	if (cmd_same(a->v[0], "founder") && a->n == 2) {
		if (fits(c, a->v[1], NAME_BYTES_MAX))
			request_room(c, ROOM_FOUNDER, room_name(c->cur), a->v[1], STR_LIT(""));
		return true;
	}
	if (a->n != 1 || (!cmd_same(a->v[0], "register") && !cmd_same(a->v[0], "drop")))
		return false;
	request_room(c, cmd_same(a->v[0], "drop") ? ROOM_DROP : ROOM_REGISTER, room_name(c->cur),
		     STR_LIT(""), STR_LIT(""));
	return true;
}

void
cmd_room(struct conn *c, const struct cmd_args *a)
{
	static const struct {
		enum mode_op op;
		bool has_arg;
	} settings[] = {
	    {MODE_KEY, true},        {MODE_LIMIT, true},    {MODE_INVITE_ONLY, false},
	    {MODE_MODERATED, false}, {MODE_PRIVATE, false}, {MODE_TOPIC_LOCK, false},
	};
	bool off = cmd_same(a->v[1], "off");

	if (a->n == 0) {
		answer_ask(c, ANSWER_ROOM, STR_LIT(""));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(settings) && a->n == 2; i++) {
		if (!cmd_same(a->v[0], mode_word(settings[i].op)))
			continue;
		if (!off && !settings[i].has_arg && !cmd_same(a->v[1], "on"))
			break;
		if (a->v[1].n > ROOM_KEY_MAX) {
			tell(c, "Sorry, that is too long.");
			return;
		}
		request_mode(c, room_name(c->cur), settings[i].op, !off,
			     off || !settings[i].has_arg ? STR_LIT("") : a->v[1]);
		return;
	}
	if (!room_kept(c, a))
		room_usage(c, a->v[0]);
}
