/* url.h - which addresses may be fetched from. Pure.
 *
 * A URL is somebody else's word: what it names may be a machine that only we can reach. So the scheme is https, nothing
 * is sent along with it, and each address that a name turns out to stand for is looked at before it is connected to.
 */
#ifndef CHAT_URL_H
#define CHAT_URL_H

#include <stdbool.h>
#include <sys/socket.h>

#include "fname.h"
#include "lib/net.h"

#define URL_MAX 2048
#define URL_HOST_MAX 255

struct url {
	bool https; /* else http */
	char host[URL_HOST_MAX + 1]; /* lower case, without brackets */
	unsigned port;
	struct str path; /* from '/' on, without '?' and '#'; points into the text, perhaps empty */
};

/* NULL, or why s is not a URL that can be fetched: another scheme, a user name in it, no host, spaces… */
const char *url_parse(struct str s, struct url *u);
/* %xx resolved; terminated, what does not fit is cut. Its length: there may be zeroes in it. */
size_t url_unquote(struct str s, char *out, size_t cap);
/* The last part of the path, %xx resolved, as a safe name. */
void url_name(const struct url *u, char out[FNAME_MAX + 1]);

/* False: not an IP address. */
bool net_of_sockaddr(const struct sockaddr *sa, struct net *n);
/* An address of the Internet at large: not this host, not a network of its own, not one of the blocks that lead there. */
bool net_is_public(const struct net *n);

/* The first http(s) URL in a text; false: there is none. */
bool url_find(struct str text, struct str *url_r);

#endif
