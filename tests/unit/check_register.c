/* check_register.c - accounts are made, and changed by their owners. */
#include "config.h"

#include "broker/account.h"
#include "broker/job.h"
#include "desk.h"
#include "ipc/proc.h"

/* --- registering ----------------------------------------------------------------------------------------------------- */

START_TEST(a_new_account)
{
	uint64_t u = world_login(0, "alice", "192.0.2.1");
	struct m_s_account q;

	ck_assert_uint_eq(REGISTER(u, 40, "", .email = S("a@example.org")), MSG_e_wait);
	q = asked_to_make();
	ck_assert(q.op == ACCOUNT_CREATE && q.id == 0);
	ck_str(q.name, "alice");
	ck_str(q.hash, HASH);
	ck_str(q.scram, "v");
	ck_str(q.text, "a@example.org");
	STORE_SAYS(s_done, .ticket = q.ticket, .id = 77, .text = S("den,ops"));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	ck_assert(LAST(authed).created && LAST(authed).account_id == 77);
	ck_str(LAST(authed).data, "den,ops");
	ck_assert_str_eq(world_user(&world, "alice").account, "alice");
	ck_assert_uint_eq(account_named(S("ALICE"))->id, 77);
	ck_assert_uint_eq(REGISTER(u, 40, "Alice", ), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_ACCOUNT_EXISTS);
	/* before there is a name */
	ck_assert_uint_eq(REGISTER(0, 41, "carol", ), MSG_e_wait);
	q = asked_to_make();
	STORE_SAYS(s_done, .ticket = q.ticket, .id = 78);
	ck_assert(LAST(authed).conn == 41 && LAST(authed).token.n == AUTH_TOKEN);
	/* what the store refuses */
	ck_assert_uint_eq(REGISTER(0, 41, "dave", .invite = S("word")), MSG_e_wait);
	q = asked_to_make();
	ck_str(q.invite, "word");
	STORE_SAYS(s_done, .ticket = q.ticket, .code = ERR_INVITE_BAD);
	ck_assert_uint_eq(failed(), ERR_INVITE_BAD);
	ck_assert_ptr_null(account_named(S("dave")));
}
END_TEST

START_TEST(what_is_not_registered)
{
	uint64_t u = world_login(0, "alice", "192.0.2.1");
	static const struct {
		const char *name, *password, *email;
		unsigned why;
	} bad[] = {
	    {"", "short", "", ERR_PASSWORD_WEAK},
	    {"", "with\ttabs", "", ERR_PASSWORD_WEAK},
	    {"", "", "", ERR_PASSWORD_WEAK},
	    {"aliceliddell", "AliceLiddell", "", ERR_PASSWORD_WEAK},
	    {"9lives", "correct horse", "", ERR_NICK_BAD},
	    {"bob", "correct horse", "", ERR_NICK_TAKEN},
	    {"", "correct horse", "nobody", ERR_EMAIL_BAD},
	    {"", "correct horse", "@b", ERR_EMAIL_BAD},
	    {"", "correct horse", "a@", ERR_EMAIL_BAD},
	    {"", "correct horse", "a b@c", ERR_EMAIL_BAD},
	};

	world_login(1, "bob", "192.0.2.2");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ASK(register, 0, .user = u, .name = S(bad[i].name), .email = S(bad[i].email),
		    .password = S(bad[i].password));
		ck_assert_msg(world_refused() == bad[i].why, "%zu: %u", i, world_refused());
	}
	ck_assert_uint_eq(REGISTER(0, 40, "", ), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NICK_BAD);
	proc.opt.accounts_email = 1;
	REGISTER(u, 40, "", );
	ck_assert_uint_eq(world_refused(), ERR_EMAIL_NEEDED);
	proc.opt.accounts_email = 0;
	proc.opt.accounts_before_connect = 0;
	REGISTER(0, 40, "carol", );
	ck_assert_uint_eq(world_refused(), ERR_REGISTER_LATER);
	proc.opt.accounts_register = 0;
	REGISTER(u, 40, "", );
	ck_assert_uint_eq(world_refused(), ERR_REGISTER_OFF);
	ck_assert_uint_eq(REGISTER(u, 40, "", .invite = S("word")), MSG_e_wait);
}
END_TEST

/* The broker died after the store had made it: who asks again has it. */
START_TEST(registering_again)
{
	uint64_t id = storeend_account("alice"), u = world_login(0, "alice", "192.0.2.1");

	for (int ok = 0; ok < 2; ok++) {
		ck_assert_uint_eq(REGISTER(u, 40, "", .again = 1), MSG_e_wait);
		store_finds(id, "alice");
		auth_says(ok);
		if (!ok)
			ck_assert_uint_eq(failed(), ERR_ACCOUNT_EXISTS);
	}
	ck_assert(LAST(authed).account_id == id && LAST(authed).created);
}
END_TEST

/* Or before the registry had heard of it: then the store alone knows that it is there. */
START_TEST(registering_what_the_store_has)
{
	uint64_t u = world_login(0, "alice", "192.0.2.1");

	for (int ok = 0; ok < 2; ok++) {
		struct m_s_account q;

		/* the first is somebody else, who has another password */
		ck_assert_uint_eq(
		    ok ? REGISTER(u, 40, "", .again = 1) : REGISTER(0, 41, "alice2", ), MSG_e_wait);
		q = asked_to_make();
		STORE_SAYS(s_done, .ticket = q.ticket, .code = ERR_ACCOUNT_EXISTS, .id = 70u + ok);
		store_finds(70u + ok, ok ? "alice" : "alice2");
		auth_says(ok);
		if (!ok)
			ck_assert_uint_eq(failed(), ERR_ACCOUNT_EXISTS);
	}
	ck_assert(LAST(authed).account_id == 71 && LAST(authed).created);
	ck_assert_uint_eq(account_named(S("alice2"))->id, 70);
}
END_TEST

/* It tells whether a password is right, too. */
START_TEST(registering_again_is_a_guess)
{
	uint64_t id = storeend_account("alice");
	char address[32];

	for (unsigned i = 0; i < 5; i++) {
		bprintf(address, sizeof(address), "198.51.100.%u", i);
		ck_assert_uint_eq(ASK(register, 0, .conn = 40 + i, .name = S("alice"), .again = 1,
				      .password = S("correct horse"), .address = S(address)),
				  MSG_e_wait);
		store_finds(id, "alice");
		auth_says(false);
		ck_assert_uint_eq(failed(), ERR_ACCOUNT_EXISTS);
	}
	REGISTER(0, 60, "alice", .again = 1);
	ck_assert_uint_eq(world_refused(), ERR_TRIES);
	give_password(0, 0, 61, "alice", "192.0.2.9");
	ck_assert_uint_eq(world_refused(), ERR_TRIES);
}
END_TEST

START_TEST(invitations_are_not_guessed)
{
	for (unsigned i = 0; i < 20; i++) {
		struct m_s_account q;

		ck_assert_uint_eq(REGISTER(0, 40, "dave", .invite = S("word")), MSG_e_wait);
		q = asked_to_make();
		STORE_SAYS(s_done, .ticket = q.ticket, .code = ERR_INVITE_BAD);
		ck_assert_uint_eq(failed(), ERR_INVITE_BAD);
	}
	REGISTER(0, 40, "dave", .invite = S("word"));
	ck_assert_uint_eq(world_refused(), ERR_TRIES);
}
END_TEST

/* --- changing ------------------------------------------------------------------------------------------------------------ */

START_TEST(another_password)
{
	uint64_t id, u = alice_here(&id);
	struct m_s_account q;
	struct m_a_hash h;

	ck_assert_uint_eq(CHANGE(u, ACCOUNT_PASSWORD, "short"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_PASSWORD_WEAK);
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_PASSWORD, "new horses"), MSG_e_wait);
	store_finds(id, "alice");
	auth_says(false);
	ck_assert_uint_eq(failed(), ERR_PASSWORD);
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_PASSWORD, "new horses"), MSG_e_wait);
	store_finds(id, "alice");
	auth_says(true);
	h = AUTH_ASKED(auth, a_hash);
	ck_str(h.password, "new horses");
	AUTH_SAYS(auth, a_hashed, .ticket = h.ticket, .ok = 1, .hash = S("$new"), .scram = S("v"));
	q = STORE_ASKED(s_account);
	ck_assert(q.op == ACCOUNT_PASSWORD && q.id == id && q.text.n == 0);
	ck_str(q.hash, "$new");
	STORE_SAYS(s_done, .ticket = q.ticket);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_done);
	ck_assert_uint_eq(LAST(done).user, u);
	/* somebody else's password is none of alice's */
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_PASSWORD, "new horses"), MSG_e_wait);
	store_finds(id + 1, "alice");
	ck_str(AUTH_ASKED(auth, a_check).hash, "");
}
END_TEST

START_TEST(the_end_of_an_account)
{
	uint64_t id, u = alice_here(&id), other = world_login(1, "al", "192.0.2.2");
	struct m_s_account q;

	account_enter(regw_user(&br.reg, other), account_named(S("alice")), S("alice"));
	CHANGE(u, ACCOUNT_DELETE, "everything");
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_DELETE, "messages"), MSG_e_wait);
	store_finds(id, "alice");
	auth_says(true);
	q = STORE_ASKED(s_account);
	ck_assert(q.op == ACCOUNT_DELETE && q.id == id);
	ck_str(q.text, "messages");
	STORE_SAYS(s_done, .ticket = q.ticket);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_done);
	ck_assert_ptr_null(account_named(S("alice")));
	ck_assert_str_eq(world_user(&world, "alice").account, "");
	ck_assert_str_eq(world_user(&world, "al").account, "");
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_DELETE, ""), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NOT_LOGGED_IN);
}
END_TEST

/* The broker died before it heard that it had been done. */
START_TEST(the_end_of_an_account_again)
{
	uint64_t id, u = alice_here(&id);

	ck_assert_uint_eq(CHANGE(u, ACCOUNT_DELETE, ""), MSG_e_wait);
	store_finds(0, "alice");
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_done);
	ck_assert_ptr_null(account_named(S("alice")));
	ck_assert_str_eq(world_user(&world, "alice").account, "");
}
END_TEST

/* The broker that was asked has died, and may have done it. */
START_TEST(changes_asked_again)
{
	static const char print[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	uint64_t id, u = alice_here(&id);
	struct m_s_account q;
	struct m_a_hash h;

	/* the new password fits already */
	ck_assert_uint_eq(CHANGE_AGAIN(u, ACCOUNT_PASSWORD, "new horses"), MSG_e_wait);
	store_finds(id, "alice");
	ck_str(AUTH_ASKED(auth, a_check).password, "new horses");
	AUTH_SAYS(auth, a_result, .ticket = LAST(wait).ticket, .ok = 1);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_done);
	/* it does not: as when it is asked first */
	for (int ok = 0; ok < 2; ok++) {
		ck_assert_uint_eq(CHANGE_AGAIN(u, ACCOUNT_PASSWORD, "new horses"), MSG_e_wait);
		store_finds(id, "alice");
		auth_says(false);
		ck_str(AUTH_ASKED(auth, a_check).password, "old horse");
		AUTH_SAYS(auth, a_result, .ticket = LAST(wait).ticket, .ok = (uint8_t)ok);
		if (!ok)
			ck_assert_uint_eq(failed(), ERR_PASSWORD);
	}
	h = AUTH_ASKED(auth, a_hash);
	ck_str(h.password, "new horses");
	/* taken away, and away */
	for (int again = 0; again < 2; again++) {
		if (again)
			CHANGE_AGAIN(u, ACCOUNT_CERT_DEL, print);
		else
			CHANGE(u, ACCOUNT_CERT_DEL, print);
		q = STORE_ASKED(s_account);
		STORE_SAYS(s_done, .ticket = q.ticket, .code = ERR_NOT_FOUND);
		ck_assert_uint_eq(failed(), again ? 0 : ERR_NOT_FOUND);
	}
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_LOGOUT, ""), MSG_e_done);
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_LOGOUT, ""), MSG_e_refused);
	ck_assert_uint_eq(CHANGE_AGAIN(u, ACCOUNT_LOGOUT, ""), MSG_e_ok);
	ck_assert_uint_eq(CHANGE_AGAIN(u, ACCOUNT_CERT_DEL, print), MSG_e_refused);
}
END_TEST

START_TEST(smaller_changes)
{
	static const char print[] =
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	uint64_t id, u = alice_here(&id);
	struct m_s_account q;

	CHANGE(u, ACCOUNT_EMAIL, "nobody");
	ck_assert_uint_eq(world_refused(), ERR_EMAIL_BAD);
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_EMAIL, "a@example.org"), MSG_e_wait);
	store_finds(id, "alice");
	auth_says(true);
	q = STORE_ASKED(s_account);
	ck_str(q.text, "a@example.org");
	STORE_SAYS(s_done, .ticket = q.ticket);
	/* by who is logged in: no password */
	CHANGE(u, ACCOUNT_CERT_ADD, "0123");
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_CERT_ADD, print), MSG_e_wait);
	q = STORE_ASKED(s_account);
	ck_assert(q.op == ACCOUNT_CERT_ADD && q.id == id);
	storeend_close();
	jobs_resume();
	ck_assert_uint_eq(failed(), ERR_STORE_AWAY);
	/* for administrators */
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_DISABLE, ""), 0);
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_CREATE, ""), 0);
	ck_assert_uint_eq(CHANGE(u, ACCOUNT_OPS, ""), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("register");
	TCase *t = tcase_create("register");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, desk_setup, desk_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_new_account);
	tcase_add_test(t, what_is_not_registered);
	tcase_add_test(t, registering_again);
	tcase_add_test(t, registering_what_the_store_has);
	tcase_add_test(t, registering_again_is_a_guess);
	tcase_add_test(t, invitations_are_not_guessed);
	tcase_add_test(t, another_password);
	tcase_add_test(t, the_end_of_an_account);
	tcase_add_test(t, the_end_of_an_account_again);
	tcase_add_test(t, changes_asked_again);
	tcase_add_test(t, smaller_changes);
	return unit_run(s);
}
