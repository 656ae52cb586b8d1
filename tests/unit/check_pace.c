/* check_pace.c - how often a user may do what others are bothered with, and how many may share an account. */
#include "config.h"

#include <stdio.h>

#include "broker/account.h"
#include "broker/pace.h"
#include "ipc/proc.h"
#include "unit_str.h"
#include "world.h"

static uint64_t alice;

static void
setup(void)
{
	world_setup();
	alice = world_login(0, "alice", "192.0.2.7");
}

static const struct reg_user *
user(void)
{
	return regw_user(&br.reg, alice);
}

START_TEST(a_minutes_worth)
{
	proc.opt.limits_joins = 6;
	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_NONE);
	ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_PACE_JOIN);
	/* of something else another one */
	ck_assert_uint_eq(pace_check(user(), PACE_NICK), ERR_NONE);
	br.now += 9999;
	ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_PACE_JOIN);
	br.now += 1;
	ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_NONE);
	ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_PACE_JOIN);
	br.now += 3600000;
	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_NONE);
	ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_PACE_JOIN);
	/* a clock that is set back is nobody's fault */
	br.now -= 3000000;
	ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_NONE);
	proc.opt.limits_joins = 0;
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_NONE);
}
END_TEST

START_TEST(for_whom_it_does_not_hold)
{
	proc.opt.limits_nicks = 1;
	snprintf(proc.opt.limits_exempt, sizeof(proc.opt.limits_exempt),
		 "nonsense 198.51.100.0/24 192.0.2.0/28");
	for (int i = 0; i < 5; i++)
		ck_assert_uint_eq(pace_check(user(), PACE_NICK), ERR_NONE);
	proc.opt.limits_exempt[0] = '\0';
	ck_assert_uint_eq(pace_check(user(), PACE_NICK), ERR_NONE);
	ck_assert_uint_eq(pace_check(user(), PACE_NICK), ERR_PACE_NICK);
	regw_user(&br.reg, alice)->level = LEVEL_OPERATE;
	ck_assert_uint_eq(pace_check(user(), PACE_NICK), ERR_NONE);
}
END_TEST

/* The next one in the slot has done nothing yet. */
START_TEST(a_slot_has_no_memory)
{
	proc.opt.limits_invites = 1;
	ck_assert_uint_eq(pace_check(user(), PACE_INVITE), ERR_NONE);
	ck_assert_uint_eq(pace_check(user(), PACE_INVITE), ERR_PACE_INVITE);
	ck_assert(world_quit(0, alice));
	alice = world_login(0, "bob", "192.0.2.7");
	ck_assert_uint_eq(pace_check(user(), PACE_INVITE), ERR_NONE);
}
END_TEST

START_TEST(the_last_few_are_free)
{
	proc.opt.limits_targets = 10;
	for (unsigned k = 0; k < 3; k++) {
		for (uint64_t to = 1; to <= 8; to++)
			ck_assert_uint_eq(pace_check_target(user(), to), ERR_NONE);
	}
	ck_assert_uint_eq(pace_check_target(user(), 9), ERR_NONE);
	ck_assert_uint_eq(pace_check_target(user(), 10), ERR_NONE);
	ck_assert_uint_eq(pace_check_target(user(), 11), ERR_PACE_TARGET);
	ck_assert_uint_eq(pace_check_target(user(), 10), ERR_NONE);
	ck_assert_uint_eq(pace_check_target(user(), 1), ERR_PACE_TARGET);
}
END_TEST

/* Whatever their names: an address, and an account, have so many times what one user has. */
START_TEST(together)
{
	uint64_t u[4];

	proc.opt.limits_joins = 6;
	proc.opt.address_factor = 2;
	proc.opt.prefix_v4 = 24;
	for (unsigned i = 0; i < 4; i++)
		u[i] = world_login(i % 2, ((const char *[]){"a", "b", "c", "d"})[i],
				   i < 3 ? "192.0.2.9" : "192.0.3.9");
	for (unsigned i = 0; i < 12; i++)
		ck_assert_uint_eq(pace_check(regw_user(&br.reg, u[i / 6]), PACE_JOIN), ERR_NONE);
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u[0]), PACE_JOIN), ERR_PACE_JOIN);
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u[2]), PACE_JOIN), ERR_PACE_ADDRESS);
	ck_assert_uint_eq(pace_check(user(), PACE_JOIN), ERR_PACE_ADDRESS); /* of the same /24 */
	/* another network, another thing */
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u[3]), PACE_JOIN), ERR_NONE);
	proc.opt.limits_nicks = 6;
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u[2]), PACE_NICK), ERR_NONE);
	/* who was refused has not used up anything */
	br.now += 5000;
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u[2]), PACE_JOIN), ERR_NONE);
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u[2]), PACE_JOIN), ERR_PACE_ADDRESS);
	/* addresses are not counted */
	proc.opt.max_per_address = 0;
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u[2]), PACE_JOIN), ERR_NONE);
}
END_TEST

START_TEST(together_by_account)
{
	const struct reg_account *a;
	uint64_t u;

	proc.opt.limits_nicks = 3;
	proc.opt.account_factor = 1;
	ck_assert(account_made(S("owner"), 5, 0, 0));
	a = account_named(S("owner"));
	account_enter(regw_user(&br.reg, alice), a, S("owner"));
	u = world_login(1, "other", "198.51.100.8");
	account_enter(regw_user(&br.reg, u), a, S("owner"));
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(pace_check(user(), PACE_NICK), ERR_NONE);
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u), PACE_NICK), ERR_PACE_ACCOUNT);
	proc.opt.account_factor = 0;
	ck_assert_uint_eq(pace_check(regw_user(&br.reg, u), PACE_NICK), ERR_NONE);
}
END_TEST

START_TEST(an_account_is_crowded)
{
	const struct reg_account *a;
	uint64_t u;

	proc.opt.max_per_account = 2;
	ck_assert(account_made(S("owner"), 5, 0, 0));
	a = account_named(S("owner"));
	ck_assert_uint_eq(account_place(a), ERR_NONE);
	account_enter(regw_user(&br.reg, alice), a, S("owner"));
	ck_assert_uint_eq(account_place(a), ERR_NONE);
	u = world_login(1, "other", "192.0.2.8");
	account_enter(regw_user(&br.reg, u), a, S("owner"));
	ck_assert_uint_eq(account_place(a), ERR_ACCOUNT_CROWDED);
	ck_assert(world_quit(1, u));
	ck_assert_uint_eq(account_place(a), ERR_NONE);
	proc.opt.max_per_account = 0;
	ck_assert_uint_eq(account_place(a), ERR_NONE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pace");
	TCase *t = tcase_create("pace");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, world_teardown);
	tcase_add_test(t, a_minutes_worth);
	tcase_add_test(t, for_whom_it_does_not_hold);
	tcase_add_test(t, a_slot_has_no_memory);
	tcase_add_test(t, the_last_few_are_free);
	tcase_add_test(t, together);
	tcase_add_test(t, together_by_account);
	tcase_add_test(t, an_account_is_crowded);
	return unit_run(s);
}
