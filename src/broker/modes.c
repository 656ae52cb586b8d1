/* modes.c - a room's settings: topic, invitations, modes, its bans and mutes. */
#include "config.h"

#include "broker/broker.h"

#include <stdlib.h>
#include <string.h>

#include "broker/mask.h"
#include "lib/text.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

/* --- topic and invitations ------------------------------------------------------------------------------------------------ */

bool
r_topic(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct reg_member *mem;
	struct reg_room *room;
	struct m_r_topic q;
	struct m_e_topic m;
	char uhost[UHOST_MAX + 1];

	if (!m_r_topic_get(frame, len, &q))
		return false;
	mem = room_member_or_refuse(r, u, q.room, &room);
	if (mem == NULL ||
	    ((room->modes & 1u << MODE_TOPIC_LOCK) && !room_op_or_refuse(r, u, mem, q.room)))
		return true;
	if (!text_is_clean(q.text.p, q.text.n, TEXT_KEEP_IRC)) {
		answer_refused(r, u->id, 0, ERR_BAD_ARGUMENT, STR_LIT("topic"));
		return true;
	}
	m = (struct m_e_topic){.user = u->id,
			       .room = room->id,
			       .name = user_name(u),
			       .room_name = room_name(room),
			       .text = q.text,
			       .uhost = user_uhost(u, uhost),
			       .account = user_account(u)};
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

/* The entry of an invitation; a full list forgets its oldest. */
static struct reg_list *
invite_slot(struct room_cache *c, struct str mask)
{
	struct reg_list *same = list_exact(c, LIST_INVITE, mask), *oldest = NULL;

	if (same != NULL || list_count(c, LIST_INVITE) < ROOM_LIST_MAX)
		return same;
	for (uint32_t i = 0; i < c->nlists; i++) {
		struct reg_list *l = &W->lists[c->lists[i]];

		if (l->op == LIST_INVITE && (oldest == NULL || l->since < oldest->since))
			oldest = l;
	}
	return oldest;
}

bool
r_invite(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct reg_member *mem;
	struct reg_user *target;
	struct reg_room *room;
	struct reg_list *old;
	struct m_r_invite q;
	struct m_e_invite m;
	struct str mask;
	char text[20], uhost[UHOST_MAX + 1];

	if (!m_r_invite_get(frame, len, &q))
		return false;
	mem = room_member_or_refuse(r, u, q.room, &room);
	if (mem == NULL ||
	    ((room->modes & 1u << MODE_INVITE_ONLY) && !room_op_or_refuse(r, u, mem, q.room)))
		return true;
	target = user_find(q.target);
	if (target == NULL || regw_member(W, target, room->id) != NULL) {
		answer_refused(r, u->id, 0, target == NULL ? ERR_NO_SUCH_USER : ERR_ALREADY_IN_ROOM,
			       q.target);
		return true;
	}
	mask = room_invite_mask(target, text);
	old = invite_slot(room_cache_of(room), mask);
	entry_begin(r);
	if (!list_put_redo(old, LIST_INVITE, room->id, mask, STR_LIT(""), user_name(u), 0)) {
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
				.to_away = user_away(target)};
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(invite, &m);
	list_put_done(room_cache_of(room), old);
	return true;
}

/* --- modes: what each needs and changes ------------------------------------------------------------------------ */

struct mode_try {
	const struct req *r;
	struct reg_user *u;
	struct reg_room *room;
	struct mode_change q;
	uint64_t target; /* member concerned */
	/* a list entry that came or went, for the cache */
	bool listed;
	struct reg_list *old;
};

static enum chat_err
mode_member(struct mode_try *c)
{
	uint32_t bit = c->q.op == MODE_OP ? MEMBER_OP : MEMBER_VOICE;
	struct reg_user *target = user_find(c->q.arg);
	struct reg_member *m = target != NULL ? regw_member(W, target, c->room->id) : NULL;

	if (m == NULL)
		return target == NULL ? ERR_NO_SUCH_USER : ERR_TARGET_NOT_IN_ROOM;
	c->target = target->id;
	c->q.arg = user_name(target);
	txn_open(T, W, m);
	TXN_SET(T, W, m->flags, c->q.on ? m->flags | bit : m->flags & ~bit);
	txn_close(T, W, m);
	return ERR_NONE;
}

static enum chat_err
mode_list(struct mode_try *c)
{
	enum reg_list_op op = c->q.op == MODE_BAN ? LIST_BAN : LIST_MUTE;
	struct room_cache *cached = room_cache_of(c->room);

	c->old = list_exact(cached, op, c->q.arg);
	c->listed = true;
	if (!c->q.on) {
		if (c->old == NULL)
			return ERR_NOT_FOUND;
		list_del_redo(c->old);
		return ERR_NONE;
	}
	if (!mask_valid(c->q.arg.p, c->q.arg.n))
		return ERR_BAD_ARGUMENT;
	if (c->old == NULL && list_count(cached, op) >= ROOM_LIST_MAX)
		return ERR_LIST_FULL;
	return list_put_redo(c->old, op, c->room->id, c->q.arg, STR_LIT(""), user_name(c->u), 0)
		   ? ERR_NONE
		   : ERR_LIST_FULL;
}

static void
set_modes(const struct mode_try *c)
{
	uint32_t bit = 1u << c->q.op;

	TXN_SET(T, W, c->room->modes, c->q.on ? c->room->modes | bit : c->room->modes & ~bit);
}

static enum chat_err
mode_key(struct mode_try *c)
{
	struct str key = c->q.arg;
	uint8_t hash[16];

	c->q.arg = STR_LIT(""); /* a refusal goes into the journal, too */
	if (c->q.on && (key.n == 0 || key.n > ROOM_KEY_MAX))
		return ERR_BAD_ARGUMENT;
	room_key_hash(key, hash);
	txn_open(T, W, c->room);
	txn_put(T, W, c->room->key, hash, sizeof(hash));
	set_modes(c);
	txn_close(T, W, c->room);
	return ERR_NONE;
}

static enum chat_err
mode_limit(struct mode_try *c)
{
	char text[12];
	unsigned long n = 0;
	char *end;

	if (c->q.on) {
		if (c->q.arg.n == 0 || c->q.arg.n > 7)
			return ERR_BAD_ARGUMENT;
		memcpy(text, c->q.arg.p, c->q.arg.n);
		text[c->q.arg.n] = '\0';
		n = strtoul(text, &end, 10);
		if (*end != '\0' || text[0] < '0' || text[0] > '9' || n == 0)
			return ERR_BAD_ARGUMENT;
	}
	txn_open(T, W, c->room);
	TXN_SET(T, W, c->room->limit, (uint32_t)n);
	set_modes(c);
	txn_close(T, W, c->room);
	return ERR_NONE;
}

static enum chat_err
mode_flag(struct mode_try *c)
{
	txn_open(T, W, c->room);
	set_modes(c);
	txn_close(T, W, c->room);
	c->q.arg = STR_LIT("");
	return ERR_NONE;
}

static enum chat_err (*const mode_fns[MODE_COUNT])(struct mode_try *) = {
    [MODE_OP] = mode_member,        [MODE_VOICE] = mode_member,   [MODE_BAN] = mode_list,
    [MODE_MUTE] = mode_list,        [MODE_KEY] = mode_key,        [MODE_LIMIT] = mode_limit,
    [MODE_INVITE_ONLY] = mode_flag, [MODE_MODERATED] = mode_flag, [MODE_PRIVATE] = mode_flag,
    [MODE_TOPIC_LOCK] = mode_flag,
};

bool
r_mode(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct mode_try c = {.r = r, .u = u};
	char done[MODES_BYTES_MAX];
	struct reg_member *mem;
	struct m_e_mode m;
	struct m_r_mode q;
	enum chat_err err;
	char uhost[UHOST_MAX + 1];

	if (!m_r_mode_get(frame, len, &q) || !mode_next(&q.changes, &c.q) || q.changes.n > 0)
		return false;
	mem = room_member_or_refuse(r, u, q.room, &c.room);
	if (mem == NULL || !room_op_or_refuse(r, u, mem, q.room))
		return true;
	entry_begin(r);
	err = mode_fns[c.q.op] != NULL ? mode_fns[c.q.op](&c) : ERR_BAD_ARGUMENT;
	if (err != ERR_NONE) {
		answer_refused(r, u->id, 0, err, err == ERR_LIST_FULL ? q.room : c.q.arg);
		return true;
	}
	entry_to_room(c.room);
	m = (struct m_e_mode){.user = u->id,
			      .room = c.room->id,
			      .name = user_name(u),
			      .room_name = room_name(c.room),
			      .uhost = user_uhost(u, uhost),
			      .account = user_account(u),
			      .changes = {done, mode_put(done, 0, sizeof(done), &c.q)}};
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(mode, &m);
	if (c.listed && c.q.on)
		list_put_done(room_cache_of(c.room), c.old);
	else if (c.listed)
		list_del_done(room_cache_of(c.room), c.old);
	return true;
}
