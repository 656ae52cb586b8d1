/* say.h - `chat send`: a text becomes messages, each of which goes when the server has taken the one before.
 *
 * One at a time, because a server reads who sends much no faster than it allows (limits.line_rate), and sends away who never makes
 * a pause; and so that what was not sent yet is not sent any more when we are interrupted. */
#ifndef CHAT_SAY_H
#define CHAT_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

struct client;

struct say {
	bool begun;
	struct str rest; /* of conf->text */
	unsigned unanswered; /* messages on their way, at the last turn */
	size_t pieces; /* as what the last one went to the server */
	size_t flying, taken, lines; /* lines: on their way, taken by the server, all */
};

/* The text, or the file, may go now: the room has been entered. A second time it does nothing. */
void say_begin(struct client *c);
/* What is to be done in each turn; ends the client behind the last message. */
void say_turn(struct client *c);
/* When the next turn has something to do though nothing comes (mono_ms); UINT64_MAX: never. */
uint64_t say_due(const struct client *c);
/* " (60 of 200 lines have been taken)", if it is some of them; else "". */
void say_how_far(const struct say *s, char *out, size_t cap);

#endif
