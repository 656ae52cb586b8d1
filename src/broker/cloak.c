/* cloak.c - see cloak.h. */
#include "config.h"

#include "broker/cloak.h"

#include <string.h>

#include "broker/broker.h"
#include "ipc/proc.h"
#include "lib/net.h"
#include "lib/siphash.h"

#define WORD 8 /* characters of 5 bits: so many networks never share one by accident */

/* How many bits of the address each word is of; 0: no more. IPv4 is mapped into IPv6. */
static const uint8_t levels_v4[] = {128, 120, 112, 0}, levels_v6[] = {128, 64, 48, 32, 0};

static bool
is_v4(const struct net *n)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(n->bytes, mapped, sizeof(mapped)) == 0;
}

static bool
is_this_host(const struct net *n)
{
	static const uint8_t one[16] = {[15] = 1};

	return is_v4(n) ? n->bytes[12] == 127 : memcmp(n->bytes, one, sizeof(one)) == 0;
}

/* The first bits of the address, and how many: as an address and as a network it is two things. */
static void
word(const struct net *n, unsigned bits, const uint8_t key[16], char *out)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t what[17] = {[16] = (uint8_t)bits};
	uint64_t h;

	memcpy(what, n->bytes, bits / 8);
	h = siphash(what, sizeof(what), key);
	for (unsigned i = 0; i < WORD; i++, h >>= 5)
		out[i] = digits[h & 31];
}

bool
cloak_make(const char *address, const uint8_t key[16], char out[HOST_MAX + 1])
{
	struct net n;
	const uint8_t *bits;

	if (!net_parse(address, &n) || n.bits != 128 || is_this_host(&n))
		return false;
	for (bits = is_v4(&n) ? levels_v4 : levels_v6; *bits != 0; bits++) {
		word(&n, *bits, key, out);
		out[WORD] = '.';
		out += WORD + 1;
	}
	memcpy(out, is_v4(&n) ? "ip" : "ip6", is_v4(&n) ? 3 : 4);
	return true;
}

bool
cloak_of(const char *address, char out[HOST_MAX + 1])
{
	return proc.opt.cloaks_enabled && cloak_make(address, br.reg.h->cloak_key, out);
}
