/* services.h - NickServ and ChanServ: accounts and registered rooms in the words that IRC's people and old clients
 * are used to. Nobody by that name is here: what is said to them is carried out as commands are.
 */
#ifndef WORKER_IRC_SERVICES_H
#define WORKER_IRC_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/irc.h"
#include "worker/irc/cmd.h"
#include "worker/ticket.h"

enum service { SERVICE_NONE, SERVICE_NICK, SERVICE_CHAN, SERVICES };

/* The words behind the command. Those that were not given are empty. */
#define SERVICE_WORDS 8
struct service_words {
	struct str v[SERVICE_WORDS];
	/* For passwords, which may have spaces: v[i] and all behind it; and is that one argument, as a ':' before it says? */
	struct str rest[SERVICE_WORDS];
	bool whole[SERVICE_WORDS];
	unsigned n;
	size_t ntext;
	char text[IRC_LINE_MAX]; /* of words that were escaped: see services.c */
};
typedef enum irc_done service_fn(struct conn *c, struct irc_run *r, const struct service_words *w);

struct service_cmd {
	const char *name;
	uint8_t min; /* words; fewer: it says how it is used */
	service_fn *fn; /* as irc_cmd_fn */
	const char *done; /* what is said when it has been done; NULL: it says so itself */
	const char *usage, *help; /* help NULL: another name for the one before */
};
/* The last one has no name. */
extern const struct service_cmd nickserv_cmds[], chanserv_cmds[];

/* Which one is called so ("nickserv", "NickServ@server"), if any. */
enum service service_named(struct str target);
/* r is what somebody has said to it: in its params from `from` on. As irc_cmd_fn. */
enum irc_done service_run(struct conn *c, struct irc_run *r, enum service service, unsigned from);

/* A NOTICE from the service that is being spoken to. */
void service_say(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What was asked for has been done: so it says. */
void service_done(struct conn *c);
/* It was refused. */
void service_refused(struct conn *c, unsigned err, struct str arg);
/* For requests that are answered later: one of these two. */
void service_late(struct conn *c, struct late *l);
/* May a password be given here? It says so if not. */
bool service_secret_ok(struct conn *c);

#endif
