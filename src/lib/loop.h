/* loop.h - the event loop of every process: epoll, timers, end of turn.
 *
 * One turn: wait; handle what is ready, descriptors of high priority first; run the
 * timers that are due; call the end-of-turn functions in the order they were added.
 * Whatever is queued during a turn leaves in the end-of-turn functions, in one write.
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop;

/* what: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP as epoll_wait reported them. */
typedef void loop_fn(int fd, unsigned what, void *arg);
typedef void loop_timer_fn(void *arg);
typedef void loop_turn_fn(void *arg);

/* One watched descriptor; lives in its owner's memory, zero is "not watched". */
struct loop_io {
	int fd;
	unsigned events;
	loop_fn *fn;
	void *arg; /* caller's */
};

/* One timer; lives in its owner's memory, zero is "stopped". */
struct loop_timer {
	uint64_t due; /* mono_ms */
	loop_timer_fn *fn;
	void *arg; /* caller's */
	unsigned place; /* heap index + 1; 0: not running */
};

struct loop *loop_new(void); /* fatal when the kernel refuses */

/* Watch fd for events (EPOLLIN | EPOLLOUT | EPOLLET…). Set EPOLLPRI in `urgent` instead by
 * loop_urgent. 0, or -1 with errno of epoll_ctl. */
int loop_add(struct loop *l, struct loop_io *io, int fd, unsigned events, loop_fn *fn, void *arg);
/* Change the events; does nothing (no system call) when they are the same. */
int loop_mod(struct loop *l, struct loop_io *io, unsigned events);
/* Stop watching; safe at any time, also for a descriptor whose event is still to come in this
 * turn (it will not). Does not close fd. Not watched is fine. */
void loop_del(struct loop *l, struct loop_io *io);

/* io is handled before all others of its turn. One per loop; NULL: none. */
void loop_first(struct loop *l, const struct loop_io *io);

/* It has work left: its fn is called in the next turn, which does not wait, with a `what` of 0 if nothing else has come. */
void loop_first_again(struct loop *l);

/* Run fn(arg) once, ms from now; a running timer is moved. */
void loop_timer_start(struct loop *l, struct loop_timer *t, uint64_t ms, loop_timer_fn *fn,
		      void *arg);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/* Call fn(arg) at the end of each turn. Never removed. At most 8. */
void loop_each_turn(struct loop *l, loop_turn_fn *fn, void *arg);

/* Don't wait in the next turn: more work is at hand than was done in this one. */
void loop_again(struct loop *l);

/* mono_ms / mono_us as of the beginning of this turn. */
uint64_t loop_now(const struct loop *l);
uint64_t loop_now_us(const struct loop *l);

/* Turns until loop_stop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* A single turn that waits at most timeout_ms (-1: for ever). For tests and nested waits at start. */
void loop_turn(struct loop *l, int timeout_ms);

#endif
