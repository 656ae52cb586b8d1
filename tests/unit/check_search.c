/* The words of a search as an expression of FTS5: what it finds, that nothing typed is FTS5's syntax, what is told to
 * whom typed nothing that can be searched for. */
#include "config.h"

#include <sqlite3.h>

#include "ipc/ipc.h"
#include "lib/util.h"
#include "store/search.h"
#include "unit_str.h"

static sqlite3 *db;

static void
open_index(void)
{
	static const char *const rows =
	    "CREATE VIRTUAL TABLE message_text USING fts5(text, place, tokenize='unicode61');"
	    "INSERT INTO message_text (rowid, text, place) VALUES"
	    "(1, 'the quick brown fox', 1),"
	    "(2, 'the brown quick dog', 1),"
	    "(3, 'Öl und Käse, 12 Stück', 2),"
	    "(4, 'NEAR to me OR 1=1', 2),"
	    "(5, 'she said \"no\" to foxes', 12);";

	ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
}

static void
close_index(void)
{
	sqlite3_close(db);
}

/* The rows that fit expr, "1 2 ". */
static const char *
found(const char *expr)
{
	static char out[64];
	sqlite3_stmt *st;
	size_t n = 0;
	int rc;

	out[0] = '\0';
	sqlite3_prepare_v2(
	    db, "SELECT rowid FROM message_text WHERE message_text MATCH ?1 ORDER BY rowid", -1,
	    &st, NULL);
	sqlite3_bind_text(st, 1, expr, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		n += bprintf(out + n, sizeof(out) - n, "%d ", sqlite3_column_int(st, 0));
	ck_assert_msg(rc == SQLITE_DONE, "%s: %s", expr, sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return out;
}

static const struct {
	const char *typed, *rows;
	int64_t places[3];
} searches[] = {
    {"brown", "1 2 ", {0}},
    {"quick brown", "1 2 ", {0}},
    {"BROWN Quick", "1 2 ", {0}},
    {"\"quick brown\"", "1 ", {0}},
    {"quick-brown", "1 ", {0}},
    {"brown -fox", "2 ", {0}},
    {"-fox brown -dog", "", {0}},
    {"brown -\"quick brown\"", "2 ", {0}},
    {"fox*", "1 5 ", {0}},
    {"\"brown fo\"*", "1 ", {0}},
    {"the -fo*", "2 ", {0}},
    {"kase", "3 ", {0}},
    {"K\xc3\x84SE :)", "3 ", {0}},
    {":( kase -!", "3 ", {0}},
    {"12", "3 ", {0}},
    {"1", "4 ", {0}}, /* a place is no word */
    {"near", "4 ", {0}},
    {"NEAR(to me)", "4 ", {0}},
    {"OR", "4 ", {0}},
    {"quick OR near", "", {0}},
    {"\" OR 1=1", "4 ", {0}},
    {"1=1 --", "4 ", {0}},
    {"no", "5 ", {0}},
    {"said\"no\"", "5 ", {0}},
    {"place:1", "", {0}},
    {"text:fox", "", {0}},
    {"{text}:fox", "", {0}},
    {"^the", "1 2 ", {0}},
    {"the + brown", "1 2 ", {0}},
    {"to", "4 5 ", {0}},
    {"to", "4 ", {2}},
    {"to", "5 ", {12}},
    {"to", "", {1}},
    {"to", "4 5 ", {1, 2, 12}},
    {"to -me", "5 ", {1, 2, 12}},
    {"nothing", "", {0}},
};

START_TEST(finds)
{
	char expr[SEARCH_EXPR_MAX];
	size_t n = 0;

	while (n < 3 && searches[_i].places[n] != 0)
		n++;
	ck_assert_int_eq(search_expr(str_of(searches[_i].typed), searches[_i].places, n, expr),
			 SEARCH_FINE);
	ck_assert_msg(strcmp(found(expr), searches[_i].rows) == 0, "%s: %s", searches[_i].typed,
		      expr);
}
END_TEST

static const struct {
	const char *typed;
	enum search_fault fault;
} faults[] = {
    {"", SEARCH_NOTHING},
    {" ", SEARCH_NOTHING},
    {"*", SEARCH_NOTHING},
    {"\"", SEARCH_NOTHING},
    {"\"\"", SEARCH_NOTHING},
    {"-", SEARCH_NOTHING},
    {":) ;-) \xf0\x9f\x98\x80", SEARCH_NOTHING},
    {"-fox", SEARCH_ONLY_WITHOUT},
    {"-fox -dog ...", SEARCH_ONLY_WITHOUT},
    {"f*", SEARCH_SHORT_PREFIX},
    {"fox -d*", SEARCH_SHORT_PREFIX},
    {"\xc3\x84*", SEARCH_SHORT_PREFIX},
    {"a b c d e f g h i j k l m n o p q r s t u v w x y", SEARCH_TOO_MANY},
    {"fox\xff", SEARCH_NOT_TEXT},
    {"\xc3", SEARCH_NOT_TEXT},
};

START_TEST(wrong)
{
	struct str s = copy(faults[_i].typed, strlen(faults[_i].typed));
	char expr[SEARCH_EXPR_MAX];

	ck_assert_int_eq(search_expr(s, NULL, 0, expr), faults[_i].fault);
	ck_assert_int_gt(strlen(search_strerror(faults[_i].fault)), 5);
	drop(s);
}
END_TEST

/* The longest that there can be: every byte a quote, the most places. */
START_TEST(longest)
{
	int64_t places[SEARCH_PLACES_MAX];
	char text[QUERY_TEXT_MAX + 1], expr[SEARCH_EXPR_MAX];

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		places[i] = INT64_MAX - (int64_t)i;
	memset(text, '"', sizeof(text));
	text[0] = 'x';
	text[QUERY_TEXT_MAX - 1] = 'x';
	ck_assert_int_eq(
	    search_expr((struct str){text, QUERY_TEXT_MAX}, places, ARRAY_LEN(places), expr),
	    SEARCH_FINE);
	ck_assert_str_eq(found(expr), "");
	ck_assert_int_eq(search_expr((struct str){text, QUERY_TEXT_MAX + 1}, NULL, 0, expr),
			 SEARCH_TOO_MANY);
	/* a zero ends FTS5's expression, not ours */
	ck_assert_int_eq(search_expr((struct str){"\"fox\0\" dog", 10}, NULL, 0, expr),
			 SEARCH_FINE);
	ck_assert_str_eq(expr, "{text} : ((\"fox \" \"dog\"))");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("search");
	TCase *tc = tcase_create("search");

	tcase_add_checked_fixture(tc, open_index, close_index);
	tcase_add_loop_test(tc, finds, 0, ARRAY_LEN(searches));
	tcase_add_loop_test(tc, wrong, 0, ARRAY_LEN(faults));
	tcase_add_test(tc, longest);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
