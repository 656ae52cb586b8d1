/* query.h - what people type to search: words, and between them in: from: before: after:.
 *
 *   deploy "out of memory" -test log* in:ops from:alice after:2026-01-01
 *
 * Pure functions without allocation, for all tongues alike and for the store, which makes of the words what
 * its index understands (store/search.h). What a name means is for the caller to find out; here are only the forms.
 */
#ifndef PROTO_QUERY_H
#define PROTO_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

/* One of the words, as typed. */
struct query_word {
	struct str raw; /* all of it */
	struct str text; /* without '-', quotes and '*'; never empty, unless it was quoted */
	bool without; /* -word: messages that have it are not meant */
	bool quoted; /* "more than one word" */
	bool prefix; /* word*: it begins so */
};
/* The first word of *rest, which moves behind it. False: none is left. A quote that is not closed goes to the end; one
 * within a word is a part of it. Whatever bytes there are, they are words. */
bool query_word_next(struct str *rest, struct query_word *w);

enum query_fault {
	QUERY_FINE,
	QUERY_NO_VALUE, /* "in:" and nothing */
	QUERY_TWICE,
	QUERY_NO_TIME, /* what follows before: or after: is none */
	QUERY_TOO_LONG,
	QUERY_FAULTS
};
struct query_typed {
	struct str room; /* in:ops, in:#ops, without '#'; empty: not said */
	struct str peer; /* in:@bob: the messages between him and who asks */
	struct str from;
	uint64_t after, before; /* wall ms, neither counted in; 0: not said */
	struct str words; /* what is left, a space between two; in the caller's buffer */
};
/* A time that means something where it is typed alone ("14:30"). False: it is none. */
typedef bool query_clock_fn(struct str s, uint64_t *ms_r);
/* Take typed apart. words has room for cap bytes, typed.n are always enough. All but q->words points into typed. What is
 * quoted or has a '-' is never a filter, and those are written in small or capital letters. clock: may be NULL. bad_r: the word that is wrong. */
enum query_fault query_typed_get(struct str typed, struct query_typed *q, char *words, size_t cap,
				 query_clock_fn *clock, struct str *bad_r);
/* A sentence for the person who typed it; static. */
const char *query_strerror(enum query_fault fault);

/* A time as people type it: "2026-01-31" (its first moment in UTC), "2026-01-31T18:30", with seconds and their
 * fraction, with "Z", "+01:00" or nothing (UTC) behind (RFC 3339 section 5.6). False: it is none. */
bool query_time_get(struct str s, uint64_t *ms_r);

#endif
