/* words.h - events in the words that telnet clients read, and what a telnet client is told of those
 * that are about itself. */
#ifndef WORKER_WORDS_H
#define WORKER_WORDS_H

#include "ipc/ipc.h"
#include "worker/conn.h"
#include "worker/render.h"

/* s->text, from s->e; good until the next call. Sets s->irc_only where telnet has no words for it. */
void words_make(struct shown *s);

/* tongue.told for telnet. */
void words_told(struct conn *c, const struct shown *s, bool own);

/* "Sorry, …": what it asked for was refused. */
void words_refused(struct conn *c, unsigned code, struct str arg);

/* It goes by a name that is somebody's account, for so long. */
/* Behind an answer of the store which lacks what is not written yet. */
void words_lacks(struct conn *c);
void words_reserved(struct conn *c, struct str name, unsigned seconds);

/* It has left the room that its plain lines went to: where do they go now? */
void words_fall_back(struct conn *c);

#endif
