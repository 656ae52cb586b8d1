/* check_subs.c - the broker's channels: who is greeted, held, given up; what a hello can ask for.
 *
 * The subscribers are the other ends of socket pairs. World's requests are those of worker 0 (its
 * incarnation is 100), so that events are made without a channel.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "unit.h"
#include "world.h"

static struct world world;
static uint64_t alice, room;
static char words[2001];

/* The end of a turn, as in the broker's main.c. */
static void
turn(void *arg)
{
	(void)arg;
	br.now = wall_ms();
	subs_resume();
	subs_pump();
}

static void
setup(void)
{
	world_init(&world, 100, 2u << 20);
	loop_each_turn(proc.loop, turn, NULL);
	alice = world_login(0, "alice", "192.0.2.1");
	ck_assert(world_join(0, alice, "den"));
	room = room_find(STR_LIT("den"))->id;
	memset(words, 'x', sizeof(words) - 1);
}

static void
teardown(void)
{
	world_verify();
}

/* Our end of the channel of subscriber `index`. */
static int
attach(unsigned index, uint32_t inc)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	sub_attach(index, inc, fds[0]);
	return fds[1];
}

static void
hello(int fd, uint32_t inc, uint64_t seq)
{
	struct m_sub_hello h = {.version = IPC_VERSION, .inc = inc, .seq = seq};
	char out[64];
	size_t n = m_sub_hello_put(out, sizeof(out), &h);

	ck_assert_int_eq(send(fd, out, n, 0), (ssize_t)n);
	loop_turn(proc.loop, 0);
}

static void
say(unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		ck_assert(world_say(0, alice, room, words));
	loop_turn(proc.loop, 0);
}

/* Everything there is to read from fd: how many messages of that type. */
static unsigned
count_type(int fd, unsigned type)
{
	static char in[4u << 20];
	size_t len = 0, at = 0;
	unsigned n = 0;
	ssize_t r;

	for (;;) {
		while ((r = recv(fd, in + len, sizeof(in) - len, MSG_DONTWAIT)) > 0)
			len += (size_t)r;
		/* what did not fit into the socket comes in the next turn */
		loop_turn(proc.loop, 0);
		r = recv(fd, in + len, sizeof(in) - len, MSG_DONTWAIT);
		if (r <= 0)
			break;
		len += (size_t)r;
	}
	while ((r = ipc_frame(in + at, len - at)) > 0) {
		n += ipc_type(in + at) == type;
		at += (size_t)r;
	}
	return n;
}

/* Turns until `index` is given up. */
static void
until_given_up(unsigned index, uint32_t inc)
{
	while (sub_alive(index, inc))
		loop_turn(proc.loop, 50);
}

START_TEST(a_subscriber_gets_what_came_after_its_hello)
{
	int fd = attach(0, 100);

	hello(fd, 100, br.j.seq);
	ck_assert_uint_eq(count_type(fd, MSG_br_hello), 1);
	say(7);
	ck_assert_uint_eq(count_type(fd, MSG_e_say), 7);
}
END_TEST

/* Its channel is replaced, as after a broker's death: it gets what it had not taken, once. */
START_TEST(a_subscriber_goes_on_where_it_was)
{
	uint64_t seen;
	int fd = attach(0, 100);

	hello(fd, 100, br.j.seq);
	say(3);
	seen = br.j.seq;
	say(4);
	close(fd);
	fd = attach(0, 100);
	hello(fd, 100, seen);
	ck_assert_uint_eq(count_type(fd, MSG_e_say), 4);
}
END_TEST

START_TEST(a_hello_does_not_reach_into_the_past)
{
	int fd;

	say(50);
	fd = attach(0, 777); /* another incarnation at the same place */
	hello(fd, 777, 1);
	ck_assert_uint_eq(count_type(fd, MSG_e_say), 0);
	close(fd);
	fd = attach(0, 777); /* nor when it comes again */
	hello(fd, 777, 1);
	ck_assert_uint_eq(count_type(fd, MSG_e_say), 0);
	say(2000); /* around the ring, while it reads what it is sent */
	count_type(fd, MSG_e_say);
	ck_assert(subs_room());
}
END_TEST

START_TEST(who_says_no_hello_is_given_up)
{
	int fd = attach(1, 201);

	until_given_up(1, 201);
	close(fd);
}
END_TEST

START_TEST(who_does_not_read_does_not_hold_others_up)
{
	struct m_r_sync q = {.user = alice};
	int fd = attach(0, 100), stuck = attach(1, 101);
	char out[64];
	size_t n;

	hello(fd, 100, br.j.seq);
	hello(stuck, 101, br.j.seq);
	ck_assert(world_join(1, world_login(1, "bob", "192.0.2.2"), "den"));
	say(400); /* more than a socket takes, far less than the ring */
	count_type(fd, MSG_e_say);
	q.serial = world_serial(0);
	n = m_r_sync_put(out, sizeof(out), &q);
	ck_assert_int_eq(send(fd, out, n, 0), (ssize_t)n);
	loop_turn(proc.loop, 0);
	ck_assert_uint_eq(count_type(fd, MSG_e_ok),
			  0); /* bob's worker has not been given all of it */
	until_given_up(1, 101);
	loop_turn(proc.loop, 0);
	ck_assert_uint_eq(count_type(fd, MSG_e_ok), 1);
	close(stuck);
}
END_TEST

START_TEST(a_mistake_costs_the_one_who_made_it)
{
	struct m_r_away q = {.serial = 1, .user = alice};
	int fd = attach(1, 101), other = attach(0, 100);
	char out[64];
	size_t n = m_r_away_put(out, sizeof(out), &q);

	hello(fd, 101, br.j.seq);
	hello(other, 100, br.j.seq);
	ck_assert_int_eq(send(fd, out, n, 0), (ssize_t)n); /* for another worker's client */
	loop_turn(proc.loop, 0);
	ck_assert(!sub_alive(1, 101));
	ck_assert(sub_alive(0, 100));
	ck_assert_ptr_nonnull(user_find(STR_LIT("alice")));
}
END_TEST

START_TEST(nobody_is_heard_before_the_greeting)
{
	int fd;

	br.greeted = br.recovered = false;
	fd = attach(1, 101);
	hello(fd, 101, 1);
	ck_assert(sub_alive(1, 101));
	subs_welcome();
	br.recovered = true;
	loop_turn(proc.loop, 0);
	say(1);
	ck_assert_uint_eq(count_type(fd, MSG_br_hello), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("subs");
	TCase *t = tcase_create("subs");
	int master[2];

	/* what the broker says to its master goes nowhere */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, master) < 0 ||
	    dup2(master[0], PROC_MASTER_FD) < 0)
		return 1;
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_subscriber_gets_what_came_after_its_hello);
	tcase_add_test(t, a_subscriber_goes_on_where_it_was);
	tcase_add_test(t, a_hello_does_not_reach_into_the_past);
	tcase_add_test(t, who_says_no_hello_is_given_up);
	tcase_add_test(t, who_does_not_read_does_not_hold_others_up);
	tcase_add_test(t, a_mistake_costs_the_one_who_made_it);
	tcase_add_test(t, nobody_is_heard_before_the_greeting);
	suite_add_tcase(s, t);
	return unit_run(s);
}
