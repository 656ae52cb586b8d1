/* session.c - see session.h. */
#include "config.h"

#include "worker/session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/at.h"
#include "registry/registry.h"
#include "worker/account.h"
#include "worker/cmd.h"
#include "worker/cmd_account.h"
#include "worker/files.h"
#include "worker/history.h"
#include "worker/input.h"
#include "worker/outq.h"
#include "worker/reader.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/secret.h"
#include "worker/tongue.h"
#include "worker/words.h"
#include "worker/worker.h"

#define PROMPT "What name would you like to be called with?\r\n"
#define BALANCE_ROOM 1024

static const char instructions[] =
    "Type anything to say it to the room; TEXT@NAME says it to NAME alone.\r\n"
    "Type show@Server or /who to see who is here, /help for all commands.\r\n"
    "Type !INFO to view the information about the chat room.\r\n"
    "Type !DISCONNECT, quit@Server or /quit to log out.\r\n";

static struct slice greeting, prompt, instructed; /* in the kept part of the arena */

void
session_init(void)
{
	char host[256] = "", text[1024];
	size_t n;

	gethostname(host, sizeof(host) - 1);
	n = bprintf(text, sizeof(text), "Welcome to %s, a chat server.\r\n" PROMPT,
		    proc.opt.name[0] != '\0' ? proc.opt.name : host);
	greeting = arena_copy(text, n);
	prompt = arena_copy(PROMPT, sizeof(PROMPT) - 1);
	instructed = arena_copy(instructions, sizeof(instructions) - 1);
	arena_keep();
}

static void
session_begin(struct conn *c)
{
	outq_ref(c, greeting);
}

/* --- choosing a name ---------------------------------------------------------------- */

bool
session_is_http(struct str s)
{
	static const char *const verbs[] = {"GET ",     "POST ",    "HEAD ",  "PUT ",  "DELETE ",
					    "OPTIONS ", "CONNECT ", "TRACE ", "PATCH "};

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (s.n >= strlen(verbs[i]) && memcmp(s.p, verbs[i], strlen(verbs[i])) == 0)
			return true;
	}
	return false;
}

static bool
is_farewell(struct str s)
{
	return cmd_same(s, "/quit") || cmd_same(s, "quit@server") || cmd_same(s, "!exit") ||
	       cmd_same(s, "!disconnect");
}

void
session_ask_name(struct conn *c)
{
	outq_ref(c, prompt);
}

static bool line_was_unclean;

bool
session_line_was_unclean(void)
{
	return line_was_unclean;
}

static void
take_name(struct conn *c, struct str name)
{
	enum name_err err;

	name = str_trim(name);
	if (name.n > 5 && strncasecmp(name.p, "NICK ", 5) == 0)
		name = str_trim((struct str){name.p + 5, name.n - 5});
	if (name.n == 0) {
		session_ask_name(c);
		return;
	}
	if (session_is_http(name)) {
		count(CTR_dropped_input);
		conn_end(c, "HTTP", false);
		return;
	}
	if (is_farewell(name)) {
		tell(c, "You are now logged out");
		conn_end(c, "left", false);
		return;
	}
	err = line_was_unclean ? NAME_BAD_CHAR : name_check(name.p, name.n);
	if (err != NAME_OK) {
		tell(c, "%s", name_strerror(err));
		session_ask_name(c);
		return;
	}
	if (!account_asks(c, name))
		request_login(c, name, STR_LIT(""), STR_LIT(""));
}

static void
name_refused(struct conn *c, unsigned err, struct str arg)
{
	char why[512];

	words_refused(c, err, arg);
	if (err == ERR_NICK_BAD || err == ERR_NICK_TAKEN || err == ERR_NICK_RESERVED ||
	    err == ERR_NICK_LOOKS)
		session_ask_name(c);
	else
		conn_end(c, chat_err_text(err, arg.p, arg.n, why, sizeof(why)), true);
}

static void
instruct(struct conn *c)
{
	outq_ref(c, instructed);
	if (files_on())
		tell(c,
		     "Type !FILE to share a file with the room, image@NAME to send NAME an image.");
}

static void
session_named(struct conn *c, const struct m_e_login *e)
{
	tell(c, "Connected to the chat room as %s", c->name);
	if (e->reserved > 0)
		words_reserved(c, e->name, e->reserved);
	instruct(c);
	if (proc.opt.room_default[0] != '\0')
		request_join(c, ASKED_ENTER, str_of(proc.opt.room_default), STR_LIT(""));
	else if (worker.reg != NULL)
		tell(c, "%u logged in. /join ROOM takes you into a room, /rooms lists them.",
		     (unsigned)registry_users(worker.reg));
}

static void
session_moving(struct conn *c, const struct m_e_attach *e)
{
	(void)c;
	(void)e;
}

/* In which rooms it is, as it joined none itself. */
static void
tell_rooms(struct conn *c)
{
	char list[1024];
	size_t n = 0;

	list[0] = '\0';
	for (unsigned i = 0; i < c->nrooms && n < sizeof(list) - ROOM_BYTES_MAX - 8; i++)
		n += bprintf(list + n, sizeof(list) - n, "%s" STR_FMT, i > 0 ? ", " : "",
			     STR_ARG(room_name(c->rooms[i].room)));
	if (c->nrooms > 1)
		tell(c, "You are in %u rooms: %s", c->nrooms, list);
	words_fall_back(c);
}

static void
session_attached(struct conn *c, const struct m_e_attach *e, bool moved)
{
	if (!moved) {
		tell(c, "Connected to the chat room as %s", c->name);
		instruct(c);
	} else {
		tell(c, "You are now %s", c->name);
	}
	tell(c, "You are here %u times: each of these connections sees what the others send.",
	     e->sessions);
	if (e->away.n > 0)
		tell(c, "You are away: " STR_FMT, STR_ARG(e->away));
	tell_rooms(c);
}

/* --- messages ----------------------------------------------------------------------- */

/* It was not sent, and why. */
static void
not_sent(struct conn *c, const char *why)
{
	tell(c, "Couldn't send message :( %s.", why);
}

void
session_say(struct conn *c, struct str text, unsigned kind)
{
	if (text.n == 0)
		return;
	if (c->cur == NULL)
		not_sent(c, "you are in no room: /join ROOM");
	else
		request_say(
		    c, &(struct saying){.room = c->cur->id, .kind = (uint8_t)kind, .text = text});
}

void
session_dm(struct conn *c, struct str to, struct str text, unsigned kind)
{
	if (to.n > NAME_BYTES_MAX)
		not_sent(c, "nobody has such a long name");
	else if (text.n == 0)
		not_sent(c, "there is nothing to send");
	else
		request_dm(c, &(struct saying){.to = to, .kind = (uint8_t)kind, .text = text});
}

void
session_set_room(struct conn *c, struct room *r)
{
	c->cur = r;
}

/* --- /paste ------------------------------------------------------------------------- */

static void
paste_free(struct conn *c)
{
	if (c->paste == NULL)
		return;
	free(c->paste->text);
	free(c->paste);
	c->paste = NULL;
}

/* The whole message; closing what a bidi control opened may need a little more than the limit. */
static void
paste_send(struct conn *c)
{
	struct paste *p = c->paste;
	struct str text;

	if (p->overflow) {
		tell(c, "Couldn't send message :( more than %d lines or %d bytes.", TEXT_LINES_MAX,
		     TEXT_MAX);
	} else if (p->len == 0) {
		tell(c, "Nothing to send.");
	} else {
		text = (struct str){p->text, text_balance(p->text, p->len, TEXT_MAX)};
		session_say(c, text, MSG_TEXT);
	}
	paste_free(c);
}

static void
paste_line(struct conn *c, struct str line)
{
	struct paste *p = c->paste;

	if (str_eq(line, STR_LIT("."))) {
		paste_send(c);
		return;
	}
	if (p->overflow || p->lines == TEXT_LINES_MAX || p->len + line.n + 1 > TEXT_MAX) {
		p->overflow = true;
		return;
	}
	if (p->text == NULL)
		p->text = xcalloc(1, TEXT_MAX);
	if (p->lines++ > 0)
		p->text[p->len++] = '\n';
	memcpy(p->text + p->len, line.p, line.n);
	p->len += line.n;
}

/* --- lines -------------------------------------------------------------------------- */

/* "image@name", "file@#room": is a file to be sent? */
static bool
shares(const struct at *at)
{
	struct str word = at_word(at);

	return cmd_same(word, "image") || cmd_same(word, "file");
}

/* Text that is neither a command nor a word. p may be changed. */
static bool
plain_line(struct conn *c, char *p, size_t n)
{
	struct at at = at_split(p, n);

	if (at.kind != AT_ROOM && shares(&at)) {
		if (c->pending > 0)
			return false;
		cmd_file_to(c, at.kind == AT_TO_ROOM, at.to);
		return true;
	}
	if (at.kind == AT_USER) {
		session_dm(c, at.to, at.text, MSG_TEXT);
		return true;
	}
	if (c->flags & CONN_DIRECT || c->cur == NULL) {
		if (c->pending > 0)
			return false;
		if (c->flags & CONN_DIRECT)
			tell(c, "Server: Something is wrong with format... "
				"Your message should contain \"@\"");
		else
			not_sent(c, "you are in no room: /join ROOM");
		return true;
	}
	session_say(c, at.text, MSG_TEXT);
	return true;
}

/* A clean line in memory with room for cap bytes. */
static bool
clean_line(struct conn *c, char *p, size_t n, size_t cap)
{
	struct str line = str_trim((struct str){p, n});
	enum cmd_done done;

	if (c->state == CONN_NAMING && accounts_awaited()) {
		input_again(c); /* nobody knows yet whose name it is */
		return false;
	}
	if (c->state == CONN_NAMING) {
		take_name(c, line);
		return true;
	}
	if (c->paste != NULL) {
		if (c->pending > 0 && n == 1 && p[0] == '.')
			return false;
		paste_line(c, (struct str){p, n});
		return true;
	}
	if (line.n == 0)
		return true; /* an empty line sends nothing */
	n = text_balance(p, n, cap);
	if (p[0] == '/')
		done = cmd_line(c, (struct str){p + 1, n - 1});
	else
		done = cmd_word(c, line);
	if (done != CMD_NOT)
		return done == CMD_DONE;
	return plain_line(c, p, n);
}

static bool
line_taken(struct conn *c)
{
	count(CTR_lines_in_total);
	if (!(c->flags & CONN_ENDED))
		conn_touch(c);
	return true;
}

static bool
session_line(struct conn *c, char *p, size_t n)
{
	/* A copy, because a line that has to wait is needed again as it came. */
	static char line[LINE_BYTES_MAX + BALANCE_ROOM];
	bool taken;

	if (c->secret != NULL) {
		secret_line(c, p, n);
		return line_taken(c);
	}
	if (memchr(p, '\0', n) != NULL || !text_utf8_ok(p, n)) {
		if (c->pending > 0)
			return false;
		count(CTR_lines_refused_total);
		tell(c, "That line is not UTF-8 text, it was not taken.");
		return true;
	}
	memcpy(line, p, n);
	line_was_unclean = !text_is_clean(line, n, 0);
	if (line_was_unclean)
		n = text_clean(line, n, 0);
	taken = clean_line(c, line, n, sizeof(line));
	if (line[0] == '/') /* a password may be in it */
		explicit_bzero(line, n);
	return taken && line_taken(c);
}

/* --- answers ------------------------------------------------------------------------ */

static void
session_ok(struct conn *c, enum asked_for what, const struct m_e_ok *e)
{
	(void)what;
	tell(c, STR_FMT, STR_ARG(e->text.n > 0 ? e->text : STR_LIT("Done.")));
}

static void
session_refused(struct conn *c, enum asked_for what, const struct m_e_refused *e)
{
	char why[640];

	if (what == ASKED_LOGIN)
		name_refused(c, e->code, e->arg);
	else if (what == ASKED_SAY || what == ASKED_DM)
		not_sent(c, refused_text(e, why, sizeof(why)));
	else if (what == ASKED_UPLOAD && e->code == ERR_NO_SUCH_USER)
		tell(c, "Recipient does not exist");
	else
		tell(c, "Sorry, %s.", refused_text(e, why, sizeof(why)));
}

static bool
session_too_long(struct conn *c, char *p, size_t n)
{
	(void)p;
	(void)n;
	if (c->secret != NULL)
		secret_too_long(c);
	else
		tell(c, "That line is too long: at most %d bytes. It was not sent.",
		     LINE_BYTES_MAX);
	count(CTR_lines_refused_total);
	return true;
}

static void
session_words(struct conn *c, const char *text, size_t n)
{
	/* topics and reasons are among them, with IRC's formatting in it */
	static char copy[RENDER_COPY];
	struct shown s = {.what = SHOWN_NOTE, .text = {text, n}};
	char *out;

	render_clean(&s, copy);
	out = arena_room(s.text.n + 2);
	memcpy(out, s.text.p, s.text.n);
	memcpy(out + s.text.n, "\r\n", 2);
	outq_ref(c, arena_commit(s.text.n + 2));
}

static void
session_answered(struct conn *c)
{
	history_due(c);
}

/* --- the end ------------------------------------------------------------------------ */

static void
session_ended(struct conn *c, const char *reason)
{
	(void)reason;
	paste_free(c);
	secret_free(c);
	reader_forget(c);
	for (unsigned i = 0; c->ignores != NULL && i < c->ignores->n; i++) {
		free(c->ignores->name[i]);
		free(c->ignores->fold[i]);
	}
	free(c->ignores);
	c->ignores = NULL;
	c->flags &= ~(unsigned)CONN_IGNORES;
}

const struct tongue tongue_telnet = {
    .begin = session_begin,
    .line = session_line,
    .too_long = session_too_long,
    .words = session_words,
    .named = session_named,
    .moving = session_moving,
    .attached = session_attached,
    .ok = session_ok,
    .refused = session_refused,
    .told = words_told,
    .answered = session_answered,
    .end = session_ended,
};
