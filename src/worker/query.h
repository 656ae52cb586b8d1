/* query.h - answers from the shared registry, whatever the protocol.
 *
 * Asked for, they go through the broker as a sync first, so that what is read is as new as the
 * answer. Long ones are made in steps, as fast as the client reads; nothing more of that client is
 * parsed until the last. What is answered, and how it looks, is answers.c's for telnet and
 * irc/'s for IRC.
 */
#ifndef WORKER_QUERY_H
#define WORKER_QUERY_H

#include <stdbool.h>

#include "worker/conn.h"

enum query_step {
	QUERY_DONE,
	QUERY_MORE, /* there is more: when the client has taken this */
	QUERY_AGAIN, /* what was to be read was being written: ask the broker once more */
	QUERY_WAIT, /* there is more, which has been asked for elsewhere: query_answered says when */
	QUERY_PASSED, /* it is over and has been freed; another may have been begun in its place */
};

/* The first member of what a protocol keeps while it answers. */
struct query {
	/* Makes one piece, at most a page of the registry. */
	enum query_step (*step)(struct conn *c, struct query *q);
	bool ready; /* the sync has been answered */
	void (*gone)(struct query *q); /* what it has must be freed; NULL: nothing but itself */
};

/* q: allocated with everything behind it, freed by free() when it is done. c has no other. */
void query_ask(struct conn *c, struct query *q);

/* The same without a sync: an event that is an answer itself has just come. The first piece is made when all events of
 * this turn have been taken (input_turn): one of them may have very many clients begin a long answer. */
void query_begin(struct conn *c, struct query *q);

/* The sync has been answered. */
void query_answered(struct conn *c);

/* Make more of the answer, if the client has taken what there was. True: it is complete. */
bool query_step(struct conn *c);

void query_free(struct conn *c);

#endif
