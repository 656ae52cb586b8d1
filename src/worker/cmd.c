/* cmd.c - the table, the words, and the way from a line to a handler. See cmd.h.
 *
 * A handler begins with as many arguments as its row says. Commands that are not messages wait
 * until everything before them has been answered, so that a client reads its answers in the order
 * of its lines.
 */
#include "config.h"

#include "worker/cmd.h"

#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "worker/input.h"
#include "worker/outq.h"

const struct cmd cmd_table[] = {
    {"account", "[delete|email]", 0, 2, CMD_REST | CMD_SECOND, 2, cmd_account,
     "your account: delete [messages], email ADDRESS; alone: which one it is",
     "/account email bob@example.org"},
    {"ack", "[on|off]", 0, 1, 0, 0, cmd_ack, "say \"message has been sent..\" for each message",
     "/ack on"},
    {"away", "[TEXT]", 0, 1, CMD_REST, 1, cmd_away,
     "say that you are away; without a text: that you are back", "/away back at two"},
    {"ban", "[NAME|ADDRESS]", 0, 1, CMD_ROOM, 1, cmd_ban,
     "keep somebody out of the room; alone: who is", "/ban bob"},
    {"color", "[on|off]", 0, 1, 0, 0, cmd_color, "colours", "/color on"},
    {"connected", "", 0, 1, CMD_REST | CMD_HIDDEN, 0, cmd_announced, "", ""},
    {"delete", "[@NAME] [ID]", 0, 1, CMD_REST | CMD_SECOND, 1, cmd_delete,
     "take back what you said last, or the message that /history ids calls so", "/delete"},
    {"deop", "NAME", 1, 1, CMD_ROOM, 1, cmd_deop, "take operator's rights away", "/deop bob"},
    {"devoice", "NAME", 1, 1, CMD_ROOM, 1, cmd_devoice,
     "take the right to speak in a moderated room away", "/devoice bob"},
    {"direct", "[on|off]", 0, 1, 0, 0, cmd_direct, "send only lines that name their recipient",
     "/direct on"},
    {"echo", "[on|off]", 0, 1, 0, 0, cmd_echo, "show your own lines too", "/echo on"},
    {"edit", "[@NAME] [ID] TEXT", 1, 1, CMD_REST | CMD_SECOND, 1, cmd_edit,
     "other words for what you said last, or for the message that /history ids calls so",
     "/edit I meant tea"},
    {"file", "[#ROOM|NAME]", 0, 1, CMD_SECOND, 2, cmd_file,
     "a link to upload one file or picture to, for the room, or for somebody; also file@NAME, "
     "image@NAME, !FILE",
     "/file bob"},
    {"format", "[NAME]", 0, 1, 0, 0, cmd_format, "how messages look; alone: the choices",
     "/format angle"},
    {"help", "[COMMAND]", 0, 1, 0, 0, cmd_help, "this list, or more about one command",
     "/help msg"},
    {"history", "[N] [WHICH]", 0, 1, CMD_REST | CMD_SECOND, 2, cmd_history,
     "what was said in the room: the last N lines; WHICH is before TIME, after TIME (14:30 or "
     "2026-01-31), @NAME or #ROOM for elsewhere, new for what you have not read, ids to show how "
     "messages are called",
     "/history 50 before 14:30"},
    {"ignore", "[NAME]", 0, 1, 0, 0, cmd_ignore,
     "do not show what somebody says; again: do; alone: whom", "/ignore bob"},
    {"info", "", 0, 1, CMD_REST, 2, cmd_info, "who and how many are in the room", "/info"},
    {"invite", "NAME [ROOM]", 1, 2, 0, 1, cmd_invite, "invite somebody to a room",
     "/invite bob lobby"},
    {"invited", "WORD [EMAIL]", 1, 2, CMD_SECOND, 4, cmd_invited,
     "make an account with the word of an invitation", "/invited kx7pq2mw"},
    {"join", "ROOM [KEY]", 1, 2, 0, 1, cmd_join, "go into a room, or make one; talk there",
     "/join garden"},
    {"kick", "NAME [REASON]", 1, 2, CMD_REST | CMD_ROOM, 1, cmd_kick,
     "send somebody out of the room", "/kick bob be nice"},
    {"leave", "[ROOM [REASON]]", 0, 2, CMD_REST | CMD_ROOM, 1, cmd_leave, "leave a room",
     "/leave garden"},
    {"left", "", 0, 1, CMD_REST | CMD_HIDDEN, 0, cmd_left, "", ""},
    {"login", "[NAME]", 0, 2, CMD_REST | CMD_SECOND, 4, cmd_login,
     "log in to your account, or to NAME's: the password is asked for", "/login bob"},
    {"logout", "", 0, 0, CMD_SECOND, 2, cmd_logout,
     "log out of your account and stay here, if you are here only once", "/logout"},
    {"me", "TEXT", 1, 1, CMD_REST | CMD_PIPE, 0, cmd_me, "say what you do", "/me waves"},
    {"more", "", 0, 0, 0, 2, cmd_more, "go on with /history or /search", "/more"},
    {"msg", "NAME TEXT", 2, 2, CMD_REST | CMD_PIPE, 0, cmd_msg, "say something to one person alone",
     "/msg bob hello"},
    {"mute", "[NAME|ADDRESS]", 0, 1, CMD_ROOM, 1, cmd_mute,
     "let somebody not speak in the room; alone: who may not", "/mute bob"},
    {"nick", "NAME", 1, 1, 0, 2, cmd_nick, "take another name", "/nick robert"},
    {"op", "NAME", 1, 1, CMD_ROOM, 1, cmd_op, "make somebody an operator of the room", "/op bob"},
    {"password", "", 0, 2, CMD_REST | CMD_SECOND, 4, cmd_password,
     "another password for your account: it is asked for", "/password"},
    {"paste", "", 0, 0, 0, 0, cmd_paste, "several lines as one message, until a single .",
     "/paste"},
    {"quit", "[REASON]", 0, 1, CMD_REST, 0, cmd_quit, "log out", "/quit good night"},
    {"register", "[EMAIL]", 0, 2, CMD_REST | CMD_SECOND, 4, cmd_register,
     "make your name an account, which is yours alone: a password is asked for", "/register"},
    {"room", "[SETTING VALUE]", 0, 3, CMD_ROOM, 1, cmd_room,
     "the room: register (it outlives its members, and is yours), drop, founder NAME, access "
     "[NAME op|halfop|voice|none], history on|off|days N|rows N; key WORD|off, limit N|off, and "
     "on|off for invite-only, moderated, private, topic-lock; alone: shows them",
     "/room limit 20"},
    {"rooms", "", 0, 0, 0, 2, cmd_rooms, "all rooms", "/rooms"},
    {"say", "TEXT", 1, 1, CMD_REST | CMD_PIPE, 0, cmd_say,
     "say something as it is, also with an @ in it", "/say mail me@home"},
    {"search", "WORDS", 1, 1, CMD_REST | CMD_SECOND, 4, cmd_search,
     "what was said with these words; in:ROOM, in:@NAME, from:NAME, before:DATE, after:DATE",
     "/search deploy from:bob after:2026-01-31"},
    {"time", "[on|off]", 0, 1, 0, 0, cmd_time, "the time before each line", "/time on"},
    {"topic", "[TEXT|-]", 0, 1, CMD_REST | CMD_ROOM, 1, cmd_topic,
     "the room's topic: set it, remove it (-), or show it", "/topic tea at five"},
    {"unban", "NAME|ADDRESS", 1, 1, CMD_ROOM, 1, cmd_unban, "lift a ban", "/unban bob"},
    {"unmute", "NAME|ADDRESS", 1, 1, CMD_ROOM, 1, cmd_unmute, "let somebody speak again",
     "/unmute bob"},
    {"unread", "", 0, 0, CMD_SECOND, 2, cmd_unread, "how much was said while you were away",
     "/unread"},
    {"users", "", 0, 1, CMD_REST, 4, cmd_users, "everybody who is logged in", "/users"},
    {"voice", "NAME", 1, 1, CMD_ROOM, 1, cmd_voice, "let somebody speak in a moderated room",
     "/voice bob"},
    {"who", "[ROOM]", 0, 1, 0, 2, cmd_who, "who is in the room, or in another one", "/who lobby"},
    {"whois", "NAME", 1, 1, 0, 1, cmd_whois, "more about somebody", "/whois bob"},
    {NULL, NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

/* Other names for rows. '!' words may be followed by anything, the others stand alone. */
static const struct {
	const char *word, *cmd;
} words[] = {
    {"show@server", "users"},
    {"quit@server", "quit"},
    {"help@server", "help"},
    {"help", "help"},
    {"!info", "info"},
    {"!disconnect", "left"},
    {"!exit", "quit"},
    {"!getallactiveusers", "users"},
    {"!showuserhasconnected", "connected"},
    {"!file", "file"},
};

bool
cmd_same(struct str s, const char *word)
{
	return strlen(word) == s.n && strncasecmp(s.p, word, s.n) == 0;
}

/* --- finding ------------------------------------------------------------------------ */

static const struct cmd *
find_exact(struct str name)
{
	for (const struct cmd *cmd = cmd_table; cmd->name != NULL; cmd++) {
		if (cmd_same(name, cmd->name))
			return cmd;
	}
	return NULL;
}

/* The row that name is a unique beginning of; otherwise NULL, and the client has been told. */
static const struct cmd *
find(struct conn *c, struct str name)
{
	const struct cmd *found = find_exact(name), *first = NULL;
	char list[256];
	size_t n = 0, matches = 0, firsts = 0;

	if (found != NULL && !(found->flags & CMD_HIDDEN))
		return found;
	found = NULL;
	for (const struct cmd *cmd = cmd_table; cmd->name != NULL && name.n > 0; cmd++) {
		if (cmd->flags & CMD_HIDDEN || strlen(cmd->name) < name.n ||
		    strncasecmp(cmd->name, name.p, name.n) != 0)
			continue;
		n += bprintf(list + n, sizeof(list) - n, " /%s", cmd->name);
		found = cmd;
		matches++;
		if (!(cmd->flags & CMD_SECOND)) {
			first = cmd;
			firsts++;
		}
	}
	if (firsts == 1)
		return first;
	if (matches == 1)
		return found;
	if (matches > 1)
		tell(c, "/%.*s could be any of:%s", (int)name.n, name.p, list);
	else
		tell(c, "There is no command /%.*s; /help lists all.", (int)MIN(name.n, 40u),
		     name.p);
	return NULL;
}

/* --- dispatching -------------------------------------------------------------------- */

/* False: wrong number. */
static bool
split_args(const struct cmd *cmd, struct str rest, struct cmd_args *a)
{
	rest = str_trim(rest);
	while (rest.n > 0 && a->n < cmd->max) {
		if (a->n + 1u == cmd->max && cmd->flags & CMD_REST) {
			a->v[a->n++] = str_trim(rest);
			rest.n = 0;
		} else {
			str_next(&rest, ' ', &a->v[a->n++]);
		}
	}
	return rest.n == 0 && a->n >= cmd->min;
}

static enum cmd_done
run(struct conn *c, const struct cmd *cmd, struct str rest)
{
	struct cmd_args a = {.v = {STR_LIT(""), STR_LIT(""), STR_LIT("")}};

	if (!split_args(cmd, rest, &a)) {
		tell(c, "Usage: /%s %s", cmd->name, cmd->usage);
		return CMD_DONE;
	}
	if (cmd->flags & CMD_ROOM && c->cur == NULL) {
		tell(c, "You are in no room: /join ROOM first.");
		return CMD_DONE;
	}
	conn_charge(c, cmd->cost);
	cmd->fn(c, &a);
	return CMD_DONE;
}

enum cmd_done
cmd_line(struct conn *c, struct str line)
{
	struct str rest = line, name;
	const struct cmd *cmd;

	str_next(&rest, ' ', &name);
	if (line.n > 0 && line.p[0] == ' ')
		name.n = 0;
	cmd = find_exact(name);
	if (cmd == NULL || !(cmd->flags & CMD_PIPE)) {
		/* what /m and the like mean is only told, or done, when it is its turn */
		if (c->pending > 0)
			return CMD_WAIT;
		cmd = find(c, name);
	}
	return cmd != NULL ? run(c, cmd, rest) : CMD_DONE;
}

/* Does line begin with the word, and is that all of it ('!': or followed by a space)? */
static bool
word_matches(struct str line, const char *word)
{
	size_t n = strlen(word);

	if (word[0] == '!' && line.n > n && line.p[n] == ' ')
		line.n = n;
	return cmd_same(line, word);
}

enum cmd_done
cmd_word(struct conn *c, struct str line)
{
	static const struct str none = {"", 0};
	struct str whole = str_trim(line);

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if ((whole.p[0] | 32) != (words[i].word[0] | 32) ||
		    !word_matches(whole, words[i].word))
			continue;
		if (c->pending > 0)
			return CMD_WAIT;
		return run(c, find_exact(str_of(words[i].cmd)), none);
	}
	/* "NICK name", in capitals and with one word: text would hardly look like it */
	if (whole.n > 5 && memcmp(whole.p, "NICK ", 5) == 0 &&
	    memchr(whole.p + 5, ' ', whole.n - 5) == NULL) {
		if (c->pending > 0)
			return CMD_WAIT;
		return run(c, find_exact(STR_LIT("nick")), (struct str){whole.p + 5, whole.n - 5});
	}
	return CMD_NOT;
}

/* --- /help -------------------------------------------------------------------------- */

#define HELP_COLUMNS 79
#define HELP_INDENT 27

/* head, and text beside it from column `indent` on, in lines that a terminal shows as they are. */
static void
tell_beside(struct conn *c, const char *head, int indent, const char *text)
{
	size_t room = (size_t)(HELP_COLUMNS - indent), n;

	while (*text != '\0') {
		n = strlen(text);
		if (n > room) {
			for (n = room; n > 0 && text[n] != ' '; n--)
				;
			n = n == 0 ? room : n;
		}
		tell(c, "%-*s %.*s", indent - 1, head, (int)n, text);
		head = "";
		text += n;
		text += strspn(text, " ");
	}
}

void
cmd_help(struct conn *c, const struct cmd_args *a)
{
	struct str name = a->v[0];
	const struct cmd *cmd;
	char head[64];

	if (a->n > 0) {
		if (name.p[0] == '/') {
			name.p++;
			name.n--;
		}
		cmd = find(c, name);
		if (cmd == NULL)
			return;
		bprintf(head, sizeof(head), "/%s %s:", cmd->name, cmd->usage);
		tell_beside(c, head, (int)strlen(head) + 1, cmd->help);
		tell(c, "  Example: %s", cmd->example);
		return;
	}
	tell(c, "Commands (beginnings of them do, if they are unique; /help COMMAND explains):");
	for (cmd = cmd_table; cmd->name != NULL; cmd++) {
		if (cmd->flags & CMD_HIDDEN)
			continue;
		bprintf(head, sizeof(head), "  /%s %s", cmd->name, cmd->usage);
		tell_beside(c, head, HELP_INDENT, cmd->help);
	}
	tell_beside(c, "  TEXT@NAME", HELP_INDENT, "the same as /msg NAME TEXT; \\@ is a plain @");
	tell_beside(c, "  show@Server, !INFO", HELP_INDENT, "who is here");
	tell_beside(c, "  quit@Server, !DISCONNECT", HELP_INDENT, "log out");
}
