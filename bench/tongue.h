/* tongue.h - the protocols that the load generator speaks, as rows of templates.
 *
 * In a template $N is the name (of the client, or of whom it writes to), $R the room, $T the text. */
#ifndef BENCH_TONGUE_H
#define BENCH_TONGUE_H

#include <stddef.h>

/* Marks the start of a numbered message in a line: in no prefix that a server puts before it. */
#define TONGUE_MARK '%'

struct tongue {
	const char *name;
	/* Not NULL: sent as soon as the connection stands. When the answer to it has come, lines go as WebSocket frames. */
	const char *upgrade;
	const char *login; /* sent then */
	const char *login_ok; /* a line that holds this: logged in */
	const char *join; /* sent then, if there is a room to enter */
	const char *join_ok; /* a line that holds this: inside */
	const char *refused; /* a line that holds this while logging in is a failure */
	const char *say; /* $T into the room $R */
	const char *direct; /* $T to $N */
	const char *quit; /* the server closes after this */
	const char *ask,
	    *ask_answer; /* a line beginning so is answered with the rest of it as $T */
};

/* NULL when there is no such protocol. */
const struct tongue *tongue_find(const char *name);

/* The names of all protocols, separated by commas, for usage texts. */
const char *tongue_names(void);

/* Fill in a template; NULL stands for an empty value. Returns the length; what does not fit in size
 * is cut off. The result is not terminated. */
size_t tongue_expand(char *buf, size_t size, const char *template, const char *name,
		     const char *room, const char *text);

#endif
