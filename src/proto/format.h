/* format.h - the five ways in which people can have messages shown: a telnet user's, and chat's. Pure. */
#ifndef PROTO_FORMAT_H
#define PROTO_FORMAT_H

#include "lib/str.h"

enum format {
	FORMAT_COLON, /* nick: text */
	FORMAT_ANGLE, /* <nick> text */
	FORMAT_ARROW, /* nick > text */
	FORMAT_QUOTE, /* nick sent you "text" */
	FORMAT_CLIENT, /* Client: text, Server: text */
	FORMAT_COUNT
};

/* A message is before, who said it, between, its text, after. name: what people choose it by. */
struct format_words {
	const char *name, *before, *between, *after, *example;
};
extern const struct format_words formats[FORMAT_COUNT];

/* By its name in any case, or its number (from "1" on); -1: there is none. */
int format_of(struct str s);

#endif
