/* talk.h - what IRC clients say: to whom, and what becomes a request. */
#ifndef WORKER_IRC_TALK_H
#define WORKER_IRC_TALK_H

#include <stdbool.h>

#include "lib/str.h"
#include "worker/conn.h"
#include "worker/request.h"

struct irc_run;

/* One target of a message: "#room", "@#room" (STATUSMSG) or a name. Into s->to, s->rank, s->room (if c is in it);
 * *is_room_r: it is a room's. False: nothing can be called so. */
bool talk_target(const struct conn *c, struct str target, struct saying *s, bool *is_room_r);
/* The request for what s says. */
void talk_send(struct conn *c, const struct saying *s, bool is_room);
/* The client-only tags that others are to see; good until the next call. */
struct str talk_tags(const struct conn *c, const struct irc_run *r);
/* What of it may be shown to others, formatting kept; good until the next call, or until the line is gone. */
struct str talk_clean(struct str text);

/* --- edit.c: +draft/edit ------------------------------------------------------------------------- */

/* Do the tags say that the text is to stand for that of another message? Which one: *id_r. */
bool edit_is(const struct conn *c, struct str tags, struct str *id_r);
/* Asks for it. Answered later: by an event, or a FAIL. c has nothing pending. */
void edit_send(struct conn *c, struct str target, struct str id, struct str text);

/* --- batch.c: draft/multiline from a client ---------------------------------------------------- */

/* Does r say that it is a line of a batch, which is not open? */
bool batch_unknown(const struct conn *c, const struct irc_run *r);
/* Is r a line of a batch? Then it has been dealt with. */
bool batch_line(struct conn *c, struct irc_run *r, bool notice);
/* A command that has no place in an open batch ends it. */
void batch_before(struct conn *c, struct irc_run *r);
/* A line came that cannot be understood, and might have been one of the open batch. */
void batch_broken(struct conn *c, struct irc_run *r);
void batch_forget(struct conn *c);

#endif
