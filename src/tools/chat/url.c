/* url.c - see url.h. */
#include "config.h"

#include "url.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"

static bool
has_prefix(struct str s, const char *prefix)
{
	return s.n >= strlen(prefix) && strncasecmp(s.p, prefix, strlen(prefix)) == 0;
}

static bool
all_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f || strchr("\"<>\\^`{|}", c) != NULL)
			return false;
	}
	return true;
}

/* ":8443" or nothing behind the host. */
static bool
get_port(struct str s, struct url *u)
{
	unsigned port = 0;

	u->port = u->https ? 443 : 80;
	if (s.n == 0)
		return true;
	if (s.p[0] != ':' || s.n < 2 || s.n > 6)
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		port = port * 10 + (unsigned)(s.p[i] - '0');
	}
	u->port = port;
	return port > 0 && port <= 65535;
}

static bool
get_host(struct str s, struct url *u)
{
	size_t n;
	bool six = s.n > 0 && s.p[0] == '[';
	const char *end = s.n > 0 ? memchr(s.p, six ? ']' : ':', s.n) : NULL;

	if (six && end == NULL)
		return false;
	n = end != NULL ? (size_t)(end - s.p) : s.n;
	if (!get_port((struct str){s.p + n + six, s.n - n - six}, u))
		return false;
	if (six) {
		s.p++;
		n--;
	}
	if (n == 0 || n > URL_HOST_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		u->host[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	u->host[n] = '\0';
	return true;
}

const char *
url_parse(struct str s, struct url *u)
{
	struct str authority;
	size_t i;

	*u = (struct url){.https = has_prefix(s, "https://")};
	if (!u->https && !has_prefix(s, "http://"))
		return "only https addresses are fetched";
	if (s.n > URL_MAX || !all_plain(s))
		return "that is not a web address";
	s.p += u->https ? 8 : 7;
	s.n -= u->https ? 8 : 7;
	for (i = 0; i < s.n && strchr("/?#", s.p[i]) == NULL; i++)
		;
	authority = (struct str){s.p, i};
	if (i > 0 && memchr(s.p, '@', i) != NULL)
		return "no user name or password may be in the address";
	if (!get_host(authority, u))
		return "that is not a web address";
	u->path = (struct str){s.p + i, 0};
	while (i + u->path.n < s.n && s.p[i] == '/' && strchr("?#", u->path.p[u->path.n]) == NULL)
		u->path.n++;
	return NULL;
}

static int
hex(char c)
{
	const char *digits = "0123456789abcdef", *p;

	if (c == '\0')
		return -1;
	p = strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
	return p != NULL ? (int)(p - digits) : -1;
}

size_t
url_unquote(struct str s, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n + 1 < cap; i++) {
		if (s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
			out[n++] = (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2]));
			i += 2;
		} else {
			out[n++] = s.p[i];
		}
	}
	out[n] = '\0';
	return n;
}

void
url_name(const struct url *u, char out[FNAME_MAX + 1])
{
	char name[URL_MAX + 1];
	struct str s = u->path;

	for (size_t i = s.n; i > 0; i--) {
		if (s.p[i - 1] == '/') {
			s = (struct str){s.p + i, s.n - i};
			break;
		}
	}
	fname_safe((struct str){name, url_unquote(s, name, sizeof(name))}, out);
}

bool
url_find(struct str text, struct str *url_r)
{
	for (size_t i = 0; i < text.n; i++) {
		struct str rest = {text.p + i, text.n - i};
		size_t n = 0;

		if (!has_prefix(rest, "https://") && !has_prefix(rest, "http://"))
			continue;
		while (n < rest.n && all_plain((struct str){rest.p + n, 1}))
			n++;
		while (n > 0 && strchr(".,;:!?)'", rest.p[n - 1]) != NULL)
			n--;
		*url_r = (struct str){rest.p, n};
		return n > 0;
	}
	return false;
}

/* --- addresses --------------------------------------------------------------------------- */

bool
net_of_sockaddr(const struct sockaddr *sa, struct net *n)
{
	*n = (struct net){.bits = 128};
	if (sa->sa_family == AF_INET6) {
		memcpy(n->bytes, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
		return true;
	}
	if (sa->sa_family != AF_INET)
		return false;
	n->bytes[10] = n->bytes[11] = 0xff;
	memcpy(n->bytes + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
	return true;
}

/* IANA's special-purpose registries, as far as they are within what is looked at below. */
static const char *const not_public[] = {
    "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",   "127.0.0.0/8",     "169.254.0.0/16",
    "172.16.0.0/12",  "192.0.0.0/24",   "192.0.2.0/24",    "192.31.196.0/24", "192.52.193.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",     "2001::/23",       "2001:db8::/32",
    "2002::/16",      "3fff::/20",
};

bool
net_is_public(const struct net *n)
{
	struct net block;
	bool v4;

	CHECK(net_parse("0.0.0.0/0", &block));
	v4 = net_has(&block, n);
	/* of IPv6 only what has been given out: no mapped, translated, local or group addresses */
	if (!v4 && (n->bytes[0] & 0xe0) != 0x20)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(not_public); i++) {
		CHECK(net_parse(not_public[i], &block));
		if (net_has(&block, n))
			return false;
	}
	return true;
}
