/* server.h - how a server is named: host and port, and the key that it is known by. Pure. */
#ifndef CHAT_SERVER_H
#define CHAT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER_PIN_LEN 32

/* "HOST", "HOST:PORT", "[::1]:6697", "::1". False: it is none. port_r: 0 if there is none. */
bool server_parse(const char *s, char *host, size_t cap, unsigned *port_r);

/* A host's name or address that means this host, whatever a name server says. */
bool server_is_local(const char *host);

/* Do both mean the same server? */
bool server_same(const char *host, const char *other);

/* A SHA-256: "sha256//BASE64", or hexadecimal, with ':' or without. False: it is neither. */
bool server_pin(const char *s, uint8_t pin[SERVER_PIN_LEN]);

#endif
