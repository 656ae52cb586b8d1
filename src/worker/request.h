/* request.h - requests to the broker, and who waits for which answer.
 *
 * Answers come in the order of the requests, each exactly once (ipc/sublink.h). A session may have
 * any number of messages under way; every other request is a barrier: nothing more of that client
 * is parsed until it has been answered.
 */
#ifndef WORKER_REQUEST_H
#define WORKER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"
#include "worker/ticket.h"

enum asked_for {
	ASKED_SAY, /* these three are no barrier */
	ASKED_DM,
	ASKED_QUIETLY, /* a message that is not to be answered, not even if it is refused */
	ASKED_LOGIN,
	ASKED_ENTER, /* the default room, after the login */
	ASKED_DO, /* a command that is done when it is answered */
	ASKED_QUERY, /* a command that reads the registry when it is answered */
	ASKED_QUIT,
	ASKED_LATER, /* answered by e_wait, as a rule, and then later (ticket.h) */
	ASKED_BEHIND, /* the same, while the client goes on */
	ASKED_UPLOAD, /* a link to upload to: e_upload */
	ASKED_NOTED, /* what the client has not asked for, and is not told */
};

/* A message: to the room `room`, or if that is 0 to the room or user called `to`. With a room `to` may be empty, or
 * what the sender calls it. */
struct saying {
	uint64_t room;
	struct str to;
	uint8_t kind; /* enum msg_kind */
	uint8_t rank; /* rooms: members of at least this rank (MEMBER_…); 0: all */
	bool quiet; /* ASKED_QUIETLY */
	struct str tags; /* client-only tags, as irc_tags_relayed makes them */
	struct str text;
};

/* ident and real may be empty. */
void request_login(struct conn *c, struct str name, struct str ident, struct str real);
void request_say(struct conn *c, const struct saying *s);
void request_dm(struct conn *c, const struct saying *s);
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
void request_umode(struct conn *c, uint32_t set, uint32_t clear);
void request_setname(struct conn *c, struct str real);
void request_rename(struct conn *c, struct str room, struct str to, struct str reason);
/* Read up to `when` in room, or with name. what: ASKED_DO, or ASKED_NOTED. */
void request_mark(struct conn *c, enum asked_for what, struct str room, struct str name,
		  uint64_t when);
/* It has been shown the messages that were kept for it, up to this one. */
void request_kept(struct conn *c, uint64_t upto);
void request_meta(struct conn *c, bool on, struct str room, struct str name, struct str key,
		  struct str value);
/* Of this worker, not of a client. */
void request_follow(bool on);
void request_oper_do(struct conn *c, enum oper_act act, struct str target, struct str words);
void request_sync(struct conn *c);
/* For somebody who says so (c waits), or whose connection conn has ended (c is NULL, lost). */
void request_quit(struct conn *c, uint64_t user, uint64_t conn, bool lost, struct str reason);

/* A link to upload a file to, for the room or whoever is called that. */
void request_upload_link(struct conn *c, bool to_room, struct str target);

/* A registered room; name and words are the op's. Answered by e_ok or e_refused. */
void request_room(struct conn *c, enum room_op op, struct str room, struct str name,
		  struct str words);

/* --- answered later: see ticket.h --- */

void request_oper(struct conn *c, struct str name, struct str password, ticket_fn *fn);
/* Log in. What is empty has no meaning to the mechanism; as r_auth of msgs.def. -> e_authed; AUTH_SCRAM: e_challenge. */
struct proof {
	enum auth_mech mech;
	uint32_t ticket; /* AUTH_SCRAM_FINAL: late.number of the e_challenge */
	struct str name, authzid, secret;
};
void request_auth(struct conn *c, const struct proof *p, ticket_fn *fn);
/* Make an account. name empty: the user's own; email, invite: or empty. -> e_authed. */
struct enrolment {
	struct str name, email, password, invite;
};
void request_register(struct conn *c, const struct enrolment *r, ticket_fn *fn);
/* -> e_done. */
void request_account(struct conn *c, enum account_op op, struct str password, struct str text,
		     ticket_fn *fn);
/* A question to the store; m->user is filled in. */
void request_query(struct conn *c, enum ticket_how how, struct m_r_query *m, ticket_fn *fn);
/* These two may be done at once: then fn is not called, the event says it. */
void request_redact(struct conn *c, uint64_t msg, struct str room, struct str name,
		    struct str reason, ticket_fn *fn);
void request_edit(struct conn *c, const struct m_r_edit *what, ticket_fn *fn);
/* One that is ready: for ticket.c. */
void request_later(struct conn *c, enum ticket_how how, const void *frame, size_t n);

/* An own event with this serial has come: what it was, and of whom. *c_r is NULL when that client
 * is no longer there. Returns the microseconds (mono_us) when the request was made. Counts the
 * answer: *c_r may go on when it has no others. */
uint64_t request_answered(uint64_t serial, struct conn **c_r, enum asked_for *what_r);

#endif
