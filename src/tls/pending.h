/* pending.h - how many handshakes each address has under way. */
#ifndef TLS_PENDING_H
#define TLS_PENDING_H

#include <stdbool.h>
#include <stdint.h>

/* One more of this address (an IPv6 host owns its /64), if that are not more than limit (0: none). False: it is not counted. What is
 * no address is a Unix socket's, and never too many. */
bool pending_add(const char *address, uint64_t limit);
/* One that was counted is over. */
void pending_remove(const char *address);

#endif
