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

/* The room of that name, or NULL: u has been refused. *member_r is NULL for an operator who is not there. */
static struct reg_room *
room_or_refuse(const struct req *r, const struct reg_user *u, struct str name,
	       const struct reg_member **member_r)
{
	struct reg_room *room = room_find(name);

	if (room != NULL && u->level >= LEVEL_OPERATE) {
		*member_r = regw_member(W, u, room->id);
		return room;
	}
	*member_r = room_member_or_refuse(r, u, name, &room);
	return *member_r != NULL ? room : NULL;
}

/* Its author may, who keeps order in the room, and an operator, of whom it is written down. */
static bool
may_redact(const struct reg_user *u, const struct reg_member *member, const struct m_e_say *say,
	   const struct reg_room *room)
{
	if (say->from == u->id)
		return true;
	if (member != NULL && member->flags & (MEMBER_OP | MEMBER_HALFOP))
		return true;
	if (u->level < LEVEL_OPERATE)
		return false;
	oper_did(u, "redact in %s", room->name);
	return true;
}

static void
to_room(const struct req *r, const struct reg_user *u, const struct m_r_redact *q,
	const struct jentry *e)
{
	struct m_e_redact m = {.user = u->id, .msg = q->msg, .name = user_name(u)};
	const struct reg_member *member;
	struct reg_room *room = room_or_refuse(r, u, q->room, &member);
	char uhost[UHOST_MAX + 1];
	struct m_e_say say;

	if (room == NULL)
		return;
	if (e == NULL || ipc_type(e->data) != MSG_e_say ||
	    !m_e_say_get(e->data, e->event_len, &say) || say.room != room->id) {
		answer_refused(r, u->id, 0, ERR_NO_SUCH_MESSAGE, STR_LIT(""));
		return;
	}
	if (!may_redact(u, member, &say, room)) {
		answer_refused(r, u->id, 0, ERR_NOT_YOURS, q->room);
		return;
	}
	m.room = room->id;
	m.room_name = room_name(room);
	m.uhost = user_uhost(u, uhost);
	m.account = user_account(u);
	m.umodes = u->umodes;
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
	m.umodes = u->umodes;
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
