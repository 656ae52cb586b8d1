/* chat's session: what it says to the server and shows, line by line, without either. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/text.h"
#include "lib/util.h"
#include "tools/chat/complete.h"
#include "tools/chat/session.h"
#include "unit.h"

static struct session s;
static char shown[1 << 16], events[4096];
static size_t nshown, nevents;

static void
on_show(void *arg, const struct show *sh)
{
	char line[20000];
	struct look look = {0};

	(void)arg;
	ck_assert(text_is_clean(sh->text.p, sh->text.n, TEXT_KEEP_NL));
	ck_assert(text_is_clean(sh->from.p, sh->from.n, 0));
	ck_assert(text_is_clean(sh->to.p, sh->to.n, 0));
	ck_assert(text_is_clean(sh->room.p, sh->room.n, 0));
	ck_assert(text_is_clean(sh->msgid.p, sh->msgid.n, 0));
	words_render(&look, sh, s.cur != NULL ? str_of(s.cur->name) : STR_LIT(""), line,
		     sizeof(line));
	nshown += bprintf(shown + nshown, sizeof(shown) - nshown, "%s\n", line);
}

static void event(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void
event(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	nevents += (size_t)vsnprintf(events + nevents, sizeof(events) - nevents, fmt, ap);
	va_end(ap);
}

static void
on_changed(void *arg)
{
	(void)arg;
}

static void
on_ready(void *arg)
{
	(void)arg;
	event("ready.");
}

static void
on_entered(void *arg, const char *room)
{
	(void)arg;
	event("in %s.", room);
}

static void
on_sent(void *arg)
{
	(void)arg;
	event("sent.");
}

static void
on_refused(void *arg, enum refusal why, const char *text)
{
	(void)arg;
	event("refused %d %s.", (int)why, text);
}

static void
on_quit(void *arg)
{
	(void)arg;
	event("quit.");
}

static void
on_send_file(void *arg, const char *to, const char *path, bool image)
{
	(void)arg;
	event("%s %s to %s.", image ? "image" : "file", path, to);
}

static void
on_upload(void *arg, const char *to, const char *url, const char *why)
{
	(void)arg;
	event("upload %s %s %s.", to, url != NULL ? url : "-", why != NULL ? why : "-");
}

static void
on_offer(void *arg, const char *url, const char *name, bool old)
{
	(void)arg;
	event("offer %s %s%s.", url, name, old ? " old" : "");
}

static void
on_save(void *arg, const char *which)
{
	(void)arg;
	event("save %s.", which);
}

static const struct front front = {on_show,   on_changed, on_ready, on_entered,
				   on_sent,   on_refused, on_quit,  on_send_file,
				   on_upload, on_offer,   on_save};

static void line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void
line(const char *fmt, ...)
{
	char text[20000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	session_line(&s, text, strlen(text));
}

/* What was said to the server since the last call, lines separated by '|'. */
static const char *
said(void)
{
	static char text[1 << 16];
	size_t n = 0;

	for (size_t i = 0; i < s.out.len && n + 1 < sizeof(text); i++) {
		char c = buf_data(&s.out)[i];

		if (c == '\r')
			continue;
		text[n++] = c == '\n' ? '|' : c;
	}
	text[n] = '\0';
	buf_drop(&s.out, s.out.len);
	return text;
}

static const char *
showed(void)
{
	static char text[sizeof(shown)];

	memcpy(text, shown, nshown + 1);
	shown[nshown = 0] = '\0';
	return text;
}

static const char *
happened(void)
{
	static char text[sizeof(events)];

	memcpy(text, events, nevents + 1);
	events[nevents = 0] = '\0';
	return text;
}

#define CAPS \
	"batch echo-message labeled-response message-tags server-time draft/chathistory " \
	"draft/multiline"

static void
log_in(void)
{
	session_begin(&s, true);
	line(":srv CAP * LS :%s", CAPS);
	line(":srv CAP me ACK :%s", CAPS);
	line(":srv 001 me :Welcome");
	line(":srv 005 me CHATHISTORY=500 CASEMAPPING=ascii :are supported");
	line(":srv 422 me :no MOTD");
}

static void
setup(void)
{
	nshown = nevents = 0;
	shown[0] = events[0] = '\0';
	session_init(&s, &front, NULL, "me");
	session_want_room(&s, "lobby");
}

static void
setup_in(void)
{
	setup();
	log_in();
	line("@msgid=0000000000001 :me!u@h JOIN #lobby * :me");
	line(":srv 353 me = #lobby :me @bob");
	line(":srv 366 me #lobby :End");
	said();
	showed();
	happened();
}

static void
teardown(void)
{
	session_fini(&s);
}

START_TEST(login)
{
	session_begin(&s, true);
	ck_assert_str_eq(said(), "CAP LS 302|NICK :me|USER chat 0 * :me|");
	line(":srv CAP * LS * :batch nosuch=1");
	ck_assert_str_eq(said(), "");
	line(":srv CAP * LS :sasl=PLAIN server-time");
	ck_assert_str_eq(said(), "CAP REQ :batch sasl server-time|");
	line(":srv CAP me ACK :batch sasl server-time");
	ck_assert_str_eq(said(), "CAP END|");
	line("PING :abc");
	ck_assert_str_eq(said(), "PONG :abc|");
	line(":srv 001 me :hi");
	line(":srv 376 me :end");
	ck_assert_str_eq(said(), "JOIN #lobby|");
	ck_assert_str_eq(happened(), "ready.");
	ck_assert_ptr_nonnull(strstr(showed(), "Connected to the chat room as me\n"));
}
END_TEST

START_TEST(sasl)
{
	bprintf(s.login, sizeof(s.login), "me");
	bprintf(s.password, sizeof(s.password), "secret");
	session_begin(&s, true);
	line(":srv CAP * LS :sasl=PLAIN");
	line(":srv CAP me ACK :sasl");
	said();
	line("AUTHENTICATE +");
	ck_assert_str_eq(said(), "AUTHENTICATE bWUAbWUAc2VjcmV0|");
	line(":srv 900 me me!u@h me :You are now logged in");
	line(":srv 903 me :ok");
	ck_assert_str_eq(said(), "CAP END|");
	line(":srv 904 me :SASL authentication failed");
	ck_assert_str_eq(s.password, "");
}
END_TEST

START_TEST(no_password_in_the_clear)
{
	bprintf(s.login, sizeof(s.login), "me");
	bprintf(s.password, sizeof(s.password), "secret");
	session_begin(&s, false);
	said();
	line(":srv CAP * LS :sasl=PLAIN");
	line(":srv CAP me ACK :sasl");
	ck_assert_ptr_null(strstr(said(), "AUTHENTICATE"));
	ck_assert_ptr_nonnull(strstr(happened(), "refused 1"));
	/* nor to a server that just asks for one, before, or when nobody wants to log in */
	session_begin(&s, false);
	said();
	line("AUTHENTICATE +");
	ck_assert_str_eq(said(), "");
	session_begin(&s, true);
	said();
	line("AUTHENTICATE +");
	ck_assert_str_eq(said(), "");
	line(":srv CAP * LS :sasl=PLAIN");
	line(":srv CAP me ACK :sasl");
	line("AUTHENTICATE +");
	said();
	line("AUTHENTICATE +");
	ck_assert_str_eq(said(), "");
}
END_TEST

/* Who wants to log in is not let in without, only because the server knows of no capabilities. */
START_TEST(no_accounts_there)
{
	static const char *const says[] = {":srv CAP * LS :", ":srv CAP * LS :batch"};

	for (unsigned i = 0; i < ARRAY_LEN(says); i++) {
		bprintf(s.login, sizeof(s.login), "me");
		session_begin(&s, true);
		line("%s", says[i]);
		if (i > 0)
			line(":srv CAP me NAK :batch");
		ck_assert_ptr_null(strstr(said(), "CAP END"));
		ck_assert_str_eq(happened(), "refused 1 this server has no accounts.");
	}
}
END_TEST

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
			 "@label=1 BATCH +m1 draft/multiline #lobby|@batch=m1 PRIVMSG #lobby :a|"
			 "@batch=m1 PRIVMSG #lobby :b|BATCH -m1|");
}
END_TEST

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

/* A script that listens to a room is told that it cannot any more. */
START_TEST(script_sent_out)
{
	s.script = true;
	line(":bob!u@h KICK #lobby me :out");
	ck_assert_str_eq(happened(), "refused 2 removed from the room.");
}
END_TEST

/* A page that is full of what we have already does not make us ask for the same for ever. */
START_TEST(history_stands_still)
{
	line("@msgid=0000000000009 :bob!u@h PRIVMSG #lobby :nine");
	session_lost(&s);
	session_begin(&s, true);
	line(":srv CAP * LS :%s", CAPS);
	line(":srv CAP me ACK :%s", CAPS);
	line(":srv 001 me :Welcome");
	line(":srv 005 me CHATHISTORY=2 :are supported");
	line(":srv 422 me :no MOTD");
	said();
	line(":me!u@h JOIN #lobby");
	ck_assert_ptr_nonnull(strstr(said(), "CHATHISTORY AFTER #lobby msgid=0000000000009 2"));
	line("@label=%lu :srv BATCH +a chathistory #lobby", s.rooms->ask);
	line("@batch=a;msgid=0000000000008 :bob!u@h PRIVMSG #lobby :eight");
	line("@batch=a;msgid=0000000000009 :bob!u@h PRIVMSG #lobby :nine");
	line(":srv BATCH -a");
	ck_assert_str_eq(said(), "");
	ck_assert_ptr_nonnull(strstr(happened(), "in lobby."));
}
END_TEST

/* What a server could fill us with has a limit. */
START_TEST(crowds)
{
	for (unsigned r = 0; r < 30; r++) {
		line(":me!u@h JOIN #r%u", r);
		for (unsigned i = 0; i < 5000; i++)
			line(":srv 353 me = #r%u :a%u b%u", r, i, i);
	}
	ck_assert_uint_eq(s.nmembers, SESSION_MEMBERS_ALL);
	line(":me!u@h PART #r0");
	ck_assert_uint_eq(s.nmembers, SESSION_MEMBERS_ALL - 10000);
	session_lost(&s);
	ck_assert_uint_eq(s.nmembers, 0);
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

#define EVIL \
	"\x1b[2J\x1b]0;t\x07\xc2\x9b" \
	"31m\x05\x0e\x7f\xe2\x80\xae" \
	"abc\x03" \
	"4\xef\xbf\xbf"

/* Each word and number that there may be, with everything that a terminal could obey in each place: on_show() looks at what
 * is shown of it, check_chat's fuzzing beside it at more. */
START_TEST(nothing_raw)
{
	static const char *const words[] = {
	    "PRIVMSG", "NOTICE",      "BATCH",    "JOIN",     "PART",        "QUIT",
	    "KICK",    "NICK",        "MODE",     "TOPIC",    "AWAY",        "INVITE",
	    "RENAME",  "REDACT",      "FAIL",     "NOTE",     "WARN",        "UPLOAD",
	    "ERROR",   "CHATHISTORY", "MARKREAD", "REGISTER", "ACCOUNT",     "TAGMSG",
	    "SETNAME", "PONG",        "CAP",      "PING",     "AUTHENTICATE"};
	static const char *const usual[] = {"me", "#lobby", "bob", "@", "1"};

	s.show_ids = true;
	for (unsigned i = 0; i < 1000 + ARRAY_LEN(words); i++) {
		for (unsigned at = 0; at <= ARRAY_LEN(usual) + 2; at++) {
			char text[2000], number[8];
			const char *who =
			    at == ARRAY_LEN(usual) ? EVIL "!" EVIL "@" EVIL : "bob!u@h";
			size_t n;

			bprintf(number, sizeof(number), "%03u", i);
			n = bprintf(text, sizeof(text), "%s:%s %s",
				    at == ARRAY_LEN(usual) + 1
					? "@+draft/react=" EVIL ";msgid=" EVIL
					  ";chatd.org/file=name=%1b[2J" EVIL "&size=1;time=" EVIL
					  " "
					: "",
				    who, i < 1000 ? number : words[i - 1000]);
			for (unsigned p = 0; p < ARRAY_LEN(usual); p++)
				n += bprintf(text + n, sizeof(text) - n, " %s",
					     p == at ? EVIL : usual[p]);
			line("%s :" EVIL, text);
			ck_assert(text_is_clean(s.nick, strlen(s.nick), 0));
			for (const struct room *r = s.rooms; r != NULL; r = r->next) {
				ck_assert(text_is_clean(r->name, strlen(r->name), 0));
				ck_assert(text_is_clean(r->topic, strlen(r->topic), 0));
				for (const struct member *m = r->members; m != NULL; m = m->hh.next)
					ck_assert(text_is_clean(m->name, strlen(m->name), 0));
			}
			showed();
			happened();
			said();
		}
	}
}
END_TEST

START_TEST(bounded)
{
	for (unsigned i = 0; i < 3000; i++) {
		line(":srv BATCH +b%u draft/multiline #lobby", i);
		line(":me!u@h JOIN #r%u", i);
		line(":n%u!u@h PRIVMSG me :x", i);
	}
	ck_assert_uint_le(s.nbatches, SESSION_BATCHES_MAX);
	line(":srv BATCH +z draft/multiline #lobby");
	for (unsigned i = 0; i < 100; i++)
		line("@batch=b1 :bob!u@h PRIVMSG #lobby :%0400d", 1);
	line("BATCH -b1");
	{
		unsigned n = 0;

		for (struct room *r = s.rooms; r != NULL; r = r->next)
			n++;
		ck_assert_uint_le(n, SESSION_ROOMS_MAX);
	}
}
END_TEST

int
main(void)
{
	Suite *su = suite_create("chat: session");
	TCase *t = tcase_create("login"), *in = tcase_create("in a room");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, login);
	tcase_add_test(t, sasl);
	tcase_add_test(t, no_password_in_the_clear);
	tcase_add_test(t, no_accounts_there);
	suite_add_tcase(su, t);
	tcase_add_checked_fixture(in, setup_in, teardown);
	tcase_add_loop_test(in, what_is_typed, 0, sizeof(typed) / sizeof(typed[0]));
	tcase_add_test(in, questions);
	tcase_add_test(in, failures);
	tcase_add_test(in, others);
	tcase_add_test(in, multiline);
	tcase_add_test(in, catching_up);
	tcase_add_test(in, unanswered);
	tcase_add_test(in, locked_out);
	tcase_add_test(in, files);
	tcase_add_test(in, completion);
	tcase_add_test(in, keys);
	tcase_add_test(in, script_sent_out);
	tcase_add_test(in, history_stands_still);
	tcase_add_test(in, crowds);
	tcase_add_test(in, reactions);
	tcase_add_test(in, read_marks);
	tcase_add_test(in, taken_along);
	tcase_add_test(in, nothing_raw);
	tcase_add_test(in, bounded);
	suite_add_tcase(su, in);
	return unit_run(su);
}
