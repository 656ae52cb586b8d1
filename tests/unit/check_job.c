/* check_job.c - those who are asked do not answer in time; more is asked than they can answer. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/account.h"
#include "broker/auth.h"
#include "broker/job.h"
#include "desk.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"

static void
setup(void)
{
	desk_setup();
	job_wait_ms = proc.opt.store_query_time = 1;
}

/* Whoever has been asked has had all the time that there is. */
static void
time_passes(void)
{
	uint64_t until = mono_ms() + 5; /* behind every deadline of setup() */

	while (loop_now(proc.loop) < until)
		loop_turn(proc.loop, 1);
	jobs_resume();
}

/* Is the word anywhere in what has been allocated? */
static bool
remembered(const char *word)
{
	unsigned long from, to;
	bool found = false;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strstr(line, "[heap]") != NULL && sscanf(line, "%lx-%lx", &from, &to) == 2)
			found = memmem((const void *)from, to - from, word, strlen(word)) != NULL;
	}
	fclose(f);
	return found;
}

/* --- changes, which may be made all the same --------------------------------------------------------- */

/* Alice wants another password: up to what the store is asked for. */
static struct m_s_account
asked_to_change(uint64_t u, uint64_t id)
{
	struct m_a_hash h;

	ck_assert_uint_eq(CHANGE(u, ACCOUNT_PASSWORD, "new horses"), MSG_e_wait);
	store_finds(id, "alice");
	auth_says(true);
	h = AUTH_ASKED(auth, a_hash);
	AUTH_SAYS(auth, a_hashed, .ticket = h.ticket, .ok = 1, .hash = S("$new"), .scram = S("v"));
	return STORE_ASKED(s_account);
}

START_TEST(a_disk_that_hangs)
{
	uint64_t id, u = alice_here(&id), seq;
	struct m_s_account q = asked_to_change(u, id);

#ifndef __SANITIZE_ADDRESS__ /* whose heap is elsewhere */
	ck_assert(remembered("new horses"));
#endif
	time_passes();
	ck_assert_uint_eq(failed(), ERR_NO_ANSWER);
	ck_assert_uint_eq(LAST(failed).user, u);
	/* the job waits for the store, with nobody's password */
	ck_assert(!remembered("old horse") && !remembered("new horses"));
	/* what is refused meanwhile is; and nobody is told twice */
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_EMAIL, "a@example.org"), MSG_e_wait);
	store_finds(id, "alice");
	auth_says(true);
	STORE_SAYS(s_done, .ticket = STORE_ASKED(s_account).ticket, .code = ERR_STORE_AWAY);
	ck_assert_uint_eq(failed(), ERR_STORE_AWAY);
	seq = br.j.seq;
	time_passes();
	ck_assert_uint_eq(br.j.seq, seq);
	/* who can be looked up can log in */
	ck_assert_uint_eq(log_in(1, 0, 40, id, "alice", true), MSG_e_authed);
	seq = br.j.seq;
	STORE_SAYS(s_done, .ticket = q.ticket);
	ck_assert_uint_eq(br.j.seq, seq);
	q = asked_to_change(u, id);
	STORE_SAYS(s_done, .ticket = q.ticket);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_done);
}
END_TEST

/* It was made: the registry follows, and people are told; but who asked is not any more. */
START_TEST(deleted_late)
{
	uint64_t id, u = alice_here(&id);
	struct m_s_account q;

	for (int dead = 0; dead < 2; dead++) {
		if (dead) {
			ck_assert(world_quit(0, u));
			u = alice_here(&id);
		}
		CHANGE(u, ACCOUNT_DELETE, "");
		store_finds(id, "alice");
		auth_says(true);
		q = STORE_ASKED(s_account);
		if (dead) /* its worker, before the time was over */
			jobs_forget(0, 100);
		else
			time_passes();
		ck_assert_uint_eq(failed(), dead ? 0 : ERR_NO_ANSWER);
		ck_assert_ptr_nonnull(account_named(S("alice")));
		STORE_SAYS(s_done, .ticket = q.ticket);
		ck_assert_ptr_null(account_named(S("alice")));
		ck_assert_str_eq(world_user(&world, "alice").account, "");
		ck_assert_uint_ne(ipc_type(world_last()->data), MSG_e_done);
	}
}
END_TEST

/* The account is there; but whoever wanted it has been told something else, and has perhaps gone on. */
START_TEST(registered_late)
{
	uint64_t u = world_login(0, "alice", "192.0.2.1");
	struct m_s_account q;

	ck_assert_uint_eq(REGISTER(u, 40, "", ), MSG_e_wait);
	q = asked_to_make();
	time_passes();
	ck_assert_uint_eq(failed(), ERR_NO_ANSWER);
	ck_assert(!remembered("correct horse"));
	STORE_SAYS(s_done, .ticket = q.ticket, .id = 77);
	ck_assert_uint_eq(account_named(S("alice"))->id, 77);
	ck_assert_str_eq(world_user(&world, "alice").account, "");
	ck_assert_uint_ne(ipc_type(world_last()->data), MSG_e_authed);
	/* the store had it before, from a broker that died */
	ck_assert_uint_eq(REGISTER(0, 41, "bob", ), MSG_e_wait);
	q = asked_to_make();
	time_passes();
	STORE_SAYS(s_done, .ticket = q.ticket, .code = ERR_ACCOUNT_EXISTS, .id = 78);
	store_finds(78, "bob");
	ck_assert_uint_eq(account_named(S("bob"))->id, 78);
	ck_assert_uint_eq(log_in(0, 0, 42, 78, "bob", true), MSG_e_authed);
}
END_TEST

/* Who has gone before it was done has the account, and comes into the rooms that the invitation was for. */
START_TEST(registered_and_gone)
{
	uint64_t op = world_login(1, "op", "192.0.2.2"), u = world_login(0, "alice", "192.0.2.1");
	struct mode_change closed = {.op = MODE_INVITE_ONLY, .on = true};
	struct m_s_account q;
	char changes[64];
	size_t n = mode_put(changes, 0, sizeof(changes), &closed);

	ck_assert(world_join(1, op, "den"));
	ck_assert_uint_eq(ASK(mode, 1, .user = op, .room = S("den"), .changes = {changes, n}),
			  MSG_e_mode);
	REGISTER(u, 40, "", .invite = S("word"));
	q = asked_to_make();
	ck_assert(world_quit(0, u));
	STORE_SAYS(s_done, .ticket = q.ticket, .id = 77, .text = S("den"));
	u = world_login(0, "al", "192.0.2.1");
	account_enter(regw_user(&br.reg, u), account_named(S("alice")), S("alice"));
	ck_assert(world_join(0, u, "den"));
}
END_TEST

/* What is under way when the time is over holds nobody up. */
START_TEST(others_may_try)
{
	static const char print[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	uint64_t id, u = alice_here(&id);
	char name[16];

	for (int i = 0; i < AUTH_PENDING_MAX / 2; i++) {
		if (i > 0 && i % 16 == 0) { /* as many as one may have under way */
			bprintf(name, sizeof(name), "alice%d", i);
			u = world_login(0, name, "192.0.2.1");
			account_enter(regw_user(&br.reg, u), account_named(S("alice")), S("alice"));
		}
		ck_assert_uint_eq(CHANGE(u, ACCOUNT_CERT_ADD, print), MSG_e_wait);
	}
	ck_assert_uint_eq(give_password(0, 0, 40, "bob", "192.0.2.1"), MSG_e_refused);
	time_passes();
	ck_assert_uint_eq(failed(), ERR_NO_ANSWER);
	ck_assert_uint_eq(give_password(0, 0, 40, "bob", "192.0.2.1"), MSG_e_wait);
	/* a store that dies says nothing more */
	storeend_close();
	jobs_resume();
	storeend_open();
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_CERT_ADD, print), MSG_e_wait);
	STORE_SAYS(s_done, .ticket = STORE_ASKED(s_account).ticket);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_done);
}
END_TEST

#define STORE(op_, ...) \
	ASK(store, SUB_CONTROL, .op = (op_), .level = LEVEL_ADMIN, .uid = 5, __VA_ARGS__)

/* Administrators wait for what takes long. */
START_TEST(what_takes_long)
{
	uint64_t seq;

	ck_assert_uint_eq(STORE(STORE_CHECK, ), MSG_e_wait);
	seq = br.j.seq;
	time_passes();
	ck_assert_uint_eq(br.j.seq, seq);
	STORE_SAYS(s_done, .ticket = STORE_ASKED(s_admin).ticket, .text = S("well"));
	ck_str(LAST(done).text, "well");
	ck_assert_uint_eq(STORE(STORE_STATUS, ), MSG_e_wait);
	time_passes();
	ck_assert_uint_eq(failed(), ERR_STORE_AWAY);
	ck_assert_uint_eq(STORE(STORE_INVITE_CREATE, ), MSG_e_wait);
	time_passes();
	ck_assert_uint_eq(failed(), ERR_NO_ANSWER);
}
END_TEST

/* --- what nothing comes of ----------------------------------------------------------------------------- */

START_TEST(no_answer_to_a_login)
{
	uint64_t id = storeend_account("alice"), seq;
	uint32_t ticket;

	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	ticket = STORE_ASKED(s_lookup).ticket;
	time_passes();
	ck_assert_uint_eq(failed(), ERR_STORE_AWAY);
	STORE_SAYS(s_found, .ticket = ticket, .id = id, .name = S("alice"), .hash = S(HASH));
	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	store_finds(id, "alice");
	time_passes();
	ck_assert_uint_eq(failed(), ERR_BUSY);
	seq = br.j.seq;
	auth_says(true);
	ck_assert_uint_eq(br.j.seq, seq);
	ck_assert_uint_eq(log_in(0, 0, 41, id, "alice", true), MSG_e_authed);
}
END_TEST

/* What nobody waits for any more nobody is asked: it would hold up those who do. */
START_TEST(more_logins_than_can_be_answered)
{
	uint64_t id = storeend_account("alice");
	unsigned sent = 0, asked = 12;
	uint32_t ticket;
	char name[16], address[24];

	for (unsigned i = 0; i < asked; i++) {
		bprintf(name, sizeof(name), "u%u", i);
		bprintf(address, sizeof(address), "192.0.2.%u", i);
		ck_assert_uint_eq(give_password(0, 0, 40 + i, name, address), MSG_e_wait);
		store_finds(0, name);
	}
	time_passes();
	ck_assert_uint_eq(failed(), ERR_BUSY);
	ck_assert_uint_eq(give_password(0, 0, 60, "alice", "192.0.2.60"), MSG_e_wait);
	ticket = LAST(wait).ticket;
	store_finds(id, "alice");
	for (struct m_a_check q = {0}; q.ticket != ticket; sent++) {
		q = AUTH_ASKED(auth, a_check);
		AUTH_SAYS(auth, a_result, .ticket = q.ticket, .ok = q.ticket == ticket);
	}
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	ck_assert_uint_lt(sent, asked); /* those it had been given already */
	/* nor for one whose worker has died */
	for (unsigned i = 0; i < asked; i++) {
		bprintf(name, sizeof(name), "v%u", i);
		bprintf(address, sizeof(address), "198.51.100.%u", i);
		ck_assert_uint_eq(give_password(0, 0, 80 + i, name, address), MSG_e_wait);
		store_finds(0, name);
	}
	jobs_forget(0, 100);
	for (unsigned i = 0; i + 1 < sent; i++)
		auth_says(false);
	ck_assert_int_eq(recv(auth, name, 1, MSG_DONTWAIT), -1);
}
END_TEST

/* --- many ---------------------------------------------------------------------------------------------- */

static bool
asks(uint64_t user)
{
	return ASK(query, 0, .user = user, .kind = QUERY_LATEST, .limit = 10, .room = S("den")) ==
	       MSG_e_wait;
}

/* However much people ask, others log in. */
START_TEST(a_flood_of_questions)
{
	uint64_t id = storeend_account("alice"), user[30], asked = 0;
	char name[16];

	for (size_t i = 0; i < ARRAY_LEN(user); i++) {
		bprintf(name, sizeof(name), "u%zu", i);
		user[i] = world_login(0, name, "192.0.2.9");
		ck_assert(world_join(0, user[i], "den"));
	}
	for (unsigned n = 0; n < 16; n++)
		ck_assert(asks(user[0]));
	ck_assert(!asks(user[0]));
	ck_assert_uint_eq(world_refused(), ERR_BUSY);
	for (size_t i = 1; i < ARRAY_LEN(user); i++) {
		while (asks(user[i]))
			asked++;
		ck_assert_uint_eq(world_refused(), ERR_BUSY);
	}
	ck_assert_uint_eq(asked, JOBS_QUESTIONS_MAX - 16);
	ck_assert_uint_eq(log_in(1, 0, 40, id, "alice", true), MSG_e_authed);
	time_passes();
	ck_assert(asks(user[0]));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("job");
	TCase *t = tcase_create("job");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, desk_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_disk_that_hangs);
	tcase_add_test(t, deleted_late);
	tcase_add_test(t, registered_late);
	tcase_add_test(t, registered_and_gone);
	tcase_add_test(t, others_may_try);
	tcase_add_test(t, what_takes_long);
	tcase_add_test(t, no_answer_to_a_login);
	tcase_add_test(t, more_logins_than_can_be_answered);
	tcase_add_test(t, a_flood_of_questions);
	return unit_run(s);
}
