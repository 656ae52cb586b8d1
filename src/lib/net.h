/* net.h - an IP address or network as text, taken apart for comparing. Pure. */
#ifndef LIB_NET_H
#define LIB_NET_H

#include <stdbool.h>
#include <stdint.h>

/* In one form: IPv4 as IPv4-mapped IPv6. */
struct net {
	uint8_t bytes[16];
	unsigned bits; /* how many of them count; 128: an address */
};

/* "192.0.2.7", "192.0.2.0/24", "2001:db8::/32". False: it is neither. */
bool net_parse(const char *s, struct net *n);
#define NET_TEXT_MAX 46
/* An address (its network's length is not shown) in the one form that it has everywhere, IPv4-mapped as IPv4. */
void net_show(const struct net *n, char out[NET_TEXT_MAX]);
/* Is a in net? */
bool net_has(const struct net *net, const struct net *a);
/* Is it this host's own: 127.0.0.0/8, ::1? */
bool net_is_loopback(const struct net *n);

/* What is behind the first bits of an address is cleared: so many of IPv4 (32 at most), or IPv6. */
void net_cut(uint8_t bytes[16], unsigned bits_v4, unsigned bits_v6);
/* Is a in one of these networks, with spaces between? What is none among them is passed over. */
bool net_listed(const char *nets, const struct net *a);

#endif
