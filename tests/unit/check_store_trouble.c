/* check_store_trouble.c - a database that cannot be written for a while, or is none. */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "ipc/store.h"
#include "scribe.h"
#include "store/db.h"
#include "store/schema.h"
#include "store/writer.h"

/* It tries again and again, as if time went by, until it wants to wait so long. */
static void
try_until(uint64_t pause)
{
	for (uint64_t ms; (ms = writer_rest_here()) < pause;)
		writer_later_here(ms);
}

START_TEST(locked_by_another)
{
	struct db other;

	ck_assert(db_open(&other, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&other, "BEGIN IMMEDIATE"));
	say(5, DEN, "waits");
	FEED(s_account, .ticket = 7, .op = ACCOUNT_CREATE, .name = S("alice"), .hash = S("h"));
	flush();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_BEHIND);
	ck_assert_uint_gt(writer_pending(), 0);
	say(6, DEN, "too");
	ck_assert_uint_gt(writer_rest_here(), 0);
	ck_assert(db_exec(&other, "ROLLBACK"));
	db_close(&other);
	try_until(1000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(ANSWER(s_done).ticket, 7);
	ck_assert_uint_eq(writer_pending(), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 1);
}
END_TEST

/* Events wait for as long as it takes, people do not. */
START_TEST(locked_for_long)
{
	struct db other;

	ck_assert(db_open(&other, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&other, "BEGIN IMMEDIATE"));
	say(5, DEN, "waits");
	FEED(s_account, .ticket = 7, .op = ACCOUNT_CREATE, .name = S("alice"), .hash = S("h"));
	scribe_forget();
	try_until(1600);
	ck_assert_uint_eq(ANSWER(s_done).ticket, 7);
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_STORE_AWAY);
	ck_assert(db_exec(&other, "ROLLBACK"));
	db_close(&other);
	for (uint64_t ms; (ms = writer_rest_here()) > 0 && ms < 5000;)
		writer_later_here(ms);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 0);
}
END_TEST

/* A new registry asked for what is kept while the file was closed, or could not be read: it is told as soon as that goes. */
START_TEST(a_new_registry_is_told_late)
{
	struct restore_account a;
	struct db other;
	const char *frame;
	struct str rest;

	make_account("alice");
	ck_assert(db_open(&other, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&other, "BEGIN IMMEDIATE"));
	say(5, DEN, "waits");
	flush();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_BEHIND);
	scribe_forget();
	FEED(s_begin, .restored = 0);
	ck_assert_uint_eq(scribe_answer(MSG_s_restored, &frame), 0);
	/* what cannot be written can be read */
	try_until(1000);
	rest = ANSWER(s_accounts).list;
	ck_assert(restore_account_next(&rest, &a) && str_eq(a.name, S("alice")));
	ck_assert_uint_eq(ANSWER(s_restored).done, 1);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_BEHIND);
	/* once */
	scribe_forget();
	ck_assert(db_exec(&other, "ROLLBACK"));
	try_until(3000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(scribe_answer(MSG_s_restored, &frame), 0);
	/* half of it is worth nothing */
	ck_assert(db_exec(&other, "ALTER TABLE room RENAME TO lost"));
	FEED(s_begin, .restored = 0);
	flush();
	ck_assert_uint_ne(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(scribe_answer(MSG_s_restored, &frame), 0);
	ck_assert_uint_eq(scribe_answer(MSG_s_accounts, &frame), 0);
	ck_assert(db_exec(&other, "ALTER TABLE lost RENAME TO room"));
	db_close(&other);
	try_until(3000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(ANSWER(s_restored).done, 1);
}
END_TEST

START_TEST(a_damaged_file_is_left_alone)
{
	FILE *f;
	char line[32] = "";

	scribe_close();
	f = fopen(DB_FILE, "w");
	fputs("somebody wrote over it, and it is longer than the header of a database, which has "
	      "one hundred "
	      "bytes, as is known",
	      f);
	fclose(f);
	scribe_open();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_UNUSABLE);
	say(5, DEN, "lost?");
	writer_rest_here();
	f = fopen(DB_FILE, "r");
	ck_assert_ptr_nonnull(fgets(line, 9, f));
	fclose(f);
	ck_assert_str_eq(line, "somebody");
	/* put right by hand */
	unlink(DB_FILE);
	try_until(3000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
}
END_TEST

START_TEST(a_file_that_was_moved)
{
	say(5, DEN, "one");
	flush();
	ck_assert_int_eq(rename(DB_FILE, "elsewhere"), 0);
	ck_assert_int_eq(rename(DB_FILE "-wal", "elsewhere-wal"), 0);
	say(6, DEN, "two");
	flush();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_BEHIND);
	ck_assert_int_ne(access(DB_FILE, F_OK), 0);
	ck_assert_int_eq(rename("elsewhere", DB_FILE), 0);
	if (access("elsewhere-wal", F_OK) == 0)
		ck_assert_int_eq(rename("elsewhere-wal", DB_FILE "-wal"), 0);
	try_until(3000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
}
END_TEST

/* What is asked of a database is done to no other; and who asked is told. */
START_TEST(another_file_in_its_place)
{
	struct db other;

	ck_assert(db_open(&other, "other", DB_MAKE) && schema_apply(&other));
	db_close(&other);
	say(5, DEN, "one");
	flush();
	FEED(s_account, .ticket = 7, .op = ACCOUNT_CREATE, .name = S("alice"), .hash = S("h"));
	say(6, DEN, "two");
	ck_assert_int_eq(unlink(DB_FILE "-wal") | unlink(DB_FILE "-shm"), 0);
	ck_assert_int_eq(rename("other", DB_FILE), 0);
	scribe_forget();
	try_until(3000);
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(ANSWER(s_state).upto, 0);
	ck_assert_uint_eq(ANSWER(s_done).ticket, 7);
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_STORE_AWAY);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 0);
	/* the events come again */
	say(5, DEN, "one");
	say(6, DEN, "two");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
}
END_TEST

START_TEST(what_cannot_be_kept_keeps_nothing_else_out)
{
	struct db other;

	make_account("alice");
	ck_assert(db_open(&other, DB_FILE, DB_WRITE));
	ck_assert(db_exec(&other, "DROP TABLE mark"));
	db_close(&other);
	say(5, DEN, "one");
	FEED(e_mark, .seq = 6, .user = 2, .account = S("alice"), .room = DEN, .room_name = S("den"),
	     .when = 77);
	say(7, DEN, "two");
	flush();
	ck_assert_uint_eq(ANSWER(s_state).state, STORE_WELL);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 2);
	ck_assert_uint_eq(number("SELECT value FROM meta WHERE name='seq'"), 7);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_trouble");
	TCase *w = scribe_case(s);

	tcase_add_test(w, locked_by_another);
	tcase_add_test(w, locked_for_long);
	tcase_add_test(w, a_new_registry_is_told_late);
	tcase_add_test(w, a_damaged_file_is_left_alone);
	tcase_add_test(w, a_file_that_was_moved);
	tcase_add_test(w, another_file_in_its_place);
	tcase_add_test(w, what_cannot_be_kept_keeps_nothing_else_out);
	return unit_run(s);
}
