/* job.h - what the broker must ask of chatd-store or chatd-auth before it can answer.
 *
 * A job begins with a request, which is answered by e_wait (job_begin), and goes on each time one of
 * those has answered what it was asked, until job_end. Its answer goes to whoever asked, as an event or
 * page with the job's ticket. Nothing of it outlives the broker: whoever asked, asks the next one again.
 */
#ifndef BROKER_JOB_H
#define BROKER_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"

#define JOBS_MAX 512 /* under way, everybody's together */
/* …of which so many at most are questions about what was said, and what nobody waits for: the rest is there for logins, whoever
 * asks however much. */
#define JOBS_QUESTIONS_MAX 384

/* How long (ms) the store is waited for: one that works needs less, with what is before it in its queue, and people and chatctl
 * do not wait longer. Tests change it. */
extern uint64_t job_wait_ms;
/* How long (ms) a question waits for the next store when one has died: the master starts it. Tests change it. */
extern uint64_t job_await_ms;
/* …so many times as long an auth process: AUTH_PENDING_MAX hashes by a single one, a tenth of a second each */
#define JOB_AUTH_TIMES 3
#define JOB_LONG_MS 600000 /* …for what goes over all that the store has: as long as chatctl does */

struct job;
/* An answer: a frame of the store's or of an auth process's, valid during the call; NULL: whoever was
 * asked is not there any more, or has not answered in time. There is room in the journal. Asks on, or ends the job. */
typedef void job_fn(struct job *j, const void *frame, size_t len);
/* The job ends, however that came, or goes on without anybody who waits for it: what its state counts or holds for the
 * one who asked is given back, and passwords are wiped. Once for each job. */
typedef void job_end_fn(struct job *j);

enum job_waits { JOB_FOR_NOBODY, JOB_FOR_STORE, JOB_FOR_AUTH };

struct job {
	uint32_t ticket; /* never 0 while it is under way */
	uint32_t sub, inc; /* whose request it was */
	uint64_t user, conn; /* of whom; user 0: of a connection without a name, or control's */
	job_fn *fn; /* the next answer is for */
	enum job_waits waits; /* for whose answer */
	bool question; /* one of JOBS_QUESTIONS_MAX */
	bool lost; /* which will not come */
	bool unasked; /* the question is for a store that has not come yet */
	bool again; /* it has been asked of one that died: of a third it is not */
	bool changes; /* what was asked for is done, however late the answer comes */
	bool alone; /* nobody waits for the end of it: nobody is told */
	bool overdue; /* and the answer has not come in time */
	unsigned behind; /* the caller's: as auth_ask has it */
	uint64_t wait_ms, due; /* how long an answer is waited for; until when (mono ms) */
	job_end_fn *ended; /* the caller's, NULL at first */
	void *state; /* owned: the caller's, zero at first; wiped at the end */
	size_t state_size;
	void *frame; /* owned: what the store is asked; NULL: only once */
	size_t frame_len;
};

/* Begin a job, for the request r of user (or conn): it is answered by e_wait. NULL: too many are under
 * way, or 16 of this user's (or connection's) are, and the request has been refused. */
struct job *job_begin(const struct req *r, uint64_t user, uint64_t conn, size_t state_size);
/* The same, of what is asked about what was said. */
struct job *job_begin_question(const struct req *r, uint64_t user, size_t state_size);
/* The same, of what nobody has asked for: it is alone. */
struct job *job_begin_alone(size_t state_size);
/* Send the store a frame made with j->ticket; fn gets its answer, or NULL, in a later turn. If the store dies, the next one is asked,
 * but not what takes it longer than people wait. */
void job_ask_store(struct job *j, const void *frame, size_t len, job_fn *fn);
/* The same, for what the store is to change. When the answer is late whoever asked is told ERR_NO_ANSWER, and the job goes on
 * alone: fn gets the answer whenever it comes, and what it says is done. */
void job_ask_change(struct job *j, const void *frame, size_t len, job_fn *fn);
/* The same, of an auth process. NULL also when too much is being asked of them. */
void job_ask_auth(struct job *j, const void *frame, size_t len, job_fn *fn);
/* How many there are whose next answer is for fn, and who are as is() says. */
unsigned jobs_count(job_fn *fn, bool (*is)(const struct job *j, const void *arg), const void *arg);
/* It goes on as another: what its state counts or holds is given back, as at its end; the new state is zero. */
void job_again(struct job *j, size_t state_size);
/* u of the job; NULL: it was of a connection, or is gone. */
struct reg_user *job_user(const struct job *j);
/* The end: e_done, e_failed, unless it is alone; just the end. j is gone. */
void job_done(struct job *j, const char *text);
void job_failed(struct job *j, enum chat_err err, struct str arg);
void job_end(struct job *j);
/* The end: a page of rows for whoever asked. job_paged is a job_fn that makes it of the store's s_page. */
struct m_s_page;
void job_page(struct job *j, const struct m_s_page *p);
job_fn job_paged;
/* What goes into the events that answer: an entry for whoever asked alone. */
void job_entry_begin(const struct job *j);

/* A frame that answers a ticket has come from the store. */
void jobs_store_answered(const void *frame, size_t len, uint32_t ticket);
/* The same from an auth process; NULL: there is none left. */
void jobs_auth_answered(const void *frame, size_t len, uint32_t ticket);
/* The store is dead, or there and does not read: those that wait for it, and not for the next one, get NULL when the journal has room
 * (jobs_resume), like those that have waited too long; but what one that lives is to change is overdue. */
void jobs_store_gone(bool dead);
/* It is there: it is asked what waits for it. */
void jobs_store_here(void);
void jobs_resume(void);
/* Subscriber `sub` is gone: its jobs end, or go on alone where something is being changed. */
void jobs_forget(uint32_t sub, uint32_t inc);
/* Forget everything, for tests. */
void jobs_fini(void);

#endif
