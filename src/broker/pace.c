/* pace.c - see pace.h: for each of them when the rate would be met exactly (GCRA), as the master does for addresses. What addresses
 * and accounts have done is in tables of a fixed size, as in guess.c: of four that would share a place, the one is forgotten that
 * has done least. */
#include "config.h"

#include "broker/pace.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/net.h"
#include "lib/siphash.h"
#include "lib/util.h"

#define MINUTE 60000u
#define TARGETS 8 /* so many conversations at a time are one each */

#define SETS 1024u
#define WAYS 4u

struct tally {
	uint64_t next[PACES]; /* wall ms */
};

struct entry {
	uint64_t user; /* whose this is: of the slot's last one it says nothing */
	struct tally tally;
	uint64_t target[TARGETS];
	unsigned ntargets;
};
static struct entry *entries; /* owned; by the user's slot */

struct shared {
	uint8_t key[16];
	struct tally tally;
};
static struct shared addresses[SETS * WAYS], accounts[SETS * WAYS];

static const struct {
	size_t option; /* offset in struct options */
	enum chat_err err;
	enum counter counter;
} paces[PACES] = {
    [PACE_JOIN] = {offsetof(struct options, limits_joins), ERR_PACE_JOIN, CTR_limited_joins},
    [PACE_NICK] = {offsetof(struct options, limits_nicks), ERR_PACE_NICK, CTR_limited_nicks},
    [PACE_INVITE] = {offsetof(struct options, limits_invites), ERR_PACE_INVITE,
		     CTR_limited_invites},
    [PACE_TARGET] = {offsetof(struct options, limits_targets), ERR_PACE_TARGET,
		     CTR_limited_targets},
};

static struct entry *
entry_of(const struct reg_user *u)
{
	struct entry *e;

	if (entries == NULL)
		entries = xcalloc(br.reg.h->max_users, sizeof(*entries));
	e = &entries[u - br.reg.users];
	if (e->user != u->id)
		*e = (struct entry){.user = u->id};
	return e;
}

/* How long until nothing of it counts any more. */
static uint64_t
busy(const struct tally *t)
{
	uint64_t ms = 0;

	for (unsigned i = 0; i < PACES; i++)
		ms += t->next[i] > br.now ? t->next[i] - br.now : 0;
	return ms;
}

static struct tally *
find(struct shared *table, const void *key, size_t n)
{
	uint8_t hash[16];
	struct shared *set, *least;
	uint64_t at;

	siphash128(key, n, br.reg.h->hash_key, hash);
	memcpy(&at, hash, sizeof(at));
	least = set = &table[at % SETS * WAYS];
	for (struct shared *s = set; s < set + WAYS; s++) {
		if (memcmp(s->key, hash, sizeof(hash)) == 0)
			return &s->tally;
		if (busy(&s->tally) < busy(&least->tally))
			least = s;
	}
	*least = (struct shared){0};
	memcpy(least->key, hash, sizeof(hash));
	return &least->tally;
}

static bool
shared_net(const struct reg_user *u, struct net *net)
{
	if (proc.opt.address_factor == 0 || proc.opt.max_per_address == 0 ||
	    !net_parse(u->address, net))
		return false;
	net_cut(net->bytes, (unsigned)proc.opt.prefix_v4, (unsigned)proc.opt.prefix_v6);
	return true;
}

/* NULL: it shares with nobody. */
static struct tally *
of_address(const struct reg_user *u)
{
	struct net net;

	return shared_net(u, &net) ? find(addresses, net.bytes, sizeof(net.bytes)) : NULL;
}

static struct tally *
of_account(const struct reg_user *u)
{
	uint64_t id = user_account_id(u);

	if (proc.opt.account_factor == 0 || proc.opt.max_per_account == 0 || id == 0)
		return NULL;
	return find(accounts, &id, sizeof(id));
}

static bool
is_exempt(const struct reg_user *u)
{
	struct net net;

	if (u->level >= LEVEL_OPERATE)
		return true;
	return proc.opt.limits_exempt[0] != '\0' && net_parse(u->address, &net) &&
	       net_listed(proc.opt.limits_exempt, &net);
}

bool
pace_address(const struct reg_user *u, uint8_t net_r[16])
{
	struct net net;

	if (is_exempt(u) || !shared_net(u, &net))
		return false;
	memcpy(net_r, net.bytes, sizeof(net.bytes));
	return true;
}

/* One who counts what u does: u itself, its address, its account. */
struct counted {
	struct tally *tally; /* NULL: does not */
	uint64_t factor;
	enum chat_err err;
	enum counter counter;
};

static uint64_t
step_of(const struct counted *c, uint64_t rate)
{
	return MINUTE / MIN(rate * c->factor, MINUTE);
}

static bool
has_time(const struct counted *c, enum pace what, uint64_t rate)
{
	uint64_t *next = &c->tally->next[what];

	/* a clock that has been set back is not waited for */
	if (*next < br.now || *next > br.now + MINUTE)
		*next = br.now;
	return *next + step_of(c, rate) <= br.now + MINUTE;
}

enum chat_err
pace_check(const struct reg_user *u, enum pace what)
{
	struct counted by[] = {
	    {NULL, 1, paces[what].err, paces[what].counter},
	    {NULL, proc.opt.address_factor, ERR_PACE_ADDRESS, CTR_limited_address},
	    {NULL, proc.opt.account_factor, ERR_PACE_ACCOUNT, CTR_limited_account},
	};
	uint64_t rate;

	memcpy(&rate, (const char *)&proc.opt + paces[what].option, sizeof(rate));
	if (rate == 0 || is_exempt(u))
		return ERR_NONE;
	by[0].tally = &entry_of(u)->tally;
	by[1].tally = of_address(u);
	by[2].tally = of_account(u);
	for (unsigned i = 0; i < ARRAY_LEN(by); i++) {
		if (by[i].tally != NULL && !has_time(&by[i], what, rate)) {
			count(by[i].counter);
			return by[i].err;
		}
	}
	for (unsigned i = 0; i < ARRAY_LEN(by); i++) {
		if (by[i].tally != NULL)
			by[i].tally->next[what] += step_of(&by[i], rate);
	}
	return ERR_NONE;
}

enum chat_err
pace_check_target(const struct reg_user *u, uint64_t to)
{
	struct entry *e;
	enum chat_err err;

	if (proc.opt.limits_targets == 0)
		return ERR_NONE;
	e = entry_of(u);
	for (unsigned i = 0; i < TARGETS; i++) {
		if (e->target[i] == to)
			return ERR_NONE;
	}
	err = pace_check(u, PACE_TARGET);
	if (err == ERR_NONE)
		e->target[e->ntargets++ % TARGETS] = to;
	return err;
}

void
paces_fini(void)
{
	free(entries);
	entries = NULL;
	memset(addresses, 0, sizeof(addresses));
	memset(accounts, 0, sizeof(accounts));
}
