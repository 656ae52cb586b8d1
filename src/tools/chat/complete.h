/* complete.h - what a half-typed word could become: commands, rooms, names. Pure. */
#ifndef CHAT_COMPLETE_H
#define CHAT_COMPLETE_H

#include <stddef.h>

struct session;

#define COMPLETE_MAX 64
#define COMPLETE_WORD 160

struct complete {
	size_t start; /* of the word within the line */
	unsigned n; /* choices: at most COMPLETE_MAX are kept */
	size_t common; /* bytes that all of them begin with */
	char word[COMPLETE_MAX][COMPLETE_WORD]; /* what the word becomes */
};

/* The line up to the cursor, n bytes. A name at the line's beginning gets ": " behind it, others a space, when it is the only
 * choice. */
void complete(const struct session *s, const char *line, size_t n, struct complete *c);

#endif
