/* reached.c - see reached.h. */
#include "config.h"

#include "store/reached.h"

#include <pthread.h>
#include <syslog.h>
#include <time.h>

#include "lib/util.h"
#include "store/db.h"
#include "store/thread.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more; /* by the clock that nobody sets */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint64_t last;
static char stuck[REACHED_WHY];
static uint64_t unread_at; /* mono ms of the last question that failed; 0: none in this outage */

static void
begin(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&more, &attr);
	pthread_condattr_destroy(&attr);
}

void
reached_set(uint64_t seq)
{
	pthread_once(&once, begin);
	pthread_mutex_lock(&lock);
	last = seq;
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&lock);
}

uint64_t
reached(void)
{
	uint64_t seq;

	pthread_mutex_lock(&lock);
	seq = last;
	pthread_mutex_unlock(&lock);
	return seq;
}

bool
reached_wait(uint64_t seq, unsigned ms)
{
	struct timespec until = time_after(CLOCK_MONOTONIC, ms);
	bool there;
	int err = 0;

	pthread_once(&once, begin);
	pthread_mutex_lock(&lock);
	while (last < seq && err == 0)
		err = pthread_cond_timedwait(&more, &lock, &until);
	there = last >= seq;
	pthread_mutex_unlock(&lock);
	return there;
}

void
reached_stuck(const char *why)
{
	pthread_mutex_lock(&lock);
	if (why[0] == '\0' && stuck[0] != '\0')
		unread_at = 0;
	bprintf(stuck, sizeof(stuck), "%s", why);
	pthread_mutex_unlock(&lock);
}

#define OVER_MS (60 * 1000)

void
reached_unread(struct thread *t, const char *why)
{
	uint64_t now = mono_ms();
	bool first;

	if (why[0] == '\0')
		return;
	pthread_mutex_lock(&lock);
	first = unread_at == 0 || now - unread_at > OVER_MS;
	unread_at = now;
	pthread_mutex_unlock(&lock);
	if (first)
		thread_log(t, LOG_ERR,
			   "the database %s cannot be read, questions are not answered: %s",
			   DB_FILE, why);
}

void
reached_why(char out[REACHED_WHY])
{
	pthread_mutex_lock(&lock);
	bprintf(out, REACHED_WHY, "%s", stuck);
	pthread_mutex_unlock(&lock);
}
