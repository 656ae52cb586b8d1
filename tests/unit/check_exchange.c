/* check_exchange.c - logging in by SCRAM: two messages, and what is kept between them. */
#include "config.h"

#include <string.h>

#include "broker/auth.h"
#include "desk.h"
#include "ipc/proc.h"
#include "lib/util.h"

static char scram_from[24] = "192.0.2.1";

static unsigned
scram(uint64_t conn, unsigned mech, uint32_t ticket, const char *name, const char *text)
{
	return ASK(auth, 0, .conn = conn, .mech = (uint8_t)mech, .ticket = ticket, .name = S(name),
		   .secret = S(text), .address = S(scram_from));
}

/* Up to the challenge; its ticket. verifier: what was asked about. */
static uint32_t
scram_begin(uint64_t conn, uint64_t id, const char *name, char verifier[SCRAM_MAX + 1])
{
	struct m_a_scram q;

	ck_assert_uint_eq(scram(conn, AUTH_SCRAM, 0, name, "n,,n=x,r=abc"), MSG_e_wait);
	store_finds(id, name);
	q = AUTH_ASKED(auth, a_scram);
	bprintf(verifier, SCRAM_MAX + 1, STR_FMT, STR_ARG(q.verifier));
	ck_str(q.first, "n,,n=x,r=abc");
	ck_assert(q.final.n == 0 && q.server.n == 0);
	AUTH_SAYS(auth, a_scrammed, .ticket = q.ticket, .ok = 1, .text = S("r=abcdef"));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_challenge);
	ck_str(LAST(challenge).data, "r=abcdef");
	ck_assert_uint_eq(LAST(challenge).conn, conn);
	return LAST(challenge).ticket;
}

START_TEST(an_exchange)
{
	uint64_t id = storeend_account("alice");
	char verifier[SCRAM_MAX + 1];
	uint32_t ticket = scram_begin(40, id, "alice", verifier);
	struct m_a_scram q;

	ck_assert_str_eq(verifier, VERIFIER);
	/* of this connection, and only once */
	ck_assert_uint_eq(scram(41, AUTH_SCRAM_FINAL, ticket, "", "p="), MSG_e_refused);
	ck_assert_uint_eq(scram(40, AUTH_SCRAM_FINAL, ticket + 1, "", "p="), MSG_e_refused);
	ck_assert_uint_eq(scram(40, AUTH_SCRAM_FINAL, ticket, "", "c=biws,p=x"), MSG_e_wait);
	q = AUTH_ASKED(auth, a_scram);
	ck_str(q.first, "n,,n=x,r=abc");
	ck_str(q.server, "r=abcdef");
	ck_str(q.final, "c=biws,p=x");
	ck_str(q.verifier, VERIFIER);
	AUTH_SAYS(auth, a_scrammed, .ticket = q.ticket, .ok = 1, .text = S("v=yes"));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	ck_str(LAST(authed).data, "v=yes");
	ck_assert_uint_eq(LAST(authed).account_id, id);
	ck_assert_uint_eq(scram(40, AUTH_SCRAM_FINAL, ticket, "", "c=biws,p=x"), MSG_e_refused);
	/* what auth finds malformed */
	ck_assert_uint_eq(scram(40, AUTH_SCRAM, 0, "alice", "p=tls,,n=x,r=abc"), MSG_e_wait);
	store_finds(id, "alice");
	q = AUTH_ASKED(auth, a_scram);
	AUTH_SAYS(auth, a_scrammed, .ticket = q.ticket);
	ck_assert_uint_eq(failed(), ERR_LOGIN_WRONG);
}
END_TEST

/* Whether there is an account is not told: a verifier is made up, the same one each time. */
START_TEST(an_exchange_with_nobody)
{
	char a[SCRAM_MAX + 1], b[SCRAM_MAX + 1], c[SCRAM_MAX + 1];
	uint32_t ticket;
	struct m_a_scram q;

	scram_begin(40, 0, "nobody", a);
	ticket = scram_begin(41, 0, "NoBody", b);
	scram_begin(42, 0, "noone", c);
	ck_assert_str_eq(a, b);
	ck_assert_str_ne(a, c);
	ck_assert_int_eq(strncmp(a, "SCRAM-SHA-256$", 14), 0);
	ck_assert_uint_eq(scram(41, AUTH_SCRAM_FINAL, ticket, "", "p=x"), MSG_e_wait);
	q = AUTH_ASKED(auth, a_scram);
	AUTH_SAYS(auth, a_scrammed, .ticket = q.ticket, .ok = 1, .text = S("v=yes"));
	ck_assert_uint_eq(failed(), ERR_LOGIN_WRONG);
	/* the same where verifiers are not to be used */
	proc.opt.accounts_scram = 0;
	scram_begin(40, storeend_account("alice"), "alice", a);
	ck_assert_str_ne(a, VERIFIER);
}
END_TEST

/* What chatd-auth makes of the final message. */
static void
scram_checked(bool right)
{
	struct m_a_scram q = AUTH_ASKED(auth, a_scram);

	AUTH_SAYS(auth, a_scrammed, .ticket = q.ticket, .ok = right, .text = S("v=yes"));
}

static void
scram_ends(uint64_t conn, uint32_t ticket, bool right)
{
	ck_assert_uint_eq(scram(conn, AUTH_SCRAM_FINAL, ticket, "", "p=x"), MSG_e_wait);
	scram_checked(right);
}

/* Nothing grows. One address that begins and begins drives out what it has begun itself, and nobody else's. */
START_TEST(many_exchanges)
{
	uint64_t id = storeend_account("alice"), conn;
	char verifier[SCRAM_MAX + 1];
	uint32_t other, first, last = 0;

	bprintf(scram_from, sizeof(scram_from), "198.51.100.1");
	other = scram_begin(1, id, "alice", verifier);
	bprintf(scram_from, sizeof(scram_from), "192.0.2.1");
	first = scram_begin(2, id, "alice", verifier);
	for (conn = 3; conn <= 1200; conn++)
		last = scram_begin(conn, id, "alice", verifier);
	ck_assert_uint_eq(scram(2, AUTH_SCRAM_FINAL, first, "", "p=x"), MSG_e_refused);
	scram_ends(1200, last, true);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	bprintf(scram_from, sizeof(scram_from), "198.51.100.1");
	scram_ends(1, other, true);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
}
END_TEST

/* From so many addresses that none has more than a few: some older ones give way. */
START_TEST(exchanges_from_everywhere)
{
	char verifier[SCRAM_MAX + 1];
	uint32_t ticket[1100];
	uint64_t id = storeend_account("alice");
	unsigned there = 0;

	for (unsigned i = 0; i < ARRAY_LEN(ticket); i++) {
		bprintf(scram_from, sizeof(scram_from), "198.51.%u.%u", i / 256, i % 256);
		ticket[i] = scram_begin(i + 1, id, "alice", verifier);
	}
	for (unsigned i = 0; i < ARRAY_LEN(ticket); i++) {
		if (scram(i + 1, AUTH_SCRAM_FINAL, ticket[i], "", "p=x") != MSG_e_wait)
			continue;
		scram_checked(true);
		there++;
	}
	ck_assert_uint_eq(there, 1024);
}
END_TEST

/* A class behind one address may begin at once: that is no guess. A wrong proof is one, about the account too. */
START_TEST(exchanges_and_guesses)
{
	uint64_t id = storeend_account("alice"), conn;
	char verifier[SCRAM_MAX + 1];
	uint32_t ticket[200];

	for (conn = 0; conn < ARRAY_LEN(ticket); conn++)
		ticket[conn] = scram_begin(conn + 1, id, "alice", verifier);
	for (conn = 0; conn < ARRAY_LEN(ticket); conn++) {
		scram_ends(conn + 1, ticket[conn], true);
		ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_authed);
	}
	for (int i = 0; i < 5; i++) {
		scram_ends(280, scram_begin(280, id, "alice", verifier), false);
		ck_assert_uint_eq(failed(), ERR_LOGIN_WRONG);
	}
	ck_assert_uint_eq(scram(280, AUTH_SCRAM, 0, "alice", "n,,n=x,r=abc"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_TRIES);
	/* fifteen more close the address, whatever they were about */
	for (int i = 0; i < 15; i++) {
		char name[8];

		bprintf(name, sizeof(name), "nobody%c", 'a' + i);
		scram_ends(290, scram_begin(290, 0, name, verifier), false);
		ck_assert_uint_eq(failed(), ERR_LOGIN_WRONG);
	}
	ck_assert_uint_eq(scram(290, AUTH_SCRAM, 0, "nobody", "n,,n=x,r=abc"), MSG_e_refused);
}
END_TEST

/* Who knows the old password, and has begun with it, comes too late. */
START_TEST(another_password_ends_exchanges)
{
	uint64_t id, u = alice_here(&id);
	char verifier[SCRAM_MAX + 1];
	uint32_t ticket = scram_begin(40, id, "alice", verifier);
	struct m_s_account q;
	struct m_a_hash h;

	CHANGE(u, ACCOUNT_PASSWORD, "new horses");
	store_finds(id, "alice");
	auth_says(true);
	h = AUTH_ASKED(auth, a_hash);
	AUTH_SAYS(auth, a_hashed, .ticket = h.ticket, .ok = 1, .hash = S("$new"), .scram = S("v"));
	q = STORE_ASKED(s_account);
	STORE_SAYS(s_done, .ticket = q.ticket);
	ck_assert_uint_eq(scram(40, AUTH_SCRAM_FINAL, ticket, "", "p=x"), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_LOGIN_WRONG);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("exchange");
	TCase *t = tcase_create("exchange");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, desk_setup, desk_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_exchange);
	tcase_add_test(t, an_exchange_with_nobody);
	tcase_add_test(t, many_exchanges);
	tcase_add_test(t, exchanges_from_everywhere);
	tcase_add_test(t, exchanges_and_guesses);
	tcase_add_test(t, another_password_ends_exchanges);
	return unit_run(s);
}
