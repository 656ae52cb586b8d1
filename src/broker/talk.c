/* talk.c - what people say: to a room, to one another. */
#include "config.h"

#include "broker/talk.h"

#include "broker/account.h"
#include "broker/pace.h"
#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/text.h"

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
	       text_is_clean(text.p, text.n, TEXT_KEEP_NL | TEXT_KEEP_IRC | TEXT_KEEP_CUT);
}

/* Client-only tags: what is in them is between clients, but they are one word of a line. */
static bool
tags_fit(struct str tags)
{
	for (size_t i = 0; i < tags.n; i++) {
		if ((unsigned char)tags.p[i] <= ' ' || tags.p[i] == 0x7f)
			return false;
	}
	return text_utf8_ok(tags.p, tags.n);
}

enum chat_err
message_fit(unsigned kind, struct str text, struct str tags)
{
	if (text.n == 0 && kind != MSG_TAGS)
		return ERR_EMPTY;
	if (kind >= MSG_KINDS || (kind == MSG_TAGS && text.n > 0) || !text_fit(text) ||
	    !tags_fit(tags))
		return ERR_BAD_ARGUMENT;
	return ERR_NONE;
}

enum chat_err
room_may_speak(const struct reg_user *u, const struct reg_room *room, const struct reg_member *m)
{
	if (m != NULL && rank_of(m->flags) >= RANK_VOICE)
		return ERR_NONE;
	if (room->modes & 1u << MODE_MODERATED)
		return ERR_CANNOT_SAY;
	if ((room->modes & 1u << MODE_REG_SAY) && user_account(u).n == 0)
		return ERR_SAY_REG_ONLY;
	return lists_bar_talk(room_cache_of(room), u) ? ERR_CANNOT_SAY : ERR_NONE;
}

/* A private room is none to strangers; ids are known to members only. */
static enum chat_err
may_reach(const struct reg_room *room, const struct reg_member *m, const struct m_r_say *q)
{
	if (m != NULL)
		return ERR_NONE;
	if (q->room != 0)
		return ERR_NOT_IN_ROOM;
	if (room == NULL || (room->modes & 1u << MODE_PRIVATE))
		return ERR_NO_SUCH_ROOM;
	/* whom a rank concerns is known inside */
	return (room->modes & 1u << MODE_NO_OUTSIDE) || q->rank != 0 ? ERR_CANNOT_SAY : ERR_NONE;
}

enum chat_err
talk_may_say(const struct reg_user *u, const struct reg_room *room, const struct m_r_say *q)
{
	const struct reg_member *m = room != NULL ? regw_member(W, u, room->id) : NULL;
	enum chat_err err = may_reach(room, m, q);

	if (err == ERR_NONE && u->muted)
		err = ERR_MUTED;
	if (err == ERR_NONE)
		err = message_fit(q->kind, q->text, q->tags);
	if (err != ERR_NONE)
		return err;
	if (q->rank != 0 && q->rank != MEMBER_OP && q->rank != MEMBER_HALFOP &&
	    q->rank != MEMBER_VOICE)
		return ERR_BAD_ARGUMENT;
	if ((room->modes & 1u << MODE_NO_CTCP) &&
	    (q->kind == MSG_CTCP || q->kind == MSG_CTCP_REPLY))
		return ERR_NO_CTCP;
	return room_may_speak(u, room, m);
}

static void
say_counted(struct reg_room *room, unsigned kind)
{
	if (kind == MSG_TAGS)
		return;
	/* shown only: one word, not worth a record */
	__atomic_store_n(&room->messages, room->messages + 1, __ATOMIC_RELAXED);
	count(CTR_messages_accepted_total);
}

void
talk_say(const struct req *r, struct reg_user *u, struct reg_room *room, const struct m_r_say *q,
	 struct str file)
{
	char uhost[UHOST_MAX + 1];
	struct m_e_say m = {.from = u->id,
			    .room = room->id,
			    .umodes = u->umodes,
			    .kind = q->kind,
			    .rank = q->rank,
			    .name = user_name(u),
			    .uhost = user_uhost(u, uhost),
			    .account = user_account(u),
			    .room_name = room_name(room),
			    .tags = q->tags,
			    .text = q->text,
			    .file = file};

	entry_begin(r);
	entry_to_room(room);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(say, &m);
	say_counted(room, q->kind);
}

bool
r_say(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct reg_room *room;
	struct m_r_say q;
	enum chat_err err;

	if (!m_r_say_get(frame, len, &q))
		return false;
	room = q.room != 0 ? regw_room(W, q.room) : room_find(q.name);
	err = talk_may_say(u, room, &q);
	if (err != ERR_NONE) {
		struct str known = room != NULL ? room_name(room) : STR_LIT("that room");

		/* what a stranger is told is what it said itself */
		if (err == ERR_NOT_IN_ROOM)
			known = STR_LIT("that room");
		answer_refused(r, u->id, 0, err, q.name.n > 0 ? q.name : known);
		return true;
	}
	talk_say(r, u, room, &q, STR_LIT(""));
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

/* The name of an account is that account's: not of a guest who goes by it, and also when it goes by another name. */
struct receiver
receiver_named(struct str name)
{
	const struct reg_account *a = account_named(name);
	struct receiver to = {.user = user_find(name)};

	if (a == NULL || (to.user != NULL && account_is_of(a, to.user)))
		return to;
	to.user = account_first(a);
	to.box = to.user == NULL ? a : NULL;
	return to;
}

struct reg_user *
user_meant(struct str name)
{
	return receiver_named(name).user;
}

/* Only words are kept; and only where there is somebody to keep them. */
static enum chat_err
may_keep(const struct reg_account *box, const struct m_r_dm *q)
{
	if ((q->kind != MSG_TEXT && q->kind != MSG_ACTION && q->kind != MSG_NOTICE) ||
	    (box->flags & ACCOUNT_DISABLED) || proc.opt.accounts_mailbox == 0)
		return ERR_NO_SUCH_USER;
	if (W->h->store_state == STORE_UNUSABLE)
		return ERR_STORE_AWAY;
	return box->kept >= (uint32_t)proc.opt.accounts_mailbox ? ERR_MAILBOX_FULL : ERR_NONE;
}

enum chat_err
talk_may_dm(const struct reg_user *u, const struct receiver *r, const struct m_r_dm *q)
{
	const struct reg_user *to = r->user;
	enum chat_err err = ERR_NONE;

	if (r->box != NULL)
		err = may_keep(r->box, q);
	else if (to == NULL && !(name_is_server(q->to.p, q->to.n) && chats_with_server(u->id)))
		err = ERR_NO_SUCH_USER;
	if (err != ERR_NONE)
		return err;
	if (u->muted)
		return ERR_MUTED;
	if (to != NULL && to != u && (to->umodes & UMODE_REG_ONLY) && user_account(u).n == 0)
		return ERR_USER_REG_ONLY;
	return message_fit(q->kind, q->text, q->tags);
}

/* Where it goes, and what it says of that. */
static void
address_dm(const struct receiver *r, const struct m_r_dm *q, struct m_e_dm *m)
{
	if (r->box != NULL) {
		m->to_name = m->to_account = q->to;
		m->kept = 1;
		entry_to_store();
		account_kept_redo(r->box, r->box->kept + 1);
		return;
	}
	if (r->user == NULL) {
		m->to_name = STR_LIT("Server");
		br.t.targets |= 1ull << SUB_CONTROL;
		return;
	}
	m->to = r->user->id;
	m->to_name = user_name(r->user);
	m->to_away = user_away(r->user);
	m->to_account = user_account(r->user);
	entry_to_user(r->user);
	if (m->file.n > 0 || (proc.opt.history_direct && m->account.n > 0 && m->to_account.n > 0))
		entry_to_store();
}

void
talk_dm(const struct req *r, struct reg_user *u, const struct receiver *to, const struct m_r_dm *q,
	struct str file)
{
	char uhost[UHOST_MAX + 1];
	struct m_e_dm m = {.from = u->id,
			   .umodes = u->umodes,
			   .kind = q->kind,
			   .name = user_name(u),
			   .uhost = user_uhost(u, uhost),
			   .account = user_account(u),
			   .tags = q->tags,
			   .text = q->text,
			   .file = file};

	entry_begin(r);
	entry_to_user(u); /* its other sessions read it, too */
	address_dm(to, q, &m);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(dm, &m);
	if (q->kind != MSG_TAGS)
		count(CTR_messages_accepted_total);
}

enum chat_err
talk_pace(const struct reg_user *u, const struct receiver *to)
{
	if (to->box == NULL && (to->user == NULL || to->user == u))
		return ERR_NONE;
	return pace_check_target(u, to->box != NULL ? to->box->id | 1ull << 63 : to->user->id);
}

bool
r_dm(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct receiver to;
	struct m_r_dm q;
	enum chat_err err;

	if (!m_r_dm_get(frame, len, &q))
		return false;
	to = receiver_named(q.to);
	err = talk_may_dm(u, &to, &q);
	if (err == ERR_NONE)
		err = talk_pace(u, &to);
	if (err != ERR_NONE)
		answer_refused(r, u->id, 0, err, q.to);
	else
		talk_dm(r, u, &to, &q, STR_LIT(""));
	return true;
}

/* The entry for the store comes first: whoever has the answer relies on that it will come. */
bool
r_kept(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	const struct reg_account *a = account_of_user(u);
	struct m_e_kept m = {.user = u->id, .account = user_account(u)};
	struct m_r_kept q;

	if (!m_r_kept_get(frame, len, &q))
		return false;
	if (a != NULL) {
		m.upto = q.upto;
		entry_begin(&req_nobody);
		entry_to_store();
		account_kept_redo(a, 0);
		EVENT_HEAD(&req_nobody, m);
		ENTRY_COMMIT(kept, &m);
	}
	answer_ok(r, u->id, "");
	return true;
}
