/* client.h - a session, its connection and its files, run together; what all the ways to use `chat` share. */
#ifndef CHAT_CLIENT_H
#define CHAT_CLIENT_H

#include <poll.h>

#include "chatconf.h"
#include "say.h"
#include "session.h"

struct files;
struct xfers;

/* How it looks to whoever sits there, or to a script. */
struct ui {
	void (*show)(void *arg, const struct show *s);
	void (*changed)(void *arg);
	void (*progress)(void *arg, const char *text); /* a bar; "": there is none any more */
};

struct client {
	struct chat_conf *conf;
	struct session s;
	struct link *link; /* owned */
	struct xfers *xfers; /* owned; NULL: not in this build */
	struct files *files; /* owned */
	const struct ui *ui;
	void *ui_arg;
	bool done; /* nothing is left to do */
	int code; /* exit */
	char why[512]; /* for stderr, when it is not CHAT_OK */
	bool been_up, leaving;
	unsigned tries;
	uint64_t retry_at, name_at, leave_at, mark_at, deadline, heard;
	bool pinged;
	struct say say; /* send */
	unsigned lines; /* tail: shown, of the new ones */
};

/* conf->name is set. ui may be called from now on. */
void client_init(struct client *c, struct chat_conf *conf, const struct ui *ui, void *arg);
void client_fini(struct client *c);

/* Waits for something, at most until `until` (mono_ms), and does what is to be done. Is fd (-1: none) readable now? */
bool client_turn(struct client *c, int fd, uint64_t until);

/* It is over, with that exit code; why: "" or what is to be said on stderr. */
void client_end(struct client *c, int code, const char *why);

/* A script's server goes on: it has the whole of --timeout again, and `more` seconds for what it is to do now. */
void client_progress(struct client *c, unsigned more);

/* From now on signals come while client_wait() waits, and only then, so that none is missed: SIGINT, SIGTERM and SIGHUP, with which
 * the next turn says goodbye, and those about the terminal. */
void client_signals(void);
/* poll(), at most until due (mono_ms); errors are as if nothing had come. */
void client_wait(struct pollfd *fds, unsigned n, uint64_t due);
/* Has one of the three come? */
bool client_stopped(void);
/* Is nobody left to read what goes to standard output? */
bool client_unread(void);

#endif
