/* check_store_delete.c - what goes from the database, and what goes with it: the old, the purged, the words in the index, rows that
 * nothing refers to any more. */
#include "config.h"

#include "lib/util.h"
#include "scribe.h"
#include "store/settings.h"
#include "store/writer.h"

START_TEST(accounts_go_with_their_messages)
{
	uint64_t id = make_account("alice");

	for (uint64_t i = 0; i < 1200; i++)
		FEED(e_say, .seq = 10 + i, .at = i, .from = 1, .room = DEN,
		     .name = S(i % 2 ? "alice" : "bob"), .uhost = S("b@c"),
		     .account = S(i % 2 ? "alice" : ""), .room_name = S("den"),
		     .text = S(i % 2 ? "mine" : "yours"));
	flush();
	FEED(s_account, .ticket = 8, .op = ACCOUNT_DELETE, .id = id, .text = S("messages"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	while (writer_rest_here() == 0) {
	}
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 600);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'mine'"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM chore"), 0);
	/* where it came from is not kept either */
	ck_assert_uint_eq(number("SELECT count(*) FROM sender WHERE name='alice'"), 0);
	/* its number is never another's */
	ck_assert_uint_gt(make_account("alice"), id);
	FEED(s_account, .ticket = 9, .op = ACCOUNT_DELETE, .id = id);
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 1);
}
END_TEST

START_TEST(too_old_and_too_many)
{
	uint64_t now = wall_ms(), day = 24 * 3600 * 1000;

	opt.history_days = 10;
	opt.history_rows = 300;
	settings_put(&opt);
	for (uint64_t i = 0; i < 1000; i++) {
		FEED(e_say, .seq = 10 + i,
		     .at = i < 500 ? now - 20 * day + i * 2000 : now - day + i * 2000,
		     .room = ID_MAKE(i % 3, 1), .name = S("bob"), .uhost = S("b@c"),
		     .room_name = S("den"), .text = S("word"));
		if (i % 100 == 99)
			flush();
	}
	opt.history_days = 0;
	settings_put(&opt);
	flush();
	ck_assert_uint_le(
	    number("SELECT max(n) FROM (SELECT count(*) AS n FROM message GROUP BY place)"), 334);
	/* the next pass begins with the writer's next life */
	opt.history_days = 10;
	settings_put(&opt);
	scribe_close();
	scribe_open();
	while (writer_rest_here() == 0) {
	}
	ck_assert_uint_eq(number("SELECT count(*) FROM message WHERE seq<=501"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 500);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'word'"), 500);
}
END_TEST

/* The broker counts what waits for an account: it is told of what goes before it has been shown, not of what was. */
START_TEST(what_waits_no_more_is_told)
{
	const char *frame;

	make_account("Bob");
	for (uint64_t seq = 7; seq < 10; seq++)
		FEED(e_dm, .seq = seq, .from = 3, .name = S("guest"), .uhost = S("b@c"),
		     .to_name = S("Bob"), .to_account = S("Bob"), .kept = 1, .text = S("call me"));
	flush();
	FEED(e_redact, .seq = 10, .msg = 8);
	flush();
	ck_str(ANSWER(s_unkept).account, "Bob");
	ck_assert_uint_eq(number("SELECT count(*) FROM kept"), 2);
	FEED(e_kept, .seq = 11, .user = 1, .account = S("Bob"), .upto = 10);
	flush();
	ck_assert_uint_eq(scribe_answer(MSG_s_unkept, &frame), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM kept"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 0);
	FEED(e_redact, .seq = 12, .msg = 9);
	flush();
	ck_assert_uint_eq(scribe_answer(MSG_s_unkept, &frame), 0);
}
END_TEST

START_TEST(purged)
{
	for (uint64_t i = 0; i < 100; i++)
		say(10 + i, i % 2 ? DEN : ID_MAKE(4, 1), "word");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 100);
	FEED(s_admin, .ticket = 5, .op = STORE_HISTORY_PURGE,
	     .args = S("nowhere\x1f"
		       "0"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NO_SUCH_ROOM);
	for (uint64_t i = 0; i < 3000; i++)
		FEED(e_join, .seq = 200 + i, .at = 70000 + i, .user = 1,
		     .room = i % 2 ? DEN : ID_MAKE(4, 1), .name = S("bob"),
		     .uhost = S("telnet@192.0.2.1"), .room_name = S("den"));
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM event"), 3000);
	FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
	     .args = S("*\x1f"
		       "60000"));
	flush();
	ck_assert_uint_eq(ANSWER(s_done).code, ERR_NONE);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 50);
	ck_assert_uint_eq(number("SELECT count(*) FROM event"), 3000);
	FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
	     .args = S("*\x1f"
		       "71000"));
	flush();
	ck_assert(str_eq(ANSWER(s_done).text, S("11 messages and 1000 events deleted")));
	FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
	     .args = S("*\x1f"
		       "0"));
	flush();
	ck_assert(str_eq(ANSWER(s_done).text, S("39 messages and 2000 events deleted")));
	ck_assert_uint_eq(number("SELECT count(*) FROM event"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM chore"), 0);
	ck_assert_uint_eq(
	    number("SELECT count(*) FROM message_text WHERE message_text MATCH 'word'"), 0);
}
END_TEST

#define IN_THE_INDEX \
	"SELECT count(*) FROM message_text_data WHERE instr(block, CAST('xylophone' AS BLOB)) > 0"
#define UNTIDY "SELECT value FROM meta WHERE name='untidy'"

/* What is purged leaves the index by and by; who writes may end in the midst of it, or before it has begun. */
START_TEST(purged_words_leave_the_index_over_lives)
{
	for (unsigned ends = 0; ends < 2; ends++) {
		for (uint64_t i = 0; i < 100; i++)
			say(1000 * ends + i + 1, DEN, i % 2 ? "xylophone" : "zither");
		flush();
		ck_assert_uint_gt(number(IN_THE_INDEX), 0);
		FEED(s_admin, .ticket = 5, .op = STORE_HISTORY_PURGE,
		     .args = S("*\x1f"
			       "0"));
		if (ends > 0)
			writer_rest_here();
		scribe_close();
		ck_assert_uint_gt(number(UNTIDY), 0);
		scribe_open();
		while (writer_rest_here() == 0) {
		}
		ck_assert_uint_eq(number(UNTIDY), 0);
		ck_assert_uint_eq(number(IN_THE_INDEX), 0);
	}
}
END_TEST

/* One after the other, bob's and bobby's. */
static void
say_in_turn(uint64_t from, unsigned n, const char *text)
{
	for (uint64_t seq = from; seq < from + n; seq++)
		FEED(e_say, .seq = seq, .at = 1000 * seq, .room = DEN,
		     .name = S(seq % 2 ? "bob" : "bobby"), .uhost = S("telnet@192.0.2.1"),
		     .room_name = S("den"), .text = S(text));
}

/* Whatever is due within a day is done; nothing is deleted for its age. */
static void
a_day_later(void)
{
	opt.history_days = 0;
	settings_put(&opt);
	writer_later_here(25 * 3600 * 1000);
	while (writer_rest_here() == 0) {
	}
}

#define SENDERS "SELECT count(*) FROM sender"

START_TEST(senders_of_nothing_go)
{
	say_in_turn(1, 1200, "word");
	FEED(e_topic, .seq = 2000, .at = 5, .room = DEN, .name = S("carol"), .uhost = S("b@c"),
	     .room_name = S("den"), .text = S("all that is left of her"));
	FEED(e_topic, .seq = 2001, .at = 5, .room = ID_MAKE(4, 1), .name = S("dora"),
	     .uhost = S("b@c"), .room_name = S("pit"), .text = S("x"));
	flush();
	a_day_later();
	ck_assert_uint_eq(number(SENDERS), 4);
	for (uint64_t seq = 1; seq <= 1200; seq += 2)
		FEED(e_redact, .seq = 3000 + seq, .at = 5, .room = DEN, .msg = seq);
	flush();
	ck_assert_uint_eq(number(SENDERS), 4);
	a_day_later();
	ck_assert_uint_eq(number(SENDERS), 3);
	ck_assert_uint_eq(number(SENDERS " WHERE name='bob'"), 0);
	/* as if it had never spoken */
	say(5000, DEN, "again");
	flush();
	ck_assert_uint_eq(number("SELECT count(*) FROM message m JOIN sender s ON s.id=m.sender"
				 " WHERE s.name='bob'"),
			  1);
}
END_TEST

/* Who says something while they are looked for is not one of them, wherever the walk is. */
START_TEST(senders_come_back_meanwhile)
{
	opt.history_days = 0;
	settings_put(&opt);
	for (unsigned slices = 0; slices < 12; slices++) {
		uint64_t seq = 10000 * (slices + 1);

		say_in_turn(seq, 1200, "word");
		flush();
		for (uint64_t i = 1; i < 1200; i += 2)
			FEED(e_redact, .seq = seq + 2000 + i, .at = 5, .room = DEN, .msg = seq + i);
		flush();
		writer_later_here(25 * 3600 * 1000);
		for (unsigned i = 0; i < slices; i++)
			writer_rest_here();
		say_in_turn(seq + 5001, 1, "here I am");
		while (writer_rest_here() == 0) {
		}
		ck_assert_uint_eq(number("SELECT count(*) FROM message WHERE sender NOT IN"
					 " (SELECT id FROM sender)"),
				  0);
		FEED(s_admin, .ticket = 6, .op = STORE_HISTORY_PURGE,
		     .args = S("*\x1f"
			       "0"));
		flush();
		a_day_later();
		ck_assert_uint_eq(number(SENDERS), 0);
	}
}
END_TEST

START_TEST(marks_of_what_is_gone_go)
{
	uint64_t bob;

	make_account("alice");
	bob = make_account("bob");
	say(5, DEN, "one");
	FEED(e_mark, .seq = 6, .account = S("alice"), .room = DEN, .room_name = S("den"),
	     .when = 5);
	FEED(e_mark, .seq = 7, .account = S("alice"), .peer = S("bob"), .when = 5);
	FEED(e_join, .seq = 8, .room = DEN, .name = S("alice"), .room_name = S("den"),
	     .uhost = S("b@c"), .account = S("alice"));
	flush();
	a_day_later();
	ck_assert_uint_eq(number("SELECT count(*) FROM mark"), 2);
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in"), 1);
	FEED(s_account, .ticket = 8, .op = ACCOUNT_DELETE, .id = bob);
	flush();
	a_day_later();
	ck_assert_uint_eq(number("SELECT count(*) FROM mark"), 1);
	/* in the next registry the room is not there, as it was not kept */
	scribe_close();
	writer_init(NULL, 2);
	scribe_open();
	a_day_later();
	ck_assert_uint_eq(number("SELECT count(*) FROM mark"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM was_in"), 0);
	ck_assert_uint_eq(number("SELECT count(*) FROM account"), 1);
	ck_assert_uint_eq(number("SELECT count(*) FROM message"), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_delete");
	TCase *w = scribe_case(s);

	tcase_add_test(w, accounts_go_with_their_messages);
	tcase_add_test(w, too_old_and_too_many);
	tcase_add_test(w, what_waits_no_more_is_told);
	tcase_add_test(w, purged);
	tcase_add_test(w, purged_words_leave_the_index_over_lives);
	tcase_add_test(w, senders_of_nothing_go);
	tcase_add_test(w, senders_come_back_meanwhile);
	tcase_add_test(w, marks_of_what_is_gone_go);
	return unit_run(s);
}
