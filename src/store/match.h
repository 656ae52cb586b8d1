/* match.h - does a text have the words that are searched for? The index's answer without the index, for messages that it
 * does not have yet: words are taken apart by the same tokenizer, and compared as FTS5 compares them.
 */
#ifndef STORE_MATCH_H
#define STORE_MATCH_H

#include <stdbool.h>

#include "lib/str.h"

struct sqlite3;
struct match;

/* With the tokenizer of a connection's FTS5, which must outlive it. NULL: there is none. */
struct match *match_new(struct sqlite3 *db);
void match_free(struct match *m); /* NULL is fine */

/* What is searched for from now on: words that search_expr (store/search.h) takes. */
void match_words(struct match *m, struct str words);
bool match_text(struct match *m, struct str text);

#endif
