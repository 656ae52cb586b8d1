/* check_reserve.c - registered names that somebody else goes by, messages for the absent, accounts that outlive the registry. */
#include "config.h"

#include <string.h>

#include "broker/account.h"
#include "ipc/proc.h"
#include "ipc/store.h"
#include "lib/loop.h"
#include "storeend.h"
#include "unit_str.h"
#include "world.h"

static void
setup(void)
{
	world_init(&world, 300, 4u << 20);
	storeend_open();
}

static void
teardown(void)
{
	storeend_close();
	world_teardown();
}

static void
logged_in(uint64_t user, const char *account)
{
	account_enter(regw_user(&br.reg, user), account_named(S(account)), S(account));
}

static const char *
called(uint64_t user)
{
	return regw_user(&br.reg, user)->name;
}

/* The user's time is over, and the broker looks. */
static void
time_over(uint64_t user)
{
	regw_user(&br.reg, user)->reserved_until = 1;
	reserve_watch(1);
	loop_turn(proc.loop, 0);
	loop_turn(proc.loop, 10);
}

/* --- names ------------------------------------------------------------------------------------------------ */

START_TEST(a_guest_has_a_while)
{
	uint64_t u, v;

	storeend_account("Alice");
	u = world_login(0, "alice", "192.0.2.1");
	ck_assert_uint_eq(LAST(login).reserved, (unsigned)proc.opt.accounts_grace);
	v = world_login(0, "bob", "192.0.2.1");
	ck_assert_uint_eq(LAST(login).reserved, 0);
	ck_assert(world_join(0, u, "den"));
	time_over(u);
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_nick);
	ck_str(LAST(nick).old, "alice");
	ck_assert_uint_eq(LAST(nick).origin, 0);
	ck_assert_uint_eq(world_last()->targets & 1, 1);
	ck_assert_int_eq(strncmp(called(u), "Guest", 5), 0);
	ck_assert_ptr_null(user_find(S("alice")));
	/* there is one such time, however often it changes its name */
	ck_assert(!world_nick(0, u, "ALICE"));
	ck_assert_uint_eq(world_refused(), ERR_NICK_RESERVED);
	ck_assert(world_nick(0, u, "al"));
	/* another one has its own */
	ck_assert(world_nick(0, v, "alice"));
	ck_assert_uint_eq(LAST(nick).reserved, (unsigned)proc.opt.accounts_grace);
	ck_assert(world_nick(0, v, "bob") && LAST(nick).reserved == 0);
	time_over(v);
	ck_assert_str_eq(called(v), "bob");
}
END_TEST

START_TEST(no_time_at_all)
{
	uint64_t u = world_login(0, "bob", "192.0.2.1");

	proc.opt.accounts_grace = 0;
	storeend_account("alice");
	ck_assert_uint_eq(world_login(0, "alice", "192.0.2.1"), 0);
	ck_assert_uint_eq(world_refused(), ERR_NICK_RESERVED);
	ck_assert(!world_nick(0, u, "Alice"));
	ck_assert_uint_eq(world_refused(), ERR_NICK_RESERVED);
	logged_in(u, "alice");
	ck_assert(world_nick(0, u, "Alice"));
	ck_assert_uint_eq(LAST(nick).reserved, 0);
}
END_TEST

/* Whoever has the account is not waited for. */
START_TEST(its_owner_wants_it)
{
	uint64_t guest, owner;

	storeend_account("alice");
	storeend_account("bob");
	guest = world_login(0, "alice", "192.0.2.1");
	owner = world_login(1, "al", "192.0.2.2");
	ck_assert(!world_nick(1, owner, "alice"));
	ck_assert_uint_eq(world_refused(), ERR_NICK_TAKEN);
	logged_in(owner, "bob");
	ck_assert(!world_nick(1, owner, "alice"));
	logged_in(owner, "alice");
	ck_assert(world_nick(1, owner, "alice"));
	ck_assert_str_eq(called(owner), "alice");
	ck_assert_int_eq(strncmp(called(guest), "Guest", 5), 0);
	/* and logged out it is a guest like others */
	account_enter(regw_user(&br.reg, owner), NULL, S(""));
	time_over(owner);
	ck_assert_int_eq(strncmp(called(owner), "Guest", 5), 0);
}
END_TEST

START_TEST(registered_under_a_guest)
{
	uint64_t u = world_login(0, "alice", "192.0.2.1");

	storeend_account("alice");
	ck_assert_uint_gt(regw_user(&br.reg, u)->reserved_until, 0);
	logged_in(u, "alice");
	ck_assert_uint_eq(regw_user(&br.reg, u)->reserved_until, 0);
	/* who has no time at all goes at once */
	proc.opt.accounts_grace = 0;
	u = world_login(0, "bob", "192.0.2.1");
	storeend_account("bob");
	loop_turn(proc.loop, 100);
	ck_assert_int_eq(strncmp(called(u), "Guest", 5), 0);
}
END_TEST

/* The next broker does what this one would have done. */
START_TEST(another_broker)
{
	uint64_t u;

	storeend_account("alice");
	u = world_login(0, "alice", "192.0.2.1");
	regw_user(&br.reg, u)->reserved_until = 1;
	world_reopen(&world);
	reserves_rebuild();
	loop_turn(proc.loop, 100);
	loop_turn(proc.loop, 10);
	ck_assert_int_eq(strncmp(called(u), "Guest", 5), 0);
}
END_TEST

/* --- messages for the absent ---------------------------------------------------------------------------------- */

#define DM(user_, to_, ...) ASK(dm, 0, .user = user_, .to = S(to_), .text = S("hi"), __VA_ARGS__)

START_TEST(kept_for_the_absent)
{
	uint64_t bob = world_login(0, "bob", "192.0.2.1"), guest, alice;
	struct m_e_dm m;

	storeend_account("Alice");
	ck_assert_uint_eq(DM(bob, "nobody", ), MSG_e_refused);
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
	ck_assert_uint_eq(DM(bob, "alice", ), MSG_e_dm);
	m = LAST(dm);
	ck_assert(m.to == 0 && m.kept == 1);
	ck_str(m.to_account, "alice");
	ck_assert_uint_eq(world_last()->targets, 1 | 1ull << SUB_STORE);
	/* not for whoever goes by that name; and only words */
	guest = world_login(1, "alice", "192.0.2.2");
	ck_assert_uint_eq(DM(bob, "alice", ), MSG_e_dm);
	ck_assert(LAST(dm).kept == 1 && !(world_last()->targets & 2));
	ck_assert_uint_eq(DM(bob, "alice", .kind = MSG_CTCP), MSG_e_refused);
	ck_assert_uint_eq(account_named(S("alice"))->kept, 2);
	proc.opt.accounts_mailbox = 2;
	DM(bob, "alice", );
	ck_assert_uint_eq(world_refused(), ERR_MAILBOX_FULL);
	proc.opt.accounts_mailbox = 0;
	DM(bob, "alice", );
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
	proc.opt.accounts_mailbox = 100;
	/* here, by whatever name */
	alice = world_login(2, "al", "192.0.2.3");
	logged_in(alice, "Alice");
	ck_assert_uint_eq(DM(bob, "alice", ), MSG_e_dm);
	ck_assert(LAST(dm).to == alice && !LAST(dm).kept);
	ck_str(LAST(dm).to_account, "Alice");
	ck_assert_uint_eq(world_last()->targets, 5);
	ck_assert_uint_eq(ASK(kept, 2, .user = alice, .upto = m.seq + 5), MSG_e_ok);
	ck_assert_uint_eq(account_named(S("alice"))->kept, 0);
	ck_assert_uint_eq(STORE_ASKED(e_kept).upto, m.seq + 5);
	ck_assert_uint_eq(ASK(kept, 1, .user = guest, .upto = 9), MSG_e_ok);
}
END_TEST

START_TEST(nobody_keeps_anything)
{
	uint64_t bob = world_login(0, "bob", "192.0.2.1");

	storeend_account("alice");
	br.reg.h->store_state = STORE_UNUSABLE;
	DM(bob, "alice", );
	ck_assert_uint_eq(world_refused(), ERR_STORE_AWAY);
	br.reg.h->store_state = STORE_WELL;
	account_disabled(S("alice"), true);
	DM(bob, "alice", );
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
}
END_TEST

/* History is of what accounts say to one another. */
START_TEST(what_the_store_hears)
{
	uint64_t a = world_login(0, "alice", "192.0.2.1"), b = world_login(0, "bob", "192.0.2.1");

	storeend_account("alice");
	storeend_account("bob");
	ck_assert_uint_eq(ASK(dm, 0, .user = a, .to = S("al"), .text = S("x")), MSG_e_refused);
	logged_in(a, "alice");
	ck_assert(world_nick(0, b, "bo"));
	DM(a, "bo", );
	ck_assert(!(world_last()->targets >> SUB_STORE & 1) && LAST(dm).to_account.n == 0);
	logged_in(b, "bob");
	DM(a, "bo", );
	ck_assert(world_last()->targets >> SUB_STORE & 1);
	ck_str(LAST(dm).to_account, "bob");
	proc.opt.history_direct = 0;
	DM(a, "bo", );
	ck_assert(!(world_last()->targets >> SUB_STORE & 1));
	/* when an account was seen */
	ck_assert(world_quit(0, a));
	ck_assert(world_last()->targets >> SUB_STORE & 1);
}
END_TEST

/* --- a new registry ------------------------------------------------------------------------------------------------ */

START_TEST(accounts_come_back)
{
	static char list[PAGE_MAX];
	char name[24];
	size_t n = 0;
	unsigned many = 2200;

	for (unsigned i = 1; i <= many; i++) {
		struct restore_account a = {.id = i, .flags = i % 2, .kept = i % 7};

		bprintf(name, sizeof(name), "Name%u", i);
		a.name = str_of(name);
		n = restore_account_put(list, n, sizeof(list), &a);
		ck_assert_uint_gt(n, 0);
	}
	/* twice does no harm */
	for (unsigned again = 0; again < 2; again++) {
		STORE_SAYS(s_accounts, .list = {list, n});
		for (unsigned i = 1; i <= many; i++) {
			const struct reg_account *a;

			bprintf(name, sizeof(name), "nAME%u", i);
			a = account_named(S(name));
			ck_assert(a != NULL && a->id == i && a->flags == i % 2 && a->kept == i % 7);
		}
		ck_assert_uint_eq(br.reg.h->max_accounts - freelist_left(&br.reg.free_accounts),
				  many);
	}
	ck_assert_uint_eq(world_last()->targets, 0);
	ck_assert_ptr_null(account_named(S("name0")));
}
END_TEST

/* A name that is another account in the database of now: who was logged in to the one before is so no more. */
START_TEST(another_database)
{
	uint64_t u = world_login(0, "alice", "192.0.2.1");
	char list[128];
	struct restore_account a = {.id = 4711, .name = STR_LIT("ALICE")};

	storeend_account("alice");
	logged_in(u, "alice");
	STORE_SAYS(s_accounts, .list = {list, restore_account_put(list, 0, sizeof(list), &a)});
	ck_assert_uint_eq(account_id_named(S("alice")), 4711);
	ck_assert_str_eq(world_user(&world, "alice").account, "");
	logged_in(u, "alice");
	ck_assert(account_made(S("alice"), 4712, 0, 0));
	ck_assert_str_eq(world_user(&world, "alice").account, "");
	account_deleted(S("alice"));
}
END_TEST

/* The name of an account that is deleted is anybody's: nobody is told to log in. */
START_TEST(deleted_with_somebody_in_it)
{
	uint64_t u = world_login(0, "alice", "192.0.2.1"), seq, at;
	struct m_e_account e;

	storeend_account("alice");
	logged_in(u, "alice");
	account_disabled(S("alice"), true);
	ck_assert_uint_eq(LAST(account).why, LOGOUT_DISABLED);
	ck_assert_uint_gt(LAST(account).reserved, 0);
	logged_in(u, "alice");
	seq = br.j.seq;
	account_deleted(S("alice"));
	ck_assert(journal_find(&br.j, seq, &at));
	ck_assert(
	    m_e_account_get(journal_at(&br.j, &at)->data, journal_at(&br.j, &at)->event_len, &e));
	ck_assert_uint_eq(e.why, LOGOUT_DELETED);
	ck_assert_uint_eq(e.reserved, 0);
	time_over(u);
	ck_assert_str_eq(called(u), "alice");
}
END_TEST

/* More than there is room for: the first come in. */
START_TEST(too_many_accounts)
{
	static char list[PAGE_MAX];
	char name[24];

	for (unsigned at = 0; at < 3200;) {
		size_t n = 0;

		for (unsigned k = 0; k < 800; k++, at++) {
			struct restore_account a = {.id = at + 1};

			bprintf(name, sizeof(name), "n%u", at);
			a.name = str_of(name);
			n = restore_account_put(list, n, sizeof(list), &a);
		}
		STORE_SAYS(s_accounts, .list = {list, n});
	}
	ck_assert_uint_eq(freelist_left(&br.reg.free_accounts), 0);
	ck_assert_ptr_nonnull(account_named(S("n2999")));
	ck_assert_ptr_null(account_named(S("n3000")));
	ck_assert(!account_made(S("another"), 9999, 0, 0));
	account_deleted(S("n17"));
	ck_assert(account_made(S("another"), 9999, 0, 0));
}
END_TEST

/* The index through coming and going, against a plain list. */
START_TEST(coming_and_going)
{
	static bool there[500];
	char name[24];
	unsigned seed = 7;

	for (unsigned i = 0; i < 5000; i++) {
		unsigned k;

		seed = seed * 1103515245 + 12345;
		k = seed >> 8 & 511;
		if (k >= 500)
			continue;
		bprintf(name, sizeof(name), "n%u", k);
		if (there[k])
			account_deleted(S(name));
		else
			ck_assert(account_made(S(name), k + 1, 0, 0));
		there[k] = !there[k];
		if (i == 2500)
			world_reopen(&world);
	}
	for (unsigned k = 0; k < 500; k++) {
		bprintf(name, sizeof(name), "N%u", k);
		ck_assert_uint_eq(account_id_named(S(name)), there[k] ? k + 1 : 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reserve");
	TCase *t = tcase_create("reserve");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_guest_has_a_while);
	tcase_add_test(t, no_time_at_all);
	tcase_add_test(t, its_owner_wants_it);
	tcase_add_test(t, registered_under_a_guest);
	tcase_add_test(t, another_broker);
	tcase_add_test(t, kept_for_the_absent);
	tcase_add_test(t, nobody_keeps_anything);
	tcase_add_test(t, what_the_store_hears);
	tcase_add_test(t, accounts_come_back);
	tcase_add_test(t, another_database);
	tcase_add_test(t, deleted_with_somebody_in_it);
	tcase_add_test(t, too_many_accounts);
	tcase_add_test(t, coming_and_going);
	return unit_run(s);
}
