/* due.c - see due.h. */
#include "config.h"

#include "worker/due.h"

#include <stddef.h>

void
due_init(struct due_list *l, struct loop *loop, uint64_t (*ms)(void), void (*fn)(struct due *))
{
	*l = (struct due_list){.loop = loop, .ms = ms, .fn = fn};
	l->head.prev = l->head.next = &l->head;
}

static void
due_fire(void *arg)
{
	struct due_list *l = arg;
	uint64_t now = loop_now(l->loop);
	struct due *d;

	while ((d = due_first(l)) != NULL && l->ms() != 0 && d->since + l->ms() <= now) {
		due_del(d);
		l->fn(d);
	}
	due_rearm(l);
}

void
due_rearm(struct due_list *l)
{
	const struct due *d = due_first(l);
	uint64_t now = loop_now(l->loop), at;

	if (d == NULL || l->ms() == 0) {
		loop_timer_stop(l->loop, &l->timer);
		return;
	}
	at = d->since + l->ms();
	loop_timer_start(l->loop, &l->timer, at > now ? at - now : 0, due_fire, l);
}

void
due_add(struct due_list *l, struct due *d)
{
	due_del(d);
	d->since = loop_now(l->loop);
	d->next = &l->head;
	d->prev = l->head.prev;
	d->prev->next = d;
	l->head.prev = d;
	/* A running timer is never late: whoever began earlier is due earlier. */
	if (l->timer.place == 0)
		due_rearm(l);
}

void
due_del(struct due *d)
{
	if (d->next == NULL)
		return;
	d->prev->next = d->next;
	d->next->prev = d->prev;
	d->prev = d->next = NULL;
}

struct due *
due_first(struct due_list *l)
{
	return l->head.next == &l->head ? NULL : l->head.next;
}

struct due *
due_after(struct due_list *l, struct due *d)
{
	return d->next == &l->head ? NULL : d->next;
}
