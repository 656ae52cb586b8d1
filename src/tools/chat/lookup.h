/* lookup.h - host names to addresses in a thread, so that nobody waits for a name server. */
#ifndef CHAT_LOOKUP_H
#define CHAT_LOOKUP_H

#include <netdb.h>

struct lookup;

/* fd of the result: readable when there is one. NULL with errno. */
struct lookup *lookup_new(const char *host, unsigned port);
int lookup_fd(const struct lookup *l);
/* When it is readable: NULL and *why_r, or the addresses: freeaddrinfo(). */
struct addrinfo *lookup_get(struct lookup *l, const char **why_r);
/* At any time; a thread that still waits ends by itself. NULL is fine. */
void lookup_free(struct lookup *l);

#endif
