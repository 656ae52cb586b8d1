/* cmd_history.c - what was said: shown, searched, exported, deleted. Rows come as the events that they were, a page at a time. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "control/control.h"
#include "ipc/file.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "proto/query.h"

#define ROWS 50

static const struct column columns[] = {
    {"time", "TIME", 20, false}, {"where", "WHERE", 12, false}, {"event", "EVENT", 7, false},
    {"from", "FROM", 12, false}, {"to", "TO", 4, false},        {"text", "TEXT", 20, false},
};

/* A row, whatever event it was. */
struct said {
	const char *event;
	uint64_t seq, at;
	struct str room, from, uhost, account, to, to_account, text;
	bool direct; /* between two people */
	char file[2 * FILE_ID]; /* id of what it shares, empty: nothing */
};

static const char *const kinds[MSG_KINDS] = {"message", "action",     "notice",
					     "ctcp",    "ctcp-reply", "tags"};

static char mode_text[1024];

/* "+op alice -moderated" */
static struct str
modes(struct str list)
{
	struct mode_change m;
	size_t n = 0;

	mode_text[0] = '\0';
	while (mode_next(&list, &m) && n + 1 < sizeof(mode_text))
		n += bprintf(mode_text + n, sizeof(mode_text) - n, "%s%c%s%s" STR_FMT,
			     n > 0 ? " " : "", m.on ? '+' : '-', mode_word(m.op),
			     m.arg.n > 0 ? " " : "", STR_ARG(m.arg));
	return (struct str){mode_text, n};
}

/* What all events say in the same words. */
#define SAID(event_, e_) \
	(struct said) \
	{ \
		.event = (event_), .seq = (e_).seq, .at = (e_).at, .from = (e_).name, \
		.uhost = (e_).uhost, .account = (e_).account \
	}
#define ROW(type) \
	struct m_##type e; \
	if (!m_##type##_get(frame, len, &e)) \
	return false

/* A message that shares a file: its text is the name. */
static void
shares(struct said *s, struct str packed)
{
	struct file_facts f;

	if (packed.n == 0 || !file_get(packed, &f))
		return;
	s->event = "file";
	base64url_encode(f.id, sizeof(f.id), s->file);
}

static bool
row_say(const void *frame, size_t len, struct said *s)
{
	ROW(e_say);
	*s = SAID(kinds[e.kind < MSG_KINDS ? e.kind : 0], e);
	s->room = e.room_name;
	s->text = e.text;
	shares(s, e.file);
	return true;
}

static bool
row_dm(const void *frame, size_t len, struct said *s)
{
	ROW(e_dm);
	*s = SAID(kinds[e.kind < MSG_KINDS ? e.kind : 0], e);
	s->to = e.to_name;
	s->to_account = e.to_account;
	s->direct = true;
	s->text = e.text;
	shares(s, e.file);
	return true;
}

static bool
row_join(const void *frame, size_t len, struct said *s)
{
	ROW(e_join);
	*s = SAID("join", e);
	s->room = e.room_name;
	return true;
}

static bool
row_part(const void *frame, size_t len, struct said *s)
{
	ROW(e_part);
	*s = SAID("part", e);
	s->room = e.room_name;
	s->text = e.reason;
	return true;
}

static bool
row_quit(const void *frame, size_t len, struct said *s)
{
	ROW(e_quit);
	*s = SAID("quit", e);
	s->text = e.reason;
	return true;
}

static bool
row_nick(const void *frame, size_t len, struct said *s)
{
	ROW(e_nick);
	*s = SAID("nick", e);
	s->from = e.old;
	s->to = e.name;
	return true;
}

static bool
row_kick(const void *frame, size_t len, struct said *s)
{
	ROW(e_kick);
	*s = SAID("kick", e);
	s->room = e.room_name;
	s->from = e.by_name;
	s->to = e.name;
	s->text = e.reason;
	return true;
}

static bool
row_topic(const void *frame, size_t len, struct said *s)
{
	ROW(e_topic);
	*s = SAID("topic", e);
	s->room = e.room_name;
	s->text = e.text;
	return true;
}

static bool
row_mode(const void *frame, size_t len, struct said *s)
{
	ROW(e_mode);
	*s = SAID("mode", e);
	s->room = e.room_name;
	s->text = modes(e.changes);
	return true;
}

static bool
row_rename(const void *frame, size_t len, struct said *s)
{
	ROW(e_rename);
	*s = SAID("rename", e);
	s->room = e.room_name;
	s->to = e.to;
	s->text = e.reason;
	return true;
}

static const struct {
	unsigned type;
	bool (*get)(const void *frame, size_t len, struct said *s);
} rows[] = {
    {MSG_e_say, row_say},       {MSG_e_dm, row_dm},       {MSG_e_join, row_join},
    {MSG_e_part, row_part},     {MSG_e_quit, row_quit},   {MSG_e_nick, row_nick},
    {MSG_e_kick, row_kick},     {MSG_e_topic, row_topic}, {MSG_e_mode, row_mode},
    {MSG_e_rename, row_rename},
};

static bool
row_get(const void *frame, size_t len, struct said *s)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].type == ipc_type(frame))
			return rows[i].get(frame, len, s);
	}
	return false;
}

/* Empty is null. */
static void
put(struct writer *w, const char *key, struct str s)
{
	writer_str(w, key, s.n > 0 ? s.p : NULL, s.n);
}

static void
row_put(struct writer *w, const struct said *s)
{
	char id[IRC_MSGID_LEN], text[TEXT_MAX], direct[NAME_BYTES_MAX + 2];
	struct str words = s->text;

	irc_msgid_put(id, s->seq);
	/* where a text was cut in two, within a line, is IRC's alone to know */
	if (words.n > 0 && memchr(words.p, TEXT_CUT, words.n) != NULL) {
		memcpy(text, words.p, words.n);
		words.n = text_clean(text, words.n, TEXT_KEEP_NL | TEXT_KEEP_IRC);
		words.p = text;
	}
	writer_row(w);
	writer_time(w, "time", s->at);
	writer_str(w, "msgid", id, sizeof(id));
	writer_s(w, "event", s->event);
	/* where somebody looks for it with `history show`; to a program it is no place */
	bprintf(direct, sizeof(direct), "@" STR_FMT, STR_ARG(s->to));
	if (w->format == CTL_TABLE && s->direct)
		writer_s(w, "where", direct);
	else
		put(w, "where", s->room);
	put(w, "from", s->from);
	put(w, "host", s->uhost);
	put(w, "account", s->account);
	put(w, "to", s->to);
	put(w, "to_account", s->to_account);
	put(w, "text", words);
	put(w, "file", str_of(s->file));
	writer_row_end(w);
}

/* --- asking -------------------------------------------------------------------------------------------------- */

/* A question and where it goes on; its strings are the request's, or behind it. */
struct question {
	struct m_r_query q; /* of the next page */
	/* From the first row on, a page shown when it is there; else the last rows, gathered from the end. */
	bool all;
	/* Where each page begins in what has been gathered (c->kept), the last one first. */
	uint32_t npages;
	size_t pages[QUERY_ROWS_MAX];
	bool lacks; /* the newest may be missing: not written yet */
	bool late; /* the store had not found another row when its time was up */
	char words[QUERY_TEXT_MAX];
};

static void
show_rows(struct conn *c, struct str page)
{
	struct said s;
	struct str row;

	while (ipc_next(&page, &row)) {
		if (row_get(row.p, row.n, &s))
			row_put(&c->w, &s);
	}
}

/* How many rows there are, and the numbers of the first and the last. */
static uint32_t
how_many(struct str page, uint64_t *first_r, uint64_t *last_r)
{
	struct ev_head h;
	struct str row;
	uint32_t n = 0;

	for (*first_r = *last_r = 0; ipc_next(&page, &row); n++) {
		if (!ev_head_get(row.p, row.n, &h))
			continue;
		*first_r = *first_r != 0 ? *first_r : h.seq;
		*last_r = h.seq;
	}
	return n;
}

/* Behind the last row. Who goes on with an answer is to know that there is more. */
static void
end(struct conn *c)
{
	const struct question *k = c->state;

	writer_list_end(&c->w);
	if (!k->lacks && !k->late) {
		conn_done(c);
		return;
	}
	conn_more(c);
	conn_fail(c, CTL_REFUSED, "%s",
		  k->late
		      ? "not all has been found within store.query_time"
		      : "the newest lines may be missing: they are not written to the disk yet");
}

/* The pages that have been gathered, in the order of time. */
static void
show_gathered(struct conn *c)
{
	struct question *k = c->state;
	size_t from = k->pages[--k->npages];

	show_rows(c, (struct str){buf_data(&c->kept) + from, c->kept.len - from});
	c->kept.len = from;
	if (k->npages > 0)
		conn_page(c, show_gathered);
	else
		end(c);
}

static void ask(struct conn *c);

static void
answered(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct question *k = c->state;
	struct m_q_page m;
	uint64_t first, last;
	uint32_t got;

	if (type != MSG_q_page || !m_q_page_get(frame, len, &m)) {
		conn_fail(c, CTL_INTERNAL, "the store has answered something else");
		return;
	}
	got = how_many(m.rows, &first, &last);
	k->late = m.more && got == 0;
	if (k->all) {
		bool on = last > k->q.lo && (m.more || got == k->q.limit);

		show_rows(c, m.rows);
		k->q.lo = last;
		k->lacks = m.upto != 0; /* before the last page none is */
		if (on)
			conn_page(c, ask);
		else
			end(c);
		return;
	}
	k->lacks |= m.upto != 0 && k->npages == 0;
	k->pages[k->npages++] = c->kept.len;
	buf_append(&c->kept, m.rows.p, m.rows.n);
	k->q.hi = first;
	k->q.bounds &= (uint8_t)~QUERY_HI_TIME;
	k->q.limit -= MIN(got, k->q.limit);
	c->step = got > 0 && m.more && k->q.limit > 0 ? ask : show_gathered;
}

static void
ask(struct conn *c)
{
	static char out[IPC_FRAME_MAX];
	struct question *k = c->state;

	c->step = NULL;
	conn_ask(c, out, m_r_query_put(out, sizeof(out), &k->q), answered);
}

static struct question *
begin(struct conn *c, unsigned kind)
{
	struct question *k = xcalloc(1, sizeof(*k));

	k->q.kind = (uint8_t)kind;
	k->q.limit = c->req.rows != 0 ? (uint32_t)c->req.rows : ROWS;
	c->state = k;
	return k;
}

static void
go(struct conn *c)
{
	writer_list(&c->w, NULL, columns, ARRAY_LEN(columns));
	ask(c);
}

/* "lobby", "#lobby", "@alice", "*" */
static void
where(struct question *k, const char *arg)
{
	if (arg[0] == '@')
		k->q.name = str_of(arg + 1);
	else if (strcmp(arg, "*") != 0)
		k->q.room = str_of(arg + (arg[0] == '#'));
}

void
cmd_history_show(struct conn *c)
{
	where(begin(c, QUERY_LATEST), c->req.args[0]);
	go(c);
}

void
cmd_history_export(struct conn *c)
{
	struct question *k = begin(c, QUERY_FIRST);

	k->all = true;
	k->q.limit = QUERY_ROWS_MAX;
	k->q.flags = QUERY_EVENTS;
	if (!c->req.format_given && writer_can(CTL_JSONL))
		c->w.format = CTL_JSONL;
	where(k, c->req.args[0]);
	go(c);
}

void
cmd_history_search(struct conn *c)
{
	struct question *k = begin(c, QUERY_SEARCH);
	struct str typed = str_of(c->req.args[0]), bad;
	struct query_typed t;
	enum query_fault fault;

	fault = query_typed_get(typed, &t, k->words, sizeof(k->words), NULL, &bad);
	if (fault != QUERY_FINE) {
		conn_fail(c, CTL_BAD, "%s: " STR_FMT, query_strerror(fault), STR_ARG(bad));
		return;
	}
	k->q.room = t.room;
	k->q.name = t.peer;
	k->q.from = t.from;
	k->q.text = t.words;
	k->q.lo = t.after;
	k->q.hi = t.before;
	k->q.bounds =
	    (uint8_t)((t.after != 0 ? QUERY_LO_TIME : 0) | (t.before != 0 ? QUERY_HI_TIME : 0));
	go(c);
}

void
cmd_history_purge(struct conn *c)
{
	char args[600];

	if (strlen(c->req.args[0]) > 512 || strchr(c->req.args[0], '\x1f') != NULL) {
		conn_fail(c, CTL_NOT_FOUND, "there is no such room or account");
		return;
	}
	bprintf(args, sizeof(args), "%s\x1f%" PRIu64, c->req.args[0],
		c->req.older_s != 0 ? wall_ms() - c->req.older_s * 1000 : 0);
	conn_store(c, STORE_HISTORY_PURGE, args, store_done);
}
