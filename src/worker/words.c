/* words.c - see words.h. */
#include "config.h"

#include "worker/words.h"

#include <stdarg.h>
#include <string.h>

#include "ipc/maskform.h"
#include "lib/util.h"
#include "worker/answers.h"
#include "worker/arena.h"
#include "worker/fanout.h"
#include "worker/files.h"
#include "worker/outq.h"
#include "worker/room.h"

static char text[TEXT_MAX + TOPIC_MAX + REASON_MAX + MODES_BYTES_MAX + 1024];

static void words(struct shown *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void
words(struct shown *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->text = (struct str){text, vbprintf(text, sizeof(text), fmt, ap)};
	va_end(ap);
}

/* " (reason)", or nothing; good until the next call. */
static const char *
because_of(struct str reason)
{
	static char because[REASON_MAX + 8];

	if (reason.n == 0)
		return "";
	bprintf(because, sizeof(because), " (" STR_FMT ")", STR_ARG(reason));
	return because;
}

void
words_refused(struct conn *c, unsigned code, struct str arg)
{
	char why[512];

	tell(c, "Sorry, %s.", chat_err_text(code, arg.p, arg.n, why, sizeof(why)));
}

/* --- what others read --------------------------------------------------------------- */

static void
make_join(struct shown *s)
{
	const struct m_e_join *e = s->e;

	words(s, STR_FMT " has entered the chat.", STR_ARG(e->name));
}

static void
make_part(struct shown *s)
{
	const struct m_e_part *e = s->e;

	words(s, STR_FMT " has left the chat.%s", STR_ARG(e->name), because_of(e->reason));
}

static void
make_quit(struct shown *s)
{
	const struct m_e_quit *e = s->e;
	char why[QUIT_TEXT_MAX + 1];

	if (quit_was_ordered(e))
		words(s, STR_FMT " has left the chat. " STR_FMT ".", STR_ARG(e->name),
		      STR_ARG(quit_text(e, why)));
	else
		words(s, STR_FMT " has left the chat.%s", STR_ARG(e->name), because_of(e->reason));
}

static void
make_kick(struct shown *s)
{
	const struct m_e_kick *e = s->e;

	words(s, STR_FMT " has been removed by " STR_FMT "%s.", STR_ARG(e->name),
	      STR_ARG(e->by_name), because_of(e->reason));
}

static void
make_nick(struct shown *s)
{
	const struct m_e_nick *e = s->e;

	words(s, STR_FMT " is now " STR_FMT, STR_ARG(e->old), STR_ARG(e->name));
}

static void
make_topic(struct shown *s)
{
	const struct m_e_topic *e = s->e;

	if (e->text.n > 0)
		words(s, STR_FMT " has set the topic: " STR_FMT, STR_ARG(e->name),
		      STR_ARG(e->text));
	else
		words(s, STR_FMT " has removed the topic.", STR_ARG(e->name));
}

static void
make_rename(struct shown *s)
{
	const struct m_e_rename *e = s->e;

	words(s, STR_FMT " has renamed the room: it is " STR_FMT " now.%s", STR_ARG(e->name),
	      STR_ARG(e->to), because_of(e->reason));
}

static void
make_redact(struct shown *s)
{
	const struct m_e_redact *e = s->e;

	words(s, STR_FMT " has taken back a message.%s", STR_ARG(e->name), because_of(e->reason));
}

static void
make_edit(struct shown *s)
{
	const struct m_e_edit *e = s->e;

	words(s, STR_FMT " edited: " STR_FMT, STR_ARG(e->name), STR_ARG(e->text));
}

/* "NAME …" with the argument in the place of %s. */
static const struct {
	const char *on, *off;
} mode_words[MODE_COUNT] = {
    [MODE_OP] = {"has made %s an operator.", "has taken operator's rights from %s."},
    [MODE_HALFOP] = {"has made %s a half-operator.", "has taken half-operator's rights from %s."},
    [MODE_VOICE] = {"has given %s the right to speak.", "has taken the right to speak from %s."},
    [MODE_BAN] = {"has banned %s.", "has lifted the ban of %s."},
    [MODE_MUTE] = {"has muted %s.", "has unmuted %s."},
    [MODE_EXCEPT] = {"has excepted %s from bans.", "has ended the exception of %s from bans."},
    [MODE_INVEX] = {"lets %s in without an invitation.", "lets %s in by invitation only."},
    [MODE_KEY] = {"has set a key: who joins needs it.", "has removed the key."},
    [MODE_LIMIT] = {"has set the limit of members to %s.", "has removed the limit."},
    [MODE_INVITE_ONLY] = {"has made the room invite-only.", "has opened the room to all."},
    [MODE_MODERATED] = {"has made the room moderated.", "has ended moderation."},
    [MODE_PRIVATE] = {"has made the room private.", "has made the room public."},
    [MODE_TOPIC_LOCK] = {"has locked the topic.", "has unlocked the topic."},
    [MODE_NO_OUTSIDE] = {"lets only members speak.", "lets everybody speak, members or not."},
    [MODE_NO_CTCP] = {"has forbidden CTCP.", "has allowed CTCP."},
    [MODE_REG_JOIN] = {"lets only people with accounts join.", "lets everybody join."},
    [MODE_REG_SAY] = {"lets only people with accounts speak.",
		      "lets people without accounts speak."},
};

/* A line for each change. */
static void
make_mode(struct shown *s)
{
	const struct m_e_mode *e = s->e;
	struct str rest = e->changes;
	struct mode_change m;
	size_t n = 0;

	while (mode_next(&rest, &m)) {
		const char *say = m.on ? mode_words[m.op].on : mode_words[m.op].off;
		const char *at = strstr(say, "%s");
		struct str arg = mask_show(m.arg); /* names are left as they are */
		int before = at != NULL ? (int)(at - say) : (int)strlen(say);

		n += bprintf(text + n, sizeof(text) - n, "%s" STR_FMT " %.*s", n > 0 ? "\n" : "",
			     STR_ARG(e->name), before, say);
		if (at != NULL)
			n +=
			    bprintf(text + n, sizeof(text) - n, STR_FMT "%s", STR_ARG(arg), at + 2);
	}
	s->text = (struct str){text, n};
}

/* --- what those it is about read ---------------------------------------------------------- */

static const char *
quit_words(const struct m_e_quit *e, char *out, size_t cap)
{
	struct str by = e->by.n > 0 ? e->by : STR_LIT("an administrator");

	switch (e->why) {
	case QUIT_KICKED:
	case QUIT_KILLED:
		bprintf(out, cap, "You have been removed by " STR_FMT "%s.", STR_ARG(by),
			because_of(e->reason));
		break;
	case QUIT_BANNED:
		bprintf(out, cap, "You have been banned%s.", because_of(e->reason));
		break;
	case QUIT_STOP:
		bprintf(out, cap, "The server stops%s.", because_of(e->reason));
		break;
	default:
		bprintf(out, cap, "Your session has been ended%s.", because_of(e->reason));
	}
	return out;
}

static void
told_quit(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_quit *e = s->e;
	char out[REASON_MAX + 256];

	if (own)
		tell(c,
		     c->flags & CONN_WORD_LEFT ? "Left the chat room" : "You are now logged out");
	else
		tell(c, "%s", quit_words(e, out, sizeof(out)));
}

static void
told_join(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_join *e = s->e;

	if (!own) {
		/* by another session: what is typed here goes where it went */
		if (c->cur == NULL)
			c->cur = room_of(e->room);
		tell(c, "You are in " STR_FMT " too, now.", STR_ARG(e->room_name));
		return;
	}
	c->cur = room_of(e->room);
	tell(c,
	     e->flags & MEMBER_CREATED && e->flags & MEMBER_OP ? "You have made the room " STR_FMT
								 " and are its operator."
							       : "You are in " STR_FMT ".",
	     STR_ARG(e->room_name));
	if (e->topic.n > 0)
		tell(c, "Topic: " STR_FMT, STR_ARG(e->topic));
	if (e->members > 1)
		answer_names(c, e->room, e->members);
}

void
words_fall_back(struct conn *c)
{
	c->cur = c->nrooms > 0 ? c->rooms[c->nrooms - 1].room : NULL;
	if (c->irc != NULL)
		return;
	if (c->cur != NULL)
		tell(c, "You now talk in " STR_FMT ".", STR_ARG(room_name(c->cur)));
	else
		tell(c, "You are in no room now: /join ROOM, or /rooms for a list.");
}

static void
told_part(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_part *e = s->e;

	(void)own;
	tell(c, "You have left " STR_FMT ".", STR_ARG(e->room_name));
}

static void
told_kick(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_kick *e = s->e;

	if (c->user != e->user) {
		fan_give(c, c->cls);
		return;
	}
	(void)own;
	tell(c, "You have been removed from " STR_FMT " by " STR_FMT "%s.", STR_ARG(e->room_name),
	     STR_ARG(e->by_name), because_of(e->reason));
}

static void
told_dm(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_dm *e = s->e;

	/* what another session has said is news */
	if (!s->irc_only && (c->flags & CONN_ECHO || !own)) {
		static char copy[RENDER_COPY];
		struct shown mine = *s;
		char *out;

		if (e->file.n > 0)
			mine.text = files_sent(e);
		render_clean(&mine, copy);
		mine.what = SHOWN_NOTE;
		if (e->file.n == 0)
			tell(c, "You to " STR_FMT ":", STR_ARG(e->to_name));
		out = arena_room(render_bound(&mine));
		outq_ref(c, arena_commit(render(out, c->cls, &mine)));
	}
	if ((own || e->file.n > 0) && e->kept)
		tell(c, STR_FMT " is not here, and will be told when logging in.",
		     STR_ARG(e->to_name));
	if (own && e->to_away.n > 0)
		tell(c, STR_FMT " is away: " STR_FMT, STR_ARG(e->to_name), STR_ARG(e->to_away));
}

static void
told_mode(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_mode *e = s->e;
	struct str rest = e->refused;
	struct mode_refusal no;

	(void)own;
	if (e->changes.n > 0)
		fan_give(c, c->cls);
	else if (e->refused.n == 0)
		tell(c, "It is so already.");
	while (refusal_next(&rest, &no))
		words_refused(c, no.code, no.arg);
}

static void
told_invite(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_invite *e = s->e;

	if (own)
		tell(c, "You have invited " STR_FMT " to " STR_FMT ".", STR_ARG(e->to_name),
		     STR_ARG(e->room_name));
	else
		tell(c, STR_FMT " invites you to " STR_FMT ": /join " STR_FMT, STR_ARG(e->name),
		     STR_ARG(e->room_name), STR_ARG(e->room_name));
}

static void
told_away(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_away *e = s->e;

	(void)own;
	if (e->text.n > 0)
		tell(c, "You are away: " STR_FMT, STR_ARG(e->text));
	else
		tell(c, "You are back.");
}

void
words_lacks(struct conn *c)
{
	tell(c, "--- The newest lines may be missing: they are not written to the disk yet.");
}

void
words_reserved(struct conn *c, struct str name, unsigned seconds)
{
	tell(c, "The name " STR_FMT " is registered. /login within %u s, or you will be renamed.",
	     STR_ARG(name), seconds);
}

static void
told_nick(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_nick *e = s->e;

	(void)own;
	if (c->user == e->user && e->origin == 0)
		tell(c, "The name " STR_FMT " is registered, and you have not logged in:",
		     STR_ARG(e->old));
	fan_give(c, c->cls);
	if (c->user == e->user && e->reserved > 0)
		words_reserved(c, e->name, e->reserved);
}

static void
told_account(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_account *e = s->e;

	(void)own;
	if (e->account.n > 0)
		return;
	tell(c, "You are not logged in to an account any more%s.",
	     e->why == LOGOUT_DELETED    ? ": it has been deleted"
	     : e->why == LOGOUT_DISABLED ? ": it has been disabled"
					 : "");
	if (e->reserved > 0)
		words_reserved(c, e->name, e->reserved);
}

static void
told_as_others(struct conn *c, const struct shown *s, bool own)
{
	(void)s;
	(void)own;
	fan_give(c, c->cls);
}

static void
told_nothing(struct conn *c, const struct shown *s, bool own)
{
	(void)c;
	(void)s;
	(void)own;
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct {
	unsigned type;
	void (*make)(struct shown *s); /* NULL: telnet does not speak of it */
	void (*told)(struct conn *c, const struct shown *s, bool own);
} rows[] = {
    {MSG_e_join, make_join, told_join},
    {MSG_e_part, make_part, told_part},
    {MSG_e_quit, make_quit, told_quit},
    {MSG_e_kick, make_kick, told_kick},
    {MSG_e_nick, make_nick, told_nick},
    {MSG_e_topic, make_topic, told_as_others},
    {MSG_e_mode, make_mode, told_mode},
    {MSG_e_rename, make_rename, told_as_others},
    {MSG_e_redact, make_redact, told_as_others},
    {MSG_e_edit, make_edit, told_as_others},
    {MSG_e_invite, NULL, told_invite},
    {MSG_e_away, NULL, told_away},
    {MSG_e_account, NULL, told_account},
    {MSG_e_dm, NULL, told_dm},
    {MSG_e_say, NULL, told_nothing},
};

void
words_make(struct shown *s)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].type == s->type && rows[i].make != NULL) {
			rows[i].make(s);
			return;
		}
	}
	s->irc_only = true;
}

void
words_told(struct conn *c, const struct shown *s, bool own)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].type == s->type) {
			rows[i].told(c, s, own);
			return;
		}
	}
}
