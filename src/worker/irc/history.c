/* history.c - see history.h.
 *
 * Answers come in a batch where the client has asked for such; each line gets its tag as it is made by render.c, with the
 * time and the id that it had. What cannot be read looks like what is not there (INVALID_TARGET), whether the
 * room is private, another's, or none.
 *
 * Old clients: who can be told a line's time (server-time), but does not ask for history itself, is shown the last lines of a
 * room that it joins; a bot (+B) is not, for it would answer them. Messages that were kept for somebody have a
 * time before their text where there is no tag for it. An edited message is another one, marked as such, which is a
 * reply to the first: unaware clients show both, aware ones where it belongs.
 */
#include "config.h"

#include "worker/irc/history.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/util.h"
#include "proto/irc.h"
#include "worker/account.h"
#include "worker/arena.h"
#include "worker/fanout.h"
#include "worker/history.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/names.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/worker.h"

#define LINE_BYTES (IRC_TAGS_MAX + IRC_LINE_MAX + 64)

/* --- lines in a batch -------------------------------------------------------------------------------- */

/* type: what stands before the target. */
static void
batch_open(struct conn *c, struct question *q, const char *type)
{
	if (!(c->irc->caps & CAP_BATCH))
		return;
	q->batch = irc_batch_id();
	irc_from_me(c, "BATCH +h%u %s" STR_FMT, q->batch, type, STR_ARG(q->target));
}

static void
batch_close(struct conn *c, const struct question *q)
{
	if (q->batch != 0)
		irc_from_me(c, "BATCH -h%u", q->batch);
}

/* Is it of a batch within this one: has that one's tag, or ends it? What opens it is of this one. */
static bool
is_inner(const char *p, size_t n)
{
	const char *space = p[0] == '@' ? memchr(p, ' ', n) : NULL;
	struct str value;

	if (space != NULL)
		return irc_tag_find((struct str){p + 1, (size_t)(space - p - 1)}, "batch", &value);
	space = memchr(p, ' ', n);
	return space != NULL && n - (size_t)(space - p) > 8 && memcmp(space, " BATCH -", 8) == 0;
}

static void
line_in_batch(struct conn *c, const struct question *q, const char *p, size_t n)
{
	static char line[LINE_BYTES];
	bool tags = p[0] == '@';
	size_t head;

	if (q->batch == 0 || is_inner(p, n) || n + 32 > sizeof(line)) {
		irc_lines(c, p, n);
		return;
	}
	head = bprintf(line, sizeof(line), "@batch=h%u%c", q->batch, tags ? ';' : ' ');
	memcpy(line + head, p + tags, n - tags);
	irc_lines(c, line, head + n - tags);
}

/* The event in hand (fanout.h), as c sees such. */
static void
event_in_batch(struct conn *c, const struct question *q)
{
	struct slice made = fan_made(c->cls);
	const char *p = arena_at(made.off), *end = p + made.len, *nl;

	/* the arena never moves */
	for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; p = nl + 1)
		line_in_batch(c, q, p, (size_t)(nl + 1 - p));
}

/* What is no message, or has no text, is for those who have asked for events (draft/event-playback) and know it. */
static bool
wanted(const struct conn *c, const struct shown *s)
{
	uint32_t needs = s->irc_only ? irc_needs(MSG_TAGS) : irc_needs(s->type);

	if (s->what != SHOWN_NOTE)
		return true;
	needs |= CAP_EVENT_PLAYBACK;
	return (c->irc->caps & needs) == needs;
}

static void
row_event(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (history_event(c, r, &s) && wanted(c, &s))
		event_in_batch(c, q);
}

/* --- CHATHISTORY: the request -------------------------------------------------------------------------- */

struct selector {
	bool is_time, any;
	uint64_t at;
};

/* "msgid=…", "timestamp=…", or "*" where that means something. */
static bool
selector_get(struct str s, bool star, struct selector *sel)
{
	static const char msgid[] = "msgid=", stamp[] = "timestamp=";

	*sel = (struct selector){.any = s.n == 1 && s.p[0] == '*'};
	if (sel->any)
		return star;
	if (s.n > sizeof(msgid) - 1 && memcmp(s.p, msgid, sizeof(msgid) - 1) == 0)
		return irc_msgid_get((struct str){s.p + sizeof(msgid) - 1, s.n - sizeof(msgid) + 1},
				     &sel->at);
	sel->is_time = true;
	return s.n > sizeof(stamp) - 1 && memcmp(s.p, stamp, sizeof(stamp) - 1) == 0 &&
	       irc_time_get((struct str){s.p + sizeof(stamp) - 1, s.n - sizeof(stamp) + 1},
			    &sel->at);
}

/* 0 and what is above the limit: as many as there may be. */
static bool
limit_get(struct str s, uint32_t *limit_r)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(s.p[i] - '0');
	}
	*limit_r = n == 0 || n > IRC_HISTORY_MAX ? IRC_HISTORY_MAX : n;
	return s.n > 0 && s.n < 10;
}

static void
bound_lo(struct m_r_query *w, const struct selector *s)
{
	w->lo = s->at;
	w->bounds |= s->is_time ? QUERY_LO_TIME : 0;
}

static void
bound_hi(struct m_r_query *w, const struct selector *s)
{
	w->hi = s->at;
	w->bounds |= s->is_time ? QUERY_HI_TIME : 0;
}

static void
ask_latest(struct m_r_query *w, const struct selector *a, const struct selector *b)
{
	(void)b;
	w->kind = QUERY_LATEST;
	if (!a->any)
		bound_lo(w, a);
}

static void
ask_before(struct m_r_query *w, const struct selector *a, const struct selector *b)
{
	(void)b;
	w->kind = QUERY_LATEST;
	bound_hi(w, a);
}

static void
ask_after(struct m_r_query *w, const struct selector *a, const struct selector *b)
{
	(void)b;
	w->kind = QUERY_FIRST;
	bound_lo(w, a);
}

static void
ask_around(struct m_r_query *w, const struct selector *a, const struct selector *b)
{
	(void)b;
	w->kind = QUERY_AROUND;
	bound_lo(w, a);
}

/* From a on towards b, whichever is later. */
static void
ask_between(struct m_r_query *w, const struct selector *a, const struct selector *b)
{
	bool back = a->is_time == b->is_time && a->at > b->at;

	w->kind = back ? QUERY_LATEST : QUERY_FIRST;
	bound_lo(w, back ? b : a);
	bound_hi(w, back ? a : b);
}

static void
ask_targets(struct m_r_query *w, const struct selector *a, const struct selector *b)
{
	ask_between(w, a, b);
	w->kind = QUERY_TARGETS;
}

static const struct asked_as {
	const char *sub;
	uint8_t target, selectors; /* has a target; how many selectors follow */
	bool star; /* a selector may be '*' */
	void (*ask)(struct m_r_query *w, const struct selector *a, const struct selector *b);
} subs[] = {
    {"LATEST", 1, 1, true, ask_latest},    {"BEFORE", 1, 1, false, ask_before},
    {"AFTER", 1, 1, false, ask_after},     {"AROUND", 1, 1, false, ask_around},
    {"BETWEEN", 1, 2, false, ask_between}, {"TARGETS", 0, 2, false, ask_targets},
};

static const struct asked_as *
sub_of(struct str sub)
{
	for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
		if (irc_is(sub, subs[i].sub))
			return &subs[i];
	}
	return NULL;
}

/* A room or a person. False: nothing can be called so. */
static bool
target_get(struct str target, struct m_r_query *w)
{
	if (irc_room(target, &w->room))
		return w->room.n <= ROOM_BYTES_MAX;
	w->room = STR_LIT("");
	w->name = target;
	return target.n > 0 && target.n <= NAME_BYTES_MAX && target.p[0] != '#';
}

static bool
history_form(const struct asked_as *as, const struct irc_msg *m, struct m_r_query *w)
{
	struct selector sel[2] = {{.any = true}, {.any = true}};
	unsigned at = 1 + as->target;

	for (unsigned i = 0; i < as->selectors; i++) {
		if (!selector_get(m->param[at++], as->star, &sel[i]))
			return false;
	}
	if (!as->target && !(sel[0].is_time && sel[1].is_time))
		return false;
	as->ask(w, &sel[0], &sel[1]);
	return limit_get(m->param[at], &w->limit);
}

/* FAIL with what was asked for, as it was. */
static void
fail_history(struct conn *c, const struct irc_run *r, const char *code, const char *why)
{
	char context[IRC_LINE_MAX];

	irc_fail(c, "CHATHISTORY", code,
		 (struct str){context, bprintf(context, sizeof(context), STR_FMT " " STR_FMT,
					       STR_ARG(irc_middle(r->msg.param[0])),
					       STR_ARG(irc_middle(r->msg.param[1])))},
		 "%s", why);
}

/* --- CHATHISTORY: the answer --------------------------------------------------------------------------- */

/* Is it that the one who asks may not read there, or that nothing is there? That looks alike. */
static bool
is_no_target(unsigned code)
{
	return code == ERR_NO_SUCH_ROOM || code == ERR_NOT_IN_ROOM || code == ERR_NO_SUCH_USER ||
	       code == ERR_PERMISSION || code == ERR_NOT_LOGGED_IN || code == ERR_NO_ACCOUNT;
}

static void
history_begin(struct conn *c, struct question *q)
{
	batch_open(c, q, "chathistory ");
}

static void
history_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	const struct irc_run *r = c->irc->run;

	(void)arg;
	batch_close(c, q);
	if (code == ERR_NONE || r == NULL)
		return;
	if (is_no_target(code))
		fail_history(c, r, "INVALID_TARGET", "Messages could not be retrieved");
	else if (code == ERR_NO_HISTORY)
		fail_history(c, r, "MESSAGE_ERROR",
			     "Messages could not be retrieved: no history is kept");
	else
		fail_history(c, r, "MESSAGE_ERROR", "Messages could not be retrieved");
}

static void
targets_begin(struct conn *c, struct question *q)
{
	batch_open(c, q, "draft/chathistory-targets");
}

static void
targets_row(struct conn *c, struct question *q, const struct row *r)
{
	struct m_q_place place;
	char when[IRC_TIME_LEN], line[IRC_LINE_MAX + 64];
	size_t n;

	if (r->type != MSG_q_place || !m_q_place_get(r->frame, r->len, &place))
		return;
	irc_time_put(when, place.at);
	n = bprintf(line, sizeof(line), ":%s CHATHISTORY TARGETS %s" STR_FMT " %.*s\r\n", irc_me,
		    place.room ? "#" : "", STR_ARG(place.name), (int)sizeof(when), when);
	line_in_batch(c, q, line, n);
}

static const struct history_as as_history = {history_begin, row_event, history_end};
static const struct history_as as_targets = {targets_begin, targets_row, history_end};

/* CHATHISTORY subcommand [target] selector… limit */
enum irc_done
irc_CHATHISTORY(struct conn *c, struct irc_run *r)
{
	struct str sub = irc_middle(r->msg.param[0]), target = STR_LIT("");
	const struct asked_as *as = sub_of(sub);
	struct m_r_query w = {0};
	struct question *q;

	if (r->msg.n > 0 && as == NULL) {
		irc_fail(c, "CHATHISTORY", "INVALID_PARAMS", sub, "Unknown subcommand");
	} else if (as == NULL || r->msg.n < 2u + as->target + as->selectors) {
		irc_fail(c, "CHATHISTORY", "NEED_MORE_PARAMS", sub, "Missing parameters");
	} else if (!history_form(as, &r->msg, &w)) {
		irc_fail(c, "CHATHISTORY", "INVALID_PARAMS", sub, "Invalid parameters");
	} else if (as->target && !target_get(r->msg.param[1], &w)) {
		fail_history(c, r, "INVALID_TARGET", "Messages could not be retrieved");
	} else if (!history_kept()) {
		fail_history(c, r, "MESSAGE_ERROR",
			     "Messages could not be retrieved: no history is kept");
	} else {
		if (as->target)
			target = irc_middle(r->msg.param[1]);
		w.flags = c->irc->caps & CAP_EVENT_PLAYBACK ? QUERY_EVENTS : 0;
		q = question_new(as->target ? &as_history : &as_targets, &w, target);
		q->whole = true; /* fewer than were asked for would mean that there are no more */
		history_ask(c, q);
	}
	return IRC_DONE;
}

/* --- SEARCH (soju.im/search) --------------------------------------------------------------------------- */

struct search {
	struct m_r_query w;
	struct str in;
};

static bool
take_in(struct search *s, struct str value)
{
	s->in = value;
	return target_get(value, &s->w);
}

static bool
take_from(struct search *s, struct str value)
{
	s->w.from = value;
	return value.n > 0 && value.n <= NAME_BYTES_MAX;
}

/* The times are counted in, the bounds of a question are not. */
static bool
take_search_after(struct search *s, struct str value)
{
	s->w.bounds |= QUERY_LO_TIME;
	if (!irc_time_get(value, &s->w.lo))
		return false;
	s->w.lo -= s->w.lo > 0;
	return true;
}

static bool
take_search_before(struct search *s, struct str value)
{
	s->w.bounds |= QUERY_HI_TIME;
	if (!irc_time_get(value, &s->w.hi))
		return false;
	s->w.hi++;
	return true;
}

static bool
take_text(struct search *s, struct str value)
{
	s->w.text = value;
	return value.n <= QUERY_TEXT_MAX;
}

static bool
take_limit(struct search *s, struct str value)
{
	return limit_get(value, &s->w.limit);
}

static const struct {
	const char *key;
	bool (*take)(struct search *s, struct str value);
} attributes[] = {
    {"in", take_in},
    {"from", take_from},
    {"after", take_search_after},
    {"before", take_search_before},
    {"text", take_text},
    {"limit", take_limit},
};

/* key=value;…, with the escapes of tags; out has room for the values. Unknown ones mean nothing here. */
static bool
search_get(struct search *s, struct str list, char *out)
{
	struct irc_tag t;

	while (irc_tag_next(&list, &t)) {
		struct str value = {out, irc_tag_unescape(t.value, out, t.value.n)};

		out += value.n;
		for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
			if (str_eq(t.key, str_of(attributes[i].key)) &&
			    !attributes[i].take(s, value))
				return false;
		}
	}
	/* what somebody said, or what was said somewhere, or words */
	return s->w.text.n > 0 || s->in.n > 0;
}

static void
search_begin(struct conn *c, struct question *q)
{
	batch_open(c, q, "soju.im/search");
}

static void
search_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (history_event(c, r, &s) && s.what != SHOWN_NOTE)
		event_in_batch(c, q);
}

static void
search_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	batch_close(c, q);
	if (code == ERR_BAD_ARGUMENT)
		irc_fail(c, "SEARCH", "INVALID_PARAMS", irc_middle(arg), "Invalid parameters");
	else if (is_no_target(code))
		irc_fail(c, "SEARCH", "INVALID_PARAMS", STR_LIT("in"), "Nothing can be read there");
	else if (code != ERR_NONE)
		irc_fail(c, "SEARCH", "INTERNAL_ERROR", STR_LIT(""), "The search could not be run");
}

static const struct history_as as_search = {search_begin, search_row, search_end};

enum irc_done
irc_SEARCH(struct conn *c, struct irc_run *r)
{
	struct search s = {.w = {.kind = QUERY_SEARCH, .limit = 100}};
	char values[IRC_RUN_LINE];

	if (!(c->irc->caps & CAP_SEARCH)) {
		irc_num(c, ERR_UNKNOWNCOMMAND, "SEARCH :Unknown command");
	} else if (r->msg.param[0].n == 0) {
		irc_fail(c, "SEARCH", "NEED_MORE_PARAMS", STR_LIT(""), "Missing parameters");
	} else if (!search_get(&s, r->msg.param[0], values)) {
		irc_fail(c, "SEARCH", "INVALID_PARAMS", STR_LIT(""), "Invalid parameters");
	} else if (!history_kept()) {
		irc_fail(c, "SEARCH", "INTERNAL_ERROR", STR_LIT(""), "No history is kept");
	} else {
		if (s.w.text.n == 0)
			s.w.kind = QUERY_LATEST;
		history_ask(c, question_new(&as_search, &s.w, STR_LIT("")));
	}
	return IRC_DONE;
}

/* --- MARKREAD ------------------------------------------------------------------------------------------ */

/* when 0: it is not known. */
static void
mark_line(struct conn *c, const char *sign, struct str target, uint64_t when)
{
	char stamp[IRC_TIME_LEN];

	irc_time_put(stamp, when);
	if (when == 0)
		irc_from_me(c, "MARKREAD %s" STR_FMT " *", sign, STR_ARG(target));
	else
		irc_from_me(c, "MARKREAD %s" STR_FMT " timestamp=%.*s", sign, STR_ARG(target),
			    (int)sizeof(stamp), stamp);
}

void
irc_mark_is(struct conn *c, const struct m_e_mark *e)
{
	bool room = e->room_name.n > 0;

	mark_line(c, room ? "#" : "", room ? e->room_name : e->peer, e->when);
}

static void
row_mark(struct conn *c, struct question *q, const struct row *r)
{
	struct m_q_mark mark;

	(void)c;
	if (r->type == MSG_q_mark && m_q_mark_get(r->frame, r->len, &mark))
		q->num = mark.when;
}

static void
fail_mark(struct conn *c, struct str target)
{
	irc_fail(c, "MARKREAD", "INTERNAL_ERROR", target,
		 "The read timestamp could not be set or read");
}

static void
mark_told(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	(void)arg;
	if (code != ERR_NONE)
		fail_mark(c, q->target);
	else
		mark_line(c, "", q->target, q->num);
}

/* It only ever moves forward. */
static void
mark_set(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	struct irc_run *r = c->irc->run;
	struct selector sel;

	if (code == ERR_NONE && r != NULL && selector_get(r->msg.param[1], false, &sel) &&
	    MIN(sel.at, worker_wall_ms()) > q->num)
		request_mark(c, ASKED_DO, q->what.room, q->what.name,
			     MIN(sel.at, worker_wall_ms()));
	else
		mark_told(c, q, code, arg);
}

static const struct history_as as_mark = {NULL, row_mark, mark_told};
static const struct history_as as_mark_set = {NULL, row_mark, mark_set};

/* MARKREAD target [timestamp=…] */
enum irc_done
irc_MARKREAD(struct conn *c, struct irc_run *r)
{
	struct str target = irc_middle(r->msg.param[0]), stamp = r->msg.param[1];
	struct m_r_query w = {.kind = QUERY_MARK, .limit = 1};
	struct selector sel;

	if (r->msg.param[0].n == 0)
		irc_fail(c, "MARKREAD", "NEED_MORE_PARAMS", STR_LIT(""), "Missing parameters");
	else if (r->msg.n > 1 && (!selector_get(stamp, false, &sel) || !sel.is_time))
		irc_fail(c, "MARKREAD", "INVALID_PARAMS", irc_middle(stamp), "Invalid timestamp");
	else if (!target_get(r->msg.param[0], &w) || !history_kept())
		fail_mark(c, target);
	else
		history_ask(c, question_new(r->msg.n > 1 ? &as_mark_set : &as_mark, &w, target));
	return IRC_DONE;
}

/* The command was asked for and refused, at once. */
bool
irc_mark_refused(struct conn *c, const struct irc_run *r)
{
	if (r == NULL || r->cmd == NULL || r->cmd->fn != irc_MARKREAD)
		return false;
	fail_mark(c, irc_middle(r->msg.param[0]));
	return true;
}

/* --- what follows a JOIN ------------------------------------------------------------------------------- */

static void
mark_joined(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	struct room *room = room_named(c, q->what.room);

	(void)arg;
	mark_line(c, "#", q->what.room, code == ERR_NONE ? q->num : 0);
	if (room == NULL || c->irc->caps & CAP_NO_NAMES)
		return;
	if (q->behind)
		names_later(c, room);
	else
		names_after_join(c, room->id, room_name(room));
}

static const struct history_as as_mark_joined = {NULL, row_mark, mark_joined};

bool
irc_mark_joined(struct conn *c, struct str room, bool own)
{
	struct m_r_query w = {.kind = QUERY_MARK, .limit = 1, .room = room};
	struct question *q;

	if (!(c->irc->caps & CAP_READ_MARKER))
		return false;
	if (account_of(c) == NULL || !history_kept()) {
		mark_line(c, "#", room, 0);
		return false;
	}
	q = question_new(&as_mark_joined, &w, STR_LIT(""));
	if (own && c->query == NULL && c->ticket == NULL)
		history_ask(c, q);
	else
		history_show(c, q);
	return true;
}

static void
replay_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (!history_event(c, r, &s) || s.what == SHOWN_NOTE)
		return;
	if (q->shown++ == 0)
		batch_open(c, q, "chathistory #");
	event_in_batch(c, q);
}

static void
replay_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	(void)code;
	(void)arg;
	batch_close(c, q);
}

static bool
wants_replay(const struct conn *c)
{
	return c->irc->caps & CAP_SERVER_TIME && !(c->irc->caps & CAP_CHATHISTORY) &&
	       !(c->irc->umodes & UMODE_BOT);
}

/* --- what follows a login ------------------------------------------------------------------------------ */

/* With the time before the text, for those who have no tag for it. */
static void
show_dated(struct conn *c, const struct question *q, const struct shown *s)
{
	static char text[TEXT_MAX + 32];
	struct m_e_dm e = *(const struct m_e_dm *)s->e;
	struct shown dated = *s;
	time_t at = (time_t)(s->at / 1000);
	size_t n = 0;
	struct tm tm;

	if (localtime_r(&at, &tm) != NULL)
		n = strftime(text, 32, "[%Y-%m-%d %H:%M] ", &tm);
	memcpy(text + n, e.text.p, e.text.n);
	e.text = (struct str){text, n + MIN(e.text.n, (size_t)TEXT_MAX - n)};
	dated.e = &e;
	fan_begin(&dated, NULL);
	event_in_batch(c, q);
}

static void
kept_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (!history_event(c, r, &s) || s.type != MSG_e_dm)
		return;
	if (c->irc->caps & CAP_SERVER_TIME || s.kind == MSG_CTCP || s.kind == MSG_CTCP_REPLY)
		event_in_batch(c, q);
	else
		show_dated(c, q, &s);
}

static void
kept_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	(void)code;
	(void)arg;
	if (q->last != 0)
		request_kept(c, q->last);
}

static void
missed_row(struct conn *c, struct question *q, const struct row *r)
{
	struct m_q_place place;
	char text[ROOM_BYTES_MAX + 64];

	if (r->type != MSG_q_place || !m_q_place_get(r->frame, r->len, &place) || place.count == 0)
		return;
	q->shown++;
	irc_words(c, text,
		  bprintf(text, sizeof(text), "While you were away: %u message%s %s" STR_FMT,
			  place.count, place.count == 1 ? "" : "s", place.room ? "in #" : "from ",
			  STR_ARG(place.name)));
}

/* Who asks for history itself counts itself. */
static bool
wants_missed(const struct conn *c)
{
	return !(c->irc->caps & CAP_CHATHISTORY) && !(c->irc->umodes & UMODE_BOT);
}

const struct history_shows history_irc = {
    .replay = {NULL, replay_row, replay_end},
    .kept = {NULL, kept_row, kept_end},
    .missed = {NULL, missed_row, NULL},
    .wants_replay = wants_replay,
    .wants_missed = wants_missed,
};
