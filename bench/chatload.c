/* chatload.c - load generator: the processes and the course of a run.
 *
 * The parent only keeps time: it forks as many processes as the descriptor limit asks for, moves them
 * through the phases, and reads counters and /proc at the two ends of the measured part. Exit status:
 * 0 all is well, 1 a message was lost, doubled, out of order, or a client was dropped, 2 it could not
 * be run. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

static pid_t children[LOAD_PROCS_MAX];

static void
chatload_bad(const char *what, const char *value)
{
	fprintf(stderr, "chatload: %s: %s\n", what, value);
	exit(2);
}

static void *
chatload_map(size_t n)
{
	void *p =
	    mmap(NULL, n > 0 ? n : 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		chatload_bad("mmap", strerror(errno));
	return p;
}

static struct load_shared *
chatload_share(const struct load_opts *o)
{
	struct load_shared *sh = chatload_map(sizeof(*sh));
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): options_parse ends us if there is none */
	size_t senders = o->scenario->pairs ? o->clients : o->senders, slots;

	while (!o->scenario->open && 1u << sh->ring_bits < o->window)
		sh->ring_bits++;
	slots = senders << sh->ring_bits;
	sh->sent = chatload_map(senders * sizeof(*sh->sent));
	sh->complete = chatload_map(senders * sizeof(*sh->complete));
	sh->left = chatload_map(slots * sizeof(*sh->left));
	sh->when = chatload_map(slots * sizeof(*sh->when));
	for (size_t i = 0; i < slots; i++)
		atomic_store(&sh->left[i], o->procs);
	for (uint32_t p = 0; p < o->procs; p++) {
		sh->wake[p] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (sh->wake[p] < 0)
			chatload_bad("eventfd", strerror(errno));
	}
	return sh;
}

static void
chatload_phase(const struct load_opts *o, struct load_shared *sh, enum load_phase phase)
{
	uint64_t one = 1;

	atomic_store(&sh->phase, phase);
	for (uint32_t p = 0; p < o->procs; p++)
		if (write(sh->wake[p], &one, sizeof(one)) < 0)
			chatload_bad("eventfd", strerror(errno));
}

static void
chatload_fork(const struct load_opts *o, struct load_shared *sh)
{
	pid_t parent = getpid();

	for (uint32_t p = 0; p < o->procs; p++) {
		children[p] = fork();
		if (children[p] < 0)
			chatload_bad("fork", strerror(errno));
		if (children[p] == 0) {
			struct load ld = {.opts = o,
					  .shared = sh,
					  .part = &sh->part[p],
					  .proc = p,
					  .clients = (o->clients + o->procs - 1 - p) / o->procs};

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				_exit(2);
			o->scenario->child(&ld);
			atomic_store(&ld.part->done, true);
			_exit(0);
		}
	}
}

static void
chatload_sleep(uint64_t until)
{
	struct timespec ts = {(time_t)(until / 1000000000u), (long)(until % 1000000000u)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		continue;
}

static void
chatload_give_up(const struct load_opts *o, const struct load_shared *sh, const char *why)
{
	fprintf(stderr, "chatload: %s %s\n", o->scenario->name, why);
	for (uint32_t p = 0; p < o->procs; p++) {
		const struct load_part *part = &sh->part[p];

		fprintf(stderr,
			"chatload: process %u: %llu logged in, %llu failed, %llu dropped; last "
			"line: %s\n",
			p, (unsigned long long)part->ready, (unsigned long long)part->failed,
			(unsigned long long)part->dropped,
			part->last[0] != '\0' ? part->last : "none");
	}
	exit(2); /* the children end with their parent */
}

/* Until everybody is logged in and in the room. */
static void
chatload_wait_ready(const struct load_opts *o, struct load_shared *sh)
{
	uint64_t before = 0, moved = load_now();

	for (;;) {
		uint64_t ready = 0, bad = 0;

		for (uint32_t p = 0; p < o->procs; p++) {
			ready += sh->part[p].ready;
			bad += sh->part[p].failed + sh->part[p].dropped;
			if (waitpid(children[p], NULL, WNOHANG) != 0)
				chatload_give_up(o, sh, "lost one of its processes");
		}
		if (bad > 0)
			chatload_give_up(o, sh, "could not log in everybody");
		if (ready >= o->clients)
			return;
		if (ready != before)
			moved = load_now();
		before = ready;
		if (load_now() - moved > (uint64_t)(o->patience * 1e9))
			chatload_give_up(o, sh, "stands still while logging in");
		chatload_sleep(load_now() + 5000000u);
	}
}

struct snapshot {
	uint64_t at, deliveries, messages, logins;
	struct tree_sample server, own;
	double busy, stolen;
	bool measured;
};

static struct snapshot
chatload_snapshot(const struct load_opts *o, const struct load_shared *sh)
{
	struct snapshot s = {.at = load_now()};

	for (uint32_t p = 0; p < o->procs; p++) {
		s.deliveries += sh->part[p].deliveries;
		s.messages += sh->part[p].messages;
		s.logins += sh->part[p].logins;
	}
	s.measured = o->pid > 0 && tree_sample((pid_t)o->pid, false, NULL, &s.server) == 0;
	tree_sample(getpid(), false, NULL, &s.own);
	tree_machine(&s.busy, &s.stolen);
	return s;
}

static void
chatload_between(const struct snapshot *a, const struct snapshot *b, struct load_result *r)
{
	r->seconds = (double)(b->at - a->at) / 1e9;
	r->deliveries = b->deliveries - a->deliveries;
	r->messages = b->messages - a->messages;
	r->logins = b->logins - a->logins;
	r->server_cpu = b->server.cpu - a->server.cpu;
	r->own_cpu = b->own.cpu - a->own.cpu;
	r->other_cpu = b->busy - a->busy - r->server_cpu - r->own_cpu;
	if (r->other_cpu < 0)
		r->other_cpu = 0; /* the kernel rounds the two accounts differently */
	r->stolen = b->stolen - a->stolen;
	r->measured = a->measured && b->measured;
	r->procs = b->server.procs;
}

static void
chatload_run(const struct load_opts *o, struct load_shared *sh, struct load_result *r)
{
	struct snapshot a, b;

	sh->start = load_now() + (o->scenario->open ? 20000000u : 0u);
	sh->from = sh->start + (uint64_t)(o->warm * 1e9);
	sh->to = sh->from + (uint64_t)(o->time * 1e9);
	chatload_phase(o, sh, PHASE_RUN);
	chatload_sleep(sh->from);
	a = chatload_snapshot(o, sh);
	chatload_sleep(sh->to);
	b = chatload_snapshot(o, sh);
	chatload_phase(o, sh, PHASE_DRAIN);
	chatload_between(&a, &b, r);
}

/* The memory of the server, once it no longer changes: it may still be starting, or tidying up. */
static struct tree_sample
chatload_memory(const struct load_opts *o)
{
	uint64_t end = load_now() + 5000000000u, before = 0;
	struct tree_sample s = {0};

	do {
		before = s.pss;
		if (before > 0)
			chatload_sleep(load_now() + 200000000u);
		if (tree_sample((pid_t)o->pid, true, o->reserve, &s) < 0)
			chatload_bad("cannot read the server's processes", strerror(errno));
	} while (s.pss != before && load_now() < end);
	return s;
}

/* How often the server wakes and what it burns while nothing happens. */
static void
chatload_watch(const struct load_opts *o, double seconds, double *wakeups, double *cpu)
{
	uint64_t at = load_now();
	struct tree_sample a, b;
	double passed;

	tree_sample((pid_t)o->pid, false, NULL, &a);
	chatload_sleep(at + (uint64_t)(seconds * 1e9));
	tree_sample((pid_t)o->pid, false, NULL, &b);
	passed = (double)(load_now() - at) / 1e9;
	*wakeups = (double)(b.wakeups - a.wakeups) / passed;
	*cpu = (b.cpu - a.cpu) / passed;
}

static void
chatload_idle(const struct load_opts *o, struct load_shared *sh, struct load_result *r)
{
	struct tree_sample memory;
	struct snapshot a, b;

	memory = chatload_memory(o);
	r->pss_before = memory.pss;
	r->reserved = memory.reserved;
	chatload_watch(o, o->time / 2, &r->wakeups_before, &r->cpu_before);
	a = chatload_snapshot(o, sh);
	chatload_phase(o, sh, PHASE_SETUP);
	chatload_wait_ready(o, sh);
	b = chatload_snapshot(o, sh);
	chatload_between(&a, &b, r);
	chatload_sleep(load_now() + (uint64_t)(o->warm * 1e9));
	r->pss_after = chatload_memory(o).pss;
	chatload_watch(o, o->time, &r->wakeups_after, &r->cpu_after);
}

/* Wait for the processes to finish by themselves, and stop those that don't. */
static void
chatload_reap(const struct load_opts *o, struct load_shared *sh)
{
	uint64_t end = load_now() + (uint64_t)((o->grace + o->patience) * 1e9);
	int status;

	for (uint32_t p = 0; p < o->procs; p++) {
		while (waitpid(children[p], &status, WNOHANG) == 0) {
			if (load_now() > end)
				chatload_phase(o, sh, PHASE_STOP);
			chatload_sleep(load_now() + 5000000u);
		}
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			chatload_give_up(o, sh, "lost one of its processes");
	}
}

int
main(int argc, char **argv)
{
	static struct load_opts o = {.address = "127.0.0.1",
				     .protocol = "telnet",
				     .room = "bench",
				     .clients = 100,
				     .senders = 1,
				     .window = 1,
				     .inflight = 64,
				     .size = 40,
				     .addresses = 100,
				     .rate = 10000,
				     .warm = 1,
				     .time = 5,
				     .grace = 3,
				     .patience = 15};
	struct load_result r = {0};
	struct load_shared *sh;

	signal(SIGPIPE, SIG_IGN);
	options_parse(&o, argc, argv);
	sh = chatload_share(&o);
	chatload_fork(&o, sh);
	if (o.scenario->talks || o.scenario->churns) {
		chatload_phase(&o, sh, PHASE_SETUP);
		chatload_wait_ready(&o, sh);
		chatload_run(&o, sh, &r);
	} else {
		chatload_idle(&o, sh, &r);
		chatload_phase(&o, sh, PHASE_STOP);
	}
	chatload_reap(&o, sh);
	return report_print(&o, sh, &r) ? 0 : 1;
}
