/* reader.c - see reader.h. */
#include "config.h"

#include "worker/reader.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/util.h"
#include "worker/arena.h"
#include "worker/files.h"
#include "worker/history.h"
#include "worker/outq.h"
#include "worker/row.h"
#include "worker/words.h"
#include "worker/worker.h"

#define WHEN_MAX 24

struct reader *
reader_of(struct conn *c)
{
	if (c->reader == NULL)
		c->reader = xcalloc(1, sizeof(*c->reader));
	return c->reader;
}

void
reader_forget(struct conn *c)
{
	if (c->reader != NULL)
		free(c->reader->pager);
	free(c->reader);
	c->reader = NULL;
}

void
reader_said(struct conn *c, uint64_t seq, uint64_t room, struct str to)
{
	struct reader *r = reader_of(c);
	struct said *s = &r->said;

	*s = (struct said){.seq = seq, .room = room, .nto = (uint8_t)MIN(to.n, sizeof(s->to))};
	memcpy(s->to, to.p, s->nto);
	if (room == 0)
		r->alone = *s;
}

/* --- lines ------------------------------------------------------------------------------------------- */

/* "14:03 ", "2026-11-20 14:03 ", here; not terminated. Returns the length. */
static size_t
put_when(char out[WHEN_MAX], uint64_t ms)
{
	time_t at = (time_t)(ms / 1000), now = (time_t)(worker_wall_ms() / 1000);
	struct tm then, today;
	bool same;

	if (localtime_r(&at, &then) == NULL || localtime_r(&now, &today) == NULL)
		return 0;
	same = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
	return strftime(out, WHEN_MAX, same ? "%H:%M " : "%Y-%m-%d %H:%M ", &then);
}

static size_t
put_id(char *out, size_t cap, uint64_t seq)
{
	return bprintf(out, cap, "[%llu-%llu] ", (unsigned long long)(seq >> ID_SHIFT),
		       (unsigned long long)(seq & ((UINT64_C(1) << ID_SHIFT) - 1)));
}

void
reader_show(struct conn *c, const struct shown *s, uint64_t seq, bool ids, struct str place)
{
	static char copy[RENDER_COPY];
	char head[WHEN_MAX + 48], *out;
	size_t n = put_when(head, s->at);
	struct shown row = *s;
	unsigned cls = c->cls & ~(unsigned)CLS_TIME;

	if (s->irc_only)
		return;
	if (ids)
		n += put_id(head + n, sizeof(head) - n, seq);
	row.room = place;
	render_clean(&row, copy);
	out = arena_room(n + render_bound(&row));
	memcpy(out, head, n);
	outq_ref(c, arena_commit(n + render(out + n, cls | (place.n > 0 ? CLS_OTHER : 0u), &row)));
}

/* --- what is shown without asking --------------------------------------------------------------------- */

static void
missed_row(struct conn *c, struct question *q, const struct row *r)
{
	struct m_q_place place;
	char when[WHEN_MAX];
	size_t n;

	if (r->type != MSG_q_place || !m_q_place_get(r->frame, r->len, &place) || place.count == 0)
		return;
	if (q->shown++ == 0)
		tell(c, "--- While you were away:");
	n = put_when(when, place.at);
	tell(c, "  %s" STR_FMT ": %u message%s, the last at %.*s", place.born != 0 ? "" : "@",
	     STR_ARG(place.name), place.count, place.count == 1 ? "" : "s",
	     (int)(n > 0 ? n - 1 : 0), when);
}

static void
missed_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	if (q->shown > 0)
		tell(c,
		     "--- /history new reads what is new in your room; /history new @NAME, #ROOM.");
	else if (!q->behind && code != ERR_NONE)
		words_refused(c, code, arg);
	else if (!q->behind)
		tell(c, "You have missed nothing.");
	if (!q->behind && q->lacks)
		words_lacks(c);
}

static void
replay_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (!row_event(c, r, &s) || s.what == SHOWN_NOTE)
		return;
	if (q->shown++ == 0)
		tell(c, "--- Earlier in " STR_FMT ":", STR_ARG(q->target));
	reader_show(c, &s, r->seq, false, STR_LIT(""));
}

static void
replay_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	(void)code;
	(void)arg;
	if (q->shown == 0)
		return;
	tell(c, "--- That was before you came.");
	if (q->lacks)
		words_lacks(c);
}

static void
kept_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (!row_event(c, r, &s) || s.type != MSG_e_dm || s.irc_only)
		return;
	if (q->shown++ == 0)
		tell(c, "--- Kept for you while you were away:");
	s.what = SHOWN_DM;
	files_shown(&s);
	reader_show(c, &s, r->seq, false, STR_LIT(""));
}

/* Clients of profile "direct" are programs as a rule. */
static bool
wants_replay(const struct conn *c)
{
	return !(c->flags & CONN_DIRECT);
}

const struct history_shows history_telnet = {
    .replay = {NULL, replay_row, replay_end},
    .kept = {NULL, kept_row, NULL},
    .missed = {NULL, missed_row, missed_end},
    .wants_replay = wants_replay,
    .wants_missed = wants_replay,
};
