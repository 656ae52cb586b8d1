/* job.c - see job.h. */
#include "config.h"

#include "broker/job.h"

#include <stdlib.h>
#include <string.h>

#include "broker/auth.h"
#include "broker/store.h"
#include "broker/subs.h"
#include "ipc/proc.h"
#include "ipc/store.h"
#include "lib/loop.h"
#include "lib/util.h"

#define JOBS_EACH 16

uint64_t job_wait_ms = STORE_WAIT_MS;
uint64_t job_await_ms = 3000;

static struct job jobs[JOBS_MAX];
static uint32_t last_ticket;
static bool some_lost;
static uint64_t store_died; /* mono ms; 0: it is there, or never was */
static struct loop_timer due_timer; /* until the first of those that wait is due */

/* Free for a job like this one; NULL: there are too many. */
static struct job *
place_for(const struct job *like)
{
	struct job *free_one = NULL;
	unsigned his = 0, questions = 0;

	for (struct job *j = jobs; j < jobs + JOBS_MAX; j++) {
		if (j->ticket == 0) {
			free_one = free_one != NULL ? free_one : j;
			continue;
		}
		his += !j->alone && j->user == like->user && j->conn == like->conn;
		questions += j->question;
	}
	return (like->alone || his < JOBS_EACH) &&
		       (!like->question || questions < JOBS_QUESTIONS_MAX)
		   ? free_one
		   : NULL;
}

static struct job *
job_new(struct job like, size_t state_size)
{
	struct job *j = place_for(&like);

	if (j == NULL)
		return NULL;
	/* not the same as those that the last broker gave */
	if (last_ticket == 0)
		last_ticket = (uint32_t)br.j.seq;
	last_ticket += last_ticket + 1 == 0 ? 2 : 1;
	*j = like;
	j->ticket = last_ticket;
	j->wait_ms = job_wait_ms;
	j->state = state_size > 0 ? xcalloc(1, state_size) : NULL;
	j->state_size = state_size;
	return j;
}

static struct job *
begin(const struct req *r, struct job like, size_t state_size)
{
	struct m_e_wait m = {.user = like.user};
	struct job *j;

	like.sub = r->sub;
	like.inc = r->inc;
	j = job_new(like, state_size);
	if (j == NULL) {
		answer_refused(r, like.user, like.conn, ERR_BUSY, STR_LIT(""));
		return NULL;
	}
	m.ticket = j->ticket;
	entry_begin(r);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(wait, &m);
	return j;
}

struct job *
job_begin(const struct req *r, uint64_t user, uint64_t conn, size_t state_size)
{
	return begin(r, (struct job){.user = user, .conn = conn}, state_size);
}

struct job *
job_begin_question(const struct req *r, uint64_t user, size_t state_size)
{
	return begin(r, (struct job){.user = user, .question = true}, state_size);
}

struct job *
job_begin_alone(size_t state_size)
{
	return job_new((struct job){.question = true, .alone = true}, state_size);
}

/* --- asking ------------------------------------------------------------------------------------------ */

/* Somebody has waited long enough: jobs_resume sees who. */
static void
time_is_up(void *arg)
{
	(void)arg;
	some_lost = true;
}

static bool
is_watched(const struct job *j)
{
	return j->waits != JOB_FOR_NOBODY && !j->lost && !j->overdue;
}

/* Is it with the store, to be done? */
static bool
is_change(const struct job *j)
{
	return j->changes && j->waits == JOB_FOR_STORE && !j->lost;
}

static void
watch(const struct job *j)
{
	uint64_t now = loop_now(proc.loop);

	if (is_watched(j) && (due_timer.place == 0 || j->due < due_timer.due))
		loop_timer_start(proc.loop, &due_timer, j->due - MIN(j->due, now), time_is_up,
				 NULL);
}

static void
asked(struct job *j, enum job_waits whom, bool sent, job_fn *fn)
{
	j->fn = fn;
	j->waits = whom;
	j->changes = false;
	j->lost = !sent;
	some_lost |= j->lost;
	j->due = loop_now(proc.loop) + j->wait_ms * (whom == JOB_FOR_AUTH ? JOB_AUTH_TIMES : 1);
	watch(j);
}

static void
frame_drop(struct job *j)
{
	free(j->frame);
	j->frame = NULL;
	j->unasked = j->again = false;
}

/* What takes long may be what it dies of, and is not begun anew. */
static void
frame_keep(struct job *j, const void *frame, size_t len)
{
	frame_drop(j);
	if (j->wait_ms >= JOB_LONG_MS)
		return;
	j->frame = xcalloc(1, len);
	memcpy(j->frame, frame, len);
	j->frame_len = len;
}

/* For the next store, if it comes soon. */
static void
await(struct job *j)
{
	j->unasked = true;
	j->due = MIN(j->due, store_died + job_await_ms);
	watch(j);
}

void
job_ask_store(struct job *j, const void *frame, size_t len, job_fn *fn)
{
	bool sent = store_send(frame, len),
	     comes = store_died != 0 && loop_now(proc.loop) - store_died < job_await_ms;

	frame_keep(j, frame, len);
	asked(j, JOB_FOR_STORE, sent || (comes && j->frame != NULL), fn);
	if (!sent && !j->lost)
		await(j);
}

void
job_ask_change(struct job *j, const void *frame, size_t len, job_fn *fn)
{
	frame_drop(j);
	asked(j, JOB_FOR_STORE, store_send(frame, len), fn);
	j->changes = true;
}

void
job_ask_auth(struct job *j, const void *frame, size_t len, job_fn *fn)
{
	asked(j, JOB_FOR_AUTH, auth_ask(j->ticket, j->behind, frame, len), fn);
}

unsigned
jobs_count(job_fn *fn, bool (*is)(const struct job *j, const void *arg), const void *arg)
{
	unsigned n = 0;

	for (const struct job *j = jobs; j < jobs + JOBS_MAX; j++)
		n += j->ticket != 0 && j->fn == fn && is(j, arg);
	return n;
}

struct reg_user *
job_user(const struct job *j)
{
	return j->user != 0 ? regw_user(&br.reg, j->user) : NULL;
}

void
job_entry_begin(const struct job *j)
{
	entry_begin(&req_nobody);
	if (sub_alive(j->sub, j->inc))
		br.t.targets |= 1ull << j->sub;
}

/* --- the end ----------------------------------------------------------------------------------------- */

/* Nobody waits for it any more. */
static void
leave(struct job *j)
{
	if (j->ended != NULL)
		j->ended(j);
	j->ended = NULL;
	j->alone = true;
}

/* Its question is not put any more. Otherwise those who come when more is asked than can be answered in time would all wait behind
 * ones whose answer nobody hears, and none would be answered in time again. */
static void
ask_no_more(const struct job *j)
{
	if (j->waits == JOB_FOR_AUTH)
		auth_forget(j->ticket);
}

/* What the caller's state held is given back, and it is wiped. */
static void
state_end(struct job *j)
{
	if (j->ended != NULL)
		j->ended(j);
	j->ended = NULL;
	if (j->state != NULL)
		explicit_bzero(j->state, j->state_size);
	free(j->state);
}

void
job_again(struct job *j, size_t state_size)
{
	state_end(j);
	j->state = xcalloc(1, state_size);
	j->state_size = state_size;
}

void
job_end(struct job *j)
{
	ask_no_more(j);
	frame_drop(j);
	state_end(j);
	*j = (struct job){0};
}

void
job_done(struct job *j, const char *text)
{
	struct m_e_done m = {
	    .user = j->user, .conn = j->conn, .ticket = j->ticket, .text = str_of(text)};

	if (!j->alone) {
		job_entry_begin(j);
		EVENT_HEAD(&req_nobody, m);
		ENTRY_COMMIT(done, &m);
	}
	job_end(j);
}

static void
tell_failed(const struct job *j, enum chat_err err, struct str arg)
{
	struct m_e_failed m = {.user = j->user,
			       .conn = j->conn,
			       .ticket = j->ticket,
			       .code = (uint16_t)err,
			       .arg = arg};

	job_entry_begin(j);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(failed, &m);
}

void
job_failed(struct job *j, enum chat_err err, struct str arg)
{
	if (!j->alone)
		tell_failed(j, err, arg);
	job_end(j);
}

void
job_page(struct job *j, const struct m_s_page *p)
{
	static char out[IPC_FRAME_MAX];
	struct m_q_page m = {.user = j->user,
			     .conn = j->conn,
			     .ticket = j->ticket,
			     .code = p->code,
			     .more = p->more,
			     .upto = p->upto,
			     .arg = p->arg,
			     .rows = p->rows};

	if (!j->alone && sub_alive(j->sub, j->inc) &&
	    !sub_side(j->sub, out, m_q_page_put(out, sizeof(out), &m)))
		job_failed(j, ERR_BUSY, STR_LIT(""));
	else
		job_end(j);
}

/* A store that cannot write is sent nothing more of what is said, and does not know that it lacks it. */
static uint64_t
unwritten(void)
{
	const struct reg_header *h = br.reg.h;

	return h->store_state == STORE_BEHIND && h->stored < br.for_store ? MAX(h->stored, 1u) : 0;
}

void
job_paged(struct job *j, const void *frame, size_t len)
{
	struct m_s_page p;

	if (frame == NULL)
		job_failed(j, ERR_STORE_AWAY, STR_LIT(""));
	else if (!m_s_page_get(frame, len, &p) || p.code >= ERR_COUNT)
		job_failed(j, ERR_INTERNAL, STR_LIT(""));
	else if (p.code != ERR_NONE)
		job_failed(j, p.code, p.arg);
	else {
		if (p.upto == 0)
			p.upto = unwritten();
		job_page(j, &p);
	}
}

/* --- answers, or none -------------------------------------------------------------------------------- */

static void
go_on(struct job *j, const void *frame, size_t len)
{
	j->overdue = j->lost = false;
	j->waits = JOB_FOR_NOBODY;
	frame_drop(j);
	j->fn(j, frame, len);
}

static void
answered(enum job_waits waits, const void *frame, size_t len, uint32_t ticket)
{
	for (unsigned i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].ticket == ticket && ticket != 0 && jobs[i].waits == waits) {
			go_on(&jobs[i], frame, len);
			return;
		}
	}
	/* of a broker before, or of somebody who has gone */
}

void
jobs_store_answered(const void *frame, size_t len, uint32_t ticket)
{
	answered(JOB_FOR_STORE, frame, len, ticket);
}

void
jobs_auth_answered(const void *frame, size_t len, uint32_t ticket)
{
	answered(JOB_FOR_AUTH, frame, len, ticket);
}

/* Can the next one be asked in its place? */
static bool
asks_the_next(struct job *j)
{
	if (j->frame == NULL || j->lost || (j->again && !j->unasked))
		return false;
	if (!j->unasked) {
		j->again = true;
		await(j);
	}
	return true;
}

void
jobs_store_gone(bool dead)
{
	if (dead && store_died == 0)
		store_died = loop_now(proc.loop);
	for (struct job *j = jobs; j < jobs + JOBS_MAX; j++) {
		if (j->waits != JOB_FOR_STORE || (dead && asks_the_next(j)))
			continue;
		if (is_change(j) && !dead)
			j->due = 0;
		else
			j->lost = true;
	}
	some_lost = true;
}

void
jobs_store_here(void)
{
	store_died = 0;
	for (struct job *j = jobs; j < jobs + JOBS_MAX; j++) {
		if (j->waits != JOB_FOR_STORE || !j->unasked || j->lost)
			continue;
		j->unasked = false;
		j->due = loop_now(proc.loop) + j->wait_ms;
		j->lost = !store_send(j->frame, j->frame_len);
		some_lost |= j->lost;
		watch(j);
	}
}

/* The disk may hang: what is in the store's writer will be done when it goes on, if it does. The store takes no other change
 * meanwhile. */
static void
be_overdue(struct job *j)
{
	if (!j->alone)
		tell_failed(j, ERR_NO_ANSWER, STR_LIT(""));
	leave(j);
	j->overdue = true;
}

void
jobs_resume(void)
{
	uint64_t now = loop_now(proc.loop);

	if (!some_lost || !br.recovered)
		return;
	for (struct job *j = jobs; j < jobs + JOBS_MAX; j++) {
		bool late = is_watched(j) && now >= j->due;

		if (!j->lost && !late)
			continue;
		if (!subs_room())
			return;
		if (late && j->changes) {
			be_overdue(j);
			continue;
		}
		ask_no_more(j);
		go_on(j, NULL, 0);
	}
	some_lost = false;
	for (unsigned i = 0; i < JOBS_MAX; i++) {
		some_lost |= jobs[i].lost;
		watch(&jobs[i]);
	}
}

void
jobs_forget(uint32_t sub, uint32_t inc)
{
	for (struct job *j = jobs; j < jobs + JOBS_MAX; j++) {
		if (j->ticket == 0 || j->sub != sub || j->inc != inc)
			continue;
		if (is_change(j))
			leave(j);
		else
			job_end(j);
	}
}

void
jobs_fini(void)
{
	for (unsigned i = 0; i < JOBS_MAX; i++)
		job_end(&jobs[i]);
	last_ticket = 0;
	some_lost = false;
	store_died = 0;
	loop_timer_stop(proc.loop, &due_timer);
}
