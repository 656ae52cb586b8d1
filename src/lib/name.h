/* name.h - names of users and rooms: what is allowed, and when two are the same.
 *
 * A user's name is 1 to 32 characters, at most 64 bytes: letters, marks and decimal
 * digits of Unicode and _ - [ ] \ ^ { } | `, not beginning with a digit, '-' or a
 * mark.  A room's is 1 to 64 characters, at most 128 bytes, without space, comma,
 * colon, control or format characters; a leading '#' (IRC) is not part of it: the
 * caller strips it.  Characters that nobody sees are in neither.  Two names are the
 * same if their folds (NFKC, case-folded) are the same bytes.
 *
 * All functions but name_reserve() are pure (of what that was told), take lengths and do not allocate for ASCII.
 */
#ifndef LIB_NAME_H
#define LIB_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/str.h"

#define NAME_CHARS_MAX 32
#define NAME_BYTES_MAX 64
#define NAME_FOLD_MAX 96
#define ROOM_CHARS_MAX 64
#define ROOM_BYTES_MAX 128
#define ROOM_FOLD_MAX 192

enum name_err {
	NAME_OK = 0,
	NAME_EMPTY,
	NAME_TOO_LONG, /* in characters, in bytes, or in its fold */
	NAME_BAD_START, /* digit, '-' or combining mark; for a room: a mark */
	NAME_BAD_CHAR,
	NAME_RESERVED, /* the server's */
	NAME_NOT_UTF8,
};

/* Is p (n bytes) a name for a user?  NAME_OK also says that name_fold() with
 * NAME_FOLD_MAX succeeds.  Whether it is taken is not known here. */
enum name_err name_check(const char *p, size_t n);

/* What the server says comes from "Server" in telnet and from its configured name in IRC: nobody else may have either, nor be
 * called NickServ or ChanServ (worker/irc/services.h).
 * name_reserve() says the latter, instead of the one before; it need not be one that a user could have. */
void name_reserve(const char *p, size_t n);
bool name_is_server(const char *p, size_t n);

/* The same for a room, without its '#'; NAME_OK: name_fold() with ROOM_FOLD_MAX
 * succeeds.  Never NAME_RESERVED. */
enum name_err room_check(const char *p, size_t n);

/* A sentence for the person who typed the name of a user, of a room; static. */
const char *name_strerror(enum name_err err);
const char *room_strerror(enum name_err err);

/* Writes the form of p by which names are compared and looked up: NFKC, case-folded,
 * without default-ignorable characters, UTF-8, not terminated.  ASCII is lower-cased
 * in place of all that.  Idempotent.  out may be p.  Returns the length, or -1 if p
 * is not UTF-8, if nothing remains, or if the result does not fit into cap bytes. */
ssize_t name_fold(const char *p, size_t n, char *out, size_t cap);

/* Are these the same name, of a user, an account or a room? What cannot be folded is nobody's. */
bool name_same(struct str a, struct str b);

#endif
