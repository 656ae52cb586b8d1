/* What a subscriber does with events that take their time: some in each turn, all of them, in their order. */
#include "config.h"

#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "ipc/sublink.h"
#include "lib/loop.h"
#include "lib/util.h"

#define INC 7
#define EACH_US 60000

static struct loop *loop;
static struct sublink *sub;
static int broker; /* its end */
static uint64_t last;
static unsigned slow_from; /* events from this one on take EACH_US */

static void
event(const void *frame, size_t len, bool own, void *arg)
{
	uint64_t until = mono_us() + EACH_US;
	struct m_e_ok m;

	(void)own;
	(void)arg;
	ck_assert(m_e_ok_get(frame, len, &m));
	ck_assert_uint_eq(m.seq, last + 1);
	last = m.seq;
	while (m.seq >= slow_from && mono_us() < until)
		;
}

/* A channel on which both have said hello; the broker began after `seq`. */
static void
channel(uint64_t seq)
{
	struct m_br_hello h = {.version = IPC_VERSION, .inc = INC, .seq = seq};
	char frame[64];
	int fds[2];
	size_t n = m_br_hello_put(frame, sizeof(frame), &h);

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	broker = fds[0];
	sublink_channel(sub, fds[1]);
	ck_assert_int_eq(send(broker, frame, n, 0), (ssize_t)n);
	loop_turn(loop, 0);
	ck_assert_int_gt(recv(broker, frame, sizeof(frame), 0), 0);
}

static void
tell(uint64_t from, uint64_t to)
{
	static char frames[65536];
	size_t n = 0;

	for (uint64_t seq = from; seq <= to; seq++) {
		struct m_e_ok m = {.seq = seq};

		n += m_e_ok_put(frames + n, sizeof(frames) - n, &m);
	}
	ck_assert_int_eq(send(broker, frames, n, 0), (ssize_t)n);
}

static void
setup(void)
{
	loop = loop_new();
	sub = sublink_new(loop, INC, event, NULL);
	last = 0;
	slow_from = UINT32_MAX;
	channel(0);
}

START_TEST(all_at_once)
{
	tell(1, 500);
	loop_turn(loop, 0);
	ck_assert_uint_eq(last, 500);
}
END_TEST

START_TEST(slow_ones_take_turns)
{
	slow_from = 11;
	tell(1, 20);
	for (uint64_t before = 0; last < 20; before = last) {
		loop_turn(loop, 10000); /* does not wait: the rest is at hand */
		ck_assert_uint_gt(last, before);
		ck_assert_uint_le(last, before < 10 ? 12 : before + 2);
	}
	slow_from = UINT32_MAX;
	tell(21, 22);
	loop_turn(loop, 10000);
	ck_assert_uint_eq(last, 22);
}
END_TEST

/* What the old broker had sent counts, also what was for later turns. */
START_TEST(another_broker_meanwhile)
{
	slow_from = 1;
	tell(1, 6);
	loop_turn(loop, 10000);
	ck_assert_uint_lt(last, 6);
	close(broker);
	channel(6);
	ck_assert_uint_eq(last, 6);
	tell(7, 7);
	loop_turn(loop, 10000);
	ck_assert_uint_eq(last, 7);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sublink");
	TCase *t = tcase_create("turns");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, all_at_once);
	tcase_add_test(t, slow_ones_take_turns);
	tcase_add_test(t, another_broker_meanwhile);
	suite_add_tcase(s, t);
	return unit_run(s);
}
