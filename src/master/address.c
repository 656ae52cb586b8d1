/* address.c - see address.h. Strangers choose the keys, so the hash has a secret. */
#include "config.h"

#include "master/address.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "lib/net.h"
#include "lib/siphash.h"
#include "lib/util.h"
#include "master/sockaddr.h"

static uint8_t hash_key[16];
#define HASH_FUNCTION(p, n, out) ((out) = (unsigned)siphash(p, n, hash_key))
#include <uthash.h>

#define IDLE_MAX 262144 /* of those with connections there are no more than connections */
#define SECOND 1000000u

struct address {
	uint8_t key[16];
	unsigned count;
	uint64_t next_us; /* when the rate would be met exactly (GCRA) */
	UT_hash_handle hh;
	TAILQ_ENTRY(address) idle; /* while count is 0 */
};

static struct address *table;
static TAILQ_HEAD(, address) idle = TAILQ_HEAD_INITIALIZER(idle); /* since when, oldest first */
static unsigned nidle;

static void
idle_add(struct address *a)
{
	TAILQ_INSERT_TAIL(&idle, a, idle);
	nidle++;
}

static void
idle_remove(struct address *a)
{
	TAILQ_REMOVE(&idle, a, idle);
	nidle--;
}

static void
forget(struct address *a)
{
	idle_remove(a);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyzer does not see that the macro takes it out */
	HASH_DEL(table, a);
	free(a);
}

static bool
needless(const struct address *a, uint64_t now_us)
{
	return a->count == 0 && a->next_us <= now_us;
}

struct address *
address_get(const uint8_t bytes[16], unsigned prefix_v4, unsigned prefix_v6, uint64_t now_us)
{
	static bool keyed;
	struct address *a;
	uint8_t key[16];

	if (!keyed)
		keyed = getrandom(hash_key, sizeof(hash_key), 0) == (ssize_t)sizeof(hash_key);
	memcpy(key, bytes, sizeof(key));
	/* this host is one, whatever they are */
	if (!sockaddr_is_loopback(bytes))
		net_cut(key, prefix_v4, prefix_v6);
	HASH_FIND(hh, table, key, sizeof(key), a);
	if (a != NULL)
		return a;
	if (nidle >= IDLE_MAX)
		forget(TAILQ_FIRST(&idle)); /* needed or not */
	a = xcalloc(1, sizeof(*a));
	memcpy(a->key, key, sizeof(key));
	a->next_us = now_us;
	HASH_ADD(hh, table, key, sizeof(a->key), a);
	idle_add(a);
	return a;
}

bool
address_rate(struct address *a, uint64_t rate, uint64_t now_us)
{
	uint64_t step;

	if (rate == 0)
		return true;
	step = SECOND / MIN(rate, SECOND);
	if (a->next_us < now_us)
		a->next_us = now_us;
	if (a->next_us + step > now_us + SECOND)
		return false;
	a->next_us += step;
	return true;
}

unsigned
address_count(const struct address *a)
{
	return a->count;
}

void
address_add(struct address *a)
{
	if (a->count++ == 0)
		idle_remove(a);
}

void
address_remove(struct address *a)
{
	CHECK(a->count > 0);
	if (--a->count == 0)
		idle_add(a);
}

void
address_put(struct address *a, uint64_t now_us)
{
	if (needless(a, now_us))
		forget(a);
}

void
address_sweep(uint64_t now_us)
{
	struct address *a, *next;

	for (a = TAILQ_FIRST(&idle); a != NULL; a = next) {
		next = TAILQ_NEXT(a, idle);
		if (needless(a, now_us))
			forget(a);
	}
}
