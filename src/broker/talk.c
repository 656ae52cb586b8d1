/* talk.c - what people say: to a room, to one another. */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "ipc/board.h"
#include "lib/text.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

/* --- in a room ----------------------------------------------------------------------------------------------- */

/* Workers clean what people type; this is for a worker that does not. */
static bool
text_fit(struct str text)
{
	unsigned lines = 1;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	return lines <= TEXT_LINES_MAX &&
	       text_is_clean(text.p, text.n, TEXT_KEEP_NL | TEXT_KEEP_IRC);
}

static enum chat_err
may_say(const struct reg_user *u, const struct reg_room *room, const struct m_r_say *q)
{
	const struct reg_member *m = room != NULL ? regw_member(W, u, room->id) : NULL;

	if (m == NULL)
		return ERR_NOT_IN_ROOM;
	if (u->muted)
		return ERR_MUTED;
	if (q->text.n == 0)
		return ERR_EMPTY;
	if (q->kind >= MSG_KINDS || !text_fit(q->text))
		return ERR_BAD_ARGUMENT;
	if (m->flags & MEMBER_OP)
		return ERR_NONE;
	if ((room->modes & 1u << MODE_MODERATED) && !(m->flags & MEMBER_VOICE))
		return ERR_CANNOT_SAY;
	if (room_cache_of(room)->nlists > 0 &&
	    (list_match(room_cache_of(room), LIST_BAN, u->fold, u->address) != NULL ||
	     list_match(room_cache_of(room), LIST_MUTE, u->fold, u->address) != NULL))
		return ERR_CANNOT_SAY;
	return ERR_NONE;
}

bool
r_say(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct reg_room *room;
	struct m_r_say q;
	struct m_e_say m;
	enum chat_err err;
	char uhost[UHOST_MAX + 1];

	if (!m_r_say_get(frame, len, &q))
		return false;
	room = regw_room(W, q.room);
	err = may_say(u, room, &q);
	if (err != ERR_NONE) {
		answer_refused(r, u->id, 0, err,
			       err == ERR_CANNOT_SAY ? room_name(room) : STR_LIT("that room"));
		return true;
	}
	m = (struct m_e_say){.from = u->id,
			     .room = room->id,
			     .umodes = u->umodes,
			     .kind = q.kind,
			     .rank = q.rank,
			     .name = user_name(u),
			     .uhost = user_uhost(u, uhost),
			     .account = user_account(u),
			     .room_name = room_name(room),
			     .tags = q.tags,
			     .text = q.text};
	entry_begin(r);
	entry_to_room(room);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(say, &m);
	/* shown only: one word, not worth a record */
	__atomic_store_n(&room->messages, room->messages + 1, __ATOMIC_RELAXED);
	count(CTR_messages_accepted_total);
	return true;
}

/* --- from one to another ------------------------------------------------------------------------------ */

static bool
chats_with_server(uint64_t user)
{
	for (unsigned i = 0; i < br.nchats; i++) {
		if (br.chats[i] == user)
			return true;
	}
	return false;
}

static bool
is_server(struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));

	return n == 6 && memcmp(fold, "server", 6) == 0;
}

static enum chat_err
may_dm(const struct reg_user *u, const struct reg_user *to, const struct m_r_dm *q)
{
	if (to == NULL && !(is_server(q->to) && chats_with_server(u->id)))
		return ERR_NO_SUCH_USER;
	if (u->muted)
		return ERR_MUTED;
	if (q->text.n == 0)
		return ERR_EMPTY;
	return q->kind < MSG_KINDS && text_fit(q->text) ? ERR_NONE : ERR_BAD_ARGUMENT;
}

bool
r_dm(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct reg_user *to;
	struct m_r_dm q;
	struct m_e_dm m;
	enum chat_err err;
	char uhost[UHOST_MAX + 1];

	if (!m_r_dm_get(frame, len, &q))
		return false;
	to = user_find(q.to);
	err = may_dm(u, to, &q);
	if (err != ERR_NONE) {
		answer_refused(r, u->id, 0, err, q.to);
		return true;
	}
	m = (struct m_e_dm){.from = u->id,
			    .umodes = u->umodes,
			    .kind = q.kind,
			    .name = user_name(u),
			    .uhost = user_uhost(u, uhost),
			    .account = user_account(u),
			    .to_name = STR_LIT("Server"),
			    .tags = q.tags,
			    .text = q.text};
	entry_begin(r);
	if (to != NULL) {
		m.to = to->id;
		m.to_name = user_name(to);
		m.to_away = user_away(to);
		entry_to_user(to);
	} else
		br.t.targets |= 1ull << SUB_CONTROL;
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(dm, &m);
	count(CTR_messages_accepted_total);
	return true;
}
