/* history.c - CHATHISTORY (draft/chathistory, draft/event-playback), and what else asks as it does; see history.h.
 *
 * Answers come in a batch where the client has asked for such; each line gets its tag as it is made by render.c, with the
 * time and the id that it had. What cannot be read looks like what is not there (INVALID_TARGET), whether the
 * room is private, another's, or none.
 */
#include "config.h"

#include "worker/irc/history.h"

#include <string.h>

#include "lib/util.h"
#include "proto/irc.h"
#include "worker/arena.h"
#include "worker/fanout.h"
#include "worker/history.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/row.h"

#define LINE_BYTES (IRC_TAGS_MAX + IRC_LINE_MAX + 64)

/* --- lines in a batch -------------------------------------------------------------------------------- */

void
irc_history_open(struct conn *c, struct question *q, const char *type)
{
	if (!(c->irc->caps & CAP_BATCH))
		return;
	q->batch = irc_batch_id();
	irc_from_me(c, "BATCH +h%u %s" STR_FMT, q->batch, type, STR_ARG(q->target));
}

void
irc_history_close(struct conn *c, const struct question *q)
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

void
irc_history_event(struct conn *c, const struct question *q)
{
	struct slice made = fan_made(CLS_LINES(c->cls));
	const char *p = arena_at(made.off), *end = p + made.len, *nl;

	/* the arena never moves */
	for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; p = nl + 1)
		line_in_batch(c, q, p, (size_t)(nl + 1 - p));
}

/* What is no message, or has no text, is for those who have asked for events (draft/event-playback) and know it. */
static bool
wanted(const struct conn *c, const struct shown *s)
{
	uint64_t needs = s->irc_only ? irc_needs(MSG_TAGS) : irc_needs(s->type);

	if (s->what != SHOWN_NOTE)
		return true;
	needs |= CAP_EVENT_PLAYBACK;
	return (c->irc->caps & needs) == needs;
}

static void
history_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (row_event(c, r, &s) && wanted(c, &s))
		irc_history_event(c, q);
}

/* --- CHATHISTORY: the request -------------------------------------------------------------------------- */

bool
irc_selector_get(struct str s, bool star, struct irc_selector *sel)
{
	static const char msgid[] = "msgid=", stamp[] = "timestamp=";

	*sel = (struct irc_selector){.any = s.n == 1 && s.p[0] == '*'};
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

bool
irc_history_limit(struct str s, uint32_t *limit_r)
{
	uint64_t n;

	if (s.n >= 10 || !str_number(s, &n))
		return false;
	*limit_r = n == 0 || n > IRC_HISTORY_MAX ? IRC_HISTORY_MAX : (uint32_t)n;
	return true;
}

static void
bound_lo(struct m_r_query *w, const struct irc_selector *s)
{
	w->lo = s->at;
	w->bounds |= s->is_time ? QUERY_LO_TIME : 0;
}

/* Nothing is before 0, nor is anything before 1; and 0 is no bound. */
static void
bound_hi(struct m_r_query *w, const struct irc_selector *s)
{
	w->hi = MAX(s->at, UINT64_C(1));
	w->bounds |= s->is_time ? QUERY_HI_TIME : 0;
}

static void
ask_latest(struct m_r_query *w, const struct irc_selector *a, const struct irc_selector *b)
{
	(void)b;
	w->kind = QUERY_LATEST;
	if (!a->any)
		bound_lo(w, a);
}

static void
ask_before(struct m_r_query *w, const struct irc_selector *a, const struct irc_selector *b)
{
	(void)b;
	w->kind = QUERY_LATEST;
	bound_hi(w, a);
}

static void
ask_after(struct m_r_query *w, const struct irc_selector *a, const struct irc_selector *b)
{
	(void)b;
	w->kind = QUERY_FIRST;
	bound_lo(w, a);
}

static void
ask_around(struct m_r_query *w, const struct irc_selector *a, const struct irc_selector *b)
{
	(void)b;
	w->kind = QUERY_AROUND;
	bound_lo(w, a);
}

/* From a on towards b. Which is later, a time or a msgid, only the store knows. */
static void
ask_between(struct m_r_query *w, const struct irc_selector *a, const struct irc_selector *b)
{
	w->kind = QUERY_FIRST;
	w->flags |= QUERY_TURN;
	bound_lo(w, a);
	bound_hi(w, b);
}

static void
ask_targets(struct m_r_query *w, const struct irc_selector *a, const struct irc_selector *b)
{
	bool back = a->at > b->at;

	w->kind = QUERY_TARGETS;
	w->flags |= back ? 0 : QUERY_OLDEST;
	bound_lo(w, back ? b : a);
	bound_hi(w, back ? a : b);
}

static const struct asked_as {
	const char *sub;
	uint8_t target, selectors; /* has a target; how many selectors follow */
	bool star; /* a selector may be '*' */
	void (*ask)(struct m_r_query *w, const struct irc_selector *a,
		    const struct irc_selector *b);
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

bool
irc_history_target(struct str target, struct m_r_query *w)
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
	struct irc_selector sel[2] = {{.any = true}, {.any = true}};
	unsigned at = 1 + as->target;

	for (unsigned i = 0; i < as->selectors; i++) {
		if (!irc_selector_get(m->param[at++], as->star, &sel[i]))
			return false;
	}
	if (!as->target && !(sel[0].is_time && sel[1].is_time))
		return false;
	as->ask(w, &sel[0], &sel[1]);
	return irc_history_limit(m->param[at], &w->limit);
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

bool
irc_history_hidden(unsigned code)
{
	return code == ERR_NO_SUCH_ROOM || code == ERR_NOT_IN_ROOM || code == ERR_NO_SUCH_USER ||
	       code == ERR_PERMISSION || code == ERR_NOT_LOGGED_IN || code == ERR_NO_ACCOUNT;
}

void
irc_history_end(struct conn *c, const struct question *q, const char *cmd)
{
	static const char lacks[] =
	    "The newest messages may be missing: they are not written to the disk yet";
	/* a label is that of the batch: what is behind that is no part of the answer */
	bool within = q->batch != 0 && c->flags & CONN_LABEL && c->irc->caps & CAP_STANDARD_REPLIES;
	char line[IRC_LINE_MAX];
	size_t n =
	    bprintf(line, sizeof(line), ":%s NOTE %s MESSAGES_MISSING :%s\r\n", irc_me, cmd, lacks);

	if (q->lacks && within)
		line_in_batch(c, q, line, n);
	irc_history_close(c, q);
	if (q->lacks && !within)
		irc_note(c, cmd, "MESSAGES_MISSING", "%s", lacks);
}

static void
history_begin(struct conn *c, struct question *q)
{
	irc_history_open(c, q, "chathistory ");
}

static void
history_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	const struct irc_run *r = c->irc->run;
	char said[240], why[200];

	irc_history_end(c, q, "CHATHISTORY");
	if (code == ERR_NONE || r == NULL)
		return;
	if (irc_history_hidden(code))
		fail_history(c, r, "INVALID_TARGET", "Messages could not be retrieved");
	else if (code == ERR_NO_HISTORY)
		fail_history(c, r, "MESSAGE_ERROR",
			     "Messages could not be retrieved: no history is kept");
	else {
		bprintf(said, sizeof(said), "Messages could not be retrieved: %s",
			chat_err_text(code, arg.p, arg.n, why, sizeof(why)));
		fail_history(c, r, "MESSAGE_ERROR", said);
	}
}

static void
targets_begin(struct conn *c, struct question *q)
{
	irc_history_open(c, q, "draft/chathistory-targets");
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
		    place.born != 0 ? "#" : "", STR_ARG(place.name), (int)sizeof(when), when);
	line_in_batch(c, q, line, n);
}

static const struct history_as as_history = {history_begin, history_row, history_end};
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
	} else if (as->target && !irc_history_target(r->msg.param[1], &w)) {
		fail_history(c, r, "INVALID_TARGET", "Messages could not be retrieved");
	} else if (!history_kept()) {
		fail_history(c, r, "MESSAGE_ERROR",
			     "Messages could not be retrieved: no history is kept");
	} else {
		if (as->target)
			target = irc_middle(r->msg.param[1]);
		if (c->irc->caps & CAP_EVENT_PLAYBACK)
			w.flags |= QUERY_EVENTS;
		q = question_new(as->target ? &as_history : &as_targets, &w, target);
		q->whole = true; /* fewer than were asked for would mean that there are no more */
		history_ask(c, q);
	}
	return IRC_DONE;
}
