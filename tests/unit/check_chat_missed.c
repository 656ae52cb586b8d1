/* chat's session after a loss: what was missed comes once and in its order, and what was on its way is said again or given up. */
#include "config.h"

#include "chatter.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

/* Gone and back: from the last one on, each once, live ones behind. */
START_TEST(catching_up)
{
	unsigned long ask;

	line("@msgid=0000000000003 :bob!u@h PRIVMSG #lobby :three");
	session_lost(&s);
	showed();
	log_in();
	said();
	line("@msgid=0000000000009 :me!u@h JOIN #lobby * :me");
	ask = s.rooms->ask;
	ck_assert_str_eq(strchr(said(), ' '), " CHATHISTORY AFTER #lobby msgid=0000000000003 100|");
	showed();
	line("@msgid=000000000000b :bob!u@h PRIVMSG #lobby :live");
	ck_assert_str_eq(showed(), "");
	line("@label=%lu :srv BATCH +h chathistory #lobby", ask);
	line("@batch=h;msgid=0000000000003 :bob!u@h PRIVMSG #lobby :three");
	line("@batch=h;msgid=0000000000005 :bob!u@h PRIVMSG #lobby :five");
	line("@batch=h;msgid=000000000000b :bob!u@h PRIVMSG #lobby :live");
	line(":srv BATCH -h");
	ck_assert_str_eq(showed(), "bob: five\nbob: live\n");
	line("@msgid=000000000000c :bob!u@h PRIVMSG #lobby :after");
	ck_assert_str_eq(showed(), "bob: after\n");
}
END_TEST

/* A room that another client of our account is in: our JOIN is no event there and has no number. Nothing had been said there. */
START_TEST(catching_up_from_nothing)
{
	session_want_room(&s, "den");
	line("@time=2026-01-01T00:00:10.000Z :me!u@h JOIN #den * :me");
	for (unsigned i = 0; i < 2; i++) { /* and so it is when that is lost before it has come */
		session_lost(&s);
		log_in_to("CHATHISTORY=2");
		said();
		line("@time=2026-01-01T00:00:20.000Z :me!u@h JOIN #den * :me");
		ck_assert_str_eq(strchr(said(), ' '),
				 " CHATHISTORY AFTER #den timestamp=2026-01-01T00:00:09.999Z 2|");
	}
	line("@label=%lu :srv BATCH +h chathistory #den", s.rooms->next->ask);
	line("@batch=h;msgid=0000000000005 :bob!u@h PRIVMSG #den :five");
	line("@batch=h;msgid=0000000000006 :bob!u@h PRIVMSG #den :six");
	said();
	showed();
	line(":srv BATCH -h");
	ck_assert_str_eq(strchr(said(), ' '), " CHATHISTORY AFTER #den msgid=0000000000006 2|");
}
END_TEST

/* There are numbers of another kind, too. */
START_TEST(catching_up_without_numbers)
{
	session_want_room(&s, "den");
	line("@time=2026-01-01T00:00:10.000Z;msgid=a+b :me!u@h JOIN #den * :me");
	line("@time=2026-01-01T00:00:15.000Z;msgid=c+d :bob!u@h PRIVMSG #den :fifteen");
	session_lost(&s);
	log_in();
	said();
	line("@time=2026-01-01T00:00:20.000Z;msgid=e+f :me!u@h JOIN #den * :me");
	ck_assert_str_eq(strchr(said(), ' '),
			 " CHATHISTORY AFTER #den timestamp=2026-01-01T00:00:15.000Z 100|");
}
END_TEST

/* It is one since the other client has gone. */
START_TEST(catching_up_before_a_number)
{
	session_want_room(&s, "den");
	line("@time=2026-01-01T00:00:10.000Z :me!u@h JOIN #den * :me");
	session_lost(&s);
	log_in_to("CHATHISTORY=1");
	line("@time=2026-01-01T00:00:20.000Z;msgid=0000000000009 :me!u@h JOIN #den * :me");
	line("@label=%lu :srv BATCH +h chathistory #den", s.rooms->next->ask);
	line("@batch=h;msgid=0000000000005 :bob!u@h PRIVMSG #den :five");
	said();
	line(":srv BATCH -h");
	ck_assert_str_eq(strchr(said(), ' '), " CHATHISTORY AFTER #den msgid=0000000000005 1|");
}
END_TEST

/* What was said to our account meanwhile is fetched from the loss on, whatever the new connection has told by then. */
START_TEST(catching_up_with_people)
{
	unsigned long ask;
	const char *out;

	line("@time=2026-01-01T00:00:10.000Z :bob!u@h PRIVMSG #lobby :ten");
	for (unsigned i = 0; i < 2; i++) { /* and so it is when that is lost before it has come */
		session_lost(&s);
		said();
		session_begin(&s, true);
		line(":srv CAP * LS :batch labeled-response server-time draft/chathistory");
		line(":srv CAP me ACK :batch labeled-response server-time draft/chathistory");
		line(":srv 001 me :Welcome");
		line(":srv 005 me CHATHISTORY=500 :are supported");
		line("@time=2026-01-01T00:00:20.000Z :srv 900 me me!u@h me :You are now logged in");
		line(":srv 422 me :no MOTD");
		out = said();
		ck_assert_ptr_nonnull(
		    strstr(out, " CHATHISTORY TARGETS timestamp=2026-01-01T00:00:09.999Z "));
	}
	line("@time=2026-01-01T00:00:30.000Z :me!u@h JOIN #lobby");
	said();
	line("@label=%lu :srv BATCH +t draft/chathistory-targets", s.rooms->ask - 1);
	line("@batch=t :srv CHATHISTORY TARGETS bob 2026-01-01T00:00:15.000Z");
	ck_assert_str_eq(strchr(said(), ' '),
			 " CHATHISTORY LATEST bob timestamp=2026-01-01T00:00:09.999Z 500|");
	ask = s.label;
	line(":srv BATCH -t");
	/* another answer is not that one: what is said to people waits for it */
	session_upload(&s, "bob");
	session_typed(&s, "hello@bob");
	line("@label=%lu :srv UPLOAD bob https://chat.example/u", s.upload);
	ck_assert_str_eq(strchr(said(), ' '), " UPLOAD bob|");
	line("@label=%lu :srv BATCH +h chathistory bob", ask);
	line(":srv BATCH -h");
	ck_assert_str_eq(strchr(said(), ' '), " PRIVMSG bob :hello|");
}
END_TEST

/* What was said while the first lines of before were on their way is not from before. */
START_TEST(said_since)
{
	s.history = 10;
	session_want_room(&s, "den");
	line("@msgid=0000000000005 :me!u@h JOIN #den * :me");
	showed();
	line("@label=%lu :srv BATCH +h chathistory #den", s.rooms->next->ask);
	line("@batch=h;msgid=0000000000004;time=2026-01-01T00:00:10.000Z :bob!u@h PRIVMSG #den "
	     ":before");
	line("@batch=h;msgid=0000000000006;time=2026-01-01T00:00:20.000Z :bob!u@h PRIVMSG #den "
	     ":since");
	line(":srv BATCH -h");
	{
		const char *text = showed();

		ck_assert_ptr_null(strstr(text, "\n[den] bob: before\n"));
		ck_assert_ptr_nonnull(strstr(text, "[den] bob: before\n"));
		ck_assert_ptr_nonnull(strstr(text, "\n[den] bob: since\n"));
	}
}
END_TEST

static void
spoken(const char *tags, unsigned n)
{
	line("@%smsgid=%013u;time=2026-01-01T00:00:20.000Z :bob!u@h PRIVMSG #den :%u", tags, n, n);
}

/* More came while the first lines of before, or of what was missed, were on their way than is held: it is asked for. With and
 * without a number of our coming. */
START_TEST(said_much_since)
{
	unsigned first = 1000, last = first + SESSION_HELD_MAX + 100, next = first;
	bool numbered = _i != 0, again = _i == 2;
	char expected[100], *at;

	s.history = 2;
	session_want_room(&s, "den");
	line("@time=2026-01-01T00:00:10.000Z%s :me!u@h JOIN #den",
	     numbered ? ";msgid=0000000000900" : "");
	if (again) {
		session_lost(&s);
		log_in();
		line("@time=2026-01-01T00:00:15.000Z :me!u@h JOIN #den");
	}
	showed();
	happened();
	said();
	for (unsigned i = first; i < last; i++)
		spoken("", i);
	line("@label=%lu :srv BATCH +h chathistory #den", s.rooms->next->ask);
	line("@batch=h;msgid=0000000000009;time=2026-01-01T00:00:05.000Z :bob!u@h PRIVMSG #den :0");
	if (!again)
		spoken("batch=h;", last - 1); /* the server was late, too */
	ck_assert_str_eq(happened(), "");
	line(":srv BATCH -h");
	bprintf(expected, sizeof(expected), " CHATHISTORY AFTER #den msgid=%013u 100|",
		first + SESSION_HELD_MAX - 1);
	ck_assert_str_eq(strchr(said(), ' '), expected);
	line("@label=%lu :srv BATCH +i chathistory #den", s.rooms->next->ask);
	for (unsigned i = first + SESSION_HELD_MAX; i < last; i++)
		spoken("batch=i;", i);
	spoken("", last); /* meanwhile */
	line(":srv BATCH -i");
	line("@label=%lu :srv BATCH +j chathistory #den", s.rooms->next->ask);
	line(":srv BATCH -j");
	ck_assert_str_eq(happened(), "in den.");
	for (at = strstr(showed(), "[den] bob: "); at != NULL; at = strstr(at + 1, "[den] bob: ")) {
		unsigned n = (unsigned)strtoul(at + 11, NULL, 10);

		ck_assert_uint_eq(n, n == 0 ? 0 : next++);
	}
	ck_assert_uint_eq(next, last + 1);
}
END_TEST

START_TEST(unanswered)
{
	session_typed(&s, "arrived");
	session_typed(&s, "lost");
	session_typed(&s, "secret@bob");
	session_lost(&s);
	session_typed(&s, "meanwhile");
	log_in();
	ck_assert_ptr_nonnull(
	    strstr(showed(), "It is not known whether this arrived at bob: secret"));
	said();
	line("@msgid=0000000000009 :me!u@h JOIN #lobby * :me");
	said();
	line("@label=%lu :srv BATCH +h chathistory #lobby", s.rooms->ask);
	line("@batch=h;msgid=0000000000004 :me!u@h PRIVMSG #lobby :arrived");
	line(":srv BATCH -h");
	{
		const char *out = said();

		ck_assert_ptr_null(strstr(out, "arrived"));
		ck_assert_ptr_nonnull(strstr(out, "PRIVMSG #lobby :lost|"));
		ck_assert_ptr_nonnull(strstr(out, "PRIVMSG #lobby :meanwhile|"));
		ck_assert(strstr(out, ":lost|") < strstr(out, ":meanwhile|"));
	}
}
END_TEST

/* The server knows our numbers: it may have cleaned the text, and another client of ours may have said the same. */
START_TEST(unanswered_by_number)
{
	const char *out;

	session_typed(&s, "with\ta tab");
	session_say(&s, "#lobby", STR_LIT("two\nlines"), false);
	session_typed(&s, "lost");
	session_lost(&s);
	log_in();
	line("@msgid=0000000000009 :me!u@h JOIN #lobby * :me");
	said();
	line("@label=%lu :srv BATCH +h chathistory #lobby", s.rooms->ask);
	line("@batch=h;+chatd.org/id=mine-1 :me!u@h PRIVMSG #lobby :with a tab");
	line("@batch=h;+chatd.org/id=mine-2 :me!u@h BATCH +m draft/multiline #lobby");
	line("@batch=m :me!u@h PRIVMSG #lobby :two");
	line(":srv BATCH -m");
	line("@batch=h;+chatd.org/id=other-3 :me!u@h PRIVMSG #lobby :lost");
	line(":srv BATCH -h");
	out = said();
	ck_assert_str_eq(strchr(out, ';'), ";+chatd.org/id=mine-3 PRIVMSG #lobby :lost|");
}
END_TEST

/* The history that it is looked for in has not all that was said: it may have arrived, and be there later. */
START_TEST(unwritten)
{
	session_typed(&s, "arrived?");
	session_lost(&s);
	session_typed(&s, "meanwhile");
	log_in();
	line("@msgid=0000000000009 :me!u@h JOIN #lobby * :me");
	said();
	showed();
	line("@label=%lu :srv BATCH +h chathistory #lobby", s.rooms->ask);
	line("@batch=h :srv NOTE CHATHISTORY MESSAGES_MISSING :The newest messages may be missing");
	line(":srv BATCH -h");
	ck_assert_str_eq(showed(), "The newest messages may be missing\n"
				   "It is not known whether this arrived at #lobby: arrived?\n");
	{
		const char *out = said();

		ck_assert_ptr_null(strstr(out, "arrived"));
		ck_assert_ptr_nonnull(strstr(out, "PRIVMSG #lobby :meanwhile|"));
	}
	/* the next time it may be another matter */
	session_typed(&s, "once more");
	said();
	session_lost(&s);
	log_in();
	line("@msgid=000000000000a :me!u@h JOIN #lobby * :me");
	said();
	line("@label=%lu :srv BATCH +i chathistory #lobby", s.rooms->ask);
	line(":srv BATCH -i");
	ck_assert_ptr_nonnull(strstr(said(), "PRIVMSG #lobby :once more|"));
}
END_TEST

/* A room that we are not in has no history for us; nor has one that we have left. */
START_TEST(unanswered_elsewhere)
{
	session_say(&s, "#den", STR_LIT("lost"), false);
	session_lost(&s);
	session_say(&s, "#den", STR_LIT("meanwhile"), false);
	log_in();
	ck_assert_ptr_nonnull(
	    strstr(showed(), "It is not known whether this arrived at #den: lost"));
	ck_assert_ptr_nonnull(strstr(said(), "PRIVMSG #den :meanwhile|"));
	line("@label=2 :srv 404 me #den :Cannot send to channel");
	ck_assert_uint_eq(s.npending, 0);
	line("@msgid=0000000000009 :me!u@h JOIN #lobby * :me");
	session_typed(&s, "waits");
	said();
	line(":bob!u@h KICK #lobby me :enough");
	ck_assert_ptr_nonnull(strstr(said(), "PRIVMSG #lobby :waits|"));
}
END_TEST

/* The room that something waits for cannot be entered any more. */
START_TEST(locked_out)
{
	session_lost(&s);
	session_typed(&s, "meanwhile");
	log_in();
	said();
	showed();
	line(":srv 474 me #lobby :Cannot join channel (+b)");
	ck_assert_str_eq(showed(), "Sorry, lobby: cannot join channel (+b).\n"
				   "Couldn't send message :( cannot join channel (+b): meanwhile\n"
				   "You are in no room now: /join ROOM, or /rooms for a list.\n");
	ck_assert_uint_eq(s.npending, 0);
	session_typed(&s, "hello?");
	ck_assert_str_eq(said(), "");
}
END_TEST

int
main(void)
{
	Suite *su = suite_create("chat: missed");
	TCase *t = tcase_create("after a loss");

	tcase_add_checked_fixture(t, chatter_enter, chatter_end);
	tcase_add_test(t, catching_up);
	tcase_add_test(t, catching_up_from_nothing);
	tcase_add_test(t, catching_up_before_a_number);
	tcase_add_test(t, catching_up_without_numbers);
	tcase_add_test(t, catching_up_with_people);
	tcase_add_test(t, said_since);
	tcase_add_loop_test(t, said_much_since, 0, 3);
	tcase_add_test(t, unanswered);
	tcase_add_test(t, unanswered_by_number);
	tcase_add_test(t, unwritten);
	tcase_add_test(t, unanswered_elsewhere);
	tcase_add_test(t, locked_out);
	suite_add_tcase(su, t);
	return unit_run(su);
}
