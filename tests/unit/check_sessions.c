/* check_sessions.c - one user with several sessions: coming, going, and what the others learn of it. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/account.h"
#include "lib/util.h"
#include "unit_str.h"
#include "world.h"

#define ALICE 7 /* her account */

static uint64_t alice, bob;

/* account: ALICE, or another that is made for this; 0: to none any more. */
static void
logged_in(const char *name, uint64_t account)
{
	const char *called = account == ALICE ? "alice" : name;

	if (account != 0 && account_named(S(called)) == NULL)
		ck_assert(account_made(S(called), account, 0, 0));
	account_enter(user_find(S(name)), account != 0 ? account_named(S(called)) : NULL,
		      S(called));
}

static uint64_t
conn_of(uint64_t user)
{
	return regw_user(&br.reg, user)->conn;
}

static uint64_t
guest(unsigned sub, const char *name, const char *address, uint64_t account)
{
	uint64_t id = world_login(sub, name, address);

	ck_assert_uint_ne(id, 0);
	logged_in(name, account);
	return id;
}

static void
reap_all(void)
{
	while (reap_some() != REAP_DONE)
		;
}

/* A device of alice's at this worker: it comes as a guest, and takes her name. Its connection. */
static uint64_t
device(unsigned sub, const char *address)
{
	uint64_t g = guest(sub, "device", address, ALICE), conn = conn_of(g);

	ck_assert_uint_eq(ASK(nick, sub, .user = g, .conn = conn, .name = S("alice")),
			  MSG_e_attach);
	reap_all();
	return conn;
}

static unsigned
quit(unsigned sub, uint64_t user, uint64_t conn)
{
	return ASK(quit, sub, .user = user, .conn = conn, .reason = S("bye"));
}

static uint64_t
targets_of_words(void)
{
	ck_assert(world_say(2, bob, room_find(S("den"))->id, "hello"));
	return world_last()->targets;
}

/* alice at worker 0, bob at worker 2, both in the den. */
static void
setup(void)
{
	world_setup();
	alice = guest(0, "alice", "192.0.2.1", ALICE);
	bob = world_login(2, "bob", "192.0.2.9");
	ck_assert(world_join(0, alice, "den") && world_join(2, bob, "den"));
	ck_assert_uint_eq(targets_of_words(), 1 << 0 | 1 << 2);
}

/* --- coming ------------------------------------------------------------------------------------------- */

START_TEST(a_second_device_joins_the_first)
{
	uint64_t g = guest(1, "phone", "198.51.100.1", ALICE), conn = conn_of(g);
	struct m_e_attach e;
	struct attach_room room;
	struct m_e_quit gone;

	ck_assert(world_join(1, g, "elsewhere"));
	ck_assert_uint_eq(ASK(nick, 1, .user = g, .conn = conn, .name = S("ALICE")), MSG_e_attach);
	ck_assert_uint_eq(world_last()->targets, 1 << 1);
	e = LAST(attach);
	ck_assert(e.user == alice && e.conn == conn && e.was == g && e.sessions == 2);
	ck_str(e.name, "alice");
	ck_str(e.account, "alice");
	ck_assert(attach_room_next(&e.rooms, &room));
	ck_assert_uint_eq(room.room, room_find(S("den"))->id);
	ck_str(room.name, "den");
	ck_assert_uint_eq(room.flags, MEMBER_OP);
	ck_assert_uint_eq(e.rooms.n, 0);
	/* who it was goes, and the others in its rooms are told */
	reap_all();
	gone = LAST(quit);
	ck_assert(gone.user == g && gone.why == QUIT_LEFT && gone.rooms.n == 1);
	ck_str(gone.reason, "is alice now");
	ck_assert_ptr_null(user_find(S("phone")));
	ck_assert_ptr_null(room_find(S("elsewhere")));
	ck_assert_uint_eq(targets_of_words(), 7);
}
END_TEST

/* It would be logged out of where others sit. */
START_TEST(one_of_two_does_not_log_out)
{
	device(1, "198.51.100.1");
	ck_assert_uint_eq(ASK(account, 0, .user = alice, .op = ACCOUNT_LOGOUT), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_OTHER_SESSIONS);
	ck_assert_str_eq(world_user(&world, "alice").account, "alice");
}
END_TEST

/* Whoever is given the slot of a user with several sessions has none of them. */
START_TEST(the_next_user_has_one)
{
	uint64_t next;

	device(1, "198.51.100.1");
	user_quit(&req_nobody, regw_user(&br.reg, alice), QUIT_KICKED, S("Server"), S(""));
	next = world_login(0, "next", "192.0.2.3");
	ck_assert_uint_eq(ID_SLOT(next), ID_SLOT(alice));
	ck_assert_uint_eq(world_user(&world, "next").sessions, 1);
	ck_assert_uint_eq(regw_user(&br.reg, next)->sessions, 0);
}
END_TEST

START_TEST(readers_see_them_all)
{
	struct reg_session_view v[SESSIONS_PER_USER];
	uint64_t conn = device(1, "198.51.100.1");

	ck_assert_uint_eq(world_user(&world, "alice").sessions, 2);
	ck_assert_uint_eq(world_user(&world, "bob").sessions, 1);
	ck_assert_int_eq(registry_sessions(world.reader, alice, v, ARRAY_LEN(v)), 2);
	ck_assert_str_eq(v[0].address, "192.0.2.1");
	ck_assert_str_eq(v[1].address, "198.51.100.1");
	ck_assert(v[1].conn == conn && v[1].sub == 1 && v[1].inc == 101 && v[1].since != 0);
	ck_assert_int_eq(registry_sessions(world.reader, alice, v, 1), 1);
	ck_assert_int_eq(registry_sessions(world.reader, alice + (1 << 24), v, 1), 0);
	ck_assert_int_eq(registry_sessions(world.reader, bob, v, ARRAY_LEN(v)), 1);
}
END_TEST

START_TEST(another_account_is_another_person)
{
	uint64_t g = guest(1, "mallory", "198.51.100.1", ALICE + 1),
		 h = world_login(1, "nobody", "198.51.100.1");

	ck_assert(!world_nick(1, g, "alice") && world_refused() == ERR_NICK_TAKEN);
	ck_assert(!world_nick(1, h, "alice") && world_refused() == ERR_NICK_TAKEN);
	/* nor is a guest who has her name for the moment: that one makes way */
	logged_in("alice", 0);
	logged_in("nobody", ALICE);
	ck_assert(world_nick(1, h, "alice"));
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 1);
	ck_assert_uint_ne(regw_user(&br.reg, alice)->id, h);
}
END_TEST

/* Who has logged in before it has a name. */
START_TEST(a_newcomer_joins)
{
	char token[AUTH_TOKEN];
	struct str proof = {token, sizeof(token)};

	token_make(101, 77, ALICE, S("alice"), (uint8_t *)token);
	ck_assert_uint_eq(ASK(login, 1, .conn = 77, .name = S("Alice"),
			      .address = S("198.51.100.1"), .account = S("alice"),
			      .account_id = ALICE, .token = proof),
			  MSG_e_attach);
	ck_assert(LAST(attach).user == alice && LAST(attach).conn == 77 && LAST(attach).was == 0);
	ck_assert_uint_eq(targets_of_words(), 7);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 2);
	/* of another connection, or of nobody */
	ck_assert_uint_eq(ASK(login, 1, .conn = 78, .name = S("Alice"),
			      .address = S("198.51.100.1"), .account = S("alice"),
			      .account_id = ALICE, .token = proof),
			  MSG_e_refused);
	ck_assert_uint_eq(
	    ASK(login, 1, .conn = 79, .name = S("Alice"), .address = S("198.51.100.1")),
	    MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NICK_TAKEN);
	ck_assert_uint_eq(quit(1, alice, 77), MSG_e_detach);
}
END_TEST

START_TEST(nobody_moves_anothers_session)
{
	uint64_t g = guest(1, "phone", "198.51.100.1", ALICE);

	ck_assert_uint_eq(ASK(nick, 1, .user = g, .conn = conn_of(bob), .name = S("alice")), 0);
	ck_assert_uint_eq(ASK(nick, 1, .user = g, .name = S("alice")), 0);
	ck_assert_ptr_nonnull(user_find(S("phone")));
}
END_TEST

START_TEST(there_is_a_limit)
{
	uint64_t g;

	for (unsigned i = 1; i < SESSIONS_PER_USER; i++)
		device(i % 4, "198.51.100.1");
	g = guest(1, "phone", "198.51.100.1", ALICE);
	ck_assert_uint_eq(ASK(nick, 1, .user = g, .conn = conn_of(g), .name = S("alice")),
			  MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_TOO_MANY_SESSIONS);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, SESSIONS_PER_USER);
}
END_TEST

START_TEST(the_table_is_full_one_day)
{
	char name[16];
	uint64_t g;
	unsigned n;

	for (n = 0;; n++) {
		snprintf(name, sizeof(name), "u%u", n / 8);
		if (n % 8 == 0)
			guest(0, name, "192.0.2.1", 100 + n);
		g = world_login(1, "device", "192.0.2.1");
		account_enter(user_find(S("device")), account_named(S(name)), S(name));
		if (ASK(nick, 1, .user = g, .conn = conn_of(g), .name = S(name)) != MSG_e_attach)
			break;
		reap_all();
	}
	ck_assert_uint_eq(world_refused(), ERR_SERVER_FULL);
	ck_assert_uint_eq(n, br.reg.h->max_sessions);
}
END_TEST

/* One of several goes over to another user: its own stays. */
START_TEST(a_session_of_several_moves)
{
	uint64_t conn = device(1, "198.51.100.1"), other = guest(3, "other", "192.0.2.8", ALICE);

	ck_assert(world_join(3, other, "loft"));
	ck_assert_uint_eq(ASK(nick, 1, .user = alice, .conn = conn, .name = S("other")),
			  MSG_e_attach);
	reap_all();
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_attach);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 1);
	ck_assert_uint_eq(world_user(&world, "other").sessions, 2);
	ck_assert_uint_eq(targets_of_words(), 1 << 0 | 1 << 2);
	/* the first one too, and then nobody is left */
	ck_assert_uint_eq(ASK(nick, 0, .user = alice, .conn = conn_of(alice), .name = S("other")),
			  MSG_e_attach);
	reap_all();
	ck_assert_ptr_null(user_find(S("alice")));
	ck_assert_uint_eq(targets_of_words(), 1 << 2);
}
END_TEST

/* --- what each may do ------------------------------------------------------------------------------------ */

START_TEST(each_speaks_for_the_user)
{
	device(1, "198.51.100.1");
	ck_assert(world_say(1, alice, room_find(S("den"))->id, "from the phone"));
	ck_assert_uint_eq(world_last()->targets, 7);
	ck_assert(world_join(1, alice, "loft"));
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert(world_part(0, alice, "loft"));
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_uint_eq(ASK(dm, 1, .user = alice, .to = S("bob"), .text = S("hi")), MSG_e_dm);
	ck_assert_uint_eq(world_last()->targets, 7);
	ck_assert_uint_eq(ASK(dm, 2, .user = bob, .to = S("alice"), .text = S("hi")), MSG_e_dm);
	ck_assert_uint_eq(world_last()->targets, 7);
	ck_assert(world_part(1, alice, "den"));
	ck_assert_uint_eq(ASK(away, 1, .user = alice, .text = S("out")), MSG_e_away);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_uint_eq(ASK(umode, 0, .user = alice, .set = UMODE_INVISIBLE), MSG_e_umode);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert(world_nick(0, alice, "anna"));
	ck_assert_uint_eq(world_last()->targets, 3);
	/* and nobody else does */
	ck_assert_uint_eq(ASK(away, 3, .user = alice, .text = S("out")), 0);
}
END_TEST

/* --- going -------------------------------------------------------------------------------------------- */

START_TEST(a_later_one_goes)
{
	uint64_t conn = device(1, "198.51.100.1");

	ck_assert_uint_eq(quit(1, alice, conn), MSG_e_detach);
	ck_assert_uint_eq(world_last()->targets, 1 << 1);
	ck_assert(LAST(detach).user == alice && LAST(detach).conn == conn);
	ck_assert_uint_eq(targets_of_words(), 1 << 0 | 1 << 2);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 1);
	ck_assert_uint_eq(quit(0, alice, conn_of(alice)), MSG_e_quit);
}
END_TEST

START_TEST(the_next_takes_the_place_of_the_first)
{
	uint64_t second = device(1, "198.51.100.1"), third = device(3, "198.51.100.3");

	ck_assert_uint_eq(quit(0, alice, conn_of(alice)), MSG_e_detach);
	ck_assert_uint_eq(targets_of_words(), 1 << 1 | 1 << 2 | 1 << 3);
	ck_assert_uint_eq(conn_of(alice), second);
	ck_assert_str_eq(world_user(&world, "alice").address, "198.51.100.1");
	/* what others see of her stays */
	ck_assert_str_eq(world_user(&world, "alice").host, "192.0.2.1");
	ck_assert_uint_eq(quit(1, alice, second), MSG_e_detach);
	ck_assert_uint_eq(conn_of(alice), third);
	ck_assert_uint_eq(quit(3, alice, third), MSG_e_quit);
	ck_assert_uint_eq(targets_of_words(), 1 << 2);
}
END_TEST

/* Its end was on the way while it went over to another user. */
START_TEST(a_late_end_is_nobodys)
{
	uint64_t g = guest(1, "phone", "198.51.100.1", ALICE), conn = conn_of(g);

	ck_assert_uint_eq(ASK(nick, 1, .user = g, .conn = conn, .name = S("alice")), MSG_e_attach);
	/* not reaped yet; what a worker asks whatever its client is doing was on the way as well */
	ck_assert_uint_eq(quit(1, g, conn), MSG_e_ok);
	ck_assert_uint_eq(ASK(kept, 1, .user = g, .upto = 1), MSG_e_ok);
	ck_assert_uint_eq(ASK(query, 1, .user = g, .kind = QUERY_KEPT, .limit = 1), MSG_e_refused);
	ck_assert_uint_eq(ASK(away, 1, .user = g), 0);
	reap_all();
	ck_assert_uint_eq(quit(1, g, conn), MSG_e_ok);
	ck_assert_uint_eq(ASK(query, 1, .user = g, .kind = QUERY_KEPT, .limit = 1), MSG_e_refused);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 2);
	/* and a worker ends its own only */
	ck_assert_uint_eq(quit(0, alice, conn), MSG_e_ok);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 2);
	ck_assert_uint_eq(quit(1, alice, conn), MSG_e_detach);
	ck_assert_uint_eq(quit(0, alice, conn), MSG_e_ok);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 1);
}
END_TEST

START_TEST(a_kick_takes_them_all)
{
	device(1, "198.51.100.1");
	device(3, "198.51.100.3");
	ck_assert_uint_eq(
	    ASK(admin, SUB_CONTROL, .op = ADMIN_KICK, .level = LEVEL_ADMIN, .target = S("alice")),
	    MSG_e_quit);
	ck_assert_uint_eq(world_last()->targets,
			  1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1ull << SUB_CONTROL);
	ck_assert_ptr_null(user_find(S("alice")));
	ck_assert_uint_eq(targets_of_words(), 1 << 2);
}
END_TEST

START_TEST(a_ban_of_any_address_takes_them_all)
{
	device(1, "198.51.100.1");
	ck_assert_uint_eq(ASK(admin, SUB_CONTROL, .op = ADMIN_MUTE_ADD, .level = LEVEL_ADMIN,
			      .target = S("198.51.100.1")),
			  MSG_e_ok);
	ck_assert(world_user(&world, "alice").muted);
	ck_assert_uint_eq(ASK(admin, SUB_CONTROL, .op = ADMIN_BAN_ADD, .level = LEVEL_ADMIN,
			      .target = S("198.51.100.0/24")),
			  MSG_e_ok);
	ck_str(LAST(ok).text, "banned: 1 here now");
	reap_all();
	ck_assert_ptr_null(user_find(S("alice")));
}
END_TEST

START_TEST(a_ban_that_is_made_anew_says_what_it_was)
{
	static const struct {
		uint64_t until;
		const char *said;
	} t[] = {
	    {4102444800000, "banned: 0 here now"},
	    {0, "banned: 0 here now; was until 2100-01-01T00:00:00Z, is for ever now"},
	    {0, "banned: 0 here now; was for ever, is for ever now"},
	    {4102531200000, "banned: 0 here now; was for ever, is until 2100-01-02T00:00:00Z now"},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		ck_assert_uint_eq(ASK(admin, SUB_CONTROL, .op = ADMIN_BAN_ADD, .level = LEVEL_ADMIN,
				      .target = S("203.0.113.0/24"), .until = t[i].until),
				  MSG_e_ok);
		ck_str(LAST(ok).text, t[i].said);
	}
}
END_TEST

/* --- deaths ------------------------------------------------------------------------------------------- */

static bool
at_worker(const struct session *s, const void *sub)
{
	return s->sub == *(const unsigned *)sub;
}

/* What the broker does when a worker has died. How many users are left without a session. */
static unsigned
worker_dies(unsigned sub)
{
	unsigned lost = 0;

	for (uint32_t i = 0; i < br.reg.h->user_top; i++) {
		const struct reg_user *u = &br.reg.users[i];

		if (u->id != 0 && u->inc != 0)
			lost += sessions_reap(u, at_worker, &sub) == 0;
	}
	reap_all();
	return lost;
}

START_TEST(a_worker_takes_its_sessions_only)
{
	device(0, "198.51.100.1");
	device(1, "198.51.100.1");
	device(0, "198.51.100.1");
	ck_assert_uint_eq(worker_dies(0), 0);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 1);
	ck_assert_uint_eq(targets_of_words(), 1 << 1 | 1 << 2);
	ck_assert_uint_eq(worker_dies(1), 1);
	ck_assert_ptr_null(user_find(S("alice")));
	ck_assert_uint_eq(LAST(quit).why, QUIT_WORKER);
}
END_TEST

START_TEST(a_broker_dies_before_the_old_name_has_left)
{
	uint64_t g = guest(1, "phone", "198.51.100.1", ALICE);

	ck_assert(world_join(1, g, "den"));
	ck_assert_uint_eq(ASK(nick, 1, .user = g, .conn = conn_of(g), .name = S("alice")),
			  MSG_e_attach);
	world_reopen(&world);
	world_verify();
	ck_assert_uint_eq(targets_of_words(), 7);
	ck_assert_uint_eq(user_find(S("phone"))->inc, 0);
	reap_add(g, 0, QUIT_LEFT, "", "");
	reap_all();
	ck_assert_uint_eq(targets_of_words(), 7);
	ck_assert_uint_eq(world_user(&world, "alice").sessions, 2);
}
END_TEST

START_TEST(a_successor_knows_them)
{
	uint64_t second = device(1, "198.51.100.1");

	device(3, "198.51.100.3");
	world_reopen(&world);
	world_verify();
	ck_assert_uint_eq(targets_of_words(), 15);
	ck_assert_uint_eq(quit(1, alice, second), MSG_e_detach);
	ck_assert_uint_eq(targets_of_words(), 1 << 0 | 1 << 2 | 1 << 3);
}
END_TEST

/* Anything, in any order: everything hangs together all the time. */
START_TEST(any_of_it)
{
	static const char *const rooms[] = {"den", "loft", "yard"};
	struct session s;

	srand(5);
	for (unsigned i = 0; i < 3000; i++) {
		struct reg_user *u = user_find(S("alice"));
		unsigned k = (unsigned)rand() % 3;

		if (u == NULL) {
			alice = guest(k, "alice", "192.0.2.1", ALICE);
			continue;
		}
		s = (struct session){0};
		for (unsigned n = (unsigned)rand() % (u->nsessions + 1) + 1; n > 0; n--)
			session_next(u, &s);
		switch (rand() % 5) {
		case 0:
		case 1:
			if (u->nsessions + 1 < SESSIONS_PER_USER)
				device(k, "198.51.100.1");
			break;
		case 2:
			quit(s.sub, u->id, s.conn);
			break;
		case 3:
			ASK(join, s.sub, .user = u->id, .room = S(rooms[k]));
			break;
		default:
			ASK(part, s.sub, .user = u->id, .room = S(rooms[k]));
		}
		if (i % 10 == 0)
			world_verify();
		if (i % 100 == 0)
			world_reopen(&world);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sessions");
	TCase *t = tcase_create("several");

	tcase_add_checked_fixture(t, setup, world_teardown);
	tcase_add_test(t, a_second_device_joins_the_first);
	tcase_add_test(t, one_of_two_does_not_log_out);
	tcase_add_test(t, the_next_user_has_one);
	tcase_add_test(t, readers_see_them_all);
	tcase_add_test(t, another_account_is_another_person);
	tcase_add_test(t, a_newcomer_joins);
	tcase_add_test(t, nobody_moves_anothers_session);
	tcase_add_test(t, there_is_a_limit);
	tcase_add_test(t, the_table_is_full_one_day);
	tcase_add_test(t, a_session_of_several_moves);
	tcase_add_test(t, each_speaks_for_the_user);
	tcase_add_test(t, a_later_one_goes);
	tcase_add_test(t, the_next_takes_the_place_of_the_first);
	tcase_add_test(t, a_late_end_is_nobodys);
	tcase_add_test(t, a_kick_takes_them_all);
	tcase_add_test(t, a_ban_of_any_address_takes_them_all);
	tcase_add_test(t, a_ban_that_is_made_anew_says_what_it_was);
	tcase_add_test(t, a_worker_takes_its_sessions_only);
	tcase_add_test(t, a_broker_dies_before_the_old_name_has_left);
	tcase_add_test(t, a_successor_knows_them);
	tcase_add_test(t, any_of_it);
	suite_add_tcase(s, t);
	return unit_run(s);
}
