/* mask.h - does a ban or mute mask fit somebody? Bounded time whatever the mask. */
#ifndef BROKER_MASK_H
#define BROKER_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* A mask is an address ("192.0.2.7", "2001:db8::1"), a network ("192.0.2.0/24"), or a name with
 * * and ? ("spam*"), compared folded. */
bool mask_valid(const char *mask, size_t n);

/* An address or network in one form: IPv4 as IPv4-mapped IPv6. */
struct net {
	uint8_t bytes[16];
	unsigned bits;
};

/* A mask taken apart once, for matching often. */
struct mask {
	bool is_net;
	struct net net;
	char fold[2 * MASK_MAX]; /* when it is a name */
};

/* Somebody to be matched; the address is parsed when a network asks for it. */
struct mask_subject {
	const char *fold, *address; /* folded name; address as text */
	bool parsed, is_net;
	struct net net;
};

/* text: valid (mask_valid), terminated. */
void mask_compile(struct mask *m, const char *text);
bool mask_fits(const struct mask *m, struct mask_subject *s);
/* Both at once, for a single look. */
bool mask_match(const char *mask, const char *fold, const char *address);

/* * any bytes, ? one character; at most strlen(pattern) * strlen(s) steps. */
bool glob_match(const char *pattern, const char *s);

#endif
