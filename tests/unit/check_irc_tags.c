/* What goes before an IRC message: tags and their escapes, server-time, msgid; as tables of what
 * IRCv3's specifications say and of what strangers send instead. */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "lib/util.h"
#include "proto/irc.h"
#include "unit_str.h"

/* --- tags ---------------------------------------------------------------------------------- */

static const struct {
	const char *tags;
	const char *seen; /* "key value|…" */
} walks[] = {
    {"", ""},
    {"a", "a |"},
    {"a=", "a |"},
    {"a=b", "a b|"},
    {"a=b;c", "a b|c |"},
    {"aaa=bbb;ccc;example.com/ddd=eee", "aaa bbb|ccc |example.com/ddd eee|"},
    {"a=b=c=", "a b=c=|"},
    {"+a=raw+:=,escaped\\:\\s\\\\", "+a raw+:=,escaped\\:\\s\\\\|"},
    {"+draft/reply=x;+typing=active;label=1", "+draft/reply x|+typing active|label 1|"},
    {"xn--e1afmkfd.org/foo", "xn--e1afmkfd.org/foo |"},
    {"a=1;a=2", "a 1|a 2|"},
    /* the value cannot have a ';': what follows it is the next tag */
    {"a=b\\;c=d", "a b\\|c d|"},
    {"a=x;y z;b", "a x|b |"},
    /* nothing between, before and after */
    {";;a;;b=;;", "a |b |"},
    {";", ""},
    {";;;;;;", ""},
    /* no key, or none that the grammar has */
    {"=", ""},
    {"=b;a=b", "a b|"},
    {"+;a", "a |"},
    {"+=x;a", "a |"},
    {"++b;a", "a |"},
    {"a+b;a", "a |"},
    {"/b;a", "a |"},
    {"v/;a", "a |"},
    {"+/b;a", "a |"},
    {"v/w/b;a", "a |"},
    {"a.b;a", "a |"},
    {"v.w/b.c;a", "a |"},
    {"a_b;a", "a |"},
    {"a\\b=c;a", "a |"},
    {"\xc3\xa4=c;a", "a |"},
    {"a\x01=c;a", "a |"},
    {"@a=c;a", "a |"},
    {"-=c;0", "- c|0 |"},
};

START_TEST(tag_walk)
{
	struct str in = copy(walks[_i].tags, strlen(walks[_i].tags)), rest = in;
	struct irc_tag t;
	char seen[256] = "";

	while (irc_tag_next(&rest, &t)) {
		assert_inside(t.key, in);
		assert_inside(t.value, in);
		sprintf(seen + strlen(seen), STR_FMT " " STR_FMT "|", STR_ARG(t.key),
			STR_ARG(t.value));
	}
	ck_assert_str_eq(seen, walks[_i].seen);
	ck_assert_uint_eq(rest.n, 0);
	ck_assert(!irc_tag_next(&rest, &t));
	drop(in);
}
END_TEST

START_TEST(tag_find)
{
	struct str tags = STR_LIT("a=1;b;v/a=3;+a=4;c=\\:;a=2;b=;d=x;d"), v = STR_LIT("-");

	ck_assert(irc_tag_find(tags, "a", &v));
	assert_is(v, "2", "the last wins");
	ck_assert(irc_tag_find(tags, "v/a", &v));
	assert_is(v, "3", "vendor's");
	ck_assert(irc_tag_find(tags, "+a", &v));
	assert_is(v, "4", "client's");
	ck_assert(irc_tag_find(tags, "c", &v));
	assert_is(v, "\\:", "still escaped");
	ck_assert(irc_tag_find(tags, "b", &v));
	assert_is(v, "", "empty");
	ck_assert(irc_tag_find(tags, "d", &v));
	assert_is(v, "", "empty wins, too");
	v = STR_LIT("-");
	ck_assert(!irc_tag_find(tags, "A", &v));
	ck_assert(!irc_tag_find(tags, "e", &v));
	ck_assert(!irc_tag_find(tags, "", &v));
	ck_assert(!irc_tag_find((struct str){NULL, 0}, "a", &v));
	assert_is(v, "-", "left alone");
}
END_TEST

static const struct {
	const char *escaped, *raw, *again; /* again: raw, escaped; NULL: as it was */
} escapes[] = {
    {"", "", NULL},
    {"plain", "plain", NULL},
    {"\\:", ";", NULL},
    {"\\s", " ", NULL},
    {"\\\\", "\\", NULL},
    {"\\r", "\r", NULL},
    {"\\n", "\n", NULL},
    {"raw+:=,escaped\\:\\s\\\\", "raw+:=,escaped; \\", NULL},
    {"b\\\\and\\nk", "b\\and\nk", NULL},
    {"gh\\:764", "gh;764", NULL},
    {"\\\\\\\\\\:\\\\s\\s\\r\\n", "\\\\;\\s \r\n", NULL},
    {"value\\\\ntest", "value\\ntest", NULL},
    {"\xc3\xa4\\s\xf0\x9f\x99\x82", "\xc3\xa4 \xf0\x9f\x99\x82", NULL},
    /* no such escape: '\' is dropped */
    {"value\\1", "value1", "value1"},
    {"\\b\\a\\;", "ba;", "ba\\:"},
    {"\\\xc3\xa4", "\xc3\xa4", "\xc3\xa4"},
    /* nothing after it */
    {"test\\", "test", "test"},
    {"\\", "", ""},
    {"\\\\\\", "\\", "\\\\"},
};

START_TEST(tag_escapes)
{
	struct str escaped = copy(escapes[_i].escaped, strlen(escapes[_i].escaped));
	struct str raw = copy(escapes[_i].raw, strlen(escapes[_i].raw));
	const char *again = escapes[_i].again != NULL ? escapes[_i].again : escapes[_i].escaped;
	char *out = malloc(escaped.n + 1), *longer = malloc(2 * raw.n + 1);
	size_t n = irc_tag_unescape(escaped, out, escaped.n);

	assert_str((struct str){out, n}, raw.p, raw.n, "unescaped");
	n = irc_tag_escape(raw, longer, 2 * raw.n);
	assert_is((struct str){longer, n}, again, "escaped");
	free(longer);
	free(out);
	drop(raw);
	drop(escaped);
}
END_TEST

/* Too little room: cut, between characters and never within an escape. */
START_TEST(tag_escape_room)
{
	struct str text = STR_LIT("a;\xc3\xa4 \xf0\x9f\x99\x82\\z");
	static const struct {
		size_t cap;
		const char *out;
	} cuts[] = {
	    {0, ""},
	    {1, "a"},
	    {2, "a"},
	    {3, "a\\:"},
	    {4, "a\\:"},
	    {5, "a\\:\xc3\xa4"},
	    {6, "a\\:\xc3\xa4"},
	    {7, "a\\:\xc3\xa4\\s"},
	    {8, "a\\:\xc3\xa4\\s"},
	    {9, "a\\:\xc3\xa4\\s"},
	    {10, "a\\:\xc3\xa4\\s"},
	    {11, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82"},
	    {12, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82"},
	    {13, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82\\\\"},
	    {14, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82\\\\z"},
	    {99, "a\\:\xc3\xa4\\s\xf0\x9f\x99\x82\\\\z"},
	};
	char out[99];

	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		size_t n = irc_tag_escape(text, out, cuts[i].cap);

		assert_is((struct str){out, n}, cuts[i].out, "escaped");
	}
	ck_assert_uint_eq(irc_tag_unescape(STR_LIT("\\s\\sabc"), out, 3), 3);
	ck_assert_mem_eq(out, "  a", 3);
	ck_assert_uint_eq(irc_tag_unescape(STR_LIT("abc"), out, 0), 0);
}
END_TEST

static const struct {
	const char *tags, *out;
} relayed[] = {
    {"", ""},
    {"a=b", ""},
    {"+a=b", "+a=b"},
    {"+a", "+a"},
    {"+a=", "+a"},
    {"+typing=active", "+typing=active"},
    {"label=123;+example-client-tag=example-value", "+example-client-tag=example-value"},
    {"+a=1;msgid=x;+b=2;time=x;+v.w/c=3", "+a=1;+b=2;+v.w/c=3"},
    {"msgid=+a", ""},
    /* each once, the last wins */
    {"+a=1;+a=2", "+a=2"},
    {"+a=1;+b=2;+a=3", "+b=2;+a=3"},
    {"+a=1;+b=2;+a", "+b=2;+a"},
    {"+a=1;a=2", "+a=1"},
    {"+a=1;+v/a=2", "+a=1;+v/a=2"},
    {"+a;+a;+a;+a;+a", "+a"},
    {"+a;+b;+a;+b;+c", "+a;+b;+c"},
    /* normal form */
    {"+a=raw+:=,escaped\\:\\s\\\\", "+a=raw+:=,escaped\\:\\s\\\\"},
    {"+a=x\\y\\", "+a=xy"},
    {"+a=\\", "+a"},
    {"+a=\\\\", "+a=\\\\"},
    {"+a=\\\\\\", "+a=\\\\"},
    {"+a=\\r\\n\\:", "+a=\\r\\n\\:"},
    {"+a=b\\;c=d", "+a=b"},
    {";;+a=1;;", "+a=1"},
    /* what could do somebody harm is left out, and does not beat what is good */
    {"+a=\x1b[2J;+b=1", "+b=1"},
    {"+a=\x01;+b=1", "+b=1"},
    {"+a=\x7f;+b=1", "+b=1"},
    {"+a=\t;+b=1", "+b=1"},
    {"+a=\r;+b=\n;+c", "+c"},
    {"+a=\xc2\x9b"
     "2J;+b=1",
     "+b=1"},
    {"+a=\x9b"
     "2J;+b=1",
     "+b=1"},
    {"+a=\xff;+b=1", "+b=1"},
    {"+a=\xc0\xaf;+b=1", "+b=1"},
    {"+a=\xed\xa0\x80;+b=1", "+b=1"},
    {"+a=\xf0\x9f\x99;+b=1", "+b=1"},
    {"+a=\xef\xbb\xbf;+b=1", "+b=1"},
    {"+a=x y;+b=1", "+b=1"},
    {"+a=1;+a=\x1b", "+a=1"},
    {"+a=\\\x1b", ""},
    {"+a\x1b=1;+=2;+/=3;++a=4", ""},
    {"+a=\xf0\x9f\x99\x82", "+a=\xf0\x9f\x99\x82"},
    {"+a=\\\xf0\x9f\x99\x82", "+a=\xf0\x9f\x99\x82"},
};

START_TEST(tags_relayed)
{
	struct str in = copy(relayed[_i].tags, strlen(relayed[_i].tags));
	char *out = malloc(in.n > 0 ? in.n : 1);
	size_t n = irc_tags_relayed(in, out);

	assert_is((struct str){out, n}, relayed[_i].out, "relayed");
	free(out);
	drop(in);
}
END_TEST

/* As many tags as fit: all different, then all twice. */
START_TEST(tags_relayed_many)
{
	char in[IRC_CLIENT_TAGS_MAX - 2], out[sizeof(in)];
	size_t n = 0, half, len;

	for (unsigned i = 0; n + 8 < sizeof(in); i++)
		n += sprintf(in + n, "+%u=x;", 1000 + i);
	n--;
	len = irc_tags_relayed((struct str){in, n}, out);
	assert_str((struct str){out, len}, in, n, "all");

	for (n = 0, half = 0; half + 8 < sizeof(in) / 2; n++)
		half += sprintf(in + half, "+%u=x;", (unsigned)(1000 + n));
	memcpy(in + half, in, half);
	len = irc_tags_relayed((struct str){in, 2 * half - 1}, out);
	assert_str((struct str){out, len}, in, half - 1, "half");

	for (n = 0; n + 3 <= sizeof(in); n += 3)
		memcpy(in + n, "+a;", 3);
	len = irc_tags_relayed((struct str){in, n}, out);
	assert_is((struct str){out, len}, "+a", "one");
}
END_TEST

/* --- time and ids -------------------------------------------------------------------------- */

static const struct {
	uint64_t ms;
	const char *text;
} times[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {999, "1970-01-01T00:00:00.999Z"},
    {1000, "1970-01-01T00:00:01.000Z"},
    {1767323045678, "2026-01-02T03:04:05.678Z"},
    {951782399999, "2000-02-28T23:59:59.999Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"},
    {951868800000, "2000-03-01T00:00:00.000Z"},
    {1709164800000, "2024-02-29T00:00:00.000Z"},
    {1735689599999, "2024-12-31T23:59:59.999Z"},
    {4107542399000, "2100-02-28T23:59:59.000Z"},
    {4107542400000, "2100-03-01T00:00:00.000Z"},
    {2147483648000, "2038-01-19T03:14:08.000Z"},
    {4294967296000, "2106-02-07T06:28:16.000Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
};

START_TEST(server_time)
{
	char out[IRC_TIME_LEN];
	uint64_t ms = 1;

	irc_time_put(out, times[_i].ms);
	assert_is((struct str){out, sizeof(out)}, times[_i].text, "time");
	ck_assert(irc_time_get((struct str){out, sizeof(out)}, &ms));
	ck_assert_uint_eq(ms, times[_i].ms);
}
END_TEST

/* The C library's opinion, over all years, as a second one; and the kept second changes. */
START_TEST(server_time_all)
{
	char out[IRC_TIME_LEN], expected[64];
	uint64_t got;

	for (uint64_t ms = 0; ms < UINT64_C(253402300800000); ms += UINT64_C(9876543210) + ms % 7) {
		time_t t = ms / 1000;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm);
		sprintf(expected + 19, ".%03uZ", (unsigned)(ms % 1000));
		irc_time_put(out, ms);
		assert_is((struct str){out, sizeof(out)}, expected, "time");
		ck_assert(irc_time_get((struct str){out, sizeof(out)}, &got));
		ck_assert_uint_eq(got, ms);
		irc_time_put(out, 999);
		assert_is((struct str){out, sizeof(out)}, "1970-01-01T00:00:00.999Z", "time");
	}
	irc_time_put(out, UINT64_MAX);
	assert_is((struct str){out, sizeof(out)}, "9999-12-31T23:59:59.999Z", "time");
}
END_TEST

static const struct {
	const char *text;
	uint64_t ms;
} times_in[] = {
    {"2026-01-02T03:04:05Z", 1767323045000},
    {"2026-01-02T03:04:05.6Z", 1767323045600},
    {"2026-01-02T03:04:05.67Z", 1767323045670},
    {"2026-01-02T03:04:05.678901Z", 1767323045678},
    {"2026-01-02T03:04:05.678999999Z", 1767323045678},
    {"2016-12-31T23:59:60.419Z", 1483228800419}, /* server-time's own example */
};

START_TEST(server_time_in)
{
	uint64_t ms = 1;

	ck_assert(irc_time_get(str_of(times_in[_i].text), &ms));
	ck_assert_uint_eq(ms, times_in[_i].ms);
}
END_TEST

static const char *const times_refused[] = {
    "",
    "Z",
    "1767323045",
    "2026-01-02",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04:05.678",
    "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05.1234567890Z",
    "2026-01-02T03:04:05.67xZ",
    "2026-01-02T03:04:05,678Z",
    "2026-01-02T03:04:05.678z",
    "2026-01-02t03:04:05.678Z",
    "2026-01-02 03:04:05.678Z",
    "2026-01-02T03:04:05.678+00:00",
    "2026-01-02T03:04:05.678ZZ",
    " 2026-01-02T03:04:05.678Z",
    "2026-1-02T03:04:05.678Z",
    "2026-00-02T03:04:05.678Z",
    "2026-13-02T03:04:05.678Z",
    "2026-01-00T03:04:05.678Z",
    "2026-01-32T03:04:05.678Z",
    "2026-04-31T03:04:05.678Z",
    "2026-02-29T03:04:05.678Z",
    "2100-02-29T03:04:05.678Z",
    "2026-01-02T24:04:05.678Z",
    "2026-01-02T03:60:05.678Z",
    "2026-01-02T03:04:61.678Z",
    "1969-12-31T23:59:59.999Z",
    "-026-01-02T03:04:05.678Z",
    "2026-01-02T+3:04:05.678Z",
    "timestamp=2026-01-02T03:04:05.678Z",
};

START_TEST(server_time_refused)
{
	uint64_t ms = 7;

	ck_assert(!irc_time_get(str_of(times_refused[_i]), &ms));
	ck_assert_uint_eq(ms, 7);
}
END_TEST

static const uint64_t seqs[] = {
    0,
    1,
    9,
    10,
    31,
    32,
    33,
    1023,
    1024,
    123456789,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 32) + 1,
    UINT64_C(1) << 48,
    INT64_MAX,
    UINT64_C(1) << 63,
    UINT64_MAX - 1,
    UINT64_MAX,
};

START_TEST(msgids)
{
	char last[IRC_MSGID_LEN], id[IRC_MSGID_LEN];
	uint64_t seq;

	for (size_t i = 0; i < ARRAY_LEN(seqs); i++) {
		irc_msgid_put(id, seqs[i]);
		ck_assert(irc_msgid_get((struct str){id, sizeof(id)}, &seq));
		ck_assert_uint_eq(seq, seqs[i]);
		for (size_t c = 0; c < sizeof(id); c++)
			ck_assert((id[c] >= '0' && id[c] <= '9') || (id[c] >= 'a' && id[c] <= 'z'));
		ck_assert(i == 0 || memcmp(last, id, sizeof(id)) < 0);
		memcpy(last, id, sizeof(id));
	}
	assert_is((struct str){id, sizeof(id)}, "fvvvvvvvvvvvv", "the last");
}
END_TEST

START_TEST(msgids_refused)
{
	static const char *const bad[] = {
	    "",
	    "0",
	    "000000000000",
	    "00000000000000",
	    "g000000000000",
	    "v000000000000",
	    "000000000000w",
	    "000000000000A",
	    "000000000000-",
	    " 000000000000",
	    "00000000000 0",
	    "000000000000\x80",
	    "00000000000:0",
	};
	uint64_t seq = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert(!irc_msgid_get(str_of(bad[i]), &seq));
	ck_assert_uint_eq(seq, 7);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("irc_tags");
	TCase *tc = tcase_create("forms");

	tcase_add_loop_test(tc, tag_walk, 0, ARRAY_LEN(walks));
	tcase_add_test(tc, tag_find);
	tcase_add_loop_test(tc, tag_escapes, 0, ARRAY_LEN(escapes));
	tcase_add_test(tc, tag_escape_room);
	tcase_add_loop_test(tc, tags_relayed, 0, ARRAY_LEN(relayed));
	tcase_add_test(tc, tags_relayed_many);
	tcase_add_loop_test(tc, server_time, 0, ARRAY_LEN(times));
	tcase_add_test(tc, server_time_all);
	tcase_add_loop_test(tc, server_time_in, 0, ARRAY_LEN(times_in));
	tcase_add_loop_test(tc, server_time_refused, 0, ARRAY_LEN(times_refused));
	tcase_add_test(tc, msgids);
	tcase_add_test(tc, msgids_refused);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
