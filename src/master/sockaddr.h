/* sockaddr.h - socket addresses as text, and what kind they are. IPv4 inside IPv6 is IPv4. */
#ifndef MASTER_SOCKADDR_H
#define MASTER_SOCKADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* 16 bytes of IPv6, or of IPv4 mapped into it (RFC 4291 section 2.5.5.2); false for other families. */
bool sockaddr_bytes(const struct sockaddr *sa, uint8_t out[16]);
bool sockaddr_is_loopback(const uint8_t bytes[16]);
bool sockaddr_is_any(const uint8_t bytes[16]);
/* Can only one socket listen on both? "::" takes what comes for IPv4 addresses too. Never for port 0. */
bool sockaddr_same_place(const struct sockaddr *a, const struct sockaddr *b);
/* "192.0.2.1", "2001:db8::1"; "unix" for a Unix socket. Returns out. */
char *sockaddr_text(const struct sockaddr *sa, char *out, size_t cap);
uint16_t sockaddr_port(const struct sockaddr *sa); /* 0 for a Unix socket */

#endif
