/* ask_when.c - the bounds of a question, as sequence numbers.
 *
 * Order is by number always. A time stands for the place in that order where it was: between two rows of the clock, which
 * the writer notes every few seconds, messages are looked through by halves. A clock that has jumped makes the place
 * odd, never the order.
 */
#include "config.h"

#include "lib/util.h"
#include "store/ask_priv.h"

#define SEQ_MAX ((uint64_t)INT64_MAX)

static uint64_t
number(struct ask *a, enum ask_sql which, uint64_t arg)
{
	struct db_query q = db_query(&a->set, which);

	db_int(&q, arg);
	return db_number(&q);
}

/* The number and time of the first message from seq on. False: there is none. */
static bool
next(struct ask *a, uint64_t seq, uint64_t *seq_r, uint64_t *at_r)
{
	struct db_query q = db_query(&a->set, ASK_NEXT);
	bool found;

	db_int(&q, seq);
	found = db_row(&q);
	if (found) {
		*seq_r = db_col_int(&q, 0);
		*at_r = db_col_int(&q, 1);
	}
	db_end(&q);
	return found;
}

uint64_t
ask_seq_at(struct ask *a, uint64_t at)
{
	uint64_t lo, hi, seq, time;

	at = MIN(at, SEQ_MAX);
	lo = number(a, ASK_CLOCK_TO, at - (at > 0));
	hi = number(a, ASK_CLOCK_FROM, at);
	if (hi <= lo)
		hi = number(a, ASK_LAST_SEQ, 0) + 1;
	while (lo < hi) {
		uint64_t middle = lo + (hi - lo) / 2;

		if (next(a, middle, &seq, &time) && seq < hi && time < at)
			lo = seq + 1;
		else
			hi = middle;
	}
	return lo;
}

/* Of QUERY_TURN: is hi before lo? */
static bool
reversed(struct ask *a)
{
	const struct m_s_query *q = &a->q;

	switch (q->bounds & (QUERY_LO_TIME | QUERY_HI_TIME)) {
	case QUERY_LO_TIME:
		return ask_seq_at(a, q->lo) > q->hi;
	case QUERY_HI_TIME:
		return q->lo >= ask_seq_at(a, q->hi);
	default:
		return q->lo > q->hi;
	}
}

static void
turn(struct m_s_query *q)
{
	unsigned lo = q->bounds & QUERY_LO_TIME, hi = q->bounds & QUERY_HI_TIME;
	uint64_t at = q->lo;

	q->kind = QUERY_LATEST;
	q->lo = q->hi;
	q->hi = at;
	q->bounds = (uint8_t)((hi ? QUERY_LO_TIME : 0) | (lo ? QUERY_HI_TIME : 0));
}

void
ask_when(struct ask *a)
{
	const struct m_s_query *q = &a->q;
	struct span *s = &a->span;
	uint64_t time;

	if (q->kind == QUERY_FIRST && (q->flags & QUERY_TURN) && q->lo != 0 && q->hi != 0 &&
	    reversed(a))
		turn(&a->q);
	*s = (struct span){
	    .lo = MIN(q->lo, SEQ_MAX), .hi = MIN(q->hi, SEQ_MAX), .at_hi = UINT64_MAX};
	if (q->lo != 0 && (q->bounds & QUERY_LO_TIME)) {
		/* from: rows of that very time are behind the bound, but for AROUND, which counts it in */
		uint64_t from = q->kind == QUERY_AROUND ? q->lo : q->lo + (q->lo < UINT64_MAX);

		s->lo = ask_seq_at(a, from);
		if (q->kind != QUERY_AROUND) {
			s->lo -= s->lo > 0;
			s->at_lo = q->lo;
		}
	}
	if (q->hi != 0 && (q->bounds & QUERY_HI_TIME)) {
		/* up to the next message: events between it and the last one are told by their times */
		if (!next(a, ask_seq_at(a, q->hi), &s->hi, &time))
			s->hi = SEQ_MAX;
		s->at_hi = q->hi;
	}
	if (q->hi == 0)
		s->hi = SEQ_MAX;
}
