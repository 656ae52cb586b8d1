/* event.c - see event.h; what events do is in event_user.c, event_room.c and event_talk.c. */
#include "config.h"

#include "worker/event.h"

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "worker/backlog.h"
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
event_tell_own(struct conn *own, const struct shown *s)
{
	if (own != NULL && !(own->flags & CONN_ENDED))
		tongue_of(own)->told(own, s, true);
}

void
event_tell_all(uint64_t user, struct conn *own, const struct shown *s)
{
	for (struct conn *c = conn_of_user(user); c != NULL; c = c->twin) {
		if (c != own && !(c->flags & CONN_ENDED))
			tongue_of(c)->told(c, s, false);
	}
	event_tell_own(own, s);
}

void
event_skip(uint64_t user, const struct conn *own)
{
	fan_skip_user(user);
	if (own != NULL && own->user != user)
		fan_skip(own);
}

void
event_show_room(struct shown *s, uint64_t room, uint64_t user, struct conn *own)
{
	struct room *r = room_of(room);

	if (r != NULL)
		s->room = room_name(r);
	words_make(s);
	fan_begin(s, r);
	event_skip(user, own);
	fan_to_room();
	event_tell_all(user, own, s);
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
	event_tell_all(e.user, own, &s);
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
	backlog_durable(e.upto);
}

/* --- what waits for the disk (store.durability "disk") ------------------------------------------- */

/* A message that is changed or taken back: whose wish that is, and does it go to the store? */
struct change {
	uint64_t user, msg;
	bool kept;
};

static bool
change_get(const void *frame, size_t len, struct change *ch)
{
	struct m_e_redact redact;
	struct m_e_edit edit;

	switch (ipc_type(frame)) {
	case MSG_e_redact:
		if (!m_e_redact_get(frame, len, &redact))
			return false;
		*ch = (struct change){redact.user, redact.msg,
				      redact.room != 0 ||
					  (redact.account.n > 0 && redact.to_account.n > 0)};
		return true;
	case MSG_e_edit:
		if (!m_e_edit_get(frame, len, &edit))
			return false;
		*ch = (struct change){edit.user, edit.msg,
				      edit.room != 0 ||
					  (edit.account.n > 0 && edit.to_account.n > 0)};
		return true;
	default:
		return false;
	}
}

/* Is it a message, or a change of one, that goes to the store? What does not would be waited for in vain. */
static bool
is_kept(const void *frame, size_t len)
{
	struct change ch;
	struct m_e_dm dm;

	switch (ipc_type(frame)) {
	case MSG_e_say:
		return true;
	case MSG_e_dm:
		return m_e_dm_get(frame, len, &dm) &&
		       (dm.kept ||
			(proc.opt.history_direct && dm.account.n > 0 && dm.to_account.n > 0));
	default:
		return change_get(frame, len, &ch) && ch.kept;
	}
}

/* Whose wish this change of an old message is, which ends no request: the answer, e_done, comes behind it. */
static struct conn *
changer(const void *frame, size_t len)
{
	struct conn *c = NULL;
	struct change ch;

	if (change_get(frame, len, &ch) && ch.kept)
		c = conn_of_user(ch.user);
	while (c != NULL && ticket_change(c) != ch.msg)
		c = c->twin;
	return c;
}

/* Whose change of an old message this is the end of. */
static struct conn *
done_for(const void *frame, size_t len)
{
	struct m_e_done done;
	struct conn *c;

	if (ipc_type(frame) != MSG_e_done || !m_e_done_get(frame, len, &done))
		return NULL;
	c = ticket_conn(done.ticket);
	return c != NULL && ticket_change(c) != 0 ? c : NULL;
}

/* Who has to wait for the disk before it reads what this event answers it (own: whose request it ends; late: whose wish it is
 * otherwise); *seq_r: for which event. NULL: nobody. */
static struct conn *
held_back(const void *frame, size_t len, struct conn *own, struct conn *late, uint64_t seq,
	  uint64_t *seq_r)
{
	struct conn *c = own != NULL ? own : late;

	if (c != NULL && is_kept(frame, len)) {
		*seq_r = c->unsaved = seq;
		return c;
	}
	/* with a label: the answers to several messages may all come with the last one's */
	if (own == NULL)
		c = done_for(frame, len);
	else if (!(own->flags & CONN_LABEL))
		c = NULL;
	*seq_r = c != NULL ? c->unsaved : 0;
	return *seq_r != 0 ? c : NULL;
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

static void
handle(const void *frame, size_t len, struct conn *own, enum asked_for what)
{
	unsigned type = ipc_type(frame);

	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (events[i].type == type) {
			events[i].fn(frame, len, own, what);
			return;
		}
	}
}

void
event_take(const void *frame, size_t len, bool own, void *arg)
{
	enum asked_for what = ASKED_DO;
	unsigned type = ipc_type(frame);
	struct conn *c = NULL, *late, *held = NULL;
	struct ev_head h = {0};
	uint64_t us = 0, seq;

	(void)arg;
	if (own && ev_head_get(frame, len, &h))
		us = request_answered(h.serial, &c, &what);
	late = c == NULL ? changer(frame, len) : NULL;
	if (worker.disk && (h.seq != 0 || ev_head_get(frame, len, &h)))
		held = held_back(frame, len, c, late, h.seq, &seq);
	if (held != NULL)
		outq_hold(held, seq);
	if (c != NULL && what == ASKED_LATER && type != MSG_e_wait && type != MSG_e_refused)
		ticket_forget(c, TICKET_WAITS);
	/* it is told as if it had been answered at once, but goes on waiting */
	handle(frame, len, late != NULL ? late : c, what);
	if (own && (type == MSG_e_say || type == MSG_e_dm))
		sent(c, us);
	if (c != NULL) {
		conn_answered(c);
		irc_label_waits(c);
	}
	if (late != NULL)
		irc_label_waits(late);
	if (held != NULL)
		backlog_hold_end(held);
	outq_relieve();
}
