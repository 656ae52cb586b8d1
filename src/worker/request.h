/* request.h - requests to the broker, and who waits for which answer.
 *
 * Answers come in the order of the requests, each exactly once (ipc/sublink.h). A session may have
 * any number of messages under way; every other request is a barrier: nothing more of that client
 * is parsed until it has been answered.
 */
#ifndef WORKER_REQUEST_H
#define WORKER_REQUEST_H

#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

enum asked_for {
	ASKED_SAY, /* these two are no barrier */
	ASKED_DM,
	ASKED_LOGIN,
	ASKED_ENTER, /* the default room, after the login */
	ASKED_DO, /* a command that is done when it is answered */
	ASKED_QUERY, /* a command that reads the registry when it is answered */
	ASKED_QUIT,
};

void request_login(struct conn *c, struct str name);
void request_say(struct conn *c, uint64_t room, unsigned kind, struct str text);
void request_dm(struct conn *c, struct str to, unsigned kind, struct str text);
void request_join(struct conn *c, enum asked_for what, struct str room, struct str key);
void request_part(struct conn *c, struct str room, struct str reason);
void request_nick(struct conn *c, struct str name);
void request_topic(struct conn *c, struct str room, struct str text);
void request_kick(struct conn *c, struct str room, struct str target, struct str reason);
void request_invite(struct conn *c, struct str room, struct str target);
/* Several changes as one: a list made by mode_put. */
void request_modes(struct conn *c, struct str room, struct str changes);
void request_mode(struct conn *c, struct str room, enum mode_op op, bool on, struct str arg);
void request_away(struct conn *c, struct str text);
void request_sync(struct conn *c);
/* For somebody who says so (c waits), or whose connection has ended (c is NULL). */
void request_quit(struct conn *c, uint64_t user, struct str reason);

/* An own event with this serial has come: what it was, and of whom. *c_r is NULL when that client
 * is no longer there. Returns the microseconds (mono_us) when the request was made. Counts the
 * answer: *c_r may go on when it has no others. */
uint64_t request_answered(uint64_t serial, struct conn **c_r, enum asked_for *what_r);

#endif
