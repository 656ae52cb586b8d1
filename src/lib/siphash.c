/* siphash.c - SipHash-2-4, after the paper "SipHash: a fast short-input PRF" (2012) and,
 * for 128 bits, the authors' reference implementation. */
#include "config.h"
#include "lib/siphash.h"

#include <string.h>

#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))

static uint64_t
get64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	return x;
}

static void
put64(uint8_t *p, uint64_t x)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	x = __builtin_bswap64(x);
#endif
	memcpy(p, &x, sizeof(x));
}

static inline void
rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[1] = ROTL(v[1], 13) ^ v[0];
		v[0] = ROTL(v[0], 32);
		v[2] += v[3];
		v[3] = ROTL(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = ROTL(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = ROTL(v[1], 17) ^ v[2];
		v[2] = ROTL(v[2], 32);
	}
}

static inline void
absorb(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	rounds(v, 2);
	v[0] ^= m;
}

/* Everything up to the finalization, which is where the two widths part. */
static inline void
compress(uint64_t v[4], const uint8_t *p, size_t n, const uint8_t key[16])
{
	uint64_t k0 = get64(key), k1 = get64(key + 8), last = (uint64_t)n << 56;
	size_t i, whole = n & ~(size_t)7;

	v[0] ^= k0 ^ 0x736f6d6570736575;
	v[1] ^= k1 ^ 0x646f72616e646f6d;
	v[2] ^= k0 ^ 0x6c7967656e657261;
	v[3] ^= k1 ^ 0x7465646279746573;
	for (i = 0; i < whole; i += 8)
		absorb(v, get64(p + i));
	for (; i < n; i++)
		last |= (uint64_t)p[i] << 8 * (i & 7);
	absorb(v, last);
}

static inline uint64_t
squeeze(uint64_t v[4])
{
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
siphash(const void *p, size_t n, const uint8_t key[16])
{
	uint64_t v[4] = {0};

	compress(v, p, n, key);
	v[2] ^= 0xff;
	return squeeze(v);
}

void
siphash128(const void *p, size_t n, const uint8_t key[16], uint8_t out[16])
{
	uint64_t v[4] = {0, 0xee, 0, 0};

	compress(v, p, n, key);
	v[2] ^= 0xee;
	put64(out, squeeze(v));
	v[1] ^= 0xdd;
	put64(out + 8, squeeze(v));
}
