/* address.h - how many connections each address has, and how fast it makes new ones. */
#ifndef MASTER_ADDRESS_H
#define MASTER_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

struct address;

/* The entry of an address (sockaddr_bytes), made if need be: of the network around it, so many bits of IPv4 or IPv6. Of those without
 * connections the table has so many at most, and forgets the one that is so for longest. Never NULL. */
struct address *address_get(const uint8_t bytes[16], unsigned prefix_v4, unsigned prefix_v6,
			    uint64_t now_us);

/* May it make a connection now, at `rate` a second (0: no limit), a second's worth at once? Counts
 * it if so. */
bool address_rate(struct address *a, uint64_t rate, uint64_t now_us);

unsigned address_count(const struct address *a);
/* One connection more, or fewer. */
void address_add(struct address *a);
void address_remove(struct address *a);
/* a is not looked at any more: it may be forgotten now. */
void address_put(struct address *a, uint64_t now_us);

/* Forget addresses that have neither connections nor a rate to remember; a few times a minute. */
void address_sweep(uint64_t now_us);

#endif
