/* secret: what is typed as a password is no line of any other kind, is hidden where that can be, and is said to be
 * visible where it cannot. */
#include "config.h"

#include <unistd.h>

#include "ipc/credential.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "oneclient.h"
#include "worker/account.h"
#include "worker/secret.h"

#define IAC "\xff"
#define DONT "\xfe"
#define DO "\xfd"
#define WONT "\xfc"
#define WILL "\xfb"
#define ECHO "\x01"
#define VISIBLE "(what you type is visible) "

static struct conn *c;
static char taken[1024]; /* the last line that was taken */
static unsigned times, more; /* how often; ask so many times more */

static void
take(struct conn *who, struct str line, void *state)
{
	ck_assert_ptr_eq(who, c);
	ck_assert_str_eq(state, "state");
	bprintf(taken, sizeof(taken), STR_FMT, STR_ARG(line));
	times++;
	if (more > 0) {
		more--;
		secret_ask(c, "More: ", take, state, 6);
	}
}

static void
ask(void)
{
	secret_ask(c, "Word: ", take, xstrdup("state"), 6);
}

static void
setup(void)
{
	c = oneclient();
}

START_TEST(hidden)
{
	ask();
	HEARS(IAC WILL ECHO "Word: ");
	type(LIT(IAC DO ECHO));
	HEARS("");
	type(LIT("sesame\r\n"));
	ck_assert_str_eq(taken, "sesame");
	HEARS("\r\n" IAC WONT ECHO);
	type(LIT(IAC DONT ECHO));
	/* lines are lines again */
	type(LIT("/quit\r\n"));
	HEARS("You are now logged out\r\n");
	ck_assert_uint_eq(times, 1);
}
END_TEST

START_TEST(hidden_all_the_time)
{
	more = 1;
	ask();
	type(LIT(IAC DO ECHO "/quit\r\n"));
	ck_assert_str_eq(taken, "/quit");
	HEARS(IAC WILL ECHO "Word: \r\nMore: ");
	type(LIT("\r\n"));
	ck_assert_str_eq(taken, "");
	HEARS("\r\n" IAC WONT ECHO);
}
END_TEST

START_TEST(refused)
{
	ask();
	type(LIT(IAC DONT ECHO));
	HEARS(IAC WILL ECHO "Word: " VISIBLE);
	type(LIT("a\r\n"));
	HEARS("");
	ask();
	HEARS("Word: " VISIBLE);
}
END_TEST

/* nc says nothing about it. */
START_TEST(never_answered)
{
	ask();
	HEARS(IAC WILL ECHO "Word: ");
	while (strcmp(heard(), VISIBLE) != 0)
		loop_turn(worker.loop, 100);
	type(LIT("a\n"));
	ck_assert_str_eq(taken, "a");
	HEARS("");
	ask();
	HEARS("Word: " VISIBLE);
}
END_TEST

START_TEST(no_password)
{
	static char big[PASSWORD_MAX + 2], huge[5000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\n';
	ask();
	type(LIT(IAC DONT ECHO));
	heard();
	type(LIT("a\0b\r\n"));
	HEARS("That is not UTF-8 text.\r\nWord: " VISIBLE);
	type(LIT("\xc3(\n"));
	HEARS("That is not UTF-8 text.\r\nWord: " VISIBLE);
	type(big, sizeof(big));
	HEARS("A password has at most 512 bytes.\r\nWord: " VISIBLE);
	ck_assert_uint_eq(times, 0);
	type(big + 1, sizeof(big) - 1);
	ck_assert_uint_eq(times, 1);
	/* before it has a name, who sends so much is dropped */
	c->state = CONN_READY;
	ask();
	heard();
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\n';
	type(huge, sizeof(huge));
	HEARS("A password has at most 512 bytes.\r\nWord: " VISIBLE);
	c->state = CONN_NAMING;
}
END_TEST

/* All at once, as a program does it. */
START_TEST(pipelined)
{
	more = 1;
	ask();
	type(LIT("one\ntwo\n/quit\n"));
	ck_assert_uint_eq(times, 2);
	ck_assert_str_eq(taken, "two");
	HEARS(IAC WILL ECHO "Word: More: You are now logged out\r\n");
}
END_TEST

/* From another host, without TLS: only if the configuration does not mind. */
START_TEST(in_the_clear)
{
	c->state = CONN_READY;
	type(LIT("/register\n"));
	HEARS(CREDENTIAL_NOT_IN_CLEAR ".\r\n");
	proc.opt.accounts_plaintext = 1;
	type(LIT("/register\n"));
	HEARS(IAC WILL ECHO "New password (at least 6 characters): ");
	type(LIT("\n"));
	HEARS("No account has been made.\r\n");
	proc.opt.accounts_plaintext = 0;
	c->flags |= CONN_PRIVATE;
	type(LIT("/register\n"));
	ck_assert_ptr_nonnull(c->secret);
	c->state = CONN_NAMING;
}
END_TEST

START_TEST(gone)
{
	ask();
	close(oneclient_fd);
	turn();
	turn();
	ck_assert_ptr_null(conn_at(0));
	ck_assert_uint_eq(times, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("secret");
	TCase *tc = tcase_create("secret");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, hidden);
	tcase_add_test(tc, hidden_all_the_time);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, never_answered);
	tcase_add_test(tc, no_password);
	tcase_add_test(tc, pipelined);
	tcase_add_test(tc, in_the_clear);
	tcase_add_test(tc, gone);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
