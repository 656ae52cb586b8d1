/* names.h - who is in a room, as IRC lists it. */
#ifndef WORKER_IRC_NAMES_H
#define WORKER_IRC_NAMES_H

#include "ipc/ipc.h"
#include "worker/conn.h"

struct room;

/* RPL_NAMREPLY lines behind a JOIN, which is an answer itself: no sync is needed. */
void names_after_join(struct conn *c, uint64_t room, struct str name);
/* The same for a client that has asked for nothing: when it is between two commands. */
void names_later(struct conn *c, struct room *r);
/* It finds itself in this room (e_attach): the topic, too. */
void names_arrived(struct conn *c, struct room *r);
/* It is between two commands: begin with what was left for later, if there is any. */
void names_due(struct conn *c);

#endif
