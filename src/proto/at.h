/* at.h - what a line that is not a command means: text for the room, or `text@name`.
 *
 * The line is split at its last '@' that has no '\' before it. When what follows looks like the
 * name of a user (a valid name; spaces at the end of the line don't count), the line is for that
 * user alone and is never shown to a room, also if there is no such user: a private line to
 * somebody who has just left must not become public. Anything else ("5 @ noon",
 * "me@example.com") is text for the room. "\@" is a plain '@'.
 */
#ifndef PROTO_AT_H
#define PROTO_AT_H

#include <stddef.h>

#include "lib/str.h"

enum at_kind {
	AT_ROOM, /* text is for the room */
	AT_USER, /* text is for `to` */
	AT_TO_ROOM, /* "image@#room": to is the room's name; only the words use it */
};

struct at {
	enum at_kind kind;
	struct str text, to; /* point into the line */
};

/* p is changed in place ("\@" becomes "@"). Pure otherwise. */
struct at at_split(char *p, size_t n);

/* What stands before the '@' of AT_USER and AT_TO_ROOM, without spaces at its end: "image" of "image@#room". */
struct str at_word(const struct at *at);

#endif
