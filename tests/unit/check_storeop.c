/* check_storeop.c - what administrators ask of the store by way of the broker; the test is store and auth. */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "authend.h"
#include "broker/account.h"
#include "broker/auth.h"
#include "broker/job.h"
#include "den.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "storeend.h"
#include "unit_str.h"

static int auth = -1;

static void
setup(void)
{
	den_setup();
	storeend_open();
	storeend_account("bob");
	storeend_logged_in(bob, "bob");
	auth = authend_open(0, 7);
}

static void
teardown(void)
{
	storeend_close();
	auth_fini();
	close(auth);
	jobs_fini();
	den_teardown();
}

#define STORE(op_, ...) \
	ASK(store, SUB_CONTROL, .op = (op_), .level = LEVEL_ADMIN, .uid = 5, __VA_ARGS__)

/* chatd-auth is asked for the hash of this password, and gives one. */
static void
hash(const char *password)
{
	char in[1024], out[512];
	struct m_a_hash q;
	struct m_a_hashed m = {.ok = 1, .hash = S("hash"), .scram = S("scram")};
	ssize_t n;
	size_t len;

	loop_turn(proc.loop, 0);
	n = recv(auth, in, sizeof(in), MSG_DONTWAIT);
	ck_assert(n > 0 && m_a_hash_get(in, (size_t)n, &q));
	ck_str(q.password, password);
	m.ticket = q.ticket;
	len = m_a_hashed_put(out, sizeof(out), &m);
	ck_assert_int_eq(send(auth, out, len, 0), (ssize_t)len);
	loop_turn(proc.loop, 1000);
	auth_resume();
}

START_TEST(levels_are_looked_at)
{
	ASK(store, SUB_CONTROL, .op = STORE_CHECK, .level = LEVEL_OPERATE);
	ck_assert_uint_eq(world_refused(), ERR_PERMISSION);
	ck_assert_uint_eq(ASK(store, SUB_CONTROL, .op = STORE_STATUS, .level = LEVEL_READ),
			  MSG_e_wait);
	/* workers have no say */
	ck_assert_uint_eq(ASK(store, 0, .op = STORE_STATUS, .level = LEVEL_ADMIN), 0);
}
END_TEST

START_TEST(most_is_passed_on)
{
	struct m_s_admin q;

	ck_assert_uint_eq(STORE(STORE_HISTORY_PURGE, .args = S("den\x1f"
							       "5")),
			  MSG_e_wait);
	q = STORE_ASKED(s_admin);
	ck_assert_uint_eq(q.op, STORE_HISTORY_PURGE);
	ck_str(q.args, "den\x1f"
		       "5");
	ck_str(q.by, "uid 5");
	STORE_SAYS(s_done, .ticket = q.ticket, .text = S("3 messages"));
	ck_str(LAST(done).text, "3 messages");
	STORE(STORE_CHECK);
	STORE_SAYS(s_done, .ticket = STORE_ASKED(s_admin).ticket, .code = ERR_NOT_FOUND,
		   .text = S("it"));
	ck_assert_uint_eq(LAST(failed).code, ERR_NOT_FOUND);
	STORE(STORE_CHECK);
	storeend_close();
	jobs_resume();
	ck_assert_uint_eq(LAST(failed).code, ERR_STORE_AWAY);
}
END_TEST

START_TEST(an_account_is_made)
{
	struct m_s_account q;

	STORE(STORE_ACCOUNT_ADD, .args = S("bob"), .secret = S("good enough"));
	ck_assert_uint_eq(world_refused(), ERR_ACCOUNT_EXISTS);
	STORE(STORE_ACCOUNT_ADD, .args = S("not a name"), .secret = S("good enough"));
	ck_assert_uint_eq(world_refused(), ERR_NICK_BAD);
	STORE(STORE_ACCOUNT_ADD, .args = S("dora"), .secret = S("short"));
	ck_assert_uint_eq(world_refused(), ERR_PASSWORD_WEAK);
	STORE(STORE_ACCOUNT_ADD, .args = S("dora\x1fnonsense"), .secret = S("good enough"));
	ck_assert_uint_eq(world_refused(), ERR_EMAIL_BAD);
	ck_assert_uint_eq(STORE(STORE_ACCOUNT_ADD,
				.args = S("dora\x1f"
					  "d@example.org"),
				.secret = S("good enough")),
			  MSG_e_wait);
	hash("good enough");
	q = STORE_ASKED(s_account);
	ck_assert_uint_eq(q.op, ACCOUNT_CREATE);
	ck_str(q.name, "dora");
	ck_str(q.hash, "hash");
	ck_str(q.text, "d@example.org");
	ck_assert_uint_eq(account_id_named(S("dora")), 0);
	STORE_SAYS(s_done, .ticket = q.ticket, .id = 77);
	ck_str(LAST(done).text, "dora: made");
	ck_assert_uint_eq(account_id_named(S("Dora")), 77);
}
END_TEST

START_TEST(accounts_are_changed)
{
	struct m_s_account q;

	STORE(STORE_ACCOUNT_PASSWORD, .args = S("nobody"), .secret = S("good enough"));
	ck_assert_uint_eq(world_refused(), ERR_NO_ACCOUNT);
	STORE(STORE_ACCOUNT_PASSWORD, .args = S("bob"), .secret = S("good enough"));
	hash("good enough");
	q = STORE_ASKED(s_account);
	ck_assert_uint_eq(q.op, ACCOUNT_PASSWORD);
	ck_assert_uint_eq(q.id, account_id_named(S("bob")));
	STORE_SAYS(s_done, .ticket = q.ticket);
	STORE(STORE_ACCOUNT_DISABLE, .args = S("bob"));
	STORE_SAYS(s_done, .ticket = STORE_ASKED(s_account).ticket);
	ck_assert(account_named(S("bob"))->flags & ACCOUNT_DISABLED);
	ck_assert_uint_eq(user_account_id(regw_user(&br.reg, bob)), 0);
	STORE(STORE_ACCOUNT_ENABLE, .args = S("bob"));
	STORE_SAYS(s_done, .ticket = STORE_ASKED(s_account).ticket);
	ck_assert(!(account_named(S("bob"))->flags & ACCOUNT_DISABLED));
	STORE(STORE_ACCOUNT_DELETE, .args = S("bob\x1fwhatever"));
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	STORE(STORE_ACCOUNT_DELETE, .args = S("bob\x1fmessages"));
	q = STORE_ASKED(s_account);
	ck_str(q.text, "messages");
	STORE_SAYS(s_done, .ticket = q.ticket);
	ck_assert_uint_eq(account_id_named(S("bob")), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("storeop");
	TCase *t = tcase_create("storeop");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, levels_are_looked_at);
	tcase_add_test(t, most_is_passed_on);
	tcase_add_test(t, an_account_is_made);
	tcase_add_test(t, accounts_are_changed);
	return unit_run(s);
}
