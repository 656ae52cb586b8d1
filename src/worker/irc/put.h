/* put.h - the parts of IRC lines, each written behind the last: o is where, and where the next goes is returned. */
#ifndef WORKER_IRC_PUT_H
#define WORKER_IRC_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/str.h"

/* Tags but client-only ones, prefix, command, target: more than the longest of each together. */
#define LINE_HEAD 640
/* Client-only tags up to this are on all lines of a message; longer ones, which would make it many times as long, on the
 * first alone. */
#define TAGS_AGAIN 256

/* What every line of an event may have. */
struct head {
	uint64_t at;
	struct str name, uhost, account;
	uint64_t msgid; /* 0: it has none */
	uint32_t umodes;
	struct str tags; /* client-only */
};

static inline char *
put_bytes(char *o, const char *p, size_t n)
{
	memcpy(o, p, n);
	return o + n;
}

static inline char *
put_str(char *o, struct str s)
{
	return put_bytes(o, s.p, s.n);
}

static inline char *
put_text(char *o, const char *p)
{
	return put_bytes(o, p, strlen(p));
}

static inline char *
put_end(char *o)
{
	return put_bytes(o, "\r\n", 2);
}

/* The tags of this class (enum irc_class) and a space, or nothing: of the first line of a message, or (!first) of those
 * behind it, which have no id. */
char *put_tags(char *o, unsigned cls, const struct head *h, bool first);
/* ":nick!user@host ", or the server's name. */
char *put_source(char *o, const struct head *h);
/* Both. */
char *put_head(char *o, unsigned cls, const struct head *h);
/* "#room". */
char *put_room(char *o, struct str room);
/* " :reason", if there is one. */
char *put_reason(char *o, struct str reason);

#endif
