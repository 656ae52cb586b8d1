/* xfer.h - files over HTTP, by libcurl: up to the server, down from it, and down from an address that somebody typed.
 *
 * Each address that is connected to is looked at after its name was resolved, for each redirection again (url.h): public
 * ones, and the chat server's own. Redirections are few and to https; nothing is unpacked; there is a limit to size, and
 * to slowness.
 */
#ifndef CHAT_XFER_H
#define CHAT_XFER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/net.h"

#define XFER_ALLOWED_MAX 16
#define XFER_POLL_MAX 64
#define XFER_DOWN_MAX (UINT64_C(1) << 30) /* of the server's files */
#define XFER_FETCH_MAX (UINT64_C(32) << 20) /* of what image@name fetches */

/* What may be reached besides public addresses. */
struct xfer_rules {
	bool plain; /* http, too, but only to those in allowed */
	unsigned n;
	struct net allowed[XFER_ALLOWED_MAX];
	unsigned test_port; /* one port of 127.0.0.1: for tests; 0: none */
	char pin[64]; /* "sha256//BASE64" of the key that counts instead of authorities; "": none */
};

struct xfers;
struct xfers *xfers_new(void); /* NULL: not in this build */
void xfers_free(struct xfers *x); /* NULL is fine */

/* Adds to fds what is to be polled, and lowers *due (mono_ms). Returns how many were added. */
unsigned xfers_poll(const struct xfers *x, struct pollfd fds[XFER_POLL_MAX], uint64_t *due);
void xfers_run(struct xfers *x, const struct pollfd *fds, unsigned n);

/* why: NULL, it is done; else the reason why it is not. */
typedef void xfer_done_fn(void *arg, const char *why);
typedef void xfer_progress_fn(void *arg, uint64_t now, uint64_t all); /* all: 0: not known */

/* fd's size bytes as the field `file` of a form, called name. NULL: started; otherwise why not. fd stays the caller's, and open
 * until done. */
const char *xfer_up(struct xfers *x, const char *url, const struct xfer_rules *rules, int fd,
		    const char *name, uint64_t size, xfer_progress_fn *progress, xfer_done_fn *done,
		    void *arg);
/* Into fd, at most max bytes. */
const char *xfer_down(struct xfers *x, const char *url, const struct xfer_rules *rules, int fd,
		      uint64_t max, xfer_progress_fn *progress, xfer_done_fn *done, void *arg);

#endif
