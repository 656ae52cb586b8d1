/* sessions.c - several devices, one user: coming to a user who is here, and going while others stay.
 *
 * The first session lies in the user's slot, the others in a list behind it. A session that comes from
 * another user takes it away from that one in the same entry; if it was the last, what remains is a user
 * with inc 0, whose end (e_quit) is an entry of its own: a broker that dies in between finds it among
 * those whose worker is dead.
 */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "ipc/board.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

/* --- who they are -------------------------------------------------------------------------------------- */

bool
session_next(const struct reg_user *u, struct session *s)
{
	uint32_t at = s->slot != 0 ? W->sessions[s->slot - 1].next : u->sessions;
	const struct reg_session *more;

	if (!s->begun && u->inc != 0) {
		*s = (struct session){.begun = true,
				      .conn = u->conn,
				      .inc = u->inc,
				      .wslot = u->wslot,
				      .sub = u->sub,
				      .address = u->address};
		return true;
	}
	if (at == 0)
		return false;
	more = &W->sessions[at - 1];
	*s = (struct session){.slot = at,
			      .begun = true,
			      .conn = more->conn,
			      .inc = more->inc,
			      .wslot = more->wslot,
			      .sub = more->sub,
			      .address = more->address};
	return true;
}

void
seats_of(const struct reg_user *u, struct seats *seats)
{
	struct session s = {0};

	seats->n = 0;
	while (session_next(u, &s)) {
		CHECK(seats->n < SESSIONS_PER_USER);
		seats->sub[seats->n++] = s.sub;
	}
}

bool
user_is_at(const struct reg_user *u, uint32_t sub, uint32_t inc)
{
	struct session s = {0};

	if (u->sub == sub && u->inc == inc)
		return true; /* nearly always */
	while (session_next(u, &s)) {
		if (s.sub == sub && s.inc == inc)
			return true;
	}
	return false;
}

static bool
find(const struct reg_user *u, uint64_t conn, struct session *s)
{
	*s = (struct session){0};
	while (session_next(u, s)) {
		if (s->conn == conn)
			return true;
	}
	return false;
}

struct reg_user *
session_host(struct str name, const struct reg_user *u, uint64_t account)
{
	struct reg_user *host = user_find(name);

	if (u != NULL)
		account = user_account_id(u);
	return host != NULL && host != u && host->inc != 0 && account != 0 &&
		       user_account_id(host) == account
		   ? host
		   : NULL;
}

enum chat_err
session_place(const struct reg_user *host)
{
	if (host->nsessions + 1 >= SESSIONS_PER_USER)
		return ERR_TOO_MANY_SESSIONS;
	return freelist_left(&W->free_sessions) == 0 ? ERR_SERVER_FULL : ERR_NONE;
}

/* --- redo records ---------------------------------------------------------------------------------------- */

static void
free_redo(const struct reg_session *s)
{
	txn_open(T, W, s);
	TXN_SET(T, W, s->user, 0);
	txn_close(T, W, s);
}

/* The next one is the first from now on. */
static void
promote_redo(const struct reg_user *u, const struct reg_session *next)
{
	TXN_SET(T, W, u->conn, next->conn);
	TXN_SET(T, W, u->since, next->since);
	TXN_SET(T, W, u->inc, next->inc);
	TXN_SET(T, W, u->wslot, next->wslot);
	TXN_SET(T, W, u->sub, next->sub);
	TXN_SET(T, W, u->protocol, next->protocol);
	TXN_SET(T, W, u->tls, next->tls);
	TXN_SET(T, W, u->port, next->port);
	txn_put_str(T, W, u->address, next->address, strlen(next->address));
	TXN_SET(T, W, u->sessions, next->next);
}

/* s of u ends; the slot that is free after the commit, + 1: 0 when it was the only one. */
static uint32_t
detach_redo(const struct reg_user *u, const struct session *s)
{
	uint32_t gone = s->slot != 0 ? s->slot : u->sessions, at = u->sessions;

	txn_open(T, W, u);
	if (gone == 0) {
		TXN_SET(T, W, u->inc, 0);
	} else if (s->slot == 0) {
		promote_redo(u, &W->sessions[gone - 1]);
	} else if (at == gone) {
		TXN_SET(T, W, u->sessions, W->sessions[gone - 1].next);
	} else {
		while (W->sessions[at - 1].next != gone)
			at = W->sessions[at - 1].next;
		txn_open(T, W, &W->sessions[at - 1]);
		TXN_SET(T, W, W->sessions[at - 1].next, W->sessions[gone - 1].next);
		txn_close(T, W, &W->sessions[at - 1]);
	}
	if (gone != 0) {
		TXN_SET(T, W, u->nsessions, u->nsessions - 1);
		free_redo(&W->sessions[gone - 1]);
	}
	txn_close(T, W, u);
	return gone;
}

/* The last of u's list is a new one. */
static void
attach_redo(const struct reg_user *u, const struct reg_session *new)
{
	uint32_t slot = freelist_top(&W->free_sessions), at = u->sessions;
	const struct reg_session *s = &W->sessions[slot];

	txn_open(T, W, u);
	txn_open(T, W, s);
	txn_put(T, W, &s->next, &new->next, sizeof(*s) - offsetof(struct reg_session, next));
	txn_close(T, W, s);
	if (at == 0) {
		TXN_SET(T, W, u->sessions, slot + 1);
	} else {
		while (W->sessions[at - 1].next != 0)
			at = W->sessions[at - 1].next;
		txn_open(T, W, &W->sessions[at - 1]);
		TXN_SET(T, W, W->sessions[at - 1].next, slot + 1);
		txn_close(T, W, &W->sessions[at - 1]);
	}
	TXN_SET(T, W, u->nsessions, u->nsessions + 1);
	txn_close(T, W, u);
}

void
sessions_end_redo(const struct reg_user *u)
{
	for (uint32_t at = u->sessions; at != 0; at = W->sessions[at - 1].next)
		free_redo(&W->sessions[at - 1]);
}

void
sessions_end_done(uint32_t first)
{
	/* what is free keeps its link until it is used again */
	for (uint32_t at = first; at != 0; at = W->sessions[at - 1].next)
		freelist_push(&W->free_sessions, at - 1);
}

/* --- after the commit -------------------------------------------------------------------------------------- */

/* One more, or less, of worker sub in all rooms of u. */
static void
count_in_rooms(const struct reg_user *u, uint32_t sub, int by)
{
	for (uint32_t at = u->first_member; at != 0; at = W->members[at - 1].user_next)
		member_count(ID_SLOT(W->members[at - 1].room), sub, by);
}

static void
detach_done(struct reg_user *u, const struct session *s, uint32_t gone)
{
	if (gone != 0)
		freelist_push(&W->free_sessions, gone - 1);
	count_in_rooms(u, s->sub, -1);
	/* it comes from somewhere else now, perhaps */
	user_renewed(u);
}

/* --- coming ------------------------------------------------------------------------------------------------- */

static struct str
rooms_packed(const struct reg_user *u)
{
	static char out[ATTACH_ROOMS_MAX];
	size_t n = 0;

	for (uint32_t at = u->first_member; at != 0; at = W->members[at - 1].user_next) {
		const struct reg_member *m = &W->members[at - 1];
		const struct attach_room room = {.room = m->room,
						 .flags = (uint8_t)m->flags,
						 .name = room_name(&W->rooms[ID_SLOT(m->room)])};

		n = attach_room_put(out, n, sizeof(out), &room);
		CHECK(n > 0);
	}
	return (struct str){out, n};
}

/* new has been found good; was (NULL: nobody) is left by its session left. */
static void
attach(const struct req *r, struct reg_user *u, struct reg_session *new, struct reg_user *was,
       const struct session *left)
{
	char uhost[UHOST_MAX + 1], why[REASON_MAX + 1];
	struct m_e_attach m = {.user = u->id,
			       .conn = new->conn,
			       .wslot = new->wslot,
			       .was = was != NULL ? was->id : 0,
			       .name = user_name(u),
			       .account = user_account(u),
			       .uhost = user_uhost(u, uhost),
			       .real = user_real(u),
			       .umodes = u->umodes,
			       .level = u->level,
			       .away = user_away(u),
			       .sessions = (uint8_t)(u->nsessions + 2),
			       .rooms = rooms_packed(u)};
	uint32_t gone = 0;

	new->user = u->id;
	entry_begin(r);
	attach_redo(u, new);
	if (was != NULL)
		gone = detach_redo(was, left);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(attach, &m);
	freelist_pop(&W->free_sessions);
	count_in_rooms(u, new->sub, 1);
	if (br.server.nlists > 0)
		mute_apply(u);
	if (was == NULL)
		return;
	detach_done(was, left, gone);
	bprintf(why, sizeof(why), "is %s now", u->name);
	if (was->inc == 0)
		reap_add(was->id, 0, QUIT_LEFT, "", why);
}

void
session_come(const struct req *r, struct reg_user *u, const struct m_r_login *q)
{
	struct reg_session new = {.conn = q->conn,
				  .since = br.now,
				  .inc = r->inc,
				  .wslot = q->wslot,
				  .sub = (uint8_t)r->sub,
				  .protocol = q->protocol,
				  .tls = q->tls,
				  .port = q->port};

	bprintf(new.address, sizeof(new.address), STR_FMT, STR_ARG(q->address));
	attach(r, u, &new, NULL, NULL);
	count(CTR_logins_total);
}

/* What is known of session s of u, as a slot of its own would have it. */
static struct reg_session
session_copy(const struct reg_user *u, const struct session *s)
{
	struct reg_session copy = {.conn = u->conn,
				   .since = u->since,
				   .inc = u->inc,
				   .wslot = u->wslot,
				   .sub = u->sub,
				   .protocol = u->protocol,
				   .tls = u->tls,
				   .port = u->port};

	if (s->slot != 0)
		copy = W->sessions[s->slot - 1];
	else
		bprintf(copy.address, sizeof(copy.address), "%s", u->address);
	copy.next = 0;
	return copy;
}

bool
session_move(const struct req *r, struct reg_user *u, struct reg_user *was, uint64_t conn)
{
	struct reg_session new;
	struct session s;

	if (!find(was, conn, &s) || s.sub != r->sub || s.inc != r->inc)
		return false;
	new = session_copy(was, &s);
	attach(r, u, &new, was, &s);
	return true;
}

/* --- going ---------------------------------------------------------------------------------------------------- */

static void
detach(const struct req *r, struct reg_user *u, const struct session *s, enum quit_why why,
       struct str reason)
{
	struct m_e_detach m = {.user = u->id,
			       .conn = s->conn,
			       .wslot = s->wslot,
			       .why = (uint8_t)why,
			       .reason = reason};
	uint32_t gone;

	entry_begin(r);
	br.t.targets |= 1ull << s->sub;
	gone = detach_redo(u, s);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(detach, &m);
	detach_done(u, s, gone);
}

void
session_end(const struct req *r, struct reg_user *u, uint64_t conn, enum quit_why why,
	    struct str reason)
{
	struct session s;

	if (!find(u, conn, &s) || (r->inc != 0 && (s.sub != r->sub || s.inc != r->inc))) {
		if (r->inc != 0)
			answer_ok(r, u->id,
				  ""); /* it has gone over to another; or is another worker's */
	} else if (u->nsessions == 0) {
		user_quit(r, u, why, STR_LIT(""), reason);
	} else {
		detach(r, u, &s, why, reason);
	}
}

unsigned
sessions_reap(const struct reg_user *u, bool dead(const struct session *s, const void *arg),
	      const void *arg)
{
	struct session s = {0};
	unsigned left = 0;

	while (session_next(u, &s)) {
		if (dead(&s, arg))
			reap_add(u->id, s.conn, QUIT_WORKER, "", "connection lost");
		else
			left++;
	}
	return left;
}
