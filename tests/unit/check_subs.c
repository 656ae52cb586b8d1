/* check_subs.c - the broker's channels: who is greeted, held, given up; what a hello can ask for.
 *
 * The subscribers are the other ends of socket pairs. World's requests are those of worker 0 (its
 * incarnation is 100), so that events are made without a channel.
 */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/store.h"
#include "broker/subs.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "unit.h"
#include "world.h"

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

/* Somebody else is being watched when it happens, so the timer is due in that very turn. */
START_TEST(who_is_far_behind_has_its_second)
{
	int stuck = attach(1, 101), silent;
	uint64_t began;

	hello(stuck, 101, br.j.seq);
	ck_assert(world_join(1, world_login(1, "bob", "192.0.2.2"), "den"));
	say(200); /* more than a socket takes */
	silent = attach(2, 102);
	loop_turn(proc.loop, 0);
	for (began = mono_ms(); mono_ms() - began < 250;)
		usleep(1000);
	while (subs_room())
		ck_assert(world_say(0, alice, room, words));
	began = mono_ms();
	loop_turn(proc.loop, 0);
	until_given_up(1, 101);
	ck_assert_uint_ge(mono_ms() - began, 900);
	close(stuck);
	close(silent);
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

/* --- the store --------------------------------------------------------------------------------------------- */

#ifdef HAVE_SQLITE

static int
store_attach(uint64_t seq)
{
	int fd = attach(SUB_STORE, 900);

	proc.opt.store_enabled = 1;
	hello(fd, 900, seq);
	return fd;
}

/* What it is sent from now on: each event once, in order. Messages and, in *missed_r, how many numbers it is told it has
 * missed, each of which it has not been sent. */
static unsigned
store_reads(int fd, uint64_t *last, uint64_t *missed_r)
{
	static char in[8u << 20];
	static size_t len;
	struct m_s_begin b;
	struct ev_head h;
	unsigned n = 0;
	ssize_t r;

	*missed_r = 0;
	for (int i = 0; i < 200; i++) {
		size_t at = 0;

		r = recv(fd, in + len, sizeof(in) - len, MSG_DONTWAIT);
		loop_turn(proc.loop, 0);
		if (r <= 0)
			continue;
		len += (size_t)r;
		for (; (r = ipc_frame(in + at, len - at)) > 0; at += (size_t)r) {
			if (ipc_type(in + at) == MSG_s_begin) {
				ck_assert(m_s_begin_get(in + at, (size_t)r, &b));
				if (b.missed_from == 0)
					continue;
				ck_assert_uint_eq(b.missed_from, *last + 1);
				*missed_r += b.missed_to - b.missed_from + 1;
				*last = b.missed_to;
				continue;
			}
			if (ipc_type(in + at) != MSG_e_say)
				continue;
			ck_assert(ev_head_get(in + at, (size_t)r, &h));
			ck_assert_uint_gt(h.seq, *last);
			*last = h.seq;
			n++;
		}
		ck_assert_int_eq(r, 0);
		memmove(in, in + at, len - at);
		len -= at;
	}
	return n;
}

START_TEST(a_store_that_does_not_read_is_left_alone)
{
	uint64_t began = mono_ms(), missed, last = br.j.seq;
	int fd = store_attach(br.j.seq);
	unsigned said = 0, read;

	/* until requests are read no more, for a second at most */
	while (subs_room()) {
		say(1);
		said++;
	}
	while (!subs_room())
		loop_turn(proc.loop, 50);
	ck_assert_uint_lt(mono_ms() - began, 3000);
	ck_assert(sub_alive(SUB_STORE, 900));
	ck_assert_uint_eq(br.reg.h->store_state, STORE_BEHIND);
	ck_assert(!sub_side(SUB_STORE, "", 0) || !store_present());
	/* around the ring, and nobody waits */
	for (int i = 0; i < 3000; i++, said++) {
		ck_assert(subs_room());
		say(1);
	}
	read = store_reads(fd, &last, &missed);
	ck_assert_uint_gt(missed, 0);
	ck_assert_uint_ge(read + missed, said);
	ck_assert_uint_eq(last, br.j.seq);
	ck_assert(store_present());
	ck_assert_uint_eq(br.reg.h->store_state, STORE_WELL);
	say(3);
	ck_assert_uint_eq(store_reads(fd, &last, &missed), 3);
	ck_assert_uint_eq(missed, 0);
	close(fd);
}
END_TEST

/* One that comes from far behind keeps nobody waiting while it catches up. */
START_TEST(a_store_that_catches_up_keeps_nobody_waiting)
{
	uint64_t last = br.j.seq, missed;
	unsigned before = 0, read;
	int fd;

	proc.opt.store_enabled = 1;
	for (; before < 700; before++)
		say(1);
	fd = store_attach(last);
	ck_assert(subs_room());
	say(1);
	ck_assert(subs_room());
	read = store_reads(fd, &last, &missed);
	ck_assert_uint_eq(read + missed, before + 1);
	close(fd);
}
END_TEST

#endif

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
	tcase_add_test(t, who_is_far_behind_has_its_second);
	tcase_add_test(t, a_mistake_costs_the_one_who_made_it);
	tcase_add_test(t, nobody_is_heard_before_the_greeting);
#ifdef HAVE_SQLITE
	tcase_add_test(t, a_store_that_does_not_read_is_left_alone);
	tcase_add_test(t, a_store_that_catches_up_keeps_nobody_waiting);
#endif
	suite_add_tcase(s, t);
	return unit_run(s);
}
