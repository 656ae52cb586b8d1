/* load_connect.c - scenarios about connections rather than messages: connect, idle. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

struct churn {
	struct load *ld;
	uint32_t next; /* id of the next login */
	uint32_t open; /* not yet ready */
	uint32_t done; /* ready at some time (idle), or slots given up (connect) */
	struct client *client;
};

static int
churn_phase(struct churn *ch)
{
	return atomic_load_explicit(&ch->ld->shared->phase, memory_order_relaxed);
}

static void
churn_open(struct churn *ch, struct client_set *s, struct client *c)
{
	c->id = ch->next * ch->ld->opts->procs + ch->ld->proc;
	ch->next++;
	if (client_open(s, c) == 0) {
		ch->open++;
		return;
	}
	load_count(&ch->ld->part->failed, 1);
	snprintf(s->last, LOAD_LAST, "connect: %s", strerror(errno));
}

static void
connect_line(struct client_set *s, struct client *c, const char *line, size_t len)
{
	client_aside(s, c, line, len);
}

static void
connect_ready(struct client_set *s, struct client *c)
{
	struct churn *ch = s->arg;
	uint64_t now = load_now();

	if (now >= ch->ld->shared->from && now < ch->ld->shared->to)
		hist_add(&ch->ld->part->times, now - c->since);
	client_quit(s, c);
}

static void
connect_closed(struct client_set *s, struct client *c)
{
	struct churn *ch = s->arg;

	ch->open--;
	if (c->state == CLIENT_QUIT)
		load_count(&ch->ld->part->logins, 1);
	else
		load_count(&ch->ld->part->failed, 1);
	if (churn_phase(ch) == PHASE_RUN)
		churn_open(ch, s, c);
}

/* A client whose login takes longer than the patience allows is a failure, and starts again. */
static void
connect_stuck(struct churn *ch, struct client_set *s)
{
	uint64_t limit = (uint64_t)(ch->ld->opts->patience * 1e9), now = load_now();

	for (uint32_t i = 0; i < ch->ld->clients; i++) {
		struct client *c = &ch->client[i];

		if (c->state == CLIENT_FREE && churn_phase(ch) == PHASE_RUN)
			churn_open(ch, s, c);
		if (c->state == CLIENT_FREE || now - c->since < limit)
			continue;
		client_abort(s, c);
		ch->open--;
		load_count(&ch->ld->part->failed, 1);
	}
}

void
load_connect(struct load *ld)
{
	static const struct client_ops ops = {connect_line, connect_ready, connect_closed};
	struct churn ch = {.ld = ld, .client = calloc(ld->clients, sizeof(struct client))};
	struct client_set s;
	uint64_t check = load_now();

	if (ch.client == NULL)
		exit(2);
	client_set_init(&s, ld, &ops, &ch, ld->shared->wake[ld->proc]);
	load_count(&ld->part->ready, ld->clients);
	while (churn_phase(&ch) < PHASE_RUN)
		client_turn(&s, 100);
	for (uint32_t i = 0; i < ld->clients; i++)
		churn_open(&ch, &s, &ch.client[i]);
	while (churn_phase(&ch) < PHASE_STOP) {
		client_turn(&s, 100);
		if (load_now() - check > 500000000u) {
			connect_stuck(&ch, &s);
			check = load_now();
		}
		if (churn_phase(&ch) >= PHASE_DRAIN && ch.open == 0)
			break;
	}
}

static void
idle_ready(struct client_set *s, struct client *c)
{
	struct churn *ch = s->arg;

	(void)c;
	ch->open--;
	ch->done++;
	load_count(&ch->ld->part->ready, 1);
	load_count(&ch->ld->part->logins, 1);
}

static void
idle_closed(struct client_set *s, struct client *c)
{
	struct churn *ch = s->arg;

	if (c->state != CLIENT_READY)
		ch->open--;
	load_count(&ch->ld->part->dropped, 1);
}

void
load_idle(struct load *ld)
{
	static const struct client_ops ops = {connect_line, idle_ready, idle_closed};
	struct churn ch = {.ld = ld, .client = calloc(ld->clients, sizeof(struct client))};
	uint32_t flight = (ld->opts->inflight + ld->opts->procs - 1) / ld->opts->procs;
	struct client_set s;

	if (ch.client == NULL)
		exit(2);
	client_set_init(&s, ld, &ops, &ch, ld->shared->wake[ld->proc]);
	while (churn_phase(&ch) < PHASE_STOP) {
		while (churn_phase(&ch) == PHASE_SETUP && ch.next < ld->clients &&
		       ch.open < flight) {
			churn_open(&ch, &s, &ch.client[ch.next]);
			if (ch.client[ch.next - 1].state == CLIENT_FREE)
				break; /* reported by the parent, which sees it failed */
		}
		client_turn(&s, 1000);
	}
}
