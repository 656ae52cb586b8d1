/* check_login.c - logging in: passwords, certificates, and who guesses. SCRAM: check_exchange.c. */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/account.h"
#include "broker/auth.h"
#include "broker/job.h"
#include "desk.h"
#include "ipc/proc.h"
#include "lib/loop.h"

static unsigned
name_with(unsigned sub, uint64_t conn, const char *name, const struct m_e_authed *e)
{
	return ASK(login, sub, .conn = conn, .name = S(name), .address = S("192.0.2.1"),
		   .account = e->account, .account_id = e->account_id, .token = e->token);
}

/* --- logging in -------------------------------------------------------------------------------------- */

START_TEST(before_there_is_a_name)
{
	uint64_t id = storeend_account("Alice");
	uint32_t ticket;
	struct m_e_authed e;
	char token[AUTH_TOKEN];

	ck_assert_uint_eq(give_password(0, 0, 40, "ALICE", "192.0.2.1"), MSG_e_wait);
	ticket = LAST(wait).ticket;
	store_finds(id, "Alice");
	ck_str(AUTH_ASKED(auth, a_check).hash, HASH);
	AUTH_SAYS(auth, a_result, .ticket = ticket, .ok = 1);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	e = LAST(authed);
	ck_assert(e.ticket == ticket && e.conn == 40 && e.user == 0 && e.account_id == id &&
		  !e.created);
	ck_str(e.account, "Alice");
	memcpy(token, e.token.p, e.token.n);
	e.token.p = token;
	/* another connection, another worker, another account, another proof */
	ck_assert_uint_eq(name_with(0, 41, "alice", &e), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_LOGIN_WRONG);
	ck_assert_uint_eq(name_with(1, 40, "alice", &e), MSG_e_refused);
	e.account_id++;
	ck_assert_uint_eq(name_with(0, 40, "alice", &e), MSG_e_refused);
	e.account_id--;
	token[15] ^= 1;
	ck_assert_uint_eq(name_with(0, 40, "alice", &e), MSG_e_refused);
	e.token.n = 0;
	ck_assert_uint_eq(name_with(0, 40, "alice", &e), MSG_e_refused);
	e.token.n = sizeof(token);
	token[15] ^= 1;
	e.account = S("Alice");
	ck_assert_uint_eq(name_with(0, 40, "alice", &e), MSG_e_login);
	ck_str(LAST(login).account, "Alice");
	ck_assert_uint_eq(LAST(login).reserved, 0);
	ck_assert(world_last()->targets >> SUB_STORE & 1);
	ck_assert_str_eq(world_user(&world, "alice").account, "Alice");
	ck_assert_uint_eq(world_user(&world, "alice").account_id, id);
}
END_TEST

/* A proof is worth nothing any more when the account is not, either. */
START_TEST(a_proof_of_what_is_no_more)
{
	uint64_t id = storeend_account("alice");
	struct m_e_authed e;
	char token[AUTH_TOKEN];

	ck_assert_uint_eq(log_in(0, 0, 40, id, "alice", true), MSG_e_authed);
	e = LAST(authed);
	memcpy(token, e.token.p, e.token.n);
	e.token.p = token;
	e.account = S("alice");
	account_disabled(S("alice"), true);
	ck_assert_uint_eq(name_with(0, 40, "al", &e), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_ACCOUNT_DISABLED);
	account_disabled(S("alice"), false);
	account_deleted(S("alice"));
	ck_assert_uint_eq(name_with(0, 40, "al", &e), MSG_e_refused);
	ck_assert_uint_ne(storeend_account("alice"), id);
	ck_assert_uint_eq(name_with(0, 40, "al", &e), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_LOGIN_WRONG);
}
END_TEST

START_TEST(with_a_name)
{
	uint64_t id = storeend_account("alice"), u = world_login(0, "alice", "192.0.2.1"),
		 seq = br.j.seq;
	struct m_e_account e;
	uint64_t at;

	ck_assert_uint_gt(LAST(login).reserved, 0);
	world_login(1, "bob", "192.0.2.2");
	ck_assert(world_join(0, u, "den") && world_join(1, user_find(S("bob"))->id, "den"));
	ck_assert_uint_eq(log_in(0, u, 40, id, "Alice", true), MSG_e_authed);
	ck_assert_uint_eq(LAST(authed).user, u);
	/* the room hears of it before */
	seq = world_last()->seq - 1;
	ck_assert(journal_find(&br.j, seq - 1, &at));
	ck_assert(
	    m_e_account_get(journal_at(&br.j, &at)->data, journal_at(&br.j, &at)->event_len, &e));
	ck_assert_uint_eq(e.user, u);
	ck_str(e.account, "Alice");
	ck_assert_uint_eq(journal_at(&br.j, &at)->targets & ~(1ull << SUB_STORE), 3);
	ck_assert_uint_eq(user_find(S("alice"))->reserved_until, 0);
	/* once more is no news */
	seq = br.j.seq;
	ck_assert_uint_eq(log_in(0, u, 40, id, "Alice", true), MSG_e_authed);
	ck_assert_uint_eq(br.j.seq, seq + 2);
	/* what it says from now on says so */
	ck_assert(world_say(0, u, regw_user(&br.reg, u)->id ? br.reg.rooms[0].id : 0, "hi"));
	ck_str(LAST(say).account, "Alice");
	ck_assert_uint_eq(ASK(account, 0, .user = u, .op = ACCOUNT_LOGOUT), MSG_e_done);
	ck_assert_uint_gt(user_find(S("alice"))->reserved_until, br.now);
	ck_assert_str_eq(world_user(&world, "alice").account, "");
	ck_assert_uint_eq(ASK(account, 0, .user = u, .op = ACCOUNT_LOGOUT), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NOT_LOGGED_IN);
}
END_TEST

/* Marks that nobody sees, which a name is compared without: it would be shown with them. */
START_TEST(names_with_what_is_not_seen)
{
	static const char odd[] = "ali\xe2\x80\xae"
				  "ce"; /* U+202E */
	uint64_t id = storeend_account("alice"), u = world_login(0, "bob", "192.0.2.1");
	struct m_e_authed e;

	ck_assert_ptr_null(account_named(S(odd)));
	ck_assert_ptr_nonnull(account_named(S("ALICE")));
	ASK(dm, 0, .user = u, .to = S(odd), .text = S("psst"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
	ck_assert_uint_eq(log_in(0, 0, 40, id, "alice", true), MSG_e_authed);
	e = LAST(authed);
	e.account = S(odd);
	ck_assert_uint_eq(name_with(0, 40, "al", &e), MSG_e_refused);
}
END_TEST

/* Hashes of another cost would tell by the time that they take which accounts there are. */
START_TEST(a_hash_of_another_cost)
{
	uint64_t id = storeend_account("alice"), u = world_login(0, "al", "192.0.2.1"), seq;
	struct m_s_account q;
	struct m_a_check c;
	struct m_a_hash h;

	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	store_finds(id, "alice");
	c = AUTH_ASKED(auth, a_check);
	AUTH_SAYS(auth, a_result, .ticket = c.ticket, .ok = 1, .stale = 1);
	/* who logs in does not wait for it, and is not told */
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	seq = br.j.seq;
	h = AUTH_ASKED(auth, a_hash);
	ck_str(h.password, "correct horse");
	ck_assert(!h.scram && h.memory == (unsigned)proc.opt.accounts_cost);
	AUTH_SAYS(auth, a_hashed, .ticket = h.ticket, .ok = 1, .hash = S("$new"));
	q = STORE_ASKED(s_account);
	ck_assert(q.op == ACCOUNT_REHASH && q.id == id);
	ck_str(q.hash, "$new");
	ck_str(q.text, HASH);
	STORE_SAYS(s_done, .ticket = q.ticket);
	ck_assert_uint_eq(br.j.seq, seq);
	/* its owner cannot ask for that */
	ck_assert_uint_eq(ASK(account, 0, .user = u, .op = ACCOUNT_REHASH), 0);
}
END_TEST

/* Nobody who logs in waits for what can be done another time. */
START_TEST(a_hash_of_another_cost_among_many)
{
	uint64_t id = storeend_account("alice");
	unsigned many = AUTH_TIME_MAX + 1;
	char address[24], name[16] = "alice";
	struct m_a_check c;

	for (unsigned i = 0; i < many; i++) {
		bprintf(address, sizeof(address), "198.51.%u.1", i);
		ck_assert_uint_eq(give_password(0, 0, 40 + i, name, address), MSG_e_wait);
		store_finds(i == 0 ? id : 0, name);
		bprintf(name, sizeof(name), "nobody%u", i);
	}
	c = AUTH_ASKED(auth, a_check);
	AUTH_SAYS(auth, a_result, .ticket = c.ticket, .ok = 1, .stale = 1);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	while (--many > 0)
		auth_says(false);
	ck_assert_int_eq(recv(auth, name, 1, MSG_DONTWAIT), -1);
}
END_TEST

/* Wrong word, no such account: nothing differs but what nobody is told. */
START_TEST(what_is_wrong)
{
	uint64_t id = storeend_account("alice");
	struct m_a_check q;

	for (int known = 0; known < 2; known++) {
		const char *name = known ? "alice" : "nobody";

		ck_assert_uint_eq(give_password(0, 0, 40, name, "192.0.2.1"), MSG_e_wait);
		store_finds(known ? id : 0, name);
		q = AUTH_ASKED(auth, a_check);
		ck_assert_uint_eq(q.memory, (unsigned)proc.opt.accounts_cost);
		ck_str(q.hash, known ? HASH : "");
		AUTH_SAYS(auth, a_result, .ticket = q.ticket, .ok = !known);
		ck_assert_uint_eq(failed(), ERR_LOGIN_WRONG);
		ck_assert(LAST(failed).ticket == q.ticket && LAST(failed).conn == 40);
	}
	/* as somebody else, as nobody who could be one */
	ASK(auth, 0, .conn = 40, .name = S("alice"), .authzid = S("bob"), .secret = S("x"));
	ck_assert_uint_eq(world_refused(), ERR_LOGIN_WRONG);
	ASK(auth, 0, .conn = 40, .name = S("a b"), .secret = S("x"));
	ck_assert_uint_eq(world_refused(), ERR_LOGIN_WRONG);
	ck_assert_uint_eq(ASK(auth, 0, .conn = 40, .mech = AUTH_MECHS, .name = S("alice")), 0);
	proc.opt.store_enabled = 0;
	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_STORE_AWAY);
}
END_TEST

START_TEST(a_disabled_account)
{
	uint64_t id = storeend_account("alice"), u = world_login(0, "al", "192.0.2.1");

	ck_assert_uint_eq(log_in(0, u, 40, id, "alice", true), MSG_e_authed);
	account_disabled(S("ALICE"), true);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_account);
	ck_str(LAST(account).account, "");
	ck_assert_uint_eq(LAST(account).why, LOGOUT_DISABLED);
	ck_assert_uint_eq(log_in(0, u, 40, id, "alice", false), MSG_e_failed);
	ck_assert_uint_eq(failed(), ERR_LOGIN_WRONG);
	ck_assert_uint_eq(log_in(0, u, 40, id, "alice", true), MSG_e_failed);
	ck_assert_uint_eq(failed(), ERR_ACCOUNT_DISABLED);
	account_disabled(S("alice"), false);
	ck_assert_uint_eq(log_in(0, u, 40, id, "alice", true), MSG_e_authed);
}
END_TEST

/* While it was looked at, the account ended. */
START_TEST(deleted_meanwhile)
{
	uint64_t id = storeend_account("alice");

	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	store_finds(id, "alice");
	account_deleted(S("alice"));
	auth_says(true);
	ck_assert_uint_eq(failed(), ERR_LOGIN_WRONG);
	ck_assert_ptr_null(account_named(S("alice")));
}
END_TEST

START_TEST(somebody_who_does_not_wait)
{
	uint64_t id = storeend_account("alice"), u = world_login(0, "alice", "192.0.2.1"), seq;

	ck_assert_uint_eq(give_password(0, u, 40, "alice", "192.0.2.1"), MSG_e_wait);
	store_finds(id, "alice");
	ck_assert(world_quit(0, u));
	seq = br.j.seq;
	auth_says(true);
	ck_assert_uint_eq(br.j.seq, seq);
}
END_TEST

/* --- certificates --------------------------------------------------------------------------------------- */

START_TEST(a_certificate)
{
	static const char print[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	uint64_t id = storeend_account("alice"), other = storeend_account("bob");
	char secret[CERT_MAX + CERT_PROOF];
	struct m_s_lookup q;

	memcpy(secret, print, CERT_MAX);
	cert_proof(br.j.h->cert_key, 40, print, (uint8_t *)secret + CERT_MAX);
	for (int i = 0; i < 4; i++) {
		static const char *const as[] = {"", "alice", "bob", ""};

		ck_assert_uint_eq(ASK(auth, 0, .conn = 40, .mech = AUTH_CERT, .authzid = S(as[i]),
				      .secret = {secret, sizeof(secret)},
				      .address = S("192.0.2.1")),
				  MSG_e_wait);
		q = STORE_ASKED(s_lookup);
		ck_str(q.name, "");
		ck_str(q.cert, print);
		if (i < 3)
			STORE_SAYS(s_found, .ticket = q.ticket, .id = id, .name = S("alice"));
		else
			STORE_SAYS(s_found, .ticket = q.ticket);
		if (i < 2)
			ck_assert_uint_eq(LAST(authed).account_id, id);
		else
			ck_assert_uint_eq(failed(), ERR_CERT_UNKNOWN);
	}
	ck_assert_uint_ne(other, id);
}
END_TEST

/* A worker that was taken over has seen what others show; its own connection, or another's, has not shown it. */
START_TEST(a_forged_certificate)
{
	static const char print[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	char secret[CERT_MAX + CERT_PROOF];

	storeend_account("alice");
	for (unsigned i = 0; i < 4; i++) {
		size_t n = i == 0 ? CERT_MAX : sizeof(secret);

		memcpy(secret, print, CERT_MAX);
		cert_proof(br.j.h->cert_key, i == 1 ? 41 : 40, print, (uint8_t *)secret + CERT_MAX);
		secret[i == 2 ? 0 : 1] ^= i >= 2;
		secret[CERT_MAX + 15] ^= i == 3;
		ck_assert_uint_eq(ASK(auth, 0, .conn = 40, .mech = AUTH_CERT, .secret = {secret, n},
				      .address = S("192.0.2.1")),
				  MSG_e_refused);
		ck_assert_uint_eq(world_refused(), ERR_CERT_UNKNOWN);
	}
}
END_TEST

/* --- who guesses ------------------------------------------------------------------------------------------------ */

START_TEST(guesses_about_an_account)
{
	uint64_t id = storeend_account("alice"), u;
	char address[24];

	/* from wherever they come, and whether there is such an account */
	for (int known = 0; known < 2; known++) {
		const char *name = known ? "alice" : "nobody";

		for (int i = 0; i < 5; i++) {
			bprintf(address, sizeof(address), "198.51.100.%d", i);
			ck_assert_uint_eq(give_password(0, 0, 40, name, address), MSG_e_wait);
			store_finds(known ? id : 0, name);
			auth_says(false);
			ck_assert_uint_eq(failed(), ERR_LOGIN_WRONG);
		}
		ck_assert_uint_eq(give_password(0, 0, 41, name, "203.0.113.1"), MSG_e_refused);
		ck_assert_uint_eq(world_refused(), ERR_TRIES);
	}
	/* others are not concerned */
	u = world_login(0, "bob", "192.0.2.2");
	ck_assert_uint_eq(log_in(0, u, 40, storeend_account("bob"), "bob", true), MSG_e_authed);
	/* nor is alice where she is here already */
	u = world_login(0, "alice", "192.0.2.77");
	account_enter(regw_user(&br.reg, u), account_named(S("alice")), S("alice"));
	ck_assert_uint_eq(give_password(1, 0, 50, "alice", "192.0.2.77"), MSG_e_wait);
	store_finds(id, "alice");
	auth_says(true);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	ck_assert_uint_eq(give_password(1, 0, 51, "alice", "192.0.2.78"), MSG_e_refused);
}
END_TEST

START_TEST(guesses_from_an_address)
{
	char name[24];
	unsigned tries = 0;

	for (int i = 0; i < 30; i++) {
		bprintf(name, sizeof(name), "n%d", i);
		if (give_password(0, 0, 40, name, "198.51.100.1") != MSG_e_wait)
			break;
		store_finds(0, name);
		auth_says(false);
		tries++;
	}
	ck_assert_uint_eq(world_refused(), ERR_TRIES);
	ck_assert_uint_eq(tries, 20);
	ck_assert_uint_eq(give_password(0, 0, 40, "n", "198.51.100.2"), MSG_e_wait);
}
END_TEST

/* Many who come back at once, as after a restart: who has to wait is not told of wrong passwords, and others need not wait for all. */
START_TEST(many_from_an_address)
{
	uint64_t id = storeend_account("alice");
	char name[24];
	unsigned waiting = 0, before = 0;

	while (waiting < AUTH_PENDING_MAX) {
		bprintf(name, sizeof(name), "n%u", waiting);
		if (give_password(0, 0, 40 + waiting, name, "198.51.100.1") != MSG_e_wait)
			break;
		store_finds(0, name);
		waiting++;
	}
	ck_assert_uint_eq(waiting, AUTH_PENDING_MAX / 2);
	ck_assert_uint_eq(world_refused(), ERR_BUSY);
	ck_assert_uint_eq(give_password(0, 0, 30, "alice", "192.0.2.1"), MSG_e_wait);
	store_finds(id, "alice");
	for (auth_says(true); ipc_type(world_last()->data) == MSG_e_failed; auth_says(true))
		before++;
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	ck_assert_uint_lt(before, 8);
	while (++before < waiting)
		auth_says(false);
	/* nor are so many about one account */
	for (waiting = 0; waiting < 8; waiting++) {
		bprintf(name, sizeof(name), "203.0.113.%u", waiting);
		ck_assert_uint_eq(give_password(0, 0, 280 + waiting, "alice", name), MSG_e_wait);
	}
	ck_assert_uint_eq(give_password(0, 0, 290, "alice", "203.0.113.90"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_BUSY);
}
END_TEST

/* --- those who are asked die --------------------------------------------------------------------------------------- */

START_TEST(the_store_dies)
{
	uint64_t id = storeend_account("alice");

	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	STORE_ASKED(s_lookup);
	storeend_close();
	jobs_resume();
	ck_assert_uint_eq(failed(), ERR_STORE_AWAY);
	/* at once, when it is not there; and when it is back */
	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	jobs_resume();
	ck_assert_uint_eq(failed(), ERR_STORE_AWAY);
	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	storeend_open();
	jobs_resume();
	ck_assert_uint_eq(failed(), ERR_STORE_AWAY);
	ck_assert_uint_eq(log_in(0, 0, 40, id, "alice", true), MSG_e_authed);
}
END_TEST

/* The next one is asked in its place, once; and what has been asked while there was none. */
START_TEST(the_store_dies_and_another_comes)
{
	uint64_t id = storeend_account("alice");
	uint32_t ticket;

	job_await_ms = 60000;
	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	ticket = STORE_ASKED(s_lookup).ticket;
	storeend_close();
	jobs_resume();
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_wait);
	ck_assert_uint_eq(give_password(0, 0, 41, "alice", "192.0.2.1"), MSG_e_wait);
	jobs_resume();
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_wait);
	storeend_open();
	ck_assert_uint_eq(STORE_ASKED(s_lookup).ticket, ticket);
	storeend_close();
	jobs_resume();
	ck_assert_uint_eq(failed(), ERR_STORE_AWAY);
	ck_assert_uint_eq(LAST(failed).ticket, ticket);
	storeend_open();
	store_finds(id, "alice");
	auth_says(true);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	/* one that does not come in time is not waited for any longer */
	storeend_close();
	ck_assert_uint_eq(give_password(0, 0, 42, "alice", "192.0.2.1"), MSG_e_wait);
	job_await_ms = 0;
	ck_assert_uint_eq(give_password(0, 0, 43, "alice", "192.0.2.1"), MSG_e_wait);
	jobs_resume();
	ck_assert_uint_eq(LAST(failed).conn, 43);
}
END_TEST

START_TEST(auth_dies)
{
	uint64_t id = storeend_account("alice");
	int other;

	ck_assert_uint_eq(give_password(0, 0, 40, "alice", "192.0.2.1"), MSG_e_wait);
	store_finds(id, "alice");
	other = authend_open(1, 8);
	close(auth);
	loop_turn(proc.loop, 1000);
	/* another one is asked the same */
	auth = other;
	auth_says(true);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	ck_assert_uint_eq(give_password(0, 0, 41, "alice", "192.0.2.1"), MSG_e_wait);
	store_finds(id, "alice");
	close(auth);
	loop_turn(proc.loop, 1000);
	auth_resume();
	ck_assert_uint_eq(failed(), ERR_BUSY);
	ck_assert_uint_eq(give_password(0, 0, 41, "alice", "192.0.2.1"), MSG_e_wait);
	store_finds(id, "alice");
	auth_resume();
	ck_assert_uint_eq(failed(), ERR_BUSY);
	auth = authend_open(0, 9);
}
END_TEST

/* Neither in what is shared nor in the frame that it came in. */
START_TEST(secrets_are_wiped)
{
	struct m_r_auth q = {.conn = 40, .name = S("alice"), .secret = S("correct horse")};
	uint64_t id = storeend_account("alice");
	char f[IPC_FRAME_MAX];
	size_t n;

	q.serial = world_serial(0);
	n = m_r_auth_put(f, sizeof(f), &q);
	ck_assert(world_decide(0, f, n));
	ck_assert_ptr_null(memmem(f, n, "correct horse", 13));
	store_finds(id, "alice");
	auth_says(true);
	REGISTER(0, 40, "bob", );
	asked_to_make();
	ck_assert_ptr_null(memmem(world.journal, world.journal_size, "correct horse", 13));
	ck_assert_ptr_null(memmem(world.reg, world.reg_size, "correct horse", 13));
	ck_assert_ptr_null(memmem(world.journal, world.journal_size, HASH, sizeof(HASH) - 1));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("login");
	TCase *t = tcase_create("login");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, desk_setup, desk_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, before_there_is_a_name);
	tcase_add_test(t, a_proof_of_what_is_no_more);
	tcase_add_test(t, with_a_name);
	tcase_add_test(t, names_with_what_is_not_seen);
	tcase_add_test(t, a_hash_of_another_cost);
	tcase_add_test(t, a_hash_of_another_cost_among_many);
	tcase_add_test(t, what_is_wrong);
	tcase_add_test(t, a_disabled_account);
	tcase_add_test(t, deleted_meanwhile);
	tcase_add_test(t, somebody_who_does_not_wait);
	tcase_add_test(t, a_certificate);
	tcase_add_test(t, a_forged_certificate);
	tcase_add_test(t, guesses_about_an_account);
	tcase_add_test(t, guesses_from_an_address);
	tcase_add_test(t, many_from_an_address);
	tcase_add_test(t, the_store_dies);
	tcase_add_test(t, the_store_dies_and_another_comes);
	tcase_add_test(t, auth_dies);
	tcase_add_test(t, secrets_are_wiped);
	return unit_run(s);
}
