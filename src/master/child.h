/* child.h - supervision: which processes there are, how each of them is, and what is done when one
 * dies or does not answer.
 *
 * A place (role, index) has at most one process at a time, each with another incarnation number. */
#ifndef MASTER_CHILD_H
#define MASTER_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "ipc/ipc.h"
#include "lib/loop.h"
#include "master/chan.h"

enum child_state {
	CHILD_DOWN, /* no process, and none is coming */
	CHILD_WAITING, /* dead; the next one starts after its delay */
	CHILD_STARTING, /* exec'd, not ready yet */
	CHILD_READY,
	CHILD_DRAINING, /* ends in good order, a successor follows */
	CHILD_STOPPING, /* ends in good order with the whole daemon */
	CHILD_KILLED, /* sent SIGKILL, not reaped yet */
};

#define CHILDREN_MAX (3 + WORKERS_MAX + AUTH_MAX + WEB_MAX + TLS_MAX)

struct flight; /* handover.c: connections sent and not reported as taken */
struct conn;

struct child {
	unsigned role, index;
	enum child_state state;
	pid_t pid; /* 0: none */
	uint32_t inc;
	uint32_t broker_inc; /* a subscriber: the broker it has a channel to; 0: none */
	struct chan chan;
	int log_fd;
	struct loop_io log_io;
	struct loop_timer timer; /* respawn delay, or the deadline of a drain */
	uint64_t spawned_ms, ready_ms; /* mono; ready_ms 0: was never ready */
	uint64_t started; /* wall ms */
	uint64_t ping_ms; /* when the oldest ping without an answer was sent; 0: none */
	unsigned restarts, failures; /* failures: in a row, dead before or just after ready */
	char killed_why[64];
	bool filter; /* of system calls is in force, as it has told */
	uint8_t landlock; /* the ABI that is, 0: none */

	/* workers, web and tls: handover.c */
	unsigned sessions,
	    inflight; /* connections that it has, the second those it has not taken yet */
	uint64_t taken; /* that processes in this place have told of, as on their board */
	TAILQ_HEAD(, flight) flights;
	LIST_HEAD(, conn) conns;
};

/* Find the role programs: under dir (a build tree) or, NULL, where they are installed. Fatal when
 * one is missing. */
void children_init(const char *dir);
/* The program of a role, found as there; to be freed. */
char *child_program(const char *dir, unsigned role);
/* Places for chatd-web and chatd-tls if there is a listener for them. */
void children_place(void);
/* Start all. */
void children_start(void);
/* After a reload: start them if there is a listener for them now. They stay when that goes, for those whom they have. */
void children_reloaded(void);
/* There is room for a descriptor again: take what chatd-web and chatd-tls give back. */
void children_read_on(void);
/* After SIGCHLD: reap, and replace. */
void children_reap(void);

unsigned child_count(void);
struct child *child_nth(unsigned i); /* broker, control, workers, auth, store, web, tls */
struct child *child_worker(unsigned index);
struct child *child_control(void);
bool child_alive(const struct child *c); /* takes messages */
bool children_accepting(void); /* broker ready, and at least one worker */
bool children_settled(void); /* nobody is starting or ending */
const char *child_state_name(const struct child *c);

bool child_send(struct child *c, const void *frame, size_t len, const int *fds, size_t nfds,
		bool give);
void child_kill(struct child *c, const char *why);
/* A worker ends in good order; its successor starts then. */
void child_restart(struct child *c);

/* The orderly stop: workers first, then broker, then control; SIGKILL for what is left at the
 * deadline. master_children_gone is called when there is nobody left. */
void children_stop(uint32_t ms, const char *text);
void children_kill_all(void);

#endif
