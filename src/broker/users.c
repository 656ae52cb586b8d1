/* users.c - users: names, coming, going, direct messages. */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "broker/account.h"
#include "broker/look.h"
#include "broker/mask.h"
#include "broker/pace.h"
#include "ipc/board.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)

struct reg_user *
user_find(struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));

	return n > 0 ? regw_user_fold(W, fold, (size_t)n) : NULL;
}

void
counts_shown(void)
{
	uint32_t users = W->h->max_users - freelist_left(&W->free_users),
		 rooms = W->h->max_rooms - freelist_left(&W->free_rooms);

	regw_counts(W, users, rooms);
	gauge_set(CTR_users, users);
	gauge_set(CTR_rooms, rooms);
}

/* Redo: whoever this is, is so no more. The oldest of the ring gives way. */
static void
was_redo(const struct reg_user *u)
{
	const struct reg_was *was = &W->was[W->h->was_next];
	struct str real = user_real(u), account = user_account(u);

	txn_open(T, W, was);
	TXN_SET(T, W, was->at, br.now);
	txn_put_str(T, W, was->name, u->name, strlen(u->name));
	txn_put_str(T, W, was->fold, u->fold, strlen(u->fold));
	txn_put_str(T, W, was->ident, u->ident, strlen(u->ident));
	txn_put_str(T, W, was->host, u->host, strlen(u->host));
	txn_put_str(T, W, was->real, real.p, real.n);
	txn_put_str(T, W, was->account, account.p, account.n);
	txn_put_str(T, W, was->address, u->address, strlen(u->address));
	txn_close(T, W, was);
	TXN_SET(T, W, W->h->was_next, (W->h->was_next + 1) % W->h->max_was);
}

/* --- who wants to hear of everybody ----------------------------------------------------------------- */

void
followers_rebuild(void)
{
	br.followers = 0;
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (W->subs[i].follows)
			br.followers |= 1ull << i;
	}
}

bool
r_follow(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	struct m_r_follow q;
	struct m_e_ok m = {0};

	(void)nobody;
	if (!m_r_follow_get(frame, len, &q))
		return false;
	entry_begin(r);
	TXN_SET(T, W, W->subs[r->sub].follows, q.on != 0);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(ok, &m);
	followers_rebuild();
	return true;
}

/* --- choosing a name ------------------------------------------------------------------------------ */

/* A name somebody wants: may it be had? me: who has it already is no obstacle. */
static enum chat_err
name_free(struct str name, const struct reg_user *me, char *fold, size_t *fold_len_r)
{
	const struct reg_user *other;
	ssize_t n;

	if (name_check(name.p, name.n) != NAME_OK)
		return ERR_NICK_BAD;
	n = name_fold(name.p, name.n, fold, NAME_FOLD_MAX);
	if (n <= 0)
		return ERR_NICK_BAD;
	fold[n] = '\0';
	*fold_len_r = (size_t)n;
	other = regw_user_fold(W, fold, (size_t)n);
	return other != NULL && other != me ? ERR_NICK_TAKEN : ERR_NONE;
}

/* The ban that a newcomer falls under. q says of it what the others would see; fold and address are terminated. */
static const struct reg_list *
newcomer_banned(const struct m_r_login *q, const char *fold, const char *address, struct str shown)
{
	char ident[IDENT_MAX + 1], host[HOST_MAX + 1], real[MAX(REALNAME_MAX, NAME_BYTES_MAX) + 1],
	    account[NAME_BYTES_MAX + 1];
	struct mask_subject s;

	if (br.server.nlists == 0)
		return NULL;
	bprintf(ident, sizeof(ident), STR_FMT, STR_ARG(q->ident));
	bprintf(host, sizeof(host), STR_FMT, STR_ARG(shown));
	bprintf(real, sizeof(real), STR_FMT, STR_ARG(q->real.n > 0 ? q->real : q->name));
	bprintf(account, sizeof(account), STR_FMT, STR_ARG(q->account));
	mask_subject_init(&s);
	s.fold = fold;
	s.ident = ident;
	s.host = host;
	s.address = address;
	s.account = account;
	s.real = real;
	return list_match(&br.server, LIST_BAN, &s);
}

/* The ban that u would fall under with another name. */
static const struct reg_list *
name_banned(const struct reg_user *u, const char *fold)
{
	struct mask_subject s;

	user_subject(u, &s);
	s.fold = fold;
	return list_match(&br.server, LIST_BAN, &s);
}

/* What m says of a newcomer, in the next free slot; its id. */
static uint64_t
make_user(const struct req *r, const struct m_r_login *q, struct str fold, struct str host,
	  uint64_t reserved_until)
{
	uint32_t slot = freelist_top(&W->free_users);
	const struct reg_user *u = &W->users[slot];
	/* one record for all that has no length of its own */
	struct reg_user fresh = {.id = ID_MAKE(slot, u->gen + 1),
				 .conn = q->conn,
				 .since = br.now,
				 .inc = r->inc,
				 .wslot = q->wslot,
				 .sub = (uint8_t)r->sub,
				 .protocol = q->protocol,
				 .tls = q->tls,
				 .port = q->port,
				 .more = q->real.n > 0 || q->account.n > 0,
				 .reserved_until = reserved_until};

	fresh.gen = u->gen + 1;
	look_keys(q->name, fold, fresh.looks);
	fresh.version = u->version; /* the guard of a list that is not touched here */
	/* before the slot that says it is there, or a reader might take the last one's for it */
	if (fresh.more)
		user_more_redo(slot, q->account, q->account_id, q->real);
	txn_open(T, W, u);
	txn_put(T, W, &u->gen, &fresh.gen,
		offsetof(struct reg_user, name) - offsetof(struct reg_user, gen));
	txn_put_str(T, W, u->name, q->name.p, q->name.n);
	txn_put_str(T, W, u->fold, fold.p, fold.n);
	txn_put_str(T, W, u->address, q->address.p, MIN(q->address.n, sizeof(u->address) - 1));
	txn_put_str(T, W, u->ident, q->ident.p, q->ident.n);
	txn_put_str(T, W, u->host, host.p, host.n);
	txn_close(T, W, u);
	return fresh.id;
}

/* Everything has been found good. q says of the newcomer what the others will see. */
static void
let_in(const struct req *r, const struct m_r_login *q, struct str fold, struct str host,
       const struct reserve *reserve)
{
	char uhost[UHOST_MAX + 1];
	uint32_t slot = freelist_top(&W->free_users);
	struct m_e_login m = {.conn = q->conn,
			      .wslot = q->wslot,
			      .protocol = q->protocol,
			      .name = q->name,
			      .address = q->address,
			      .port = q->port,
			      .account = q->account,
			      .real = q->real.n > 0 ? q->real : q->name,
			      .reserved = reserve->seconds};

	m.uhost = (struct str){uhost, bprintf(uhost, sizeof(uhost), STR_FMT "@" STR_FMT,
					      STR_ARG(q->ident), STR_ARG(host))};
	entry_begin(r);
	entry_to_watchers();
	if (q->account.n > 0)
		entry_to_store();
	m.user = make_user(r, q, fold, host, reserve->until);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(login, &m);
	freelist_pop(&W->free_users);
	regw_index_user(W, slot);
	look_user_came(&W->users[slot]);
	account_user_came(&W->users[slot]);
	reserve_watch(reserve->until);
	if (br.server.nlists > 0)
		mute_apply(&W->users[slot]);
	count(CTR_logins_total);
	counts_shown();
}

/* Has a newcomer logged in to the account that it names, and can it still? Here, and nowhere else, is decided whether that
 * is true. One that names none is given none. */
static enum chat_err
account_proved(const struct req *r, struct m_r_login *q)
{
	char fold[NAME_FOLD_MAX];
	const struct reg_account *a;
	ssize_t n;

	if (q->account.n == 0) {
		q->account_id = 0;
		return ERR_NONE;
	}
	n = name_fold(q->account.p, q->account.n, fold, sizeof(fold));
	if (n <= 0 ||
	    !token_fits(r->inc, q->conn, q->account_id, (struct str){fold, (size_t)n}, q->token))
		return ERR_LOGIN_WRONG;
	a = account_named(q->account);
	if (a == NULL || a->id != q->account_id)
		return ERR_LOGIN_WRONG;
	return a->flags & ACCOUNT_DISABLED ? ERR_ACCOUNT_DISABLED : account_place(a);
}

/* How somebody comes by a name: beside a user who has it (fellow), or as the only one who does. */
struct claim {
	char fold[NAME_FOLD_MAX + 1];
	size_t fold_len;
	struct reg_user *fellow; /* NULL: none */
	struct reserve reserve;
};

/* me: NULL for a newcomer, who has logged in to account id. Who has somebody else's registered name makes way for its
 * owner. */
static enum chat_err
claim_name(struct str name, const struct reg_user *me, uint64_t id, struct claim *c)
{
	enum chat_err err = name_free(name, me, c->fold, &c->fold_len);

	c->fellow = err == ERR_NICK_TAKEN ? session_host(name, me, id) : NULL;
	if (c->fellow != NULL)
		return session_place(c->fellow);
	if (err == ERR_NICK_TAKEN && id != 0 && reserve_take(user_find(name), id))
		err = ERR_NONE;
	if (err == ERR_NONE)
		err = look_check(name, (struct str){c->fold, c->fold_len}, me, id);
	if (err != ERR_NONE)
		return err;
	return reserve_check(c->fold, c->fold_len, id, me != NULL ? me->reserved_until : 0,
			     &c->reserve);
}

bool
r_login(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	char address[49], ident[IDENT_MAX + 1], host[HOST_MAX + 1];
	const struct reg_list *ban;
	struct m_r_login q;
	struct claim c = {0};
	enum chat_err err;
	struct str shown;

	(void)nobody;
	if (!m_r_login_get(frame, len, &q) || q.protocol >= PROTO_COUNT || q.conn == 0)
		return false;
	q.address = clean_or_empty(q.address);
	q.ident = user_ident(q.ident, q.protocol, ident);
	q.real = clean_or_empty(q.real);
	bprintf(address, sizeof(address), STR_FMT, STR_ARG(q.address));
	shown = host_of_address(q.address, host);
	err = account_proved(r, &q);
	if (err == ERR_NONE)
		err = claim_name(q.name, NULL, q.account_id, &c);
	if (err == ERR_NONE && c.fellow == NULL && freelist_left(&W->free_users) == 0)
		err = ERR_SERVER_FULL;
	ban = err == ERR_NONE ? newcomer_banned(&q, c.fold, address, shown) : NULL;
	if (err != ERR_NONE || ban != NULL)
		answer_refused(r, 0, q.conn, ban != NULL ? ERR_BANNED : err,
			       ban != NULL ? str_of(ban->reason) : q.name);
	else if (c.fellow != NULL)
		session_come(r, c.fellow, &q);
	else
		let_in(r, &q, (struct str){c.fold, c.fold_len}, shown, &c.reserve);
	return true;
}

/* Everything has been found good. */
static void
rename_user(const struct req *r, struct reg_user *u, struct str name, const struct claim *c)
{
	char old_fold[NAME_FOLD_MAX + 4], uhost[UHOST_MAX + 1];
	uint64_t rooms[ROOMS_PER_USER], looks[LOOKS];
	struct m_e_nick m = {.user = u->id,
			     .name = name,
			     .old = user_name(u),
			     .uhost = user_uhost(u, uhost),
			     .account = user_account(u),
			     .umodes = u->umodes,
			     .real = user_has_real(u) ? user_real(u) : name,
			     .reserved = c->reserve.seconds,
			     .rooms = rooms_of(u, rooms)};

	memcpy(old_fold, u->fold, sizeof(old_fold));
	look_keys(name, (struct str){c->fold, c->fold_len}, looks);
	entry_begin(r);
	entry_to_rooms_of(u);
	entry_to_user(u);
	entry_to_watchers();
	if (strcmp(u->fold, c->fold) != 0)
		was_redo(u);
	txn_open(T, W, u);
	txn_put_str(T, W, u->name, name.p, name.n);
	txn_put_str(T, W, u->fold, c->fold, c->fold_len);
	txn_put(T, W, u->looks, looks, sizeof(looks));
	TXN_SET(T, W, u->reserved_until, c->reserve.until);
	txn_close(T, W, u);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(nick, &m);
	regw_reindex_user(W, (uint32_t)(u - W->users), old_fold, strlen(old_fold));
	look_user_came(u);
	user_renewed(u);
	reserve_watch(c->reserve.until);
}

void
user_rename_guest(struct reg_user *u)
{
	struct claim c = {.reserve = {.until = u->reserved_until}};
	uint64_t n = br.j.seq;
	struct str name;
	char text[32];

	do {
		name = (struct str){text, bprintf(text, sizeof(text), "Guest%llu",
						  (unsigned long long)(++n % 100000))};
	} while (name_free(name, NULL, c.fold, &c.fold_len) != ERR_NONE ||
		 account_folded(c.fold, c.fold_len) != NULL ||
		 look_check(name, (struct str){c.fold, c.fold_len}, u, 0) != ERR_NONE);
	rename_user(&req_nobody, u, name, &c);
}

/* u is somebody: the table of requests sees to it. Said here for clang's analyzer. */
rule_fn r_nick __attribute__((nonnull(2)));

bool
r_nick(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	const struct reg_list *ban;
	struct claim c = {0};
	struct m_r_nick q;
	enum chat_err err;

	if (!m_r_nick_get(frame, len, &q))
		return false;
	err = claim_name(q.name, u, user_account_id(u), &c);
	ban = err == ERR_NONE ? name_banned(u, c.fold) : NULL;
	if (err == ERR_NONE && ban == NULL && c.fellow == NULL && !str_eq(user_name(u), q.name))
		err = pace_check(u, PACE_NICK);
	if (err != ERR_NONE || ban != NULL) {
		answer_refused(r, u->id, 0, ban != NULL ? ERR_NICK_BAD : err, q.name);
		return true;
	}
	if (c.fellow != NULL)
		return session_move(r, c.fellow, u, q.conn);
	if (str_eq(user_name(u), q.name))
		answer_ok(r, u->id,
			  u->protocol != PROTO_TELNET ? "" : "You are called that already.");
	else
		rename_user(r, u, q.name, &c);
	return true;
}

/* --- going ------------------------------------------------------------------------------------------ */

static void
forget_chat(uint64_t user)
{
	for (unsigned i = 0; i < br.nchats; i++) {
		if (br.chats[i] == user)
			br.chats[i--] = br.chats[--br.nchats];
	}
}

void
user_quit(const struct req *r, struct reg_user *u, enum quit_why why, struct str by,
	  struct str reason)
{
	uint32_t slot = (uint32_t)(u - W->users), sessions = u->sessions;
	uint64_t rooms[ROOMS_PER_USER], id = u->id;
	char uhost[UHOST_MAX + 1];
	struct left_rooms left;
	struct seats seats;
	struct m_e_quit m = {.user = u->id,
			     .why = (uint8_t)why,
			     .name = user_name(u),
			     .by = by,
			     .reason = reason,
			     .address = str_of(u->address),
			     .port = u->port,
			     .uhost = user_uhost(u, uhost),
			     .account = user_account(u),
			     .umodes = u->umodes,
			     .rooms = rooms_of(u, rooms)};

	entry_begin(r);
	entry_to_rooms_of(u);
	entry_to_user(u);
	entry_to_watchers();
	if (m.account.n > 0)
		entry_to_store();
	for (unsigned i = 0; i < br.nchats; i++)
		br.t.targets |= br.chats[i] == id ? 1ull << SUB_CONTROL : 0;
	leave_all_note(u, &left);
	seats_of(u, &seats);
	leave_all_redo(u);
	sessions_end_redo(u);
	was_redo(u);
	metas_end_redo(false, id);
	user_kinds_redo(u, 0);
	txn_open(T, W, u);
	TXN_SET(T, W, u->id, 0);
	txn_close(T, W, u);
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(quit, &m);
	leave_all_done(&left, &seats);
	sessions_end_done(sessions);
	metas_end_done();
	account_user_goes(u);
	regw_unindex_user(W, slot, u->fold, strlen(u->fold));
	look_user_goes(u);
	freelist_push(&W->free_users, slot);
	forget_chat(id);
	counts_shown();
}

bool
r_quit(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct m_r_quit q;

	if (!m_r_quit_get(frame, len, &q))
		return false;
	session_end(r, u, q.conn, q.lost ? QUIT_LOST : QUIT_LEFT, clean_or_empty(q.reason));
	return true;
}

bool
r_sync(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct m_e_ok m = {0};
	struct m_r_sync q;

	(void)u;
	if (!m_r_sync_get(frame, len, &q))
		return false;
	m.user = q.user;
	entry_begin(r);
	/* whoever has this answer may rely on everybody else having been given what came before */
	br.t.flags |= JENTRY_BARRIER;
	EVENT_HEAD(r, m);
	ENTRY_COMMIT(ok, &m);
	return true;
}
