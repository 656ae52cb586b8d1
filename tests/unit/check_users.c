/* check_users.c - what users are: names that were, modes, hosts; and anything that they may ask for. */
#include "config.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authend.h"
#include "lib/util.h"
#include "unit_str.h"
#include "world.h"

/* --- who one is ------------------------------------------------------------------------------------ */

START_TEST(ident_and_host)
{
	uint64_t a = world_login_irc(0, "alice", "::1", "al~ice", "Alice A.");

	ck_str(LAST(login).uhost, "al~ice@0::1");
	ck_str(LAST(login).real, "Alice A.");
	ck_assert_str_eq(world_user(&world, "alice").ident, "al~ice");
	ck_assert_str_eq(world_user(&world, "alice").host, "0::1");
	ck_assert_str_eq(world_user(&world, "alice").address, "::1");
	ck_assert_str_eq(world_user(&world, "alice").real, "Alice A.");
	ck_assert(world_quit(0, a));
	ck_str(LAST(quit).uhost, "al~ice@0::1");
	/* the next owner of the slot is nobody else */
	world_login_irc(0, "bob", "192.0.2.1", "", "");
	ck_str(LAST(login).uhost, "irc@192.0.2.1");
	ck_str(LAST(login).real, "bob");
	ck_assert_str_eq(world_user(&world, "bob").real, "bob");
	ck_assert_str_eq(world_user(&world, "bob").account, "");
}
END_TEST

START_TEST(hostile_idents)
{
	world_login_irc(0, "alice", "192.0.2.1", "a!b@c \x01 d", "x\x1b[2Jy");
	ck_assert_str_eq(world_user(&world, "alice").ident, "abcd");
	ck_assert_str_eq(world_user(&world, "alice").real, "alice");
	world_login_irc(0, "bob", "a b", "\xff@!", "");
	ck_assert_str_eq(world_user(&world, "bob").ident, "irc");
	ck_assert_str_eq(world_user(&world, "bob").host, "unknown");
}
END_TEST

START_TEST(names_that_were)
{
	struct reg_was_view w[3];
	uint64_t a = world_login_irc(0, "Alice", "192.0.2.1", "al", "one");

	ck_assert_int_eq(registry_was(world.reader, "alice", 5, w, 3), 0);
	ck_assert(world_nick(0, a, "ALICE"));
	ck_assert_int_eq(registry_was(world.reader, "alice", 5, w, 3), 0);
	ck_assert(world_nick(0, a, "eve"));
	ck_assert(world_quit(0, a));
	a = world_login_irc(0, "alice", "192.0.2.2", "al", "");
	ck_assert(world_quit(0, a));
	ck_assert_int_eq(registry_was(world.reader, "aLICE", 5, w, 3), 2);
	ck_assert_str_eq(w[0].name, "alice");
	ck_assert_str_eq(w[0].address, "192.0.2.2");
	ck_assert_str_eq(w[0].real, "alice");
	ck_assert_str_eq(w[1].name, "ALICE");
	ck_assert_str_eq(w[1].real, "one");
	ck_assert_uint_ne(w[1].at, 0);
	ck_assert_int_eq(registry_was(world.reader, "alice", 5, w, 1), 1);
	ck_assert_int_eq(registry_was(world.reader, "eve", 3, w, 3), 1);
	ck_assert_int_eq(registry_was(world.reader, "never", 5, w, 3), 0);
	ck_assert_int_eq(registry_was(world.reader, "", 0, w, 3), 0);
}
END_TEST

START_TEST(the_ring_of_names_turns)
{
	struct reg_was_view w[3];
	uint64_t a = world_login_irc(0, "first", "192.0.2.1", "", "");
	char name[16];

	ck_assert(world_nick(0, a, "n0"));
	for (int i = 1; i <= 1100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert(world_nick(0, a, name));
	}
	ck_assert_int_eq(registry_was(world.reader, "first", 5, w, 3), 0);
	ck_assert_int_eq(registry_was(world.reader, "n1099", 5, w, 3), 1);
	ck_assert_int_eq(registry_was(world.reader, "n76", 3, w, 3), 1);
	ck_assert_int_eq(registry_was(world.reader, "n75", 3, w, 3), 0);
}
END_TEST

START_TEST(another_real_name)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(1, "bob", "192.0.2.2", "", "");

	ck_assert(world_join(0, a, "den") && world_join(1, b, "den"));
	ck_assert_uint_eq(ASK(setname, 0, .user = a, .real = S("New Name")), MSG_e_setname);
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_uint_eq(LAST(setname).rooms.n, 1);
	ck_assert_str_eq(world_user(&world, "alice").real, "New Name");
	ck_assert_uint_eq(ASK(setname, 0, .user = a, .real = S("")), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	ck_assert_uint_eq(ASK(setname, 0, .user = a, .real = S("a\nb")), MSG_e_refused);
	ck_assert(world_nick(0, a, "anna"));
	ck_str(LAST(nick).real, "New Name");
}
END_TEST

START_TEST(modes_of_users)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", "");
	unsigned invisible, opers;

	ck_assert_uint_eq(ASK(umode, 0, .user = a, .set = ~0u), MSG_e_umode);
	ck_assert_uint_eq(LAST(umode).modes,
			  UMODE_INVISIBLE | UMODE_WALLOPS | UMODE_BOT | UMODE_REG_ONLY);
	ck_assert_uint_eq(LAST(umode).before, 0);
	registry_user_kinds(world.reader, &invisible, &opers);
	ck_assert(invisible == 1 && opers == 0);
	user_find(S("alice"))->umodes |= UMODE_OPER;
	user_find(S("alice"))->level = LEVEL_ADMIN;
	br.reg.h->nopers++;
	registry_user_kinds(world.reader, &invisible, &opers);
	ck_assert(invisible == 1 && opers == 1);
	ASK(umode, 0, .user = a, .clear = UMODE_BOT);
	ck_assert_uint_eq(LAST(umode).level, LEVEL_ADMIN);
	ASK(umode, 0, .user = a, .clear = ~0u);
	ck_assert(LAST(umode).level == 0 && LAST(umode).modes == 0);
	ck_assert(world_user(&world, "alice").level == 0 &&
		  world_user(&world, "alice").umodes == 0);
}
END_TEST

START_TEST(followers_hear_of_everybody)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", "");

	ck_assert_uint_eq(ASK(follow, 5, .on = 1), MSG_e_ok);
	ASK(away, 0, .user = a, .text = S("lunch"));
	ck_assert_uint_eq(world_last()->targets, 1 | 1 << 5);
	ck_str(LAST(away).uhost, "irc@192.0.2.1");
	world_reopen(&world);
	ck_assert(world_nick(0, a, "anna"));
	ck_assert_uint_eq(world_last()->targets, 1 | 1 << 5);
	ck_assert(world_join(0, a, "den"));
	ck_assert_uint_eq(world_last()->targets, 1);
	ASK(follow, 5, .on = 0);
	ck_assert(world_quit(0, a));
	ck_assert_uint_eq(world_last()->targets, 1);
}
END_TEST

START_TEST(another_host)
{
	uint64_t a = world_login_irc(0, "alice", "::1", "al", "");
	struct m_r_admin q = {.op = ADMIN_HOST, .level = LEVEL_OPERATE, .target = S("Alice")};
	static const char *const bad[] = {":x", "a b", "a@b", "a!b", "\xc3\xa4"};
	char f[IPC_FRAME_MAX];

	q.serial = world_serial(SUB_CONTROL);
	q.arg = S("staff.example.org");
	ck_assert(world_decide(SUB_CONTROL, f, m_r_admin_put(f, sizeof(f), &q)));
	ck_str(LAST(chghost).uhost, "al@0::1");
	ck_str(LAST(chghost).now, "al@staff.example.org");
	ck_assert_str_eq(world_user(&world, "alice").host, "staff.example.org");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		q.serial = world_serial(SUB_CONTROL);
		q.arg = S(bad[i]);
		ck_assert(world_decide(SUB_CONTROL, f, m_r_admin_put(f, sizeof(f), &q)));
		ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	}
	q.serial = world_serial(SUB_CONTROL);
	q.arg = S("");
	ck_assert(world_decide(SUB_CONTROL, f, m_r_admin_put(f, sizeof(f), &q)));
	ck_str(LAST(chghost).now, "al@0::1");
	ck_assert(world_quit(0, a));
}
END_TEST

/* --- anything ------------------------------------------------------------------------------------ */

static uint32_t dice;

/* 0 to n - 1; the same in every run. */
static uint32_t
any(uint32_t n)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % n;
}

/* Anything, in any order: all hangs together all the same, and for a successor too. */
START_TEST(whatever_they_ask_for)
{
	static const char *const words[] = {"alice", "bob", "Carol", "den", "k1",
					    "k2",    "",    "\xff",  "a b", "root"};
	uint64_t users[6] = {0};
	int fd = authend_open(0, 7);

	dice = 1;
#define WORD S(words[any(ARRAY_LEN(words))])
	authend_block("root", "$hash", "", "", LEVEL_ADMIN);
	for (int i = 0; i < 4000; i++) {
		unsigned k = any(ARRAY_LEN(users)), sub = k % 3, what = any(14);
		uint64_t u = users[k];

		switch (what) {
		case 0:
			u = world_login_irc(sub, words[any(ARRAY_LEN(words))], "::1",
					    words[any(10)], words[any(10)]);
			if (u != 0 && regw_user(&br.reg, users[k]) == NULL)
				users[k] = u;
			break;
		case 1:
		case 2:
			ASK(meta, sub, .user = u, .on = any(4) != 0,
			    .room = any(2) ? S("den") : S(""), .name = any(3) ? S("") : WORD,
			    .key = WORD, .value = WORD);
			break;
		case 3:
			ASK(redact, sub, .user = u, .msg = br.j.seq - any(50),
			    .room = any(2) ? S("den") : S(""), .name = WORD, .reason = WORD);
			break;
		case 4:
			authend_oper(sub, u, any(2) ? "root" : "x", "word");
			break;
		case 5:
			ASK(oper_do, sub, .user = u, .act = (uint8_t)any(2), .target = WORD,
			    .text = WORD);
			break;
		case 6:
			ASK(umode, sub, .user = u, .set = any(64), .clear = any(64));
			break;
		case 7:
			ASK(setname, sub, .user = u, .real = WORD);
			break;
		case 8:
			ASK(follow, sub, .on = (uint8_t)any(2));
			break;
		case 9:
			ASK(join, sub, .user = u, .room = S("den"));
			break;
		case 10:
			ASK(part, sub, .user = u, .room = S("den"));
			break;
		case 11:
			if (room_find(S("den")) != NULL)
				world_say(sub, u, room_find(S("den"))->id, "words");
			break;
		case 12:
			world_nick(sub, u, words[any(5)]);
			break;
		default: {
			struct m_a_check m;
			char buf[1024];

			if (recv(fd, buf, IPC_HDR, MSG_PEEK) == IPC_HDR) {
				m = authend_asked(fd);
				authend_answer(fd, m.ticket, any(2));
			} else if (any(8) == 0)
				world_quit(sub, u);
		}
		}
		if (i % 100 == 0)
			world_verify();
		if (i % 1000 == 999)
			world_reopen(&world);
	}
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("users");
	TCase *t = tcase_create("users");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, world_setup, world_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, ident_and_host);
	tcase_add_test(t, hostile_idents);
	tcase_add_test(t, names_that_were);
	tcase_add_test(t, the_ring_of_names_turns);
	tcase_add_test(t, another_real_name);
	tcase_add_test(t, modes_of_users);
	tcase_add_test(t, followers_hear_of_everybody);
	tcase_add_test(t, another_host);
	tcase_add_test(t, whatever_they_ask_for);
	return unit_run(s);
}
