/* client.h - chatctl's end of the admin socket: a line out, records in (doc/control.md). */
#ifndef TOOLS_CLIENT_H
#define TOOLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ipc/ctl.h"
#include "lib/buf.h"

#define RECORD_MAX (64u * 1024 * 1024) /* more in one record is not a daemon that speaks to us */

struct client {
	int fd;
	struct buf in;
	size_t body_len; /* of the record that client_next gave */
};

/* Exit codes of chatctl. */
enum {
	EXIT_OK,
	EXIT_REFUSED,
	EXIT_USAGE,
	EXIT_UNREACHABLE,
	EXIT_DENIED,
	EXIT_NOT_FOUND,
	EXIT_TIMED_OUT
};

/* 0, or -1 with errno. The socket blocks; no answer at all within timeout_ms (not 0) is an error,
 * EAGAIN (streams wait for ever in poll, not in read). */
#define CLIENT_TIMEOUT_MS 15000u
#define CLIENT_SLOW_MS 660000u /* what may take minutes */
int client_open(struct client *cl, const char *path, unsigned timeout_ms);
void client_close(struct client *cl);
/* Process id of who listens; 0 when the kernel does not tell. */
pid_t client_server(const struct client *cl);

/* Sends n bytes. 0 or -1. */
int client_send(struct client *cl, const char *p, size_t n);

/* Reads what is there, at least one byte. 1, 0 at the end of file, -1 with errno. */
int client_read(struct client *cl);

/* The next whole record in what was read: its code, 0 when there is none yet, -1 when it is not
 * the protocol. *body_r points into cl until the next call of a function here. */
int client_next(struct client *cl, const char **body_r, size_t *len_r);

/* Sends a request and gives the whole answer to out, which is emptied before the reason of an
 * error. The code of the last record, or -1 (connection lost, not the protocol). */
int client_ask(struct client *cl, const struct ctl_req *r, struct buf *out);
/* The same for a line of our own, without its newline. */
int client_ask_line(struct client *cl, const char *line, struct buf *out);

#endif
