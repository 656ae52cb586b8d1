/* check_oper.c - operators of the server: how one becomes one, and what they do. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authend.h"
#include "broker/auth.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "unit_str.h"
#include "world.h"

START_TEST(an_operator_is_made)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "al", "");
	int fd = authend_open(0, 7);
	uint32_t ticket;

	authend_block("root", "$hash", "al@192.0.2.0/24", "", LEVEL_OPERATE);
	ck_assert_uint_eq(authend_oper(0, a, "root", "word"), MSG_e_wait);
	ticket = LAST(wait).ticket;
	ck_assert_uint_eq(authend_oper(0, a, "root", "word"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_BUSY);
	ck_str(authend_asked(fd).hash, "$hash");
	authend_answer(fd, ticket, true);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_oper);
	ck_assert_uint_eq(world_last()->targets, 1);
	ck_assert(LAST(oper).ticket == ticket && LAST(oper).level == LEVEL_OPERATE);
	ck_assert_uint_eq(world_user(&world, "alice").level, LEVEL_OPERATE);
	ck_assert(world_user(&world, "alice").umodes & UMODE_OPER);
	close(fd);
}
END_TEST

START_TEST(who_is_no_operator)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "al", "");
	int fd = authend_open(0, 7);
	struct m_a_check c;

	ck_assert_uint_eq(authend_oper(0, a, "root", "word"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NO_OPER); /* no blocks at all */
	authend_block("root", "$hash", "al@198.51.100.0/24", "", LEVEL_ADMIN);
	authend_block("root2", "$hash", "", "alice", LEVEL_ADMIN);
	authend_block("root3", "$hash", "ALICE!*@192.0.2.*", "", LEVEL_ADMIN);
	/* not from there, not with that account, not known: the same, and each takes a check */
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"root", "root2", "nobody"};
		uint64_t b = world_login_irc(1, names[i], "192.0.2.1", "bo", "");

		ck_assert_uint_eq(authend_oper(1, b, names[i], "word"), MSG_e_wait);
		c = authend_asked(fd);
		ck_str(c.hash, "");
		authend_answer(fd, c.ticket, false);
		ck_assert_uint_eq(LAST(failed).code, ERR_NO_OPER);
	}
	ck_assert_uint_eq(authend_oper(0, a, "root3", "word"), MSG_e_wait);
	c = authend_asked(fd);
	ck_str(c.hash, "$hash");
	authend_answer(fd, c.ticket, false);
	ck_assert_uint_eq(LAST(failed).code, ERR_PASSWORD);
	for (int i = 0; i < 2; i++) {
		authend_oper(0, a, "root3", "word");
		authend_answer(fd, authend_asked(fd).ticket, false);
	}
	/* three wrong ones: wait */
	ck_assert_uint_eq(authend_oper(0, a, "root3", "word"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_BUSY);
	ck_assert_uint_eq(world_user(&world, "alice").umodes, 0);
	close(fd);
}
END_TEST

/* Who comes again under another name is known by the address. */
START_TEST(many_wrong_words_from_one_address)
{
	int fd = authend_open(0, 7);
	unsigned wrong = 0;
	char name[24];
	uint64_t u;

	authend_block("root", "$hash", "", "", LEVEL_ADMIN);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		u = world_login_irc(0, name, i < 29 ? "192.0.2.1" : "2001:db8::1", "", "");
		if (authend_oper(0, u, "root", "word") == MSG_e_wait) {
			authend_answer(fd, authend_asked(fd).ticket, false);
			wrong++;
		}
		ck_assert(world_quit(0, u));
	}
	ck_assert_uint_eq(wrong, 21);
	/* a network of the newer kind is one address */
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "2001:db8::%d", i);
		u = world_login_irc(0, "x", name, "", "");
		if (authend_oper(0, u, "root", "word") == MSG_e_wait) {
			authend_answer(fd, authend_asked(fd).ticket, false);
			wrong++;
		}
		ck_assert(world_quit(0, u));
	}
	ck_assert_uint_eq(wrong, 40);
	close(fd);
}
END_TEST

START_TEST(auth_processes_die)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(0, "bob", "192.0.2.1", "", "");
	int one = authend_open(0, 7), two;
	uint64_t seq;

	authend_block("root", "$hash", "", "", LEVEL_ADMIN);
	ck_assert_uint_eq(authend_oper(0, a, "root", "word"), MSG_e_wait);
	authend_asked(one);
	two = authend_open(1, 8);
	ck_assert_uint_eq(authend_oper(0, b, "root", "other"), MSG_e_wait);
	ck_str(authend_asked(two).password, "other"); /* the less busy one */
	close(one);
	loop_turn(proc.loop, 1000);
	ck_str(authend_asked(two).password, "word");
	auth_gone(0, 7); /* as the master says in the end */
	ck_assert(world_quit(0, b));
	seq = br.j.seq;
	close(two);
	loop_turn(proc.loop, 1000);
	auth_resume();
	/* bob is gone: nobody is told */
	ck_assert_uint_eq(br.j.seq, seq + 1);
	ck_assert_uint_eq(LAST(failed).code, ERR_BUSY);
	ck_assert_uint_eq(LAST(failed).user, a);
	ck_assert_uint_eq(authend_oper(0, a, "root", "word"), MSG_e_wait);
	auth_resume();
	ck_assert_uint_eq(LAST(failed).code, ERR_BUSY);
}
END_TEST

/* The master starts another one at once: what is asked until it is there waits for it. */
START_TEST(auth_processes_come_back)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(0, "bob", "192.0.2.1", "", ""), seq;
	int fd = authend_open(0, 7);

	auth_await_ms = 600000;
	authend_block("root", "$hash", "", "", LEVEL_ADMIN);
	ck_assert_uint_eq(authend_oper(0, a, "root", "word"), MSG_e_wait);
	close(fd);
	loop_turn(proc.loop, 1000);
	ck_assert_uint_eq(authend_oper(0, b, "root", "other"), MSG_e_wait);
	seq = br.j.seq;
	auth_resume();
	ck_assert_uint_eq(br.j.seq, seq);
	fd = authend_open(0, 8);
	ck_str(authend_asked(fd).password, "word");
	ck_str(authend_asked(fd).password, "other");
	close(fd);
}
END_TEST

START_TEST(auth_processes_that_die_of_it)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", "");

	auth_await_ms = 600000;
	authend_block("root", "$hash", "", "", LEVEL_ADMIN);
	ck_assert_uint_eq(authend_oper(0, a, "root", "word"), MSG_e_wait);
	for (unsigned i = 0; i < 3; i++) {
		int fd = authend_open(0, 7 + i);

		authend_asked(fd);
		close(fd);
		loop_turn(proc.loop, 1000);
	}
	auth_resume();
	ck_assert_uint_eq(LAST(failed).code, ERR_BUSY);
}
END_TEST

START_TEST(auth_processes_that_talk_nonsense)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", "");
	int fd = authend_open(0, 7);
	char c;

	authend_block("root", "$hash", "", "", LEVEL_ADMIN);
	ck_assert_uint_eq(authend_oper(0, a, "root", "word"), MSG_e_wait);
	authend_answer(fd, authend_asked(fd).ticket + 1, true);
	ck_assert_uint_eq(LAST(failed).code, ERR_BUSY);
	ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
	close(fd);
}
END_TEST

START_TEST(only_so_many_checks)
{
	const int each = AUTH_PENDING_MAX / 2;
	int fd = authend_open(0, 7);
	char name[24], address[24];
	uint64_t u;

	authend_block("root", "$hash", "", "", LEVEL_ADMIN);
	for (int i = 0; i < AUTH_PENDING_MAX; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		snprintf(address, sizeof(address), "192.0.2.%d", i / each);
		u = world_login_irc(0, name, address, "", "");
		ck_assert_uint_eq(authend_oper(0, u, "root", "word"), MSG_e_wait);
		/* so many from one address */
		if (i % each == each - 1) {
			u = world_login_irc(0, "more", address, "", "");
			ck_assert_uint_eq(authend_oper(0, u, "root", "word"), MSG_e_refused);
			ck_assert(world_quit(0, u));
		}
	}
	u = world_login_irc(0, "last", "192.0.2.99", "", "");
	ck_assert_uint_eq(authend_oper(0, u, "root", "word"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_BUSY);
	authend_answer(fd, authend_asked(fd).ticket, false);
	ck_assert_uint_eq(authend_oper(0, u, "root", "word"), MSG_e_wait);
	close(fd);
}
END_TEST

/* Nothing that is secret is in the journal, or left in the frame. */
START_TEST(passwords_are_wiped)
{
	struct m_r_oper q = {.serial = 1, .name = S("root"), .password = S("correct horse")};
	char f[IPC_FRAME_MAX];
	size_t n;
	int fd = authend_open(0, 7);

	authend_block("root", "$hash", "", "", LEVEL_ADMIN);
	q.user = world_login_irc(0, "alice", "192.0.2.1", "", "");
	q.serial = world_serial(0);
	n = m_r_oper_put(f, sizeof(f), &q);
	ck_assert_ptr_nonnull(memmem(f, n, "correct horse", 13));
	ck_assert(world_decide(0, f, n));
	ck_assert_ptr_null(memmem(f, n, "correct horse", 13));
	authend_answer(fd, authend_asked(fd).ticket, true);
	ck_assert_ptr_null(memmem(world.journal, world.journal_size, "correct horse", 13));
	ck_assert_ptr_null(memmem(world.reg, world.reg_size, "correct horse", 13));
	close(fd);
}
END_TEST

START_TEST(what_operators_do)
{
	uint64_t a = world_login_irc(0, "alice", "192.0.2.1", "", ""),
		 b = world_login_irc(1, "bob", "192.0.2.2", "", "");

	ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("bob"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_OPER);
	user_find(S("alice"))->umodes |= UMODE_OPER;
	br.reg.h->nopers++;
	user_find(S("alice"))->level = LEVEL_READ;
	ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("bob"));
	ck_assert_uint_eq(world_refused(), ERR_PERMISSION);
	user_find(S("alice"))->level = LEVEL_OPERATE;
	ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("nobody"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
	ck_assert_uint_eq(
	    ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("BOB"), .text = S("enough")),
	    MSG_e_quit);
	ck_assert_uint_eq(LAST(quit).why, QUIT_KILLED);
	ck_str(LAST(quit).by, "alice");
	ck_str(LAST(quit).reason, "enough");
	ck_assert_uint_eq(world_last()->targets, 3);
	ck_assert_ptr_null(regw_user(&br.reg, b));
	ck_assert_uint_eq(ASK(oper_do, 0, .user = a, .act = OPER_WALLOPS, .text = S("hear")),
			  MSG_e_wallops);
	ck_assert_uint_eq(world_last()->targets, (1ull << WORKERS_MAX) - 1);
	ASK(oper_do, 0, .user = a, .act = OPER_WALLOPS);
	ck_assert_uint_eq(world_refused(), ERR_EMPTY);
	ASK(oper_do, 0, .user = a, .act = OPER_DIE);
	ck_assert_uint_eq(world_refused(), ERR_PERMISSION);
	ck_assert_uint_eq(ASK(oper_do, 0, .user = a, .act = OPER_ACTS), 0);
	user_find(S("alice"))->level = LEVEL_ADMIN;
	ck_assert_uint_eq(ASK(oper_do, 0, .user = a, .act = OPER_REHASH), MSG_e_ok);
	ck_assert_uint_gt(LAST(ok).text.n, 0);
	ck_assert_uint_eq(ASK(oper_do, 0, .user = a, .act = OPER_KILL, .target = S("alice")),
			  MSG_e_quit);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("oper");
	TCase *t = tcase_create("oper");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, world_setup, world_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_operator_is_made);
	tcase_add_test(t, who_is_no_operator);
	tcase_add_test(t, many_wrong_words_from_one_address);
	tcase_add_test(t, auth_processes_die);
	tcase_add_test(t, auth_processes_come_back);
	tcase_add_test(t, auth_processes_that_die_of_it);
	tcase_add_test(t, auth_processes_that_talk_nonsense);
	tcase_add_test(t, only_so_many_checks);
	tcase_add_test(t, passwords_are_wiped);
	tcase_add_test(t, what_operators_do);
	return unit_run(s);
}
