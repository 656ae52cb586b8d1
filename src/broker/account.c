/* account.c - see account.h. */
#include "config.h"

#include "broker/account.h"

#include <stdlib.h>
#include <string.h>

#include "broker/keep.h"
#include "broker/look.h"
#include "ipc/board.h"
#include "ipc/proc.h"
#include "ipc/store.h"
#include "lib/log.h"
#include "lib/siphash.h"
#include "lib/util.h"

#define W (&br.reg)
#define T (&br.t)
#define RESTORE_EACH 800u /* accounts in one entry: their redo records fit */

/* Derived from the slots. All numbers of slots are one more, so that zero is none. */
static struct {
	uint32_t *cells, ncells; /* by the hash of the name: open addressing, linear probing */
	uint32_t *first; /* by account: who is logged in to it */
	uint32_t *next; /* by user: who else is */
} accounts;

/* --- by name --------------------------------------------------------------------------------------- */

static uint32_t
home(const uint8_t hash[16])
{
	uint32_t at;

	memcpy(&at, hash, sizeof(at));
	return at & (accounts.ncells - 1);
}

static struct reg_account *
find(const uint8_t hash[16])
{
	uint32_t at;

	if (accounts.ncells == 0)
		return NULL;
	for (at = home(hash); accounts.cells[at] != 0; at = (at + 1) & (accounts.ncells - 1)) {
		struct reg_account *a = &W->accounts[accounts.cells[at] - 1];

		if (memcmp(a->hash, hash, sizeof(a->hash)) == 0)
			return a;
	}
	return NULL;
}

static void
index_add(uint32_t slot)
{
	uint32_t at = home(W->accounts[slot].hash);

	while (accounts.cells[at] != 0)
		at = (at + 1) & (accounts.ncells - 1);
	accounts.cells[at] = slot + 1;
}

/* What was put behind it because it was there comes forward. */
static void
index_del(uint32_t slot)
{
	uint32_t mask = accounts.ncells - 1, hole = home(W->accounts[slot].hash);

	while (accounts.cells[hole] != slot + 1)
		hole = (hole + 1) & mask;
	for (uint32_t at = (hole + 1) & mask; accounts.cells[at] != 0; at = (at + 1) & mask) {
		uint32_t from = home(W->accounts[accounts.cells[at] - 1].hash);

		if (((at - from) & mask) >= ((at - hole) & mask)) {
			accounts.cells[hole] = accounts.cells[at];
			hole = at;
		}
	}
	accounts.cells[hole] = 0;
}

struct reg_account *
account_folded(const char *fold, size_t n)
{
	uint8_t hash[16];

	siphash128(fold, n, W->h->hash_key, hash);
	return find(hash);
}

struct reg_account *
account_named(struct str name)
{
	char fold[NAME_FOLD_MAX];
	enum name_err err = name_check(name.p, name.n);
	ssize_t n;

	/* with what the fold passes over, marks of direction among it, it would be shown and kept as it was given */
	if (err != NAME_OK && err != NAME_RESERVED)
		return NULL;
	n = name_fold(name.p, name.n, fold, sizeof(fold));
	return n > 0 ? account_folded(fold, (size_t)n) : NULL;
}

/* --- who is logged in ---------------------------------------------------------------------------------- */

struct reg_user *
account_first(const struct reg_account *a)
{
	uint32_t at = accounts.first[a - W->accounts];

	return at != 0 ? &W->users[at - 1] : NULL;
}

struct reg_user *
account_next(const struct reg_user *u)
{
	uint32_t at = accounts.next[u - W->users];

	return at != 0 ? &W->users[at - 1] : NULL;
}

enum chat_err
account_place(const struct reg_account *a)
{
	uint32_t n = 0;

	for (const struct reg_user *u = account_first(a); u != NULL; u = account_next(u))
		n += 1 + u->nsessions;
	if (proc.opt.max_per_account == 0 || n < proc.opt.max_per_account)
		return ERR_NONE;
	count(CTR_limited_sessions);
	return ERR_ACCOUNT_CROWDED;
}

bool
account_is_of(const struct reg_account *a, const struct reg_user *u)
{
	return a->id != 0 && user_account_id(u) == a->id;
}

uint64_t
account_id_named(struct str name)
{
	const struct reg_account *a = account_named(name);

	return a != NULL ? a->id : 0;
}

const struct reg_account *
account_of_user(const struct reg_user *u)
{
	const struct reg_account *a;

	if (user_account_id(u) == 0)
		return NULL;
	a = account_named(user_account(u));
	return a != NULL && account_is_of(a, u) ? a : NULL;
}

void
account_user_came(const struct reg_user *u)
{
	const struct reg_account *a = account_of_user(u);
	uint32_t slot = (uint32_t)(u - W->users);

	if (a == NULL)
		return;
	accounts.next[slot] = accounts.first[a - W->accounts];
	accounts.first[a - W->accounts] = slot + 1;
}

/* Whatever the account is by now, it is among those of its name. */
void
account_user_goes(const struct reg_user *u)
{
	const struct reg_account *a = account_named(user_account(u));
	uint32_t *at, slot = (uint32_t)(u - W->users);

	if (a == NULL)
		return;
	for (at = &accounts.first[a - W->accounts]; *at != 0; at = &accounts.next[*at - 1]) {
		if (*at == slot + 1) {
			*at = accounts.next[slot];
			accounts.next[slot] = 0;
			return;
		}
	}
}

void
accounts_fini(void)
{
	free(accounts.cells);
	free(accounts.first);
	free(accounts.next);
	memset(&accounts, 0, sizeof(accounts));
}

void
accounts_rebuild(void)
{
	accounts_fini();
	for (accounts.ncells = 64; accounts.ncells < 2 * W->h->max_accounts;)
		accounts.ncells *= 2;
	accounts.cells = xcalloc(accounts.ncells, sizeof(uint32_t));
	accounts.first = xcalloc(W->h->max_accounts, sizeof(uint32_t));
	accounts.next = xcalloc(W->h->max_users, sizeof(uint32_t));
	for (uint32_t i = 0; i < W->h->account_top; i++) {
		if (W->accounts[i].id != 0)
			index_add(i);
	}
	for (uint32_t i = 0; i < W->h->user_top; i++) {
		if (W->users[i].id != 0)
			account_user_came(&W->users[i]);
	}
}

/* --- accounts come and go --------------------------------------------------------------------------------- */

/* What nobody has asked for, and nobody is told. */
static void
commit_silently(void)
{
	struct m_e_ok m = {0};

	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(ok, &m);
}

static void
slot_redo(const struct reg_account *a, const struct reg_account *value)
{
	txn_open(T, W, a);
	txn_put(T, W, &a->flags, &value->flags, sizeof(*a) - offsetof(struct reg_account, flags));
	txn_close(T, W, a);
}

void
account_kept_redo(const struct reg_account *a, uint32_t kept)
{
	txn_open(T, W, a);
	TXN_SET(T, W, a->kept, kept);
	txn_close(T, W, a);
}

/* Redo of an account that is new, the nth in this entry (*nth_r counts), or is there already. False: there is no room. */
static bool
made_redo(struct str name, const struct restore_account *m, uint64_t since, uint32_t *nth_r)
{
	struct reg_account value = {
	    .flags = m->flags, .id = m->id, .kept = m->kept, .since = since};
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));
	const struct reg_account *a;

	if (n <= 0 || m->id == 0)
		return false;
	siphash128(fold, (size_t)n, W->h->hash_key, value.hash);
	a = find(value.hash);
	if (a == NULL) {
		if (freelist_left(&W->free_accounts) <= *nth_r)
			return false;
		a = &W->accounts[freelist_nth(&W->free_accounts, (*nth_r)++)];
		look_keys(name, (struct str){fold, (size_t)n}, value.looks);
	} else
		memcpy(value.looks, a->looks, sizeof(value.looks)); /* by which it is found */
	slot_redo(a, &value);
	return true;
}

/* After the commit: so many were new. */
static void
made_done(uint32_t n)
{
	for (; n > 0; n--) {
		uint32_t slot = freelist_top(&W->free_accounts);

		index_add(slot);
		look_account_came(&W->accounts[slot]);
		freelist_pop(&W->free_accounts);
	}
}

/* An account of this name that was another one, in a database that is no more. */
static void
end_namesake(struct str name, uint64_t id)
{
	const struct reg_account *a = account_named(name);

	if (a != NULL && a->id != id)
		account_deleted(name);
}

bool
account_made(struct str name, uint64_t id, uint32_t flags, uint32_t kept)
{
	const struct restore_account m = {.id = id, .flags = flags, .kept = kept};
	uint32_t fresh = 0;

	end_namesake(name, id);
	entry_begin(&req_nobody);
	if (!made_redo(name, &m, br.j.seq, &fresh))
		return false;
	commit_silently();
	made_done(fresh);
	reserve_begin(user_find(name));
	return true;
}

bool
accounts_restore(struct str list)
{
	struct restore_account m;
	uint32_t fresh = 0, n = 0, without = 0;
	struct str one = STR_LIT("");

	entry_begin(&req_nobody);
	while (restore_account_next(&list, &m)) {
		const struct reg_account *old = account_named(m.name);

		if (++n % RESTORE_EACH == 0 || (old != NULL && old->id != m.id)) {
			commit_silently();
			made_done(fresh);
			fresh = 0;
			end_namesake(m.name, m.id);
			entry_begin(&req_nobody);
		}
		if (!made_redo(m.name, &m, 0, &fresh) && without++ == 0)
			one = m.name;
	}
	commit_silently();
	made_done(fresh);
	if (without > 0)
		log_err("there is no place for %u accounts, " STR_FMT
			" among them, and nobody can log in to them: accounts.max is too small",
			without, STR_ARG(one));
	return list.n == 0;
}

void
account_unkept(struct str name)
{
	const struct reg_account *a = account_named(name);

	if (a == NULL || a->kept == 0)
		return;
	entry_begin(&req_nobody);
	account_kept_redo(a, a->kept - 1);
	commit_silently();
}

static void enter(struct reg_user *u, const struct reg_account *a, struct str name,
		  enum logout why);

static void
log_all_out(const struct reg_account *a, enum logout why)
{
	struct reg_user *u;

	while ((u = account_first(a)) != NULL)
		enter(u, NULL, STR_LIT(""), why);
}

void
account_disabled(struct str name, bool disabled)
{
	struct reg_account *a = account_named(name);

	if (a == NULL)
		return;
	entry_begin(&req_nobody);
	txn_open(T, W, a);
	TXN_SET(T, W, a->flags,
		disabled ? a->flags | ACCOUNT_DISABLED : a->flags & ~(uint32_t)ACCOUNT_DISABLED);
	txn_close(T, W, a);
	commit_silently();
	if (disabled)
		log_all_out(a, LOGOUT_DISABLED);
}

void
account_deleted(struct str name)
{
	struct reg_account *a = account_named(name);
	uint32_t slot = (uint32_t)(a - W->accounts);
	uint64_t id;

	if (a == NULL)
		return;
	id = a->id;
	log_all_out(a, LOGOUT_DELETED);
	index_del(slot);
	look_account_goes(a);
	entry_begin(&req_nobody);
	txn_open(T, W, a);
	TXN_SET(T, W, a->id, 0);
	txn_close(T, W, a);
	commit_silently();
	freelist_push(&W->free_accounts, slot);
	access_account_gone(id, name);
}

/* --- logging in and out --------------------------------------------------------------------------------------- */

/* Who goes by its account's name may do so; who does no longer, for as long as others. */
static struct reserve
reserved_after(const struct reg_user *u, const struct reg_account *a)
{
	struct reserve r = {0};

	if (a != NULL && account_folded(u->fold, strlen(u->fold)) == a)
		return r;
	if (reserve_check(u->fold, strlen(u->fold), a != NULL ? a->id : 0, u->reserved_until, &r) !=
	    ERR_NONE)
		r = (struct reserve){.until = br.now};
	return r;
}

/* Its name is registered for no longer than it takes to log all out. */
static bool
name_gets_free(const struct reg_user *u, enum logout why)
{
	const struct reg_account *a = account_folded(u->fold, strlen(u->fold));

	return why == LOGOUT_DELETED && a != NULL && account_is_of(a, u);
}

static void
enter(struct reg_user *u, const struct reg_account *a, struct str name, enum logout why)
{
	uint64_t rooms[ROOMS_PER_USER];
	struct reserve reserve = reserved_after(u, a);
	char uhost[UHOST_MAX + 1];
	struct m_e_account m = {.user = u->id,
				.name = user_name(u),
				.uhost = user_uhost(u, uhost),
				.account = name,
				.umodes = u->umodes,
				.reserved = name_gets_free(u, why) ? 0 : reserve.seconds,
				.why = why,
				.was = user_account(u),
				.rooms = rooms_of(u, rooms)};

	access_logout(u);
	account_user_goes(u);
	entry_begin(&req_nobody);
	entry_to_user(u);
	entry_to_rooms_of(u);
	entry_to_watchers();
	entry_to_store();
	user_more_redo((uint32_t)(u - W->users), name, a != NULL ? a->id : 0,
		       user_has_real(u) ? user_real(u) : STR_LIT(""));
	txn_open(T, W, u);
	TXN_SET(T, W, u->more, 1);
	TXN_SET(T, W, u->reserved_until, reserve.until);
	txn_close(T, W, u);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(account, &m);
	account_user_came(u);
	user_renewed(u);
	reserve_watch(reserve.until);
	if (a != NULL)
		access_login(u);
}

void
account_enter(struct reg_user *u, const struct reg_account *a, struct str name)
{
	enter(u, a, name, LOGOUT_WISH);
}
