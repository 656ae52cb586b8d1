/* check_store.c - the database: its schema from each version; what becomes of events and changes. The writer runs without
 * its thread. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "ipc/store.h"
#include "lib/util.h"
#include "scribe.h"
#include "store/db.h"
#include "store/schema.h"
#include "store/settings.h"

/* --- schema ---------------------------------------------------------------------------------------------- */

START_TEST(from_each_version)
{
	struct db db;

	for (unsigned v = 0; v <= SCHEMA_VERSION; v++) {
		unlink(DB_FILE);
		ck_assert(db_open(&db, DB_FILE, DB_MAKE));
		ck_assert(schema_apply_to(&db, v));
		ck_assert_uint_eq(schema_version(&db), v);
		/* what was kept by an older one stays as it was */
		if (v > 0)
			ck_assert(db_exec(
			    &db, "INSERT INTO message(seq, place, sender, at, kind, rank, text)"
				 " VALUES(5, 1, 1, 7, 0, 0, 'words')"));
		db_close(&db);
		ck_assert(db_open(&db, DB_FILE, DB_MAKE));
		ck_assert_msg(schema_apply(&db), "%s", db.why);
		ck_assert_uint_eq(schema_version(&db), SCHEMA_VERSION);
		ck_assert(db_exec(&db, "INSERT INTO clock VALUES(1, 2)"));
		db_close(&db);
		ck_assert_uint_eq(
		    number("SELECT count(*) FROM message WHERE text='words' AND file IS NULL"),
		    v > 0);
		ck_assert_uint_eq(number("SELECT count(*) FROM file"), 0);
	}
}
END_TEST

START_TEST(not_ours)
{
	struct db db;
	FILE *f = fopen(DB_FILE, "w");

	fputs("this is no database, but somebody's letter; it is not to be written over\n", f);
	fclose(f);
	ck_assert(!db_open(&db, DB_FILE, DB_MAKE));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	unlink(DB_FILE);
	ck_assert(db_open(&db, DB_FILE, DB_MAKE));
	ck_assert(db_exec(&db, "CREATE TABLE mine(a)"));
	ck_assert(!schema_apply(&db));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	db_clear(&db);
	ck_assert(db_exec(&db, "PRAGMA user_version=1000"));
	ck_assert(!schema_apply(&db));
	ck_assert_int_eq(db_trouble(&db), DB_DAMAGED);
	db_close(&db);
}
END_TEST

START_TEST(errors_stick)
{
	static const char *const sql[] = {"INSERT INTO meta VALUES(?, ?)", "SELECT * FROM nothing"};
	struct db_set set;
	struct db_query q;
	struct db db;

	ck_assert(db_open(&db, DB_FILE, DB_MAKE) && schema_apply(&db));
	db_set_init(&set, &db, sql, ARRAY_LEN(sql));
	q = db_query(&set, 1);
	ck_assert(!db_row(&q));
	ck_assert_int_eq(db_trouble(&db), DB_BUG);
	q = db_query(&set, 0);
	db_text(&q, STR_LIT("a"));
	db_int(&q, 1);
	ck_assert(!db_run(&q));
	db_clear(&db);
	q = db_query(&set, 0);
	db_text(&q, STR_LIT("a"));
	db_int(&q, 1);
	ck_assert(db_run(&q));
	ck_assert_uint_eq(db_changes(&db), 1);
	db_set_fini(&set);
	db_close(&db);
}
END_TEST

/* --- messages ---------------------------------------------------------------------------------------------- */

START_TEST(each_once)
{
	say(5, DEN, "one two");
	say(6, DEN, "two three");
	flush();
	ck_assert_uint_eq(ANSWER(s_state).upto, 6);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
	/* told again: what is there is passed over */
	say(5, DEN, "one two");
	say(6, DEN, "two three");
	say(7, DEN, "four");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 3);
	ck_assert_uint_eq(number("SELECT value FROM meta WHERE name='seq'"), 7);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'two'"), 2);
	ck_assert_uint_eq(number("SELECT count(*) FROM sender"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM place"), 1);
	/* a successor goes on behind it */
	scribe_close();
	scribe_open();
	ck_assert_uint_eq(ANSWER(s_state).upto, 7);
	say(7, DEN, "four");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 3);
}
END_TEST

START_TEST(taken_back_and_put_otherwise)
{
	say(5, DEN, "secret word");
	say(6, DEN, "wrong word");
	flush();
	FEED(e_redact, .seq = 7, .at = 7, .room = DEN, .msg = 5);
	FEED(e_edit, .seq = 8, .at = 8, .room = DEN, .msg = 6, .text = S("right word"));
	say(9, DEN, "secret too");
	FEED(e_redact, .seq = 10, .at = 10, .room = DEN, .msg = 9);
	FEED(e_redact, .seq = 11, .at = 11, .room = DEN, .msg = 4);
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
	ck_assert_uint_eq(number("SELECT edited FROM message WHERE text='right word'"), 8);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'secret OR wrong'"),
	    0);
	ck_assert_uint_eq(number("SELECT rowid FROM message_text WHERE message_text MATCH 'right'"),
			  6);
	FEED(s_admin, .ticket = 3, .op = STORE_CHECK, .args = S("ok"));
	flush();
	ck_assert_uint_eq(ANSWER(s_page).ticket, 3);
	ck_assert_ptr_nonnull(memmem(ANSWER(s_page).rows.p, ANSWER(s_page).rows.n, "ok", 2));
	ck_assert_ptr_null(memmem(ANSWER(s_page).rows.p, ANSWER(s_page).rows.n, "malformed", 9));
}
END_TEST

START_TEST(what_is_not_kept)
{
	FEED(e_say, .seq = 5, .room = DEN, .kind = MSG_TAGS, .name = S("a"), .uhost = S("b@c"),
	     .room_name = S("den"), .tags = S("+typing=active"));
	FEED(e_say, .seq = 6, .room = DEN, .kind = MSG_CTCP, .name = S("a"), .uhost = S("b@c"),
	     .room_name = S("den"), .text = S("VERSION"));
	FEED(e_dm, .seq = 7, .from = 1, .to = 2, .name = S("a"), .uhost = S("b@c"),
	     .to_name = S("b"), .text = S("between guests"));
	opt.history_rooms = 0;
	flush();
	settings_put(&opt);
	say(8, DEN, "not now");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 0);
	ck_assert_uint_eq(number("SELECT value FROM meta WHERE name='seq'"), 8);
}
END_TEST

START_TEST(between_accounts)
{
	uint64_t alice = make_account("alice"), bob = make_account("Bob");

	FEED(e_dm, .seq = 5, .from = 1, .to = 2, .name = S("alice"), .uhost = S("b@c"),
	     .account = S("alice"), .to_name = S("bob"), .to_account = S("bob"), .text = S("hi"));
	FEED(e_dm, .seq = 6, .from = 2, .to = 1, .name = S("bob"), .uhost = S("b@c"),
	     .account = S("Bob"), .to_name = S("alice"), .to_account = S("alice"), .text = S("ho"));
	/* waits: from a guest, and from an account */
	FEED(e_dm, .seq = 7, .from = 3, .name = S("guest"), .uhost = S("b@c"), .to_name = S("Bob"),
	     .to_account = S("Bob"), .kept = 1, .text = S("call me"));
	FEED(e_dm, .seq = 8, .from = 1, .name = S("alice"), .uhost = S("b@c"),
	     .account = S("alice"), .to_name = S("Bob"), .to_account = S("Bob"), .kept = 1,
	     .text = S("call me too"));
	FEED(e_mark, .seq = 9, .user = 2, .account = S("Bob"), .peer = S("alice"), .when = 77);
	FEED(e_mark, .seq = 10, .user = 2, .account = S("Bob"), .peer = S("alice"), .when = 66);
	flush();
	ck_assert_uint_eq(alice, 1);
	ck_assert_uint_eq(bob, 2);
	ck_assert_uint_eq(number("SELECT count(*) FROM message WHERE place="
				 "(SELECT id FROM place WHERE a=1 AND b=2)"),
			  3);
	ck_assert_uint_eq(number("SELECT count(*) FROM kept WHERE account=2"), 2);
	ck_assert_uint_eq(number("SELECT at FROM mark WHERE account=2"), 77);
	FEED(e_kept, .seq = 11, .account = S("Bob"), .upto = 8);
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM kept"), 0);
	/* the guest's is nobody's history */
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 3);
}
END_TEST

/* --- where accounts are -------------------------------------------------------------------------------------- */

START_TEST(came_and_left)
{
	make_account("alice");
	FEED(e_join, .seq = 5, .user = 1, .room = DEN, .flags = MEMBER_CREATED | MEMBER_OP,
	     .name = S("alice"), .room_name = S("den"), .uhost = S("b@c"), .account = S("alice"));
	flush();
	ck_assert_uint_eq(number("SELECT born FROM place"), 5);
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=0 AND came_seq=5"), 1);
	FEED(e_quit, .seq = 6, .user = 1, .name = S("alice"), .uhost = S("b@c"),
	     .account = S("alice"), .reason = S("bye"),
	     .rooms = {(const char *)&(uint64_t){DEN}, 1});
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=6 AND came_seq=0"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM event"), 2);
	FEED(e_join, .seq = 7, .user = 1, .room = DEN, .name = S("alice"), .room_name = S("den"),
	     .uhost = S("b@c"), .account = S("alice"));
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=6 AND came_seq=7"), 1);
	/* whoever stays there is not it, until it is again */
	FEED(e_account, .seq = 8, .user = 1, .name = S("alice"), .uhost = S("b@c"),
	     .was = S("alice"), .rooms = {(const char *)&(uint64_t){DEN}, 1});
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=8 AND came_seq=0"), 1);
	FEED(e_account, .seq = 9, .user = 1, .name = S("alice"), .uhost = S("b@c"),
	     .account = S("alice"), .rooms = {(const char *)&(uint64_t){DEN}, 1});
	FEED(e_account, .seq = 10, .user = 1, .name = S("alice"), .uhost = S("b@c"),
	     .account = S("alice"), .was = S("alice"),
	     .rooms = {(const char *)&(uint64_t){DEN}, 1});
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=8 AND came_seq=9"), 1);
	/* a new registry: nobody is anywhere */
	FEED(s_begin, .restored = 0);
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in WHERE left_seq=10 AND came_seq=0"),
			  1);
	FEED(e_part, .seq = 11, .user = 1, .room = DEN, .name = S("alice"), .room_name = S("den"),
	     .uhost = S("b@c"), .account = S("alice"));
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in"), 0);
}
END_TEST

/* --- accounts ------------------------------------------------------------------------------------------------ */

START_TEST(accounts_change)
{
	uint64_t id = make_account("Alice");

	FEED(s_account, .ticket = 8, .op = ACCOUNT_CREATE, .name = S("aLICE"), .hash = S("x"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_ACCOUNT_EXISTS);
	FEED(s_account, .ticket = 9, .op = ACCOUNT_PASSWORD, .id = id, .hash = S("new"));
	FEED(s_account, .ticket = 10, .op = ACCOUNT_EMAIL, .id = id, .text = S("a@example.org"));
	FEED(s_account, .ticket = 11, .op = ACCOUNT_DISABLE, .id = id);
	FEED(s_account, .ticket = 12, .op = ACCOUNT_CERT_ADD, .id = id, .text = S("aa"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).ticket, 12);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM account WHERE hash='new' AND scram='' AND flags=1"
		   " AND email='a@example.org'"),
	    1);
	/* that it is so already is no failure; nobody takes it away from another account */
	FEED(s_account, .ticket = 18, .op = ACCOUNT_CERT_ADD, .id = id, .text = S("aa"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	FEED(s_account, .ticket = 19, .op = ACCOUNT_CERT_ADD, .id = make_account("Bob"),
	     .text = S("aa"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_CERT_TAKEN);
	for (char print[] = "ba"; print[1] <= 'p'; print[1]++) {
		FEED(s_account, .ticket = 20, .op = ACCOUNT_CERT_ADD, .id = id, .text = S(print));
		flush();
		ck_assert_uint_eq(ANSWER(s_done).code, print[1] < 'p' ? ERR_NONE : ERR_CERTS_FULL);
	}
	ck_assert_uint_eq(number("SELECT count(*) FROM cert"), 16);
	FEED(s_account, .ticket = 13, .op = ACCOUNT_ENABLE, .id = id);
	FEED(s_account, .ticket = 14, .op = ACCOUNT_CERT_DEL, .id = id, .text = S("cc"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NOT_FOUND);
	/* another hash of the same password, unless there is another password */
	FEED(s_account, .ticket = 16, .op = ACCOUNT_REHASH, .id = id, .hash = S("again"),
	     .text = S("new"));
	FEED(s_account, .ticket = 17, .op = ACCOUNT_REHASH, .id = id, .hash = S("late"),
	     .text = S("new"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	ck_assert_uint_eq(number("SELECT count(*) FROM account WHERE hash='again'"), 1);
	FEED(s_account, .ticket = 15, .op = ACCOUNT_EMAIL, .id = 99, .text = S("x"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NO_ACCOUNT);
}
END_TEST

START_TEST(invitations)
{
	char word[65];

	FEED(s_admin, .ticket = 1, .op = STORE_INVITE_CREATE,
	     .args = S("den lobby\x1f"
		       "1\x1f"
		       "0"),
	     .by = S("root"));
	flush();
	bprintf(word, sizeof(word), STR_FMT, STR_ARG(ANSWER(s_done).text));
	ck_assert_uint_eq(strlen(word), 16);
	FEED(s_account, .ticket = 2, .op = ACCOUNT_CREATE, .name = S("eve"), .hash = S("h"),
	     .invite = S("guessed"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_INVITE_BAD);
	FEED(s_account, .ticket = 3, .op = ACCOUNT_CREATE, .name = S("bob"), .hash = S("h"),
	     .invite = S(word));
	FEED(s_account, .ticket = 4, .op = ACCOUNT_CREATE, .name = S("carol"), .hash = S("h"),
	     .invite = S(word));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_INVITE_BAD);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 1);
	ck_assert_uint_eq(number("SELECT used FROM invite"), 1);
}
END_TEST

START_TEST(told_to_a_new_registry)
{
	struct restore_account a;
	struct str rest;

	make_account("alice");
	make_account("bob");
	FEED(e_dm, .seq = 7, .from = 3, .name = S("guest"), .uhost = S("b@c"), .to_name = S("Bob"),
	     .to_account = S("Bob"), .kept = 1, .text = S("call me"));
	flush();
	FEED(s_begin, .restored = 0);
	flush();
	rest = ANSWER(s_accounts).list;
	ck_assert(restore_account_next(&rest, &a) && a.id == 1 && a.kept == 0);
	ck_assert(restore_account_next(&rest, &a) && str_eq(a.name, S("bob")) && a.kept == 1 &&
		  a.flags == ACCOUNT_SCRAM);
	ck_assert(!restore_account_next(&rest, &a));
	ck_assert_uint_eq(ANSWER(s_restored).done, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("tables");
	TCase *w = scribe_case(s);

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, scribe_enter, scribe_leave);
	tcase_add_test(t, from_each_version);
	tcase_add_test(t, not_ours);
	tcase_add_test(t, errors_stick);
	tcase_add_test(w, each_once);
	tcase_add_test(w, taken_back_and_put_otherwise);
	tcase_add_test(w, what_is_not_kept);
	tcase_add_test(w, between_accounts);
	tcase_add_test(w, came_and_left);
	tcase_add_test(w, accounts_change);
	tcase_add_test(w, invitations);
	tcase_add_test(w, told_to_a_new_registry);
	return unit_run(s);
}
