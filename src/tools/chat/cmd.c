/* cmd.c - what a typed line means: a command, one of the words of older programs, text for the room or for one person. */
#include "config.h"

#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "proto/at.h"
#include "session_priv.h"

typedef void cmd_fn(struct session *s, struct str *a, unsigned n);

#define REST 1 /* the last argument is the rest of the line */
#define HIDDEN 2
#define ROOM 4 /* about the room one talks in */
#define OFFLINE 8 /* without a connection, too */

static cmd_fn c_account, c_ack, c_away, c_ban, c_color, c_connected, c_delete, c_deop, c_devoice,
    c_direct, c_echo, c_edit, c_file, c_format, c_help, c_history, c_ignore, c_image, c_info,
    c_invite, c_invited, c_join, c_kick, c_leave, c_left, c_login, c_logout, c_me, c_more, c_msg,
    c_mute, c_nick, c_op, c_password, c_paste, c_quit, c_register, c_room, c_rooms, c_save, c_say,
    c_search, c_time, c_topic, c_unban, c_unmute, c_unread, c_users, c_voice, c_who, c_whois;

static const struct cmd {
	const char *name, *args;
	unsigned min, max, flags;
	cmd_fn *fn;
	const char *help;
} cmds[] = {
    {"account", "[delete]", 0, 2, REST, c_account, "your account: which one it is; delete it"},
    {"ack", "[on|off]", 0, 1, OFFLINE, c_ack, "say \"message has been sent..\" for each message"},
    {"away", "[TEXT]", 0, 1, REST, c_away,
     "say that you are away; without a text: that you are back"},
    {"ban", "[NAME|ADDRESS]", 0, 1, ROOM, c_ban, "keep somebody out of the room; alone: who is"},
    {"color", "[on|off]", 0, 1, OFFLINE, c_color, "colours"},
    {"connected", "", 0, 1, REST | HIDDEN, c_connected, ""},
    {"delete", "[ID]", 0, 1, ROOM, c_delete,
     "take back what you said last here, or the message that /history ids calls so"},
    {"deop", "NAME", 1, 1, ROOM, c_deop, "take operator's rights away"},
    {"devoice", "NAME", 1, 1, ROOM, c_devoice, "take the right to speak in a moderated room away"},
    {"direct", "[on|off]", 0, 1, OFFLINE, c_direct, "send only lines that name their recipient"},
    {"echo", "[on|off]", 0, 1, OFFLINE, c_echo, "show your own lines too"},
    {"edit", "[ID] TEXT", 1, 1, REST, c_edit,
     "other words for what you said last here, or for the message that /history ids calls so"},
    {"file", "PATH", 1, 1, REST, c_file, "send a file to the room; PATH@NAME: to one person"},
    {"format", "[NAME]", 0, 1, OFFLINE, c_format, "how messages look; alone: the choices"},
    {"help", "[COMMAND]", 0, 1, OFFLINE, c_help, "this list, or more about one command"},
    {"history", "[N] [WHICH]", 0, 1, REST, c_history,
     "what was said here: the last N lines; WHICH is @NAME or #ROOM for elsewhere, ids to show how "
     "messages are called"},
    {"ignore", "[NAME]", 0, 1, OFFLINE, c_ignore,
     "do not show what somebody says; again: do; alone: whom"},
    {"image", "NAME|#ROOM", 0, 1, 0, c_image, "send an image: its path or address is asked for"},
    {"info", "", 0, 1, REST | ROOM, c_info, "who and how many are in the room"},
    {"invite", "NAME [ROOM]", 1, 2, 0, c_invite, "invite somebody to a room"},
    {"invited", "WORD [EMAIL]", 1, 2, 0, c_invited,
     "make an account with the word of an invitation"},
    {"join", "ROOM [KEY]", 1, 2, 0, c_join, "go into a room, or make one; talk there"},
    {"kick", "NAME [REASON]", 1, 2, REST | ROOM, c_kick, "send somebody out of the room"},
    {"leave", "[ROOM [REASON]]", 0, 2, REST, c_leave, "leave a room"},
    {"left", "", 0, 1, REST | HIDDEN | OFFLINE, c_left, ""},
    {"login", "[NAME]", 0, 1, 0, c_login,
     "log in to your account, or to NAME's: the password is asked for"},
    {"logout", "", 0, 0, 0, c_logout, "log out of your account and stay here"},
    {"me", "TEXT", 1, 1, REST | OFFLINE, c_me, "say what you do"},
    {"more", "", 0, 0, 0, c_more, "go on with /history"},
    {"msg", "NAME TEXT", 2, 2, REST | OFFLINE, c_msg, "say something to one person alone"},
    {"mute", "[NAME|ADDRESS]", 0, 1, ROOM, c_mute,
     "let somebody not speak in the room; alone: who may not"},
    {"nick", "NAME", 1, 1, 0, c_nick, "take another name"},
    {"op", "NAME", 1, 1, ROOM, c_op, "make somebody an operator of the room"},
    {"password", "", 0, 0, 0, c_password, "another password for your account: it is asked for"},
    {"paste", "", 0, 0, OFFLINE, c_paste, "several lines as one message, until a single ."},
    {"quit", "[REASON]", 0, 1, REST | OFFLINE, c_quit, "log out"},
    {"register", "[EMAIL]", 0, 1, 0, c_register,
     "make your name an account: a password is asked for"},
    {"room", "[SETTING VALUE]", 0, 3, ROOM, c_room,
     "the room: register, drop, founder NAME, access [NAME op|halfop|voice|none], history on|off; "
     "key WORD|off, limit "
     "N|off, and on|off for invite-only, moderated, private, topic-lock; alone: shows them"},
    {"rooms", "", 0, 0, 0, c_rooms, "all rooms"},
    {"save", "[N]", 0, 1, OFFLINE, c_save,
     "keep a file that was sent to you, the last one or the N-th; - : none of them"},
    {"say", "TEXT", 1, 1, REST | OFFLINE, c_say, "say something as it is, also with an @ in it"},
    {"search", "WORDS", 1, 1, REST, c_search, "what was said with these words; in:ROOM, from:NAME"},
    {"time", "[on|off]", 0, 1, OFFLINE, c_time, "the time before each line"},
    {"topic", "[TEXT|-]", 0, 1, REST | ROOM, c_topic,
     "the room's topic: set it, remove it (-), or show it"},
    {"unban", "NAME|ADDRESS", 1, 1, ROOM, c_unban, "lift a ban"},
    {"unmute", "NAME|ADDRESS", 1, 1, ROOM, c_unmute, "let somebody speak again"},
    {"unread", "", 0, 0, OFFLINE, c_unread, "how much was said in other rooms"},
    {"users", "", 0, 1, REST, c_users, "everybody who is logged in"},
    {"voice", "NAME", 1, 1, ROOM, c_voice, "let somebody speak in a moderated room"},
    {"who", "[ROOM]", 0, 1, 0, c_who, "who is in the room, or in another one"},
    {"whois", "NAME", 1, 1, 0, c_whois, "more about somebody"},
};

/* Other names for rows: "!" words may be followed by anything, the others stand alone. */
static const struct {
	const char *word, *cmd;
} words[] = {
    {"show@server", "users"},
    {"quit@server", "quit"},
    {"help@server", "help"},
    {"!info", "info"},
    {"!disconnect", "left"},
    {"!exit", "quit"},
    {"!getallactiveusers", "users"},
    {"!showuserhasconnected", "connected"},
    {"!file", "file"},
};

/* --- finding -------------------------------------------------------------------------------- */

const char *
cmd_name(unsigned i)
{
	while (i < ARRAY_LEN(cmds) && cmds[i].flags & HIDDEN)
		i++;
	return i < ARRAY_LEN(cmds) ? cmds[i].name : NULL;
}

unsigned
cmd_count(void)
{
	return ARRAY_LEN(cmds);
}

static bool
begins(struct str s, const char *word)
{
	return s.n <= strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* The row of that name, or that it is the only beginning of; otherwise NULL, and the person has been told. */
static const struct cmd *
find(struct session *s, struct str name)
{
	const struct cmd *found = NULL;
	char list[512] = "";
	size_t n = 0;
	unsigned matches = 0;

	for (size_t i = 0; i < ARRAY_LEN(cmds) && name.n > 0; i++) {
		if (cmds[i].flags & HIDDEN || !begins(name, cmds[i].name))
			continue;
		if (strlen(cmds[i].name) == name.n)
			return &cmds[i];
		n += bprintf(list + n, sizeof(list) - n, " /%s", cmds[i].name);
		found = &cmds[i];
		matches++;
	}
	if (matches == 1)
		return found;
	if (matches > 1)
		session_note(s, "/" STR_FMT " could be any of:%s", STR_ARG(name), list);
	else
		session_note(s, "There is no command /" STR_FMT "; /help lists all.",
			     STR_CUT(name, 40));
	return NULL;
}

static struct str
skip(struct str s)
{
	while (s.n > 0 && s.p[0] == ' ')
		s = (struct str){s.p + 1, s.n - 1};
	return s;
}

static struct str
word(struct str *rest)
{
	struct str s = skip(*rest), w = s;
	const char *end = s.n > 0 ? memchr(s.p, ' ', s.n) : NULL;

	if (end != NULL)
		w.n = (size_t)(end - s.p);
	*rest = skip((struct str){s.p + w.n, s.n - w.n});
	return w;
}

static void
run(struct session *s, const struct cmd *cmd, struct str rest)
{
	struct str a[4] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
	unsigned n = 0;

	rest = skip(rest);
	while (rest.n > 0 && n < cmd->max) {
		if (n + 1 == cmd->max && cmd->flags & REST) {
			a[n++] = rest;
			break;
		}
		a[n++] = word(&rest);
	}
	if (n < cmd->min) {
		session_note(s, "/%s %s: %s", cmd->name, cmd->args, cmd->help);
		return;
	}
	if (s->state != SESSION_READY && !(cmd->flags & OFFLINE)) {
		session_note(s, "Sorry, there is no connection at the moment.");
		return;
	}
	if (cmd->flags & ROOM && (s->cur == NULL || s->cur->direct)) {
		session_note(s, "You are in no room: /join ROOM first.");
		return;
	}
	cmd->fn(s, a, n);
}

static const struct cmd *
exact(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(cmds); i++) {
		if (strcmp(cmds[i].name, name) == 0)
			return &cmds[i];
	}
	return NULL;
}

/* show@Server, !INFO, !FILE x… */
static bool
run_word(struct session *s, struct str line)
{
	struct str rest = line, first = word(&rest);

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		bool sigil = words[i].word[0] == '!';

		if (strlen(words[i].word) != first.n ||
		    strncasecmp(first.p, words[i].word, first.n) != 0 || (!sigil && rest.n > 0))
			continue;
		run(s, exact(words[i].cmd), sigil ? rest : (struct str){"", 0});
		return true;
	}
	return false;
}

/* --- text ----------------------------------------------------------------------------------------- */

static void
no_room(struct session *s)
{
	session_note(s, "Couldn't send message :( you are in no room: /join ROOM.");
}

static void
say_here(struct session *s, struct str text, bool action)
{
	char target[ROOM_BYTES_MAX + 2];

	if (s->cur == NULL) {
		no_room(s);
		return;
	}
	bprintf(target, sizeof(target), "%s%s", s->cur->direct ? "" : "#", s->cur->name);
	(void)session_say(s, target, text, action);
}

static void
say_to(struct session *s, struct str name, struct str text)
{
	char target[NICK_MAX + 1];

	bprintf(target, sizeof(target), STR_FMT, STR_ARG(name));
	if (name.n > NICK_MAX)
		session_note(s, "Couldn't send message :( nobody has such a long name.");
	else
		(void)session_say(s, target, text, false);
}

static bool
is(struct str s, const char *w)
{
	return s.n == strlen(w) && strncasecmp(s.p, w, s.n) == 0;
}

static void
say_line(struct session *s, const char *line)
{
	static char copy[SESSION_TEXT_MAX];
	size_t n = MIN(strlen(line), sizeof(copy));
	char to[ROOM_BYTES_MAX + 2];
	struct at at;

	memcpy(copy, line, n);
	at = at_split(copy, n);
	if (at.kind != AT_ROOM && is(at.text, "image")) {
		bprintf(to, sizeof(to), "%s" STR_FMT, at.kind == AT_TO_ROOM ? "#" : "",
			STR_ARG(at.to));
		ask_for(s, ASK_IMAGE, to);
	} else if (at.kind == AT_USER) {
		say_to(s, at.to, at.text);
	} else if (s->direct_only) {
		session_note(
		    s,
		    "Server: Something is wrong with format... Your message should contain \"@\"");
	} else {
		/* "x@#room" has been cut at no place */
		say_here(s, at.kind == AT_TO_ROOM ? str_of(line) : at.text, false);
	}
}

static void
paste_line(struct session *s, const char *line)
{
	if (strcmp(line, ".") != 0) {
		if ((s->paste.len > 0 && buf_append(&s->paste, "\n", 1) != 0) ||
		    buf_append(&s->paste, line, strlen(line)) != 0)
			session_note(
			    s, "That is too long; a line with a single . sends what went before.");
		return;
	}
	s->pasting = false;
	if (s->paste.len == 0)
		session_note(s, "Nothing to send.");
	else
		say_here(s, (struct str){buf_data(&s->paste), s->paste.len}, false);
	buf_drop(&s->paste, s->paste.len);
}

void
cmd_line(struct session *s, const char *line)
{
	struct str rest = str_of(line);
	const struct cmd *cmd;

	if (s->pasting) {
		paste_line(s, line);
		return;
	}
	if (rest.n == 0)
		return;
	if (rest.p[0] == '/' && rest.n > 1 && rest.p[1] != '/') {
		rest = (struct str){rest.p + 1, rest.n - 1};
		cmd = find(s, word(&rest));
		if (cmd != NULL)
			run(s, cmd, rest);
		return;
	}
	if (rest.p[0] == '/' && rest.n > 1)
		line++; /* "//" is a '/' */
	else if (run_word(s, rest))
		return;
	say_line(s, line);
}

/* --- what one chooses for oneself ------------------------------------------------------------------- */

static void
choose(struct session *s, struct str *a, unsigned n, bool *what, const char *name)
{
	if (n == 0)
		*what = !*what;
	else if (is(a[0], "on") || is(a[0], "off"))
		*what = is(a[0], "on");
	else {
		session_note(s, "on or off?");
		return;
	}
	session_note(s, "%s: %s.", name, *what ? "on" : "off");
}

static void
c_ack(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->ack, "Telling you of each message sent");
}

static void
c_color(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->look.color, "Colours");
}

static void
c_direct(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->direct_only, "Only lines that name their recipient");
}

static void
c_echo(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->look.echo, "Showing your own lines");
}

static void
c_time(struct session *s, struct str *a, unsigned n)
{
	choose(s, a, n, &s->look.time, "The time before each line");
}

static void
c_format(struct session *s, struct str *a, unsigned n)
{
	int f = n > 0 ? format_of(a[0]) : -1;

	if (f >= 0) {
		s->look.format = (enum format)f;
		session_note(s, "Messages now look like this: %s", formats[f].example);
		return;
	}
	session_note(s, "%s/format NAME:", n > 0 ? "There is no such format. " : "");
	for (unsigned i = 0; i < FORMAT_COUNT; i++)
		session_note(s, "%c %u %-7s %s", i == s->look.format ? '*' : ' ', i + 1,
			     formats[i].name, formats[i].example);
}

static void
c_ignore(struct session *s, struct str *a, unsigned n)
{
	char name[NICK_MAX + 1];

	if (n == 0) {
		session_note(s, s->nignored > 0 ? "You ignore:" : "You ignore nobody.");
		for (unsigned i = 0; i < s->nignored; i++)
			session_note(s, "  %s", s->ignored[i]);
		return;
	}
	wire_clean(a[0], false, name, sizeof(name));
	for (unsigned i = 0; i < s->nignored; i++) {
		if (!same_name(str_of(name), str_of(s->ignored[i])))
			continue;
		free(s->ignored[i]);
		s->ignored[i] = s->ignored[--s->nignored];
		session_note(s, "You no longer ignore %s.", name);
		return;
	}
	if (s->nignored == SESSION_IGNORE_MAX) {
		session_note(s, "You ignore too many people already.");
		return;
	}
	s->ignored[s->nignored++] = xstrdup(name);
	session_note(s, "You now ignore %s.", name);
}

static void
c_help(struct session *s, struct str *a, unsigned n)
{
	const struct cmd *cmd;

	if (n > 0) {
		if (a[0].p[0] == '/')
			a[0] = (struct str){a[0].p + 1, a[0].n - 1};
		cmd = find(s, a[0]);
		if (cmd != NULL)
			session_note(s, "/%s %s: %s", cmd->name, cmd->args, cmd->help);
		return;
	}
	session_note(s, "TEXT says it to the room, TEXT@NAME to one person, image@NAME sends an "
			"image, !FILE PATH a file;");
	session_note(
	    s,
	    "\\@ is an @ that means nothing, // a / at the beginning. Commands may be shortened:");
	for (size_t i = 0; i < ARRAY_LEN(cmds); i++) {
		if (!(cmds[i].flags & HIDDEN))
			session_note(s, "  /%s %s%s%s", cmds[i].name, cmds[i].args,
				     cmds[i].args[0] != '\0' ? ": " : "", cmds[i].help);
	}
}

/* --- talking ------------------------------------------------------------------------------------------ */

static void
c_say(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	say_here(s, a[0], false);
}

static void
c_me(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	say_here(s, a[0], true);
}

static void
c_msg(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	say_to(s, a[0], a[1]);
}

static void
c_paste(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	if (s->cur == NULL) {
		no_room(s);
		return;
	}
	buf_drop(&s->paste, s->paste.len);
	s->pasting = true;
	session_note(s, "Go on: a line with a single . sends them.");
}

static void
c_quit(struct session *s, struct str *a, unsigned n)
{
	char reason[400];

	(void)n;
	bprintf(reason, sizeof(reason), STR_FMT, STR_CUT(a[0], 300));
	session_note(s, "You are now logged out");
	session_quit(s, reason);
}

static void
c_left(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	session_note(s, "Leaving the chat room...");
	session_note(s, "Left the chat room");
	session_quit(s, "");
}

static void
c_connected(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	session_note(s, "*** %s Connected *** (everybody has been told)", s->nick);
}

static void
c_edit(struct session *s, struct str *a, unsigned n)
{
	struct str rest = a[0], first = word(&rest);
	char id[IRC_MSGID_LEN];
	uint64_t seq;

	(void)n;
	if (s->cur == NULL) {
		no_room(s);
		return;
	}
	if (!irc_msgid_get(first, &seq) || rest.n == 0) {
		seq = s->cur->mine;
		rest = a[0];
	}
	irc_msgid_put(id, seq);
	if (seq == 0)
		session_note(s, "You have said nothing here.");
	else
		put(s, "@" WIRE_EDIT_TAG "=%.*s PRIVMSG %s%s :" STR_FMT, IRC_MSGID_LEN, id,
		    s->cur->direct ? "" : "#", s->cur->name, STR_ARG(rest));
}

static void
c_file(struct session *s, struct str *a, unsigned n)
{
	char line[1024], to[ROOM_BYTES_MAX + 2];
	struct at at;

	(void)n;
	bprintf(line, sizeof(line), STR_FMT, STR_ARG(a[0]));
	at = at_split(line, strlen(line));
	if (at.kind == AT_ROOM && (s->cur == NULL || a[0].n >= sizeof(line))) {
		no_room(s);
		return;
	}
	if (at.kind == AT_ROOM)
		bprintf(to, sizeof(to), "%s%s", s->cur->direct ? "" : "#", s->cur->name);
	else
		bprintf(to, sizeof(to), "%s" STR_FMT, at.kind == AT_TO_ROOM ? "#" : "",
			STR_ARG(at.to));
	/* "path@#room" leaves the text whole */
	line[at.kind == AT_TO_ROOM ? (size_t)(at.to.p - line) - 2 : at.text.n] = '\0';
	s->front->send_file(s->arg, to, line, false);
}

static void
c_image(struct session *s, struct str *a, unsigned n)
{
	char to[ROOM_BYTES_MAX + 2];

	if (n > 0)
		bprintf(to, sizeof(to), STR_FMT, STR_ARG(a[0]));
	else if (s->cur != NULL)
		bprintf(to, sizeof(to), "%s%s", s->cur->direct ? "" : "#", s->cur->name);
	else
		bprintf(to, sizeof(to), "%s", "");
	if (to[0] == '\0')
		no_room(s);
	else
		ask_for(s, ASK_IMAGE, to);
}

static void
c_save(struct session *s, struct str *a, unsigned n)
{
	char which[16];

	(void)n;
	bprintf(which, sizeof(which), STR_FMT, STR_CUT(a[0], 15));
	s->front->save(s->arg, which);
}

/* --- rooms ------------------------------------------------------------------------------------------------ */

static struct str
plain(struct str room)
{
	return room.n > 0 && room.p[0] == '#' ? (struct str){room.p + 1, room.n - 1} : room;
}

static void
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

static void
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

static void
c_rooms(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	put(s, "LIST");
}

static void
c_topic(struct session *s, struct str *a, unsigned n)
{
	if (n == 0) {
		/* 332 is shown for rooms that are new only */
		if (s->cur->topic[0] != '\0')
			note_in(s, s->cur, "Topic: %s", s->cur->topic);
		else
			note_in(s, s->cur, "There is no topic.");
	} else if (is(a[0], "-")) {
		put(s, "TOPIC #%s :", s->cur->name);
	} else {
		put(s, "TOPIC #%s :" STR_FMT, s->cur->name, STR_ARG(a[0]));
	}
}

static void
c_who(struct session *s, struct str *a, unsigned n)
{
	struct room *r = n > 0 ? room_of(s, a[0]) : s->cur;

	if (r == NULL && n == 0) {
		no_room(s);
	} else if (r != NULL && r->joined) {
		names_wanted(r, NAMES_WHO);
		put(s, "NAMES #%s", r->name);
	} else if (r == NULL || !r->direct) {
		s->who_wanted++;
		put(s, "WHO #" STR_FMT, STR_ARG(plain(a[0])));
	}
}

static void
c_info(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	names_wanted(s->cur, NAMES_INFO);
	put(s, "NAMES #%s", s->cur->name);
}

static void
c_users(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	s->who_wanted++;
	put(s, "WHO *");
}

static void
c_whois(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	put(s, "WHOIS " STR_FMT, STR_ARG(a[0]));
}

static void
c_invite(struct session *s, struct str *a, unsigned n)
{
	if (n < 2 && (s->cur == NULL || s->cur->direct))
		no_room(s);
	else if (n < 2)
		put(s, "INVITE " STR_FMT " #%s", STR_ARG(a[0]), s->cur->name);
	else
		put(s, "INVITE " STR_FMT " #" STR_FMT, STR_ARG(a[0]), STR_ARG(plain(a[1])));
}

static void
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

static void
c_ban(struct session *s, struct str *a, unsigned n)
{
	if (n == 0)
		put(s, "MODE #%s b", s->cur->name);
	else
		ban(s, "+b", "", a[0]);
}

static void
c_unban(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	ban(s, "-b", "", a[0]);
}

static void
c_mute(struct session *s, struct str *a, unsigned n)
{
	if (n == 0)
		put(s, "MODE #%s b", s->cur->name);
	else
		ban(s, "+b", "m:", a[0]);
}

static void
c_unmute(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	ban(s, "-b", "m:", a[0]);
}

static void
c_op(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	mode(s, "+o", a[0]);
}

static void
c_deop(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	mode(s, "-o", a[0]);
}

static void
c_voice(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	mode(s, "+v", a[0]);
}

static void
c_devoice(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	mode(s, "-v", a[0]);
}

static void
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
		if (!is(a[0], flags[i].word))
			continue;
		letters[0] = n > 1 && is(a[1], "off") ? '-' : '+';
		letters[1] = flags[i].letter;
		mode(s, letters, (struct str){"", 0});
		return;
	}
	if (is(a[0], "key") && n > 1)
		mode(s, is(a[1], "off") ? "-k" : "+k", is(a[1], "off") ? STR_LIT("*") : a[1]);
	else if (is(a[0], "limit") && n > 1)
		mode(s, is(a[1], "off") ? "-l" : "+l",
		     is(a[1], "off") ? (struct str){"", 0} : a[1]);
	else if (is(a[0], "register"))
		put(s, "CS REGISTER #%s", room);
	else if (is(a[0], "drop"))
		put(s, "CS DROP #%s", room);
	else if (is(a[0], "founder") && n > 1)
		put(s, "CS SET FOUNDER #%s " STR_FMT, room, STR_ARG(a[1]));
	else if (is(a[0], "access"))
		put(s, "CS ACCESS #%s " STR_FMT " " STR_FMT, room, STR_ARG(a[1]), STR_ARG(a[2]));
	else if (is(a[0], "history"))
		put(s, "CS HISTORY #%s " STR_FMT " " STR_FMT, room, STR_ARG(a[1]), STR_ARG(a[2]));
	else
		session_note(s, "/room %s: %s", exact("room")->args, exact("room")->help);
}

/* --- oneself ------------------------------------------------------------------------------------------------ */

static void
c_nick(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	put(s, "NICK :" STR_FMT, STR_ARG(a[0]));
}

static void
c_away(struct session *s, struct str *a, unsigned n)
{
	put(s, n > 0 ? "AWAY :" STR_FMT : "AWAY" STR_FMT, STR_ARG(a[0]));
}

static void
c_account(struct session *s, struct str *a, unsigned n)
{
	if (n > 0 && is(a[0], "delete"))
		ask_for(s, ASK_DROP, "");
	else if (s->account[0] != '\0')
		session_note(s, "You are logged in to the account %s.", s->account);
	else
		session_note(s, "You are not logged in to an account.");
}

static void
c_login(struct session *s, struct str *a, unsigned n)
{
	char name[NICK_MAX + 1];

	bprintf(name, sizeof(name), STR_FMT, n > 0 ? (int)MIN(a[0].n, (size_t)NICK_MAX) : 0,
		a[0].p);
	ask_for(s, ASK_PASSWORD, n > 0 ? name : s->nick);
}

static void
c_logout(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	s->login[0] = '\0';
	explicit_bzero(s->password, sizeof(s->password));
	put(s, "NS LOGOUT");
}

static void
c_register(struct session *s, struct str *a, unsigned n)
{
	bprintf(s->ask_mail, sizeof(s->ask_mail), STR_FMT, n > 0 ? (int)MIN(a[0].n, 250u) : 1,
		n > 0 ? a[0].p : "*");
	ask_for(s, ASK_NEW_PASSWORD, "");
}

static void
c_invited(struct session *s, struct str *a, unsigned n)
{
	char word[65];

	bprintf(word, sizeof(word), STR_FMT, (int)MIN(a[0].n, 64u), a[0].p);
	bprintf(s->ask_mail, sizeof(s->ask_mail), STR_FMT, n > 1 ? (int)MIN(a[1].n, 250u) : 1,
		n > 1 ? a[1].p : "*");
	ask_for(s, ASK_NEW_PASSWORD, word);
}

static void
c_password(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	ask_for(s, ASK_OLD_PASSWORD, "");
}

/* --- history ------------------------------------------------------------------------------------------------- */

static void
history(struct session *s, struct room *r, unsigned n, bool before)
{
	char id[IRC_MSGID_LEN];
	unsigned max = MIN(n > 0 ? n : 20u, s->page);

	if (r == NULL) {
		no_room(s);
		return;
	}
	if (s->page == 0 || !has(s, CAP_HISTORY)) {
		session_note(s, "Sorry, this server keeps no history.");
		return;
	}
	irc_msgid_put(id, s->oldest);
	s->asked_page = r;
	s->oldest = 0;
	if (before)
		put(s, "CHATHISTORY BEFORE %s%s msgid=%.*s %u", r->direct ? "" : "#", r->name,
		    IRC_MSGID_LEN, id, max);
	else
		put(s, "CHATHISTORY LATEST %s%s * %u", r->direct ? "" : "#", r->name, max);
}

static void
c_history(struct session *s, struct str *a, unsigned n)
{
	struct room *r = s->cur;
	unsigned lines = 0;

	s->show_ids = false;
	while (n > 0 && a[0].n > 0) {
		struct str w = word(&a[0]);

		s->show_ids |= is(w, "ids");
		if (w.p[0] == '@' && w.n > 1 && w.n <= NICK_MAX)
			r = room_new(s, (struct str){w.p + 1, w.n - 1}, true);
		else if (w.p[0] == '#')
			r = room_of(s, w);
		for (size_t i = 0; i < w.n && i < 5 && w.p[i] >= '0' && w.p[i] <= '9'; i++)
			lines = lines * 10 + (unsigned)(w.p[i] - '0');
	}
	history(s, r, lines, false);
}

static void
c_more(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	if (s->asked_page == NULL || s->oldest == 0)
		session_note(s, "There is nothing to go on with: /history first.");
	else
		history(s, s->asked_page, 20, true);
}

static void
c_search(struct session *s, struct str *a, unsigned n)
{
	char text[300], more[256] = "";
	size_t len = 0, m = 0;

	(void)n;
	if (!has(s, CAP_SEARCH)) {
		session_note(s, "Sorry, this server cannot search.");
		return;
	}
	text[0] = '\0';
	while (a[0].n > 0) {
		struct str w = word(&a[0]);

		if (w.n > 3 && strncasecmp(w.p, "in:", 3) == 0)
			m += bprintf(more + m, sizeof(more) - m, ";in=%s" STR_FMT,
				     w.p[3] == '#' || w.p[3] == '@' ? "" : "#",
				     STR_CUT(((struct str){w.p + 3, w.n - 3}), 128));
		else if (w.n > 5 && strncasecmp(w.p, "from:", 5) == 0)
			m += bprintf(more + m, sizeof(more) - m, ";from=" STR_FMT,
				     STR_CUT(((struct str){w.p + 5, w.n - 5}), 64));
		else
			len += bprintf(text + len, sizeof(text) - len, "%s" STR_FMT,
				       len > 0 ? "\\s" : "", STR_CUT(w, 200));
	}
	for (char *p = text; *p != '\0'; p++) {
		if (*p == ';')
			*p = ' ';
	}
	put(s, "SEARCH :text=%s%s", text, more);
}

static void
c_delete(struct session *s, struct str *a, unsigned n)
{
	char id[IRC_MSGID_LEN];

	irc_msgid_put(id, s->cur->mine);
	if (n > 0)
		put(s, "REDACT #%s " STR_FMT, s->cur->name, STR_ARG(a[0]));
	else if (s->cur->mine == 0)
		session_note(s, "You have said nothing here.");
	else
		put(s, "REDACT #%s %.*s", s->cur->name, IRC_MSGID_LEN, id);
}

static void
c_unread(struct session *s, struct str *a, unsigned n)
{
	bool any = false;

	(void)a;
	(void)n;
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		if (r->unread == 0)
			continue;
		session_note(s, "%s%s: %u unread, %u for you", r->direct ? "@" : "", r->name,
			     r->unread, r->mentions);
		any = true;
	}
	if (!any)
		session_note(s, "Nothing is unread.");
}
