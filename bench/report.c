/* report.c - the outcome of a run, as text for people or as one line of JSON. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "load.h"

/* All figures of a run are rows: the text and the JSON come from one walk. */
struct report_row {
	const char *key, *text;
	double value;
	int digits;
};

struct report_sum {
	uint64_t lost, doubled, disordered, unchecked, stray, garbled, dropped, failed;
	struct hist times, late;
};

static void
report_add_up(const struct load_opts *o, const struct load_shared *sh, struct report_sum *s)
{
	for (uint32_t p = 0; p < o->procs; p++) {
		const struct load_part *part = &sh->part[p];

		s->lost += part->lost;
		s->doubled += part->doubled;
		s->disordered += part->disordered;
		s->unchecked += part->unchecked;
		s->stray += part->stray;
		s->garbled += part->garbled;
		s->dropped += part->dropped;
		s->failed += part->failed;
		hist_merge(&s->times, &part->times);
		hist_merge(&s->late, &part->late);
	}
	/* The order that each process saw must be the same; after a loss it cannot be. */
	for (uint32_t p = 1; p < o->procs && s->lost == 0; p++)
		if (sh->part[p].hash != sh->part[0].hash ||
		    sh->part[p].hashed != sh->part[0].hashed)
			s->disordered++;
}

static void
report_text(const struct report_row *row, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		printf("%-34s %14.*f\n", row[i].text, row[i].digits, row[i].value);
}

static void
report_json(const struct load_opts *o, bool good, const struct report_row *row, unsigned n)
{
	printf("{\"scenario\":\"%s\",\"protocol\":\"%s\",\"ok\":%s", o->scenario->name,
	       o->tongue->name, good ? "true" : "false");
	for (unsigned i = 0; i < n; i++)
		printf(",\"%s\":%.*f", row[i].key, row[i].digits, row[i].value);
	printf("}\n");
}

static double
report_per(double sum, uint64_t count)
{
	return count > 0 ? sum / (double)count : 0;
}

#define ROW(k, t, v, d) \
	do { \
		row[n++] = (struct report_row){k, t, (double)(v), d}; \
	} while (0)

static unsigned
report_costs(const struct load_opts *o, const struct load_result *r, struct report_row *row)
{
	bool idle = !o->scenario->talks && !o->scenario->churns;
	unsigned n = 0;

	ROW("seconds", idle ? "seconds to log in" : "seconds measured", r->seconds, 3);
	if (o->scenario->talks) {
		ROW("messages", "messages", r->messages, 0);
		ROW("deliveries", "deliveries", r->deliveries, 0);
		ROW("rate", "deliveries per second", (double)r->deliveries / r->seconds, 0);
	} else {
		ROW("logins", "logins", r->logins, 0);
		ROW("rate", "logins per second", (double)r->logins / r->seconds, 0);
	}
	if (r->measured) {
		uint64_t each = o->scenario->talks ? r->deliveries : r->logins;

		ROW("server_procs", "server: processes", r->procs, 0);
		ROW("server_cpu", "server: cores busy", r->server_cpu / r->seconds, 3);
		ROW("server_us",
		    o->scenario->talks ? "server: us per delivery" : "server: us per login",
		    report_per(r->server_cpu * 1e6, each), 3);
	}
	ROW("own_cpu", "generator: cores busy", r->own_cpu / r->seconds, 3);
	if (r->measured)
		ROW("other_cpu", "others on this machine: cores busy", r->other_cpu / r->seconds,
		    3);
	ROW("stolen", "taken by the hypervisor: cores", r->stolen / r->seconds, 3);
	if (!idle)
		return n;
	ROW("pss_before", "server: bytes (PSS) before", r->pss_before, 0);
	ROW("pss_reserved", "server: of that, kept for users", r->reserved, 0);
	ROW("pss_after", "server: bytes (PSS) with users", r->pss_after, 0);
	ROW("pss_each", "server: bytes per user",
	    report_per((double)r->pss_after - (double)(r->pss_before - r->reserved), r->logins), 1);
	ROW("wakeups_before", "server: wake-ups/s before", r->wakeups_before, 1);
	ROW("wakeups_after", "server: wake-ups/s with users", r->wakeups_after, 1);
	ROW("cpu_before", "server: cores busy before", r->cpu_before, 4);
	ROW("cpu_after", "server: cores busy with users", r->cpu_after, 4);
	return n;
}

static unsigned
report_times(const struct load_opts *o, const struct hist *h, const struct hist *late,
	     struct report_row *row)
{
	bool churns = o->scenario->churns, open = o->scenario->open;
	unsigned n = 0;

	if (h->count == 0)
		return 0;
#define TIME(key, what, p) \
	ROW(key, \
	    churns ? "login " what ", us" \
	    : open ? "latency " what ", us" \
		   : "complete after " what ", us", \
	    (double)hist_quantile(h, p) / 1e3, 1)
	TIME("p50_us", "p50", 0.5);
	TIME("p90_us", "p90", 0.9);
	TIME("p99_us", "p99", 0.99);
	TIME("max_us", "max", 1);
#undef TIME
	if (open) {
		ROW("late_p99_us", "generator late p99, us",
		    (double)hist_quantile(late, 0.99) / 1e3, 1);
		ROW("late_max_us", "generator late max, us", (double)late->max / 1e3, 1);
	}
	return n;
}

static unsigned
report_faults(const struct load_opts *o, const struct report_sum *s, struct report_row *row)
{
	unsigned n = 0;

	if (o->scenario->talks) {
		ROW("lost", "lost", s->lost, 0);
		ROW("doubled", "doubled", s->doubled, 0);
		ROW("disordered", "out of order", s->disordered, 0);
		ROW("unchecked", "order not checked", s->unchecked, 0);
		ROW("stray", "delivered to the wrong client", s->stray, 0);
		ROW("garbled", "garbled", s->garbled, 0);
	}
	ROW("dropped", "connections dropped", s->dropped, 0);
	ROW("failed", "logins failed", s->failed, 0);
	return n;
}

bool
report_print(const struct load_opts *o, const struct load_shared *sh, const struct load_result *r)
{
	static struct report_sum s;
	struct report_row row[48];
	unsigned n = 0, faults;
	bool good = r->deliveries + r->logins > 0;

	report_add_up(o, sh, &s);
	if (o->scenario->joins || o->scenario->pairs || !o->scenario->talks)
		ROW("clients", o->scenario->churns ? "logins at once" : "clients", o->clients, 0);
	if (o->scenario->talks && !o->scenario->pairs)
		ROW("senders", "senders", o->senders, 0);
	if (o->scenario->talks && !o->scenario->open)
		ROW("window", "outstanding per sender", o->window, 0);
	if (o->scenario->open)
		ROW("due_rate", "deliveries per second due", o->rate, 0);
	ROW("procs", "generator: processes", o->procs, 0);
	n += report_costs(o, r, row + n);
	n += report_times(o, &s.times, &s.late, row + n);
	faults = n;
	n += report_faults(o, &s, row + n);
	for (unsigned i = faults; i < n; i++)
		good = good && row[i].value == 0;
	if (o->json)
		report_json(o, good, row, n);
	else
		report_text(row, n);
	if (!good)
		fprintf(stderr, "chatload: %s: not all is well%s\n", o->scenario->name,
			r->deliveries + r->logins > 0 ? "" : ": nothing was measured");
	return good;
}
