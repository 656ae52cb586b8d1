/* check_log.c - what the master makes of the lines that others send it. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/util.h"
#include "unit.h"

static char got[512];

static void
note(int level, const char *role, int pid, const char *line, size_t n)
{
	size_t len = strlen(got);

	ck_assert_uint_eq(strlen(line), n);
	bprintf(got + len, sizeof(got) - len, "%d %s[%d] %s;", level, role, pid, line);
}

static const char *
unpacked(const char *text)
{
	got[0] = '\0';
	log_unpack(text, strlen(text), "worker", 5, note);
	return got;
}

START_TEST(lines)
{
	ck_assert_str_eq(unpacked("5one\n7two\n"), "5 worker[5] one;7 worker[5] two;");
	ck_assert_str_eq(unpacked("6\n"), "6 worker[5] ;");
}
END_TEST

/* Who was taken over is not the master for that, nor does it reach the terminals of all who are logged in. */
START_TEST(forged)
{
	ck_assert_str_eq(unpacked("5master all is well\n"), "5 worker[5] master all is well;");
	ck_assert_str_eq(unpacked("0fire\n1fire\n"), "2 worker[5] fire;2 worker[5] fire;");
	ck_assert_str_eq(unpacked("5a\033[2Jb\xc2\x9b\n"), "5 worker[5] a?[2Jb??;");
}
END_TEST

START_TEST(malformed)
{
	char longest[3000];

	ck_assert_str_eq(unpacked("\n\n8x\nx\n5good\n5cut"), "5 worker[5] good;");
	memset(longest, 'x', sizeof(longest));
	longest[0] = '5';
	longest[sizeof(longest) - 2] = '\n';
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_uint_eq(strlen(unpacked(longest)), sizeof(got) - 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	suite_add_tcase(s, t);
	tcase_add_test(t, lines);
	tcase_add_test(t, forged);
	tcase_add_test(t, malformed);
	return unit_run(s);
}
