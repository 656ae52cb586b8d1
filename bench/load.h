/* load.h - what the processes of the load generator share: the order, the phase, the counts. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "hist.h"
#include "tongue.h"
#include "tree.h"

#define LOAD_PROCS_MAX 64
#define LOAD_LAST 160

struct load_opts {
	const struct load_scenario *scenario;
	const struct tongue *tongue;
	const char *address, *protocol;
	const char *room; /* "": wherever the server puts its users */
	uint32_t port, clients, senders, window, inflight, size, addresses;
	double rate; /* deliveries per second, latency only */
	double warm, time, grace; /* seconds */
	double patience; /* seconds without progress before giving up */
	uint32_t procs;
	uint32_t pid; /* root of the server's process tree; 0: not measured */
	const char *reserve; /* word in the names of mappings made for users in advance, or NULL */
	bool tls;
	bool json;
};

enum load_phase { PHASE_HOLD, PHASE_SETUP, PHASE_RUN, PHASE_DRAIN, PHASE_STOP };

/* What one process counts, written by it alone; the plain fields are valid when it has exited. */
struct load_part {
	_Alignas(64) _Atomic uint64_t ready, deliveries, messages, logins;
	_Atomic uint64_t failed; /* logins that did not come to an end */
	_Atomic uint64_t dropped; /* connections that the server closed unasked */
	_Atomic bool stopped; /* sends nothing more */
	_Atomic bool done;
	uint64_t lost, doubled, disordered, unchecked, stray, garbled;
	uint64_t hash, hashed; /* of the order seen, and over how many messages */
	struct hist times; /* latency, or time to completion, or to login */
	struct hist late; /* how late the generator itself was: send minus due */
	char last[LOAD_LAST]; /* the last line that was not a message, for diagnosis */
};

struct load_shared {
	_Atomic int phase;
	uint64_t start, from, to; /* ns, CLOCK_MONOTONIC; measured is what falls in [from, to) */
	struct load_part part[LOAD_PROCS_MAX];
	/* Per sender: how many messages sent, how many that everybody has got. */
	_Atomic uint32_t *sent, *complete;
	/* Per sender and place in its window: processes whose clients have not all got it; when sent. */
	_Atomic uint32_t *left;
	uint64_t *when;
	uint32_t ring_bits; /* a window takes 1 << ring_bits places */
	int wake[LOAD_PROCS_MAX]; /* eventfd of each process */
};

/* One process of the generator. */
struct load {
	const struct load_opts *opts;
	struct load_shared *shared;
	struct load_part *part;
	uint32_t proc;
	uint32_t clients; /* of this process */
};

struct load_scenario {
	const char *name, *help;
	void (*child)(struct load *ld); /* returns when the phase is PHASE_STOP or all is done */
	bool joins; /* clients enter the room */
	bool talks; /* messages are sent and checked */
	bool open; /* by the clock, not by answers */
	bool pairs; /* everybody writes to one other */
	bool churns; /* logs in and out until the end */
	bool handshakes; /* of TLS, instead of logins */
};

/* What the parent measured between two moments; logins and so on are differences. */
struct load_result {
	double seconds, server_cpu, own_cpu;
	double other_cpu, stolen; /* what the rest of the machine used, what a hypervisor took */
	uint64_t deliveries, messages, logins;
	bool measured; /* the server's tree could be read */
	/* Scenario idle: the server before anybody came, and with everybody there. */
	uint64_t pss_before, pss_after, reserved; /* reserved: part of pss_before */
	double wakeups_before, wakeups_after; /* per second */
	double cpu_before, cpu_after; /* share of a core */
	unsigned procs;
};

static inline uint64_t
load_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline void
load_count(_Atomic uint64_t *counter, uint64_t n)
{
	/* One writer: no locked instruction is needed. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

void load_talk(struct load *ld); /* load_talk.c: fanout, pairs, latency */
void load_connect(struct load *ld); /* load_connect.c: connect */
void load_idle(struct load *ld); /* load_connect.c: idle */

/* options.c: fill in the options from the command line over the defaults in o; choose the number of
 * processes, raise the descriptor limit. A mistake, or a wish for help, ends the process. */
void options_parse(struct load_opts *o, int argc, char **argv);

/* report.c: print the outcome. Returns true when nothing went wrong. */
bool report_print(const struct load_opts *o, const struct load_shared *sh,
		  const struct load_result *r);

#endif
