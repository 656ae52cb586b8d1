/* check_ask_find.c - searching what was said. */
#include "config.h"

#include "asker.h"
#include "lib/util.h"
#include "store/db.h"

static void
searched(void)
{
	say(10, LOBBY, "alice=", "the quick brown fox");
	say(11, OPS, "alice=", "the quick brown dog");
	say(12, LOBBY, "Bob=", "quick, brown, quick");
	say(13, LOBBY, "al", "brown quick");
}

#define SEARCH(words_, ...) .kind = QUERY_SEARCH, .text = S(words_), __VA_ARGS__

static void
check_searches(void)
{
	ck_rows("10 the quick brown fox|12 quick, brown, quick|13 brown quick|",
		SEARCH("quick brown", IN(LOBBY)));
	ck_rows("10 the quick brown fox|12 quick, brown, quick|",
		SEARCH("\"quick brown\"", IN(LOBBY)));
	ck_rows("11 the quick brown dog|", SEARCH("quick", IN(OPS)));
	ck_rows("12 quick, brown, quick|13 brown quick|", SEARCH("quick -the", IN(LOBBY, OPS)));
	ck_rows("10 the quick brown fox|11 the quick brown dog|", SEARCH("th*", IN(LOBBY, OPS)));
	ck_rows("12 quick, brown, quick|13 brown quick|", SEARCH("QUICK", .limit = 2, IN(LOBBY)));
	ck_rows("12 quick, brown, quick|", SEARCH("quick", .lo = 10, .hi = 13, IN(LOBBY)));
	ck_rows("10 the quick brown fox|", SEARCH("quick", .from = S("Alice"), IN(LOBBY)));
	ck_rows("12 quick, brown, quick|", SEARCH("quick", .from = S("bob"), IN(LOBBY)));
	ck_rows("13 brown quick|", SEARCH("quick", .from = S("AL"), IN(LOBBY)));
	ck_rows("", SEARCH("quick", .from = S("not a name"), IN(LOBBY)));
	ck_rows("12 quick, brown, quick|", SEARCH("", .from = S("bob"), IN(LOBBY, OPS)));
	ck_rows("", SEARCH("quick", IN(EMPTY)));
}

START_TEST(search_the_index)
{
	searched();
	bygone_commit();
	check_searches();
}
END_TEST

/* What the index does not have yet is found all the same, and once; whatever it has. */
START_TEST(search_what_is_not_indexed)
{
	struct db db;
	char set[128];

	searched();
	bygone_commit();
	for (unsigned upto = 9; upto <= 13; upto++) {
		ck_assert(db_open(&db, DB_FILE, DB_MAKE));
		db_exec(&db, "INSERT INTO message_text(message_text) VALUES('delete-all')");
		bprintf(set, sizeof(set),
			"INSERT INTO message_text(rowid, text, place) SELECT seq, text, place FROM "
			"message WHERE seq <= %u",
			upto);
		db_exec(&db, set);
		bprintf(set, sizeof(set), "UPDATE meta SET value = %u WHERE name = 'indexed'",
			upto);
		ck_assert(db_exec(&db, set));
		db_close(&db);
		check_searches();
	}
}
END_TEST

START_TEST(bad_searches)
{
	static const char *const bad[] = {"*", "-x", "\"\"", "x\xff", "a*"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ask((struct m_s_query){SEARCH(bad[i], IN(LOBBY, OPS))}, 5000);
		ck_assert_uint_eq(page.code, ERR_BAD_ARGUMENT);
		ck_assert_uint_gt(page.arg.n, 0);
		ck_assert_uint_eq(page.rows.n, 0);
	}
	ask((struct m_s_query){.kind = QUERY_KINDS}, 5000);
	ck_assert_uint_eq(page.code, ERR_BAD_ARGUMENT);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
	    search_the_index,
	    search_what_is_not_indexed,
	    bad_searches,
	};

	return asker_run("ask_find", tests, ARRAY_LEN(tests));
}
