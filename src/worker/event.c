/* event.c - see event.h; what events do is in event_user.c, event_room.c and event_talk.c. */
#include "config.h"

#include "worker/event.h"

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "worker/event_priv.h"
#include "worker/fanout.h"
#include "worker/irc/reply.h"
#include "worker/outq.h"
#include "worker/query.h"
#include "worker/room.h"
#include "worker/ticket.h"
#include "worker/tongue.h"
#include "worker/words.h"
#include "worker/worker.h"

/* --- for the handlers (event_priv.h) ---------------------------------------------------------- */

void
tell_own(struct conn *own, const struct shown *s)
{
	if (own != NULL && !(own->flags & CONN_ENDED))
		tongue_of(own)->told(own, s, true);
}

void
tell_all(uint64_t user, struct conn *own, const struct shown *s)
{
	for (struct conn *c = conn_of_user(user); c != NULL; c = c->twin) {
		if (c != own && !(c->flags & CONN_ENDED))
			tongue_of(c)->told(c, s, false);
	}
	tell_own(own, s);
}

void
skip_all(uint64_t user, const struct conn *own)
{
	fan_skip_user(user);
	if (own != NULL && own->user != user)
		fan_skip(own);
}

void
show_room(struct shown *s, uint64_t room, uint64_t user, struct conn *own)
{
	struct room *r = room_of(room);

	if (r != NULL)
		s->room = room_name(r);
	words_make(s);
	fan_begin(s, r);
	skip_all(user, own);
	fan_to_room();
	tell_all(user, own, s);
}

/* --- answers ------------------------------------------------------------------------ */

void
take_e_ok(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_ok)
	if (own == NULL)
		return;
	if (what == ASKED_QUERY)
		query_answered(own);
	else if (what == ASKED_QUIT)
		conn_end(own, "", true);
	else if (what != ASKED_LATER && what != ASKED_BEHIND && what != ASKED_NOTED)
		/* those: its user has gone, or there is nothing to say */
		tongue_of(own)->ok(own, what, &e);
}

void
take_e_refused(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_refused)
	if (own == NULL)
		return;
	if (what == ASKED_QUIT) {
		conn_end(own, "", true);
		return;
	}
	if (what == ASKED_LATER || what == ASKED_BEHIND) {
		ticket_refused(own, what == ASKED_LATER ? TICKET_WAITS : TICKET_BEHIND, &e);
		return;
	}
	if (what == ASKED_NOTED)
		return;
	if (what == ASKED_QUERY)
		query_free(own);
	tongue_of(own)->refused(own, what, &e);
}

/* --- what somebody may wait for (ticket.h) --------------------------------------------------- */

void
take_e_wait(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_wait)
	if (own != NULL)
		ticket_waits(own, what == ASKED_BEHIND ? TICKET_BEHIND : TICKET_WAITS, &e);
}

void
take_e_oper(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_oper)
	struct shown s = SHOWN(e_oper);

	(void)what;
	/* whoever waits for it, and the user's other sessions */
	ticket_answered(e.ticket, MSG_e_oper, &e);
	tell_all(e.user, own, &s);
}

#define TAKE_LATE(name) \
	void take_##name(const void *frame, size_t len, struct conn *own, enum asked_for what) \
	{ \
		GET(name) \
		(void)own; \
		(void)what; \
		ticket_answered(e.ticket, MSG_##name, &e); \
	}
TAKE_LATE(e_failed)
TAKE_LATE(e_authed)
TAKE_LATE(e_challenge)
TAKE_LATE(e_done)
TAKE_LATE(q_page)

void
take_e_durable(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	GET(e_durable)
	(void)own;
	(void)what;
	outq_durable(e.upto);
}

/* --- from the link to a handler --------------------------------------------------------------- */

static const struct {
	unsigned type;
	event_fn *fn;
} events[] = {
#define X(name) {MSG_##name, take_##name},
    EVENTS(X)
#undef X
};

/* The sender's part of a message that has been delivered. */
static void
sent(struct conn *c, uint64_t us)
{
	if (us != 0)
		board_observe(mono_us() - us);
	if (c == NULL)
		return;
	conn_board(c)->messages_in = ++c->messages_in;
	if (c->flags & CONN_ACK)
		tell(c, "message has been sent..");
}

/* Is it a message, or a change of one, that goes to the store? What does not would be waited for in vain. */
static bool
is_kept(unsigned type, const void *frame, size_t len)
{
	struct m_e_redact redact;
	struct m_e_edit edit;
	struct m_e_dm dm;

	switch (type) {
	case MSG_e_say:
		return true;
	case MSG_e_dm:
		return m_e_dm_get(frame, len, &dm) &&
		       (dm.kept ||
			(proc.opt.history_direct && dm.account.n > 0 && dm.to_account.n > 0));
	case MSG_e_redact:
		return m_e_redact_get(frame, len, &redact) && redact.room != 0;
	case MSG_e_edit:
		return m_e_edit_get(frame, len, &edit) && edit.room != 0;
	default:
		return false;
	}
}

/* c is answered by the event seq: which one has to be on the disk before c may read that? 0: none. */
static uint64_t
answer_waits_for(struct conn *c, const void *frame, size_t len, uint64_t seq)
{
	if (is_kept(ipc_type(frame), frame, len)) {
		c->unsaved = seq;
		return seq;
	}
	/* the answers to several messages may all come with the last one's */
	return c->flags & CONN_LABEL ? c->unsaved : 0;
}

void
event_take(const void *frame, size_t len, bool own, void *arg)
{
	enum asked_for what = ASKED_DO;
	unsigned type = ipc_type(frame);
	struct conn *c = NULL;
	struct ev_head h;
	uint64_t us = 0, saved = 0;

	(void)arg;
	if (own && ev_head_get(frame, len, &h)) {
		us = request_answered(h.serial, &c, &what);
		if (worker.disk && c != NULL)
			saved = answer_waits_for(c, frame, len, h.seq);
	}
	if (saved != 0)
		outq_hold(c, saved);
	if (c != NULL && what == ASKED_LATER && type != MSG_e_wait && type != MSG_e_refused)
		ticket_forget(c, TICKET_WAITS);
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (events[i].type == type) {
			events[i].fn(frame, len, c, what);
			break;
		}
	}
	if (own && (type == MSG_e_say || type == MSG_e_dm))
		sent(c, us);
	if (c != NULL) {
		conn_answered(c);
		irc_label_waits(c);
	}
	if (saved != 0)
		outq_hold_end(c);
	outq_relieve();
}
