/* pending.c - see pending.h. Strangers choose the keys, so the hash has a secret. */
#include "config.h"

#include "tls/pending.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ipc/proc.h"
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

/* False: it is not counted. */
static bool
key_of(const char *address, uint8_t key[16])
{
	struct net n;

	if (!net_parse(address, &n) || net_listed(proc.opt.limits_exempt, &n))
		return false;
	memcpy(key, n.bytes, 16);
	net_cut(key, (unsigned)proc.opt.prefix_v4, (unsigned)proc.opt.prefix_v6);
	return true;
}

bool
pending_add(const char *address, uint64_t limit, struct pending **p_r)
{
	struct pending *p;
	uint8_t key[16];

	*p_r = NULL;
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
	*p_r = p;
	return true;
}

void
pending_remove(struct pending *p)
{
	if (p == NULL || --p->n > 0)
		return;
	HASH_DEL(table, p);
	free(p);
}
