/* event: with store.durability "disk", who is answered only when it is on the disk, and who at once. */
#include "config.h"

#include "oneclient.h"
#include "worker/backlog.h"
#include "worker/event.h"
#include "worker/outq.h"
#include "worker/request.h"

#define ALICE 7
#define TAKEN_BACK "alice has taken back a message.\r\n"
#define EDITED "alice edited: hello\r\n"
#define OLD 5 /* the number of a message */

static struct conn *c;

static void
setup(void)
{
	c = oneclient();
	worker.disk = true;
	conn_named(c, ALICE, STR_LIT("alice"));
}

/* An event comes; own: it ends the worker's request with this serial, else 0. */
#define COMES(name_, own_, ...) \
	do { \
		struct m_##name_ m_ = { \
		    .serial = own_, .origin = (own_) != 0 ? ONECLIENT_INC : 0, __VA_ARGS__}; \
		char f_[2048]; \
		event_take(f_, m_##name_##_put(f_, sizeof(f_), &m_), (own_) != 0, NULL); \
	} while (0)
#define ALICES \
	.user = ALICE, .msg = OLD, .name = STR_LIT("alice"), .account = STR_LIT("alice"), \
	.to_name = STR_LIT("bob")

static void
done(struct conn *who, struct late *l)
{
	ck_assert_uint_eq(l->type, MSG_e_done);
	tell(who, "Done.");
}

static void
take_back(void)
{
	request_redact(c, OLD, STR_LIT(""), STR_LIT("bob"), STR_LIT(""), done);
}

static void
edit(void)
{
	request_edit(
	    c, &(struct m_r_edit){.msg = OLD, .name = STR_LIT("bob"), .text = STR_LIT("hello")},
	    done);
}

/* What is said between two accounts is kept, and what becomes of it as well. */
START_TEST(changes_between_accounts_wait)
{
	take_back();
	COMES(e_redact, 1, ALICES, .seq = 10, .to_account = STR_LIT("bob"));
	HEARS("");
	edit();
	COMES(e_edit, 2, ALICES, .seq = 11, .to_account = STR_LIT("bob"), .text = STR_LIT("hello"));
	backlog_durable(10);
	HEARS(TAKEN_BACK);
	backlog_durable(11);
	HEARS(EDITED);
}
END_TEST

/* The store hears nothing of them: they would be waited for for ever. */
START_TEST(changes_by_guests_do_not)
{
	take_back();
	COMES(e_redact, 1, ALICES, .seq = 10);
	HEARS(TAKEN_BACK);
	edit();
	COMES(e_edit, 2, ALICES, .seq = 11, .text = STR_LIT("hello"));
	HEARS(EDITED);
}
END_TEST

START_TEST(changes_in_rooms_wait)
{
	take_back();
	COMES(e_redact, 1, ALICES, .seq = 10, .room = 3);
	HEARS("");
	backlog_durable(10);
	HEARS(TAKEN_BACK);
}
END_TEST

/* It had to be looked up: what it comes to is an event of nobody's, and then e_done. */
START_TEST(changes_of_old_messages_wait)
{
	take_back();
	COMES(e_wait, 1, .seq = 10, .user = ALICE, .ticket = 99);
	COMES(e_redact, 0, ALICES, .seq = 11, .to_account = STR_LIT("bob"));
	HEARS("");
	COMES(e_done, 0, .seq = 12, .user = ALICE, .ticket = 99);
	HEARS("");
	backlog_durable(11); /* the store is never told of e_done */
	HEARS(TAKEN_BACK "Done.\r\n");
}
END_TEST

/* Somebody else has taken something back; who reads that does not wait. */
START_TEST(others_do_not_wait)
{
	take_back();
	COMES(e_wait, 1, .seq = 10, .user = ALICE, .ticket = 99);
	COMES(e_redact, 0, .seq = 11, .user = ALICE + 1, .to = ALICE, .msg = OLD + 1,
	      .name = STR_LIT("bob"), .account = STR_LIT("bob"), .to_account = STR_LIT("alice"));
	HEARS("bob has taken back a message.\r\n");
}
END_TEST

START_TEST(option_off)
{
	worker.disk = false;
	take_back();
	COMES(e_redact, 1, ALICES, .seq = 10, .to_account = STR_LIT("bob"));
	HEARS(TAKEN_BACK);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("event");
	TCase *tc = tcase_create("disk");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, changes_between_accounts_wait);
	tcase_add_test(tc, changes_by_guests_do_not);
	tcase_add_test(tc, changes_in_rooms_wait);
	tcase_add_test(tc, changes_of_old_messages_wait);
	tcase_add_test(tc, others_do_not_wait);
	tcase_add_test(tc, option_off);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
