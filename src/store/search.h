/* search.h - what is searched for, as an expression of the full-text index.
 *
 * A pure function: any bytes give either an expression that FTS5 takes or a fault that can be told. Each word is quoted
 * there, so nothing that somebody types is ever FTS5's syntax; the expression itself is a bound parameter.
 */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define SEARCH_WORDS_MAX 24
#define SEARCH_PREFIX_MIN 2 /* characters before '*': fewer would be half of the index */
#define SEARCH_EXPR_MAX 16384 /* enough for QUERY_TEXT_MAX bytes and SEARCH_PLACES_MAX places */
#define SEARCH_PLACES_MAX 256

enum search_fault {
	SEARCH_FINE,
	SEARCH_NOTHING, /* no word that could be in a text: no letter, no digit */
	SEARCH_ONLY_WITHOUT, /* nothing but -words */
	SEARCH_TOO_MANY,
	SEARCH_SHORT_PREFIX,
	SEARCH_NOT_TEXT, /* not UTF-8 */
	SEARCH_FAULTS
};
/* The words (proto/query.h) as a MATCH expression into out, at least SEARCH_EXPR_MAX bytes, terminated: all of them, in any
 * order, none of those with a '-'; within these places only, numbers that the index's column `place` holds. No place: wherever it
 * is. places are at most SEARCH_PLACES_MAX. What has neither letter nor digit is passed over. */
enum search_fault search_expr(struct str words, const int64_t *places, size_t nplaces, char *out);
/* "that cannot be searched for: …": a sentence for who asked; static. */
const char *search_strerror(enum search_fault fault);

#endif
