/* event: with store.durability "disk", who is answered only when it is on the disk, and who at once; what was kept for somebody
 * is shown however the store fares. */
#include "config.h"

#include "ipc/proc.h"
#include "lib/util.h"
#include "oneclient.h"
#include "worker/backlog.h"
#include "worker/history.h"
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

/* --- what was kept for who logs in ---------------------------------------------------------------- */

#define KEPT(seq_, text_) \
	&(struct m_e_dm) \
	{ \
		.seq = (seq_), .at = 1000, .kept = 1, .name = STR_LIT("bob"), \
		.uhost = STR_LIT("b@host"), .to_name = STR_LIT("alice"), .text = STR_LIT(text_) \
	}

/* The store's answer to the question with this serial: a row, or none. */
static void
answered(uint64_t serial, uint32_t ticket, const struct m_e_dm *row, uint64_t upto)
{
	char rows[1024], frame[2048];
	size_t n = row != NULL ? m_e_dm_put(rows, sizeof(rows), row) : 0;
	struct m_q_page page = {.user = ALICE, .ticket = ticket, .upto = upto, .rows = {rows, n}};

	COMES(e_wait, serial, .seq = 100 + serial, .user = ALICE, .ticket = ticket);
	event_take(frame, m_q_page_put(frame, sizeof(frame), &page), false, NULL);
}

static void
hears_kept(const char *text)
{
	const char *got = heard();

	ck_assert_msg(strncmp(got, "--- Kept for you", 16) == 0 && strstr(got, text) != NULL, "%s",
		      got);
}

static void
waits(void)
{
	for (int i = 0; i < 1000 && c->kept != NULL; i++)
		loop_turn(worker.loop, 10);
	ck_assert_ptr_null(c->kept);
}

static void
setup_kept(void)
{
	setup();
	worker.disk = false;
	c->flags |= CONN_DIRECT; /* nor is it told what else it has missed */
}

static void
logs_in(void)
{
	static char registry; /* there has to be one, but nobody looks into it */

	worker.reg = NULL;
	history_logged_in(c);
	worker.reg = (struct registry *)&registry;
}

/* The store is away at first, then it has not written all yet: the question is put again, for what has not been shown. */
START_TEST(kept_is_asked_for_again)
{
	logs_in();
	COMES(e_refused, 1, .user = ALICE, .code = ERR_STORE_AWAY);
	HEARS("");
	ck_assert_ptr_nonnull(c->kept);
	waits();
	answered(2, 50, KEPT(20, "hello"), 20);
	hears_kept("hello");
	waits();
	answered(4, 51, KEPT(21, "there"), 0); /* 3: that the first has been shown */
	hears_kept("there");
	ck_assert_ptr_null(c->kept);
}
END_TEST

START_TEST(kept_is_asked_for_once)
{
	logs_in();
	answered(1, 50, NULL, 0);
	turn();
	ck_assert_ptr_null(c->kept);
	logs_in();
	COMES(e_refused, 2, .user = ALICE, .code = ERR_NOT_LOGGED_IN);
	turn();
	ck_assert_ptr_null(c->shown);
	ck_assert_ptr_null(c->kept);
}
END_TEST

/* It goes, or logs in again, while it waits. */
START_TEST(kept_is_forgotten)
{
	logs_in();
	COMES(e_refused, 1, .user = ALICE, .code = ERR_NO_ANSWER);
	turn();
	ck_assert_ptr_nonnull(c->kept);
	logs_in();
	ck_assert_ptr_null(c->kept);
	answered(2, 50, NULL, 1);
	turn();
	ck_assert_ptr_nonnull(c->kept);
	conn_end(c, "", true);
	ck_assert_ptr_null(c->kept);
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
	tc = tcase_create("kept");
	tcase_add_checked_fixture(tc, setup_kept, NULL);
	tcase_add_test(tc, kept_is_asked_for_again);
	tcase_add_test(tc, kept_is_asked_for_once);
	tcase_add_test(tc, kept_is_forgotten);
	tcase_set_timeout(tc, 30);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
