/* fuzz_search.c - searches as strangers type them: taken apart (proto/query.h), and made an expression (store/search.h) that
 * a real FTS5 index is then asked.
 *
 * Filters and words together are what was typed; what is left of them is words again; an expression that is made is
 * one that FTS5 takes.
 */
#include "config.h"

#include <sqlite3.h>

#include "fuzz.h"
#include "ipc/ipc.h"
#include "proto/query.h"
#include "store/search.h"

static sqlite3_stmt *
question(void)
{
	static sqlite3_stmt *st;
	sqlite3 *db;

	if (st != NULL)
		return st;
	FUZZ_ASSERT(sqlite3_open(":memory:", &db) == SQLITE_OK);
	FUZZ_ASSERT(
	    sqlite3_exec(
		db,
		"CREATE VIRTUAL TABLE message_text USING fts5(text, place, tokenize='unicode61');"
		"INSERT INTO message_text (rowid, text, place) VALUES (1, 'one two three', 7),"
		"(2, 'NEAR OR AND NOT one', 8)",
		NULL, NULL, NULL) == SQLITE_OK);
	FUZZ_ASSERT(sqlite3_prepare_v2(db,
				       "SELECT rowid FROM message_text WHERE message_text MATCH ?1",
				       -1, &st, NULL) == SQLITE_OK);
	return st;
}

static void
search(struct str words)
{
	static const int64_t places[] = {7, 9};
	char expr[SEARCH_EXPR_MAX];
	sqlite3_stmt *st = question();

	for (size_t n = 0; n <= 2; n += 2) {
		int rc;

		if (search_expr(words, places, n, expr) != SEARCH_FINE)
			continue;
		sqlite3_bind_text(st, 1, expr, -1, SQLITE_STATIC);
		do
			rc = sqlite3_step(st);
		while (rc == SQLITE_ROW);
		FUZZ_ASSERT(rc == SQLITE_DONE);
		sqlite3_reset(st);
	}
}

static void
check_time(struct str s)
{
	uint64_t ms;

	if (query_time_get(s, &ms))
		FUZZ_ASSERT(ms < UINT64_C(253402300800000) + 86400000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *typed = fuzz_copy(data, size, size), *words = fuzz_copy(NULL, 0, size), *again;
	struct query_typed q, same;
	struct str bad;

	search((struct str){typed, size});
	check_time((struct str){typed, size});
	if (query_typed_get((struct str){typed, size}, &q, words, size, NULL, &bad) == QUERY_FINE) {
		FUZZ_ASSERT(q.words.n <= size);
		search(q.words);
		again = fuzz_copy(NULL, 0, q.words.n);
		FUZZ_ASSERT(query_typed_get(q.words, &same, again, q.words.n, NULL, &bad) ==
			    QUERY_FINE);
		FUZZ_ASSERT(str_eq(same.words, q.words) && same.room.n == 0 && same.from.n == 0);
		free(again);
	} else {
		FUZZ_ASSERT(bad.n > 0 && bad.p >= typed && bad.p + bad.n <= typed + size);
	}
	free(words);
	free(typed);
	return 0;
}
