/* loop.c - see loop.h. */
#include "config.h"

#include "lib/loop.h"

#include <errno.h>
#include <string.h>

#include "lib/log.h"
#include "lib/util.h"

#define BATCH 512
#define TURN_FNS 8

struct loop {
	int epfd;
	bool stop, again, first_again;
	uint64_t now_us;
	const struct loop_io *first;
	struct epoll_event ev[BATCH];
	int nev, at; /* the batch in hand: its size, the one being handled */
	struct loop_timer **heap; /* owned array of callers' timers */
	unsigned nheap, cap;
	struct {
		loop_turn_fn *fn;
		void *arg;
	} turn[TURN_FNS];
	unsigned nturn;
};

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0)
		fatal("epoll_create1: %s", strerror(errno));
	l->now_us = mono_us();
	return l;
}

int
loop_add(struct loop *l, struct loop_io *io, int fd, unsigned events, loop_fn *fn, void *arg)
{
	struct epoll_event ev = {.events = events, .data.ptr = io};

	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -1;
	*io = (struct loop_io){.fd = fd, .events = events, .fn = fn, .arg = arg};
	return 0;
}

int
loop_mod(struct loop *l, struct loop_io *io, unsigned events)
{
	struct epoll_event ev = {.events = events, .data.ptr = io};

	if (io->fn == NULL || io->events == events)
		return 0;
	io->events = events;
	return epoll_ctl(l->epfd, EPOLL_CTL_MOD, io->fd, &ev);
}

void
loop_del(struct loop *l, struct loop_io *io)
{
	if (io->fn == NULL)
		return;
	epoll_ctl(l->epfd, EPOLL_CTL_DEL, io->fd, NULL);
	for (int i = l->at; i < l->nev; i++) {
		if (l->ev[i].data.ptr == io)
			l->ev[i].data.ptr = NULL;
	}
	if (l->first == io)
		l->first = NULL;
	io->fn = NULL;
}

void
loop_first(struct loop *l, const struct loop_io *io)
{
	l->first = io;
}

/* --- timers: a binary heap by due time ------------------------------------------- */

static void
heap_set(struct loop *l, unsigned i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->place = i + 1;
}

static void
heap_up(struct loop *l, unsigned i, struct loop_timer *t)
{
	while (i > 0 && l->heap[(i - 1) / 2]->due > t->due) {
		heap_set(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_set(l, i, t);
}

static void
heap_down(struct loop *l, unsigned i, struct loop_timer *t)
{
	for (;;) {
		unsigned c = 2 * i + 1;

		if (c >= l->nheap)
			break;
		if (c + 1 < l->nheap && l->heap[c + 1]->due < l->heap[c]->due)
			c++;
		if (l->heap[c]->due >= t->due)
			break;
		heap_set(l, i, l->heap[c]);
		i = c;
	}
	heap_set(l, i, t);
}

void
loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	struct loop_timer *last;
	unsigned i = t->place - 1;

	if (t->place == 0)
		return;
	t->place = 0;
	last = l->heap[--l->nheap];
	if (last == t)
		return;
	if (i > 0 && l->heap[(i - 1) / 2]->due > last->due)
		heap_up(l, i, last);
	else
		heap_down(l, i, last);
}

void
loop_timer_start(struct loop *l, struct loop_timer *t, uint64_t ms, loop_timer_fn *fn, void *arg)
{
	loop_timer_stop(l, t);
	t->due = mono_ms() + ms;
	t->fn = fn;
	t->arg = arg;
	if (l->nheap == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->heap = xrealloc(l->heap, l->cap * sizeof(struct loop_timer *));
	}
	l->nheap++;
	heap_up(l, l->nheap - 1, t);
}

static void
timers_run(struct loop *l)
{
	uint64_t now = l->now_us / 1000;

	/* at most as many as there are now: a timer that restarts itself with 0 must not starve I/O */
	for (unsigned n = l->nheap; n > 0 && l->nheap > 0 && l->heap[0]->due <= now; n--) {
		struct loop_timer *t = l->heap[0];

		loop_timer_stop(l, t);
		t->fn(t->arg);
	}
}

static int
timers_wait(const struct loop *l, int timeout_ms)
{
	uint64_t now;
	int ms;

	if (l->again)
		return 0;
	if (l->nheap == 0)
		return timeout_ms;
	now = mono_ms();
	ms = l->heap[0]->due <= now ? 0 : (int)MIN(l->heap[0]->due - now, 3600000u);
	return timeout_ms < 0 ? ms : MIN(ms, timeout_ms);
}

/* --- turns ------------------------------------------------------------------------- */

void
loop_each_turn(struct loop *l, loop_turn_fn *fn, void *arg)
{
	CHECK(l->nturn < TURN_FNS);
	l->turn[l->nturn].fn = fn;
	l->turn[l->nturn++].arg = arg;
}

void
loop_again(struct loop *l)
{
	l->again = true;
}

uint64_t
loop_now(const struct loop *l)
{
	return l->now_us / 1000;
}

uint64_t
loop_now_us(const struct loop *l)
{
	return l->now_us;
}

void
loop_first_again(struct loop *l)
{
	l->first_again = true;
	loop_again(l);
}

static void
handle(struct epoll_event *ev)
{
	struct loop_io *io = ev->data.ptr;

	ev->data.ptr = NULL;
	if (io != NULL && io->fn != NULL)
		io->fn(io->fd, ev->events, io->arg);
}

static void
handle_first(struct loop *l)
{
	struct epoll_event rest = {.data.ptr = (void *)(uintptr_t)l->first}, *ev = NULL;

	for (int i = 0; i < l->nev && l->first != NULL && ev == NULL; i++) {
		if (l->ev[i].data.ptr == l->first)
			ev = &l->ev[i];
	}
	if (ev == NULL && l->first_again)
		ev = &rest;
	l->first_again = false;
	if (ev != NULL)
		handle(ev);
}

void
loop_turn(struct loop *l, int timeout_ms)
{
	int n = epoll_wait(l->epfd, l->ev, BATCH, timers_wait(l, timeout_ms));

	if (n < 0 && errno != EINTR)
		fatal("epoll_wait: %s", strerror(errno));
	l->again = false;
	l->now_us = mono_us();
	l->nev = MAX(n, 0);
	l->at = 0;
	handle_first(l);
	for (; l->at < l->nev; l->at++)
		handle(&l->ev[l->at]);
	l->nev = 0;
	timers_run(l);
	for (unsigned i = 0; i < l->nturn; i++)
		l->turn[i].fn(l->turn[i].arg);
	log_flush();
}

void
loop_run(struct loop *l)
{
	l->stop = false;
	while (!l->stop)
		loop_turn(l, -1);
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}
