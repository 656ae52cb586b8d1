/* words.h - how messages look: the five formats that people know, colours, times. Pure. */
#ifndef CHAT_WORDS_H
#define CHAT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"
#include "proto/format.h"

struct look {
	enum format format;
	bool color, time, echo, ampm;
};

struct show;
/* As one line or several, without the last one's end; room: the one that plain lines go to, others are named before the
 * line. Terminated; returns the length. A text's further lines are moved in by two columns. */
size_t words_render(const struct look *k, const struct show *s, struct str room, char *out,
		    size_t cap);
/* 0…11: somebody always has the same colour, as in telnet. */
unsigned words_color(struct str name);
/* "14:30" here; with its day if that is not today's. */
size_t words_time(const struct look *k, uint64_t at, uint64_t now, char *out, size_t cap);

#endif
