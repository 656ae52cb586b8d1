/* replay.c - what IRC clients are shown without asking: what was said in a room before they joined it, what was kept for them,
 * how much they have missed.
 *
 * Who can be told a line's time (server-time), but does not ask for history itself, is shown the last lines of a room that it
 * joins; a bot (+B) is not, for it would answer them. Messages that were kept have a time before their text where
 * there is no tag for it.
 */
#include "config.h"

#include <time.h>

#include "lib/util.h"
#include "worker/fanout.h"
#include "worker/history.h"
#include "worker/irc/history.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/row.h"

static void
replay_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (!row_event(c, r, &s) || s.what == SHOWN_NOTE)
		return;
	if (q->shown++ == 0)
		irc_history_open(c, q, "chathistory #");
	irc_history_event(c, q);
}

static void
replay_end(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	(void)code;
	(void)arg;
	irc_history_close(c, q);
}

static bool
wants_replay(const struct conn *c)
{
	return c->irc->caps & CAP_SERVER_TIME && !(c->irc->caps & CAP_CHATHISTORY) &&
	       !(c->irc->umodes & UMODE_BOT);
}

/* --- what follows a login ------------------------------------------------------------------------------ */

/* With the time before the text, for those who have no tag for it. */
static void
show_dated(struct conn *c, const struct question *q, const struct shown *s)
{
	char when[SHOWN_BEFORE];
	struct shown dated = *s;
	time_t at = (time_t)(s->at / 1000);
	struct tm tm;

	if (localtime_r(&at, &tm) != NULL)
		dated.before =
		    (struct str){when, strftime(when, sizeof(when), "[%Y-%m-%d %H:%M] ", &tm)};
	fan_begin(&dated, NULL);
	irc_history_event(c, q);
}

static void
kept_row(struct conn *c, struct question *q, const struct row *r)
{
	struct shown s;

	if (!row_event(c, r, &s) || s.type != MSG_e_dm)
		return;
	if (c->irc->caps & CAP_SERVER_TIME || s.kind == MSG_CTCP || s.kind == MSG_CTCP_REPLY)
		irc_history_event(c, q);
	else
		show_dated(c, q, &s);
}

static void
missed_row(struct conn *c, struct question *q, const struct row *r)
{
	struct m_q_place place;
	char text[ROOM_BYTES_MAX + 64];

	if (r->type != MSG_q_place || !m_q_place_get(r->frame, r->len, &place) || place.count == 0)
		return;
	q->shown++;
	irc_words(c, text,
		  bprintf(text, sizeof(text), "While you were away: %u message%s %s" STR_FMT,
			  place.count, place.count == 1 ? "" : "s",
			  place.born != 0 ? "in #" : "from ", STR_ARG(place.name)));
}

/* Who asks for history itself counts itself. */
static bool
wants_missed(const struct conn *c)
{
	return !(c->irc->caps & CAP_CHATHISTORY) && !(c->irc->umodes & UMODE_BOT);
}

const struct history_shows history_irc = {
    .replay = {NULL, replay_row, replay_end},
    .kept = {NULL, kept_row, NULL},
    .missed = {NULL, missed_row, NULL},
    .wants_replay = wants_replay,
    .wants_missed = wants_missed,
};
