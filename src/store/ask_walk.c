/* ask_walk.c - rows one after the other, of one place or several, of messages and events.
 *
 * Each place's messages, and its events, are a stream in the order of their numbers, by an index; the next row is that of the
 * stream that is furthest back. So the newest fifty of a million cost fifty rows.
 */
#include "config.h"

#include "lib/util.h"
#include "store/ask_priv.h"
#include "store/match.h"

enum { MESSAGES, EVENTS = 2, ANYWHERE = 4, SQL_COUNT = 6 }; /* + 1: down */
#define BETWEEN "seq > ?1 AND seq < ?2"
static const char *const sql[SQL_COUNT] = {
    [MESSAGES] = "SELECT " ROWS_MESSAGE " FROM message INDEXED BY message_place WHERE " BETWEEN
		 " AND place = ?3 ORDER BY seq",
    [MESSAGES + 1] = "SELECT " ROWS_MESSAGE " FROM message INDEXED BY message_place WHERE " BETWEEN
		     " AND place = ?3 ORDER BY seq DESC",
    [EVENTS] = "SELECT " ROWS_EVENT " FROM event WHERE " BETWEEN " AND place = ?3 ORDER BY seq",
    [EVENTS + 1] =
	"SELECT " ROWS_EVENT " FROM event WHERE " BETWEEN " AND place = ?3 ORDER BY seq DESC",
    [ANYWHERE] = "SELECT " ROWS_MESSAGE " FROM message WHERE " BETWEEN " ORDER BY seq",
    [ANYWHERE + 1] = "SELECT " ROWS_MESSAGE " FROM message WHERE " BETWEEN " ORDER BY seq DESC",
};

/* --- streams ----------------------------------------------------------------------------------------- */

static void
advance(struct stream *s)
{
	s->live = db_row(&s->q);
	if (s->live)
		s->seq = db_col_int(&s->q, ROW_SEQ);
}

static void
begin(struct ask *a, struct stream *s, struct rows_place *p, bool event, bool down,
      const struct span *span)
{
	unsigned which = p == NULL ? ANYWHERE : event ? EVENTS : MESSAGES;

	if (s->set.n == 0)
		db_set_init(&s->set, &a->db, sql, SQL_COUNT);
	s->place = p;
	s->event = event;
	s->q = db_query(&s->set, which + (down ? 1 : 0));
	db_int(&s->q, span->lo);
	db_int(&s->q, span->hi);
	if (p != NULL)
		db_int(&s->q, p->id);
	advance(s);
}

static size_t
begin_all(struct ask *a, bool down, const struct span *span)
{
	bool events = (a->q.flags & QUERY_EVENTS) && !a->matching;
	size_t n = 0;

	if (a->everywhere || a->nplaces > ASK_STREAMS_MAX) {
		begin(a, &a->streams[n++], NULL, false, down, span);
		return n;
	}
	for (size_t i = 0; i < a->nplaces; i++) {
		begin(a, &a->streams[n++], &a->places[i], false, down, span);
		if (events)
			begin(a, &a->streams[n++], &a->places[i], true, down, span);
	}
	return n;
}

static struct stream *
next(struct stream *s, size_t n, bool down)
{
	struct stream *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (s[i].live &&
		    (best == NULL || (down ? s[i].seq > best->seq : s[i].seq < best->seq)))
			best = &s[i];
	return best;
}

/* --- rows -------------------------------------------------------------------------------------------- */

static bool
same_name(const struct ask *a, struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));

	return n >= 0 && str_eq((struct str){fold, (size_t)n}, (struct str){a->from, a->from_n});
}

static bool
from_fits(struct ask *a, uint64_t sender)
{
	const struct rows_who *w;

	if (a->q.from.n == 0)
		return true;
	w = rows_sender(&a->rows, sender);
	return w != NULL && (same_name(a, w->name) || same_name(a, w->account_name));
}

bool
ask_fits(struct ask *a, const struct db_query *q)
{
	uint64_t rank = db_col_int(q, ROW_RANK);

	/* tags alone are an event to whoever asks */
	if (db_col_int(q, ROW_KIND) == MSG_TAGS && !(a->q.flags & QUERY_EVENTS))
		return false;
	return (rank == 0 || a->q.admin || (rank & a->q.ranks)) &&
	       from_fits(a, db_col_int(q, ROW_SENDER)) &&
	       (!a->matching || match_text(a->match, db_col_text(q, ROW_TEXT)));
}

static bool
event_fits(struct ask *a, const struct db_query *q, const struct span *s)
{
	uint64_t at = db_col_int(q, ROW_AT);

	return (s->at_lo == 0 || at > s->at_lo) && at < s->at_hi &&
	       from_fits(a, db_col_int(q, ROW_SENDER));
}

bool
ask_put(struct ask *a, bool down, const struct db_query *q, struct rows_place *p, bool event,
	size_t most)
{
	size_t len = event ? rows_event(&a->rows, q, p, a->frame)
			   : rows_message(&a->rows, q, p, a->q.kind == QUERY_KEPT, a->frame);

	if (!db_ok(&a->db))
		return false; /* time ran out in the middle of it: names would be missing */
	if (len == 0)
		return true; /* damaged: no row */
	if (!page_put(&a->page, down, a->frame, len, most))
		return false;
	a->count++;
	return true;
}

static bool
take(struct ask *a, struct stream *s, bool down, const struct span *span, size_t most)
{
	struct rows_place *p = s->place;

	if (p == NULL)
		p = ask_place(a, db_col_int(&s->q, ROW_PLACE));
	if (p == NULL || !(s->event ? event_fits(a, &s->q, span) : ask_fits(a, &s->q)))
		return true;
	return ask_put(a, down, &s->q, p, s->event, most);
}

bool
ask_late(struct ask *a)
{
	if (mono_ms() < a->deadline)
		return false;
	a->page.more = true;
	return true;
}

void
ask_walk(struct ask *a, bool down, struct span span, uint32_t limit, size_t most)
{
	size_t n = begin_all(a, down, &span);
	uint32_t until = a->count + limit, seen = 0;
	struct stream *s;

	while (a->count < until && (s = next(a->streams, n, down)) != NULL) {
		if (!take(a, s, down, &span, most) || (++seen % 64 == 0 && ask_late(a)))
			break;
		advance(s);
	}
	for (size_t i = 0; i < n; i++)
		db_end(&a->streams[i].q);
}
