/* look.c - see look.h.
 *
 * A chained table of keys: a node for each key of each user and account, found by number, so that one that goes needs no search
 * but in its chain. The keys are in the slots, so that a broker's successor has nothing to work out. ICU is asked about names that
 * are not ASCII only: what ASCII looks like is a table (which check_look.c holds against ICU's).
 */
#include "config.h"

#include "broker/look.h"

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ICU
#include <unicode/uspoof.h>
#endif

#include "broker/account.h"
#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/siphash.h"
#include "lib/util.h"

#define W (&br.reg)

/* Node numbers: LOOKS for each user, then LOOKS for each account; in chains one more, so that zero is none. */
static struct {
	uint32_t *heads, *nexts; /* owned */
	uint64_t *keys; /* owned; what is in the chains: a slot may have another name by now */
	uint32_t ncells;
} looks;

#define RESERVED_OWN 5 /* the server's own names */
#define RESERVED_MAX (RESERVED_OWN + 60) /* …and so many of names.reserved */
static uint64_t reserved[RESERVED_MAX][LOOKS];
static unsigned nreserved;

/* --- what a name looks like ---------------------------------------------------------------------------- */

#ifdef HAVE_ICU
/* Also "m", which is two. All others look like themselves, or are in no name. */
static char
ascii_like(char c)
{
	switch (c) {
	case '0':
		return 'O';
	case '1':
	case 'I':
	case '|':
		return 'l';
	case '`':
		return '\'';
	default:
		return c;
	}
}

/* -1: it is not ASCII alone. */
static ssize_t
skeleton_ascii(const char *p, size_t n, char out[LOOK_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] & 0x80 || len + 2 > LOOK_MAX)
			return -1;
		out[len++] = p[i] == 'm' ? 'r' : ascii_like(p[i]);
		if (p[i] == 'm')
			out[len++] = 'n';
	}
	return (ssize_t)len;
}

static ssize_t
skeleton(const char *p, size_t n, char out[LOOK_MAX])
{
	static USpoofChecker *checker;
	UErrorCode err = U_ZERO_ERROR;
	ssize_t len = skeleton_ascii(p, n, out);

	if (len >= 0)
		return len;
	if (checker == NULL)
		checker = uspoof_open(&err);
	len = uspoof_getSkeletonUTF8(checker, 0, p, (int32_t)n, out, LOOK_MAX, &err);
	return U_SUCCESS(err) && len <= LOOK_MAX ? len : -1;
}
#else
static ssize_t
skeleton(const char *p, size_t n, char out[LOOK_MAX])
{
	if (n > LOOK_MAX)
		return -1;
	memcpy(out, p, n);
	return (ssize_t)n;
}
#endif

/* Twice: what a capital looks like may, as a small letter, look like something else. */
size_t
look_of(const char *p, size_t n, char out[LOOK_MAX])
{
	char skel[LOOK_MAX];
	ssize_t len = (ssize_t)MIN(n, LOOK_MAX), got;

	memcpy(out, p, (size_t)len);
	for (unsigned i = 0; i < 2; i++) {
		got = skeleton(out, (size_t)len, skel);
		if (got <= 0)
			break;
		len = got;
		memcpy(out, skel, (size_t)len);
		got = name_fold(skel, (size_t)len, out, LOOK_MAX);
		if (got <= 0) {
			memcpy(out, skel, (size_t)len);
			break;
		}
		len = got;
	}
	return (size_t)len;
}

void
look_keys(struct str name, struct str fold, uint64_t keys[LOOKS])
{
	char out[LOOK_MAX];

	keys[0] = siphash(out, look_of(name.p, name.n, out), W->h->hash_key);
	keys[1] = siphash(out, look_of(fold.p, fold.n, out), W->h->hash_key);
	if (keys[1] == keys[0])
		keys[1] = 0;
}

static bool
keys_meet(const uint64_t a[LOOKS], uint64_t key)
{
	return key != 0 && (a[0] == key || a[1] == key);
}

/* --- the table -------------------------------------------------------------------------------------------- */

static uint32_t
user_node(const struct reg_user *u)
{
	return (uint32_t)(u - W->users) * LOOKS;
}

static uint32_t
account_node(const struct reg_account *a)
{
	return (W->h->max_users + (uint32_t)(a - W->accounts)) * LOOKS;
}

/* The account that a node is of; NULL: it is a user's. */
static const struct reg_account *
account_at(uint32_t node)
{
	return node / LOOKS < W->h->max_users ? NULL : &W->accounts[node / LOOKS - W->h->max_users];
}

static uint32_t *
chain_of(uint64_t key)
{
	return &looks.heads[key & (looks.ncells - 1)];
}

static void
nodes_del(uint32_t node)
{
	for (uint32_t end = node + LOOKS; node < end && looks.ncells > 0; node++) {
		uint32_t *at = chain_of(looks.keys[node]);

		if (looks.keys[node] == 0)
			continue;
		while (*at != 0 && *at != node + 1)
			at = &looks.nexts[*at - 1];
		if (*at != 0)
			*at = looks.nexts[node];
		looks.keys[node] = 0;
	}
}

/* A node is never in two chains, whatever was there before. */
static void
nodes_set(uint32_t node, const uint64_t keys[LOOKS])
{
	nodes_del(node);
	for (unsigned i = 0; i < LOOKS && looks.ncells > 0; i++, node++) {
		uint32_t *head = chain_of(keys[i]);

		if (keys[i] == 0)
			continue;
		looks.keys[node] = keys[i];
		looks.nexts[node] = *head;
		*head = node + 1;
	}
}

void
look_user_came(const struct reg_user *u)
{
	nodes_set(user_node(u), u->looks);
}

void
look_user_goes(const struct reg_user *u)
{
	nodes_del(user_node(u));
}

void
look_account_came(const struct reg_account *a)
{
	nodes_set(account_node(a), a->looks);
}

void
look_account_goes(const struct reg_account *a)
{
	nodes_del(account_node(a));
}

/* --- may it be had? ------------------------------------------------------------------------------------------- */

/* Neither me nor logged in to the same account. */
static bool
is_another(const struct reg_user *u, const struct reg_user *me, uint64_t id)
{
	return u != me && (id == 0 || user_account_id(u) != id);
}

static bool
key_taken(uint64_t key, const struct reg_user *me, uint64_t id)
{
	for (uint32_t at = *chain_of(key); at != 0; at = looks.nexts[at - 1]) {
		const struct reg_account *a = account_at(at - 1);

		if (looks.keys[at - 1] != key)
			continue;
		if (a != NULL ? a->id != id : is_another(&W->users[(at - 1) / LOOKS], me, id))
			return true;
	}
	return false;
}

static bool
key_reserved(uint64_t key)
{
	for (unsigned i = 0; i < nreserved; i++) {
		if (keys_meet(reserved[i], key))
			return true;
	}
	return false;
}

static enum chat_err
looks_refused(void)
{
	count(CTR_limited_looks);
	return ERR_NICK_LOOKS;
}

/* A name that is an account's own is told about as such (reserve.c), unless something else than that account has its look. */
static enum chat_err
check(struct str name, struct str fold, const struct reg_user *me, uint64_t id, bool may_reserved)
{
	const struct reg_account *own = account_folded(fold.p, fold.n);
	uint64_t keys[LOOKS];

	if (!proc.opt.names_lookalikes || looks.ncells == 0 || (own != NULL && own->id == id))
		return ERR_NONE;
	look_keys(name, fold, keys);
	for (unsigned i = 0; i < LOOKS; i++) {
		if (keys[i] != 0 && ((!may_reserved && key_reserved(keys[i])) ||
				     key_taken(keys[i], me, own != NULL ? own->id : id)))
			return looks_refused();
	}
	return ERR_NONE;
}

enum chat_err
look_check(struct str name, struct str fold, const struct reg_user *me, uint64_t id)
{
	return check(name, fold, me, id, false);
}

enum chat_err
look_check_new(struct str name, const struct reg_user *me, bool may_reserved)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));

	return n > 0 ? check(name, (struct str){fold, (size_t)n}, me, 0, may_reserved)
		     : ERR_NICK_BAD;
}

/* --- beginning and end ------------------------------------------------------------------------------------------ */

/* False: there is no room for more. */
static bool
reserve(struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));

	if (n <= 0)
		return true;
	if (nreserved == RESERVED_MAX)
		return false;
	look_keys(name, (struct str){fold, (size_t)n}, reserved[nreserved++]);
	return true;
}

void
looks_options(const struct options *opt)
{
	static const char *const always[] = {"server", "Server", "NickServ", "ChanServ"};
	char words[sizeof(opt->names_reserved)], *rest = words;

	nreserved = 0;
	for (unsigned i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		reserve(str_of(always[i]));
	reserve(str_of(opt->name));
	bprintf(words, sizeof(words), "%s", opt->names_reserved);
	for (const char *w; (w = strsep(&rest, " ")) != NULL;) {
		if (reserve(str_of(w)))
			continue;
		log_warn("names.reserved: only the first %u names are reserved",
			 RESERVED_MAX - RESERVED_OWN);
		break;
	}
}

void
looks_fini(void)
{
	free(looks.heads);
	free(looks.nexts);
	free(looks.keys);
	memset(&looks, 0, sizeof(looks));
}

void
looks_rebuild(void)
{
	uint32_t nodes = (W->h->max_users + W->h->max_accounts) * LOOKS;
	char out[LOOK_MAX];

	looks_fini();
	for (looks.ncells = 64; looks.ncells < nodes;)
		looks.ncells *= 2;
	looks.heads = xcalloc(looks.ncells, sizeof(uint32_t));
	looks.nexts = xcalloc(nodes, sizeof(uint32_t));
	looks.keys = xcalloc(nodes, sizeof(uint64_t));
	for (uint32_t i = 0; i < W->h->user_top; i++) {
		if (W->users[i].id != 0)
			look_user_came(&W->users[i]);
	}
	for (uint32_t i = 0; i < W->h->account_top; i++) {
		if (W->accounts[i].id != 0)
			look_account_came(&W->accounts[i]);
	}
	looks_options(&proc.opt);
#ifndef HAVE_ICU
	if (proc.opt.names_lookalikes)
		log_notice("built without ICU: names that look like others are not refused");
#endif
	/* what ICU needs it gets now, while this process may still do anything */
	look_of("\u00e9", 2, out);
}
