/* wire.h - a line from the server, taken apart. Pure. */
#ifndef CHAT_WIRE_H
#define CHAT_WIRE_H

#include <stdint.h>

#include "proto/irc.h"

/* Longer lines from a server are none: tags, body, CR LF. */
#define WIRE_LINE_MAX (IRC_TAGS_MAX + IRC_LINE_MAX)

/* Other words for one's own message of that id (doc/protocol.md). */
#define WIRE_EDIT_TAG "+draft/edit"

/* The sender's own number of a message (doc/architecture.md). */
#define WIRE_ID_TAG "+chatd.org/id"

/* The tag of a message that brings a file; its text has the link. */
#define WIRE_FILE_TAG "chatd.org/file"

struct wire {
	struct irc_msg m;
	struct str nick; /* of the source, or the server's name */
	uint64_t at; /* server-time, or 0 */
	uint64_t seq; /* of msgid, if it is one of chatd's; or 0 */
	struct str msgid, batch, label, account; /* tags, as they came; empty: none */
	struct str id; /* the same of WIRE_ID_TAG */
	bool edit; /* other words for an earlier message */
	struct str file; /* the value of WIRE_FILE_TAG, still escaped */
	struct str react,
	    unreact; /* the same of +draft/react, +draft/unreact: what somebody thinks */
	uint64_t about; /* of that message: its number, or 0 */
	unsigned num; /* numeric, or 0 */
};

/* line: without its end; *w points into it. False: it is malformed, too long, or not UTF-8: pass over it. */
bool wire_parse(struct wire *w, const char *line, size_t n);

struct wire_file {
	char name[256]; /* as it came: not clean, not safe; terminated */
	uint64_t size;
	bool image;
	bool gone; /* there is no link any more */
};
/* False: value is none. */
bool wire_file(struct str value, struct wire_file *f);

/* Text that others wrote, fit for a terminal: no control characters, no escape sequences, no formatting, directions
 * closed; nl: lines stay. Into out, terminated, at most cap - 1 bytes; what does not fit is cut. Returns the length. */
size_t wire_clean(struct str s, bool nl, char *out, size_t cap);

#endif
