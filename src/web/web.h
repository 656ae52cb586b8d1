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
#include <sys/queue.h>

#include "ipc/ipc.h"
#include "lib/str.h"
#include "proto/http.h"

struct MHD_Connection;
struct MHD_Response;

/* --- http.c: the connections ---------------------------------------------------------------- */

/* One that the master has handed over. */
struct client {
	uint64_t id; /* the master's */
	struct conn_rec rec;
	bool passed; /* has gone on to a worker */
	bool waits; /* its request is suspended: for us, not for it */
	bool answered; /* its request is being answered */
	/* door.c's */
	LIST_ENTRY(client) door;
	int fd; /* libmicrohttpd's */
	bool watched; /* something of it has been read here */
	uint16_t refuse; /* whatever comes next is refused with this status; 0: not */
	uint16_t refuse_behind; /* the same, when the requests before it have been answered */
	uint32_t answers; /* requests that are over */
	struct http_watch watch;
	uint64_t head_since; /* a request's head has begun, and is not whole; 0: none */
	uint64_t slice_at;
	size_t slice_bytes;
};

/* A request that is not answered at once; lies at the beginning of whatever its owner knows of it. */
struct exchange {
	struct MHD_Connection *c;
	struct client *client;
	bool head; /* the answer's body is not wanted (HEAD) */
	bool recalled; /* the call is the one for being resumed, not one of the body's */
	/* Called once when it is resumed after it began (recalled, n 0), with what comes of the body, and at its end (n 0). What it has taken of n it
	 * takes off. False: no memory, the connection is to be closed. */
	bool (*more)(struct exchange *x, const char *data, size_t *n);
	/* It is over, however that came: frees it. */
	void (*end)(struct exchange *x);
};

void http_init(void);
/* handed_fn */
void http_take(const struct conn_rec *rec, int fd, struct str early);
/* No more requests are begun; those under way end. */
void http_drain(void);
bool http_draining(void);
/* The connection's client. */
struct client *http_client(struct MHD_Connection *c);
/* A header's value; NULL: there is none. */
const char *http_header(struct MHD_Connection *c, const char *name);
/* Wait for others: until http_resume, nothing of x's connection is read. */
void http_suspend(struct exchange *x);
void http_resume(struct exchange *x);
/* Is it of the same site as the page, or of one that web.origins names? Programs that are no browsers send no origin. */
bool http_origin_fits(struct MHD_Connection *c);

/* --- answer.c ------------------------------------------------------------------------------------- */

/* Answer with a short text; false: no memory, the connection is to be closed. */
bool answer_text(struct MHD_Connection *c, unsigned status, const char *text);
/* A short text, for answer_queue; NULL: no memory. */
struct MHD_Response *answer_short(const char *text);
/* The status that a chat_err is. */
unsigned answer_status(unsigned err);
/* Answer with r (NULL: no memory), which is given back. As answer_text. */
bool answer_queue(struct MHD_Connection *c, unsigned status, struct MHD_Response *r);
/* What every response has: nosniff, frame and referrer policy; page: and what the page may do (CSP). */
void answer_safe(struct MHD_Response *r, bool page);

/* --- door.c: what is let in ------------------------------------------------------------------------ */

/* Its descriptor is watched until door_close. */
void door_open(struct client *c, int fd);
void door_close(struct client *c);
/* A request of it is over. */
void door_answered(struct client *c);
/* Has every request been answered that has come to its end? Then what is being answered, if anything is, came last. */
bool door_at_last(const struct client *c);
/* Those that ask for nothing go. */
void door_drain(void);

/* --- assets.c: the page --------------------------------------------------------------------------- */

void assets_init(void);
/* GET of / and what is beneath /assets/. As answer_text. */
bool assets_answer(struct MHD_Connection *c, const char *path);

/* --- upgrade.c: WebSocket (RFC 6455, 4.2) ------------------------------------------------------ */

/* GET /ws. As answer_text. */
bool upgrade_answer(struct MHD_Connection *c, const char *path);

/* --- upload_begin.c, download.c, metrics.c: requests that others are asked about ------------------------- */

/* A request of this path begins. Its exchange; NULL: it has been answered, or (*good_r false) there is no memory. */
typedef struct exchange *http_begin_fn(struct MHD_Connection *c, const char *path, bool *good_r);
/* ctl_proc, ctl_end. False: malformed. */
bool metrics_on_master(unsigned type, const void *frame, size_t len);
/* upload.c: whoever wanted to upload has not waited for the answer. */
struct m_e_may_upload;
void upload_unasked(const struct m_e_may_upload *m);
/* GET of a link to upload to. As answer_text. */
bool upload_form(struct MHD_Connection *c, const char *path);
http_begin_fn upload_begin, upload_options, download_begin, metrics_begin;

#endif
