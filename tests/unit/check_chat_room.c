/* chat's session in a room: what it says to the server and shows, line by line. */
#include "config.h"

#include "chatter.h"

#include <stdlib.h>

#include "lib/util.h"
#include "tools/chat/complete.h"

/* A line and its way: to the room, to one person, nowhere. */
static const struct {
	const char *typed, *said, *happened;
} typed[] = {
    {"hello", "PRIVMSG #lobby :hello|", ""},
    {"hi@bob", "PRIVMSG bob :hi|", ""},
    {"mail a@b.com@bob", "PRIVMSG bob :mail a@b.com|", ""},
    {"secret@nobody ", "PRIVMSG nobody :secret|", ""},
    {"5 @ noon", "PRIVMSG #lobby :5 @ noon|", ""},
    {"a\\@bob", "PRIVMSG #lobby :a@bob|", ""},
    {"/say a@bob", "PRIVMSG #lobby :a@bob|", ""},
    {"//etc", "PRIVMSG #lobby :/etc|", ""},
    {"/me waves", "PRIVMSG #lobby :\001ACTION waves\001|", ""},
    {"/msg bob x@y", "PRIVMSG bob :x@y|", ""},
    {"!FILE my file.txt", "", "file my file.txt to #lobby."},
    {"!file x.png@bob", "", "file x.png to bob."},
    {"/file a@2x.png", "", "file a@2x.png to #lobby."},
    {"/file a.png@#den", "", "file a.png to #den."},
    {"image@#den", "", ""}, /* asks: see questions */
    {"FILE@bob", "", ""},
    {"/nick two words", "", ""},
    {"SHOW@server", "WHO *|", ""},
    {"!INFO anything", "NAMES #lobby|", ""},
    {"!Informal", "PRIVMSG #lobby :!Informal|", ""},
    {"quit@Server", "QUIT :|", "quit."},
    {"/q bye", "QUIT :bye|", "quit."},
    {"/join #den key", "JOIN #den key|", ""},
    {"/kick bob be nice", "KICK #lobby bob :be nice|", ""},
    {"/ban bob", "MODE #lobby +b bob!*@*|", ""},
    {"/ban 192.0.2.1", "MODE #lobby +b *!*@192.0.2.1|", ""},
    {"/room limit off", "MODE #lobby -l|", ""},
    {"/save 3", "", "save 3."},
    {"/nosuch x", "", ""},
    {"", "", ""},
};

START_TEST(what_is_typed)
{
	const char *out, *tag;

	session_typed(&s, typed[_i].typed);
	out = said();
	if (out[0] == '@' && (tag = strchr(out, ' ')) != NULL)
		out = tag + 1;
	ck_assert_str_eq(out, typed[_i].said);
	ck_assert_str_eq(happened(), typed[_i].happened);
}
END_TEST

START_TEST(questions)
{
	bool secret;

	session_typed(&s, "image@bob");
	ck_assert_ptr_nonnull(session_asks(&s, &secret));
	ck_assert(!secret);
	session_typed(&s, "https://example.org/x.png");
	ck_assert_str_eq(happened(), "image https://example.org/x.png to bob.");
	session_typed(&s, "image @#den");
	session_typed(&s, "x.png");
	ck_assert_str_eq(happened(), "image x.png to #den.");
	session_typed(&s, "file@bob");
	session_typed(&s, "x y@z.txt");
	ck_assert_str_eq(happened(), "file x y@z.txt to bob.");
	session_typed(&s, "/register");
	ck_assert(session_asks(&s, &secret) != NULL && secret);
	session_typed(&s, "abcdef");
	session_typed(&s, "abcdeg");
	ck_assert_ptr_nonnull(strstr(showed(), "not the same"));
	session_typed(&s, "/register");
	session_typed(&s, "abcdef");
	session_typed(&s, "abcdef");
	ck_assert_str_eq(said(), "REGISTER * * :abcdef|");
	session_typed(&s, "/password");
	session_typed(&s, "correct");
	session_typed(&s, "horse battery");
	session_typed(&s, "horse battery");
	ck_assert_str_eq(said(), "NS SET PASSWORD correct :horse battery|");
	/* what would be taken for another word is not said at all */
	session_typed(&s, "/password");
	session_typed(&s, "correct horse");
	ck_assert_ptr_null(session_asks(&s, &secret));
	session_typed(&s, "/account delete");
	session_typed(&s, "correct MESSAGES");
	session_typed(&s, "/invited word");
	session_typed(&s, "two words");
	session_typed(&s, "two words");
	ck_assert_str_eq(said(), "");
	{
		char text[300];

		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		session_typed(&s, "/register");
		session_typed(&s, text);
		ck_assert_ptr_nonnull(strstr(showed(), "too long"));
		ck_assert_ptr_null(session_asks(&s, &secret));
	}
	session_typed(&s, "/login");
	session_typed(&s, "");
	ck_assert_str_eq(said(), "");
	s.secure = false;
	session_typed(&s, "/login");
	ck_assert_ptr_null(session_asks(&s, &secret));
}
END_TEST

START_TEST(failures)
{
	session_typed(&s, "x@nobody");
	line("@label=%lu :srv 401 me nobody :No such nick/channel", s.label);
	ck_assert_str_eq(showed(), "Couldn't send message :( nobody here is called nobody.\n");
	session_typed(&s, "hello");
	line("@label=%lu :srv 404 me #lobby :You may not speak", s.label);
	ck_assert_str_eq(showed(), "Couldn't send message :( you may not speak.\n");
	ck_assert_uint_eq(s.npending, 0);
}
END_TEST

/* Too much at once: 263 names the command and no room. */
START_TEST(not_now)
{
	session_typed(&s, "x@carol");
	line("@label=%lu :srv 263 me PRIVMSG :Many people just now", s.label);
	session_typed(&s, "y@carol");
	line("@label=%lu :srv 263 me * :Many people just now", s.label);
	ck_assert_str_eq(showed(), "Couldn't send message :( many people just now.\n"
				   "Couldn't send message :( many people just now.\n");
	ck_assert_uint_eq(s.npending, 0);
	session_typed(&s, "/join one");
	session_typed(&s, "/join two");
	line(":srv 263 me JOIN :Many rooms just now");
	ck_assert_str_eq(showed(), "Sorry, one: many rooms just now.\n");
	ck_assert_ptr_null(session_room(&s, STR_LIT("one"), false));
	line(":me!u@h JOIN #two");
	ck_assert_str_eq(s.cur->name, "two");
	showed();
	line(":srv 263 me NICK :Many names just now");
	line(":srv 263 me JOIN :Many rooms just now");
	ck_assert_str_eq(showed(), "Sorry, many names just now.\nSorry, many rooms just now.\n");
	ck_assert_str_eq(s.cur->name, "two");
	s.script = true;
	session_want_room(&s, "three");
	line(":srv 263 me JOIN :Many rooms just now");
	ck_assert_str_eq(happened(), "in two.refused 5 many rooms just now.");
}
END_TEST

START_TEST(others)
{
	line(":ann!u@h JOIN #lobby");
	line(":ann!u@h PRIVMSG #lobby :hello \x1b[2Jme");
	line(":ann!u@h PRIVMSG me :psst");
	line(":ann!u@h PRIVMSG #lobby :\001ACTION waves\001");
	line(":ann!u@h MODE #lobby +ob-l ann *!*@x");
	line(":ann!u@h NICK :anna");
	line(":anna!u@h QUIT :Quit: bye");
	line(":bob!u@h KICK #lobby me :enough");
	ck_assert_str_eq(
	    showed(),
	    "ann has entered the chat.\nann: hello me\nann sent you \"psst\"\n* ann waves\n"
	    "ann has made ann an operator.\nann has banned *!*@x.\nann has removed the limit.\n"
	    "ann is now anna\nanna has left the chat. (bye)\n"
	    "You have been removed from lobby by bob (enough).\n"
	    "You are in no room now: /join ROOM, or /rooms for a list.\n");
}
END_TEST

START_TEST(multiline)
{
	line("@msgid=0000000000005 :bob!u@h BATCH +a draft/multiline #lobby");
	line("@batch=a :bob!u@h PRIVMSG #lobby :one");
	line("@batch=a;draft/multiline-concat :bob!u@h PRIVMSG #lobby : more");
	line("@batch=a :bob!u@h PRIVMSG #lobby :two");
	line("BATCH -a");
	ck_assert_str_eq(showed(), "bob: one more\n  two\n");
	ck_assert_uint_eq(s.nbatches, 0);
	session_say(&s, "#lobby", STR_LIT("a\nb"), false);
	ck_assert_str_eq(said(),
			 "@label=1;+chatd.org/id=mine-1 BATCH +m1 draft/multiline #lobby|"
			 "@batch=m1 PRIVMSG #lobby :a|@batch=m1 PRIVMSG #lobby :b|BATCH -m1|");
}
END_TEST

/* A long line is several on its way: what is too much of them is not sent at all. */
START_TEST(long_lines)
{
	char text[64 * 400];
	size_t n = 0;

	for (unsigned i = 0; i < 32; i++)
		n += bprintf(text + n, sizeof(text) - n, "%0390u\n", i);
	ck_assert(session_say(&s, "#lobby", (struct str){text, n - 1}, false));
	said();
	ck_assert(!session_say(&s, "#lobby", (struct str){text, n}, false));
	ck_assert_str_eq(said(), "");
	ck_assert_ptr_nonnull(strstr(showed(), "more than 64 lines of 380 bytes"));
}
END_TEST

START_TEST(files)
{
	bprintf(s.host, sizeof(s.host), "chat.example");
	line(":bob!u@h PRIVMSG #lobby :shared https://chat.example/files/1/x.png");
	line(":bob!u@h PRIVMSG #lobby :shared https://evil.example/files/1/x.png");
	line(":bob!u@h PRIVMSG #lobby :shared https://chat.example/other/x.png");
	line(":me!u@h PRIVMSG #lobby :shared https://chat.example/files/1/x.png");
	ck_assert_str_eq(happened(), "offer https://chat.example/files/1/x.png .");
	showed();
	line("@chatd.org/file=name=a%%26b.png&size=12345&type=image/png :bob!u@h PRIVMSG #lobby "
	     ":shared the file a (12 KiB) "
	     "http://page.example/files/2/a?e=1&s=2");
	ck_assert_str_eq(happened(), "offer http://page.example/files/2/a?e=1&s=2 a&b.png.");
	ck_assert_str_eq(
	    showed(),
	    "bob has shared the file a&b.png (12 KiB): http://page.example/files/2/a?e=1&s=2\n");
	line("@chatd.org/file=name=x.png&size=5&type=image/png :bob!u@h PRIVMSG me :shared the "
	     "file http://h/files/2/x");
	ck_assert_str_eq(showed(), "bob sent you an image: x.png (5 bytes): http://h/files/2/x\n");
	line("@chatd.org/file=name=x.png&size=5&gone=1 :bob!u@h PRIVMSG #lobby :shared the file "
	     "x.png (file expired)");
	ck_assert_str_eq(showed(), "bob has shared the file x.png (5 bytes) (file expired)\n");
	happened();
	line(":srv UPLOAD #lobby https://chat.example/u");
	ck_assert_str_eq(happened(), "");
	session_upload(&s, "bob");
	said();
	line("@label=%lu :srv UPLOAD bob https://chat.example/u", s.upload);
	ck_assert_str_eq(happened(), "upload bob https://chat.example/u -.");
	session_upload(&s, "bob");
	line("@label=%lu :srv 401 me bob :No such nick", s.upload);
	ck_assert_str_eq(happened(), "upload bob - .");
}
END_TEST

START_TEST(completion)
{
	struct complete c;

	line(":Bobby!u@h JOIN #lobby");
	complete(&s, "bo", 2, &c);
	ck_assert_uint_eq(c.n, 2);
	ck_assert_uint_eq(c.common, 3);
	complete(&s, "bobb", 4, &c);
	ck_assert_str_eq(c.word[0], "Bobby: ");
	complete(&s, "x bobb", 6, &c);
	ck_assert_str_eq(c.word[0], "Bobby ");
	ck_assert_uint_eq(c.start, 2);
	complete(&s, "hello@bobb", 10, &c);
	ck_assert_str_eq(c.word[0], "hello@Bobby");
	complete(&s, "/hi", 3, &c);
	ck_assert_str_eq(c.word[0], "/history ");
	complete(&s, "#lo", 3, &c);
	ck_assert_str_eq(c.word[0], "#lobby ");
	complete(&s, "", 0, &c);
	ck_assert_uint_eq(c.n, 0);
	/* more of them than are kept: what they have in common is common to all */
	for (unsigned i = 0; i < 100; i++)
		line(":zanna%u!u@h JOIN #lobby", i);
	line(":zebra!u@h JOIN #lobby");
	complete(&s, "x z", 3, &c);
	ck_assert_uint_eq(c.n, COMPLETE_MAX);
	ck_assert_uint_eq(c.common, 1);
}
END_TEST

/* The way back into a room with a key, whether it was typed or set by somebody there. */
START_TEST(keys)
{
	session_typed(&s, "/join den sesame");
	ck_assert_str_eq(said(), "JOIN #den sesame|");
	line(":me!u@h JOIN #den");
	line(":bob!u@h MODE #lobby +k open");
	session_lost(&s);
	log_in();
	ck_assert_ptr_nonnull(strstr(said(), "JOIN #lobby open|JOIN #den sesame|"));
	line(":me!u@h JOIN #den");
	line(":bob!u@h MODE #den -k *");
	session_lost(&s);
	log_in();
	ck_assert_ptr_nonnull(strstr(said(), "JOIN #den|"));
}
END_TEST

/* The rooms that other clients of its account are in are none of a script's. */
START_TEST(script_of_an_account)
{
	s.script = true;
	line(":me!u@h JOIN #elsewhere");
	line(":srv 353 me = #elsewhere :@me");
	line(":srv 366 me #elsewhere :End");
	line(":bob!u@h PRIVMSG #elsewhere :hello");
	line(":bob!u@h KICK #elsewhere me :out");
	ck_assert_str_eq(happened(), "");
	ck_assert_str_eq(said(), "");
}
END_TEST

/* A script that listens to a room is told that it cannot any more. */
START_TEST(script_sent_out)
{
	s.script = true;
	line(":bob!u@h KICK #lobby me :out");
	ck_assert_str_eq(happened(), "refused 2 removed from the room.");
}
END_TEST

static const struct {
	bool create;
	const char *asked, *names;
	const char *since; /* asked for then; NULL: it is not */
	const char *happened;
} made[] = {
    {false, ":srv 403 me #lobby :No such channel", "@me", ":srv 329 me #lobby 1767225610",
     "refused 2 there is no room lobby; --create makes it."},
    {false, ":srv 403 me #lobby :No such channel", "~me", "",
     "refused 2 there is no room lobby; --create makes it."},
    {false, ":srv 403 me #lobby :No such channel", "@me", ":srv 329 me #lobby 1767225609",
     "in lobby."}, /* private and ours, and nobody was there */
    {false, ":srv 403 me #lobby :No such channel", "me", NULL,
     "in lobby."}, /* it is never taken away */
    {false, ":srv 403 me #lobby :No such channel", "@me bob", NULL, "in lobby."}, /* private */
    {false, ":srv 324 me #lobby +nt", "@me", NULL, "in lobby."}, /* ours, and nobody was there */
    {false, ":srv 461 me MODE :Not enough parameters", "me bob", NULL, "in lobby."},
    {false, "", "@me", NULL, "in lobby."}, /* before it has been answered: our account is there */
    {true, "", "@me", NULL, "in lobby."},
};

/* A script makes a room only if it is to, and is in one when it knows that. */
START_TEST(script_makes_no_room)
{
	chatter_end();
	chatter_begin();
	s.script = true;
	s.create = made[_i].create;
	log_in();
	ck_assert_ptr_nonnull(strstr(said(), made[_i].create ? "CAP END|JOIN #lobby|"
							     : "CAP END|MODE #lobby|JOIN #lobby|"));
	happened();
	line("%s", made[_i].asked);
	line("@time=2026-01-01T00:00:10.500Z :me!u@h JOIN #lobby");
	ck_assert_str_eq(happened(), "");
	line(":srv 353 me = #lobby :%s", made[_i].names);
	said();
	line(":srv 366 me #lobby :End");
	if (made[_i].since != NULL) {
		ck_assert_str_eq(happened(), "");
		ck_assert_str_eq(said(), "MODE #lobby|NAMES #lobby|");
		line("%s", made[_i].since);
		line(":srv 353 me = #lobby :%s", made[_i].names);
		line(":srv 366 me #lobby :End");
	}
	ck_assert_str_eq(happened(), made[_i].happened);
	ck_assert_str_eq(said(), "");
	ck_assert_str_eq(showed(), "");
}
END_TEST

/* What somebody thinks of a message is a line. */
START_TEST(reactions)
{
	line("@msgid=0000000000009 :bob!u@h PRIVMSG #lobby :shall we?");
	showed();
	line("@+draft/reply=0000000000009;+draft/react=\xf0\x9f\x91\x8d :ann!u@h TAGMSG #lobby");
	ck_assert_str_eq(showed(), "ann reacts with \xf0\x9f\x91\x8d to bob: shall we?\n");
	line("@+draft/reply=0000000000009;+draft/unreact=\xf0\x9f\x91\x8d :ann!u@h TAGMSG #lobby");
	ck_assert_str_eq(showed(), "ann takes back \xf0\x9f\x91\x8d to bob: shall we?\n");
	line("@+draft/reply=0000000000001;+draft/react=a\\s\\n\x1b[2Jb :ann!u@h TAGMSG #lobby");
	ck_assert_str_eq(showed(), "ann reacts with a b\n"); /* one line */
	line("@+typing=active :ann!u@h TAGMSG #lobby");
	line(":ann!u@h TAGMSG #lobby");
	ck_assert_str_eq(showed(), "");
}
END_TEST

/* Who has an account has its other clients know what has been shown here. */
START_TEST(read_marks)
{
	line("@msgid=0000000000009;time=2026-01-01T00:00:09.000Z :bob!u@h PRIVMSG #lobby :nine");
	ck_assert(!session_unmarked(&s));
	line(":srv CAP me ACK :draft/read-marker");
	line(":srv 900 me me!u@h me :You are now logged in");
	ck_assert(session_unmarked(&s));
	session_mark(&s);
	ck_assert_str_eq(said(), "MARKREAD #lobby timestamp=2026-01-01T00:00:09.000Z|");
	ck_assert(!session_unmarked(&s));
	line("@msgid=000000000000A;time=2026-01-01T00:00:10.000Z :bob!u@h PRIVMSG me :ten");
	session_mark(&s);
	ck_assert_str_eq(said(), "MARKREAD bob timestamp=2026-01-01T00:00:10.000Z|");
	/* elsewhere it has been read already */
	line("@msgid=000000000000B;time=2026-01-01T00:00:11.000Z :bob!u@h PRIVMSG #lobby :eleven");
	line(":srv MARKREAD #lobby timestamp=2026-01-01T00:00:12.000Z");
	ck_assert(!session_unmarked(&s));
	/* of several rooms only what is on the screen */
	line(":me!u@h JOIN #den");
	line("@msgid=000000000000C;time=2026-01-01T00:00:13.000Z :bob!u@h PRIVMSG #den :there");
	said();
	s.paned = true;
	ck_assert(!session_unmarked(&s));
	s.paned = false;
	session_quit(&s, "");
	ck_assert_str_eq(said(), "MARKREAD #den timestamp=2026-01-01T00:00:13.000Z|QUIT :|");
}
END_TEST

/* Another client of ours, or the server, takes us into a room: what is being typed is not for there. */
START_TEST(taken_along)
{
	line(":me!u@h JOIN #elsewhere");
	ck_assert_str_eq(s.cur->name, "lobby");
	session_typed(&s, "/join den");
	line(":me!u@h JOIN #den");
	ck_assert_str_eq(s.cur->name, "den");
}
END_TEST

int
main(void)
{
	Suite *su = suite_create("chat: room");
	TCase *t = tcase_create("in a room");

	tcase_add_checked_fixture(t, chatter_enter, chatter_end);
	tcase_add_loop_test(t, what_is_typed, 0, ARRAY_LEN(typed));
	tcase_add_test(t, questions);
	tcase_add_test(t, failures);
	tcase_add_test(t, not_now);
	tcase_add_test(t, others);
	tcase_add_test(t, multiline);
	tcase_add_test(t, long_lines);
	tcase_add_test(t, files);
	tcase_add_test(t, completion);
	tcase_add_test(t, keys);
	tcase_add_test(t, script_of_an_account);
	tcase_add_test(t, script_sent_out);
	tcase_add_loop_test(t, script_makes_no_room, 0, ARRAY_LEN(made));
	tcase_add_test(t, reactions);
	tcase_add_test(t, read_marks);
	tcase_add_test(t, taken_along);
	suite_add_tcase(su, t);
	return unit_run(su);
}
