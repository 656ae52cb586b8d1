/* chat's session: a server that wants to harm the terminal, or to fill us up. */
#include "config.h"

#include "chatter.h"
#include "lib/text.h"
#include "lib/util.h"

#define EVIL \
	"\x1b[2J\x1b]0;t\x07\xc2\x9b" \
	"31m\x05\x0e\x7f\xe2\x80\xae" \
	"abc\x03" \
	"4\xef\xbf\xbf"

/* A page that is full of what we have already does not make us ask for the same for ever. */
START_TEST(history_stands_still)
{
	line("@msgid=0000000000009 :bob!u@h PRIVMSG #lobby :nine");
	session_lost(&s);
	log_in_to("CHATHISTORY=2");
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
	Suite *su = suite_create("chat: hostile");
	TCase *t = tcase_create("hostile");

	tcase_add_checked_fixture(t, chatter_enter, chatter_end);
	tcase_add_test(t, history_stands_still);
	tcase_add_test(t, crowds);
	tcase_add_test(t, nothing_raw);
	tcase_add_test(t, bounded);
	suite_add_tcase(su, t);
	return unit_run(su);
}
