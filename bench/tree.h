/* tree.h - what a process and all its descendants have used, read from /proc. */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tree_sample {
	double cpu; /* seconds, user + system; includes children that have died since */
	uint64_t pss; /* bytes; 0 unless asked for */
	uint64_t reserved; /* part of pss: mappings whose name holds a given word */
	uint64_t wakeups; /* voluntary context switches of all threads */
	unsigned procs;
};

/* Add up root and everything below it. Memory is read only when asked for: the kernel walks page
 * tables for it, which would disturb a run. reserve: a word in the names of mappings to be summed up
 * apart as well, or NULL. Returns 0, or -1 with errno (ESRCH: no such root). */
int tree_sample(pid_t root, bool memory, const char *reserve, struct tree_sample *out);

/* Seconds of CPU that all of the machine has used since it started; *stolen_r: that a hypervisor has
 * kept from it. 0, or -1 when /proc/stat cannot be read. */
int tree_machine(double *busy_r, double *stolen_r);

#endif
