/* web.h - chatd-web's parts to one another.
 *
 * chatd-web speaks HTTP (RFC 9110, 9112): the page, files up and down, health, metrics. libmicrohttpd parses; its epoll descriptor
 * is watched by our loop. A connection whose client asks for a WebSocket is given back to the master, which hands it to a worker:
 * no chat is seen here.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "lib/str.h"

struct MHD_Connection;
struct MHD_Response;

/* --- http.c: the connections ---------------------------------------------------------------- */

/* One that the master has handed over. */
struct client {
	uint64_t id; /* the master's */
	struct conn_rec rec;
	bool passed; /* has gone on to a worker */
};

void http_init(void);
/* handed_fn */
void http_take(const struct conn_rec *rec, int fd, struct str early);
/* No more requests are begun; those under way end. */
void http_drain(void);
/* The connection's client. */
struct client *http_client(struct MHD_Connection *c);
/* A header's value; NULL: there is none. */
const char *http_header(struct MHD_Connection *c, const char *name);
/* Answer with a short text; false: no memory, the connection is to be closed. */
bool http_say(struct MHD_Connection *c, unsigned status, const char *text);
/* What every response has: nosniff, CSP, frame and referrer policy. */
void http_safe(struct MHD_Response *r);

/* --- assets.c: the page --------------------------------------------------------------------------- */

void assets_init(void);
/* Is a GET of path for assets_answer()? */
bool assets_are_at(const char *path);
/* As http_say. */
bool assets_answer(struct MHD_Connection *c, const char *path);

/* --- upgrade.c: WebSocket (RFC 6455, 4.2) ------------------------------------------------------ */

/* GET /ws. As http_say. */
bool upgrade_answer(struct MHD_Connection *c);

#endif
