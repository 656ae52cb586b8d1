/* query.h - answers from the shared registry: who, whois, rooms, lists.
 *
 * Asked for, they go through the broker as a sync first, so that what is read is as new as the
 * answer. Long ones are made in pages, as fast as the client reads; nothing more of that client is
 * parsed until the last.
 */
#ifndef WORKER_QUERY_H
#define WORKER_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

enum query_what {
	QUERY_NAMES, /* the first 50 in a room, and how many others; after joining */
	QUERY_WHO, /* all members of a room */
	QUERY_INFO, /* the same in the words of !INFO */
	QUERY_SHOW, /* all users: loggedIn users: [a, b] */
	QUERY_WHOIS, /* one user */
	QUERY_ROOMS, /* all rooms */
	QUERY_ROOM, /* one room's settings */
	QUERY_TOPIC,
	QUERY_BANS,
	QUERY_MUTES,
};

/* arg: name of a room or user, or empty: the current room. */
void query_ask(struct conn *c, enum query_what what, struct str arg);

/* The names after an event that is an answer itself: no sync is needed. */
void query_names(struct conn *c, uint64_t room, uint32_t members);

/* The sync has been answered. */
void query_answered(struct conn *c);

/* Make more of the answer, if the client has taken what there was. True: it is complete. */
bool query_step(struct conn *c);

void query_free(struct conn *c);

#endif
