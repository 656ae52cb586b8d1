/* cmd.c - what a typed line means: a command, one of the words of older programs, text for the room or for one person. */
#include "config.h"

#include "cmd.h"

#include <string.h>
#include <strings.h>

#include "cmd_priv.h"
#include "lib/util.h"
#include "proto/at.h"

#define REST 1 /* the last argument is the rest of the line */
#define HIDDEN 2
#define ROOM 4 /* about the room one talks in */
#define OFFLINE 8 /* without a connection, too */

static cmd_fn c_help;

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

struct str
cmd_word(struct str *rest)
{
	struct str s = skip(*rest), w = s;
	const char *end = s.n > 0 ? memchr(s.p, ' ', s.n) : NULL;

	if (end != NULL)
		w.n = (size_t)(end - s.p);
	*rest = skip((struct str){s.p + w.n, s.n - w.n});
	return w;
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

void
cmd_usage(struct session *s, const char *name)
{
	const struct cmd *cmd = exact(name);

	session_note(s, "/%s%s%s: %s", cmd->name, cmd->args[0] != '\0' ? " " : "", cmd->args,
		     cmd->help);
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
		a[n++] = cmd_word(&rest);
	}
	if (n < cmd->min || (rest.n > 0 && !(cmd->flags & REST))) {
		cmd_usage(s, cmd->name);
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

/* show@Server, !INFO, !FILE x… */
static bool
run_word(struct session *s, struct str line)
{
	struct str rest = line, first = cmd_word(&rest);

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

void
cmd_no_room(struct session *s)
{
	session_note(s, "Couldn't send message :( you are in no room: /join ROOM.");
}

void
cmd_say_here(struct session *s, struct str text, bool action)
{
	char target[ROOM_BYTES_MAX + 2];

	if (s->cur == NULL) {
		cmd_no_room(s);
		return;
	}
	bprintf(target, sizeof(target), "%s%s", s->cur->direct ? "" : "#", s->cur->name);
	(void)session_say(s, target, text, action);
}

void
cmd_say_to(struct session *s, struct str name, struct str text)
{
	char target[NICK_MAX + 1];

	bprintf(target, sizeof(target), STR_FMT, STR_ARG(name));
	if (name.n > NICK_MAX)
		session_note(s, "Couldn't send message :( nobody has such a long name.");
	else
		(void)session_say(s, target, text, false);
}

bool
cmd_is(struct str s, const char *w)
{
	return s.n == strlen(w) && strncasecmp(s.p, w, s.n) == 0;
}

static void
say_line(struct session *s, const char *line)
{
	static char copy[SESSION_TEXT_MAX];
	size_t n = MIN(strlen(line), sizeof(copy));
	char to[ROOM_BYTES_MAX + 2];
	struct str what;
	struct at at;

	memcpy(copy, line, n);
	at = at_split(copy, n);
	what = at_word(&at);
	if (at.kind != AT_ROOM && (cmd_is(what, "image") || cmd_is(what, "file"))) {
		bprintf(to, sizeof(to), "%s" STR_FMT, at.kind == AT_TO_ROOM ? "#" : "",
			STR_ARG(at.to));
		ask_for(s, cmd_is(what, "image") ? ASK_IMAGE : ASK_FILE, to);
	} else if (at.kind == AT_USER) {
		cmd_say_to(s, at.to, at.text);
	} else if (s->direct_only) {
		session_note(
		    s,
		    "Server: Something is wrong with format... Your message should contain \"@\"");
	} else {
		/* "x@#room" has been cut at no place */
		cmd_say_here(s, at.kind == AT_TO_ROOM ? str_of(line) : at.text, false);
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
		cmd_say_here(s, (struct str){buf_data(&s->paste), s->paste.len}, false);
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
		cmd = find(s, cmd_word(&rest));
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

static void
c_help(struct session *s, struct str *a, unsigned n)
{
	const struct cmd *cmd;

	if (n > 0) {
		if (a[0].p[0] == '/')
			a[0] = (struct str){a[0].p + 1, a[0].n - 1};
		cmd = find(s, a[0]);
		if (cmd != NULL)
			cmd_usage(s, cmd->name);
		return;
	}
	session_note(s, "TEXT says it to the room, TEXT@NAME to one person, image@NAME sends an "
			"image, !FILE PATH a file;");
	session_note(
	    s,
	    "\\@ is an @ that means nothing, // a / at the beginning. Commands may be shortened:");
	for (size_t i = 0; i < ARRAY_LEN(cmds); i++) {
		if (!(cmds[i].flags & HIDDEN))
			session_note(s, "  /%s%s%s: %s", cmds[i].name,
				     cmds[i].args[0] != '\0' ? " " : "", cmds[i].args,
				     cmds[i].help);
	}
}
