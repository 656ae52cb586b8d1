/* listen_url.c - where links to the page begin: listen_url of listen.h. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "master/listen.h"
#include "master/sockaddr.h"

/* Could a host have this name? */
static bool
is_host_name(const char *name)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

	return name[0] != '\0' && strspn(name, letters) == strlen(name);
}

/* The server's name, if it is one that a host could have; else the host's. */
static void
host_name(const char *name, char *out, size_t cap)
{
	bprintf(out, cap, "%s", name);
	if (is_host_name(name))
		return;
	if (gethostname(out, cap - 1) < 0 || out[0] == '\0')
		bprintf(out, cap, "localhost");
	out[cap - 1] = '\0';
}

/* Is it called by the server's name? One that listens everywhere is; with TLS also one that others reach by its address, if the name
 * has a domain: certificates are for names, and a browser warns of an address in its place. Nobody else finds this host by it. */
static bool
goes_by_name(const struct listener *l, const uint8_t bytes[16], const char *name)
{
	return sockaddr_is_any(bytes) || (l->conf.tls && !sockaddr_is_loopback(bytes) &&
					  is_host_name(name) && strchr(name, '.') != NULL);
}

/* tls: only if it speaks that. */
static bool
url_of(const struct listener *l, bool tls, struct options *o)
{
	const struct sockaddr *sa = (const struct sockaddr *)&l->addr;
	char address[64], name[sizeof(o->name)];
	uint8_t bytes[16];

	if (l->conf.protocol != PROTO_WEB || (tls && !l->conf.tls) || !sockaddr_bytes(sa, bytes))
		return false;
	sockaddr_text(sa, address, sizeof(address));
	if (goes_by_name(l, bytes, o->name))
		host_name(o->name, name, sizeof(name));
	else
		bprintf(name, sizeof(name), "%s", address);
	bprintf(o->web_url, sizeof(o->web_url),
		strchr(name, ':') != NULL ? "http%s://[%s]:%u" : "http%s://%s:%u",
		l->conf.tls ? "s" : "", name, sockaddr_port(sa));
	return true;
}

struct wanted {
	bool tls;
	struct options *o;
};

static bool
is_wanted(const struct listener *l, void *arg)
{
	const struct wanted *w = arg;

	return url_of(l, w->tls, w->o);
}

void
listen_url(struct options *o)
{
	if (!listen_some(is_wanted, &(struct wanted){true, o}))
		listen_some(is_wanted, &(struct wanted){false, o});
}
