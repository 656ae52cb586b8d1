/* client.h - the connections of one generator process: opening, logging in, lines in, bytes out. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load.h"

enum client_state {
	CLIENT_FREE,
	CLIENT_HANDSHAKE, /* TLS, and nothing behind it */
	CLIENT_UPGRADE, /* the answer to HTTP is waited for */
	CLIENT_LOGIN,
	CLIENT_JOIN,
	CLIENT_READY,
	CLIENT_QUIT,
	CLIENT_WAKE
};

struct client {
	int fd;
	struct ssl_st *ssl; /* owned; NULL: plain */
	enum client_state state;
	bool writing; /* EPOLLOUT is asked for */
	bool framed; /* lines are WebSocket frames */
	bool dirty; /* for the scenario: has something to do at the end of the turn */
	uint32_t index; /* among this process's clients */
	uint32_t id; /* among all clients: its name, and its number as a sender */
	char name[16];
	uint32_t in_len, in_size, out_len, out_size, out_sent;
	char *in, *out; /* owned; an unfinished line, bytes not yet sent */
	uint64_t since; /* when it was opened */
	uint32_t life; /* changes when the connection ends */
};

struct client_set;

struct client_ops {
	/* A line, without its line feed, after login. */
	void (*line)(struct client_set *s, struct client *c, const char *line, size_t len);
	void (*ready)(struct client_set *s, struct client *c);
	/* The connection is gone (c->state says in which state) and c is free again; before login is
	 * done, or when the server closes, unasked for, c->state is not CLIENT_QUIT. */
	void (*closed)(struct client_set *s, struct client *c);
};

struct client_set {
	const struct load_opts *opts;
	const struct client_ops *ops;
	void *arg; /* the scenario's */
	int ep;
	bool joins;
	uint64_t opened, now; /* now: after the last receive, if timed */
	bool timed;
	struct client wake; /* the eventfd of this process */
	struct client timer; /* for scenarios by the clock */
	char *input; /* owned */
	char *last; /* LOAD_LAST bytes, the part's */
};

/* wake: an eventfd that ends a wait. Ends the process when something is missing. */
void client_set_init(struct client_set *s, struct load *ld, const struct client_ops *ops, void *arg,
		     int wake);

/* Watch a descriptor that is only to end the wait when it becomes readable (8 bytes are taken). */
void client_watch(struct client_set *s, struct client *slot, int fd);

/* Connect and begin to log in under the name that belongs to c->id. 0, or -1 with errno. */
int client_open(struct client_set *s, struct client *c);

/* Queue a template (see tongue.h); client_flush sends all that is queued in one send. */
void client_queue(struct client *c, const char *template, const char *name, const char *room,
		  const char *text);
void client_flush(struct client_set *s, struct client *c);

/* Say goodbye; ops->closed comes when the server has closed. */
void client_quit(struct client_set *s, struct client *c);

/* Close at once, without a word, nobody is told. */
void client_abort(struct client_set *s, struct client *c);

/* Handle a line that is not a message: answers what the protocol wants answered, remembers it. */
void client_aside(struct client_set *s, struct client *c, const char *line, size_t len);

/* One turn: wait at most timeout milliseconds, handle what came. */
void client_turn(struct client_set *s, int timeout);

#endif
