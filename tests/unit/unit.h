/* unit.h - what every unit test's main() does. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>
#include <stddef.h>
#include <string.h>

/* A literal's bytes and their number, zeroes within included. */
#define LIT(s) (s), (sizeof(s) - 1)

/* Frees s; the exit status for main(). */
static inline int
unit_run(Suite *s)
{
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}

#endif
