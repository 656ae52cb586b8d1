/* http.h - what every HTTP request must look like, whatever else parses it: RFC 9112 read strictly, where two programs could
 * read it differently.
 *
 * It watches the bytes of a connection as they are read: heads, how long their bodies are, and the lines between chunks. What it refuses:
 * lines that end in a bare LF, header lines that are folded or have a space before their colon, no Host, several or an odd one, several lengths, a
 * length and a transfer coding, either of them with a space behind it, a target that is not a path, control characters, heads and chunks'
 * lines that are too long. Pure; nothing is kept but a few words.
 */
#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_TARGET_MAX 8192 /* bytes of a request's target */
#define HTTP_HEAD_MAX 24576 /* of a head */
#define HTTP_HEADERS_MAX 100
#define HTTP_PART \
	64 /* what each "&" of a target and each cookie counts beside its byte: they are kept one by one */
#define HTTP_CHUNK_MAX 256 /* of a line that says how long a chunk is */

/* A connection; zero at its beginning. */
struct http_watch {
	uint8_t state, header; /* http.c's */
	uint8_t hosts, lengths, codings; /* header lines of that name */
	uint8_t nword;
	bool minor; /* HTTP/1.1, not 1.0 */
	bool upgrade;
	bool host_ended; /* white space has followed the host's name */
	bool
	    last; /* what comes behind this request is not looked at: the connection has to end with its answer */
	uint16_t headers;
	uint32_t n; /* bytes of this head, or of a chunk's line */
	uint32_t whole; /* requests that have come to their end; the one that is last does not */
	size_t
	    begun; /* where in the bytes of the last call the request under way begins; 0: not behind another one */
	uint64_t left; /* of its body, or of a chunk */
	char word[32]; /* what is being read, if it is short */
};

/* The next n bytes. 0, or the status that they are refused with (400, 414, 431, 501, 505): then the connection ends. */
unsigned http_watch(struct http_watch *w, const char *p, size_t n);

/* Has a head, empty lines in front of it, or what follows the last chunk, begun that is not whole? */
bool http_in_head(const struct http_watch *w);
/* Is a body, of announced length or in chunks, not whole as far as is known? */
bool http_in_body(const struct http_watch *w);

#endif
