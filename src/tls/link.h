/* link.h - a client's connection in chatd-tls: first its handshake (hello.c), then what goes through it (relay.c).
 *
 * out is the client's socket, near our end of the socketpair that carries what is inside; the other end is a worker's, or
 * chatd-web's. There may be ten thousand of these, nearly all of them idle: what cannot be passed on at once, and only that, has
 * memory of its own. */
#ifndef TLS_LINK_H
#define TLS_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ipc/ipc.h"
#include "lib/loop.h"

#define LINK_CHUNK 16384 /* a record's plain bytes: what is read at once, and may wait */

/* What waits to be passed on; its source is not read meanwhile. */
struct link_rest {
	char *p; /* owned; NULL: nothing */
	uint32_t off, len;
};

enum link_flag {
	LINK_QUEUED = 1 << 0, /* its handshake is to be gone on with */
	LINK_OUT_EOF = 1 << 1, /* nothing more comes from the client */
	LINK_OUT_DEAD = 1 << 2, /* nothing more can be sent to it */
	LINK_NEAR_EOF = 1 << 3, /* nothing more comes from inside */
	LINK_NEAR_DEAD = 1 << 4, /* nobody is there any more to take what the client sends */
	LINK_NEAR_TOLD = 1 << 5, /* inside knows of LINK_OUT_EOF */
	LINK_OUT_TOLD = 1 << 6, /* the client knows of LINK_NEAR_EOF */
	LINK_OUT_QUIET = 1 << 7, /* hung up: not watched, but what it has sent is still read */
	LINK_NEAR_QUIET = 1 << 8,
	LINK_READ_WRITES = 1 << 9, /* to read, TLS has to write first */
	LINK_SHUT_WRITES = 1 << 10, /* its last words wait for room */
	LINK_OUT_CLOSING = 1 << 11, /* its end is behind what has not been read yet */
	LINK_MORE = 1 << 12, /* its turn was over before what TLS has read was passed on */
	LINK_TIMED = 1 << 13, /* the timer runs: so long without any progress, and it is over */
	LINK_LAST = 1 << 14, /* and nothing puts it off any more */
	LINK_GOING = 1 << 15, /* nor but that all is taken of a client that goes */
};

struct pending;

struct link {
	LIST_ENTRY(link) all;
	TAILQ_ENTRY(link) queue; /* LINK_QUEUED; LINK_MORE */
	uint64_t id; /* the master's */
	struct conn_rec *rec; /* owned; NULL behind the handshake */
	struct pending
	    *pending; /* what its handshake is counted by; NULL behind it, or by nothing */
	SSL *ssl; /* owned; NULL: not a byte has come */
	struct loop_io out, near;
	struct loop_timer timer;
	struct link_rest up, down; /* from the client, and to it */
	uint32_t flags;
};

/* --- hello.c: handshakes ---------------------------------------------------------------------- */

/* handed_fn: a connection that the master hands over. */
void hello_take(const struct conn_rec *rec, int fd, struct str early);
/* At the end of a turn: go on with a few handshakes. */
void hello_turn(void);
/* No more of them: those under way end. */
void hello_drain(void);

/* --- relay.c ----------------------------------------------------------------------------------- */

/* The handshake is done; near is watched from now on, and l may be gone already. False: it is not watched. */
bool relay_begin(struct link *l, int near);
/* At the end of a turn: go on with those that had not done. */
void relay_turn(void);
/* l is gone: it has no more turns. */
void relay_end(struct link *l);
/* All clients are told that it is over, and so is who is inside. */
void relay_drain(void);

/* --- main.c ------------------------------------------------------------------------------------ */

struct link *link_new(const struct conn_rec *rec, int fd);
/* Both ends are closed, the master is told; l is freed. */
void link_close(struct link *l);
LIST_HEAD(link_list, link);
extern struct link_list links;
extern unsigned links_n;

#endif
