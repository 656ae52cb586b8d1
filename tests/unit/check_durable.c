/* check_durable.c - store.durability "disk": the workers are told how far the disk has come, each news once.
 *
 * Worker 0 and the store are the other ends of socket pairs.
 */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "broker/store.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "unit.h"
#include "world.h"

#define STORE_INC 900

static int worker, store;

/* The end of a turn, as in the broker's main.c. */
static void
turn(void *arg)
{
	(void)arg;
	br.now = wall_ms();
	subs_resume();
	store_tell_durable();
	subs_pump();
}

static int
attach(unsigned index, uint32_t inc)
{
	struct m_sub_hello h = {.version = IPC_VERSION, .inc = inc, .seq = br.j.seq};
	char out[64];
	size_t n = m_sub_hello_put(out, sizeof(out), &h);
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	sub_attach(index, inc, fds[0]);
	ck_assert_int_eq(send(fds[1], out, n, 0), (ssize_t)n);
	loop_turn(proc.loop, 0);
	return fds[1];
}

static void
durability(const char *what)
{
	proc.opt.store_enabled = 1;
	bprintf(proc.opt.store_durability, sizeof(proc.opt.store_durability), "%s", what);
}

static void
setup(void)
{
	world_init(&world, 100, 2u << 20);
	durability("disk");
	br.recovered = true;
	loop_each_turn(proc.loop, turn, NULL);
	worker = attach(0, 100);
	store = attach(SUB_STORE, STORE_INC);
}

static void
stored(uint64_t upto)
{
	struct m_s_state m = {.upto = upto};
	char out[64];
	size_t n = m_s_state_put(out, sizeof(out), &m);

	ck_assert_int_eq(send(store, out, n, 0), (ssize_t)n);
}

/* What the worker has been told since it was asked last: the last number, and how often. */
static uint64_t
told(unsigned *times)
{
	static char in[65536];
	struct m_e_durable m;
	uint64_t upto = 0;
	size_t at = 0;
	ssize_t n, len;

	*times = 0;
	loop_turn(proc.loop, 0);
	loop_turn(proc.loop, 0);
	len = recv(worker, in, sizeof(in), MSG_DONTWAIT);
	while (len > 0 && (n = ipc_frame(in + at, (size_t)len - at)) > 0) {
		if (m_e_durable_get(in + at, (size_t)n, &m)) {
			upto = m.upto;
			++*times;
		}
		at += (size_t)n;
	}
	return upto;
}

#define TOLD(upto, times) \
	do { \
		unsigned times_; \
		ck_assert_uint_eq(told(&times_), (upto)); \
		ck_assert_uint_eq(times_, (times)); \
	} while (0)

START_TEST(each_news_once)
{
	stored(5);
	TOLD(5, 1);
	stored(5);
	TOLD(0, 0);
	/* several in one turn are one */
	stored(6);
	stored(7);
	TOLD(7, 1);
}
END_TEST

START_TEST(only_when_wanted)
{
	durability("journal");
	stored(5);
	TOLD(0, 0);
	/* a reload: what the disk has already is said at once, nobody waits for the next message */
	durability("disk");
	loop_again(proc.loop);
	TOLD(5, 1);
	proc.opt.store_enabled = 0;
	stored(6);
	TOLD(0, 0);
}
END_TEST

/* What the last broker had been told, and perhaps not passed on. */
START_TEST(another_broker)
{
	stored(5);
	TOLD(5, 1);
	br.durable = 0;
	loop_again(proc.loop);
	TOLD(5, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("durable");
	TCase *tc = tcase_create("durable");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, each_news_once);
	tcase_add_test(tc, only_when_wanted);
	tcase_add_test(tc, another_broker);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
