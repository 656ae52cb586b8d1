/* ask_count.c - questions whose answers are no messages: conversations, what was missed, marks; and what is kept for an account. */
#include "config.h"

#include <stdlib.h>

#include "lib/util.h"
#include "store/ask_priv.h"

#define COUNT_MAX 10000 /* more is so much */

/* A conversation with its last message. */
struct last {
	uint64_t place, seq, at;
	uint32_t count;
};

/* The last one in the span, and how many there are. False: none. */
static bool
last_in(struct ask *a, uint64_t place, struct span s, struct last *l)
{
	struct db_query q = db_query(&a->set, ASK_LAST);
	bool found;

	db_int(&q, place);
	db_int(&q, s.hi);
	found = db_row(&q) && db_col_int(&q, 0) > s.lo;
	if (found)
		*l = (struct last){
		    .place = place, .seq = db_col_int(&q, 0), .at = db_col_int(&q, 1)};
	db_end(&q);
	if (!found)
		return false;
	q = db_query(&a->set, ASK_COUNT);
	db_int(&q, place);
	db_int(&q, s.lo);
	db_int(&q, s.hi);
	db_int(&q, COUNT_MAX);
	l->count = (uint32_t)db_number(&q);
	return true;
}

static bool
put_place(struct ask *a, const struct last *l, const struct rows_place *p)
{
	char name[NAME_BYTES_MAX];
	struct m_q_place m = {
	    .room = p->born != 0, .name = p->name, .seq = l->seq, .at = l->at, .count = l->count};
	size_t len;

	if (p->born == 0)
		m.name = rows_account(&a->rows, ask_peer(a, p), name);
	len = m_q_place_put(a->frame, sizeof(a->frame), &m);
	return page_put(&a->page, true, a->frame, len, PAGE_MAX);
}

static int
by_seq(const void *a, const void *b)
{
	const struct last *x = a, *y = b;

	return x->seq < y->seq ? 1 : x->seq > y->seq ? -1 : 0;
}

/* The newest ones, or the oldest, as many as were asked for, into the page; they are put in from its end. */
static void
put_lasts(struct ask *a, struct last *l, size_t n)
{
	struct rows_place p;
	size_t some = MIN(n, (size_t)a->limit), at = a->q.flags & QUERY_OLDEST ? n - some : 0;

	qsort(l, n, sizeof(*l), by_seq);
	for (size_t i = at; i < at + some; i++)
		if (rows_place(&a->rows, l[i].place, &p) && !put_place(a, &l[i], &p))
			break;
}

void
ask_targets(struct ask *a)
{
	struct last *l = xcalloc(a->nplaces + 1, sizeof(*l));
	struct span open = {.lo = a->span.lo, .hi = INT64_MAX};
	size_t n = 0;

	for (size_t i = 0; i < a->nplaces && !ask_late(a); i++) {
		/* the last of all must be in the bounds, not just one that is */
		if (last_in(a, a->places[i].id, open, &l[n]) && l[n].seq < a->span.hi)
			n++;
	}
	put_lasts(a, l, n);
	free(l);
}

/* Has the account said that it has read as far as that? */
static bool
is_read(struct ask *a, const struct last *l)
{
	struct db_query q = db_query(&a->set, ASK_MARK);

	db_int(&q, a->q.viewer);
	db_int(&q, l->place);
	return db_number(&q) >= l->at;
}

void
ask_missed(struct ask *a)
{
	struct last *l = xcalloc(ASK_PLACES_MAX, sizeof(*l));
	struct db_query q = db_query(&a->set, ASK_WAS_IN);
	size_t n = 0;

	db_int(&q, a->q.viewer);
	while (n < ASK_PLACES_MAX && db_row(&q)) {
		uint64_t came = db_col_int(&q, 2), read = db_col_int(&q, 3);
		struct span away = {.lo = db_col_int(&q, 1), .hi = came != 0 ? came : INT64_MAX};

		if (read != 0) { /* up to there it has seen them, elsewhere or in history */
			uint64_t next = ask_seq_at(a, read + 1);

			away.lo = MAX(away.lo, next - (next > 0));
		}
		n += last_in(a, db_col_int(&q, 0), away, &l[n]) && !is_read(a, &l[n]);
	}
	db_end(&q);
	put_lasts(a, l, n);
	free(l);
}

void
ask_kept(struct ask *a)
{
	struct db_query q = db_query(&a->set, ASK_KEPT), m;
	struct rows_place p;

	db_int(&q, a->q.viewer);
	db_int(&q, a->span.lo);
	db_int(&q, a->span.hi);
	while (a->count < a->limit && !a->page.more && db_row(&q)) {
		m = db_query(&a->set, ASK_MESSAGE);
		db_int(&m, db_col_int(&q, 0));
		if (db_row(&m) && rows_place(&a->rows, db_col_int(&m, ROW_PLACE), &p))
			ask_put(a, false, &m, &p, false, PAGE_MAX);
		db_end(&m);
	}
	db_end(&q);
}

void
ask_mark(struct ask *a)
{
	struct db_query q;
	struct m_q_mark m;

	if (a->nplaces == 0)
		return;
	q = db_query(&a->set, ASK_MARK);
	db_int(&q, a->q.viewer);
	db_int(&q, a->places[0].id);
	m.when = db_number(&q);
	if (m.when != 0)
		page_put(&a->page, false, a->frame, m_q_mark_put(a->frame, sizeof(a->frame), &m),
			 PAGE_MAX);
}
