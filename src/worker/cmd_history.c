/* cmd_history.c - what was said before: /history, /more, /search, /unread. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "lib/name.h"
#include "lib/util.h"
#include "proto/query.h"
#include "worker/cmd.h"
#include "worker/history.h"
#include "worker/outq.h"
#include "worker/reader.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/row.h"
#include "worker/words.h"
#include "worker/worker.h"

#define LINES 20 /* that /history shows if nobody says how many */

/* Which way /more goes on. */
enum way { WAY_NONE, WAY_BACK, WAY_ON };

/* What /more goes on with: texts are copied. */
struct pager {
	uint8_t way;
	bool ids;
	struct m_r_query what;
	char room[ROOM_BYTES_MAX], name[NAME_BYTES_MAX], from[NAME_BYTES_MAX];
	char text[QUERY_TEXT_MAX];
};

static bool
kept_here(struct conn *c)
{
	if (!history_kept())
		tell(c, "Sorry, nothing that is said is kept on this server.");
	return history_kept();
}

/* --- /history, /more ----------------------------------------------------------------------------------- */

static struct str
keep(char *at, struct str s)
{
	if (s.n > 0)
		memcpy(at, s.p, s.n);
	return (struct str){at, s.n};
}

/* What /more may go on with, if this has been shown to its end. w is not the pager's own. */
static void
pager_keep(struct conn *c, const struct m_r_query *w, enum way way, bool ids)
{
	struct reader *r = reader_of(c);
	struct pager *p = r->pager;

	if (p == NULL)
		p = r->pager = xcalloc(1, sizeof(*p));
	p->way = (uint8_t)way;
	p->ids = ids;
	p->what = *w;
	p->what.room = keep(p->room, w->room);
	p->what.name = keep(p->name, w->name);
	p->what.from = keep(p->from, w->from);
	p->what.text = keep(p->text, w->text);
}

/* In /history ids q->num is 1. */
static void
history_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (!row_event(c, r, &s))
		return;
	q->shown++;
	reader_show(c, &s, r->seq, q->num != 0, STR_LIT(""));
}

static void
pager_shown(struct conn *c, const struct question *q)
{
	struct pager *p = c->reader != NULL ? c->reader->pager : NULL;
	bool full = q->rows >= q->limit || q->more;

	if (p == NULL || p->way == WAY_NONE)
		return;
	if (!full || q->first == 0) {
		tell(c, q->rows > 0 ? "--- That is all." : "--- There is nothing more.");
		p->way = WAY_NONE;
		return;
	}
	p->what.limit = q->limit;
	if (p->way == WAY_BACK) {
		p->what.hi = q->first;
		p->what.bounds &= (uint8_t)~QUERY_HI_TIME;
	} else {
		p->what.lo = q->last;
		p->what.bounds &= (uint8_t)~QUERY_LO_TIME;
	}
	tell(c, "--- /more shows what came %s.", p->way == WAY_BACK ? "before that" : "after that");
}

static void
history_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	if (code != ERR_NONE)
		words_refused(c, code, arg);
	else
		pager_shown(c, q);
	if (q->lacks)
		words_lacks(c);
}

static const struct history_as as_history = {NULL, history_row, history_end};

static void
history_begin(struct conn *c, const struct history_as *as, const struct m_r_query *w, enum way way,
	      bool ids)
{
	struct question *q = question_new(as, w, STR_LIT(""));

	pager_keep(c, w, way, ids);
	q->num = ids;
	history_ask(c, q);
}

/* --- what is new: missed, and not read --- */

/* What is new has been read. */
static void
new_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	if (code == ERR_NONE && q->last_at != 0)
		request_mark(c, ASKED_NOTED, q->what.room, q->what.name, q->last_at);
	history_end(c, q, code, arg);
}

static const struct history_as as_new = {NULL, history_row, new_end};

static bool
is_place(const struct m_r_query *w, const struct m_q_place *place)
{
	return name_same(place->born != 0 ? w->room : w->name, place->name);
}

/* Of the place that is meant: how many, and up to where. */
static void
new_row(struct conn *c, struct question *q, const struct row *r)
{
	struct m_q_place place;

	(void)c;
	if (r->type != MSG_q_place || !m_q_place_get(r->frame, r->len, &place) ||
	    !is_place(&q->what, &place))
		return;
	q->num = place.seq;
	q->shown = place.count;
}

static void
new_found(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	struct m_r_query w = {.kind = QUERY_LATEST, .hi = q->num + 1};

	if (code != ERR_NONE) {
		words_refused(c, code, arg);
		return;
	}
	if (q->num == 0) {
		tell(c, "You have missed nothing there.");
		if (q->lacks)
			words_lacks(c);
		return;
	}
	w.room = q->what.room;
	w.name = q->what.name;
	w.limit = MIN(q->shown, (uint32_t)QUERY_ROWS_MAX);
	history_begin(c, &as_new, &w, WAY_BACK, false);
}

static const struct history_as as_find_new = {NULL, new_row, new_found};

/* "14:03": the last time that it was so, here. */
static bool
clock_time(struct str s, uint64_t *ms_r)
{
	const char *colon = memchr(s.p, ':', s.n);
	size_t h = colon != NULL ? (size_t)(colon - s.p) : 0;
	time_t now = (time_t)(worker_wall_ms() / 1000), at;
	uint64_t hour, minute;
	struct tm tm;

	if (h == 0 || !str_number((struct str){s.p, h}, &hour) || s.n != h + 3 ||
	    !str_number((struct str){colon + 1, 2}, &minute) || hour > 23 || minute > 59 ||
	    localtime_r(&now, &tm) == NULL)
		return false;
	tm.tm_hour = (int)hour;
	tm.tm_min = (int)minute;
	tm.tm_sec = 0;
	tm.tm_isdst = -1;
	at = mktime(&tm);
	if (at > now) {
		tm.tm_mday--;
		tm.tm_isdst = -1;
		at = mktime(&tm);
	}
	*ms_r = (uint64_t)at * 1000;
	return at > 0;
}

struct wish {
	struct m_r_query w;
	bool ids, new, after;
};

/* "2026-01-31 14:30" is a time, too: when has the day, and what follows in *rest is its time perhaps. */
static void
take_clock(struct str when, struct str *rest, uint64_t *ms)
{
	struct str at = *rest, clock;
	char both[64];

	if (when.n != sizeof("2026-01-31") - 1 || !str_next(&at, ' ', &clock) ||
	    when.n + 1 + clock.n >= sizeof(both))
		return;
	if (query_time_get((struct str){both, bprintf(both, sizeof(both), STR_FMT "T" STR_FMT,
						      STR_ARG(when), STR_ARG(clock))},
			   ms))
		*rest = at;
}

/* "before TIME", "after TIME". False: *word is what is wrong. */
static bool
take_time(struct wish *h, struct str *word, struct str *rest)
{
	uint64_t *ms = cmd_same(*word, "after") ? &h->w.lo : &h->w.hi;
	struct str when;

	h->after |= ms == &h->w.lo;
	h->w.bounds |= ms == &h->w.lo ? QUERY_LO_TIME : QUERY_HI_TIME;
	if (!str_next(rest, ' ', &when))
		return false;
	*word = when;
	if (clock_time(when, ms))
		return true;
	if (!query_time_get(when, ms))
		return false;
	take_clock(when, rest, ms);
	return true;
}

static bool
take_word(struct wish *h, struct str *at, struct str *rest)
{
	struct str word = *at;
	uint64_t n;

	if (cmd_same(word, "before") || cmd_same(word, "after"))
		return take_time(h, at, rest);
	if (cmd_same(word, "ids"))
		return h->ids = true;
	if (cmd_same(word, "new"))
		return h->new = true;
	if (str_number(word, &n) && n > 0) {
		h->w.limit = (uint32_t)MIN(n, (uint64_t)QUERY_ROWS_MAX);
		return true;
	}
	if (word.n > 1 && word.n <= NAME_BYTES_MAX && word.p[0] == '@') {
		h->w.name = (struct str){word.p + 1, word.n - 1};
		return true;
	}
	if (word.n > 1 && word.n <= ROOM_BYTES_MAX && word.p[0] == '#') {
		h->w.room = (struct str){word.p + 1, word.n - 1};
		return true;
	}
	return false;
}

/* /history [N] [before TIME|after TIME] [ids] [new] [@NAME|#ROOM] */
void
cmd_history(struct conn *c, const struct cmd_args *a)
{
	struct wish h = {.w = {.limit = LINES}};
	struct str rest = a->v[0], word;

	while (str_next(&rest, ' ', &word)) {
		if (!take_word(&h, &word, &rest)) {
			tell(c, "What is \"" STR_FMT "\"? /help history explains.", STR_ARG(word));
			return;
		}
	}
	if (!kept_here(c))
		return;
	if (h.w.name.n == 0 && h.w.room.n == 0) {
		if (c->cur == NULL) {
			tell(c, "You are in no room: /join ROOM first, or /history @NAME.");
			return;
		}
		h.w.room = room_name(c->cur);
	}
	if (h.new) {
		h.w.kind = QUERY_MISSED;
		h.w.limit = QUERY_ROWS_MAX;
		history_ask(c, question_new(&as_find_new, &h.w, STR_LIT("")));
		return;
	}
	h.w.kind = h.after ? QUERY_FIRST : QUERY_LATEST;
	history_begin(c, &as_history, &h.w, h.after ? WAY_ON : WAY_BACK, h.ids);
}

/* --- /search ------------------------------------------------------------------------------------------- */

/* With where it was said, in a room or between two people. */
static void
search_row(struct conn *c, struct question *q, const struct row *r)
{
	char peer[NAME_BYTES_MAX + 2];
	struct shown s;
	struct str place;

	if (!row_event(c, r, &s) || s.what == SHOWN_NOTE)
		return;
	place = s.room;
	if (s.type == MSG_e_dm) {
		const struct m_e_dm *e = s.e;
		bool mine = str_eq(e->name, str_of(c->name));

		place = (struct str){peer, bprintf(peer, sizeof(peer), "@" STR_FMT,
						   STR_ARG(mine ? e->to_name : e->name))};
	}
	q->shown++;
	reader_show(c, &s, r->seq, false, place);
}

static void
search_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	if (code != ERR_NONE)
		words_refused(c, code, arg);
	else if (q->rows == 0 && q->what.hi == 0)
		tell(c, "Nothing has been found.");
	else
		pager_shown(c, q);
	if (q->lacks)
		words_lacks(c);
}

static const struct history_as as_search = {NULL, search_row, search_end};

void
cmd_search(struct conn *c, const struct cmd_args *a)
{
	char words[LINE_BYTES_MAX + 1];
	struct m_r_query w = {.kind = QUERY_SEARCH, .limit = LINES};
	struct query_typed typed;
	struct str bad;
	enum query_fault fault =
	    query_typed_get(a->v[0], &typed, words, sizeof(words), clock_time, &bad);

	if (fault != QUERY_FINE) {
		tell(c, "\"" STR_FMT "\": %s", STR_ARG(bad), query_strerror(fault));
		return;
	}
	if (!kept_here(c))
		return;
	w.room = typed.room;
	w.name = typed.peer;
	w.from = typed.from;
	w.text = typed.words;
	w.lo = typed.after;
	w.hi = typed.before;
	w.bounds = (uint8_t)((w.lo != 0 ? QUERY_LO_TIME : 0) | (w.hi != 0 ? QUERY_HI_TIME : 0));
	if (w.text.n == 0) /* what somebody said, in one place */
		w.kind = QUERY_LATEST;
	if (w.text.n == 0 && w.room.n == 0 && w.name.n == 0 && c->cur != NULL)
		w.room = room_name(c->cur);
	if (w.text.n > QUERY_TEXT_MAX || w.from.n > NAME_BYTES_MAX || w.room.n > ROOM_BYTES_MAX ||
	    w.name.n > NAME_BYTES_MAX || (w.text.n == 0 && w.room.n == 0 && w.name.n == 0))
		tell(c, "Sorry, that cannot be looked for.");
	else
		history_begin(c, &as_search, &w, WAY_BACK, false);
}

void
cmd_more(struct conn *c, const struct cmd_args *a)
{
	const struct pager *p = c->reader != NULL ? c->reader->pager : NULL;
	struct question *q;

	(void)a;
	if (p == NULL || p->way == WAY_NONE) {
		tell(c, "There is nothing to go on with: /history or /search first.");
		return;
	}
	q = question_new(p->what.kind == QUERY_SEARCH || p->what.from.n > 0 ? &as_search
									    : &as_history,
			 &p->what, STR_LIT(""));
	q->num = p->ids;
	history_ask(c, q);
}

/* --- /unread --- */

void
cmd_unread(struct conn *c, const struct cmd_args *a)
{
	struct m_r_query w = {.kind = QUERY_MISSED, .limit = QUERY_ROWS_MAX};

	(void)a;
	if (kept_here(c))
		history_ask(c, question_new(&history_telnet.missed, &w, STR_LIT("")));
}
