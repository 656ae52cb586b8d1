/* hosts.c - see hosts.h. */
#include "config.h"

#include "master/hosts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/util.h"

/* False: it is none that people could use. */
static bool
host_text(const struct sockaddr *sa, bool v6, char host[INET6_ADDRSTRLEN])
{
	const struct in6_addr *in6;
	const struct in_addr *in;

	if (sa->sa_family == AF_INET) {
		in = &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
		return inet_ntop(AF_INET, in, host, INET6_ADDRSTRLEN) != NULL;
	}
	if (sa->sa_family != AF_INET6 || !v6)
		return false;
	in6 = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	/* Link-local ones mean nothing without an interface's name, which differs from host to host. */
	return !IN6_IS_ADDR_LINKLOCAL(in6) &&
	       inet_ntop(AF_INET6, in6, host, INET6_ADDRSTRLEN) != NULL;
}

static size_t
add_all(const struct ifaddrs *all, char *out, size_t cap, bool v6, bool loopback)
{
	char host[INET6_ADDRSTRLEN];
	size_t n = 0;

	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 ||
		    ((i->ifa_flags & IFF_LOOPBACK) != 0) != loopback ||
		    !host_text(i->ifa_addr, v6, host) || n + strlen(host) + 2 > cap)
			continue;
		n += bprintf(out + n, cap - n, "%s%s", n > 0 ? " " : "", host);
	}
	return n;
}

size_t
hosts_text(char *out, size_t cap, bool v6)
{
	struct ifaddrs *all = NULL;
	size_t n;

	*out = '\0';
	if (getifaddrs(&all) < 0)
		return 0;
	n = add_all(all, out, cap, v6, false);
	if (n == 0)
		n = add_all(all, out, cap, v6, true);
	freeifaddrs(all);
	return n;
}
