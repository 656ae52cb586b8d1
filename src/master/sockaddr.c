/* sockaddr.c - see sockaddr.h. */
#include "config.h"

#include "master/sockaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/util.h"

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool
sockaddr_bytes(const struct sockaddr *sa, uint8_t out[16])
{
	if (sa->sa_family == AF_INET) {
		memcpy(out, v4_prefix, 12);
		memcpy(out + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
		return true;
	}
	return false;
}

static bool
is_v4(const uint8_t b[16])
{
	return memcmp(b, v4_prefix, 12) == 0;
}

bool
sockaddr_is_loopback(const uint8_t b[16])
{
	static const uint8_t one[16] = {[15] = 1};

	return is_v4(b) ? b[12] == 127 : memcmp(b, one, 16) == 0;
}

bool
sockaddr_is_any(const uint8_t b[16])
{
	static const uint8_t zero[16];

	return memcmp(b + (is_v4(b) ? 12 : 0), zero, is_v4(b) ? 4 : 16) == 0;
}

static bool
covers(const struct sockaddr *a, const uint8_t ab[16], const uint8_t bb[16])
{
	return sockaddr_is_any(ab) && (a->sa_family == AF_INET6 || is_v4(bb));
}

bool
sockaddr_same_place(const struct sockaddr *a, const struct sockaddr *b)
{
	uint8_t ab[16], bb[16];

	if (!sockaddr_bytes(a, ab) || !sockaddr_bytes(b, bb) || sockaddr_port(a) == 0 ||
	    sockaddr_port(a) != sockaddr_port(b))
		return false;
	return memcmp(ab, bb, 16) == 0 || covers(a, ab, bb) || covers(b, bb, ab);
}

char *
sockaddr_text(const struct sockaddr *sa, char *out, size_t cap)
{
	uint8_t b[16];

	if (!sockaddr_bytes(sa, b))
		bprintf(out, cap, "unix");
	else if (inet_ntop(is_v4(b) ? AF_INET : AF_INET6, is_v4(b) ? b + 12 : b, out,
			   (socklen_t)cap) == NULL)
		bprintf(out, cap, "?");
	return out;
}

uint16_t
sockaddr_port(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
	if (sa->sa_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)sa)->sin6_port);
	return 0;
}
