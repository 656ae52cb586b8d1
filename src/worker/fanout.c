/* fanout.c - see fanout.h. */
#include "config.h"

#include "worker/fanout.h"

#include <string.h>

#include "lib/name.h"
#include "lib/util.h"
#include "worker/irc/irc.h"
#include "worker/irc/render.h"
#include "worker/outq.h"

/* The renderings of the event in hand. */
static struct {
	struct shown s;
	struct room *room; /* whose runs are used; NULL: common_runs */
	const struct conn *skip[SESSIONS_PER_USER + 2]; /* two at least are looked at */
	unsigned nskip;
	uint32_t mark; /* of those it has been given to by fan_once */
	bool picky; /* not everybody is to have it */
	uint8_t ranks; /* members with one of these flags; 0: all */
	struct slice made[CLS_COUNT];
	uint64_t have[CLS_COUNT / 64]; /* bit per class */
	char fold[NAME_FOLD_MAX];
	ssize_t fold_n; /* of s.name, once it is asked for; -1: not yet */
	char text[RENDER_COPY]; /* s.text, if it had to be cleaned */
} ev;
static struct run common_runs[CLS_COUNT];

/* This rank and those above it. */
static uint8_t
ranks_from(uint8_t rank)
{
	if (rank == 0)
		return 0;
	if (rank & MEMBER_VOICE)
		return MEMBER_VOICE | MEMBER_HALFOP | MEMBER_OP;
	return rank & MEMBER_HALFOP ? MEMBER_HALFOP | MEMBER_OP : MEMBER_OP;
}

bool
fan_rank_fits(uint8_t rank, uint32_t flags)
{
	return rank == 0 || flags & ranks_from(rank);
}

void
fan_begin(const struct shown *s, struct room *room)
{
	ev.s = *s;
	ev.room = room;
	ev.skip[0] = ev.skip[1] = NULL;
	ev.nskip = 0;
	ev.ranks = ranks_from(s->rank);
	ev.picky = s->needs != 0 || s->irc_only || ev.ranks != 0;
	memset(ev.have, 0, sizeof(ev.have));
	ev.fold_n = -1;
	ev.mark = outq_mark();
	render_clean(&ev.s, ev.text);
}

void
fan_skip(const struct conn *c)
{
	if (c == NULL)
		return;
	CHECK(ev.nskip < ARRAY_LEN(ev.skip));
	ev.skip[ev.nskip++] = c;
}

void
fan_skip_user(uint64_t user)
{
	for (const struct conn *c = conn_of_user(user); c != NULL; c = c->twin)
		fan_skip(c);
}

static inline bool
skipped(const struct conn *c)
{
	if (c == ev.skip[0] || c == ev.skip[1])
		return true;
	for (unsigned i = 2; i < ev.nskip; i++) {
		if (c == ev.skip[i])
			return true;
	}
	return false;
}

/* The lines behind a gap, into which the frames grow. */
static size_t
put_frames(struct run *run, unsigned cls)
{
	size_t bound = irc_render_bound(&ev.s);
	char *out = run_room(run, bound + WS_GAP(bound)), *lines = out + WS_GAP(bound);

	return ws_lines(out, lines, irc_render(lines, cls, &ev.s),
			(cls & CLS_PROTOCOL) == CLS_WS_BINARY);
}

static struct slice
ev_render(unsigned cls)
{
	struct run *run = ev.room != NULL ? room_run(ev.room, cls) : &common_runs[cls];

	switch (cls & CLS_PROTOCOL) {
	case 0:
		ev.made[cls] =
		    run_commit(run, render(run_room(run, render_bound(&ev.s)), cls, &ev.s));
		break;
	case CLS_IRC:
		ev.made[cls] =
		    run_commit(run, irc_render(run_room(run, irc_render_bound(&ev.s)), cls, &ev.s));
		break;
	default:
		ev.made[cls] = run_commit(run, put_frames(run, cls));
	}
	ev.have[cls / 64] |= UINT64_C(1) << cls % 64;
	return ev.made[cls];
}

struct slice
fan_made(unsigned cls)
{
	return ev.have[cls / 64] >> cls % 64 & 1 ? ev.made[cls] : ev_render(cls);
}

void
fan_relieve(void)
{
	if (arena_used() <= ARENA_SOFT)
		return;
	outq_send();
	memset(ev.have, 0, sizeof(ev.have)); /* gone with the arena: made anew if they are needed */
}

void
fan_give(struct conn *c, unsigned cls)
{
	outq_ref(c, fan_made(cls));
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

/* May c, a member with these flags, have it? */
static bool
wanted(const struct conn *c, uint32_t flags)
{
	if (ev.ranks != 0 && !(flags & ev.ranks))
		return false;
	if (c->irc == NULL)
		return !ev.s.irc_only;
	return (irc_caps(c) & ev.s.needs) == ev.s.needs;
}

uint64_t
fan_to_room(void)
{
	struct room *r = ev.room;
	uint32_t message = ev.s.what != SHOWN_NOTE;
	uint64_t n = 0;

	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		struct conn *c = r->member[i].conn;

		if (i + 4 < r->n)
			__builtin_prefetch(r->member[i + 4].conn, 1);
		if (skipped(c) || (c->flags & CONN_IGNORES && fan_ignored(c)) ||
		    (ev.picky && !wanted(c, r->member[i].flags)))
			continue;
		fan_give(c, c->cls | (c->cur == r ? 0u : CLS_OTHER));
		c->messages_out += message;
		n++;
	}
	return n;
}

bool
fan_once(struct conn *c)
{
	if (skipped(c) || c->mark == ev.mark || (c->flags & CONN_IGNORES && fan_ignored(c)) ||
	    (ev.picky && !wanted(c, 0)))
		return false;
	c->mark = ev.mark;
	fan_give(c, c->cls);
	return true;
}

void
fan_to_rooms(struct ids ids)
{
	for (size_t k = 0; k < ids.n; k++) {
		struct room *r = room_of(ids_at(ids, k));

		for (uint32_t i = 0; r != NULL && i < r->n; i++)
			fan_once(r->member[i].conn);
	}
}

uint64_t
fan_to_all(void)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < conns_places(); i++) {
		struct conn *c = conn_at(i);

		if (c == NULL || c->state != CONN_READY || (ev.picky && !wanted(c, 0)))
			continue;
		fan_give(c, c->cls);
		c->messages_out++;
		n++;
	}
	return n;
}
