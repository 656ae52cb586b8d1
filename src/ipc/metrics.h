/* metrics.h - all figures that there are to show of the processes, one after the other: for chatctl and for Prometheus. */
#ifndef IPC_METRICS_H
#define IPC_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One figure. labels: "{role=\"worker\"}" or "". whole: v is a whole number. */
struct metric {
	const char *name, *labels, *type, *help;
	size_t help_len;
	double v;
	uint64_t n;
	bool whole, first; /* first of its name: HELP and TYPE come before it */
};
typedef void metric_fn(void *arg, const struct metric *m);

/* What the master knows of a process (m_ctl_proc). */
struct metric_proc {
	unsigned role, index, restarts;
	uint64_t cpu_us, rss_bytes;
};

/* fn is called for each figure, those of one name together; the boards are those of board.h. */
void metrics_walk(const struct metric_proc *procs, size_t nprocs, metric_fn *fn, void *arg);

/* A figure as Prometheus reads it, with HELP and TYPE in front of the first of its name. Terminated; the length. */
#define METRIC_TEXT_MAX 600
size_t metric_text(const struct metric *m, char *out, size_t cap);

#endif
