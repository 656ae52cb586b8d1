/* stats.c - the counters of all processes: stats, metrics, monitor. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/control.h"
#include "ipc/metrics.h"
#include "ipc/proc.h"
#include "lib/util.h"

static void
walk(struct conn *c, metric_fn *fn)
{
	struct metric_proc *procs = xcalloc(c->nprocs + 1, sizeof(*procs));

	for (size_t i = 0; i < c->nprocs; i++)
		procs[i] = (struct metric_proc){.role = c->procs[i].role,
						.index = c->procs[i].index,
						.restarts = c->procs[i].restarts,
						.cpu_us = c->procs[i].cpu_us,
						.rss_bytes = c->procs[i].rss_bytes};
	metrics_walk(procs, c->nprocs, fn, c);
	free(procs);
}

/* --- stats and metrics ------------------------------------------------------------------------ */

static void
metric_line(void *arg, const struct metric *m)
{
	struct conn *c = arg;
	char s[METRIC_TEXT_MAX];

	buf_append(&c->w.body, s, metric_text(m, s, sizeof(s)));
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
stat_row(void *arg, const struct metric *m)
{
	struct conn *c = arg;
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
	list_done(c);
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
		sum += boards_counter(k);
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
		writer_u64(w, "sessions", boards_counter(CTR_sessions));
		writer_u64(w, "users", boards_counter(CTR_users));
		writer_u64(w, "rooms", boards_counter(CTR_rooms));
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
