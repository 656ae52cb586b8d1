/* arena: runs lie one behind the other where they can, and never share a byte. */
#include "config.h"

#include <stdlib.h>

#include "lib/util.h"
#include "unit.h"
#include "worker/arena.h"

static void
setup(void)
{
	arena_init();
}

static struct slice
put(struct run *r, const char *text, size_t bound)
{
	memcpy(run_room(r, bound), text, strlen(text));
	return run_commit(r, strlen(text));
}

static bool
follows(struct slice a, struct slice b)
{
	return a.off + a.len == b.off;
}

START_TEST(one_run_is_one_piece)
{
	struct run r = {0};
	struct slice last = put(&r, "first", 100), s;

	for (int i = 0; i < 1000; i++) {
		s = put(&r, "another", 100);
		ck_assert(follows(last, s));
		ck_assert_mem_eq(arena_at(s.off), "another", 7);
		last = s;
	}
	ck_assert_uint_eq(last.off + last.len, 5 + 7000);
}
END_TEST

START_TEST(two_runs_have_few_pieces)
{
	struct run a = {0}, b = {0};
	struct slice la = {0}, lb = {0};
	unsigned pieces = 0;

	for (int i = 0; i < 1000; i++) {
		struct slice sa = put(&a, "aaaaaaaaaa", 20), sb = put(&b, "bbbbbbbbbb", 20);

		pieces += !follows(la, sa) || i == 0;
		pieces += !follows(lb, sb) || i == 0;
		la = sa;
		lb = sb;
	}
	/* each new piece holds as much as all before it */
	ck_assert_uint_le(pieces, 24);
}
END_TEST

START_TEST(first_takes_no_more_than_it_needs)
{
	struct run a = {0}, b = {0};
	struct slice sa = put(&a, "a", 1000), sb = put(&b, "b", 1000);

	ck_assert(follows(sa, sb));
	ck_assert_uint_eq(arena_used(), 2);
}
END_TEST

START_TEST(kept_stays)
{
	struct slice s = arena_copy("kept", 4);
	struct run r = {0};

	arena_keep();
	put(&r, "gone", 10);
	arena_reset();
	ck_assert_uint_eq(arena_used(), s.off + s.len);
	ck_assert_mem_eq(arena_at(s.off), "kept", 4);
	/* a run of an earlier turn is empty: nothing is written where others write now */
	arena_copy("others", 6);
	s = put(&r, "mine", 10);
	ck_assert_uint_ge(s.off, 4 + 6);
	ck_assert_mem_eq(arena_at(4), "others", 6);
}
END_TEST

/* Many runs and plain copies in any order, over many turns: what was written is still there at the
 * end of the turn. */
START_TEST(nothing_overlaps)
{
	struct run runs[8] = {{0}};
	struct {
		struct slice s;
		char c;
	} made[500];

	srandom(7);
	for (int turn = 0; turn < 200; turn++) {
		for (size_t i = 0; i < ARRAY_LEN(made); i++) {
			size_t n = (size_t)random() % 300;
			char c = (char)random(), *to;
			unsigned which = (unsigned)random() % 12;

			if (which < ARRAY_LEN(runs)) {
				to = run_room(&runs[which], n + (size_t)random() % 50);
				memset(to, c, n);
				made[i].s = run_commit(&runs[which], n);
			} else {
				memset(arena_room(n), c, n);
				made[i].s = arena_commit(n);
			}
			made[i].c = c;
		}
		for (size_t i = 0; i < ARRAY_LEN(made); i++) {
			char want[300];

			memset(want, made[i].c, made[i].s.len);
			ck_assert_mem_eq(arena_at(made[i].s.off), want, made[i].s.len);
		}
		arena_reset();
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("arena");
	TCase *t = tcase_create("arena");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, one_run_is_one_piece);
	tcase_add_test(t, two_runs_have_few_pieces);
	tcase_add_test(t, first_takes_no_more_than_it_needs);
	tcase_add_test(t, kept_stays);
	tcase_add_test(t, nothing_overlaps);
	suite_add_tcase(s, t);
	return unit_run(s);
}
