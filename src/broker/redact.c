/* redact.c - a message is taken back. Only what the journal still holds can be. */
#include "config.h"

#include "broker/broker.h"

#include "lib/util.h"

/* The message with this sequence number, or NULL. */
static const struct jentry *
message(uint64_t seq)
{
	const struct jentry *e;
	uint64_t at;

	if (seq == 0 || seq > br.j.seq)
		return NULL;
	journal_find(&br.j, seq - 1, &at);
	e = journal_at(&br.j, &at);
	return e != NULL && e->seq == seq ? e : NULL;
}

static void
to_room(const struct req *r, const struct reg_user *u, const struct m_r_redact *q,
	const struct jentry *e)
{
	struct m_e_redact m = {.user = u->id, .msg = q->msg, .name = user_name(u)};
	const struct reg_member *member;
	struct reg_room *room;
	char uhost[UHOST_MAX + 1];
	struct m_e_say say;

	member = room_member_or_refuse(r, u, q->room, &room);
	if (member == NULL)
		return;
	if (e == NULL || ipc_type(e->data) != MSG_e_say ||
	    !m_e_say_get(e->data, e->event_len, &say) || say.room != room->id) {
		answer_refused(r, u->id, 0, ERR_NO_SUCH_MESSAGE, STR_LIT(""));
		return;
	}
	if (say.from != u->id && !(member->flags & (MEMBER_OP | MEMBER_HALFOP))) {
		answer_refused(r, u->id, 0, ERR_NOT_YOURS, q->room);
		return;
	}
	m.room = room->id;
	m.room_name = room_name(room);
	m.uhost = user_uhost(u, uhost);
	m.account = user_account(u);
	m.reason = clean_or_empty(q->reason);
	entry_begin(r);
	entry_to_room(room);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(redact, &m);
}

/* Both ends of a message between two may name it, but only its author takes it back. */
static void
to_user(const struct req *r, const struct reg_user *u, const struct m_r_redact *q,
	const struct jentry *e)
{
	struct m_e_redact m = {.user = u->id, .msg = q->msg, .name = user_name(u)};
	const struct reg_user *to = user_find(q->name);
	char uhost[UHOST_MAX + 1];
	struct m_e_dm dm;

	if (to == NULL) {
		answer_refused(r, u->id, 0, ERR_NO_SUCH_USER, q->name);
		return;
	}
	if (e == NULL || ipc_type(e->data) != MSG_e_dm || !m_e_dm_get(e->data, e->event_len, &dm) ||
	    !((dm.from == u->id && dm.to == to->id) || (dm.from == to->id && dm.to == u->id))) {
		answer_refused(r, u->id, 0, ERR_NO_SUCH_MESSAGE, STR_LIT(""));
		return;
	}
	if (dm.from != u->id) {
		answer_refused(r, u->id, 0, ERR_NOT_YOURS, q->name);
		return;
	}
	m.to = to->id;
	m.to_name = user_name(to);
	m.uhost = user_uhost(u, uhost);
	m.account = user_account(u);
	m.reason = clean_or_empty(q->reason);
	entry_begin(r);
	entry_to_user(to);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(redact, &m);
}

bool
r_redact(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	const struct jentry *e;
	struct m_r_redact q;

	if (!m_r_redact_get(frame, len, &q))
		return false;
	e = message(q.msg);
	if (q.room.n > 0)
		to_room(r, u, &q, e);
	else
		to_user(r, u, &q, e);
	return true;
}
