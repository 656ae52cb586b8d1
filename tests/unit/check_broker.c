/* check_broker.c - requests decided on a registry in memory: rules, exactly once, recovery. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "world.h"

#define USERS 300

static void
setup(void)
{
	world_init(&world, USERS, 1u << 20);
}

static void
teardown(void)
{
	world_verify();
	world_fini(&world);
}

START_TEST(names_are_unique_however_they_are_written)
{
	uint64_t a = world_login(0,
				 "Stra\xc3\x9f"
				 "e",
				 "192.0.2.1");

	ck_assert_uint_ne(a, 0);
	ck_assert_uint_eq(world_login(1, "STRASSE", "192.0.2.2"), 0);
	ck_assert_uint_eq(world_login(1, "server", "192.0.2.2"), 0);
	ck_assert_uint_eq(world_login(1, "9lives", "192.0.2.2"), 0);
	ck_assert(world_quit(0, a));
	ck_assert_uint_ne(world_login(1, "STRASSE", "192.0.2.2"), 0);
}
END_TEST

START_TEST(a_full_server_says_so)
{
	char name[16];

	for (int i = 0; i < USERS; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		ck_assert_uint_ne(world_login(0, name, "192.0.2.1"), 0);
	}
	ck_assert_uint_eq(world_login(0, "onemore", "192.0.2.1"), 0);
}
END_TEST

START_TEST(a_room_lives_as_long_as_its_members)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1"), b = world_login(1, "bob", "192.0.2.2");
	const struct reg_room *r;

	ck_assert(world_join(0, a, "Den"));
	r = room_find(STR_LIT("dEN"));
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(regw_member(&br.reg, regw_user(&br.reg, a), r->id)->flags, MEMBER_OP);
	ck_assert(!world_join(0, a, "den"));
	ck_assert(world_join(1, b, "den"));
	ck_assert_uint_eq(regw_member(&br.reg, regw_user(&br.reg, b), r->id)->flags, 0);
	ck_assert(world_part(0, a, "den"));
	ck_assert_ptr_nonnull(room_find(STR_LIT("den")));
	ck_assert(world_quit(1, b));
	ck_assert_ptr_null(room_find(STR_LIT("den")));
}
END_TEST

START_TEST(the_default_room_belongs_to_nobody)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1");

	ck_assert(world_join(0, a, "LOBBY"));
	ck_assert_uint_eq(
	    regw_member(&br.reg, regw_user(&br.reg, a), room_find(STR_LIT("lobby"))->id)->flags, 0);
}
END_TEST

START_TEST(only_members_speak)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1"), b = world_login(1, "bob", "192.0.2.2"),
		 room;

	ck_assert(world_join(0, a, "den"));
	room = room_find(STR_LIT("den"))->id;
	ck_assert(world_say(0, a, room, "hello"));
	ck_assert_uint_eq(world_last()->targets, 1u << 0);
	ck_assert(!world_say(1, b, room, "let me in"));
	ck_assert(world_join(1, b, "den"));
	ck_assert(world_say(1, b, room, "hi"));
	ck_assert_uint_eq(world_last()->targets, 1u << 0 | 1u << 1);
	ck_assert(!world_say(1, b, room, "\x1b[2J"));
	ck_assert(!world_say(1, b, room, ""));
}
END_TEST

/* Set back a little the clock stands still, also for a successor; what was wrong by an hour was wrong. */
START_TEST(times_run_one_way)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1"), room, then;
	struct m_e_say e;

	ck_assert(world_join(0, a, "den"));
	room = room_find(STR_LIT("den"))->id;
	then = br.now += 30 * 1000;
	entry_clock();
	ck_assert_uint_eq(br.now, then);
	ck_assert(world_say(0, a, room, "hello"));
	world_reopen(&world);
	ck_assert_uint_eq(br.now, then);
	ck_assert(world_say(0, a, room, "again"));
	ck_assert(m_e_say_get(world_last()->data, world_last()->event_len, &e));
	ck_assert_uint_eq(e.at, then);
	br.now += 3600 * 1000;
	entry_clock();
	ck_assert_uint_lt(br.now, then);
	br.now -= 10 * 1000;
	then = br.now;
	entry_clock();
	ck_assert_uint_gt(br.now, then);
}
END_TEST

START_TEST(nobody_speaks_for_another_workers_client)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1");
	struct m_r_away q = {.serial = world_serial(1), .user = a};
	char f[IPC_FRAME_MAX];

	ck_assert(!world_decide(1, f, m_r_away_put(f, sizeof(f), &q)));
	ck_assert_ptr_nonnull(user_find(STR_LIT("alice")));
}
END_TEST

START_TEST(a_serial_is_taken_once_and_in_order)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1");
	struct m_r_away q = {.serial = world_serial(0), .user = a, .text = STR_LIT("out")};
	char f[IPC_FRAME_MAX];
	size_t n = m_r_away_put(f, sizeof(f), &q);
	uint64_t seq;

	ck_assert(world_decide(0, f, n));
	seq = br.j.seq;
	ck_assert(world_decide(0, f, n)); /* resent: known, and nothing happens */
	ck_assert_uint_eq(br.j.seq, seq);
	q.serial += 2;
	ck_assert(!world_decide(0, f, m_r_away_put(f, sizeof(f), &q)));
}
END_TEST

START_TEST(late_words_of_the_gone_end_in_an_answer)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1");

	ck_assert(world_quit(0, a));
	ck_assert(!world_join(0, a, "den"));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_ok);
}
END_TEST

/* What a broker leaves behind that dies while it decides the next request of worker 0. */
static void
die_deciding(void)
{
	br.j.h->deciding_inc = 100;
	br.j.h->deciding_serial = world_serial(0);
	br.j.h->trying = 1;
	world_reopen(&world);
	rules_note_deaths();
}

START_TEST(two_deaths_of_one_request_end_it)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1");

	die_deciding();
	die_deciding();
	ck_assert(!world_nick(0, a, "alicia"));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_quit);
	ck_assert_ptr_null(user_find(STR_LIT("alice")));
}
END_TEST

/* The second broker died before it got as far as that request. */
START_TEST(a_death_in_recovery_is_no_requests_fault)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1");

	die_deciding();
	world_reopen(&world);
	rules_note_deaths();
	ck_assert(world_nick(0, a, "alicia"));
}
END_TEST

/* --- recovery ----------------------------------------------------------------------------------------- */

static uint64_t ids[USERS];

/* One random request; what the world is afterwards does not matter, only that it hangs together. */
static void
something(unsigned *seed)
{
	unsigned who = (unsigned)rand_r(seed) % USERS, sub = who % 3;
	char name[16], room[16];

	snprintf(name, sizeof(name), "n%d", rand_r(seed) % (2 * USERS));
	snprintf(room, sizeof(room), "r%d", rand_r(seed) % 20);
	if (regw_user(&br.reg, ids[who]) == NULL) {
		ids[who] = world_login(sub, name, "192.0.2.9");
		return;
	}
	switch (rand_r(seed) % 8) {
	case 0:
		world_quit(sub, ids[who]);
		break;
	case 1:
		world_nick(sub, ids[who], name);
		break;
	case 2:
	case 3:
		world_part(sub, ids[who], room);
		break;
	default:
		world_join(sub, ids[who], room);
	}
}

START_TEST(the_world_hangs_together_whatever_happens)
{
	unsigned seed = 7;

	memset(ids, 0, sizeof(ids));
	for (int i = 0; i < 30000; i++) {
		something(&seed);
		if (i % 1000 == 0)
			world_verify();
	}
}
END_TEST

START_TEST(names_can_change_for_ever)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1");
	char name[16];

	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert(world_nick(0, a, name));
	}
	world_verify();
	ck_assert(world_quit(0, a));
	ck_assert_uint_ne(world_login(1, name, "192.0.2.2"), 0);
}
END_TEST

START_TEST(rooms_leave_entries_to_the_server)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1");
	struct m_r_admin ban = {
	    .op = ADMIN_BAN_ADD, .level = LEVEL_ADMIN, .target = STR_LIT("spam*")};
	char name[24], f[IPC_FRAME_MAX];
	struct mode_refusal no;
	struct m_e_mode told;

	for (int room = 0; room < 60; room++) {
		snprintf(name, sizeof(name), "r%d", room);
		ck_assert(world_join(0, a, name));
		for (int i = 0; i < ROOM_LIST_MAX; i++) {
			char mask[16];
			struct m_r_mode m = {
			    .serial = world_serial(0), .user = a, .room = str_of(name)};
			struct mode_change ban_one = {.op = MODE_BAN, .on = 1};
			char list[64];

			snprintf(mask, sizeof(mask), "m%d*", i);
			ban_one.arg = str_of(mask);
			m.changes = (struct str){list, mode_put(list, 0, sizeof(list), &ban_one)};
			ck_assert(world_decide(0, f, m_r_mode_put(f, sizeof(f), &m)));
		}
	}
	/* the last one was refused, and told so */
	ck_assert(m_e_mode_get(world_last()->data, world_last()->event_len, &told));
	ck_assert(refusal_next(&told.refused, &no));
	ck_assert_uint_eq(no.code, ERR_LIST_FULL);
	ban.serial = world_serial(SUB_CONTROL);
	ck_assert(world_decide(SUB_CONTROL, f, m_r_admin_put(f, sizeof(f), &ban)));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_ok);
	ck_assert_uint_eq(world_login(1, "spammer", "192.0.2.3"), 0);
}
END_TEST

/* A broker that dies between the commit and `applied`: the slots hold anything from before to
 * after, some half written. The successor must arrive at the same state. */
START_TEST(what_was_committed_is_applied_again)
{
	char *before, *after;
	unsigned seed = 11;

	memset(ids, 0, sizeof(ids));
	before = malloc(world.reg_size);
	after = malloc(world.reg_size);
	for (int i = 0; i < 400; i++) {
		uint64_t applied = br.j.h->applied;
		unsigned char *reg = world.reg;

		memcpy(before, world.reg, world.reg_size);
		something(&seed);
		memcpy(after, world.reg, world.reg_size);
		/* every byte that changed has its old or its new value, by chance; the header's marks
		 * are stored before the commit */
		for (size_t k = 4096; k < world.reg_size; k++) {
			if (before[k] != after[k] && rand_r(&seed) % 2)
				reg[k] = (unsigned char)before[k];
		}
		/* display fields, indexes and subscribers' serials come from elsewhere */
		br.j.h->applied = applied;
		ck_assert_uint_eq(world_reopen(&world), 1);
		world_verify();
	}
	free(before);
	free(after);
}
END_TEST

START_TEST(the_ring_finds_what_was_missed)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1"), room, seen, at, n = 0;
	char text[4000];
	const struct jentry *e;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert(world_join(0, a, "den"));
	room = room_find(STR_LIT("den"))->id;
	for (int i = 0; i < 2000; i++) /* eight times around */
		ck_assert(world_say(0, a, room, text + i));
	seen = br.j.seq - 100;
	ck_assert(journal_find(&br.j, seen, &at));
	for (; (e = journal_at(&br.j, &at)) != NULL; at += e->size)
		ck_assert_uint_eq(e->seq, seen + ++n);
	ck_assert_uint_eq(n, 100);
	ck_assert(!journal_find(&br.j, 1, &at)); /* long overwritten, and told so */
	ck_assert_uint_eq(world_reopen(&world), 0);
	ck_assert_uint_eq(br.j.seq, seen + 100);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("broker");
	TCase *t = tcase_create("broker");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, names_are_unique_however_they_are_written);
	tcase_add_test(t, a_full_server_says_so);
	tcase_add_test(t, a_room_lives_as_long_as_its_members);
	tcase_add_test(t, the_default_room_belongs_to_nobody);
	tcase_add_test(t, only_members_speak);
	tcase_add_test(t, times_run_one_way);
	tcase_add_test(t, nobody_speaks_for_another_workers_client);
	tcase_add_test(t, a_serial_is_taken_once_and_in_order);
	tcase_add_test(t, late_words_of_the_gone_end_in_an_answer);
	tcase_add_test(t, two_deaths_of_one_request_end_it);
	tcase_add_test(t, a_death_in_recovery_is_no_requests_fault);
	tcase_add_test(t, the_world_hangs_together_whatever_happens);
	tcase_add_test(t, names_can_change_for_ever);
	tcase_add_test(t, rooms_leave_entries_to_the_server);
	tcase_add_test(t, what_was_committed_is_applied_again);
	tcase_add_test(t, the_ring_finds_what_was_missed);
	suite_add_tcase(s, t);
	return unit_run(s);
}
