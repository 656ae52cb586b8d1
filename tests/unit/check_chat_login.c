/* chat's session: from the connection to the room, with and without an account. */
#include "config.h"

#include "chatter.h"
#include "lib/util.h"

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
	showed();
	line(":srv 904 me :SASL authentication failed");
	ck_assert_str_eq(s.password, "");
	ck_assert_str_eq(showed(),
			 "Sorry, not logged in to the account me: SASL authentication failed.\n");
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

int
main(void)
{
	Suite *su = suite_create("chat: login");
	TCase *t = tcase_create("login");

	tcase_add_checked_fixture(t, chatter_begin, chatter_end);
	tcase_add_test(t, login);
	tcase_add_test(t, sasl);
	tcase_add_test(t, no_password_in_the_clear);
	tcase_add_test(t, no_accounts_there);
	suite_add_tcase(su, t);
	return unit_run(su);
}
