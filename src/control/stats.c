/* stats.c - the counters of all processes: stats, metrics, monitor. One walk over what there
 * is to show, made from counters.def, the boards' histogram and the master's processes. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "registry/registry.h"

/* One figure. labels: "{role=\"worker\"}" or "". whole: v is a whole number. */
struct metric {
	const char *name, *labels, *type, *help;
	size_t help_len;
	double v;
	uint64_t n;
	bool whole, first; /* first of its name: HELP and TYPE come before it */
};
typedef void metric_fn(struct conn *c, const struct metric *m);

/* --- the walk -------------------------------------------------------------------------------- */

/* Rows that share a metric say so in their label; its help is what theirs have in common, the
 * part before the colon. */
static void
walk_counters(struct conn *c, metric_fn *fn)
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
		    .n = control_counter(i),
		    .whole = true,
		};

		bprintf(name, sizeof(name), "%.*s", (int)n, full);
		m.first = strcmp(name, last) != 0;
		memcpy(last, name, sizeof(last));
		fn(c, &m);
	}
}

static void
whole(struct conn *c, metric_fn *fn, const char *name, const char *labels, const char *type,
      const char *help, uint64_t n, bool first)
{
	struct metric m = {name, labels, type, help, strlen(help), 0, n, true, first};

	fn(c, &m);
}

static void
walk_processes(struct conn *c, metric_fn *fn)
{
	char labels[64];

	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		uint64_t n = 0;

		for (size_t i = 0; i < c->nprocs; i++)
			n += c->procs[i].role == role ? c->procs[i].restarts : 0;
		bprintf(labels, sizeof(labels), "{role=\"%s\"}", role_name(role));
		whole(c, fn, "process_restarts_total", labels, "counter",
		      "processes that had to be replaced", n, role == 0);
	}
	for (size_t i = 0; i < c->nprocs; i++) {
		const struct proc_info *p = &c->procs[i];
		static const char help[] = "user and system time used";
		struct metric m = {
		    "process_cpu_seconds_total", labels, "counter", help,  sizeof(help) - 1,
		    (double)p->cpu_us / 1e6,     0,      false,     i == 0};

		if (p->role >= ROLE_COUNT)
			continue;
		bprintf(labels, sizeof(labels), "{role=\"%s\",index=\"%u\"}", role_name(p->role),
			p->index);
		fn(c, &m);
	}
	for (size_t i = 0; i < c->nprocs; i++) {
		const struct proc_info *p = &c->procs[i];

		if (p->role >= ROLE_COUNT)
			continue;
		bprintf(labels, sizeof(labels), "{role=\"%s\",index=\"%u\"}", role_name(p->role),
			p->index);
		whole(c, fn, "process_resident_bytes", labels, "gauge", "memory in use",
		      p->rss_bytes, i == 0);
	}
}

/* Prometheus wants buckets that add up: each holds those below it too. */
static void
walk_histogram(struct conn *c, metric_fn *fn)
{
	static const char help[] = "from a request read to its event queued for the last recipient";
	uint64_t sum_us = 0, total = 0;
	struct metric m = {
	    "delivery_seconds_sum", "", "histogram", help, sizeof(help) - 1, 0, 0, false, false};

	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		char labels[32];

		for (size_t i = 0; i < control_nboards; i++)
			total += __atomic_load_n(&control_boards[i].map->hist[b], __ATOMIC_RELAXED);
		if (b < HIST_BUCKETS - 1)
			bprintf(labels, sizeof(labels), "{le=\"%g\"}",
				board_hist_bounds_us[b] / 1e6);
		else
			bprintf(labels, sizeof(labels), "{le=\"+Inf\"}");
		whole(c, fn, "delivery_seconds_bucket", labels, "histogram", help, total, b == 0);
	}
	for (size_t i = 0; i < control_nboards; i++)
		sum_us += __atomic_load_n(&control_boards[i].map->hist_sum_us, __ATOMIC_RELAXED);
	m.v = (double)sum_us / 1e6;
	fn(c, &m);
	whole(c, fn, "delivery_seconds_count", "", "histogram", help, total, false);
}

static void
walk(struct conn *c, metric_fn *fn)
{
	whole(c, fn, "build_info", "{version=\"" PACKAGE_VERSION "\"}", "gauge",
	      "what runs here; always 1", 1, true);
	walk_counters(c, fn);
	walk_processes(c, fn);
	walk_histogram(c, fn);
}

/* --- stats and metrics ------------------------------------------------------------------------ */

static void
metric_line(struct conn *c, const struct metric *m)
{
	char s[600];
	size_t n = 0;

	if (m->first) {
		/* a histogram's HELP and TYPE are of the name without _bucket */
		int len = (int)strlen(m->name);

		if (strcmp(m->type, "histogram") == 0)
			len -= (int)strlen("_bucket");
		n += bprintf(s, sizeof(s), "# HELP chatd_%.*s %.*s\n# TYPE chatd_%.*s %s\n", len,
			     m->name, (int)m->help_len, m->help, len, m->name, m->type);
	}
	if (m->whole)
		n += bprintf(s + n, sizeof(s) - n, "chatd_%s%s %" PRIu64 "\n", m->name, m->labels,
			     m->n);
	else
		n += bprintf(s + n, sizeof(s) - n, "chatd_%s%s %.6f\n", m->name, m->labels, m->v);
	buf_append(&c->w.body, s, n);
}

static void
metrics_done(struct conn *c)
{
	struct buf text = {0};

	walk(c, metric_line);
	if (c->w.format != CTL_TABLE) {
		buf_append(&text, buf_data(&c->w.body), c->w.body.len);
		buf_drop(&c->w.body, c->w.body.len);
		writer_text(&c->w, buf_data(&text), text.len);
		buf_fini(&text);
	}
	conn_done(c);
}

void
cmd_metrics(struct conn *c)
{
	conn_master(c, "status", metrics_done);
}

static void
stat_row(struct conn *c, const struct metric *m)
{
	char name[128];

	bprintf(name, sizeof(name), "%s%s", m->name, m->labels);
	writer_row(&c->w);
	writer_s(&c->w, "name", name);
	if (m->whole)
		writer_u64(&c->w, "value", m->n);
	else
		writer_real(&c->w, "value", m->v);
	writer_s(&c->w, "help", m->help); /* all of it: here each row stands for itself */
	writer_row_end(&c->w);
}

static void
stats_done(struct conn *c)
{
	static const struct column columns[] = {
	    {"name", "NAME", 40, false}, {"value", "VALUE", 14, true}, {"help", "WHAT", 20, false}};

	writer_list(&c->w, NULL, columns, ARRAY_LEN(columns));
	walk(c, stat_row);
	writer_list_end(&c->w);
	conn_done(c);
}

void
cmd_stats(struct conn *c)
{
	conn_master(c, "status", stats_done);
}

/* --- monitor ------------------------------------------------------------------------------------ */

#define INTERVAL_DEFAULT 2

/* What a line shows: the state, and how much was added to the counters since the last one. */
static const struct {
	const char *key;
	enum counter first, last; /* summed */
} deltas[] = {
    {"logins", CTR_logins_total, CTR_logins_total},
    {"messages", CTR_messages_accepted_total, CTR_messages_accepted_total},
    {"deliveries", CTR_deliveries_total, CTR_deliveries_total},
    {"bytes_in", CTR_bytes_in_total, CTR_bytes_in_total},
    {"bytes_out", CTR_bytes_out_total, CTR_bytes_out_total},
    {"refusals", CTR_refusals_total, CTR_refusals_total},
    {"dropped", CTR_dropped_queue, CTR_dropped_input},
};
static const struct column monitor_columns[] = {
    {"time", "TIME", 20, false},
    {"sessions", "SESSIONS", 8, true},
    {"users", "USERS", 8, true},
    {"rooms", "ROOMS", 6, true},
    {"logins", "LOGINS", 7, true},
    {"messages", "MESSAGES", 9, true},
    {"deliveries", "DELIVERIES", 11, true},
    {"bytes_in", "BYTES-IN", 11, true},
    {"bytes_out", "BYTES-OUT", 12, true},
    {"refusals", "REFUSALS", 8, true},
    {"dropped", "DROPPED", 7, true},
};

static uint64_t
delta_value(size_t i)
{
	uint64_t sum = 0;

	for (enum counter k = deltas[i].first; k <= deltas[i].last; k++)
		sum += control_counter(k);
	return sum;
}

static void
monitor_tick(void *arg)
{
	struct conn *c = arg;
	struct writer *w = &c->w;
	uint64_t *before = c->state;

	if (c->out.len < OUT_HIGH) { /* who does not read misses lines, the next one covers them */
		writer_row(w);
		writer_time(w, "time", wall_ms());
		writer_u64(w, "sessions", control_counter(CTR_sessions));
		writer_u64(w, "users", control_counter(CTR_users));
		writer_u64(w, "rooms", control_counter(CTR_rooms));
		for (size_t i = 0; i < ARRAY_LEN(deltas); i++) {
			uint64_t now = delta_value(i);

			/* A replaced board begins at 0 again. */
			writer_u64(w, deltas[i].key, now >= before[i] ? now - before[i] : now);
			before[i] = now;
		}
		writer_row_end(w);
		conn_more(c);
	}
	loop_timer_start(proc.loop, &c->tick, c->req.interval * 1000, monitor_tick, c);
	conn_pump(c);
}

void
cmd_monitor(struct conn *c)
{
	uint64_t *before = xcalloc(ARRAY_LEN(deltas), sizeof(*before));

	for (size_t i = 0; i < ARRAY_LEN(deltas); i++)
		before[i] = delta_value(i);
	c->state = before;
	if (c->req.interval == 0)
		c->req.interval = INTERVAL_DEFAULT;
	writer_list(&c->w, NULL, monitor_columns, ARRAY_LEN(monitor_columns));
	conn_more(c);
	loop_timer_start(proc.loop, &c->tick, c->req.interval * 1000, monitor_tick, c);
}
