/* answers.h - what telnet clients are told from the shared registry: who, whois, rooms, lists. */
#ifndef WORKER_ANSWERS_H
#define WORKER_ANSWERS_H

#include <stdint.h>

#include "worker/conn.h"

enum answer_what {
	ANSWER_NAMES, /* the first 50 in a room, and how many others; after joining */
	ANSWER_WHO, /* all members of a room */
	ANSWER_INFO, /* the same in the words of !INFO */
	ANSWER_SHOW, /* all users: loggedIn users: [a, b] */
	ANSWER_WHOIS, /* one user */
	ANSWER_ROOMS, /* all rooms */
	ANSWER_ROOM, /* one room's settings */
	ANSWER_TOPIC,
	ANSWER_BANS,
	ANSWER_MUTES,
	ANSWER_ACCESS, /* the accounts that have a rank in a registered room */
};

/* arg: name of a room or user, or empty: the current room. */
void answer_ask(struct conn *c, enum answer_what what, struct str arg);

/* The names after an event that is an answer itself: no sync is needed. */
void answer_names(struct conn *c, uint64_t room, uint32_t members);

#endif
