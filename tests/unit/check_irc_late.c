/* irc: what is answered later, by the store or by a process that checks passwords: how a client is told of each end it may come to. */
#include "config.h"

#include "lib/util.h"
#include "oneclient.h"
#include "worker/account.h"
#include "worker/outq.h"
#include "worker/request.h"

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

/* --- the account goes meanwhile ---------------------------------------------------------------------- */

#define LOGGED_OUT(why_) \
	COMES(e_account, 0, .user = ALICE, .name = STR_LIT("alice"), .uhost = STR_LIT("a@host"), \
	      .why = (why_))

static void
setup_account(void)
{
	setup();
	account_is(c, STR_LIT("alice"));
}

/* An answer that is waited for says nothing of it, unless it was asked for. */
START_TEST(disabled)
{
	types("REDACT bob " OLD_ID);
	COMES(e_wait, 1, .seq = 10, .user = ALICE, .ticket = 90);
	LOGGED_OUT(LOGOUT_DISABLED);
	ck_assert_ptr_nonnull(strstr(heard(), "Your account has been disabled"));
}
END_TEST

static void
answered(struct conn *who, struct late *l)
{
	ck_assert_uint_eq(l->type, MSG_e_done);
	tell(who, "Done.");
}

/* By its own wish, or by another's while it wants something else. */
START_TEST(deleted)
{
	request_account(c, _i ? ACCOUNT_DELETE : ACCOUNT_PASSWORD, STR_LIT("a-password"),
			STR_LIT("another-one"), answered);
	COMES(e_wait, 1, .seq = 10, .user = ALICE, .ticket = 90);
	LOGGED_OUT(LOGOUT_DELETED);
	ck_assert_int_eq(strstr(heard(), "Your account has been deleted") != NULL, !_i);
	COMES(e_done, 0, .seq = 12, .user = ALICE, .ticket = 90);
	ck_assert_ptr_nonnull(strstr(heard(), "Done."));
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
	tc = tcase_create("account");
	tcase_add_checked_fixture(tc, setup_account, NULL);
	tcase_add_test(tc, disabled);
	tcase_add_loop_test(tc, deleted, 0, 2);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
