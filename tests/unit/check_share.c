/* share: what connections of one address, or one account, may send together; and that nobody of them waits for ever. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "oneclient.h"
#include "worker/share.h"

#define CONNS 6

static struct conn conns[CONNS];

static void
limits(void)
{
	proc.opt.line_rate = 10;
	proc.opt.line_burst = 5;
	proc.opt.max_per_address = proc.opt.max_per_account = 64;
	proc.opt.address_factor = 2;
	proc.opt.account_factor = 1;
	proc.opt.prefix_v4 = 32;
	proc.opt.prefix_v6 = 64;
	share_rearm();
}

static void
setup(void)
{
	oneclient(); /* is at 192.0.2.1, and says nothing */
	memset(conns, 0, sizeof(conns));
	limits();
}

static bool
line(unsigned i)
{
	if (!share_turn(&conns[i]))
		return false;
	share_took(&conns[i]);
	return true;
}

static unsigned
lines(unsigned i, unsigned n)
{
	unsigned took = 0;

	while (n-- > 0 && line(i))
		took++;
	return took;
}

static void
wait_us(uint64_t us)
{
	for (uint64_t end = loop_now_us(proc.loop) + us; loop_now_us(proc.loop) < end;)
		loop_turn(proc.loop, 1);
}

START_TEST(together)
{
	share_address(&conns[0], "192.0.2.1");
	share_address(&conns[1], "192.0.2.1");
	share_address(&conns[2], "192.0.2.2");
	share_address(&conns[3], "unix");
	share_address(&conns[4], NULL);
	ck_assert_uint_eq(lines(0, 6), 6);
	ck_assert_uint_eq(lines(1, 6), 4);
	ck_assert_uint_eq(board_own->counters[CTR_throttled_address], 1);
	ck_assert_uint_eq(lines(2, 10), 10);
	ck_assert_uint_eq(lines(3, 100), 100);
	ck_assert_uint_eq(lines(4, 100), 100);
	/* a network of IPv6 is one */
	share_address(&conns[2], "2001:db8::1");
	share_address(&conns[5], "2001:db8::ffff:1");
	ck_assert_uint_eq(lines(2, 20), 10);
	ck_assert_uint_eq(lines(5, 20), 0);
}
END_TEST

/* Asking again takes nothing, and gives nothing: whoever asked first is first. */
START_TEST(in_turn)
{
	for (unsigned i = 0; i < 4; i++)
		share_address(&conns[i], "192.0.2.1");
	ck_assert_uint_eq(lines(0, 20), 10); /* and has its turn after that */
	ck_assert(!share_turn(&conns[1]));
	for (unsigned k = 0; k < 1000; k++)
		ck_assert(!share_turn(&conns[0]));
	ck_assert(conns[1].turn_us > conns[0].turn_us);
	ck_assert_uint_eq(conns[1].turn_us - conns[0].turn_us, 50000);
	wait_us(110000);
	/* conn 0 has its one, and is behind conn 1 again, which has not been looked at yet */
	ck_assert(line(0));
	ck_assert(!line(0));
	ck_assert(line(1));
	/* what a line costs more, all pay */
	share_charge(&conns[1], 10);
	ck_assert(!share_turn(&conns[2]));
	ck_assert(conns[2].turn_us > loop_now_us(proc.loop) + 400000);
}
END_TEST

START_TEST(by_account)
{
	share_account(&conns[0], "owner");
	share_account(&conns[1], "Owner");
	share_account(&conns[2], "another");
	ck_assert_uint_eq(lines(0, 20), 5);
	ck_assert_uint_eq(lines(1, 20), 0);
	ck_assert_uint_eq(board_own->counters[CTR_throttled_account], 2);
	ck_assert_uint_eq(lines(2, 20), 5);
	/* logged out */
	share_account(&conns[1], NULL);
	share_took(&conns[1]);
	ck_assert_uint_eq(lines(1, 20), 20);
}
END_TEST

START_TEST(coming_again)
{
	share_address(&conns[0], "192.0.2.77");
	ck_assert_uint_eq(lines(0, 20), 10);
	share_address(&conns[0], NULL);
	share_address(&conns[1], "192.0.2.77");
	ck_assert_uint_eq(lines(1, 20), 0);
	/* of many only so many are remembered */
	share_address(&conns[1], NULL);
	for (unsigned i = 0; i < 20000; i++) {
		char text[32];

		bprintf(text, sizeof(text), "10.1.%u.%u", i >> 8, i & 255);
		share_address(&conns[2], text);
	}
	share_address(&conns[1], "192.0.2.77");
	share_took(&conns[1]);
	ck_assert_uint_eq(lines(1, 20), 10);
}
END_TEST

START_TEST(each_worker_its_part)
{
	/* one of four workers, who have twice what one connection has: no less than that one */
	for (unsigned i = 1; i < 4; i++)
		worker.boards[i].map = board_own;
	share_rearm();
	share_address(&conns[0], "192.0.2.1");
	ck_assert_uint_eq(lines(0, 20), 5);
	proc.opt.address_factor = 16;
	share_rearm();
	share_address(&conns[0], "192.0.2.2");
	share_took(&conns[0]);
	ck_assert_uint_eq(lines(0, 30), 20);
	for (unsigned i = 1; i < 4; i++)
		worker.boards[i].map = NULL;
}
END_TEST

START_TEST(no_limit)
{
	void *zero[] = {&proc.opt.line_rate, &proc.opt.address_factor, &proc.opt.max_per_address};

	for (unsigned i = 0; i < ARRAY_LEN(zero); i++) {
		limits();
		memset(zero[i], 0, sizeof(uint64_t));
		share_rearm();
		share_address(&conns[0], "192.0.2.1");
		ck_assert_uint_eq(lines(0, 1000), 1000);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("share");
	TCase *t = tcase_create("share");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, together);
	tcase_add_test(t, in_turn);
	tcase_add_test(t, by_account);
	tcase_add_test(t, coming_again);
	tcase_add_test(t, each_worker_its_part);
	tcase_add_test(t, no_limit);
	return unit_run(s);
}
