/* Names: the grammar of users' and rooms' names, and which names are the same. */
#include "config.h"

#include <utf8proc.h>

#include "lib/name.h"
#include "lib/text.h"
#include "unit.h"

#define ROW(text, want) \
	{ \
		text, sizeof(text) - 1, want \
	}
#define TEN(s) s s s s s s s s s s

struct row {
	const char *text;
	size_t len;
	enum name_err want;
};

static const struct row users[] = {
    ROW("", NAME_EMPTY),
    ROW("a", NAME_OK),
    ROW("alice", NAME_OK),
    ROW("Alice_B-7", NAME_OK),
    ROW("_-[]\\^{}|`", NAME_OK),
    ROW("[bot]", NAME_OK),
    ROW("7up", NAME_BAD_START),
    ROW("-x", NAME_BAD_START),
    ROW("x-", NAME_OK),
    ROW("a b", NAME_BAD_CHAR),
    ROW(" a", NAME_BAD_CHAR),
    ROW("a.b", NAME_BAD_CHAR),
    ROW("a@b", NAME_BAD_CHAR),
    ROW("a#b", NAME_BAD_CHAR),
    ROW("#a", NAME_BAD_CHAR),
    ROW("a,b", NAME_BAD_CHAR),
    ROW("a:b", NAME_BAD_CHAR),
    ROW("a!b", NAME_BAD_CHAR),
    ROW("a/b", NAME_BAD_CHAR),
    ROW("~a", NAME_BAD_CHAR),
    ROW("a\0b", NAME_BAD_CHAR),
    ROW("\0", NAME_BAD_CHAR),
    ROW("a\x1b[2J", NAME_BAD_CHAR),
    ROW("a\x7f", NAME_BAD_CHAR),
    ROW("server", NAME_RESERVED),
    ROW("Server", NAME_RESERVED),
    ROW("NickServ", NAME_RESERVED),
    ROW("chanserv", NAME_RESERVED),
    ROW("memoserv", NAME_OK),
    ROW("SERVER", NAME_RESERVED),
    ROW("\xef\xbc\xb3\xef\xbd\x85rver", NAME_RESERVED), /* fullwidth S e */
    ROW("servers", NAME_OK),
    ROW("J\xc3\xbcrgen", NAME_OK),
    ROW("\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0", NAME_OK),
    ROW("\xe5\xb0\x8f\xe6\x98\x8e", NAME_OK),
    ROW("\xd9\x85\xd8\xad\xd9\x85\xd8\xaf", NAME_OK),
    ROW("\xe0\xa4\xb0\xe0\xa4\xbe\xe0\xa4\x9c", NAME_OK), /* Devanagari with a vowel sign */
    ROW("a\xd9\xa3", NAME_OK), /* Arabic digit */
    ROW("\xd9\xa3"
	"a",
	NAME_BAD_START),
    ROW("e\xcc\x81", NAME_OK), /* e, combining acute */
    ROW("\xcc\x81"
	"e",
	NAME_BAD_START),
    ROW("a\xc2\xb2", NAME_BAD_CHAR), /* superscript two: No */
    ROW("a\xe2\x85\xa3", NAME_BAD_CHAR), /* Roman numeral: Nl */
    ROW("a\xc2\xa0", NAME_BAD_CHAR), /* no-break space */
    ROW("a\xe2\x80\xae"
	"b",
	NAME_BAD_CHAR), /* RLO */
    ROW("a\xe2\x81\xa6"
	"b",
	NAME_BAD_CHAR), /* LRI */
    ROW("a\xe2\x80\x8b"
	"b",
	NAME_BAD_CHAR), /* zero width space */
    ROW("a\xe2\x80\x8d"
	"b",
	NAME_BAD_CHAR), /* zero width joiner */
    ROW("a\xef\xbb\xbf", NAME_BAD_CHAR), /* BOM */
    ROW("a\xc2\xad"
	"b",
	NAME_BAD_CHAR), /* soft hyphen */
    ROW("a\xc2\x9b"
	"b",
	NAME_BAD_CHAR), /* C1 CSI */
    ROW("a\xf3\xa0\x81\xa1", NAME_BAD_CHAR), /* tag */
    ROW("a\xef\xb8\x8f", NAME_BAD_CHAR), /* variation selector */
    ROW("a\xcd\x8f", NAME_BAD_CHAR), /* combining grapheme joiner */
    ROW("\xe3\x85\xa4", NAME_BAD_CHAR), /* Hangul filler: a letter that is blank */
    ROW("\xef\xbe\xa0", NAME_BAD_CHAR),
    ROW("\xf0\x9f\x98\x80", NAME_BAD_CHAR), /* emoji */
    ROW("a\xcd\xba", NAME_BAD_CHAR), /* a letter whose fold has a space */
    ROW("\xef\xb7\xba", NAME_BAD_CHAR), /* one letter that is 18, with spaces */
    ROW("\xee\x80\x80", NAME_BAD_CHAR), /* private use */
    ROW("a\xcd\xb8", NAME_BAD_CHAR), /* unassigned */
    ROW("\x9b", NAME_NOT_UTF8),
    ROW("a\xff", NAME_NOT_UTF8),
    ROW("a\xc3", NAME_NOT_UTF8),
    ROW("\xc1\x81", NAME_NOT_UTF8),
    ROW("\xed\xa0\x80", NAME_NOT_UTF8),
    ROW(TEN("abc") "ab", NAME_OK),
    ROW(TEN("abc") "abc", NAME_TOO_LONG),
    ROW(TEN("\xc3\xa4\xc3\xa4\xc3\xa4") "\xc3\xa4\xc3\xa4", NAME_OK), /* 32, 64 bytes */
    ROW(TEN("\xc3\xa4\xc3\xa4\xc3\xa4") "aa\xc3\xa4", NAME_TOO_LONG), /* 33, 64 bytes */
    ROW(TEN("\xe5\xb0\x8f\xe5\xb0\x8f"), NAME_OK), /* 20, 60 bytes */
    ROW(TEN("\xe5\xb0\x8f\xe5\xb0\x8f") "\xe5\xb0\x8f\xe5\xb0\x8f", NAME_TOO_LONG), /* 22 */
    /* 21 characters, 63 bytes, whose fold has 5 bytes each */
    ROW(TEN("\xe1\xbe\xb7\xe1\xbe\xb7") "\xe1\xbe\xb7", NAME_TOO_LONG),
    ROW("\xff" TEN("1234567"), NAME_TOO_LONG),
};

static const struct row rooms[] = {
    ROW("", NAME_EMPTY),
    ROW("lobby", NAME_OK),
    ROW("7", NAME_OK),
    ROW("-", NAME_OK),
    ROW("a.b/c!d@e#f", NAME_OK),
    ROW("#double", NAME_OK),
    ROW("Caf\xc3\xa9", NAME_OK),
    ROW("\xe2\x9d\xa4\xef\xb8\x8f", NAME_OK), /* a heart with its selector */
    ROW("\xf0\x9f\x98\x80", NAME_OK),
    ROW("\xef\xb8\x8f", NAME_BAD_START), /* the selector alone */
    ROW("\xcc\x81"
	"e",
	NAME_BAD_START),
    ROW("a b", NAME_BAD_CHAR),
    ROW("a,b", NAME_BAD_CHAR),
    ROW("a:b", NAME_BAD_CHAR),
    ROW("a\0b", NAME_BAD_CHAR),
    ROW("a\x07", NAME_BAD_CHAR),
    ROW("a\tb", NAME_BAD_CHAR),
    ROW("a\x7f", NAME_BAD_CHAR),
    ROW("a\xc2\x85", NAME_BAD_CHAR),
    ROW("a\xc2\xa0"
	"b",
	NAME_BAD_CHAR),
    ROW("a\xe3\x80\x80"
	"b",
	NAME_BAD_CHAR), /* ideographic space */
    ROW("a\xe2\x80\xa8"
	"b",
	NAME_BAD_CHAR),
    ROW("a\xe2\x80\x8d"
	"b",
	NAME_BAD_CHAR),
    ROW("a\xe2\x80\xae"
	"b",
	NAME_BAD_CHAR),
    ROW("a\xef\xbc\x8c"
	"b",
	NAME_BAD_CHAR), /* fullwidth comma: folds to one */
    ROW("a\xef\xbc\x9a"
	"b",
	NAME_BAD_CHAR), /* and colon */
    ROW("a\xc2\xa8", NAME_BAD_CHAR), /* folds to a space and a mark */
    ROW("\xe3\x85\xa4", NAME_BAD_CHAR),
    ROW("\xe2\xa0\x80", NAME_BAD_CHAR), /* blank Braille pattern */
    ROW("\xee\x80\x80", NAME_BAD_CHAR),
    ROW("a\xff", NAME_NOT_UTF8),
    ROW(TEN("abcdef") "abcd", NAME_OK),
    ROW(TEN("abcdef") "abcde", NAME_TOO_LONG),
    ROW(TEN("\xe5\xb0\x8f\xe5\xb0\x8f\xe5\xb0\x8f\xe5\xb0\x8f"), NAME_OK), /* 40, 120 */
    ROW(TEN("\xe5\xb0\x8f\xe5\xb0\x8f\xe5\xb0\x8f\xe5\xb0\x8f") TEN("a"), NAME_TOO_LONG),
    ROW("server", NAME_OK),
};

START_TEST(user_names)
{
	const struct row *r = &users[_i];

	ck_assert_msg(name_check(r->text, r->len) == r->want, "row %d \"%s\": %d, not %d", _i,
		      r->text, name_check(r->text, r->len), r->want);
}
END_TEST

START_TEST(reserved)
{
	ck_assert(name_is_server("SERVER", 6));
	ck_assert(!name_is_server("hub", 3));
	name_reserve("Hub", 3);
	ck_assert(name_is_server("hUB", 3));
	ck_assert_int_eq(name_check("hub", 3), NAME_RESERVED);
	ck_assert_int_eq(name_check("server", 6), NAME_RESERVED);
	ck_assert_int_eq(name_check("hubs", 4), NAME_OK);
	ck_assert_int_eq(room_check("hub", 3), NAME_OK);
	name_reserve("chat.example.org", 16);
	ck_assert_int_eq(name_check("hub", 3), NAME_OK);
	ck_assert(name_is_server("chat.EXAMPLE.org", 16));
	name_reserve("", 0);
	ck_assert(!name_is_server("", 0));
}
END_TEST

START_TEST(room_names)
{
	const struct row *r = &rooms[_i];

	ck_assert_msg(room_check(r->text, r->len) == r->want, "row %d \"%s\": %d, not %d", _i,
		      r->text, room_check(r->text, r->len), r->want);
}
END_TEST

static bool
same(const char *a, const char *b)
{
	char fa[NAME_FOLD_MAX], fb[NAME_FOLD_MAX];
	ssize_t na = name_fold(a, strlen(a), fa, sizeof(fa));
	ssize_t nb = name_fold(b, strlen(b), fb, sizeof(fb));

	ck_assert_int_gt(na, 0);
	ck_assert_int_gt(nb, 0);
	ck_assert_int_eq(na == nb && memcmp(fa, fb, na) == 0, name_same(str_of(a), str_of(b)));
	return name_same(str_of(a), str_of(b));
}

START_TEST(same_names)
{
	ck_assert(same("Alice", "aLICE"));
	ck_assert(same("J\xc3\xbcrgen", "Ju\xcc\x88rgen")); /* NFC, NFD */
	ck_assert(same("J\xc3\xbcrgen", "J\xc3\x9cRGEN")); /* u and U umlaut */
	ck_assert(same("stra\xc3\x9f"
		       "e",
		       "STRASSE")); /* sharp s */
	ck_assert(same("\xce\xa3\xce\xaf\xcf\x83", "\xcf\x83\xce\xaf\xcf\x82")); /* final sigma */
	ck_assert(same("\xef\xbd\x92oot", "root")); /* fullwidth */
	ck_assert(same("\xef\xac\x81n", "fin")); /* ligature */
	ck_assert(same("\xc4\xb0", "i\xcc\x87")); /* I with dot */
	ck_assert(same("a\xe2\x80\x8d"
		       "b",
		       "ab")); /* what nobody sees */
	ck_assert(!same("\xc4\xb1", "i")); /* dotless i */
	ck_assert(!same("{a}", "[a]")); /* these are letters of no alphabet here */
	ck_assert(!same("\xd0\xb0"
			"dmin",
			"admin"));
	ck_assert(!name_same(STR_LIT(""), STR_LIT("")));
	ck_assert(!name_same(STR_LIT("\xff"), STR_LIT("\xff")));
}
END_TEST

START_TEST(fold_refuses)
{
	char out[NAME_FOLD_MAX];
	char big[600];

	ck_assert_int_eq(name_fold("", 0, out, sizeof(out)), -1);
	ck_assert_int_eq(name_fold(LIT("\xff"), out, sizeof(out)), -1);
	ck_assert_int_eq(name_fold(LIT("\xed\xa0\x80"), out, sizeof(out)), -1);
	ck_assert_int_eq(name_fold(LIT("\xe2\x80\x8d"), out, sizeof(out)), -1);
	ck_assert_int_eq(name_fold(LIT("abc"), out, 2), -1);
	ck_assert_int_eq(name_fold(LIT("abc"), out, 3), 3);
	ck_assert_int_eq(name_fold(LIT("\xc3\x9f"), out, 1), -1);
	ck_assert_int_eq(name_fold(LIT("\xc3\x9f"), out, 2), 2);
	memset(big, 'a', sizeof(big));
	ck_assert_int_eq(name_fold(big, sizeof(big), out, sizeof(out)), -1);
	memcpy(big, "\xc3\xa4", 2);
	ck_assert_int_eq(name_fold(big, sizeof(big), out, sizeof(out)), -1);
}
END_TEST

START_TEST(fold_in_place)
{
	char ascii[] = "AbC", other[] = "\xc3\x84"
					"B";

	ck_assert_int_eq(name_fold(ascii, 3, ascii, 3), 3);
	ck_assert_mem_eq(ascii, "abc", 3);
	ck_assert_int_eq(name_fold(other, 3, other, 3), 3);
	ck_assert_mem_eq(other,
			 "\xc3\xa4"
			 "b",
			 3);
}
END_TEST

/* Every code point, alone and after a letter, and with a mark that reorders. */
START_TEST(fold_idempotent)
{
	static const char *const shape[][2] = {{"", ""}, {"a", ""}, {"", "\xcd\x85\xcc\x81"}};
	int done = 0;

	for (utf8proc_int32_t c = 0; c <= 0x10ffff; c++) {
		char text[16], one[NAME_FOLD_MAX], two[NAME_FOLD_MAX];
		const char *const *s = shape[_i];
		size_t n = strlen(s[0]);
		ssize_t a, b;

		if (!utf8proc_codepoint_valid(c))
			continue;
		memcpy(text, s[0], n);
		n += utf8proc_encode_char(c, (utf8proc_uint8_t *)text + n);
		memcpy(text + n, s[1], strlen(s[1]));
		n += strlen(s[1]);
		/* an assertion that holds costs a system call: only failures get there */
		a = name_fold(text, n, one, sizeof(one));
		if (a < 0 && (name_check(text, n) == NAME_OK || c < 0x80))
			ck_abort_msg("U+%04X is a name that does not fold", (unsigned)c);
		if (a < 0)
			continue;
		b = name_fold(one, a, two, sizeof(two));
		if (!text_utf8_ok(one, a) || a != b || memcmp(one, two, a) != 0)
			ck_abort_msg("U+%04X folds to what folds again", (unsigned)c);
		if (name_check(text, n) == NAME_OK && name_check(one, a) != NAME_OK)
			ck_abort_msg("U+%04X folds to what is no name", (unsigned)c);
		done++;
	}
	ck_assert_int_gt(done, 1000000);
}
END_TEST

START_TEST(sentences)
{
	for (int e = NAME_OK; e <= NAME_NOT_UTF8 + 1; e++) {
		const char *s = name_strerror(e);

		ck_assert(strlen(s) > 10 && s[strlen(s) - 1] == '.');
		for (int f = NAME_OK; f < e; f++)
			ck_assert_str_ne(s, name_strerror(f));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("name");
	TCase *tc = tcase_create("names");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, user_names, 0, sizeof(users) / sizeof(users[0]));
	tcase_add_loop_test(tc, room_names, 0, sizeof(rooms) / sizeof(rooms[0]));
	tcase_add_test(tc, reserved);
	tcase_add_test(tc, same_names);
	tcase_add_test(tc, fold_refuses);
	tcase_add_test(tc, fold_in_place);
	tcase_add_loop_test(tc, fold_idempotent, 0, 3);
	tcase_add_test(tc, sentences);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
