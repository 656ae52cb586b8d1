/* render: what people see, and what they can never be made to see. */
#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "lib/text.h"
#include "unit.h"
#include "worker/render.h"

static char out[5 * TEXT_MAX];

static const char *
shown(unsigned cls, struct shown s)
{
	char copy[RENDER_COPY];
	size_t n;

	render_clean(&s, copy);
	ck_assert_uint_le(render_bound(&s), sizeof(out) - 1);
	n = render(out, cls, &s);
	ck_assert_uint_le(n, render_bound(&s));
	out[n] = '\0';
	ck_assert_uint_eq(strlen(out), n);
	return out;
}

#define SAY(t) \
	{ \
		.what = SHOWN_SAY, .name = STR_LIT("alice"), .room = STR_LIT("lobby"), .text = t \
	}

START_TEST(in_each_format)
{
	static const char *const want[FORMAT_COUNT] = {
	    [FORMAT_COLON] = "alice: hello\r\n",   [FORMAT_ANGLE] = "<alice> hello\r\n",
	    [FORMAT_ARROW] = "alice > hello\r\n",  [FORMAT_QUOTE] = "alice sent you \"hello\"\r\n",
	    [FORMAT_CLIENT] = "Client: hello\r\n",
	};
	struct shown s = SAY(STR_LIT("hello"));

	ck_assert_str_eq(shown((unsigned)_i, s), want[_i]);
	s.what = SHOWN_DM;
	ck_assert_str_eq(shown((unsigned)_i, s), want[FORMAT_QUOTE]);
	s.what = SHOWN_NOTE;
	ck_assert_str_eq(shown((unsigned)_i, s), "hello\r\n");
}
END_TEST

START_TEST(server_speaks)
{
	struct shown s = {
	    .what = SHOWN_DM, .server = true, .name = STR_LIT("Server"), .text = STR_LIT("hello")};

	ck_assert_str_eq(shown(FORMAT_COLON, s), "Server sent you \"hello\"\r\n");
	ck_assert_str_eq(shown(FORMAT_CLIENT, s), "Server: hello\r\n");
	s.what = SHOWN_SAY;
	ck_assert_str_eq(shown(FORMAT_CLIENT, s), "Server: hello\r\n");
}
END_TEST

START_TEST(actions)
{
	struct shown s = SAY(STR_LIT("waves"));

	s.kind = MSG_ACTION;
	ck_assert_str_eq(shown(FORMAT_ANGLE, s), "* alice waves\r\n");
	s.what = SHOWN_DM;
	ck_assert_str_eq(shown(FORMAT_ANGLE, s), "* alice (to you) waves\r\n");
}
END_TEST

START_TEST(other_room)
{
	struct shown s = SAY(STR_LIT("hi"));

	ck_assert_str_eq(shown(CLS_OTHER, s), "[lobby] alice: hi\r\n");
	s.what = SHOWN_NOTE;
	ck_assert_str_eq(shown(CLS_OTHER, s), "[lobby] hi\r\n");
	s.room.n = 0;
	ck_assert_str_eq(shown(CLS_OTHER, s), "hi\r\n");
}
END_TEST

START_TEST(times)
{
	struct shown s = SAY(STR_LIT("hi"));

	setenv("TZ", "UTC", 1);
	tzset();
	s.at = UINT64_C(1767322985000); /* 2026-01-02T03:03:05Z */
	ck_assert_str_eq(shown(CLS_TIME, s), "03:03 alice: hi\r\n");
	s.at += 60000;
	ck_assert_str_eq(shown(CLS_TIME | CLS_OTHER, s), "03:04 [lobby] alice: hi\r\n");
}
END_TEST

START_TEST(lines_are_indented)
{
	struct shown s = SAY(STR_LIT("one\nbob: two\n\nfour"));

	ck_assert_str_eq(shown(FORMAT_COLON, s), "alice: one\r\n  bob: two\r\n  \r\n  four\r\n");
	ck_assert_str_eq(shown(FORMAT_QUOTE, s),
			 "alice sent you \"one\r\n  bob: two\r\n  \r\n  four\"\r\n");
}
END_TEST

START_TEST(colors_end)
{
	struct shown s = SAY(STR_LIT("hi"));

	ck_assert_ptr_nonnull(strstr(shown(CLS_COLOR, s), "malice\033[0m: hi\r\n"));
	s.what = SHOWN_NOTE;
	ck_assert_str_eq(shown(CLS_COLOR, s), "\033[2mhi\033[0m\r\n");
}
END_TEST

/* Whatever a broken sender lets through. */
START_TEST(controls_never_pass)
{
	static const struct row {
		const char *text, *want;
	} rows[] = {
	    {"a\033[2Jb", "alice: ab\r\n"},
	    {"a\033]0;title\007b", "alice: ab\r\n"},
	    {"a\rb", "alice: ab\r\n"},
	    {"a\x02"
	     "bold\x03"
	     "04,12red\x0f",
	     "alice: aboldred\r\n"},
	    {"a\x03", "alice: a\r\n"},
	    {"a\x03"
	     "99,",
	     "alice: a,\r\n"},
	    {"a\xc2\x9b"
	     "31mb",
	     "alice: ab\r\n"},
	    {"\xff\xfe", "alice: (text that cannot be shown)\r\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct shown s = SAY(str_of(rows[i].text));

		ck_assert_str_eq(shown(0, s), rows[i].want);
	}
}
END_TEST

/* Random bytes as text: nothing but printable UTF-8 and our own line ends comes out, and each line
 * after the first is indented. */
START_TEST(random_text)
{
	static const char bytes[] =
	    "ab \n\r\033[];m\007\x9b\xc2\x9b\xe2\x80\xae\x03\x02,019\xff\x7f";
	char text[512];

	srandom((unsigned)_i);
	for (int round = 0; round < 2000; round++) {
		size_t n = (size_t)random() % sizeof(text);
		struct shown s = SAY(((struct str){text, n}));
		const char *p;

		for (size_t i = 0; i < n; i++)
			text[i] = bytes[(size_t)random() % (sizeof(bytes) - 1)];
		shown((unsigned)random() % FORMAT_COUNT | (round & 1 ? CLS_TIME : 0), s);
		ck_assert(text_utf8_ok(out, strlen(out)));
		ck_assert_ptr_null(strpbrk(out, "\033\007\003\002\177"));
		for (p = out; (p = strchr(p, '\n')) != NULL; p++) {
			ck_assert(p > out && p[-1] == '\r');
			ck_assert(p[1] == '\0' || strncmp(p + 1, "  ", 2) == 0);
		}
	}
}
END_TEST

START_TEST(biggest)
{
	static char text[TEXT_MAX];
	struct shown s = SAY(((struct str){text, sizeof(text)}));

	memset(text, '\n', sizeof(text));
	ck_assert_uint_eq(strlen(shown(CLS_TIME | CLS_OTHER, s)),
			  strlen("00:00 [lobby] alice: \r\n") + 4 * sizeof(text));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("render");
	TCase *t = tcase_create("render");

	tcase_add_loop_test(t, in_each_format, 0, FORMAT_COUNT);
	tcase_add_test(t, server_speaks);
	tcase_add_test(t, actions);
	tcase_add_test(t, other_room);
	tcase_add_test(t, times);
	tcase_add_test(t, lines_are_indented);
	tcase_add_test(t, colors_end);
	tcase_add_test(t, controls_never_pass);
	tcase_add_loop_test(t, random_text, 0, 4);
	tcase_add_test(t, biggest);
	suite_add_tcase(s, t);
	return unit_run(s);
}
