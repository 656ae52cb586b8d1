/* topic.c - what a room is called and about, and who is asked in: topic, invitations, another name. */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "broker/keep.h"
#include "broker/pace.h"
#include "lib/text.h"

#define W (&br.reg)
#define T (&br.t)

bool
r_topic(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct right right;
	struct reg_room *room;
	struct m_r_topic q;
	struct m_e_topic m;
	enum rank need;
	char uhost[UHOST_MAX + 1];

	if (!m_r_topic_get(frame, len, &q))
		return false;
	if (!room_right_or_refuse(r, u, q.room, &right))
		return true;
	if (u->muted) {
		answer_refused(r, u->id, 0, ERR_MUTED, q.room);
		return true;
	}
	room = right.room;
	need = room->modes & 1u << MODE_TOPIC_LOCK ? RANK_HALFOP : RANK_NONE;
	if (!room_rank_or_refuse(r, u, &right, need, q.room))
		return true;
	if (!text_is_clean(q.text.p, q.text.n, TEXT_KEEP_IRC)) {
		answer_refused(r, u->id, 0, ERR_BAD_ARGUMENT, STR_LIT("topic"));
		return true;
	}
	if (u->protocol != PROTO_TELNET && str_eq(str_of(room->topic), q.text)) {
		answer_ok(
		    r, u->id,
		    ""); /* IRC tells of a topic that is changed or cleared, telnet of whatever is done */
		return true;
	}
	m = (struct m_e_topic){.user = u->id,
			       .room = room->id,
			       .name = user_name(u),
			       .room_name = room_name(room),
			       .text = q.text,
			       .uhost = user_uhost(u, uhost),
			       .account = user_account(u),
			       .umodes = u->umodes};
	if (room_right_of_server(&right, need))
		oper_did(u, "topic of %s: " STR_FMT, room->name, STR_ARG(q.text));
	entry_begin(r);
	entry_to_room(room);
	txn_open(T, W, room);
	txn_put_str(T, W, room->topic, q.text.p, q.text.n);
	txn_put_str(T, W, room->topic_by, u->name, strlen(u->name));
	TXN_SET(T, W, room->topic_at, br.now);
	txn_close(T, W, room);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(topic, &m);
	return true;
}

/* --- invitations ---------------------------------------------------------------------------------- */

/* The entry of an invitation; a full list forgets its oldest. */
static struct reg_list *
invite_slot(struct room_cache *c, struct str mask)
{
	struct reg_list *same = list_invitation(c, mask), *oldest = NULL;

	if (same != NULL || list_count(c, LIST_INVITE) < ROOM_LIST_MAX)
		return same;
	for (uint32_t i = 0; i < c->nlists; i++) {
		struct reg_list *l = &W->lists[c->lists[i]];

		if (l->op == LIST_INVITE && (oldest == NULL || l->since < oldest->since))
			oldest = l;
	}
	return oldest;
}

/* Whom u may ask in; NULL: refused. */
static struct reg_user *
invite_target_or_refuse(const struct req *r, const struct reg_user *u, const struct right *right,
			const struct m_r_invite *q)
{
	struct reg_user *target;

	if ((right->room->modes & 1u << MODE_INVITE_ONLY) &&
	    !room_rank_or_refuse(r, u, right, RANK_HALFOP, q->room))
		return NULL;
	target = user_find(q->target);
	if (target != NULL && regw_member(W, target, right->room->id) == NULL)
		return target;
	answer_refused(r, u->id, 0, target == NULL ? ERR_NO_SUCH_USER : ERR_ALREADY_IN_ROOM,
		       q->target);
	return NULL;
}

bool
r_invite(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct reg_user *target = NULL;
	enum chat_err err;
	struct reg_room *room;
	struct reg_list *old;
	struct right right;
	struct m_r_invite q;
	struct m_e_invite m;
	struct str mask;
	char text[20], uhost[UHOST_MAX + 1];
	bool opens;

	if (!m_r_invite_get(frame, len, &q))
		return false;
	if (room_right_or_refuse(r, u, q.room, &right))
		target = invite_target_or_refuse(r, u, &right, &q);
	if (target == NULL)
		return true;
	err = pace_check(u, PACE_INVITE);
	if (err != ERR_NONE) {
		answer_refused(r, u->id, 0, err, q.target);
		return true;
	}
	room = right.room;
	/* what keeps people out is for those to pass who keep order: of others it is but a message */
	opens = right.rank >= RANK_HALFOP;
	mask = room_invite_mask(target, text);
	old = invite_slot(room_cache_of(room), mask);
	entry_begin(r);
	if (opens &&
	    ((old == NULL && (lists_of_user_full(u) || !lists_have_invitation())) ||
	     !list_put_redo(old, 0, LIST_INVITE, room->id, mask, STR_LIT(""), user_name(u), 0))) {
		answer_refused(r, u->id, 0, ERR_LIST_FULL, q.room);
		return true;
	}
	entry_to_user(target);
	entry_to_room(room);
	m = (struct m_e_invite){.user = u->id,
				.to = target->id,
				.room = room->id,
				.name = user_name(u),
				.to_name = user_name(target),
				.room_name = room_name(room),
				.uhost = user_uhost(u, uhost),
				.account = user_account(u),
				.umodes = u->umodes,
				.to_away = user_away(target)};
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(invite, &m);
	if (opens)
		list_put_done(room_cache_of(room), old, u);
	if (opens && room_right_of_server(&right, RANK_HALFOP))
		oper_did(u, "invite %s to %s", target->name, room->name);
	return true;
}

/* --- another name --------------------------------------------------------------------------------- */

/* IRC clients that do not know of renaming are shown all members anew: of a large room that must not be had at will. */
#define RENAME_AT_WILL 100 /* members */
#define RENAME_PAUSE 60000 /* ms */

static enum chat_err
may_rename(const struct reg_room *room, struct str to, const char *fold, size_t fold_len)
{
	const struct reg_room *other;

	if (room_is_default(room->fold, strlen(room->fold)))
		return ERR_PERMISSION;
	if (room_check(to.p, to.n) != NAME_OK)
		return ERR_ROOM_BAD;
	other = regw_room_fold(W, fold, fold_len);
	if ((other != NULL && other != room) || room_is_default(fold, fold_len))
		return ERR_ROOM_TAKEN;
	if (room->nmembers > RENAME_AT_WILL && br.now < room_cache_of(room)->renamed + RENAME_PAUSE)
		return ERR_BUSY;
	return ERR_NONE;
}

static void
rename_commit(const struct req *r, const struct reg_user *u, struct reg_room *room,
	      const struct m_r_rename *q, struct str fold)
{
	char uhost[UHOST_MAX + 1], old_fold[ROOM_FOLD_MAX + 4];
	struct m_e_rename m = {.user = u->id,
			       .room = room->id,
			       .name = user_name(u),
			       .uhost = user_uhost(u, uhost),
			       .account = user_account(u),
			       .umodes = u->umodes,
			       .room_name = room_name(room),
			       .to = q->to,
			       .topic = str_of(room->topic),
			       .topic_by = str_of(room->topic_by),
			       .topic_at = room->topic_at,
			       .reason = clean_or_empty(q->reason)};

	memcpy(old_fold, room->fold, sizeof(old_fold));
	entry_begin(r);
	entry_to_room(room);
	txn_open(T, W, room);
	txn_put_str(T, W, room->name, q->to.p, q->to.n);
	txn_put_str(T, W, room->fold, fold.p, fold.n);
	txn_close(T, W, room);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(rename, &m);
	regw_reindex_room(W, (uint32_t)(room - W->rooms), old_fold, strlen(old_fold));
	room_cache_of(room)->renamed = br.now;
}

bool
r_rename(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	char fold[ROOM_FOLD_MAX];
	struct right right;
	struct m_r_rename q;
	enum chat_err err;
	ssize_t n;

	if (!m_r_rename_get(frame, len, &q))
		return false;
	if (!room_right_or_refuse(r, u, q.room, &right) ||
	    !room_rank_or_refuse(r, u, &right, RANK_OP, q.room))
		return true;
	n = name_fold(q.to.p, q.to.n, fold, sizeof(fold));
	err = n > 0 ? may_rename(right.room, q.to, fold, (size_t)n) : ERR_ROOM_BAD;
	if (err == ERR_NONE && room_is_registered(right.room) && !right.oper &&
	    !room_is_founder(right.room, u))
		err = ERR_NOT_FOUNDER;
	if (err != ERR_NONE)
		answer_refused(r, u->id, 0, err,
			       err == ERR_PERMISSION || err == ERR_NOT_FOUNDER ? q.room : q.to);
	else if (str_eq(room_name(right.room), q.to))
		answer_ok(r, u->id, "");
	else {
		if (room_right_of_server(&right, RANK_OP))
			oper_did(u, "rename %s to " STR_FMT, right.room->name, STR_ARG(q.to));
		rename_commit(r, u, right.room, &q, (struct str){fold, (size_t)n});
	}
	return true;
}
