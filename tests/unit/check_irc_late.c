/* irc: what is answered later, by the store or by a process that checks passwords: how a client is told of each end it may come to. */
#include "config.h"

#include "lib/util.h"
#include "oneclient.h"

#define ALICE 7
#define OLD 5 /* the number of a message */
#define OLD_ID "0000000000005"

static struct conn *c;

static void
setup(void)
{
	c = oneclient_irc(ALICE, "alice",
			  "message-tags batch labeled-response draft/message-redaction");
}

/* --- old messages ---------------------------------------------------------------------------------- */

/* A store that is away is no lack of rights. */
static const struct {
	unsigned code;
	const char *redact, *edit;
} ends[] = {
    {ERR_STORE_AWAY, "TEMPORARILY_UNAVAILABLE", "TEMPORARILY_UNAVAILABLE"},
    {ERR_NO_ANSWER, "TEMPORARILY_UNAVAILABLE", "TEMPORARILY_UNAVAILABLE"},
    {ERR_BUSY, "TEMPORARILY_UNAVAILABLE", "TEMPORARILY_UNAVAILABLE"},
    {ERR_NO_SUCH_MESSAGE, "UNKNOWN_MSGID", "UNKNOWN_MSGID"},
    {ERR_NOT_YOURS, "REDACT_FORBIDDEN", "EDIT_FORBIDDEN"},
};

START_TEST(not_changed)
{
	char want[64];

	types("REDACT bob " OLD_ID);
	COMES(e_wait, 1, .seq = 10, .user = ALICE, .ticket = 90);
	COMES(e_failed, 0, .user = ALICE, .ticket = 90, .code = ends[_i].code);
	bprintf(want, sizeof(want), " FAIL REDACT %s bob ", ends[_i].redact);
	ck_assert_ptr_nonnull(strstr(heard(), want));
	types("@+draft/edit=" OLD_ID " PRIVMSG bob :hello");
	COMES(e_refused, 2, .user = ALICE, .code = ends[_i].code);
	bprintf(want, sizeof(want), " FAIL PRIVMSG %s :", ends[_i].edit);
	ck_assert_ptr_nonnull(strstr(heard(), want));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("irc_late");
	TCase *tc = tcase_create("old");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, not_changed, 0, ARRAY_LEN(ends));
	suite_add_tcase(s, tc);
	return unit_run(s);
}
