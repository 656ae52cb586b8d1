/* Accounts looked up: by name and certificate, what administrators list; and that nobody learns from the time it takes whether
 * there is such an account. */
#include "config.h"

#include <sqlite3.h>

#include "bygone.h"
#include "lib/util.h"
#include "store/db.h"
#include "store/lookup.h"
#include "unit_str.h"

static struct lookup *looker;
static uint64_t alice, bob;
static char out[IPC_FRAME_MAX];
static struct m_s_page page;

static void
change(unsigned op, uint64_t id, const char *text)
{
	struct m_s_account m = {.ticket = 1, .op = (uint8_t)op, .id = id, .text = S(text)};
	char frame[1024];

	bygone_take(frame, m_s_account_put(frame, sizeof(frame), &m));
	bygone_commit();
}

#define PRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
begin(void)
{
	bygone_open();
	alice = bygone_account("Alice");
	bob = bygone_account("bob");
	bygone_account("carol");
	change(ACCOUNT_CERT_ADD, bob, PRINT);
	BYGONE(dm, .seq = 5, .name = S("x"), .to_name = S("bob"), .to_account = S("bob"), .kept = 1,
	       .text = S("hi"));
	BYGONE(dm, .seq = 6, .name = S("Alice"), .account = S("Alice"), .to_name = S("bob"),
	       .to_account = S("bob"), .text = S("hi"));
	bygone_commit();
	looker = lookup_new(DB_FILE);
}

static void
end(void)
{
	lookup_free(looker);
	bygone_close();
}

/* --- logging in --------------------------------------------------------------------------------- */

static struct m_s_found
look(const char *name, const char *cert)
{
	struct m_s_lookup m = {.ticket = 9, .name = S(name), .cert = S(cert)};
	struct m_s_found found;
	char frame[512];
	size_t n = m_s_lookup_put(frame, sizeof(frame), &m);

	n = lookup_answer(looker, frame, n, out);
	ck_assert(m_s_found_get(out, n, &found));
	ck_assert_uint_eq(found.ticket, 9);
	return found;
}

START_TEST(found)
{
	struct m_s_found f = look("ALICE", "");

	ck_assert_uint_eq(f.id, alice);
	ck_str(f.name, "Alice");
	ck_str(f.hash, "hash");
	ck_str(f.scram, "scram");
	ck_str(f.email, "who@example.org");
	ck_assert_uint_eq(f.kept, 0);
	ck_assert_uint_eq(look("bob", "").kept, 1);
	ck_assert_uint_eq(look("", PRINT).id, bob);
	/* the name is what is asked for */
	ck_assert_uint_eq(look("Alice", PRINT).id, alice);
	change(ACCOUNT_DISABLE, bob, "");
	ck_assert_uint_eq(look("bob", "").flags & ACCOUNT_DISABLED, ACCOUNT_DISABLED);
}
END_TEST

START_TEST(not_found)
{
	static const char *const names[] = {"", "nobody", "not a name", "\xff", "alice'--"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct m_s_found f = look(names[i], "");

		ck_assert_uint_eq(f.id, 0);
		ck_assert_uint_eq(f.hash.n + f.scram.n + f.name.n + f.email.n + f.kept, 0);
	}
	ck_assert_uint_eq(look("nobody", PRINT).id, 0);
	ck_assert_uint_eq(look("", "0011").id, 0);
}
END_TEST

static char ran[4096];

static int
note(unsigned what, void *arg, void *stmt, void *text)
{
	size_t n = strlen(ran);

	(void)what;
	(void)arg;
	(void)stmt;
	bprintf(ran + n, sizeof(ran) - n, "%s\n", (const char *)text);
	return 0;
}

static int
watch(sqlite3 *db, const char **error, const void *api)
{
	(void)error;
	(void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, note, NULL);
}

/* Whether there is an account, or one with such a certificate: the same statements are run. */
START_TEST(the_same_work)
{
	char there[sizeof(ran)];

	sqlite3_auto_extension((void (*)(void))watch);
	lookup_free(looker);
	looker = lookup_new(DB_FILE);
	look("warm", "up");
	ran[0] = '\0';
	look("alice", "");
	memcpy(there, ran, sizeof(ran));
	ck_assert_uint_gt(strlen(there), 100);
	ran[0] = '\0';
	look("nobody", "");
	ck_assert_str_eq(ran, there);
	ran[0] = '\0';
	look("", PRINT);
	ck_assert_str_eq(ran, there);
	ran[0] = '\0';
	look("", "0011");
	ck_assert_str_eq(ran, there);
	sqlite3_reset_auto_extension();
}
END_TEST

START_TEST(away)
{
	struct m_s_lookup m = {.ticket = 9, .name = S("alice")};
	char frame[512];
	struct m_s_done done;
	size_t n = m_s_lookup_put(frame, sizeof(frame), &m);

	lookup_free(looker);
	looker = lookup_new("nothing.db");
	n = lookup_answer(looker, frame, n, out);
	ck_assert(m_s_done_get(out, n, &done));
	ck_assert_uint_eq(done.code, ERR_STORE_AWAY);
	ck_assert_uint_eq(done.ticket, 9);
	ck_assert_uint_gt(strlen(lookup_why(looker)), 0);
}
END_TEST

/* --- lists --------------------------------------------------------------------------------------- */

static void
list(unsigned op, const char *args)
{
	struct m_s_admin m = {.ticket = 9, .op = (uint8_t)op, .args = S(args)};
	char frame[512];
	size_t n = m_s_admin_put(frame, sizeof(frame), &m);

	ck_assert(lookup_is_its(op));
	n = lookup_answer(looker, frame, n, out);
	ck_assert(m_s_page_get(out, n, &page) && page.ticket == 9);
}

/* "Alice|bob|", "room=ops|" */
static const char *
rows(void)
{
	static char text[4096];
	struct m_q_account account;
	struct m_q_fact fact;
	struct str rest = page.rows;
	size_t at = 0;
	ssize_t n;

	text[0] = '\0';
	for (; rest.n > 0; rest.p += n, rest.n -= (size_t)n) {
		n = ipc_frame(rest.p, rest.n);
		ck_assert_int_gt(n, 0);
		if (m_q_account_get(rest.p, (size_t)n, &account))
			at += bprintf(text + at, sizeof(text) - at, STR_FMT "|",
				      STR_ARG(account.name));
		else if (m_q_fact_get(rest.p, (size_t)n, &fact))
			at += bprintf(text + at, sizeof(text) - at, STR_FMT "=" STR_FMT "|",
				      STR_ARG(fact.name), STR_ARG(fact.text));
		else
			ck_abort_msg("a row that is neither");
	}
	return text;
}

START_TEST(accounts)
{
	static const struct {
		const char *args, *rows;
	} t[] = {
	    {"", "Alice|bob|carol|"},
	    {"*", "Alice|bob|carol|"},
	    {"A*", "Alice|"},
	    {"*O*", "bob|carol|"},
	    {"*\x1f"
	     "alice",
	     "bob|carol|"},
	    {"*\x1f"
	     "carol",
	     ""},
	    {"\x1f"
	     "Bob",
	     "carol|"},
	    {"x", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		list(STORE_ACCOUNTS, t[i].args);
		ck_assert_uint_eq(page.code, ERR_NONE);
		ck_assert_str_eq(rows(), t[i].rows);
		ck_assert_uint_eq(page.more, 0);
	}
}
END_TEST

START_TEST(account)
{
	struct m_q_account m;

	list(STORE_ACCOUNT_SHOW, "BOB");
	ck_assert_uint_eq(page.code, ERR_NONE);
	ck_assert_str_eq(rows(), "bob|certificate=" PRINT "|");
	list(STORE_ACCOUNT_SHOW, "alice");
	ck_assert(m_q_account_get(page.rows.p, page.rows.n, &m));
	ck_assert_uint_eq(m.id, alice);
	ck_assert_uint_eq(m.messages, 1);
	ck_assert_uint_gt(m.created, 0);
	list(STORE_ACCOUNT_SHOW, "nobody");
	ck_assert_uint_eq(page.code, ERR_NO_ACCOUNT);
	ck_str(page.arg, "nobody");
}
END_TEST

/* More accounts than one page holds: the rest is asked for behind the last. */
START_TEST(many_accounts)
{
	char name[32], after[64] = "*\x1f";
	unsigned n = 0, pages = 0;

	for (unsigned i = 0; i < 1500; i++) {
		bprintf(name, sizeof(name), "user%04u", i);
		bygone_account(name);
	}
	do {
		struct m_q_account m;
		struct str rest;

		list(STORE_ACCOUNTS, after);
		pages++;
		for (rest = page.rows; rest.n > 0; n++) {
			ssize_t len = ipc_frame(rest.p, rest.n);

			ck_assert(m_q_account_get(rest.p, (size_t)len, &m));
			bprintf(after, sizeof(after), "*\x1f" STR_FMT, STR_ARG(m.name));
			rest.p += len;
			rest.n -= (size_t)len;
		}
	} while (page.more);
	ck_assert_uint_eq(n, 1503);
	ck_assert_uint_gt(pages, 1);
}
END_TEST

START_TEST(invites)
{
	struct m_s_admin m = {.ticket = 1,
			      .op = STORE_INVITE_CREATE,
			      .args = S("ops\x1f"
					"3\x1f"
					"0"),
			      .by = S("uid 0")};
	struct m_q_invite i;
	char frame[512];

	list(STORE_INVITES, "");
	ck_assert_uint_eq(page.rows.n, 0);
	bygone_take(frame, m_s_admin_put(frame, sizeof(frame), &m));
	bygone_commit();
	list(STORE_INVITES, "");
	ck_assert(m_q_invite_get(page.rows.p, page.rows.n, &i));
	ck_str(i.rooms, "ops");
	ck_assert_uint_eq(i.uses, 3);
	ck_assert_uint_eq(i.used, 0);
	ck_str(i.by, "uid 0");
	list(STORE_INVITES, "1"); /* behind that one */
	ck_assert_uint_eq(page.rows.n, 0);
}
END_TEST

START_TEST(only_its_own)
{
	for (unsigned op = 0; op <= STORE_OPS; op++)
		ck_assert_int_eq(lookup_is_its(op),
				 op == STORE_ACCOUNTS || op == STORE_ACCOUNT_SHOW ||
				     op == STORE_INVITES || op == STORE_ACCOUNT_NAME ||
				     op == STORE_FILES || op == STORE_FILE ||
				     op == STORE_FILE_QUOTA);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lookup");
	TCase *tc = tcase_create("lookup");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, found);
	tcase_add_test(tc, not_found);
	tcase_add_test(tc, the_same_work);
	tcase_add_test(tc, away);
	tcase_add_test(tc, accounts);
	tcase_add_test(tc, account);
	tcase_add_test(tc, many_accounts);
	tcase_add_test(tc, invites);
	tcase_add_test(tc, only_its_own);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
