/* reached.c - see reached.h. */
#include "config.h"

#include "store/reached.h"

#include <pthread.h>
#include <time.h>

#include "lib/util.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static uint64_t last;
static char stuck[REACHED_WHY];

void
reached_set(uint64_t seq)
{
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
	struct timespec until;
	bool there;
	int err = 0;

	/* a clock that is set meanwhile makes one question wait too long or not at all */
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
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
	bprintf(stuck, sizeof(stuck), "%s", why);
	pthread_mutex_unlock(&lock);
}

void
reached_why(char out[REACHED_WHY])
{
	pthread_mutex_lock(&lock);
	bprintf(out, REACHED_WHY, "%s", stuck);
	pthread_mutex_unlock(&lock);
}
