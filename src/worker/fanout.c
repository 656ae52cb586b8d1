/* fanout.c - see fanout.h. */
#include "config.h"

#include "worker/fanout.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/name.h"
#include "lib/util.h"
#include "worker/outq.h"

/* The renderings of the event in hand. */
static struct {
	struct shown s;
	struct room *room; /* whose runs are used; NULL: common_runs */
	struct slice made[CLS_COUNT];
	uint64_t have; /* bit per class */
	char fold[NAME_FOLD_MAX];
	ssize_t fold_n; /* of s.name, once it is asked for; -1: not yet */
} ev;
static struct run common_runs[CLS_COUNT];
_Static_assert(CLS_COUNT == 64, "ev.have has a bit for each class");

void
fan_begin(const struct shown *s, struct room *room)
{
	ev.s = *s;
	ev.room = room;
	ev.have = 0;
	ev.fold_n = -1;
	if (s->what != SHOWN_NOTE)
		render_clean(&ev.s);
}

static struct slice
ev_render(unsigned cls)
{
	struct run *run = ev.room != NULL ? room_run(ev.room, cls) : &common_runs[cls];
	char *out = run_room(run, render_bound(&ev.s));

	ev.made[cls] = run_commit(run, render(out, cls, &ev.s));
	ev.have |= UINT64_C(1) << cls;
	return ev.made[cls];
}

void
fan_give(struct conn *c, unsigned cls)
{
	outq_ref(c, ev.have >> cls & 1 ? ev.made[cls] : ev_render(cls));
}

bool
fan_ignored(const struct conn *c)
{
	const struct ignores *ig = c->ignores;

	if (ev.s.server)
		return false;
	if (ev.fold_n < 0)
		ev.fold_n = MAX(0, name_fold(ev.s.name.p, ev.s.name.n, ev.fold, sizeof(ev.fold)));
	for (unsigned i = 0; i < ig->n; i++) {
		if (strlen(ig->fold[i]) == (size_t)ev.fold_n &&
		    memcmp(ig->fold[i], ev.fold, (size_t)ev.fold_n) == 0)
			return true;
	}
	return false;
}

uint64_t
fan_to_room(const struct conn *except)
{
	struct room *r = ev.room;
	uint32_t message = ev.s.what != SHOWN_NOTE;
	uint64_t n = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		struct conn *c = r->member[i].conn;

		if (i + 4 < r->n)
			__builtin_prefetch(r->member[i + 4].conn, 1);
		if (c == except || (c->flags & CONN_IGNORES && fan_ignored(c)))
			continue;
		fan_give(c, c->cls | (c->cur == r ? 0u : CLS_OTHER));
		c->messages_out += message;
		n++;
	}
	return n;
}

void
fan_to_rooms(struct ids ids, const struct conn *except)
{
	uint32_t mark = outq_mark();

	for (size_t k = 0; k < ids.n; k++) {
		struct room *r = room_of(ids_at(ids, k));

		for (uint32_t i = 0; r != NULL && i < r->n; i++) {
			struct conn *c = r->member[i].conn;

			if (c == except || c->mark == mark)
				continue;
			c->mark = mark;
			fan_give(c, c->cls);
		}
	}
}

static char note_text[TOPIC_MAX + REASON_MAX + 1024];

void
fan_note(struct room *r, uint64_t at, const struct conn *except, const char *fmt, ...)
{
	struct shown s = {.what = SHOWN_NOTE, .at = at, .server = true};
	va_list ap;
	int n;

	if (r == NULL)
		return;
	va_start(ap, fmt);
	n = vsnprintf(note_text, sizeof(note_text), fmt, ap);
	va_end(ap);
	s.room = room_name(r);
	s.text = (struct str){note_text, (size_t)MAX(0, MIN(n, (int)sizeof(note_text) - 1))};
	fan_begin(&s, r);
	fan_to_room(except);
}
