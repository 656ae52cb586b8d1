/* proxy.h - the header that a proxy puts before a connection's bytes, to say whose they are (HAProxy's PROXY protocol,
 * versions 1 and 2: "The PROXY protocol", proxy-protocol.txt, sections 2.1 and 2.2). Pure. */
#ifndef LIB_PROXY_H
#define LIB_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/net.h"

#define PROXY_MAX 2048 /* bytes of a header, what version 2 appends to the addresses included */

struct proxy_from {
	bool
	    known; /* false: it is the proxy's own connection, or it does not tell; the rest is empty then */
	bool tls; /* the client speaks TLS with the proxy (version 2, PP2_TYPE_SSL) */
	char address[NET_TEXT_MAX]; /* in the one form of net_show */
	uint16_t port;
};

/* The header that n bytes at p begin with: its length, and what it says in *f. 0: more is needed to tell. -1: it is none, or one
 * that nobody has to send: longer than PROXY_MAX, not of TCP or a Unix socket. */
ssize_t proxy_parse(const void *p, size_t n, struct proxy_from *f);

#endif
