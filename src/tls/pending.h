/* pending.h - how many handshakes each address has under way. */
#ifndef TLS_PENDING_H
#define TLS_PENDING_H

#include <stdbool.h>
#include <stdint.h>

struct pending;

/* One more of this address, cut to limits.prefix_v4 and prefix_v6, if that are not more than limit (0: none). False: it is not counted.
 * *p_r is to be given back when it is over; NULL: of limits.exempt, or no address but a Unix socket's, and never too many. */
bool pending_add(const char *address, uint64_t limit, struct pending **p_r);
/* NULL is fine. */
void pending_remove(struct pending *p);

#endif
