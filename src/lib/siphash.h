/* siphash.h - SipHash-2-4 (Aumasson, Bernstein 2012): the keyed hash of all tables whose
 * keys strangers choose, and of addresses in host masks.  With a key that nobody
 * outside knows, collisions cannot be chosen.
 */
#ifndef LIB_SIPHASH_H
#define LIB_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* 64 bits, the same number on little and big endian hosts. */
uint64_t siphash(const void *p, size_t n, const uint8_t key[16]);

/* The variant with 128 bits of output, bytes in the order of the reference. */
void siphash128(const void *p, size_t n, const uint8_t key[16], uint8_t out[16]);

#endif
