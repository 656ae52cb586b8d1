/* resolve.h - the addresses behind a name in `listen`. */
#ifndef MASTER_RESOLVE_H
#define MASTER_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define RESOLVED_MAX 16

struct resolved {
	int error; /* of getaddrinfo(3) */
	unsigned n;
	struct sockaddr_storage addr[RESOLVED_MAX];
	socklen_t len[RESOLVED_MAX];
};

/* What to listen on for host (a name or an address, never empty) and port (0: a free one); more than RESOLVED_MAX are left out.
 * NULL, or what is wrong, to be shown. until: a time of mono_ms() at which it is given up, in a process of its own, because
 * resolvers may take half a minute; 0: as long as they take. An address is never waited for. */
const char *resolve(const char *host, uint16_t port, uint64_t until, struct resolved *r);

#endif
