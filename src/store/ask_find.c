/* ask_find.c - searching. The newest first, until there are as many as were asked for.
 *
 * What the index does not have yet is read and compared (match.h); the index has the rest. Both are seen in one state of
 * the database, so no message is in neither or in both.
 */
#include "config.h"

#include "lib/util.h"
#include "store/ask_priv.h"
#include "store/match.h"
#include "store/search.h"

/* One that the index has found. False: no more. */
static bool
found(struct ask *a, uint64_t seq)
{
	struct db_query q = db_query(&a->set, ASK_MESSAGE);
	struct rows_place *p;
	bool on = true;

	db_int(&q, seq);
	if (db_row(&q)) {
		p = ask_place(a, db_col_int(&q, ROW_PLACE));
		if (p != NULL && ask_fits(a, &q))
			on = ask_put(a, true, &q, p, false, PAGE_MAX);
	}
	db_end(&q);
	return on;
}

static void
ask_index(struct ask *a, const char *expr, struct span s)
{
	struct db_query q = db_query(&a->set, ASK_FIND);
	uint32_t seen = 0;

	db_text(&q, str_of(expr));
	db_int(&q, s.lo);
	db_int(&q, s.hi);
	while (a->count < a->limit && db_row(&q))
		if (!found(a, db_col_int(&q, 0)) || (++seen % 64 == 0 && ask_late(a)))
			break;
	db_end(&q);
}

static uint64_t
indexed(struct ask *a)
{
	struct db_query q = db_query(&a->set, ASK_INDEXED);

	return db_number(&q);
}

/* The words as FTS5 has them. False: they cannot be searched for, and that has been said. */
static bool
make_expr(struct ask *a, char *expr)
{
	int64_t ids[SEARCH_PLACES_MAX];
	bool few = !a->everywhere && a->nplaces <= SEARCH_PLACES_MAX;
	enum search_fault fault;

	for (size_t i = 0; few && i < a->nplaces; i++)
		ids[i] = (int64_t)a->places[i].id;
	fault = search_expr(a->q.text, ids, few ? a->nplaces : 0, expr);
	if (fault != SEARCH_FINE)
		ask_refuse(a, ERR_BAD_ARGUMENT, search_strerror(fault));
	return fault == SEARCH_FINE;
}

static bool
can_match(struct ask *a)
{
	if (a->match == NULL)
		a->match = match_new(a->db.h);
	if (a->match == NULL)
		db_fail(&a->db, -1, "this SQLite has no FTS5");
	return a->match != NULL;
}

void
ask_search(struct ask *a)
{
	char expr[SEARCH_EXPR_MAX];
	struct span tail = a->span, rest = a->span;
	uint64_t last;

	a->q.flags &= (uint8_t)~QUERY_EVENTS;
	if (a->q.text.n == 0) { /* by its filters alone */
		ask_walk(a, true, a->span, a->limit, PAGE_MAX);
		return;
	}
	if (!make_expr(a, expr) || !can_match(a) || (!a->everywhere && a->nplaces == 0))
		return;
	last = indexed(a);
	tail.lo = MAX(tail.lo, last);
	rest.hi = MIN(rest.hi, last + 1);
	match_words(a->match, a->q.text);
	a->matching = true;
	ask_walk(a, true, tail, a->limit, PAGE_MAX);
	a->matching = false;
	if (a->count < a->limit && !a->page.more)
		ask_index(a, expr, rest);
}
