/* thread.c - see thread.h. */
#include "config.h"

#include "store/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "ipc/proc.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"

/* Before each frame in the inbox. */
struct item {
	uint64_t seq, put; /* when (mono ms) */
	size_t len;
};

#define PATIENT_MAX (256u * 1024) /* bytes in the inbox that a patient one leaves there */

/* In the outbox a line of the log is a frame of this number. */
#define LOG_LINE 0xffffu

struct thread {
	const struct thread_role *role;
	thread_answer_fn *fn;
	pthread_t id;
	struct loop_io io;
	int wake; /* eventfd: something is in the outbox */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t more;
	struct buf in, out;
	bool ending, ended;
	bool patient, hurry; /* not woken for what is put in; woken all the same */
	uint64_t busy_since; /* mono ms; 0: it waits */

	/* the thread's own */
	bool hurried; /* this batch was asked for */
	uint64_t put; /* when (mono ms) the frame in hand was put in */
};

/* --- the thread ------------------------------------------------------------------------------------------ */

static void
out_put(struct thread *t, const void *frame, size_t len)
{
	static const uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&t->lock);
	first = t->out.len == 0;
	buf_append(&t->out, frame, len); /* no limit: as much as was asked for */
	pthread_mutex_unlock(&t->lock);
	/* cannot fail: the counter is far from full */
	if (first && write(t->wake, &one, sizeof(one)) < 0)
		return;
}

void
thread_answer(struct thread *t, const void *frame, size_t len)
{
	CHECK(len >= IPC_HDR);
	out_put(t, frame, len);
}

void
thread_log(struct thread *t, int level, const char *fmt, ...)
{
	struct {
		uint32_t len;
		uint16_t type, level;
		char text[1024];
	} line = {.type = LOG_LINE, .level = (uint16_t)level};
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line.text, sizeof(line.text), fmt, ap);
	va_end(ap);
	line.len = IPC_HDR + (uint32_t)MIN(MAX(n, 0), (int)sizeof(line.text) - 1);
	out_put(t, &line, line.len);
}

void
thread_patient(struct thread *t)
{
	pthread_mutex_lock(&t->lock);
	t->patient = true;
	pthread_mutex_unlock(&t->lock);
}

uint64_t
thread_waited(const struct thread *t)
{
	return mono_ms() - t->put;
}

bool
thread_hurried(const struct thread *t)
{
	return t->hurried;
}

bool
thread_wanted(struct thread *t)
{
	bool wanted;

	pthread_mutex_lock(&t->lock);
	wanted = t->in.len > 0 || t->ending;
	pthread_mutex_unlock(&t->lock);
	return wanted;
}

static void
wait_for_more(struct thread *t, uint64_t ms)
{
	struct timespec until;

	if (ms == 0 || t->ending || t->hurry || t->in.len > (t->patient ? PATIENT_MAX : 0))
		return;
	t->busy_since = 0;
	if (ms == THREAD_FOREVER)
		pthread_cond_wait(&t->more, &t->lock);
	else {
		until = time_after(CLOCK_MONOTONIC, ms);
		pthread_cond_timedwait(&t->more, &t->lock, &until);
	}
	t->busy_since = mono_ms();
}

static void
work(struct thread *t, const struct buf *batch)
{
	const char *p = buf_data(batch);
	struct item item;

	for (size_t at = 0; at < batch->len; at += sizeof(item) + item.len) {
		memcpy(&item, p + at, sizeof(item));
		t->put = item.put;
		t->role->frame(t, item.seq, p + at + sizeof(item), item.len);
	}
}

static void *
run(void *arg)
{
	struct thread *t = arg;
	struct buf batch = {0};
	uint64_t ms = 0;

	if (t->role->open != NULL)
		t->role->open(t);
	pthread_mutex_lock(&t->lock);
	t->busy_since = mono_ms();
	while (!t->ending || t->in.len > 0) {
		struct buf empty = batch;

		wait_for_more(t, ms);
		batch = t->in;
		t->in = empty;
		t->in.limit = batch.limit;
		t->hurried = t->hurry;
		t->hurry = t->patient = false;
		t->busy_since = mono_ms();
		pthread_mutex_unlock(&t->lock);
		work(t, &batch);
		/* secrets pass through here, too */
		if (batch.len > 0)
			explicit_bzero(buf_data(&batch), batch.len);
		buf_drop(&batch, batch.len);
		ms = t->role->rest != NULL ? t->role->rest(t) : THREAD_FOREVER;
		pthread_mutex_lock(&t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	buf_fini(&batch);
	if (t->role->close != NULL)
		t->role->close(t);
	pthread_mutex_lock(&t->lock);
	t->ended = true;
	pthread_mutex_unlock(&t->lock);
	eventfd_write(t->wake, 1);
	return NULL;
}

/* --- the main thread ------------------------------------------------------------------------------------- */

static void
deliver(const struct thread *t, const char *frame, size_t len)
{
	uint16_t level;

	if (ipc_type(frame) != LOG_LINE) {
		t->fn(frame, len);
		return;
	}
	memcpy(&level, frame + 6, sizeof(level));
	log_line(level, "%.*s", (int)(len - IPC_HDR), frame + IPC_HDR);
}

static void
answered(int fd, unsigned what, void *arg)
{
	struct thread *t = arg;
	struct buf out;
	eventfd_t n;

	(void)what;
	eventfd_read(fd, &n);
	pthread_mutex_lock(&t->lock);
	out = t->out;
	t->out = (struct buf){0};
	pthread_mutex_unlock(&t->lock);
	for (size_t at = 0; at < out.len;) {
		const char *frame = buf_data(&out) + at;
		uint32_t len;

		memcpy(&len, frame, sizeof(len));
		deliver(t, frame, len);
		at += len;
	}
	if (out.len > 0)
		explicit_bzero(buf_data(&out), out.len);
	buf_fini(&out);
}

static void
lock_init(struct thread *t)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->more, &attr);
	pthread_condattr_destroy(&attr);
}

struct thread *
thread_start(const struct thread_role *role, thread_answer_fn *fn)
{
	struct thread *t = xcalloc(1, sizeof(*t));
	sigset_t all, old;

	t->role = role;
	t->fn = fn;
	buf_init(&t->in, 0);
	lock_init(t);
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->wake < 0 || loop_add(proc.loop, &t->io, t->wake, EPOLLIN, answered, t) < 0)
		fatal("eventfd: %s", strerror(errno));
	sigfillset(&all);
	sigdelset(&all, SIGSYS); /* the sandbox's: blocked, it would kill */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	errno = pthread_create(&t->id, NULL, run, t);
	if (errno != 0)
		fatal("cannot start a thread: %s", strerror(errno));
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_setname_np(t->id, role->name);
	return t;
}

bool
thread_put(struct thread *t, uint64_t seq, const void *frame, size_t len, bool soft)
{
	struct item item = {.seq = seq, .put = mono_ms(), .len = len};
	bool room;

	pthread_mutex_lock(&t->lock);
	room = soft || t->in.len + sizeof(item) + len <= t->role->inbox;
	if (room) {
		buf_append(&t->in, &item, sizeof(item));
		buf_append(&t->in, frame, len);
		if (t->busy_since == 0 && (!t->patient || t->in.len > PATIENT_MAX))
			pthread_cond_signal(&t->more);
	}
	pthread_mutex_unlock(&t->lock);
	return room;
}

void
thread_hurry(struct thread *t)
{
	pthread_mutex_lock(&t->lock);
	t->hurry = true;
	pthread_cond_signal(&t->more);
	pthread_mutex_unlock(&t->lock);
}

size_t
thread_waiting(struct thread *t)
{
	size_t n;

	pthread_mutex_lock(&t->lock);
	n = t->in.len;
	pthread_mutex_unlock(&t->lock);
	return n;
}

uint64_t
thread_busy_ms(struct thread *t)
{
	uint64_t since;

	pthread_mutex_lock(&t->lock);
	since = t->busy_since;
	pthread_mutex_unlock(&t->lock);
	return since != 0 ? mono_ms() - since : 0;
}

void
thread_end(struct thread *t)
{
	pthread_mutex_lock(&t->lock);
	t->ending = true;
	pthread_cond_signal(&t->more);
	pthread_mutex_unlock(&t->lock);
}

bool
thread_ended(struct thread *t)
{
	bool ended;

	pthread_mutex_lock(&t->lock);
	ended = t->ended;
	pthread_mutex_unlock(&t->lock);
	return ended;
}
