/* conn.h - one administrator's connection and the request that is being carried out on it.
 *
 * Requests of a connection are carried out one after the other. A handler ends its request
 * with conn_done or conn_fail, at once or later: after an answer of the broker (conn_sync,
 * conn_admin), of the master (conn_master), or after conn_step has been called as often as it
 * takes, each time when the client has read what there was. Everything is bounded: one line
 * of input, OUT_HIGH bytes of output beside one page, the time in each state.
 */
#ifndef CONTROL_CONN_H
#define CONTROL_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/access.h"
#include "control/writer.h"
#include "ipc/ctl.h"
#include "ipc/ipc.h"
#include "lib/buf.h"
#include "lib/loop.h"

#define OUT_HIGH 65536u

struct conn;
typedef void conn_fn(struct conn *c);
/* The event that ends our request. */
typedef void conn_event_fn(struct conn *c, unsigned type, const void *frame, size_t len);

/* A process as the master told it. */
struct proc_info {
	unsigned role, index, restarts, sessions;
	uint32_t pid;
	char state[17];
	uint64_t cpu_us, rss_bytes, started,
	    stop_at; /* stop_at: the master's; 0: none is planned */
};

/* What the time runs for. */
enum conn_wait {
	WAIT_LINE,
	WAIT_REST,
	WAIT_ANSWER,
	WAIT_LONG,
	WAIT_READER,
	WAIT_NOTHING, /* no time runs */
	WAIT_ANEW, /* one of the others, and its time begins now: conn_pump sees which */
};

struct conn {
	struct conn *next;
	int fd;
	struct loop_io io;
	struct loop_timer timer;
	struct peer peer;
	bool dead, eof, too_long;
	enum conn_wait wait;
	size_t in_len;
	struct buf out; /* records on their way */

	/* the request */
	bool busy;
	struct ctl_req req;
	struct writer w;
	conn_fn *step; /* more to write when there is room */
	conn_fn *synced;
	conn_event_fn *answered;
	/* a STREAM's input, terminated; NULL: any line ends it */
	void (*line)(struct conn *c, char *line, size_t n);
	uint64_t serial; /* of the broker's answer we wait for; 0: none */
	uint32_t ticket; /* of what the broker asks of others for us; 0: nothing */
	conn_event_fn *looked_up; /* when that is answered */
	bool wants_secret; /* the next line is one */
	bool may_fail; /* looked_up gets an e_refused or e_failed too: it can do without */
	uint32_t mid; /* id of the master's answer; 0: none */
	conn_fn *mastered; /* when it is complete */
	unsigned tries;

	/* what handlers keep between steps */
	uint32_t slot; /* registry slot */
	uint64_t id, after; /* room and member, chat partner */
	char name[NAME_BYTES_MAX + 1];
	struct proc_info *procs; /* owned */
	size_t nprocs;
	void *state; /* owned; freed with the request */
	struct buf kept; /* likewise */
	struct loop_timer tick;

	char secret[PASSWORD_MAX + 1];
	char in[CTL_LINE_MAX + 1];
	char words[CTL_LINE_MAX + 1]; /* of the request */
};

extern struct conn *conns; /* all of them */

/* Take over the admin listener. Connections that wait are accepted from now on. */
void conn_listen(int fd);
/* Ends all connections in good order: what is queued is sent if the kernel takes it. */
void conn_close_all(void);

/* --- for handlers --- */

/* What the writer holds goes out as a part of the answer; nothing if it holds nothing. */
void conn_more(struct conn *c);
/* The request is done: the last part. The first: with one line (or JSON object) that says so. */
void conn_ok(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void conn_done(struct conn *c);
/* A listing has got another page of rows. fn asks for the next one, when its reader has read this one; NULL: that was the last, and
 * the request is done. */
void conn_page(struct conn *c, conn_fn *fn);
/* code: enum ctl_code. */
void conn_fail(struct conn *c, unsigned code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Refused by the broker: the sentence and code of e_refused. False if the frame is not one. */
bool conn_refused(struct conn *c, unsigned type, const void *frame, size_t len);

/* The request is over, its client told or gone; result is for the log. */
void conn_end(struct conn *c, const char *result);

/* fn runs when the broker has answered behind everything decided so far. */
void conn_sync(struct conn *c, conn_fn *fn);
/* An administrator's act at the broker; fn gets the event that ends it. */
void conn_admin(struct conn *c, unsigned op, const char *target, struct str arg, uint64_t until,
		conn_event_fn *fn);
/* A request that the broker asks others for; fn gets the q_page or e_done that ends it. Its refusal or failure is told. frame: len
 * bytes, 0: it did not fit. */
void conn_ask(struct conn *c, void *frame, size_t len, conn_event_fn *fn);
/* The same for an administrator's act at the store: op is enum store_op, args its words separated by \x1f; the request's
 * password goes along. */
void conn_store(struct conn *c, unsigned op, const char *args, conn_event_fn *fn);
/* A command (words separated by \x1f) for the master; fn runs after its ctl_end said 200, with
 * procs filled; listeners and text have been given to conn_on_listener / the writer before. */
void conn_master(struct conn *c, const char *line, conn_fn *fn);
/* "uid 0 pid 12" into out. */
void conn_actor(const struct conn *c, char out[64]);

/* Call after anything has happened to c outside of conn.c: goes on with the next request,
 * writes, sets timers, and frees c if it is dead. */
void conn_pump(struct conn *c);

/* --- what main.c hands in --- */
/* An answer beside the journal. A new broker, which knows nothing of what was asked of the last one. */
void conn_on_page(const void *frame, size_t len);
void conn_on_broker(void);
void conn_on_event(unsigned type, const void *frame, size_t len, uint64_t serial, bool own);
bool conn_on_master(unsigned type, const void *frame, size_t len);

#endif
