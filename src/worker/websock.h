/* websock.h - clients that speak IRC in WebSocket frames: what of them differs from plain IRC. */
#ifndef WORKER_WEBSOCK_H
#define WORKER_WEBSOCK_H

#include <stddef.h>
#include <sys/types.h>

#include "worker/conn.h"

/* It is one: conn_rec.ws says of which kind. */
void websock_open(struct conn *c, unsigned kind);

/* The `kept` bytes of c->in (their end may be the beginning of a frame) stand at buf, and behind them n new ones. Afterwards there
 * are lines, the last perhaps unfinished, and behind them c->ws.rest bytes. Returns the length of the lines, or -1: it has
 * been told why, and is to be ended (*why_r). CONN_EOF is set when it has closed. */
ssize_t websock_decode(struct conn *c, unsigned char *buf, size_t kept, size_t n,
		       const char **why_r);

/* Nothing more comes from it: of n bytes of lines at buf, how many belong to whole messages. */
size_t websock_whole(struct conn *c, const unsigned char *buf, size_t n);

/* Whole lines as frames for c; in the arena. */
struct slice websock_frames(const struct conn *c, const char *p, size_t n);

/* Its last words have been queued: a close frame is the end of them. */
void websock_end(struct conn *c);

/* Bytes at the end of what is kept of its input that are no whole frame. */
static inline size_t
websock_rest(const struct conn *c)
{
	return c->protocol == PROTO_WEB ? c->ws.rest : 0;
}

#endif
