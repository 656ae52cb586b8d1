/* guess.c - see guess.h. */
#include "config.h"

#include "broker/guess.h"

#include <string.h>

#include "broker/auth.h"
#include "broker/broker.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/net.h"
#include "lib/siphash.h"
#include "lib/util.h"

#define SETS 256u
#define WAYS 4u
#define WAIT_MS 10000 /* one wrong one is forgotten in each */
#define ASKED_FOR_MAX 8 /* being checked at the same time, for an account */
#define ASKED_FROM_MAX (AUTH_PENDING_MAX / 2) /* from an address: a class comes back at once */

struct guess {
	uint8_t key[16];
	uint64_t wrong_at; /* mono ms of the last one, or since when one less counts */
	unsigned wrong, asked;
	unsigned wrong_max, asked_max;
};

static struct guess addresses[SETS * WAYS], names[SETS * WAYS];

static void
forgive(struct guess *g)
{
	uint64_t now = loop_now(proc.loop);

	for (; g->wrong > 0 && now - g->wrong_at >= WAIT_MS; g->wrong_at += WAIT_MS)
		g->wrong--;
}

static struct guess *
find(struct guess *table, const void *key, size_t n, unsigned wrong_max, unsigned asked_max)
{
	uint8_t hash[16];
	struct guess *set, *least;
	uint64_t at;

	siphash128(key, n, br.reg.h->hash_key, hash);
	memcpy(&at, hash, sizeof(at));
	least = set = &table[at % SETS * WAYS];
	for (struct guess *g = set; g < set + WAYS; g++) {
		if (g->wrong_max != 0 && memcmp(g->key, hash, sizeof(hash)) == 0)
			return g;
		forgive(g);
		if (g->wrong + g->asked < least->wrong + least->asked)
			least = g;
	}
	*least = (struct guess){.wrong_max = wrong_max, .asked_max = asked_max};
	memcpy(least->key, hash, sizeof(hash));
	return least;
}

static struct net
network_of(struct str address)
{
	char text[64];
	struct net n = {.bits = 0};

	bprintf(text, sizeof(text), STR_FMT, STR_ARG(address));
	if (net_parse(text, &n) && memcmp(n.bytes, (const uint8_t[10]){0}, 10) != 0)
		memset(n.bytes + 8, 0, 8);
	return n;
}

uint64_t
guess_network(struct str address)
{
	struct net n = network_of(address);

	return siphash(n.bytes, sizeof(n.bytes), br.reg.h->hash_key);
}

struct guess *
guess_from(struct str address)
{
	struct net n = network_of(address);

	/* behind one address there may be many people */
	return find(addresses, n.bytes, sizeof(n.bytes), 20, ASKED_FROM_MAX);
}

struct guess *
guess_for(struct str fold)
{
	return find(names, fold.p, fold.n, 5, ASKED_FOR_MAX);
}

bool
guess_may(struct guess *g)
{
	if (g == NULL)
		return true;
	forgive(g);
	return g->wrong < g->wrong_max && g->asked < g->asked_max;
}

enum chat_err
guess_why_not(const struct guess *g)
{
	return g != NULL && g->wrong >= g->wrong_max ? ERR_TRIES : ERR_BUSY;
}

unsigned
guess_begin(struct guess *g)
{
	return g != NULL ? g->asked++ : 0;
}

void
guess_end(struct guess *g)
{
	if (g != NULL)
		g->asked -= g->asked > 0;
}

void
guess_wrong(struct guess *g)
{
	if (g != NULL && g->wrong++ == 0)
		g->wrong_at = loop_now(proc.loop);
}

void
guess_fini(void)
{
	memset(addresses, 0, sizeof(addresses));
	memset(names, 0, sizeof(names));
}
