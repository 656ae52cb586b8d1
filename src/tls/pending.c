/* pending.c - see pending.h. Strangers choose the keys, so the hash has a secret. */
#include "config.h"

#include "tls/pending.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/net.h"
#include "lib/siphash.h"
#include "lib/util.h"

static uint8_t hash_key[16];
#define HASH_FUNCTION(p, n, out) ((out) = (unsigned)siphash(p, n, hash_key))
#include <uthash.h>

struct pending {
	uint8_t key[16];
	unsigned n;
	UT_hash_handle hh;
};
static struct pending *table; /* those with any; as many as there are handshakes at most */

static bool
key_of(const char *address, uint8_t key[16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct net n;

	if (!net_parse(address, &n))
		return false;
	memcpy(key, n.bytes, 16);
	if (memcmp(key, mapped, sizeof(mapped)) != 0)
		memset(key + 8, 0, 8);
	return true;
}

bool
pending_add(const char *address, uint64_t limit)
{
	struct pending *p;
	uint8_t key[16];

	if (!key_of(address, key))
		return true;
	if (table == NULL && getrandom(hash_key, sizeof(hash_key), 0) != (ssize_t)sizeof(hash_key))
		fatal("no random numbers: %m");
	HASH_FIND(hh, table, key, sizeof(key), p);
	if (p != NULL && limit > 0 && p->n >= limit)
		return false;
	if (p == NULL) {
		p = xcalloc(1, sizeof(*p));
		memcpy(p->key, key, sizeof(key));
		HASH_ADD(hh, table, key, sizeof(p->key), p);
	}
	p->n++;
	return true;
}

void
pending_remove(const char *address)
{
	struct pending *p;
	uint8_t key[16];

	if (!key_of(address, key))
		return;
	HASH_FIND(hh, table, key, sizeof(key), p);
	CHECK(p != NULL);
	if (--p->n > 0)
		return;
	HASH_DEL(table, p);
	free(p);
}
