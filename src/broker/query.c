/* query.c - questions to chatd-store: who may ask what, and the way of the answer back.
 *
 * What was said in a room is for its members, what was said between two accounts for these; of anything else
 * nobody is told whether it is there. Administrators are asked no such questions: control has found
 * that they are some.
 */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "broker/account.h"
#include "broker/job.h"
#include "broker/pace.h"
#include "broker/store.h"
#include "ipc/proc.h"
#include "lib/util.h"

#define W (&br.reg)

#define SEARCHES_EACH 4 /* of a network at a time: they are made one after the other, everybody's */
#define RANKS_ALL (MEMBER_OP | MEMBER_HALFOP | MEMBER_VOICE)

/* Of the job: the rooms that the question is about, in which its asker must still be when it is answered, and the account
 * that it must still be logged in to. */
struct about {
	uint64_t room[ROOMS_PER_USER], account;
	bool private; /* the account's own things are in the answer */
	bool missed; /* of rooms that it may be in no more nothing is told */
	bool search; /* counted at this network */
	uint8_t net[16];
	uint32_t n;
	char name[ROOM_BYTES_MAX + 1]; /* of the one it names; else empty */
};

/* A question while it is being looked at. */
struct asking {
	struct about about;
	const struct m_r_query *q;
	struct m_s_query s;
	uint64_t born[ROOMS_PER_USER];
	bool nothing; /* it needs no store to know that there is nothing */
};

static bool
history_on(const struct reg_room *room)
{
	return proc.opt.history_rooms && !(room->flags & ROOM_NO_HISTORY);
}

/* What was said to a rank is for those who have it or a higher one. */
static uint8_t
ranks_of(uint32_t flags)
{
	switch (rank_of(flags)) {
	case RANK_OP:
		return RANKS_ALL;
	case RANK_HALFOP:
		return MEMBER_HALFOP | MEMBER_VOICE;
	case RANK_VOICE:
		return MEMBER_VOICE;
	default:
		return 0;
	}
}

static void
add_room(struct asking *a, const struct reg_room *room)
{
	a->about.room[a->about.n++] = room->id;
	a->born[a->s.places.n++] = room->born;
	a->s.places.p = (const char *)a->born;
}

static enum chat_err
in_room(const struct reg_user *u, struct asking *a)
{
	const struct reg_room *room = room_find(a->q->room);
	const struct reg_member *m = room != NULL ? regw_member(W, u, room->id) : NULL;

	if (m == NULL)
		return ERR_NO_SUCH_ROOM;
	bprintf(a->about.name, sizeof(a->about.name), STR_FMT, STR_ARG(a->q->room));
	a->s.ranks = ranks_of(m->flags);
	add_room(a, room);
	if (a->q->kind == QUERY_MARK || history_on(room))
		return ERR_NONE;
	a->nothing = true;
	return a->q->flags & QUERY_REPLAY ? ERR_NONE : ERR_NO_HISTORY;
}

uint64_t
account_meant(struct str name)
{
	uint64_t id = account_id_named(name);
	const struct reg_user *u = id == 0 ? user_find(name) : NULL;

	return u != NULL ? user_account_id(u) : id;
}

static enum chat_err
with_peer(struct asking *a)
{
	if (a->s.viewer == 0)
		return ERR_NOT_LOGGED_IN;
	a->s.peer = account_meant(a->q->name);
	if (a->s.peer == 0)
		return ERR_NO_SUCH_USER;
	if (a->q->kind == QUERY_MARK || proc.opt.history_direct)
		return ERR_NONE;
	a->nothing = true;
	return a->q->flags & QUERY_REPLAY ? ERR_NONE : ERR_NO_HISTORY;
}

/* Wherever u is, and in what it has written to others and they to it. */
static enum chat_err
everywhere(const struct reg_user *u, struct asking *a)
{
	for (uint32_t at = u->first_member; at != 0; at = W->members[at - 1].user_next) {
		const struct reg_room *room = regw_room(W, W->members[at - 1].room);

		if (room != NULL && history_on(room))
			add_room(a, room);
	}
	a->s.direct = a->s.viewer != 0 && proc.opt.history_direct;
	a->nothing = a->s.places.n == 0 && !a->s.direct;
	return ERR_NONE;
}

static enum chat_err
by_user(const struct reg_user *u, struct asking *a)
{
	a->s.viewer = a->about.account = user_account_id(u);
	a->about.private = a->s.viewer != 0 && (a->q->room.n == 0 || a->q->kind == QUERY_MARK);
	a->about.missed = a->q->kind == QUERY_MISSED;
	if (a->q->room.n > 0)
		return in_room(u, a);
	if (a->q->name.n > 0)
		return with_peer(a);
	switch (a->q->kind) {
	case QUERY_SEARCH:
	case QUERY_TARGETS:
		return everywhere(u, a);
	case QUERY_MISSED:
	case QUERY_KEPT:
		return a->s.viewer != 0 ? ERR_NONE : ERR_NOT_LOGGED_IN;
	default:
		return ERR_BAD_ARGUMENT;
	}
}

/* A room that is not here now may have been; the store knows by its name. */
static enum chat_err
by_admin(struct asking *a)
{
	const struct reg_room *room = a->q->room.n > 0 ? room_find(a->q->room) : NULL;

	a->s.admin = 1;
	a->s.ranks = RANKS_ALL;
	if (room != NULL)
		add_room(a, room);
	else
		a->s.room = a->q->room;
	if (a->q->name.n > 0) {
		a->s.peer = account_meant(a->q->name);
		return a->s.peer != 0 ? ERR_NONE : ERR_NO_ACCOUNT;
	}
	return ERR_NONE;
}

/* --- answers -------------------------------------------------------------------------------------- */

static bool
is_in_all(const struct reg_user *u, const struct about *about)
{
	for (uint32_t i = 0; i < about->n; i++) {
		if (regw_member(W, u, about->room[i]) == NULL)
			return false;
	}
	return true;
}

/* A row of what was missed: is it still for u? */
static bool
may_hear(const struct reg_user *u, const char *row, size_t len)
{
	const struct reg_room *room;
	struct m_q_place p;

	if (!m_q_place_get(row, len, &p))
		return false;
	if (p.born == 0)
		return true;
	room = room_find(p.name);
	return room != NULL && room->born == p.born && room_is_open_to(u, room);
}

/* The answer without what was said in rooms that are gone, or that u could not come into: into out, its length. */
static size_t
without_closed(const struct reg_user *u, const void *frame, size_t len, char *out)
{
	static char rows[PAGE_MAX];
	struct m_s_page p;
	struct str all;
	ssize_t n;

	if (!m_s_page_get(frame, len, &p))
		return 0;
	all = p.rows;
	p.rows = (struct str){rows, 0};
	for (; (n = ipc_frame(all.p, all.n)) > 0; all.p += n, all.n -= (size_t)n) {
		if (!may_hear(u, all.p, (size_t)n))
			continue;
		memcpy(rows + p.rows.n, all.p, (size_t)n);
		p.rows.n += (size_t)n;
	}
	return m_s_page_put(out, IPC_FRAME_MAX, &p);
}

/* Who has been thrown out or logged out meanwhile is told no more. The user may be gone while its client is here, as a session of another
 * user (sessions.c): that one waits for an answer all the same. */
static void
answered(struct job *j, const void *frame, size_t len)
{
	static char out[IPC_FRAME_MAX];
	const struct about *about = j->state;
	const struct reg_user *u = job_user(j);

	if (j->user != 0 && (u == NULL || (about->private && user_account_id(u) != about->account)))
		job_failed(j, ERR_BUSY, STR_LIT(""));
	else if (u != NULL && !is_in_all(u, about))
		job_failed(j, about->name[0] != '\0' ? ERR_NO_SUCH_ROOM : ERR_BUSY,
			   str_of(about->name));
	else if (about->missed && u != NULL && frame != NULL)
		job_paged(j, out, without_closed(u, frame, len, out));
	else
		job_paged(j, frame, len);
}

static void
ask(const struct req *r, const struct reg_user *u, struct asking *a)
{
	static char out[IPC_FRAME_MAX];
	static const struct m_s_page nothing;
	struct job *j = job_begin_question(r, u != NULL ? u->id : 0, sizeof(a->about));

	if (j == NULL)
		return;
	memcpy(j->state, &a->about, sizeof(a->about));
	if (a->nothing) {
		job_page(j, &nothing);
		return;
	}
	a->s.ticket = j->ticket;
	j->wait_ms += proc.opt.store_query_time;
	job_ask_store(j, out, m_s_query_put(out, sizeof(out), &a->s), answered);
}

static bool
is_search_of(const struct job *j, const void *net)
{
	const struct about *a = j->state;

	return a->search && memcmp(a->net, net, sizeof(a->net)) == 0;
}

/* Who has many connections would otherwise let everybody else wait. */
static bool
may_search(const struct reg_user *u, struct about *a)
{
	a->search = pace_address(u, a->net);
	return !a->search || jobs_count(answered, is_search_of, a->net) < SEARCHES_EACH;
}

bool
r_query(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct asking a = {0};
	struct m_r_query q;
	enum chat_err err;

	/* what is asked about files is not asked by people (file.c) */
	if (!m_r_query_get(frame, len, &q) || q.kind >= QUERY_FILE)
		return false;
	a.q = &q;
	a.s = (struct m_s_query){.kind = q.kind,
				 .bounds = q.bounds,
				 .flags = q.flags,
				 .lo = q.lo,
				 .hi = q.hi,
				 .limit = MIN(q.limit, (uint32_t)QUERY_ROWS_MAX),
				 .from = q.from,
				 .text = q.text};
	err = u != NULL ? by_user(u, &a) : by_admin(&a);
	if (err == ERR_NONE && !store_wanted())
		err = ERR_STORE_AWAY;
	if (err == ERR_NONE && q.kind == QUERY_SEARCH && u != NULL && !may_search(u, &a.about))
		err = ERR_BUSY;
	if (err != ERR_NONE)
		answer_refused(r, q.user, 0, err, q.room.n > 0 ? q.room : q.name);
	else
		ask(r, u, &a);
	return true;
}

/* --- how far an account has read ------------------------------------------------------------------- */

/* Whom m is about; when it is a room, room_r is it. */
static enum chat_err
mark_place(const struct reg_user *u, const struct m_r_mark *q, struct m_e_mark *m,
	   const struct reg_room **room_r)
{
	const struct reg_user *peer;

	*room_r = NULL;
	if (user_account_id(u) == 0)
		return ERR_NOT_LOGGED_IN;
	if (q->room.n > 0) {
		*room_r = room_find(q->room);
		if (*room_r == NULL || regw_member(W, u, (*room_r)->id) == NULL)
			return ERR_NO_SUCH_ROOM;
		m->room = (*room_r)->id;
		m->room_name = room_name(*room_r);
		return ERR_NONE;
	}
	if (account_id_named(q->name) != 0)
		m->peer = q->name;
	else if ((peer = user_find(q->name)) != NULL)
		m->peer = user_account(peer);
	return m->peer.n > 0 ? ERR_NONE : ERR_NO_SUCH_USER;
}

/* Those who are logged in to u's account under other names see it as their own: an entry each, for at most as many as u might have
 * sessions. Who is not in the room is told when it comes in. */
static void
tell_fellows(const struct reg_user *u, struct m_e_mark m)
{
	const struct reg_account *a = account_of_user(u);
	unsigned n = 0;

	for (const struct reg_user *o = a != NULL ? account_first(a) : NULL;
	     o != NULL && n < SESSIONS_PER_USER; o = account_next(o)) {
		if (o == u || (m.room != 0 && regw_member(W, o, m.room) == NULL))
			continue;
		m.user = o->id;
		entry_begin(&req_nobody);
		entry_to_user(o);
		EVENT_HEAD(&req_nobody, m);
		ENTRY_COMMIT(mark, &m);
		n++;
	}
}

bool
r_mark(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	const struct reg_room *room;
	struct m_r_mark q;
	struct m_e_mark m = {.user = u->id, .account = user_account(u)};
	enum chat_err err;

	if (!m_r_mark_get(frame, len, &q))
		return false;
	err = mark_place(u, &q, &m, &room);
	if (err != ERR_NONE) {
		answer_refused(r, u->id, 0, err, q.room.n > 0 ? q.room : q.name);
		return true;
	}
	/* what has not been said yet has not been read */
	m.when = MIN(q.when, br.now);
	entry_begin(r);
	entry_to_user(u);
	entry_to_store();
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(mark, &m);
	tell_fellows(u, m);
	return true;
}
