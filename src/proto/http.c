/* http.c - see http.h. A state machine over bytes: a head may come in any pieces. */
#include "config.h"

#include "proto/http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"

enum state {
	BEFORE, /* a request; an empty line in front of it is passed over (RFC 9112, 2.2) */
	BEFORE_LF,
	METHOD,
	TARGET,
	PROTOCOL,
	PROTOCOL_LF,
	NAME_FIRST,
	NAME,
	VALUE,
	VALUE_LF,
	END_LF,
	BODY,
	CHUNK, /* its length (RFC 9112, 7.1) */
	CHUNK_MORE,
	CHUNK_LF,
	CHUNK_BODY,
	CHUNK_END,
	CHUNK_END_LF,
	UNWATCHED
};
enum header { OTHER, HOST, LENGTH, CODING, UPGRADE, COOKIE };

/* What a header's name or a method may have in it (RFC 9110, 5.6.2). */
static bool
in_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* What a host and its port may have in them (RFC 3986, 3.2.2). */
static bool
in_host(char c)
{
	return in_token(c) ? strchr("#^`|", c) == NULL : c != '\0' && strchr("()[],;=:", c) != NULL;
}

static bool
is_control(char c)
{
	return (c >= 0 && c < ' ' && c != '\t') || c == 127;
}

static void
word_begin(struct http_watch *w)
{
	w->nword = 0;
	memset(w->word, 0, sizeof(w->word));
}

/* One too long is none that we know: it keeps its beginning, and nword says that there is more. */
static void
word_add(struct http_watch *w, char c)
{
	if (w->nword < sizeof(w->word) - 1)
		w->word[w->nword] = c;
	if (w->nword < sizeof(w->word))
		w->nword++;
}

static bool
word_is(const struct http_watch *w, const char *word)
{
	return w->nword == strlen(word) && strcasecmp(w->word, word) == 0;
}

static enum header
header_named(const struct http_watch *w)
{
	static const struct {
		const char *name;
		enum header header;
	} names[] = {{"host", HOST},
		     {"content-length", LENGTH},
		     {"transfer-encoding", CODING},
		     {"upgrade", UPGRADE},
		     {"cookie", COOKIE}};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (word_is(w, names[i].name))
			return names[i].header;
	}
	return OTHER;
}

static bool
ends_in_space(const struct http_watch *w)
{
	return w->nword > 0 && w->nword < sizeof(w->word) &&
	       (w->word[w->nword - 1] == ' ' || w->word[w->nword - 1] == '\t');
}

/* A header's value has ended. */
static unsigned
header_end(struct http_watch *w)
{
	/* white space behind a value is no part of it (RFC 9110, 5.5), but to libmicrohttpd it is */
	if ((w->header == LENGTH || w->header == CODING) && ends_in_space(w))
		return 400;
	while (ends_in_space(w))
		w->word[--w->nword] = '\0';
	if (++w->headers > HTTP_HEADERS_MAX)
		return 431;
	switch (w->header) {
	case HOST:
		return ++w->hosts > 1 || w->nword == 0 ? 400 : 0;
	case LENGTH:
		if (++w->lengths > 1 || w->nword == 0 || w->nword > 18 ||
		    strspn(w->word, "0123456789") != w->nword)
			return 400;
		for (const char *p = w->word; *p != '\0'; p++)
			w->left = w->left * 10 + (uint64_t)(*p - '0');
		return 0;
	case CODING:
		return ++w->codings > 1 ? 400 : !word_is(w, "chunked") ? 501 : 0;
	case UPGRADE:
		w->upgrade = true;
		return 0;
	default:
		return 0;
	}
}

static void
chunk_begin(struct http_watch *w)
{
	word_begin(w);
	w->n = 0;
	w->left = 0;
	w->state = CHUNK;
}

static void
chunk_head_end(struct http_watch *w)
{
	w->n = 0;
	w->state = w->left > 0 ? CHUNK_BODY : NAME_FIRST;
}

/* The request is whole: another may follow. */
static void
request_end(struct http_watch *w)
{
	w->state = BEFORE;
	w->whole++;
}

/* An empty line: of a head, or of what follows the last chunk. */
static unsigned
head_end(struct http_watch *w)
{
	if (w->last) {
		w->state = UNWATCHED;
		return 0;
	}
	if (w->codings > 0 && (w->lengths > 0 || !w->minor))
		return 400;
	if (w->hosts == 0 && w->minor)
		return 400;
	w->last = w->codings > 0 || w->upgrade;
	w->n = 0;
	if (w->codings > 0)
		chunk_begin(w);
	else if (w->last || w->left > 0)
		w->state = w->last ? UNWATCHED : BODY;
	else
		request_end(w);
	return 0;
}

static void
head_begin(struct http_watch *w, size_t at)
{
	*w = (struct http_watch){.state = METHOD, .whole = w->whole, .begun = at};
}

static unsigned
version_end(struct http_watch *w)
{
	w->minor = word_is(w, "HTTP/1.1");
	w->state = PROTOCOL_LF;
	return w->minor || word_is(w, "HTTP/1.0")  ? 0
	       : strncmp(w->word, "HTTP/", 5) == 0 ? 505
						   : 400;
}

/* Of the line that says what is asked for. */
static unsigned
in_request_line(struct http_watch *w, char c)
{
	switch (w->state) {
	case METHOD:
		if (c == ' ') {
			w->state = TARGET;
			word_begin(w);
			return w->n > 1 ? 0 : 400;
		}
		return in_token(c) && w->n <= 32 ? 0 : 400;
	case TARGET:
		if (c == ' ' && w->nword > 0) {
			w->state = PROTOCOL;
			word_begin(w);
			return 0;
		}
		/* a path; the last three are remembered for the sake of %00 */
		if ((w->nword == 0 && c != '/') || c <= ' ' || c == 127)
			return 400;
		if (c == '&')
			w->n += HTTP_PART;
		w->word[0] = w->word[1];
		w->word[1] = w->word[2];
		w->word[2] = c;
		w->nword = 1;
		if (memcmp(w->word, "%00", 3) == 0)
			return 400;
		return w->n > HTTP_TARGET_MAX ? 414 : 0;
	default: /* PROTOCOL */
		if (c == '\r')
			return version_end(w);
		word_add(w, c);
		return c > ' ' && w->nword < 16 ? 0 : 400;
	}
}

static unsigned
in_value(struct http_watch *w, char c)
{
	bool blank = c == ' ' || c == '\t';

	if (c == '\r') {
		w->state = VALUE_LF;
		return header_end(w);
	}
	if (w->header == HOST && !blank && (w->host_ended || !in_host(c)))
		return 400;
	w->host_ended = w->header == HOST && blank && w->nword > 0;
	if (w->nword > 0 || !blank)
		word_add(w, c);
	if (w->header == COOKIE && (c == ';' || c == ','))
		w->n += HTTP_PART;
	return is_control(c) ? 400 : 0;
}

static unsigned
in_header(struct http_watch *w, char c)
{
	switch (w->state) {
	case NAME_FIRST:
		if (c == '\r') {
			w->state = END_LF;
			return 0;
		}
		w->state = NAME;
		word_begin(w);
		/* fallthrough */
	case NAME:
		if (c == ':' && w->nword > 0) {
			w->header = (uint8_t)header_named(w);
			w->state = VALUE;
			word_begin(w);
			return 0;
		}
		word_add(w, c);
		return in_token(c) ? 0 : 400;
	default: /* VALUE */
		return in_value(w, c);
	}
}

/* Of the line in front of a chunk. */
static unsigned
in_chunk_head(struct http_watch *w, char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

	if (w->n > HTTP_CHUNK_MAX)
		return 400;
	if (w->state == CHUNK && digit != NULL) {
		w->left = w->left * 16 + (uint64_t)(digit - digits);
		return ++w->nword < sizeof(uint64_t) * 2 ? 0 : 400;
	}
	if (w->nword == 0)
		return 400;
	if (c == '\r') {
		w->state = CHUNK_LF;
		return 0;
	}
	if (w->state == CHUNK && c != ';' && c != ' ' && c != '\t')
		return 400;
	w->state = CHUNK_MORE; /* extensions, which nobody here knows */
	return is_control(c) ? 400 : 0;
}

static unsigned
at_line_end(struct http_watch *w, char c)
{
	if (c != '\n')
		return 400;
	switch (w->state) {
	case BEFORE_LF:
		w->state = BEFORE;
		return 0;
	case END_LF:
		return head_end(w);
	case CHUNK_LF:
		chunk_head_end(w);
		return 0;
	case CHUNK_END_LF:
		chunk_begin(w);
		return 0;
	default: /* PROTOCOL_LF, VALUE_LF */
		w->state = NAME_FIRST;
		return 0;
	}
}

static unsigned
take(struct http_watch *w, char c)
{
	if (++w->n > HTTP_HEAD_MAX)
		return 431;
	switch (w->state) {
	case BEFORE_LF:
	case PROTOCOL_LF:
	case VALUE_LF:
	case END_LF:
	case CHUNK_LF:
	case CHUNK_END_LF:
		return at_line_end(w, c);
	case METHOD:
	case TARGET:
	case PROTOCOL:
		return in_request_line(w, c);
	case CHUNK:
	case CHUNK_MORE:
		return in_chunk_head(w, c);
	case CHUNK_END:
		w->state = CHUNK_END_LF;
		return c == '\r' ? 0 : 400;
	default:
		return in_header(w, c);
	}
}

/* How many of n bytes are the body's, or a chunk's. */
static size_t
pass_over(struct http_watch *w, size_t n)
{
	size_t part = (size_t)MIN((uint64_t)n, w->left);

	w->left -= part;
	if (w->left == 0 && w->state == BODY)
		request_end(w);
	else if (w->left == 0)
		w->state = CHUNK_END;
	return part;
}

unsigned
http_watch(struct http_watch *w, const char *p, size_t n)
{
	w->begun = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned status = 0;

		if (w->state == UNWATCHED)
			return 0;
		if (w->state == BODY || w->state == CHUNK_BODY) {
			i += pass_over(w, n - i) - 1;
			continue;
		}
		if (w->state == BEFORE && p[i] == '\r')
			w->state = BEFORE_LF;
		else {
			if (w->state == BEFORE)
				head_begin(w, i);
			status = take(w, p[i]);
		}
		if (status != 0)
			return status;
	}
	return 0;
}

bool
http_in_head(const struct http_watch *w)
{
	return w->state == BEFORE ? w->n > 0 : w->state < BODY;
}

bool
http_in_body(const struct http_watch *w)
{
	return w->state >= BODY;
}
