/* history.c - see history.h. */
#include "config.h"

#include "worker/history.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/irc/irc.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/row.h"
#include "worker/ticket.h"
#include "worker/worker.h"

bool
history_kept(void)
{
	if (!options_store(&proc.opt) || !(proc.opt.history_rooms || proc.opt.history_direct))
		return false;
	return worker.reg == NULL || registry_store_state(worker.reg) != STORE_UNUSABLE;
}

#define AGAIN_MS \
	2000 /* doubling: a store that has no disk is not to be asked by everybody all the time */
#define TRIES_MAX 5
static struct due_list again; /* conn.kept */

/* --- asking ------------------------------------------------------------------------------------------ */

static struct str
keep(char **at, struct str s)
{
	struct str kept = {*at, s.n};

	if (s.n > 0) /* what is not given has no text at all */
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return kept;
}

static enum query_step question_step(struct conn *c, struct query *query);
static void question_gone(struct query *query);

struct question *
question_new(const struct history_as *as, const struct m_r_query *what, struct str target)
{
	size_t n = what->room.n + what->name.n + what->from.n + what->text.n + target.n;
	struct question *q = xcalloc(1, sizeof(*q) + n);
	char *at = q->texts;

	q->query.step = question_step;
	q->query.gone = question_gone;
	q->as = as;
	q->what = *what;
	q->limit = what->limit;
	q->what.room = keep(&at, what->room);
	q->what.name = keep(&at, what->name);
	q->what.from = keep(&at, what->from);
	q->what.text = keep(&at, what->text);
	q->target = keep(&at, target);
	return q;
}

static void
question_gone(struct query *query)
{
	free(((struct question *)query)->page);
}

static void
question_free(struct question *q)
{
	question_gone(&q->query);
	free(q);
}

static void kept_over(struct conn *c, const struct question *q);

/* Over, or refused: what more is there to say? q is nobody's any more. */
static void
finish(struct conn *c, struct question *q)
{
	if (q->as->end != NULL)
		q->as->end(c, q, q->code, (struct str){q->arg, q->narg});
	if (q->what.kind == QUERY_KEPT)
		kept_over(c, q);
	question_free(q);
}

/* Would what is missing in this page belong to it? */
static bool
lacks(const struct m_r_query *w, const struct m_q_page *page)
{
	if (page->upto == 0 || (w->kind == QUERY_FIRST && page->more))
		return false;
	return w->hi == 0 || w->bounds & QUERY_HI_TIME || w->hi > page->upto + 1;
}

/* The question that has been asked has been answered. */
static void
take_answer(struct question *q, const struct late *l)
{
	const struct m_q_page *page = l->type == MSG_q_page ? l->e : NULL;
	struct str arg;
	unsigned code;

	q->here = true;
	q->more = false;
	if (late_failed(l, &code, &arg)) {
		q->code = code;
		q->narg = (uint8_t)MIN(arg.n, sizeof(q->arg) - 1);
		memcpy(q->arg, arg.p, q->narg);
	} else if (page != NULL) {
		free(q->page);
		q->page = xstrndup(page->rows.p, page->rows.n);
		q->npage = page->rows.n;
		q->at = 0;
		q->more = page->more;
		q->lacks |= lacks(&q->what, page);
	}
}

/* What it waits for is there. */
static void
asked(struct conn *c, struct late *l)
{
	struct question *q = (struct question *)c->query;

	if (q == NULL || q->query.step != question_step)
		return;
	take_answer(q, l);
	query_answered(c);
}

static void asked_behind(struct conn *c, struct late *l);

static void
question_ask(struct conn *c, struct question *q)
{
	q->here = false;
	q->asked = true;
	request_query(c, q->behind ? TICKET_BEHIND : TICKET_WAITS, &q->what,
		      q->behind ? asked_behind : asked);
}

#define SHOWN_MAX (ROOMS_PER_USER + 8)

/* What nobody has asked for does not keep the broker from what somebody has: of those only so many are under way. */
#define BEHIND_MAX 32
static struct {
	unsigned asked;
	struct conn_list later; /* whose first question waits; they may be gone, or somebody else */
	unsigned next; /* of these */
} behind;

static void
behind_ask(struct conn *c)
{
	if (behind.asked < BEHIND_MAX) {
		behind.asked++;
		question_ask(c, c->shown);
	} else {
		conn_list_add(&behind.later, c);
	}
}

/* One of them has been answered, or is not waited for any more. */
static void
behind_answered(void)
{
	behind.asked--;
	while (behind.next < behind.later.n && behind.asked < BEHIND_MAX) {
		struct conn *c = behind.later.v[behind.next++];

		if (c->shown != NULL && !c->shown->asked && !(c->flags & CONN_ENDED))
			behind_ask(c);
	}
	if (behind.next == behind.later.n)
		behind.later.n = behind.next = 0;
}

static void
asked_behind(struct conn *c, struct late *l)
{
	behind_answered();
	if (c->shown == NULL)
		return;
	take_answer(c->shown, l);
	history_due(c);
}

void
history_ask(struct conn *c, struct question *q)
{
	query_free(c);
	c->query = &q->query;
	question_ask(c, q);
}

void
history_show(struct conn *c, struct question *q)
{
	struct question **end = &c->shown;
	unsigned n = 0;

	q->behind = true;
	for (; *end != NULL; end = &(*end)->next)
		n++;
	if (n == SHOWN_MAX) { /* it goes in and out faster than the store answers */
		question_free(q);
		return;
	}
	*end = q;
	if (c->shown == q)
		behind_ask(c);
}

void
history_due(struct conn *c)
{
	struct question *q = c->shown;
	bool busy = c->query != NULL || (c->irc != NULL && c->irc->run != NULL);

	if (q == NULL || !q->here || busy || c->flags & (CONN_ENDED | CONN_BARRIER))
		return;
	c->shown = q->next;
	q->next = NULL;
	if (c->shown != NULL)
		behind_ask(c);
	query_begin(c, &q->query);
}

static void
kept_forget(struct conn *c)
{
	if (c->kept == NULL)
		return;
	due_del(&c->kept->again);
	question_free(c->kept);
	c->kept = NULL;
}

void
history_forget(struct conn *c)
{
	bool asked = c->behind != NULL;

	ticket_forget(c, TICKET_BEHIND);
	kept_forget(c);
	while (c->shown != NULL) {
		struct question *q = c->shown;

		c->shown = q->next;
		question_free(q);
	}
	if (asked)
		behind_answered();
}

/* --- showing ----------------------------------------------------------------------------------------- */

/* The next row of the page. False: there is none, or the page is not what it should be. */
static bool
next_row(struct question *q, struct row *r)
{
	if (q->at == q->npage || !row_get(q->page + q->at, q->npage - q->at, r))
		return false;
	q->at += r->len;
	return true;
}

static void
show_row(struct conn *c, struct question *q, const struct row *r)
{
	if (q->rows++ == 0)
		q->first = r->seq;
	q->page_rows++;
	q->last = r->seq;
	q->last_at = r->at;
	/* it may have left again */
	if (q->what.flags & QUERY_REPLAY && room_named(c, q->what.room) == NULL)
		return;
	if (q->as->row != NULL)
		q->as->row(c, q, r);
}

/* What is behind the last row. */
static void
ask_on(struct conn *c, struct question *q)
{
	struct m_r_query *w = &q->what;

	w->lo = q->last;
	w->bounds &= (uint8_t)~QUERY_LO_TIME;
	w->limit = q->limit - q->rows;
	q->page_rows = 0;
	question_ask(c, q);
}

static bool
wants_more(const struct question *q)
{
	return q->code == ERR_NONE && q->more && q->page_rows > 0 && q->last != 0 &&
	       q->rows < q->limit && (q->what.kind == QUERY_FIRST || q->what.kind == QUERY_KEPT);
}

/* A page has the newest of what was asked for, and is to be shown behind the others: where the first of them is has to be
 * found out. True: it has been asked, or what begins there has. The pages on the way are not kept: a client
 * would take as much memory as it can ask for. */
static bool
seek(struct conn *c, struct question *q)
{
	struct m_r_query *w = &q->what;
	uint32_t n = 0;
	struct row r;

	if (!q->seeking) {
		if (!q->whole || !q->more || w->kind != QUERY_LATEST || q->code != ERR_NONE)
			return false;
		q->hi = w->hi;
		q->bounds = w->bounds;
		q->seeking = true;
	}
	while (next_row(q, &r)) {
		if (n++ == 0)
			q->from = r.seq;
	}
	q->sought += n;
	if (q->code == ERR_NONE && q->more && n > 0 && q->sought < q->limit) {
		w->hi = q->from;
		w->bounds &= (uint8_t)~QUERY_HI_TIME;
		w->limit = q->limit - q->sought;
	} else {
		q->seeking = false;
		w->kind = QUERY_FIRST;
		w->lo = q->from - 1;
		w->hi = q->hi;
		w->bounds = q->bounds & QUERY_HI_TIME;
		w->limit = q->limit;
	}
	question_ask(c, q);
	return true;
}

static enum query_step
question_step(struct conn *c, struct query *query)
{
	struct question *q = (struct question *)query;
	struct row r;

	if (seek(c, q))
		return QUERY_WAIT;
	if (!q->begun && q->code == ERR_NONE && q->as->begin != NULL)
		q->as->begin(c, q);
	q->begun = true;
	while (!outq_busy(c)) {
		if (next_row(q, &r)) {
			show_row(c, q, &r);
			continue;
		}
		if (wants_more(q)) {
			q->behind = false; /* it has begun: others' commands are not in between */
			ask_on(c, q);
			return QUERY_WAIT;
		}
		c->query = NULL;
		c->flags &= ~(unsigned)CONN_BARRIER;
		finish(c, q);
		return QUERY_PASSED;
	}
	return QUERY_MORE;
}

/* --- what clients are shown without asking --------------------------------------------------------- */

static const struct history_shows *
shows_of(const struct conn *c)
{
	return c->irc != NULL ? &history_irc : &history_telnet;
}

void
history_entered(struct conn *c, struct str room, uint64_t seq)
{
	const struct history_shows *shows = shows_of(c);
	struct m_r_query what = {.kind = QUERY_LATEST,
				 .flags = QUERY_REPLAY,
				 .room = room,
				 .hi = seq,
				 .limit = (uint32_t)proc.opt.history_replay};

	if (!history_kept() || what.limit == 0 || !shows->wants_replay(c))
		return;
	history_show(c, question_new(&shows->replay, &what, room));
}

/* What was kept for c, behind the event lo. */
static struct question *
ask_kept(struct conn *c, uint64_t lo)
{
	struct m_r_query what = {.kind = QUERY_KEPT, .lo = lo, .limit = QUERY_ROWS_MAX};

	return question_new(&shows_of(c)->kept, &what, STR_LIT(""));
}

static uint64_t
again_ms(void)
{
	return AGAIN_MS;
}

static void
again_fire(struct due *d)
{
	struct question *q = (struct question *)((char *)d - offsetof(struct question, again));

	if (--q->rounds > 0) {
		due_add(&again, d);
		return;
	}
	q->conn->kept = NULL;
	history_show(q->conn, q);
}

/* All that there is has been shown; or as much as one question may have; or the store is away, or behind. */
static void
kept_over(struct conn *c, const struct question *q)
{
	uint64_t lo = MAX(q->last, q->what.lo);

	if (q->last != 0)
		request_kept(c, q->last);
	if (q->last != 0 && q->rows >= q->limit) {
		history_show(c, ask_kept(c, lo));
	} else if ((chat_err_passes(q->code) || q->lacks) && c->kept == NULL) {
		c->kept = ask_kept(c, lo);
		c->kept->conn = c;
		c->kept->rounds = (uint8_t)(1u << q->tries);
		c->kept->tries = (uint8_t)MIN(q->tries + 1u, TRIES_MAX);
		due_add(&again, &c->kept->again);
	}
}

void
history_init(struct loop *loop)
{
	due_init(&again, loop, again_ms, again_fire);
}

void
history_logged_in(struct conn *c)
{
	const struct history_shows *shows = shows_of(c);
	struct m_r_query what = {.kind = QUERY_MISSED, .limit = QUERY_ROWS_MAX};

	if (!history_kept())
		return;
	kept_forget(c);
	history_show(c, ask_kept(c, 0));
	if (!shows->wants_missed(c))
		return;
	history_show(c, question_new(&shows->missed, &what, STR_LIT("")));
}
