/* net.c - see net.h. */
#include "config.h"

#include "lib/net.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/str.h"
#include "lib/util.h"

bool
net_parse(const char *s, struct net *n)
{
	const char *slash = strchr(s, '/');
	char host[INET6_ADDRSTRLEN];
	size_t len = slash != NULL ? (size_t)(slash - s) : strlen(s);
	unsigned long bits;
	bool v4;
	char *end;

	if (len == 0 || len >= sizeof(host))
		return false;
	memcpy(host, s, len);
	host[len] = '\0';
	memset(n, 0, sizeof(*n));
	v4 = inet_pton(AF_INET, host, n->bytes + 12) == 1;
	if (v4)
		n->bytes[10] = n->bytes[11] = 0xff;
	else if (inet_pton(AF_INET6, host, n->bytes) != 1)
		return false;
	n->bits = 128;
	if (slash == NULL)
		return true;
	if (slash[1] < '0' || slash[1] > '9')
		return false;
	bits = strtoul(slash + 1, &end, 10);
	/* no more digits than it needs: net_listed has room for no more */
	if (*end != '\0' || end - slash > 4 || bits > (v4 ? 32u : 128u))
		return false;
	n->bits = (unsigned)bits + (v4 ? 96u : 0u);
	return true;
}

void
net_show(const struct net *n, char out[NET_TEXT_MAX])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool v4 = memcmp(n->bytes, mapped, sizeof(mapped)) == 0;

	inet_ntop(v4 ? AF_INET : AF_INET6, n->bytes + (v4 ? 12 : 0), out, NET_TEXT_MAX);
}

bool
net_has(const struct net *net, const struct net *a)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (memcmp(net->bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || ((net->bytes[whole] ^ a->bytes[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

void
net_cut(uint8_t bytes[16], unsigned bits_v4, unsigned bits_v6)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool v4 = memcmp(bytes, mapped, sizeof(mapped)) == 0;

	for (unsigned i = v4 ? 96 + bits_v4 : bits_v6; i < 128; i++)
		bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
}

bool
net_listed(const char *nets, const struct net *a)
{
	struct str rest = str_of(nets), one;
	struct net net;
	char word[64];

	while (str_next(&rest, ' ', &one)) {
		bprintf(word, sizeof(word), STR_FMT, STR_ARG(one));
		if (one.n < sizeof(word) && net_parse(word, &net) && net_has(&net, a))
			return true;
	}
	return false;
}

bool
net_is_loopback(const struct net *n)
{
	return net_listed("127.0.0.0/8 ::1", n);
}
