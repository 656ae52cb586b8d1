/* mask.c - see mask.h. */
#include "config.h"

#include "broker/mask.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/ipc.h"
#include "lib/text.h"
#include "lib/util.h"

static bool
parse_net(const char *s, struct net *n)
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
	if (*end != '\0' || bits > (v4 ? 32u : 128u))
		return false;
	n->bits = (unsigned)bits + (v4 ? 96u : 0u);
	return true;
}

static bool
in_net(const struct net *net, const struct net *a)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (memcmp(net->bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || ((net->bytes[whole] ^ a->bytes[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

bool
glob_match(const char *p, const char *s)
{
	const char *star = NULL, *again = NULL;

	while (*s != '\0') {
		if (*p == '*') {
			star = p++;
			again = s;
		} else if (*p == '?') {
			/* a character, whatever its bytes */
			for (s++; ((unsigned char)*s & 0xc0) == 0x80; s++)
				;
			p++;
		} else if (*p == *s && *p != '\0') {
			p++;
			s++;
		} else if (star != NULL) {
			p = star + 1;
			s = ++again;
		} else
			return false;
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

static size_t
fold_mask(const char *mask, char *out, size_t cap)
{
	ssize_t n = name_fold(mask, strlen(mask), out, cap - 1);

	out[MAX(n, 0)] = '\0';
	return (size_t)MAX(n, 0);
}

bool
mask_valid(const char *mask, size_t n)
{
	char fold[MASK_MAX * 2];
	struct net net;
	char text[MASK_MAX + 1];

	if (n == 0 || n > MASK_MAX || !text_is_clean(mask, n, 0))
		return false;
	memcpy(text, mask, n);
	text[n] = '\0';
	if (parse_net(text, &net))
		return true;
	return strpbrk(text, " /,") == NULL && fold_mask(text, fold, sizeof(fold)) > 0;
}

void
mask_compile(struct mask *m, const char *text)
{
	memset(m, 0, sizeof(*m));
	m->is_net = parse_net(text, &m->net);
	if (!m->is_net)
		fold_mask(text, m->fold, sizeof(m->fold));
}

bool
mask_fits(const struct mask *m, struct mask_subject *s)
{
	if (!m->is_net)
		return m->fold[0] != '\0' && glob_match(m->fold, s->fold);
	if (!s->parsed) {
		s->parsed = true;
		s->is_net = parse_net(s->address, &s->net);
	}
	return s->is_net && in_net(&m->net, &s->net);
}

bool
mask_match(const char *mask, const char *fold, const char *address)
{
	struct mask_subject s = {.fold = fold, .address = address};
	struct mask m;

	mask_compile(&m, mask);
	return mask_fits(&m, &s);
}
