/* job.c - see job.h. */
#include "config.h"

#include "broker/job.h"

#include <stdlib.h>
#include <string.h>

#include "broker/auth.h"
#include "broker/store.h"
#include "lib/util.h"

#define JOBS_EACH 16

static struct job jobs[JOBS_MAX];
static uint32_t last_ticket;
static bool some_lost;

static struct job *
place_for(uint64_t user, uint64_t conn)
{
	struct job *free_one = NULL;
	unsigned his = 0;

	for (unsigned i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].ticket == 0)
			free_one = free_one != NULL ? free_one : &jobs[i];
		else
			his += jobs[i].user == user && jobs[i].conn == conn;
	}
	return his < JOBS_EACH ? free_one : NULL;
}

struct job *
job_begin(const struct req *r, uint64_t user, uint64_t conn, size_t state_size)
{
	struct m_e_wait m = {.user = user};
	struct job *j = place_for(user, conn);

	if (j == NULL) {
		answer_refused(r, user, conn, ERR_BUSY, STR_LIT(""));
		return NULL;
	}
	/* not the same as those that the last broker gave */
	if (last_ticket == 0)
		last_ticket = (uint32_t)br.j.seq;
	last_ticket += last_ticket + 1 == 0 ? 2 : 1;
	*j = (struct job){.ticket = last_ticket,
			  .sub = r->sub,
			  .inc = r->inc,
			  .user = user,
			  .conn = conn,
			  .state = state_size > 0 ? xcalloc(1, state_size) : NULL,
			  .state_size = state_size};
	m.ticket = j->ticket;
	entry_begin(r);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(wait, &m);
	return j;
}

void
job_ask_store(struct job *j, const void *frame, size_t len, job_fn *fn)
{
	j->fn = fn;
	j->waits = JOB_FOR_STORE;
	j->lost = !store_send(frame, len);
	some_lost |= j->lost;
}

void
job_ask_auth(struct job *j, const void *frame, size_t len, job_fn *fn)
{
	j->fn = fn;
	j->waits = JOB_FOR_AUTH;
	j->lost = !auth_ask(j->ticket, frame, len);
	some_lost |= j->lost;
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

static void
state_end(struct job *j)
{
	if (j->ended != NULL)
		j->ended(j);
	if (j->state != NULL)
		explicit_bzero(j->state, j->state_size);
	free(j->state);
}

void
job_again(struct job *j, size_t state_size)
{
	state_end(j);
	j->ended = NULL;
	j->state = xcalloc(1, state_size);
	j->state_size = state_size;
}

void
job_end(struct job *j)
{
	state_end(j);
	*j = (struct job){0};
}

void
job_done(struct job *j, const char *text)
{
	struct m_e_done m = {
	    .user = j->user, .conn = j->conn, .ticket = j->ticket, .text = str_of(text)};

	job_entry_begin(j);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(done, &m);
	job_end(j);
}

void
job_failed(struct job *j, enum chat_err err, struct str arg)
{
	struct m_e_failed m = {.user = j->user,
			       .conn = j->conn,
			       .ticket = j->ticket,
			       .code = (uint16_t)err,
			       .arg = arg};

	job_entry_begin(j);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(failed, &m);
	job_end(j);
}

static void
answered(enum job_waits waits, const void *frame, size_t len, uint32_t ticket)
{
	for (unsigned i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].ticket == ticket && ticket != 0 && jobs[i].waits == waits) {
			jobs[i].waits = JOB_FOR_NOBODY;
			jobs[i].fn(&jobs[i], frame, len);
			return;
		}
	}
	/* of a broker before, or of somebody who has gone */
}

bool
jobs_store_answered(const void *frame, size_t len, uint32_t ticket)
{
	answered(JOB_FOR_STORE, frame, len, ticket);
	return true;
}

void
jobs_auth_answered(const void *frame, size_t len, uint32_t ticket)
{
	answered(JOB_FOR_AUTH, frame, len, ticket);
}

void
jobs_store_gone(void)
{
	for (unsigned i = 0; i < JOBS_MAX; i++)
		jobs[i].lost |= jobs[i].ticket != 0 && jobs[i].waits == JOB_FOR_STORE;
	some_lost = true;
}

void
jobs_resume(void)
{
	if (!some_lost || !br.recovered)
		return;
	for (unsigned i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].ticket == 0 || !jobs[i].lost)
			continue;
		if (!subs_room())
			return;
		jobs[i].lost = false;
		jobs[i].waits = JOB_FOR_NOBODY;
		jobs[i].fn(&jobs[i], NULL, 0);
	}
	some_lost = false;
	for (unsigned i = 0; i < JOBS_MAX; i++)
		some_lost |= jobs[i].lost;
}

void
jobs_forget(uint32_t sub, uint32_t inc)
{
	for (unsigned i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].ticket != 0 && jobs[i].sub == sub && jobs[i].inc == inc)
			job_end(&jobs[i]);
	}
}

void
jobs_fini(void)
{
	for (unsigned i = 0; i < JOBS_MAX; i++)
		job_end(&jobs[i]);
	last_ticket = 0;
	some_lost = false;
}
