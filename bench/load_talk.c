/* load_talk.c - scenarios with messages: fanout, pairs, latency.
 *
 * A message is "%SENDER.NUMBER " and padding. Fanout and pairs are closed loops: a sender has window
 * messages outstanding, and sends the next when one has reached everybody it was for. Where the
 * clients are spread over several processes, each counts for its own, and the last one to be
 * complete tells the sender's process: shared memory is touched once per message and process, not
 * once per delivery. Latency is an open loop: message k is due at start + k * interval, whatever
 * happened before, and everything is charged from then. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "client.h"
#include "verify.h"

struct talk {
	struct load *ld;
	struct client_set set;
	struct verify *verify;
	struct client *client;
	uint32_t opened, waiting; /* clients begun, and of these not yet in */
	uint32_t senders; /* in all processes */
	uint32_t *need; /* owned; per sender: deliveries that make it complete here */
	uint32_t *got; /* owned; per sender and place in the window */
	uint32_t mask;
	struct client **dirty; /* owned; senders that may go on */
	uint32_t dirty_count;
	uint64_t deliveries, messages, told;
	uint64_t heard; /* when something came last, while draining */
	uint64_t turn; /* open loop: next message of all processes */
	double interval; /* open loop: ns from one message to the next */
	char *pad; /* owned */
	bool sending;
};

static int
talk_phase(const struct talk *t)
{
	return atomic_load_explicit(&t->ld->shared->phase, memory_order_relaxed);
}

static struct client *
talk_local(struct talk *t, uint32_t id)
{
	return id % t->ld->opts->procs == t->ld->proc ? &t->client[id / t->ld->opts->procs] : NULL;
}

static void
talk_dirty(struct talk *t, struct client *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	t->dirty[t->dirty_count++] = c;
}

/* Everybody in this process has got it; perhaps everybody anywhere. */
static void
talk_complete(struct talk *t, uint32_t sender, uint32_t n)
{
	struct load_shared *sh = t->ld->shared;
	size_t slot = ((size_t)sender << sh->ring_bits) + (n & t->mask);
	uint32_t procs = t->ld->opts->procs;
	struct client *c = talk_local(t, sender);
	uint64_t now, one = 1;

	if (!t->ld->opts->scenario->pairs && procs > 1) {
		if (atomic_fetch_sub(&sh->left[slot], 1) != 1)
			return;
		atomic_store(&sh->left[slot], procs);
	}
	now = load_now();
	if (now >= sh->from && now < sh->to)
		hist_add(&t->ld->part->times, now - sh->when[slot]);
	t->messages++;
	atomic_fetch_add_explicit(&sh->complete[sender], 1, memory_order_release);
	if (c != NULL)
		talk_dirty(t, c);
	else if (write(sh->wake[sender % procs], &one, sizeof(one)) < 0)
		t->ld->part->garbled++; /* cannot be: an eventfd is never full here */
}

static const char *
talk_number(const char *p, const char *end, uint32_t *v)
{
	uint32_t n = 0;

	while (p < end && *p >= '0' && *p <= '9')
		n = n * 10 + (uint32_t)(*p++ - '0');
	*v = n;
	return p;
}

static void
talk_delivery(struct talk *t, struct client *c, uint32_t sender, uint32_t n)
{
	const struct load_scenario *sc = t->ld->opts->scenario;
	struct load_shared *sh = t->ld->shared;
	uint32_t *got;

	if (!verify_take(t->verify, c->index, sc->pairs ? 0 : sender, n))
		return;
	t->deliveries++;
	if (sc->open) {
		uint64_t due =
		    sh->start + (uint64_t)(((double)n * t->senders + sender) * t->interval);

		if (due >= sh->from && due < sh->to)
			hist_add(&t->ld->part->times, t->set.now > due ? t->set.now - due : 0);
		return;
	}
	got = &t->got[((size_t)sender << sh->ring_bits) + (n & t->mask)];
	if (++*got >= t->need[sender]) {
		*got = 0;
		talk_complete(t, sender, n);
	}
}

static void
talk_line(struct client_set *s, struct client *c, const char *line, size_t len)
{
	struct talk *t = s->arg;
	const char *mark = memchr(line, TONGUE_MARK, len), *end = line + len, *p;
	uint32_t sender, n;

	if (mark == NULL || mark + 1 == end || mark[1] < '0' || mark[1] > '9') {
		client_aside(s, c, line, len);
		return;
	}
	p = talk_number(mark + 1, end, &sender);
	if (p == end || *p++ != '.') {
		t->ld->part->garbled++;
		return;
	}
	p = talk_number(p, end, &n);
	if (p == end || *p != ' ' || (size_t)(end - mark) < t->ld->opts->size) {
		t->ld->part->garbled++; /* cut off, or something else in between */
		return;
	}
	if (sender >= t->senders || sender == c->id ||
	    (t->ld->opts->scenario->pairs && talk_local(t, sender) != &t->client[c->index ^ 1])) {
		t->ld->part->stray++;
		return;
	}
	talk_delivery(t, c, sender, n);
}

static void
talk_ready(struct client_set *s, struct client *c)
{
	struct talk *t = s->arg;

	(void)c;
	t->waiting--;
	load_count(&t->ld->part->ready, 1);
	load_count(&t->ld->part->logins, 1);
}

static void
talk_closed(struct client_set *s, struct client *c)
{
	struct talk *t = s->arg;

	load_count(&t->ld->part->dropped, 1);
	if (c->state != CLIENT_READY)
		t->waiting--;
}

/* Queue one message; it leaves when the caller flushes. */
static void
talk_send(struct talk *t, struct client *c)
{
	const struct load_opts *o = t->ld->opts;
	struct load_shared *sh = t->ld->shared;
	uint32_t n = atomic_load_explicit(&sh->sent[c->id], memory_order_relaxed);
	char *text = t->pad;
	int len = snprintf(text, 32, "%c%u.%u ", TONGUE_MARK, c->id, n);

	text[len] = 'x'; /* over snprintf's end mark: the padding behind is still there */
	if (!o->scenario->open)
		sh->when[((size_t)c->id << sh->ring_bits) + (n & t->mask)] = load_now();
	if (o->scenario->pairs)
		client_queue(c, o->tongue->direct, t->client[c->index ^ 1].name, o->room, text);
	else
		client_queue(c, o->tongue->say, c->name, o->room, text);
	atomic_store_explicit(&sh->sent[c->id], n + 1, memory_order_release);
}

/* Closed loop: fill the window again. */
static void
talk_fill(struct talk *t, struct client *c)
{
	struct load_shared *sh = t->ld->shared;
	uint32_t out = atomic_load_explicit(&sh->sent[c->id], memory_order_relaxed) -
		       atomic_load_explicit(&sh->complete[c->id], memory_order_acquire);

	if (!t->sending || c->state != CLIENT_READY)
		return;
	while (out++ < t->ld->opts->window)
		talk_send(t, c);
	client_flush(&t->set, c);
}

static void
talk_fill_all(struct talk *t)
{
	for (uint32_t id = t->ld->proc; id < t->senders; id += t->ld->opts->procs)
		talk_fill(t, talk_local(t, id));
}

static uint64_t
talk_due(const struct talk *t, uint64_t k)
{
	return t->ld->shared->start + (uint64_t)((double)k * t->interval);
}

/* Open loop: send all that is due, then set the timer to the next that is. */
static void
talk_clock(struct talk *t)
{
	struct load_shared *sh = t->ld->shared;
	struct itimerspec at = {0};
	uint64_t now = load_now(), due;

	while ((due = talk_due(t, t->turn)) <= now && t->sending) {
		struct client *c = talk_local(t, (uint32_t)(t->turn % t->senders));

		t->turn++;
		if (c == NULL || c->state != CLIENT_READY)
			continue;
		talk_send(t, c);
		talk_dirty(t, c);
		t->messages++;
		if (due >= sh->from && due < sh->to)
			hist_add(&t->ld->part->late, now - due);
	}
	for (uint32_t i = 0; i < t->dirty_count; i++) {
		t->dirty[i]->dirty = false;
		client_flush(&t->set, t->dirty[i]);
	}
	t->dirty_count = 0;
	if (!t->sending)
		return;
	at.it_value.tv_sec = (time_t)(due / 1000000000u);
	at.it_value.tv_nsec = (long)(due % 1000000000u);
	timerfd_settime(t->set.timer.fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void
talk_turn(struct talk *t)
{
	client_turn(&t->set, 100);
	if (t->ld->opts->scenario->open) {
		talk_clock(t);
	} else {
		for (uint32_t i = 0; i < t->dirty_count; i++) {
			t->dirty[i]->dirty = false;
			talk_fill(t, t->dirty[i]);
		}
		t->dirty_count = 0;
		/* Some of this process's messages may have been completed by another one. */
		if (t->ld->opts->procs > 1 && !t->ld->opts->scenario->pairs)
			talk_fill_all(t);
	}
	if (t->deliveries != t->told)
		t->heard = load_now();
	t->told = t->deliveries;
	atomic_store_explicit(&t->ld->part->deliveries, t->deliveries, memory_order_relaxed);
	atomic_store_explicit(&t->ld->part->messages, t->messages, memory_order_relaxed);
}

/* Log everybody in, some at a time. */
static void
talk_setup(struct talk *t)
{
	const struct load_opts *o = t->ld->opts;
	uint32_t flight = (o->inflight + o->procs - 1) / o->procs;

	while (talk_phase(t) < PHASE_RUN) {
		while (talk_phase(t) == PHASE_SETUP && t->opened < t->ld->clients &&
		       t->waiting < flight) {
			struct client *c = &t->client[t->opened++];

			t->waiting++;
			if (client_open(&t->set, c) < 0) {
				snprintf(t->set.last, LOAD_LAST, "connect: %s", strerror(errno));
				load_count(&t->ld->part->failed, 1);
			}
		}
		client_turn(&t->set, 100);
	}
}

static uint64_t
talk_expected(const struct talk *t)
{
	uint64_t sum = 0;

	for (uint32_t s = 0; s < t->senders; s++)
		sum += (uint64_t)atomic_load(&t->ld->shared->sent[s]) * t->need[s];
	return sum;
}

/* Nobody sends any more: take what is still under way. What is silent for too long is lost. */
static void
talk_drain(struct talk *t)
{
	const struct load_opts *o = t->ld->opts;
	bool all = false;

	t->sending = false;
	atomic_store(&t->ld->part->stopped, true);
	t->heard = load_now();
	while (talk_phase(t) < PHASE_STOP) {
		bool stopped = true;

		for (uint32_t p = 0; p < o->procs; p++)
			stopped = stopped && atomic_load(&t->ld->shared->part[p].stopped);
		all = stopped && t->deliveries >= talk_expected(t);
		if (all || load_now() - t->heard > (uint64_t)(o->grace * 1e9))
			break;
		talk_turn(t);
	}
}

static void
talk_judge(struct talk *t)
{
	struct load_part *part = t->ld->part;
	struct verify *v = t->verify;

	for (uint32_t i = 0; i < t->ld->clients; i++) {
		for (uint32_t s = 0; s < v->senders; s++) {
			uint32_t id = v->senders > 1 || t->senders == 1 ? s : t->client[i ^ 1].id;

			if (id != t->client[i].id)
				verify_end(v, i, s, atomic_load(&t->ld->shared->sent[id]));
		}
	}
	verify_finish(v);
	part->lost = v->lost;
	part->doubled = v->doubled;
	part->disordered = v->disordered;
	part->unchecked = v->unchecked;
	part->hash = v->hash;
	part->hashed = v->ref_head;
}

static void *
talk_alloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL) {
		fprintf(stderr, "chatload: out of memory\n");
		exit(2);
	}
	return p;
}

static void
talk_prepare(struct talk *t)
{
	const struct load_opts *o = t->ld->opts;
	uint32_t n = t->ld->clients, window = o->scenario->open ? 65536 : o->window * o->senders;

	t->senders = o->scenario->pairs ? o->clients : o->senders;
	t->mask = (1u << t->ld->shared->ring_bits) - 1;
	t->client = talk_alloc(n, sizeof(*t->client));
	t->need = talk_alloc(t->senders, sizeof(*t->need));
	t->got = talk_alloc((size_t)t->senders << t->ld->shared->ring_bits, sizeof(*t->got));
	t->dirty = talk_alloc(n, sizeof(*t->dirty));
	t->pad = talk_alloc(1, o->size + 64);
	memset(t->pad, 'x', o->size);
	t->interval = o->scenario->open ? 1e9 * (o->clients - 1) / o->rate : 0;
	if (o->scenario->pairs)
		t->verify = verify_new(n, 1, 0);
	else
		t->verify = verify_new(n, t->senders, window);
	for (uint32_t i = 0; i < n; i++) {
		t->client[i].index = i;
		t->client[i].id = i * o->procs + t->ld->proc;
		t->client[i].fd = -1;
		if (!o->scenario->pairs && t->client[i].id < t->senders)
			verify_sender(t->verify, i, t->client[i].id);
	}
	for (uint32_t s = 0; s < t->senders; s++) {
		bool mine = talk_local(t, s) != NULL;

		t->need[s] = o->scenario->pairs ? mine : n - mine;
	}
}

void
load_talk(struct load *ld)
{
	static const struct client_ops ops = {talk_line, talk_ready, talk_closed};
	struct talk t = {.ld = ld, .sending = true};
	int timer;

	client_set_init(&t.set, ld, &ops, &t, ld->shared->wake[ld->proc]);
	talk_prepare(&t);
	if (ld->opts->scenario->open) {
		timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
		client_watch(&t.set, &t.set.timer, timer);
		t.set.timed = true;
	}
	talk_setup(&t);
	if (ld->opts->scenario->open)
		talk_clock(&t);
	else
		talk_fill_all(&t);
	while (talk_phase(&t) == PHASE_RUN)
		talk_turn(&t);
	talk_drain(&t);
	talk_judge(&t);
} /* NOLINT(clang-analyzer-unix.Malloc): the process ends now */
