/* rooms.c - coming into rooms and leaving them. */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "broker/keep.h"
#include "broker/mask.h"
#include "broker/pace.h"
#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/siphash.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

struct reg_room *
room_find(struct str name)
{
	char fold[ROOM_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));

	return n > 0 ? regw_room_fold(W, fold, (size_t)n) : NULL;
}

/* --- join ------------------------------------------------------------------------------------------------ */

void
room_key_hash(struct str key, uint8_t out[16])
{
	siphash128(key.p, key.n, br.j.h->secret, out);
}

struct str
room_invite_mask(const struct reg_user *u, char out[20])
{
	return (struct str){out, registry_invite_mask(u->id, out)};
}

bool
room_key_fits(const struct reg_room *room, struct str key)
{
	uint8_t hash[16];

	room_key_hash(key, hash);
	if (memcmp(hash, room->key, sizeof(hash)) == 0)
		return true;
	siphash128(key.p, key.n, br.j.h->secret_before, hash);
	return memcmp(hash, room->key, sizeof(hash)) == 0;
}

/* What keeps u out, whatever it knows. */
static enum chat_err
shut_out(const struct reg_user *u, const struct reg_room *room)
{
	if (lists_bar_join(room_cache_of(room), u))
		return ERR_ROOM_BANNED;
	if ((room->modes & 1u << MODE_INVITE_ONLY) && !lists_invite(room_cache_of(room), u))
		return ERR_ROOM_INVITE_ONLY;
	if ((room->modes & 1u << MODE_REG_JOIN) && user_account(u).n == 0)
		return ERR_ROOM_REG_ONLY;
	return ERR_NONE;
}

/* An invitation opens every door, and they are not closed to those who keep order there. */
static bool
is_let_in(const struct reg_user *u, const struct reg_room *room, const struct reg_list *invite)
{
	return invite != NULL || rank_of(access_flags(room, u)) >= RANK_HALFOP;
}

/* May u come in? */
static enum chat_err
may_join(const struct reg_user *u, const struct reg_room *room, struct str key,
	 const struct reg_list *invite)
{
	enum chat_err err;

	if (is_let_in(u, room, invite))
		return ERR_NONE;
	err = shut_out(u, room);
	if (err != ERR_NONE)
		return err;
	if (room->limit != 0 && room->nmembers >= room->limit)
		return ERR_ROOM_FULL;
	if ((room->modes & 1u << MODE_KEY) && !room_key_fits(room, key))
		return ERR_ROOM_KEY;
	return ERR_NONE;
}

bool
room_is_open_to(const struct reg_user *u, const struct reg_room *room)
{
	char mask[20];

	return regw_member(W, u, room->id) != NULL ||
	       is_let_in(u, room,
			 list_invitation(room_cache_of(room), room_invite_mask(u, mask))) ||
	       shut_out(u, room) == ERR_NONE;
}

#define ROOMS_ALWAYS 4

/* May u be in one more room, when `left` of `all` slots are free? When fewer than half are, whoever is in many has to leave some to
 * those who are in few: somebody with many connections can otherwise take them all. */
static bool
may_take(const struct reg_user *u, uint32_t left, uint32_t all)
{
	uint64_t most = (uint64_t)ROOMS_PER_USER * 2 * left / all;

	return left > 0 && u->nrooms < MAX(ROOMS_ALWAYS, MIN(most, ROOMS_PER_USER));
}

static enum chat_err
join_check(const struct reg_user *u, const struct reg_room *room, const struct m_r_join *q,
	   const struct reg_list *invite)
{
	if (room_check(q->room.p, q->room.n) != NAME_OK)
		return ERR_ROOM_BAD;
	if (room != NULL && regw_member(W, u, room->id) != NULL)
		return ERR_ALREADY_IN_ROOM;
	if (!may_take(u, freelist_left(&W->free_members), W->h->max_members))
		return ERR_TOO_MANY_ROOMS;
	if (room == NULL)
		return may_take(u, freelist_left(&W->free_rooms), W->h->max_rooms)
			   ? ERR_NONE
			   : ERR_ROOMS_EXHAUSTED;
	return may_join(u, room, q->key, invite);
}

bool
room_is_default(const char *fold, size_t n)
{
	char def[ROOM_FOLD_MAX];
	ssize_t d =
	    name_fold(proc.opt.room_default, strlen(proc.opt.room_default), def, sizeof(def));

	return d == (ssize_t)n && memcmp(def, fold, n) == 0;
}

/* What a room begins with: what those who make rooms there are used to; one of nobody's would stay locked. */
static uint32_t
fresh_modes(const struct reg_user *u, bool owned)
{
	return 1u << MODE_NO_OUTSIDE |
	       (owned && u->protocol != PROTO_TELNET ? 1u << MODE_TOPIC_LOCK : 0);
}

/* The event of u's coming into room; NULL: one that is being made. */
static struct m_e_join
join_event(const struct reg_user *u, const struct reg_room *room, char uhost[UHOST_MAX + 1])
{
	struct m_e_join m = {.user = u->id,
			     .name = user_name(u),
			     .address = str_of(u->address),
			     .uhost = user_uhost(u, uhost),
			     .account = user_account(u),
			     .real = user_real(u),
			     .away = user_away(u),
			     .umodes = u->umodes};

	if (room == NULL)
		return m;
	m.room = room->id;
	m.room_name = room_name(room);
	m.topic = str_of(room->topic);
	m.topic_by = str_of(room->topic_by);
	m.topic_at = room->topic_at;
	m.modes = room->modes;
	m.members = room->nmembers + 1;
	return m;
}

static void
join_commit(const struct req *r, struct reg_user *u, struct reg_room *room,
	    const struct m_r_join *q, const struct reg_list *invite)
{
	char fold[ROOM_FOLD_MAX], uhost[UHOST_MAX + 1];
	size_t fold_len = (size_t)name_fold(q->room.p, q->room.n, fold, sizeof(fold));
	bool fresh = room == NULL, owned = fresh && !room_is_default(fold, fold_len);
	uint32_t slot = fresh ? freelist_top(&W->free_rooms) : (uint32_t)(room - W->rooms);
	uint32_t flags = owned ? MEMBER_OP : fresh ? 0 : access_flags(room, u);
	struct m_e_join m = join_event(u, room, uhost);
	struct seats seats;

	entry_begin(r);
	if (!fresh)
		entry_to_room(room);
	entry_to_store();
	entry_to_user(u);
	entry_to_followers();
	if (fresh) {
		m.modes = fresh_modes(u, owned);
		m.room = room_make(q->room, fold, fold_len, m.modes);
		m.room_name = q->room;
		m.members = 1;
	}
	m.flags = (uint8_t)(flags | (fresh ? MEMBER_CREATED : 0));
	member_link(u, &W->rooms[slot], m.room, fresh, flags);
	if (invite != NULL)
		list_del_redo(invite);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(join, &m);
	freelist_pop(&W->free_members);
	if (invite != NULL)
		list_del_done(&br.rooms[slot], invite);
	if (fresh) {
		freelist_pop(&W->free_rooms);
		regw_index_room(W, slot);
		counts_shown();
	}
	seats_of(u, &seats);
	member_counts(slot, &seats, 1);
	if (fresh && room_is_kept(&W->rooms[slot]))
		room_told(&W->rooms[slot]);
	else if (!fresh)
		access_tell(regw_member(W, u, m.room), 0);
}

bool
r_join(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	const struct reg_list *invite;
	struct reg_room *room;
	struct m_r_join q;
	enum chat_err err;
	char mask[20];

	if (!m_r_join_get(frame, len, &q))
		return false;
	room = room_find(q.room);
	invite =
	    room != NULL ? list_invitation(room_cache_of(room), room_invite_mask(u, mask)) : NULL;
	err = join_check(u, room, &q, invite);
	if (err == ERR_NONE)
		err = pace_check(u, PACE_JOIN);
	if (err != ERR_NONE)
		answer_refused(r, u->id, 0, err,
			       err == ERR_ALREADY_IN_ROOM ? user_name(u) : q.room);
	else
		join_commit(r, u, room, &q, invite);
	return true;
}

/* --- leaving -------------------------------------------------------------------------------------------- */

/* A private room is to strangers as if it were not there. */
static enum chat_err
membership(const struct reg_user *u, const struct reg_room *room, struct reg_member **m_r)
{
	*m_r = room != NULL ? regw_member(W, u, room->id) : NULL;
	if (*m_r != NULL)
		return ERR_NONE;
	return room == NULL || (room->modes & 1u << MODE_PRIVATE) ? ERR_NO_SUCH_ROOM
								  : ERR_NOT_IN_ROOM;
}

struct reg_member *
room_member_or_refuse(const struct req *r, const struct reg_user *u, struct str name,
		      struct reg_room **room_r)
{
	struct reg_member *m;
	enum chat_err err;

	*room_r = room_find(name);
	err = membership(u, *room_r, &m);
	if (err != ERR_NONE)
		answer_refused(r, u->id, 0, err, name);
	return m;
}

enum rank
rank_of(uint32_t flags)
{
	if (flags & MEMBER_OP)
		return RANK_OP;
	if (flags & MEMBER_HALFOP)
		return RANK_HALFOP;
	return flags & MEMBER_VOICE ? RANK_VOICE : RANK_NONE;
}

enum chat_err
room_right(const struct reg_user *u, struct reg_room *room, struct right *right_r)
{
	enum chat_err err;

	*right_r = (struct right){.room = room, .oper = u->level >= LEVEL_OPERATE};
	err = membership(u, room, &right_r->m);
	if (err != ERR_NONE && (room == NULL || !right_r->oper))
		return err;
	right_r->own = right_r->m != NULL ? rank_of(right_r->m->flags) : RANK_NONE;
	right_r->rank = right_r->oper ? RANK_OP : right_r->own;
	return ERR_NONE;
}

bool
room_right_or_refuse(const struct req *r, const struct reg_user *u, struct str name,
		     struct right *right_r)
{
	enum chat_err err = room_right(u, room_find(name), right_r);

	if (err != ERR_NONE)
		answer_refused(r, u->id, 0, err, name);
	return err == ERR_NONE;
}

bool
room_rank_or_refuse(const struct req *r, const struct reg_user *u, const struct right *right,
		    enum rank rank, struct str name)
{
	if (right->rank >= rank)
		return true;
	answer_refused(r, u->id, 0, right->rank >= RANK_HALFOP ? ERR_RANK : ERR_NOT_OPERATOR, name);
	return false;
}

bool
r_part(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct reg_member *mem;
	struct reg_room *room;
	struct m_r_part q;
	struct m_e_part m;
	struct seats seats;
	char uhost[UHOST_MAX + 1];

	if (!m_r_part_get(frame, len, &q))
		return false;
	mem = room_member_or_refuse(r, u, q.room, &room);
	if (mem == NULL)
		return true;
	m = (struct m_e_part){.user = u->id,
			      .room = room->id,
			      .name = user_name(u),
			      .room_name = room_name(room),
			      .reason = clean_or_empty(q.reason),
			      .uhost = user_uhost(u, uhost),
			      .account = user_account(u),
			      .umodes = u->umodes};
	entry_begin(r);
	entry_to_room(room);
	entry_to_followers();
	member_remove(mem, u);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(part, &m);
	seats_of(u, &seats);
	member_gone((uint32_t)(room - W->rooms), (uint32_t)(mem - W->members), &seats);
	return true;
}

/* Whom u may throw out of the room; NULL: refused. */
static struct reg_user *
kick_target_or_refuse(const struct req *r, const struct reg_user *u, const struct right *right,
		      const struct m_r_kick *q, struct reg_member **victim_r)
{
	struct reg_user *target = user_find(q->target);

	*victim_r = target != NULL ? regw_member(W, target, right->room->id) : NULL;
	if (*victim_r == NULL)
		answer_refused(r, u->id, 0,
			       target == NULL ? ERR_NO_SUCH_USER : ERR_TARGET_NOT_IN_ROOM,
			       q->target);
	/* who keeps order keeps it among those below */
	else if (right->rank < RANK_OP && rank_of((*victim_r)->flags) >= RANK_HALFOP)
		answer_refused(r, u->id, 0, ERR_RANK, q->room);
	else
		return target;
	return NULL;
}

/* m says by whom and why. */
static void
kick_commit(const struct req *r, const struct reg_room *room, const struct reg_member *victim,
	    const struct reg_user *target, struct m_e_kick *m)
{
	struct seats seats;

	m->user = target->id;
	m->name = user_name(target);
	m->whose = user_account(target);
	m->room = room->id;
	m->room_name = room_name(room);
	entry_begin(r);
	entry_to_room(room);
	entry_to_followers();
	member_remove(victim, target);
	EVENT_HEAD(r, *m);
	ENTRY_COMMIT(kick, m);
	seats_of(target, &seats);
	member_gone((uint32_t)(room - W->rooms), (uint32_t)(victim - W->members), &seats);
}

void
room_turn_out(struct reg_room *room)
{
	for (uint32_t at = room->first_member, next; at != 0; at = next) {
		const struct reg_member *m = &W->members[at - 1];
		const struct reg_user *u = regw_user(W, m->user);
		struct m_e_kick kick = {.by_name = STR_LIT("Server"),
					.reason = STR_LIT("this room is not open to everybody")};

		next = m->room_next;
		/* whether it knows the key nobody has asked it */
		if (rank_of(access_flags(room, u)) == RANK_NONE &&
		    ((room->modes & 1u << MODE_KEY) || shut_out(u, room) != ERR_NONE))
			kick_commit(&req_nobody, room, m, u, &kick);
	}
}

bool
r_kick(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct reg_member *victim;
	struct reg_user *target;
	struct reg_room *room;
	struct right right;
	struct m_r_kick q;
	struct m_e_kick m;
	char uhost[UHOST_MAX + 1];

	if (!m_r_kick_get(frame, len, &q))
		return false;
	if (!room_right_or_refuse(r, u, q.room, &right) ||
	    !room_rank_or_refuse(r, u, &right, RANK_HALFOP, q.room))
		return true;
	target = kick_target_or_refuse(r, u, &right, &q, &victim);
	if (target == NULL)
		return true;
	room = right.room;
	m = (struct m_e_kick){.by = u->id,
			      .by_name = user_name(u),
			      .reason = clean_or_empty(q.reason),
			      .uhost = user_uhost(u, uhost),
			      .account = user_account(u),
			      .umodes = u->umodes};
	if (room_right_of_server(&right,
				 rank_of(victim->flags) >= RANK_HALFOP ? RANK_OP : RANK_HALFOP))
		oper_did(u, "kick %s from %s%s" STR_FMT, target->name, room->name,
			 m.reason.n > 0 ? ": " : "", STR_ARG(m.reason));
	kick_commit(r, room, victim, target, &m);
	return true;
}
