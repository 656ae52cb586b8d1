/* disk.c - see disk.h. */
#include "config.h"

#include "web/disk.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static STAILQ_HEAD(jobs, disk_job) todo = STAILQ_HEAD_INITIALIZER(todo),
				   finished = STAILQ_HEAD_INITIALIZER(finished);
static int woken = -1;

static void *
worker(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;) {
		struct disk_job *j = STAILQ_FIRST(&todo);

		if (j == NULL) {
			pthread_cond_wait(&more, &lock);
			continue;
		}
		STAILQ_REMOVE_HEAD(&todo, entry);
		pthread_mutex_unlock(&lock);
		j->run(j);
		pthread_mutex_lock(&lock);
		STAILQ_INSERT_TAIL(&finished, j, entry);
		eventfd_write(woken, 1);
	}
	return NULL;
}

static void
done(int fd, unsigned what, void *arg)
{
	struct disk_job *j;
	eventfd_t n;

	(void)what;
	(void)arg;
	eventfd_read(fd, &n);
	for (;;) {
		pthread_mutex_lock(&lock);
		j = STAILQ_FIRST(&finished);
		if (j != NULL)
			STAILQ_REMOVE_HEAD(&finished, entry);
		pthread_mutex_unlock(&lock);
		if (j == NULL)
			return;
		j->done(j);
	}
}

/* Not at the start: a thread has the privileges of when it begins. */
static void
begin(void)
{
	static struct loop_io io;
	pthread_t thread;
	int err;

	woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (woken < 0 || loop_add(proc.loop, &io, woken, EPOLLIN, done, NULL) < 0)
		fatal("eventfd: %s", strerror(errno));
	err = pthread_create(&thread, NULL, worker, NULL);
	if (err != 0)
		fatal("cannot make a thread: %s", strerror(err));
	pthread_detach(thread);
}

void
disk_do(struct disk_job *j)
{
	if (woken < 0)
		begin();
	pthread_mutex_lock(&lock);
	STAILQ_INSERT_TAIL(&todo, j, entry);
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}
