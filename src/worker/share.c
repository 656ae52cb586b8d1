/* share.c - see share.h. Each share knows when its rate would be met exactly (GCRA). Strangers choose the keys, so the hash has a
 * secret. */
#include "config.h"

#include "worker/share.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ipc/proc.h"
#include "lib/name.h"
#include "lib/net.h"
#include "lib/siphash.h"
#include "lib/util.h"
#include "worker/worker.h"

static uint8_t hash_key[16];
#define HASH_FUNCTION(p, n, out) ((out) = (unsigned)siphash(p, n, hash_key))
#include <uthash.h>

#define SECOND 1000000u
#define KEPT_MS 60000 /* after the last connection; what it owes is no more than that */
#define KEPT_MAX 16384

/* The kind is the last byte, so that an address is no account. */
#define KEY_BYTES 17

struct share {
	uint64_t next_us; /* when the next line would be on time */
	unsigned n; /* connections */
	uint8_t key[KEY_BYTES];
	struct due due; /* waits to be forgotten, while it has none */
	UT_hash_handle hh;
};

static struct {
	struct share *table;
	struct due_list kept;
	unsigned nkept;
	/* for each kind: between two lines, 0: no limit; and so far they may be ahead of that */
	uint64_t step_us[SHARES], burst_us[SHARES];
} shares;

static const enum counter throttled[SHARES] = {CTR_throttled_address, CTR_throttled_account};

static void
forget(struct share *s)
{
	due_del(&s->due);
	shares.nkept--;
	HASH_DEL(shares.table, s);
	free(s);
}

static void
kept_fire(struct due *d)
{
	forget((struct share *)((char *)d - offsetof(struct share, due)));
}

static uint64_t
kept_ms(void)
{
	return KEPT_MS;
}

unsigned
share_parts(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORKERS_MAX; i++)
		n += i == proc.index || worker.boards[i].map != NULL;
	return n;
}

static void
rearm(enum share_kind kind, uint64_t factor, bool counted)
{
	const struct options *o = &proc.opt;
	uint64_t workers = share_parts(), burst = o->line_burst ? o->line_burst : o->line_rate;

	shares.step_us[kind] = shares.burst_us[kind] = 0;
	if (o->line_rate == 0 || factor == 0 || !counted)
		return;
	factor = MAX(factor, workers);
	shares.step_us[kind] = MAX(1u, SECOND * workers / (o->line_rate * factor));
	shares.burst_us[kind] = (burst * factor / workers - 1) * shares.step_us[kind];
}

void
share_rearm(void)
{
	rearm(SHARE_ADDRESS, proc.opt.address_factor, proc.opt.max_per_address > 0);
	rearm(SHARE_ACCOUNT, proc.opt.account_factor, proc.opt.max_per_account > 0);
}

void
share_init(struct loop *loop)
{
	due_init(&shares.kept, loop, kept_ms, kept_fire);
	share_rearm();
}

/* --- whose it is ------------------------------------------------------------------------------------- */

static struct share *
share_get(const uint8_t key[KEY_BYTES])
{
	struct share *s;

	if (shares.table == NULL &&
	    getrandom(hash_key, sizeof(hash_key), 0) != (ssize_t)sizeof(hash_key))
		fatal("no random numbers: %m");
	HASH_FIND(hh, shares.table, key, KEY_BYTES, s);
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		memcpy(s->key, key, KEY_BYTES);
		HASH_ADD(hh, shares.table, key, KEY_BYTES, s);
	} else if (s->n == 0) {
		due_del(&s->due);
		shares.nkept--;
	}
	s->n++;
	return s;
}

static void
share_put(struct share *s)
{
	if (s == NULL || --s->n > 0)
		return;
	due_add(&shares.kept, &s->due);
	if (++shares.nkept > KEPT_MAX)
		kept_fire(due_first(&shares.kept));
}

void
share_address(struct conn *c, const char *address)
{
	struct share *was = c->share[SHARE_ADDRESS];
	uint8_t key[KEY_BYTES] = {[16] = SHARE_ADDRESS};
	struct net net;

	c->share[SHARE_ADDRESS] = NULL;
	if (address != NULL && net_parse(address, &net)) {
		memcpy(key, net.bytes, sizeof(net.bytes));
		net_cut(key, (unsigned)proc.opt.prefix_v4, (unsigned)proc.opt.prefix_v6);
		c->share[SHARE_ADDRESS] = share_get(key);
	}
	share_put(was);
}

void
share_account(struct conn *c, const char *name)
{
	struct share *was = c->share[SHARE_ACCOUNT];
	uint8_t key[KEY_BYTES] = {[16] = SHARE_ACCOUNT};
	char fold[NAME_FOLD_MAX];
	ssize_t n = name != NULL ? name_fold(name, strlen(name), fold, sizeof(fold)) : 0;

	c->share[SHARE_ACCOUNT] = NULL;
	if (n > 0) {
		static const uint8_t unkeyed[16]; /* the table has the key */

		siphash128(fold, (size_t)n, unkeyed, key);
		c->share[SHARE_ACCOUNT] = share_get(key);
	}
	share_put(was);
}

/* --- turns --------------------------------------------------------------------------------------------- */

/* When c's next line is due, with all of which it is one; that it comes is counted. */
static uint64_t
turn_get(const struct conn *c, uint64_t now)
{
	uint64_t due = 1;

	for (unsigned k = 0; k < SHARES; k++) {
		struct share *s = c->share[k];

		if (s == NULL || shares.step_us[k] == 0)
			continue;
		s->next_us = MAX(s->next_us, now);
		if (s->next_us > now + shares.burst_us[k]) {
			due = MAX(due, s->next_us - shares.burst_us[k]);
			count(throttled[k]);
		}
		s->next_us += shares.step_us[k];
	}
	return due;
}

bool
share_turn(struct conn *c)
{
	uint64_t now = loop_now_us(worker.loop);

	if (c->turn_us == 0)
		c->turn_us = turn_get(c, now);
	return c->turn_us <= now;
}

void
share_took(struct conn *c)
{
	c->turn_us = 0;
}

void
share_charge(struct conn *c, unsigned n)
{
	uint64_t now = loop_now_us(worker.loop), most = now + (uint64_t)KEPT_MS * 1000;

	for (unsigned k = 0; k < SHARES; k++) {
		if (c->share[k] != NULL && c->share[k]->next_us < most)
			c->share[k]->next_us =
			    MAX(c->share[k]->next_us, now) + n * shares.step_us[k];
	}
}
