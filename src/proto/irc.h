/* irc.h - IRC lines: taken apart and put together, as pure functions without copies.
 *
 * RFC 1459 section 2.3, RFC 2812 section 2.3, "Modern IRC Client Protocol" (modern.ircdocs.horse),
 * IRCv3 message-tags. What a name, a room or a number means is the caller's business; here are
 * only the forms.
 */
#ifndef PROTO_IRC_H
#define PROTO_IRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define IRC_LINE_MAX 512 /* CR LF counted, tags not (RFC 1459 section 2.3) */
#define IRC_BODY_MAX (IRC_LINE_MAX - 2)
#define IRC_CLIENT_TAGS_MAX 4096 /* what a client may send: '@', 4094 bytes of tags, the space */
#define IRC_TAGS_MAX 8191 /* what a server may send, '@' and space counted (message-tags) */
#define IRC_PARAMS_MAX 15 /* RFC 2812 section 2.3; what comes after them is part of the last */
#define IRC_TIME_LEN 24 /* "2026-01-02T03:04:05.678Z" */
#define IRC_MSGID_LEN 13

/* --- a line from a client ------------------------------------------------------------------ */

struct irc_msg {
	struct str tags; /* without '@'; empty: none */
	struct str source; /* without ':'; what a client claims to be is never believed */
	struct str cmd; /* as it came; never empty after IRC_PARSE_OK */
	struct str param[IRC_PARAMS_MAX]; /* those from n on are empty */
	unsigned n; /* params; the last may be empty if it began with ':' */
	bool trailing; /* the last one began with ':' */
};

enum irc_parse {
	IRC_PARSE_OK,
	IRC_PARSE_EMPTY, /* nothing but spaces: ignored without a word */
	IRC_PARSE_TAGS_LONG, /* more than IRC_CLIENT_TAGS_MAX of tags: 417 */
	IRC_PARSE_LONG, /* the rest is longer than IRC_BODY_MAX: 417 */
	IRC_PARSE_BAD, /* a NUL, or tags or a source without a command */
};

/* line: one without its end; *m points into it. Bytes are not looked at beyond the grammar: that
 * they are UTF-8 is for the caller to ask, and that it has no CR or LF is how it was found. Space
 * is ' ' only; several are one, those before the line and after its last word are passed over (but
 * counted). Anything but IRC_PARSE_OK leaves cmd and params empty; the tags are there nevertheless. */
enum irc_parse irc_parse(struct irc_msg *m, const char *line, size_t n);

/* Is the command this word? Case does not matter. */
bool irc_is(struct str s, const char *word);

/* --- tags (IRCv3 message-tags) ------------------------------------------------------------- */

struct irc_tag {
	struct str key; /* with '+' and vendor; never empty */
	struct str value; /* still escaped; empty and missing are the same */
};

/* The first tag of *rest, which moves behind it. False: there is none left. Malformed ones (no key,
 * a key with other characters than the grammar's) are passed over. */
bool irc_tag_next(struct str *rest, struct irc_tag *t);
/* The last tag with that key (the specification lets the last one win). False: none. */
bool irc_tag_find(struct str tags, const char *key, struct str *value_r);
/* Into out, at most cap bytes; returns the length. A lone '\' at the end is dropped, an unknown
 * escape loses its '\'. Never longer than the value. CR and LF may come out. */
size_t irc_tag_unescape(struct str value, char *out, size_t cap);
/* Into out, at most cap bytes, cut between characters if need be; returns the length (<= 2 n). */
size_t irc_tag_escape(struct str text, char *out, size_t cap);
/* The client-only tags ('+') that may be relayed, each once (the last wins), separated by ';', in
 * normal form; those whose value is not clean text (text_is_clean()) are left out. tags are what
 * irc_parse() found, out has room for tags.n bytes. Returns the length. */
size_t irc_tags_relayed(struct str tags, char *out);

/* --- pieces of lines that a server sends --------------------------------------------------- */

/* server-time: ms since 1970 as "2026-01-02T03:04:05.678Z", not terminated. */
void irc_time_put(char out[IRC_TIME_LEN], uint64_t ms);
/* What comes after "timestamp=": false if it is not such a time (no fraction and one of up to nine
 * digits are such, too). */
bool irc_time_get(struct str s, uint64_t *ms_r);

/* A message's id is its sequence number in letters and digits, so that every process can tell one
 * from the other; their alphabetical order is that of the numbers. */
void irc_msgid_put(char out[IRC_MSGID_LEN], uint64_t seq);
bool irc_msgid_get(struct str s, uint64_t *seq_r);

/* Where to cut a text so that no piece is longer than max bytes (max >= 16): the length of the
 * first piece, at a character's boundary, not within a colour code, after a space if one is near: the
 * pieces together are the text. 0 only if text is empty. */
size_t irc_cut(struct str text, size_t max);

/* --- CTCP (draft-oakley-irc-ctcp-02) ------------------------------------------------------- */

/* Is text a CTCP message ("\001WORD params\001"; the last \001 may be missing)? *word_r and
 * *params_r point into it. */
bool irc_ctcp(struct str text, struct str *word_r, struct str *params_r);

/* --- mode strings (RFC 2812 section 3.2.3) ------------------------------------------------- */

/* When a mode takes a parameter: the four groups of CHANMODES, and PREFIX. */
enum irc_mode_type {
	IRC_MODE_NONE, /* no such mode */
	IRC_MODE_A, /* a list: always one; without one it asks for the list */
	IRC_MODE_B, /* always one */
	IRC_MODE_C, /* one when set, none when unset */
	IRC_MODE_D, /* never one */
	IRC_MODE_PREFIX, /* a member's name: always one */
};
typedef enum irc_mode_type irc_mode_type_fn(char letter);

struct irc_modes { /* a walk through param[0] = "+o-v+k", param[1…] */
	const struct str *param;
	unsigned n, next; /* next: the first that no mode took */
	struct str letters; /* the mode string that we are in, */
	size_t at; /* and where */
	bool minus;
};
struct irc_mode {
	char letter;
	bool on;
	enum irc_mode_type type;
	bool has_param;
	struct str param;
};

void irc_modes_begin(struct irc_modes *w, const struct str *param, unsigned n);
/* False: no more. A mode whose parameter is missing has has_param false (for A: asks for the list);
 * an unknown letter has type NONE and takes nothing. A parameter that is left over and begins with
 * a sign is one more mode string. */
bool irc_modes_next(struct irc_modes *w, irc_mode_type_fn *type_of, struct irc_mode *m);

#endif
