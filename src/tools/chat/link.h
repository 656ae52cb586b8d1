/* link.h - the connection to the server: looked up, connected, TLS, without ever making the person wait.
 *
 * Whoever uses it polls link_fd() for link_events() and calls link_run() when something is there, and at link_due().
 */
#ifndef CHAT_LINK_H
#define CHAT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/net.h"
#include "server.h"

#define LINK_WHY_MAX 512

enum link_state {
	LINK_OFF,
	LINK_LOOKUP,
	LINK_CONNECT,
	LINK_HANDSHAKE,
	LINK_UP,
};
/* Why a connection could not be made or ended. */
enum link_end {
	LINK_LOST, /* or never made: trying again may help */
	LINK_UNTRUSTED, /* not the server that was meant: it does not */
};

struct link_conf {
	const char *host;
	unsigned port;
	bool tls;
	bool plain_ok; /* without TLS also to other hosts */
	bool tls_assumed; /* tls because nothing was said: plain_ok would change that */
	bool pinned;
	uint8_t pin
	    [SERVER_PIN_LEN]; /* SHA-256 of the server's public key (SubjectPublicKeyInfo): instead of authorities */
};

struct link;
struct link *link_new(const struct link_conf *conf); /* conf has to live as long */
void link_free(struct link *l);

void link_open(struct link *l);
/* Gives it up: why is what link_why() says. */
void link_drop(struct link *l, const char *why);
enum link_state link_state(const struct link *l);

/* -1: nothing to poll. events: POLLIN, POLLOUT. */
int link_fd(const struct link *l, bool more_to_send, short *events);
/* mono_ms by which link_run() is to be called though nothing is there; UINT64_MAX: never. */
uint64_t link_due(const struct link *l);

/* One whole line, without its end; false: the rest of what was read has to wait (the link was closed). */
typedef void link_line_fn(void *arg, const char *line, size_t n);

/* Goes on: connects, sends from out, reads, calls fn for each line. False: it has ended (link_why() says why), it is OFF. */
bool link_run(struct link *l, struct buf *out, link_line_fn *fn, void *arg);
const char *link_why(const struct link *l);
enum link_end link_ended(const struct link *l);

/* Nobody else can read what is sent: TLS, or this host. */
bool link_secure(const struct link *l);
/* The address that one is connected to. */
bool link_peer(const struct link *l, struct net *n);

#endif
