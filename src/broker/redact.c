/* redact.c - a message is taken back. Only what the journal still holds can be. */
#include "config.h"

#include "broker/broker.h"

#include "lib/util.h"

#define W (&br.reg)

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

/* Its author may, and who keeps order in the room. */
static bool
may_redact(const struct reg_user *u, const struct right *right, const struct m_e_say *say)
{
	if (say->from == u->id)
		return true;
	if (right->rank < RANK_HALFOP)
		return false;
	if (room_right_of_server(right, RANK_HALFOP))
		oper_did(u, "redact in %s", right->room->name);
	return true;
}

/* What both kinds say; uhost is the caller's memory. */
static struct m_e_redact
redaction(const struct reg_user *u, const struct m_r_redact *q, char uhost[UHOST_MAX + 1])
{
	return (struct m_e_redact){.user = u->id,
				   .msg = q->msg,
				   .name = user_name(u),
				   .uhost = user_uhost(u, uhost),
				   .account = user_account(u),
				   .umodes = u->umodes,
				   .reason = clean_or_empty(q->reason)};
}

static void
to_room(const struct req *r, const struct reg_user *u, const struct m_r_redact *q,
	const struct jentry *e)
{
	char uhost[UHOST_MAX + 1];
	struct m_e_redact m = redaction(u, q, uhost);
	struct m_e_say say;
	struct right right;

	if (!room_right_or_refuse(r, u, q->room, &right))
		return;
	if (e == NULL || ipc_type(e->data) != MSG_e_say ||
	    !m_e_say_get(e->data, e->event_len, &say) || say.room != right.room->id) {
		answer_refused(r, u->id, 0, ERR_NO_SUCH_MESSAGE, STR_LIT(""));
		return;
	}
	if (!may_redact(u, &right, &say)) {
		answer_refused(r, u->id, 0, ERR_NOT_YOURS, q->room);
		return;
	}
	m.room = right.room->id;
	m.room_name = room_name(right.room);
	entry_begin(r);
	entry_to_room(right.room);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(redact, &m);
}

/* Both ends of a message between two may name it, but only its author takes it back. */
static void
to_user(const struct req *r, const struct reg_user *u, const struct m_r_redact *q,
	const struct jentry *e)
{
	char uhost[UHOST_MAX + 1];
	struct m_e_redact m = redaction(u, q, uhost);
	const struct reg_user *to = user_find(q->name);
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
