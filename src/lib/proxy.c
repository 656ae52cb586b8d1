/* proxy.c - see proxy.h. Nothing is taken that is not exactly as described: whoever believes it gives away an address. */
#include "config.h"

#include "lib/proxy.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/str.h"
#include "lib/util.h"

#define V1_MAX 107 /* its line, CR LF included */
#define V2_HEAD 16
#define V2_TLS 0x20 /* PP2_TYPE_SSL */

static const char v2_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static void
from_bytes(struct proxy_from *f, bool v4, const uint8_t *address, unsigned port)
{
	struct net n = {.bits = 128};

	if (v4) {
		n.bytes[10] = n.bytes[11] = 0xff;
		memcpy(n.bytes + 12, address, 4);
	} else
		memcpy(n.bytes, address, 16);
	net_show(&n, f->address);
	f->port = (uint16_t)port;
	f->known = true;
}

/* --- version 1: a line ----------------------------------------------------------------------------------- */

/* The next word, which one space ends, or the line's end; false: there is none. */
static bool
word(const char **p, const char *end, char *out, size_t cap)
{
	size_t n = 0;

	while (*p + n < end && (*p)[n] != ' ')
		n++;
	if (n == 0 || n >= cap)
		return false;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n;
	if (*p < end)
		++*p;
	return true;
}

/* -1: no port. */
static long
port_of(const char *s)
{
	long v = 0;

	if (s[0] == '0' && s[1] != '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = 10 * v + (*s - '0');
	}
	return v <= UINT16_MAX ? v : -1;
}

/* What stands behind "PROXY ". */
static bool
v1_words(const char *p, const char *end, struct proxy_from *f)
{
	char family[8], address[2][48], port[2][6];
	uint8_t bytes[2][16];
	bool v4;

	if (!word(&p, end, family, sizeof(family)))
		return false;
	if (strcmp(family, "UNKNOWN") == 0)
		return true; /* whatever follows */
	v4 = strcmp(family, "TCP4") == 0;
	if (!v4 && strcmp(family, "TCP6") != 0)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		if (!word(&p, end, address[i], sizeof(address[i])) ||
		    inet_pton(v4 ? AF_INET : AF_INET6, address[i], bytes[i]) != 1)
			return false;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (!word(&p, end, port[i], sizeof(port[i])) || port_of(port[i]) < 0)
			return false;
	}
	if (p != end || end[-1] == ' ')
		return false;
	from_bytes(f, v4, bytes[0], (unsigned)port_of(port[0]));
	return true;
}

static ssize_t
v1(const char *p, size_t n, struct proxy_from *f)
{
	const char *cr = memchr(p, '\r', MIN(n, V1_MAX));

	if (cr == NULL || cr == p + n - 1)
		return n < V1_MAX ? 0 : -1;
	if (cr[1] != '\n' || cr + 2 > p + V1_MAX || memchr(p, '\0', (size_t)(cr - p)) != NULL)
		return -1;
	return v1_words(p + 6, cr, f) ? cr + 2 - p : -1;
}

/* --- version 2: bytes ------------------------------------------------------------------------------------------ */

static unsigned
u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* What follows the addresses: type, length, value. False: it does not fit. */
static bool
v2_more(const uint8_t *p, const uint8_t *end, struct proxy_from *f)
{
	while (p < end) {
		if (end - p < 3 || end - p - 3 < (ptrdiff_t)u16(p + 1))
			return false;
		if (p[0] == V2_TLS && u16(p + 1) >= 5)
			f->tls = p[3] & 1; /* PP2_CLIENT_SSL */
		p += 3 + u16(p + 1);
	}
	return true;
}

/* By the byte of family and protocol: how long the addresses are. */
static const struct family {
	uint8_t byte, len, ports; /* where the ports begin */
} families[] = {{0x11, 12, 8}, {0x21, 36, 32}, {0x31, 216, 0}};

static bool
v2_addresses(const uint8_t *p, size_t n, struct proxy_from *f)
{
	const uint8_t *body = p + V2_HEAD;
	const struct family *a = NULL;

	if (p[13] == 0x00)
		return true; /* not told; whatever follows */
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (families[i].byte == p[13])
			a = &families[i];
	}
	if (a == NULL || n < a->len)
		return false;
	if (!v2_more(body + a->len, body + n, f))
		return false;
	if (a->ports > 0)
		from_bytes(f, a->ports == 8, body, u16(body + a->ports));
	return true;
}

static ssize_t
v2(const uint8_t *p, size_t n, struct proxy_from *f)
{
	size_t len;

	if (n < V2_HEAD)
		return 0;
	len = u16(p + 14);
	if (p[12] != 0x20 && p[12] != 0x21)
		return -1;
	if (len > PROXY_MAX - V2_HEAD)
		return -1;
	if (n < V2_HEAD + len)
		return 0;
	if (p[12] == 0x21 && !v2_addresses(p, len, f))
		return -1;
	if (!f->known)
		f->tls = false;
	return (ssize_t)(V2_HEAD + len);
}

ssize_t
proxy_parse(const void *p, size_t n, struct proxy_from *f)
{
	static const char v1_begin[6] = "PROXY ";

	*f = (struct proxy_from){0};
	if (n == 0)
		return 0;
	if (memcmp(p, v2_signature, MIN(n, sizeof(v2_signature))) == 0)
		return v2(p, n, f);
	if (memcmp(p, v1_begin, MIN(n, sizeof(v1_begin))) == 0)
		return n > sizeof(v1_begin) ? v1(p, n, f) : 0;
	return -1;
}
