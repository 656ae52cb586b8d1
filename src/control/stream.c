/* stream.c - what goes on until the client ends it: events, and chat with one user.
 *
 * The broker sends presence events of everybody only while somebody wants them. It forgets that
 * when it dies; a new broker is told again (stream_again). A client that does not read misses
 * events and is told how many, it does not make anybody wait.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control/control.h"
#include "ipc/sublink.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/util.h"

#define STREAM_HIGH (1u << 20) /* bytes on their way beyond which a client misses things */

static const struct column event_columns[] = {
    {"time", "TIME", 20, false},       {"event", "EVENT", 6, false},    {"user", "USER", 16, false},
    {"room", "ROOM", 12, false},       {"by", "BY", 8, false},          {"old", "WAS", 8, false},
    {"address", "ADDRESS", 15, false}, {"reason", "REASON", 12, false},
};

/* Requests of our own, whose answers nobody waits for. */
static void
tell_broker(unsigned op, const char *target, const char *arg)
{
	static char frame[2048];
	struct m_r_admin m = {.op = (uint8_t)op,
			      .level = LEVEL_OPERATE,
			      .target = str_of(target),
			      .arg = str_of(arg)};

	sublink_request(control_broker, frame, m_r_admin_put(frame, sizeof(frame), &m));
}

static bool
follows(const struct conn *c)
{
	return c->busy && c->req.cmd != NULL && c->w.list &&
	       (c->req.id == CTL_CMD_events || c->req.id == CTL_CMD_chat);
}

static bool
chats(const struct conn *c)
{
	return follows(c) && c->req.id == CTL_CMD_chat && c->id != 0;
}

static unsigned
how_many(bool (*fn)(const struct conn *c))
{
	unsigned n = 0;

	for (const struct conn *c = conns; c != NULL; c = c->next)
		n += fn(c);
	return n;
}

void
stream_again(void)
{
	if (how_many(follows) > 0)
		tell_broker(ADMIN_FOLLOW, "", "on");
	for (const struct conn *c = conns; c != NULL; c = c->next) {
		if (chats(c))
			tell_broker(ADMIN_CHAT_OPEN, c->name, "");
	}
}

void
stream_forget(struct conn *c)
{
	/* Each console that the broker opened is closed, one that it is about to open too. */
	if (c->req.cmd != NULL && c->req.id == CTL_CMD_chat && (chats(c) || c->serial != 0))
		tell_broker(ADMIN_CHAT_CLOSE, c->name, "");
	if (follows(c) && how_many(follows) == 1)
		tell_broker(ADMIN_FOLLOW, "", "off");
}

/* --- events ------------------------------------------------------------------------------- */

/* One presence event, whatever its kind. */
struct news {
	const char *event;
	uint64_t at, user;
	struct str name, room, by, old, address, reason;
};

static bool
read_news(unsigned type, const void *frame, size_t len, struct news *n)
{
	static const char *const quits[] = {"left",   "lost",    "kicked",   "banned",
					    "worker", "stopped", "internal", "killed"};
	struct m_e_login login;
	struct m_e_quit quit;
	struct m_e_nick nick;
	struct m_e_join join;
	struct m_e_part part;
	struct m_e_kick kick;

	*n = (struct news){0};
	if (type == MSG_e_login && m_e_login_get(frame, len, &login)) {
		*n = (struct news){"login", login.at, login.user, login.name,
				   .address = login.address};
	} else if (type == MSG_e_quit && m_e_quit_get(frame, len, &quit)) {
		*n = (struct news){"quit",
				   quit.at,
				   quit.user,
				   quit.name,
				   .by = quit.by,
				   .reason = quit.reason,
				   .address = quit.address};
		if (n->reason.n == 0 && quit.why < ARRAY_LEN(quits))
			n->reason = str_of(quits[quit.why]);
	} else if (type == MSG_e_nick && m_e_nick_get(frame, len, &nick)) {
		*n = (struct news){"nick", nick.at, nick.user, nick.name, .old = nick.old};
	} else if (type == MSG_e_join && m_e_join_get(frame, len, &join)) {
		*n = (struct news){"join",    join.at,        join.user,
				   join.name, join.room_name, .address = join.address};
	} else if (type == MSG_e_part && m_e_part_get(frame, len, &part)) {
		*n = (struct news){"part",    part.at,        part.user,
				   part.name, part.room_name, .reason = part.reason};
	} else if (type == MSG_e_kick && m_e_kick_get(frame, len, &kick)) {
		*n = (struct news){"kick",
				   kick.at,
				   kick.user,
				   kick.name,
				   kick.room_name,
				   kick.by_name,
				   .reason = kick.reason};
	}
	return n->event != NULL;
}

static void
put_str(struct writer *w, const char *key, struct str s)
{
	if (s.n > 0)
		writer_str(w, key, s.p, s.n);
}

static void
show_news(struct conn *c, const struct news *n)
{
	struct writer *w = &c->w;

	if (c->out.len >= STREAM_HIGH) {
		c->after++;
		return;
	}
	writer_row(w);
	writer_time(w, "time", n->at);
	writer_s(w, "event", n->event);
	put_str(w, "user", n->name);
	put_str(w, "room", n->room);
	put_str(w, "by", n->by);
	put_str(w, "old", n->old);
	put_str(w, "address", n->address);
	put_str(w, "reason", n->reason);
	if (c->after > 0)
		writer_u64(w, "missed", c->after);
	writer_row_end(w);
	if (c->after > 0 && w->format == CTL_TABLE) {
		char s[64];

		buf_append(&w->body, s,
			   bprintf(s, sizeof(s), "(%" PRIu64 " events were not read in time)\n",
				   c->after));
	}
	c->after = 0;
	conn_more(c);
}

void
cmd_events(struct conn *c)
{
	writer_list(&c->w, NULL, event_columns, ARRAY_LEN(event_columns));
	conn_more(c);
	if (how_many(follows) == 1)
		tell_broker(ADMIN_FOLLOW, "", "on");
}

/* --- chat ----------------------------------------------------------------------------------- */

/* One line, or each of several, as "NAME: text"; in JSON one object. */
static void
show_line(struct conn *c, const char *key, struct str name, struct str text)
{
	struct writer *w = &c->w;

	if (c->out.len >= STREAM_HIGH)
		return;
	if (w->format != CTL_TABLE) {
		writer_row(w);
		writer_time(w, "time", wall_ms());
		writer_str(w, "from", name.p, name.n);
		writer_str(w, key, text.p, text.n);
		writer_row_end(w);
		conn_more(c);
		return;
	}
	while (true) {
		const char *nl = memchr(text.p, '\n', text.n);
		size_t n = nl != NULL ? (size_t)(nl - text.p) : text.n;

		ctl_show(&w->body, name.p, name.n, false);
		buf_append(&w->body, ": ", 2);
		ctl_show(&w->body, text.p, n, false);
		buf_append(&w->body, "\n", 1);
		if (nl == NULL)
			break;
		text.p += n + 1;
		text.n -= n + 1;
	}
	conn_more(c);
}

/* The master's log says that it happened, not what was said. */
static void
chat_log(const struct conn *c, const char *what)
{
	char actor[64];

	conn_actor(c, actor);
	log_notice("%s: chat with %s %s", actor, c->name, what);
}

static void
chat_said(struct conn *c, unsigned type, const void *frame, size_t len)
{
	conn_refused(c, type, frame, len);
}

static void
chat_line(struct conn *c, char *line, size_t n)
{
	if (strcmp(line, "/quit") == 0) {
		conn_done(c);
		return;
	}
	if (strlen(line) != n || !text_utf8_ok(line, n)) {
		show_line(c, "error", STR_LIT("!"),
			  STR_LIT("not sent: the line is not UTF-8 text"));
		return;
	}
	n = text_clean(line, n, 0);
	n = text_balance(line, n, CTL_LINE_MAX);
	if (n > 0)
		conn_admin(c, ADMIN_CHAT_SAY, c->name, (struct str){line, n}, 0, chat_said);
}

static void
chat_opened(struct conn *c, unsigned type, const void *frame, size_t len)
{
	static const struct column none[1] = {{"text", "", 0, false}};
	struct m_e_ok ok;

	if (conn_refused(c, type, frame, len))
		return;
	if (type != MSG_e_ok || !m_e_ok_get(frame, len, &ok) || ok.user == 0) {
		conn_fail(c, CTL_INTERNAL, "the broker said something else");
		return;
	}
	c->id = ok.user;
	writer_list(&c->w, NULL, none, 1);
	c->w.headed = true; /* lines, not a table */
	c->line = chat_line;
	if (how_many(follows) == 1)
		tell_broker(ADMIN_FOLLOW, "", "on");
	chat_log(c, "begins");
	show_line(c, "text", STR_LIT("Server"), STR_LIT("you are connected; /quit ends this"));
}

void
cmd_chat(struct conn *c)
{
	if (strlen(c->req.args[0]) > NAME_BYTES_MAX) {
		conn_fail(c, CTL_NOT_FOUND, "nobody here is called %s", c->req.args[0]);
		return;
	}
	bprintf(c->name, sizeof(c->name), "%s", c->req.args[0]);
	conn_admin(c, ADMIN_CHAT_OPEN, c->name, STR_LIT(""), 0, chat_opened);
}

/* --- from the broker -------------------------------------------------------------------------- */

static void
chat_news(struct conn *c, const struct news *n)
{
	char text[REASON_MAX + 64];

	if (n->user != c->id)
		return;
	if (strcmp(n->event, "nick") == 0) {
		bprintf(c->name, sizeof(c->name), STR_FMT, STR_ARG(n->name));
		bprintf(text, sizeof(text), "is now known as %s", c->name);
		show_line(c, "text", n->old, str_of(text));
	} else if (strcmp(n->event, "quit") == 0) {
		show_line(c, "text", n->name, STR_LIT("has left"));
		conn_done(c);
	}
}

void
stream_event(unsigned type, const void *frame, size_t len)
{
	struct m_e_dm dm;
	struct news news;
	bool is_dm = type == MSG_e_dm && m_e_dm_get(frame, len, &dm);
	bool is_news = !is_dm && read_news(type, frame, len, &news);

	if (!is_dm && !is_news)
		return;
	for (struct conn *c = conns, *next; c != NULL; c = next) {
		next = c->next;
		if (!follows(c))
			continue;
		if (is_dm && dm.to == 0 && chats(c) && dm.from == c->id)
			show_line(c, "text", dm.name, dm.text);
		else if (is_news && chats(c))
			chat_news(c, &news);
		else if (is_news && c->req.id == CTL_CMD_events)
			show_news(c, &news);
		else
			continue;
		conn_pump(c);
	}
}
