/* thread.h - a thread that is fed frames by the main thread, works on them in order, and answers frames.
 *
 * A disk that hangs hangs a thread; the loop goes on. What is put in waits in the inbox, and the thread
 * takes all of it at once; what it answers waits in the outbox, which wakes the loop. Threads share nothing else:
 * the log, the loop, counters, proc and the link are the main thread's, so a thread logs by thread_log.
 */
#ifndef STORE_THREAD_H
#define STORE_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;

#define THREAD_FOREVER UINT64_MAX

struct thread_role {
	const char *name; /* at most 15 bytes */
	size_t inbox; /* bytes that may wait */
	/* All of these are called in the thread. open: first of all. May be NULL. */
	void (*open)(struct thread *t);
	/* A frame, valid during the call; seq: the last event that came before it (thread_put). */
	void (*frame)(struct thread *t, uint64_t seq, const void *frame, size_t len);
	/* All that was in the inbox has been given to frame(), and this many milliseconds may be waited for more
	 * (THREAD_FOREVER): called after each batch, and again when they are over. May be NULL. */
	uint64_t (*rest)(struct thread *t);
	/* thread_end was called and the inbox is empty. May be NULL. */
	void (*close)(struct thread *t);
};

/* --- the main thread's --------------------------------------------------------------------------------- */

/* Answered frames are given to this, in the loop, those of one thread in order. */
typedef void thread_answer_fn(const void *frame, size_t len);

/* Start one; fatal when it cannot be. Signals are blocked in it. */
struct thread *thread_start(const struct thread_role *role, thread_answer_fn *fn);
/* Queue a copy of frame. soft: even above the limit. False: the inbox is full. */
bool thread_put(struct thread *t, uint64_t seq, const void *frame, size_t len, bool soft);
/* Somebody waits for what is in the inbox: it is to be taken now, patient or not. */
void thread_hurry(struct thread *t);
/* Bytes that wait in the inbox. */
size_t thread_waiting(struct thread *t);
/* How long (ms) it has been at what it does now; 0: it waits. */
uint64_t thread_busy_ms(struct thread *t);
/* No more will be put in. It ends when the inbox is empty; thread_ended says when. */
void thread_end(struct thread *t);
bool thread_ended(struct thread *t);

/* --- the thread's own ---------------------------------------------------------------------------------- */

/* To the broker (or what thread_answer_fn does with it). Several frames one behind the other arrive in one turn of the loop. */
void thread_answer(struct thread *t, const void *frame, size_t len);
/* In rest(): what is put in need not be taken before the time is over, if it is not too much. */
void thread_patient(struct thread *t);
/* How long (ms) the frame that frame() has been given had waited in the inbox. */
uint64_t thread_waited(const struct thread *t);
/* Was the batch taken because of thread_hurry? */
bool thread_hurried(const struct thread *t);
/* Does something wait in the inbox: should what is done for want of anything better be left? */
bool thread_wanted(struct thread *t);
void thread_log(struct thread *t, int level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
