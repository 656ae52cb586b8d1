/* ask_count.c - questions whose answers are no messages: conversations, what was missed, marks; and what is kept for an account. */
#include "config.h"

#include <stdlib.h>

#include "lib/util.h"
#include "store/ask_priv.h"

#define COUNT_MAX 10000 /* more is so much */

/* A conversation with its last message. */
struct last {
	uint64_t place, seq, at;
	uint32_t count; /* of ask_missed */
};

/* The last one in the span. False: none. */
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
	return found;
}

static uint32_t
count_in(struct ask *a, uint64_t place, struct span s)
{
	struct db_query q = db_query(&a->set, ASK_COUNT);

	db_int(&q, place);
	db_int(&q, s.lo);
	db_int(&q, s.hi);
	db_int(&q, COUNT_MAX);
	return (uint32_t)db_number(&q);
}

static bool
put_place(struct ask *a, bool before, const struct last *l)
{
	char name[NAME_BYTES_MAX];
	struct m_q_place m = {.seq = l->seq, .at = l->at, .count = l->count};
	struct rows_place p;
	size_t len;

	if (!rows_place(&a->rows, l->place, &p))
		return true;
	m.born = p.born;
	m.name = p.born != 0 ? p.name : rows_account(&a->rows, ask_peer(a, &p), name);
	len = m_q_place_put(a->frame, sizeof(a->frame), &m);
	return page_put(&a->page, before, a->frame, len, PAGE_MAX);
}

static int
by_seq(const void *a, const void *b)
{
	const struct last *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* As many as were asked for into the page, from the newest on backwards, or from the oldest. */
static void
put_lasts(struct ask *a, struct last *l, size_t n)
{
	bool back = !(a->q.flags & QUERY_OLDEST);
	size_t some = MIN(n, (size_t)a->limit);

	if (n > 0)
		qsort(l, n, sizeof(*l), by_seq);
	for (size_t i = 0; i < some && put_place(a, back, &l[back ? n - 1 - i : i]); i++) {
	}
}

/* --- with whom one talks ------------------------------------------------------------------------------- */

struct lasts {
	struct last *l; /* owned */
	size_t n, cap;
};

/* The last of all must be in the bounds, not just one that is. */
static void
look_at(struct ask *a, uint64_t place, struct lasts *all)
{
	struct span open = {.lo = a->span.lo, .hi = INT64_MAX};

	if (all->n == all->cap) {
		all->cap = MAX(256, 2 * all->cap);
		all->l = xrealloc(all->l, all->cap * sizeof(*all->l));
	}
	all->n += last_in(a, place, open, &all->l[all->n]) && all->l[all->n].seq < a->span.hi;
}

static void
look_at_all(struct ask *a, struct db_query q, struct lasts *all)
{
	while (!ask_late(a) && db_row(&q))
		look_at(a, db_col_int(&q, 0), all);
	db_end(&q);
}

/* However many there are: the first ones of the answer may be anywhere among them. */
void
ask_targets(struct ask *a)
{
	struct lasts all = {0};
	struct db_query q;

	for (size_t i = 0; i < a->nplaces; i++)
		look_at(a, a->places[i].id, &all);
	if (a->everywhere)
		look_at_all(a, db_query(&a->set, ASK_PLACES_ALL), &all);
	else if (a->conversations != 0) {
		q = db_query(&a->set, ASK_PLACES_OF);
		db_int(&q, a->conversations);
		look_at_all(a, q, &all);
	}
	/* what has not been looked at may belong before what has */
	if (a->page.more || !db_ok(&a->db))
		ask_refuse(a, ERR_BUSY, "");
	else
		put_lasts(a, all.l, all.n);
	free(all.l);
}

/* --- what was missed --------------------------------------------------------------------------------------- */

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
		if (!last_in(a, db_col_int(&q, 0), away, &l[n]) || is_read(a, &l[n]))
			continue;
		l[n].count = count_in(a, l[n].place, away);
		n++;
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

/* A room that has been made again goes on from where one of that name was read before: what is said in it is newer than that. */
void
ask_mark(struct ask *a)
{
	static const unsigned ways[] = {ASK_MARK, ASK_MARK_BEFORE};
	struct m_q_mark m = {0};

	for (size_t i = 0; a->nplaces > 0 && i < ARRAY_LEN(ways) && m.when == 0; i++) {
		struct db_query q = db_query(&a->set, ways[i]);

		db_int(&q, a->q.viewer);
		db_int(&q, a->places[0].id);
		m.when = db_number(&q);
	}
	if (m.when != 0)
		page_put(&a->page, false, a->frame, m_q_mark_put(a->frame, sizeof(a->frame), &m),
			 PAGE_MAX);
}
