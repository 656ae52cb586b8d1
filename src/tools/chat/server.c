/* server.c - see server.h. */
#include "config.h"

#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "proto/sasl.h"
#include "url.h"

bool
server_parse(const char *s, char *host, size_t cap, unsigned *port_r)
{
	const char *colon = strrchr(s, ':'), *end = s + strlen(s);
	unsigned long port = 0;
	char *rest;

	*port_r = 0;
	if (s[0] == '[') {
		const char *close = strchr(s, ']');

		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return false;
		colon = close[1] == ':' ? close + 1 : NULL;
		end = close;
		s++;
	} else if (colon != NULL && strchr(s, ':') != colon) {
		colon = NULL; /* an IPv6 address */
	}
	if (colon != NULL) {
		port = strtoul(colon + 1, &rest, 10);
		if (colon[1] < '0' || colon[1] > '9' || *rest != '\0' || port == 0 || port > 65535)
			return false;
		end = MIN(end, colon);
	}
	*port_r = (unsigned)port;
	if (end <= s || (size_t)(end - s) >= cap)
		return false;
	bprintf(host, cap, "%.*s", (int)(end - s), s);
	return true;
}

bool
server_pin(const char *s, uint8_t pin[SERVER_PIN_LEN])
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	if (strncmp(s, "sha256//", 8) == 0)
		return base64_decode(str_of(s + 8), (char *)pin, SERVER_PIN_LEN) == SERVER_PIN_LEN;
	if (strncasecmp(s, "sha256:", 7) == 0)
		s += 7;
	for (; *s != '\0'; s++) {
		const char *d = strchr(digits, *s >= 'A' && *s <= 'F' ? *s + 32 : *s);

		if (*s == ':')
			continue;
		if (d == NULL || n == 2 * SERVER_PIN_LEN)
			return false;
		if (n % 2 == 0)
			pin[n / 2] = 0;
		pin[n / 2] = (uint8_t)(pin[n / 2] * 16 + (d - digits));
		n++;
	}
	return n == 2 * SERVER_PIN_LEN;
}

bool
server_is_local(const char *host)
{
	struct net n;

	return strcasecmp(host, "localhost") == 0 || (net_parse(host, &n) && net_is_loopback(&n));
}

bool
server_same(const char *host, const char *other)
{
	return strcasecmp(host, other) == 0 || (server_is_local(host) && server_is_local(other));
}
