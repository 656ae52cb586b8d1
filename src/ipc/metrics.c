/* metrics.c - see metrics.h. Made from counters.def, the boards' histogram and the master's processes. */
#include "config.h"

#include "ipc/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ipc/board.h"
#include "ipc/ipc.h"
#include "lib/util.h"

struct walk {
	const struct metric_proc *procs;
	size_t nprocs;
	metric_fn *fn;
	void *arg;
};

/* Rows that share a metric say so in their label; its help is what theirs have in common, the
 * part before the colon. */
static void
walk_counters(const struct walk *w)
{
	char last[64] = "";

	for (unsigned i = 0; i < CTR_COUNT; i++) {
		const struct counter_row *row = &counter_rows[i];
		const char *full = row->label[0] != '\0' ? row->label : row->name;
		const char *colon = row->label[0] != '\0' ? strchr(row->help, ':') : NULL;
		size_t n = strcspn(full, "{");
		char name[64];
		struct metric m = {
		    .name = name,
		    .labels = full + n,
		    .type = row->gauge ? "gauge" : "counter",
		    .help = row->help,
		    .help_len = colon != NULL ? (size_t)(colon - row->help) : strlen(row->help),
		    .n = boards_counter(i),
		    .whole = true,
		};

		bprintf(name, sizeof(name), "%.*s", (int)n, full);
		m.first = strcmp(name, last) != 0;
		memcpy(last, name, sizeof(last));
		w->fn(w->arg, &m);
	}
}

static void
whole(const struct walk *w, const char *name, const char *labels, const char *type,
      const char *help, uint64_t n, bool first)
{
	struct metric m = {name, labels, type, help, strlen(help), 0, n, true, first};

	w->fn(w->arg, &m);
}

static void
walk_processes(const struct walk *w)
{
	char labels[64];

	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		uint64_t n = 0;

		for (size_t i = 0; i < w->nprocs; i++)
			n += w->procs[i].role == role ? w->procs[i].restarts : 0;
		bprintf(labels, sizeof(labels), "{role=\"%s\"}", role_name(role));
		whole(w, "process_restarts_total", labels, "counter",
		      "processes that had to be replaced", n, role == 0);
	}
	for (size_t i = 0; i < w->nprocs; i++) {
		const struct metric_proc *p = &w->procs[i];
		static const char help[] = "user and system time used";
		struct metric m = {
		    "process_cpu_seconds_total", labels, "counter", help,  sizeof(help) - 1,
		    (double)p->cpu_us / 1e6,     0,      false,     i == 0};

		if (p->role >= ROLE_COUNT)
			continue;
		bprintf(labels, sizeof(labels), "{role=\"%s\",index=\"%u\"}", role_name(p->role),
			p->index);
		w->fn(w->arg, &m);
	}
	for (size_t i = 0; i < w->nprocs; i++) {
		const struct metric_proc *p = &w->procs[i];

		if (p->role >= ROLE_COUNT)
			continue;
		bprintf(labels, sizeof(labels), "{role=\"%s\",index=\"%u\"}", role_name(p->role),
			p->index);
		whole(w, "process_resident_bytes", labels, "gauge", "memory in use", p->rss_bytes,
		      i == 0);
	}
}

/* Prometheus wants buckets that add up: each holds those below it too. */
static void
walk_histogram(const struct walk *w)
{
	static const char help[] = "from a request read to its event queued for the last recipient";
	uint64_t sum_us = 0, total = 0;
	struct metric m = {
	    "delivery_seconds_sum", "", "histogram", help, sizeof(help) - 1, 0, 0, false, false};

	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		char labels[32];

		for (size_t i = 0; i < nboards; i++)
			total += __atomic_load_n(&boards[i].map->hist[b], __ATOMIC_RELAXED);
		if (b < HIST_BUCKETS - 1)
			bprintf(labels, sizeof(labels), "{le=\"%g\"}",
				board_hist_bounds_us[b] / 1e6);
		else
			bprintf(labels, sizeof(labels), "{le=\"+Inf\"}");
		whole(w, "delivery_seconds_bucket", labels, "histogram", help, total, b == 0);
	}
	for (size_t i = 0; i < nboards; i++)
		sum_us += __atomic_load_n(&boards[i].map->hist_sum_us, __ATOMIC_RELAXED);
	m.v = (double)sum_us / 1e6;
	w->fn(w->arg, &m);
	whole(w, "delivery_seconds_count", "", "histogram", help, total, false);
}

void
metrics_walk(const struct metric_proc *procs, size_t nprocs, metric_fn *fn, void *arg)
{
	const struct walk w = {procs, nprocs, fn, arg};

	whole(&w, "build_info", "{version=\"" PACKAGE_VERSION "\"}", "gauge",
	      "what runs here; always 1", 1, true);
	walk_counters(&w);
	walk_processes(&w);
	walk_histogram(&w);
}

size_t
metric_text(const struct metric *m, char *s, size_t cap)
{
	size_t n = 0;

	if (m->first) {
		/* a histogram's HELP and TYPE are of the name without _bucket */
		int len = (int)strlen(m->name);

		if (strcmp(m->type, "histogram") == 0)
			len -= (int)strlen("_bucket");
		n += bprintf(s, cap, "# HELP chatd_%.*s %.*s\n# TYPE chatd_%.*s %s\n", len, m->name,
			     (int)m->help_len, m->help, len, m->name, m->type);
	}
	if (m->whole)
		n += bprintf(s + n, cap - n, "chatd_%s%s %" PRIu64 "\n", m->name, m->labels, m->n);
	else
		n += bprintf(s + n, cap - n, "chatd_%s%s %.6f\n", m->name, m->labels, m->v);
	return n;
}
