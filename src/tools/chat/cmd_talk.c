/* cmd_talk.c - commands that say something, send a file, change or take back what was said, or show it again. */
#include "config.h"

#include "cmd_priv.h"

#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "proto/at.h"

/* --- now ------------------------------------------------------------------------------------- */

void
c_say(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	cmd_say_here(s, a[0], false);
}

void
c_me(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	cmd_say_here(s, a[0], true);
}

void
c_msg(struct session *s, struct str *a, unsigned n)
{
	(void)n;
	cmd_say_to(s, a[0], a[1]);
}

void
c_paste(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	if (s->cur == NULL) {
		cmd_no_room(s);
		return;
	}
	buf_drop(&s->paste, s->paste.len);
	s->pasting = true;
	session_note(s, "Go on: a line with a single . sends them.");
}

void
c_quit(struct session *s, struct str *a, unsigned n)
{
	char reason[400];

	(void)n;
	bprintf(reason, sizeof(reason), STR_FMT, STR_CUT(a[0], 300));
	session_note(s, "You are now logged out");
	session_quit(s, reason);
}

void
c_left(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	session_note(s, "Leaving the chat room...");
	session_note(s, "Left the chat room");
	session_quit(s, "");
}

void
c_connected(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	session_note(s, "*** %s Connected *** (everybody has been told)", s->nick);
}

void
c_edit(struct session *s, struct str *a, unsigned n)
{
	struct str rest = a[0], first = cmd_word(&rest);
	char id[IRC_MSGID_LEN];
	uint64_t seq;

	(void)n;
	if (s->cur == NULL) {
		cmd_no_room(s);
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

void
c_file(struct session *s, struct str *a, unsigned n)
{
	char line[1024], to[ROOM_BYTES_MAX + 2];
	struct at at;

	(void)n;
	bprintf(line, sizeof(line), STR_FMT, STR_ARG(a[0]));
	at = at_split(line, strlen(line));
	if (at.kind == AT_ROOM && (s->cur == NULL || a[0].n >= sizeof(line))) {
		cmd_no_room(s);
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

void
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
		cmd_no_room(s);
	else
		ask_for(s, ASK_IMAGE, to);
}

void
c_save(struct session *s, struct str *a, unsigned n)
{
	char which[16];

	(void)n;
	bprintf(which, sizeof(which), STR_FMT, STR_CUT(a[0], 15));
	s->front->save(s->arg, which);
}

/* --- what was said before -------------------------------------------------------------------- */

static void
history(struct session *s, struct room *r, unsigned n, bool before)
{
	char id[IRC_MSGID_LEN];
	unsigned max = MIN(n > 0 ? n : 20u, s->page);

	if (r == NULL) {
		cmd_no_room(s);
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

void
c_history(struct session *s, struct str *a, unsigned n)
{
	struct room *r = s->cur;
	unsigned lines = 0;

	s->show_ids = false;
	while (n > 0 && a[0].n > 0) {
		struct str w = cmd_word(&a[0]);

		s->show_ids |= cmd_is(w, "ids");
		if (w.p[0] == '@' && w.n > 1 && w.n <= NICK_MAX)
			r = room_new(s, (struct str){w.p + 1, w.n - 1}, true);
		else if (w.p[0] == '#')
			r = room_of(s, w);
		for (size_t i = 0; i < w.n && i < 5 && w.p[i] >= '0' && w.p[i] <= '9'; i++)
			lines = lines * 10 + (unsigned)(w.p[i] - '0');
	}
	history(s, r, lines, false);
}

void
c_more(struct session *s, struct str *a, unsigned n)
{
	(void)a;
	(void)n;
	if (s->asked_page == NULL || s->oldest == 0)
		session_note(s, "There is nothing to go on with: /history first.");
	else
		history(s, s->asked_page, 20, true);
}

void
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
		struct str w = cmd_word(&a[0]);

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

void
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

void
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
