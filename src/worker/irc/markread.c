/* markread.c - MARKREAD; see markread.h. A mark only ever moves forward, and is the account's own: others never learn of it.
 * Who has no account has its marks here (marks.c). */
#include "config.h"

#include "worker/irc/markread.h"

#include "lib/util.h"
#include "proto/irc.h"
#include "worker/account.h"
#include "worker/history.h"
#include "worker/irc/cmd.h"
#include "worker/irc/history.h"
#include "worker/irc/irc.h"
#include "worker/irc/marks.h"
#include "worker/irc/names.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/row.h"
#include "worker/worker.h"

/* when 0: it is not known. */
static void
mark_line(struct conn *c, const char *sign, struct str target, uint64_t when)
{
	char stamp[IRC_TIME_LEN];

	irc_time_put(stamp, when);
	if (when == 0)
		irc_from_me(c, "MARKREAD %s" STR_FMT " *", sign, STR_ARG(target));
	else
		irc_from_me(c, "MARKREAD %s" STR_FMT " timestamp=%.*s", sign, STR_ARG(target),
			    (int)sizeof(stamp), stamp);
}

void
irc_mark_is(struct conn *c, const struct m_e_mark *e)
{
	bool room = e->room_name.n > 0;

	mark_line(c, room ? "#" : "", room ? e->room_name : e->peer, e->when);
}

static void
row_mark(struct conn *c, struct question *q, const struct row *r)
{
	struct m_q_mark mark;

	(void)c;
	if (r->type == MSG_q_mark && m_q_mark_get(r->frame, r->len, &mark))
		q->num = mark.when;
}

/* The store could not say; or it could not write yet, and there may be a later mark. */
static bool
not_known(const struct question *q, unsigned code)
{
	return code != ERR_NONE || q->lacks;
}

static void
fail_mark(struct conn *c, struct str target)
{
	irc_fail(c, "MARKREAD", "INTERNAL_ERROR", target,
		 "The read timestamp could not be set or read");
}

static void
mark_told(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	(void)arg;
	if (not_known(q, code))
		fail_mark(c, q->target);
	else
		mark_line(c, "", q->target, q->num);
}

/* It only ever moves forward. */
static void
mark_set(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	struct irc_run *r = c->irc->run;
	struct irc_selector sel;

	if (code == ERR_NONE && r != NULL && irc_selector_get(r->msg.param[1], false, &sel) &&
	    MIN(sel.at, worker_wall_ms()) > q->num)
		request_mark(c, ASKED_DO, q->what.room, q->what.name,
			     MIN(sel.at, worker_wall_ms()));
	else
		mark_told(c, q, code, arg);
}

static const struct history_as as_mark = {NULL, row_mark, mark_told};
static const struct history_as as_mark_set = {NULL, row_mark, mark_set};

/* set: to where it says that it has read. */
static void
mark_guest(struct conn *c, const struct m_r_query *w, bool set, uint64_t when)
{
	struct mark_place at = {.room = w->room.n > 0, .name = w->room.n > 0 ? w->room : w->name};

	mark_line(c, "", irc_middle(c->irc->run->msg.param[0]),
		  set ? marks_set(c, &at, MIN(when, worker_wall_ms())) : marks_get(c, &at));
}

/* MARKREAD target [timestamp=…] */
enum irc_done
irc_MARKREAD(struct conn *c, struct irc_run *r)
{
	struct str target = irc_middle(r->msg.param[0]), stamp = r->msg.param[1];
	struct m_r_query w = {.kind = QUERY_MARK, .limit = 1};
	struct irc_selector sel = {0};

	if (r->msg.param[0].n == 0)
		irc_fail(c, "MARKREAD", "NEED_MORE_PARAMS", STR_LIT(""), "Missing parameters");
	else if (r->msg.n > 1 && (!irc_selector_get(stamp, false, &sel) || !sel.is_time))
		irc_fail(c, "MARKREAD", "INVALID_PARAMS", irc_middle(stamp), "Invalid timestamp");
	else if (!irc_history_target(r->msg.param[0], &w) || !history_kept())
		fail_mark(c, target);
	else if (account_of(c) == NULL)
		mark_guest(c, &w, r->msg.n > 1, sel.at);
	else
		history_ask(c, question_new(r->msg.n > 1 ? &as_mark_set : &as_mark, &w, target));
	return IRC_DONE;
}

bool
irc_mark_refused(struct conn *c, const struct irc_run *r)
{
	if (r == NULL || r->cmd == NULL || r->cmd->fn != irc_MARKREAD)
		return false;
	fail_mark(c, irc_middle(r->msg.param[0]));
	return true;
}

/* --- what follows a JOIN ------------------------------------------------------------------------------- */

/* '*' would say that there is none. */
static void
mark_arrived(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	(void)arg;
	if (!not_known(q, code))
		mark_line(c, "#", q->what.room, q->num);
}

static void
mark_joined(struct conn *c, struct question *q, unsigned code, struct str arg)
{
	struct room *room = room_named(c, q->what.room);

	mark_arrived(c, q, code, arg);
	if (room == NULL || c->irc->caps & CAP_NO_NAMES_EITHER)
		return;
	if (q->behind)
		names_later(c, room);
	else
		names_after_join(c, room->id, room_name(room));
}

static const struct history_as as_mark_joined = {NULL, row_mark, mark_joined};

bool
irc_mark_joined(struct conn *c, struct str room, bool own)
{
	struct m_r_query w = {.kind = QUERY_MARK, .limit = 1, .room = room};
	struct question *q;

	if (!(c->irc->caps & CAP_READ_MARKER))
		return false;
	if (account_of(c) == NULL || !history_kept()) {
		struct mark_place at = {.room = true, .name = room};

		mark_line(c, "#", room, account_of(c) == NULL ? marks_get(c, &at) : 0);
		return false;
	}
	q = question_new(&as_mark_joined, &w, STR_LIT(""));
	if (own && c->query == NULL && c->ticket == NULL)
		history_ask(c, q);
	else
		history_show(c, q);
	return true;
}

static const struct history_as as_mark_arrived = {NULL, row_mark, mark_arrived};

bool
irc_mark_due(struct conn *c, struct str room)
{
	struct m_r_query w = {.kind = QUERY_MARK, .limit = 1, .room = room};

	if (account_of(c) == NULL || !history_kept()) {
		mark_line(c, "#", room, 0);
		return false;
	}
	history_ask(c, question_new(&as_mark_arrived, &w, STR_LIT("")));
	return true;
}
