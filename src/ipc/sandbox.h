/* sandbox.h - what a process gives up once it has started, so that one who has been taken over can do its own job badly,
 * and nothing else.
 *
 * One table (sandbox.c) has a row for each role: its sets of system calls (sandbox_calls.def), its directories, its limits.
 * In force are then: no capability and no way to get one, a filter of system calls for all threads (seccomp), no file but
 * below those directories, no network of its own and no signal to others (Landlock, as far as the kernel has it). Where
 * one of these cannot be had, the master says so in the log; chatd goes on with the others.
 */
#ifndef IPC_SANDBOX_H
#define IPC_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

struct options;

/* What is in force, as the process itself knows it; the rest is in /proc/PID/status. */
struct sandbox {
	bool filter; /* of system calls */
	unsigned landlock; /* the ABI that is used; 0: there is none */
	const char *why_no_filter; /* NULL, or what stood in the way; static */
	const char *why_no_landlock;
};

/* In this order, by the skeleton (ipc/proc.c), with one thread. All are fatal when something fails that has to work.
 *
 * sandbox_prepare: while still root if the master is: looks up the directories, empties the set of capabilities that could
 *   ever be had again.
 * sandbox_enter: as the user it runs as; with no_new_privs already. Gives up capabilities that are left. Returns what is in force. */
void sandbox_prepare(unsigned role, const struct options *opt);
struct sandbox sandbox_enter(void);

/* The same for the master, who keeps what it needs to start others as another user and to open what is root's: a short list
 * of capabilities, and all system calls but those that nobody of us makes (NEVER). Both hold for whatever it starts. */
struct sandbox sandbox_master(void);

/* Calls that the filter has refused since the last time are told in the log and counted. In each turn of the loop. */
void sandbox_report(void);

#ifdef CHATD_KILLPOINTS
/* Test hook (sandbox_try.c). CHATD_TRY=all in the environment: every role tries all that it may not do, once it is shut in, and tells
 * in the log what came of it. CHATD_TRY=ROLE:ACT:FILE: that role tries one act that ends it; once, as with killpoint.h.
 * note: memory that the role is about to take, and should not be able to write if it came for reading only. */
struct m_map;
void sandbox_try_note(const struct m_map *m, int fd);
void sandbox_try(void);
#else
#define sandbox_try_note(m, fd) ((void)0)
#define sandbox_try() ((void)0)
#endif

#endif
