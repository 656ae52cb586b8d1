/* What people type to search, taken apart: words, quotes, filters, times; and what is wrong with it. */
#include "config.h"

#include "lib/util.h"
#include "proto/query.h"
#include "unit_str.h"

/* --- words ------------------------------------------------------------------------------------- */

/* The words of a text, each as its flags, its text and a '|'. */
static const struct {
	const char *typed, *words;
} texts[] = {
    {"", ""},
    {"  \t ", ""},
    {"one", "one|"},
    {" one  two\n", "one|two|"},
    {"-one two", "-one|two|"},
    {"--one", "--one|"},
    {"-", "-|"},
    {"- one", "-|one|"},
    {"one-two", "one-two|"},
    {"one*", "*one|"},
    {"one**", "*one|"},
    {"*", "*|"},
    {"**", "**|"},
    {"-one*", "-*one|"},
    {"\"one two\"", "\"one two|"},
    {"\"one two\"*", "\"*one two|"},
    {"-\"one two\" three", "-\"one two|three|"},
    {"\"one two", "\"one two|"},
    {"\"\"", "\"|"},
    {"\"", "\"|"},
    {"\"one\"two", "\"one|two|"},
    {"say\"one two\"", "say\"one|two\"|"},
    {"NEAR(a b) OR 1=1", "NEAR(a|b)|OR|1=1|"},
    {"a\xc2\xa0"
     "b\xe3\x80\x80"
     "c",
     "a|b|c|"},
    {"\xff\xc2 \xe3\x80", "\xff\xc2|\xe3\x80|"},
};

START_TEST(words_of)
{
	struct str rest = copy(texts[_i].typed, strlen(texts[_i].typed)), whole = rest;
	struct query_word w;
	char got[128] = "";
	size_t n = 0;

	while (query_word_next(&rest, &w)) {
		n += bprintf(got + n, sizeof(got) - n, "%s%s%s" STR_FMT "|", w.without ? "-" : "",
			     w.quoted ? "\"" : "", w.prefix ? "*" : "", STR_ARG(w.text));
		ck_assert(w.raw.p >= whole.p && w.raw.n > 0 && w.raw.p + w.raw.n == rest.p);
	}
	ck_assert_str_eq(got, texts[_i].words);
	drop(whole);
}
END_TEST

/* --- filters ----------------------------------------------------------------------------------- */

#define DAY_2026 UINT64_C(1767225600000) /* 2026-01-01 */

static const struct {
	const char *typed, *words, *room, *peer, *from;
	uint64_t after, before;
} queries[] = {
    {"one two", "one two", "", "", "", 0, 0},
    {"in:ops one from:alice two", "one two", "ops", "", "alice", 0, 0},
    {"in:#ops", "", "ops", "", "", 0, 0},
    {"in:@bob x", "x", "", "bob", "", 0, 0},
    {"IN:ops From:Alice", "", "ops", "", "Alice", 0, 0},
    {"after:2026-01-01 before:2026-01-02 x", "x", "", "", "", DAY_2026, DAY_2026 + 86400000},
    {"\"in:ops\" -from:alice x", "\"in:ops\" -from:alice x", "", "", "", 0, 0},
    {"  a   \"b  c\"  d ", "a \"b  c\" d", "", "", "", 0, 0},
    {"inn:ops ain:x in :x", "inn:ops ain:x in :x", "", "", "", 0, 0},
    {"after:1970-01-01", "", "", "", "", 1, 0},
    {"in:a:b", "", "a:b", "", "", 0, 0},
};

START_TEST(filters)
{
	struct str typed = copy(queries[_i].typed, strlen(queries[_i].typed)), bad;
	struct query_typed q;
	char *words = malloc(typed.n);

	ck_assert_int_eq(query_typed_get(typed, &q, words, typed.n, NULL, &bad), QUERY_FINE);
	ck_assert(str_eq(q.words, str_of(queries[_i].words)));
	ck_assert(str_eq(q.room, str_of(queries[_i].room)));
	ck_assert(str_eq(q.peer, str_of(queries[_i].peer)));
	ck_assert(str_eq(q.from, str_of(queries[_i].from)));
	ck_assert_uint_eq(q.after, queries[_i].after);
	ck_assert_uint_eq(q.before, queries[_i].before);
	free(words);
	drop(typed);
}
END_TEST

static const struct {
	const char *typed, *bad;
	enum query_fault fault;
} faults[] = {
    {"x in: y", "in:", QUERY_NO_VALUE},
    {"in:#", "in:#", QUERY_NO_VALUE},
    {"in:@", "in:@", QUERY_NO_VALUE},
    {"from:", "from:", QUERY_NO_VALUE},
    {"before:", "before:", QUERY_NO_VALUE},
    {"in:a in:b", "in:b", QUERY_TWICE},
    {"in:a in:@b", "in:@b", QUERY_TWICE},
    {"in:@a in:b", "in:b", QUERY_TWICE},
    {"from:a from:a", "from:a", QUERY_TWICE},
    {"after:2026-01-01 after:2026-01-01", "after:2026-01-01", QUERY_TWICE},
    {"before:yesterday x", "before:yesterday", QUERY_NO_TIME},
    {"123456789012345 78901234567", "78901234567", QUERY_TOO_LONG},
};

START_TEST(wrong)
{
	struct str bad;
	struct query_typed q;
	char words[20];

	ck_assert_int_eq(
	    query_typed_get(str_of(faults[_i].typed), &q, words, sizeof(words), NULL, &bad),
	    faults[_i].fault);
	ck_assert(str_eq(bad, str_of(faults[_i].bad)));
	ck_assert_int_gt(strlen(query_strerror(faults[_i].fault)), 10);
}
END_TEST

/* --- times ------------------------------------------------------------------------------------- */

static const struct {
	const char *typed;
	uint64_t ms; /* after DAY_2026 */
} times[] = {
    {"2026-01-01", 0},
    {"2026-01-02", 86400000},
    {"2026-01-01T00:01", 60000},
    {"2026-01-01t00:01z", 60000},
    {"2026-01-01T00:01:02", 62000},
    {"2026-01-01T00:01:02Z", 62000},
    {"2026-01-01T00:01:02.5Z", 62500},
    {"2026-01-01T00:01:02.123456789", 62123},
    {"2026-01-01T02:00+02:00", 0},
    {"2026-01-01T02:00:01.25+02:00", 1250},
    {"2025-12-31T18:30:00-05:30", 0},
};

START_TEST(times_read)
{
	struct str s = copy(times[_i].typed, strlen(times[_i].typed));
	uint64_t ms = 1;

	ck_assert(query_time_get(s, &ms));
	ck_assert_uint_eq(ms, DAY_2026 + times[_i].ms);
	drop(s);
}
END_TEST

static const char *const no_times[] = {
    "",
    "2026",
    "2026-1-1",
    "2026-02-29",
    "2026-13-01",
    "1969-12-31",
    "2026-01-01T",
    "2026-01-01Z",
    "2026-01-01T10",
    "2026-01-01T10:0",
    "2026-01-01T24:00",
    "2026-01-01T10:00:",
    "2026-01-01T10:00:0",
    "2026-01-01T10:00:00.",
    "2026-01-01T10:00:00.1234567890",
    "2026-01-01T10:00:00.123456789000Z",
    "2026-01-01T10:00+24:00",
    "2026-01-01T10:00+01:60",
    "2026-01-01T10:00+0100",
    "2026-01-01T10+01:00",
    "2026-01-01T10:00:00ZZ",
    "2026-01-01-10:00",
    "2026-01-01 10:00",
    "2026/01/01",
    "yesterday",
};

START_TEST(times_refused)
{
	struct str s = copy(no_times[_i], strlen(no_times[_i]));
	uint64_t ms;

	ck_assert_msg(!query_time_get(s, &ms), "'%s'", no_times[_i]);
	drop(s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("query");
	TCase *tc = tcase_create("query");

	tcase_add_loop_test(tc, words_of, 0, ARRAY_LEN(texts));
	tcase_add_loop_test(tc, filters, 0, ARRAY_LEN(queries));
	tcase_add_loop_test(tc, wrong, 0, ARRAY_LEN(faults));
	tcase_add_loop_test(tc, times_read, 0, ARRAY_LEN(times));
	tcase_add_loop_test(tc, times_refused, 0, ARRAY_LEN(no_times));
	suite_add_tcase(s, tc);
	return unit_run(s);
}
