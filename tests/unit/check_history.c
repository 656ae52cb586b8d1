/* check_history.c - who may ask what was said before, read markers, words changed and taken back; the test is the store. */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/account.h"
#include "broker/job.h"
#include "broker/subs.h"
#include "den.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "storeend.h"
#include "unit_str.h"

static int worker = -1; /* our end of worker 0's channel, alice's */

static void
setup(void)
{
	struct m_sub_hello h = {.version = IPC_VERSION, .inc = 100};
	int fds[2];
	char out[64];

	den_setup();
	storeend_open();
	storeend_account("alice");
	storeend_account("bob");
	storeend_logged_in(alice, "alice");
	h.seq = br.j.seq;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	sub_attach(0, 100, fds[0]);
	worker = fds[1];
	ck_assert_int_gt(send(worker, out, m_sub_hello_put(out, sizeof(out), &h), 0), 0);
	subs_pump();
	loop_turn(proc.loop, 0);
}

static void
teardown(void)
{
	storeend_close();
	close(worker);
	sub_gone(0, 100);
	jobs_fini();
	den_teardown();
}

/* What worker 0 was sent last, of this type; the last of several. */
static const void *
told(unsigned type, size_t *len_r)
{
	static char in[1u << 20];
	const void *last = NULL;
	size_t n, at = 0;
	ssize_t r;

	subs_pump();
	r = recv(worker, in, sizeof(in), MSG_DONTWAIT);
	n = r > 0 ? (size_t)r : 0;
	while ((r = ipc_frame(in + at, n - at)) > 0) {
		if (ipc_type(in + at) == type) {
			last = in + at;
			*len_r = (size_t)r;
		}
		at += (size_t)r;
	}
	return last;
}
#define TOLD(name_) \
	({ \
		struct m_##name_ t_; \
		size_t tn_; \
		const void *tf_ = told(MSG_##name_, &tn_); \
		ck_assert_msg(tf_ != NULL, "worker 0 was not told " #name_); \
		ck_assert(m_##name_##_get(tf_, tn_, &t_)); \
		t_; \
	})

/* A question of alice's; the event it ended in. */
#define QUERY(...) ASK(query, 0, .user = alice, __VA_ARGS__)

START_TEST(a_members_question_goes_and_its_answer_comes)
{
	struct m_s_query q;
	struct m_q_page p;

	ck_assert_uint_eq(QUERY(.kind = QUERY_LATEST, .room = S("DEN"), .hi = 77, .limit = 9999),
			  MSG_e_wait);
	q = STORE_ASKED(s_query);
	ck_assert_uint_eq(q.kind, QUERY_LATEST);
	ck_assert_uint_eq(q.places.n, 1);
	ck_assert_uint_eq(ids_at(q.places, 0), den()->born);
	ck_assert_uint_eq(q.viewer, account_id_named(S("alice")));
	ck_assert_uint_eq(q.limit, QUERY_ROWS_MAX);
	ck_assert_uint_eq(q.hi, 77);
	ck_assert(!q.admin && !q.direct && q.peer == 0 && q.room.n == 0);
	ck_assert_uint_eq(q.ranks, MEMBER_OP | MEMBER_HALFOP | MEMBER_VOICE);
	STORE_SAYS(s_page, .ticket = q.ticket, .more = 1, .rows = S("rows"));
	p = TOLD(q_page);
	ck_assert_uint_eq(p.ticket, q.ticket);
	ck_assert_uint_eq(p.user, alice);
	ck_assert(p.more);
	ck_str(p.rows, "rows");
}
END_TEST

START_TEST(strangers_learn_nothing_not_even_that_there_is_something)
{
	struct str sent;

	ASK(query, 2, .user = carol, .kind = QUERY_LATEST, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_ROOM);
	ASK(query, 2, .user = carol, .kind = QUERY_LATEST, .room = S("nowhere"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_ROOM);
	/* guests have no conversations, and search in the rooms that they are in */
	ASK(query, 2, .user = carol, .kind = QUERY_LATEST, .name = S("alice"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_LOGGED_IN);
	ASK(query, 2, .user = carol, .kind = QUERY_KEPT);
	ck_assert_uint_eq(world_refused(), ERR_NOT_LOGGED_IN);
	ASK(query, 2, .user = carol, .kind = QUERY_LATEST);
	ck_assert_uint_eq(world_refused(), ERR_BAD_ARGUMENT);
	ck_assert_uint_eq(
	    ASK(query, 2, .user = carol, .kind = QUERY_SEARCH, .text = S("marmalade")), MSG_e_wait);
	/* carol is in none, so nobody need be asked */
	sent = storeend_read();
	ck_assert(memmem(sent.p, sent.n, "marmalade", 9) == NULL);
}
END_TEST

START_TEST(who_was_thrown_out_meanwhile_is_told_no_more)
{
	struct m_s_query q;

	ASK(query, 1, .user = bob, .kind = QUERY_LATEST, .room = S("den"));
	q = STORE_ASKED(s_query);
	ck_assert_uint_eq(q.ranks, 0);
	ck_assert_uint_eq(q.viewer, 0);
	ck_assert_uint_eq(ASK(kick, 0, .user = alice, .room = S("den"), .target = S("bob")),
			  MSG_e_kick);
	STORE_SAYS(s_page, .ticket = q.ticket, .rows = S("rows"));
	ck_assert_uint_eq(LAST(failed).code, ERR_NO_SUCH_ROOM);
}
END_TEST

/* Its user has gone, but its client may be here: it has become a session of another user. */
START_TEST(who_has_gone_over_to_another_user_is_answered)
{
	struct m_s_query q;

	QUERY(.kind = QUERY_LATEST, .room = S("den"));
	q = STORE_ASKED(s_query);
	ck_assert(world_quit(0, alice));
	STORE_SAYS(s_page, .ticket = q.ticket, .rows = S("rows"));
	ck_assert_uint_eq(ipc_type(world_last()->data), MSG_e_failed);
	ck_assert_uint_eq(LAST(failed).ticket, q.ticket);
}
END_TEST

/* A request that has come in part is moved to where the next one begins: nothing of it stays where it was. */
START_TEST(half_a_password_stays_nowhere)
{
	struct m_r_sync sync = {.serial = world_serial(0), .user = alice};
	struct m_r_auth auth = {.serial = sync.serial + 1,
				.user = alice,
				.mech = AUTH_PASSWORD,
				.name = S("alice"),
				.secret = S("correct horse"),
				.address = S("192.0.2.1")};
	char out[1024];
	size_t n = 0, k;

	/* enough before it that where it goes does not reach to where it was */
	for (unsigned i = 0; i < 8; i++, sync.serial++)
		n += m_r_sync_put(out + n, sizeof(out) - n, &sync);
	auth.serial = sync.serial;
	k = m_r_auth_put(out + n, sizeof(out) - n, &auth);
	ck_assert_int_eq(send(worker, out, n + k - 1, 0), (ssize_t)(n + k - 1));
	loop_turn(proc.loop, 0);
	ck_assert_uint_eq(subs[0].in_len, k - 1);
	ck_assert_ptr_nonnull(memmem(subs[0].in, k - 1, "correct horse", 13));
	ck_assert_ptr_null(memmem(subs[0].in + k - 1, n, "correct horse", 13));
}
END_TEST

START_TEST(everything_is_where_one_is)
{
	struct m_s_query q;

	ck_assert(world_join(0, alice, "other"));
	QUERY(.kind = QUERY_SEARCH, .text = S("words"));
	q = STORE_ASKED(s_query);
	ck_assert_uint_eq(q.places.n, 2);
	ck_assert(q.direct && q.peer == 0 && !q.admin);
	ck_assert_uint_eq(q.ranks, 0);
	QUERY(.kind = QUERY_LATEST, .name = S("BOB"));
	q = STORE_ASKED(s_query);
	ck_assert_uint_eq(q.peer, account_id_named(S("bob")));
	ck_assert_uint_eq(q.places.n, 0);
	proc.opt.history_direct = 0;
	QUERY(.kind = QUERY_SEARCH, .text = S("words"));
	ck_assert(!STORE_ASKED(s_query).direct);
	QUERY(.kind = QUERY_LATEST, .name = S("bob"));
	ck_assert_uint_eq(world_refused(), ERR_NO_HISTORY);
	QUERY(.kind = QUERY_LATEST, .name = S("nobody"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
	proc.opt.history_rooms = 0;
	QUERY(.kind = QUERY_LATEST, .room = S("den"));
	ck_assert_uint_eq(world_refused(), ERR_NO_HISTORY);
	ck_assert_uint_eq(QUERY(.kind = QUERY_LATEST, .room = S("den"), .flags = QUERY_REPLAY),
			  MSG_e_wait);
	ck_assert_uint_eq(TOLD(q_page).rows.n, 0);
	ck_assert_uint_eq(QUERY(.kind = QUERY_MARK, .room = S("den")), MSG_e_wait);
	STORE_ASKED(s_query);
}
END_TEST

START_TEST(everything_is_where_one_still_is)
{
	struct m_s_query q;

	ck_assert(world_join(0, alice, "other"));
	QUERY(.kind = QUERY_SEARCH, .text = S("words"));
	q = STORE_ASKED(s_query);
	ASK(part, 0, .user = alice, .room = S("other"));
	STORE_SAYS(s_page, .ticket = q.ticket, .rows = S("rows"));
	ck_assert_uint_eq(LAST(failed).code, ERR_BUSY);
	/* and of whom one still is */
	QUERY(.kind = QUERY_KEPT);
	q = STORE_ASKED(s_query);
	ASK(account, 0, .user = alice, .op = ACCOUNT_LOGOUT);
	STORE_SAYS(s_page, .ticket = q.ticket, .rows = S("rows"));
	ck_assert_uint_eq(LAST(failed).code, ERR_BUSY);
}
END_TEST

/* Control's serials are another subscriber's. */
#define ADMIN_QUERY(...) ASK(query, SUB_CONTROL, __VA_ARGS__)

START_TEST(administrators_ask_about_anything)
{
	struct m_s_query q;

	ck_assert_uint_eq(ADMIN_QUERY(.kind = QUERY_LATEST, .room = S("den")), MSG_e_wait);
	q = STORE_ASKED(s_query);
	ck_assert(q.admin && ids_at(q.places, 0) == den()->born);
	ADMIN_QUERY(.kind = QUERY_LATEST, .room = S("gone"));
	q = STORE_ASKED(s_query);
	ck_assert(q.admin && q.places.n == 0);
	ck_str(q.room, "gone");
	ADMIN_QUERY(.kind = QUERY_SEARCH, .name = S("bob"), .text = S("x"));
	ck_assert_uint_eq(STORE_ASKED(s_query).peer, account_id_named(S("bob")));
	ADMIN_QUERY(.kind = QUERY_SEARCH, .name = S("nobody"));
	ck_assert_uint_eq(world_refused(), ERR_NO_ACCOUNT);
}
END_TEST

static size_t
missed_row(char *out, size_t n, uint64_t born, const char *name)
{
	struct m_q_place p = {.born = born, .name = S(name), .seq = 5, .at = 5, .count = 1};

	return n + m_q_place_put(out + n, 512, &p);
}

/* The rooms that alice is told she has missed something in, of those that the store names. */
static const char *
missed(void)
{
	static char text[256];
	char rows[2048];
	uint64_t hall = room_find(S("hall"))->born;
	struct m_q_place p;
	struct str rest;
	size_t n = 0, at = 0;
	ssize_t len;

	n = missed_row(rows, n, den()->born, "den");
	n = missed_row(rows, n, hall, "hall");
	n = missed_row(rows, n, hall - 1, "hall"); /* another one, before */
	n = missed_row(rows, n, 5, "gone");
	ck_assert_uint_eq(QUERY(.kind = QUERY_MISSED), MSG_e_wait);
	STORE_SAYS(s_page, .ticket = STORE_ASKED(s_query).ticket, .rows = {rows, n});
	rest = TOLD(q_page).rows;
	text[0] = '\0';
	for (; (len = ipc_frame(rest.p, rest.n)) > 0; rest.p += len, rest.n -= (size_t)len) {
		ck_assert(m_q_place_get(rest.p, (size_t)len, &p));
		at += bprintf(text + at, sizeof(text) - at, STR_FMT " ", STR_ARG(p.name));
	}
	return text;
}

START_TEST(nothing_is_missed_in_a_room_one_could_not_be_in)
{
	ck_assert(world_join(1, bob, "hall"));
	ck_assert_str_eq(missed(), "den hall ");
	den_mode(1, bob, "hall", MODE_BAN, true, "alice!*@*");
	ck_assert_str_eq(missed(), "den ");
	den_mode(1, bob, "hall", MODE_BAN, false, "alice!*@*");
	den_mode(1, bob, "hall", MODE_INVITE_ONLY, true, "");
	ck_assert_str_eq(missed(), "den ");
	ASK(invite, 1, .user = bob, .room = S("hall"), .target = S("alice"));
	ck_assert_str_eq(missed(), "den hall ");
}
END_TEST

START_TEST(a_store_that_is_away_is_said_to_be)
{
	struct m_s_query q;

	QUERY(.kind = QUERY_LATEST, .room = S("den"));
	q = STORE_ASKED(s_query);
	storeend_close();
	jobs_resume();
	ck_assert_uint_eq(LAST(failed).code, ERR_STORE_AWAY);
	ck_assert_uint_eq(LAST(failed).ticket, q.ticket);
	ck_assert_uint_eq(QUERY(.kind = QUERY_LATEST, .room = S("den")), MSG_e_wait);
	jobs_resume();
	ck_assert_uint_eq(LAST(failed).code, ERR_STORE_AWAY);
}
END_TEST

/* --- marks ----------------------------------------------------------------------------------------------- */

START_TEST(marks_go_to_all_of_the_account_and_the_store)
{
	uint64_t other = world_login(5, "alice2", "192.0.2.9"), seq;

	storeend_logged_in(other, "alice");
	ck_assert_uint_eq(ASK(mark, 0, .user = alice, .room = S("den"), .when = ~0ull), MSG_e_mark);
	ck_assert_uint_eq(world_last()->targets, 1u | 1ull << SUB_STORE);
	ck_assert_uint_eq(LAST(mark).user, alice);
	/* under another name, when it is there: to each as its own */
	ck_assert(world_join(5, other, "den"));
	seq = br.j.seq;
	ck_assert_uint_eq(ASK(mark, 0, .user = alice, .room = S("den"), .when = ~0ull), MSG_e_mark);
	ck_assert_uint_eq(br.j.seq, seq + 2);
	ck_assert_uint_eq(world_last()->targets, 1u << 5);
	ck_assert_uint_eq(LAST(mark).user, other);
	ck_assert_uint_eq(LAST(mark).when, br.now);
	ck_str(LAST(mark).account, "alice");
	ck_str(LAST(mark).room_name, "den");
	ck_assert_uint_eq(ASK(mark, 0, .user = alice, .name = S("bob"), .when = 5), MSG_e_mark);
	ck_str(LAST(mark).peer, "bob");
	ASK(mark, 0, .user = alice, .room = S("elsewhere"), .when = 5);
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_ROOM);
	ASK(mark, 0, .user = alice, .name = S("nobody"), .when = 5);
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_USER);
	ASK(mark, 1, .user = bob, .room = S("den"), .when = 5);
	ck_assert_uint_eq(world_refused(), ERR_NOT_LOGGED_IN);
}
END_TEST

/* --- words changed ------------------------------------------------------------------------------------------ */

START_TEST(ones_own_words_are_changed)
{
	uint64_t said;

	ck_assert(world_say(1, bob, den()->id, "helo"));
	said = world_last()->seq;
	ck_assert_uint_eq(
	    ASK(edit, 1, .user = bob, .msg = said, .room = S("den"), .text = S("hello")),
	    MSG_e_edit);
	ck_assert_uint_eq(world_last()->targets, 3u | 1ull << SUB_STORE);
	ck_assert_uint_eq(LAST(edit).msg, said);
	ck_str(LAST(edit).text, "hello");
	ASK(edit, 0, .user = alice, .msg = said, .room = S("den"), .text = S("ha"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_YOURS);
	ASK(edit, 1, .user = bob, .msg = said, .room = S("den"), .text = S(""));
	ck_assert_uint_eq(world_refused(), ERR_EMPTY);
	den_mode(0, alice, "den", MODE_MODERATED, true, "");
	ASK(edit, 1, .user = bob, .msg = said, .room = S("den"), .text = S("ha"));
	ck_assert_uint_eq(world_refused(), ERR_CANNOT_SAY);
	den_mode(0, alice, "den", MODE_MODERATED, false, "");
	/* what has been taken back stays so */
	ck_assert_uint_eq(ASK(redact, 0, .user = alice, .msg = said, .room = S("den")),
			  MSG_e_redact);
	ASK(edit, 1, .user = bob, .msg = said, .room = S("den"), .text = S("again"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
}
END_TEST

/* The account was deleted, and somebody else has made one of that name. */
START_TEST(words_of_a_namesake_are_not_changed)
{
	uint64_t said;

	storeend_logged_in(bob, "bob");
	ck_assert(world_say(1, bob, den()->id, "helo"));
	said = world_last()->seq;
	account_deleted(S("bob"));
	storeend_account("bob");
	storeend_logged_in(alice, "bob");
	ASK(edit, 0, .user = alice, .msg = said, .room = S("den"), .text = S("ha"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_YOURS);
	ck_assert(world_say(0, alice, den()->id, "mine"));
	ck_assert_uint_eq(ASK(edit, 0, .user = alice, .msg = world_last()->seq, .room = S("den"),
			      .text = S("my own")),
			  MSG_e_edit);
}
END_TEST

START_TEST(words_between_two_are_changed)
{
	uint64_t said;

	storeend_logged_in(bob, "bob");
	ck_assert_uint_eq(ASK(dm, 0, .user = alice, .to = S("bob"), .text = S("psst")), MSG_e_dm);
	said = world_last()->seq;
	ck_assert_uint_eq(
	    ASK(edit, 0, .user = alice, .msg = said, .name = S("bob"), .text = S("pst")),
	    MSG_e_edit);
	ck_assert_uint_eq(LAST(edit).to, bob);
	ck_assert_uint_eq(world_last()->targets & 3, 3);
	ASK(edit, 1, .user = bob, .msg = said, .name = S("alice"), .text = S("ha"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_YOURS);
	ASK(edit, 2, .user = carol, .msg = said, .name = S("alice"), .text = S("ha"));
	ck_assert_uint_eq(world_refused(), ERR_NO_SUCH_MESSAGE);
	ASK(edit, 2, .user = carol, .msg = said, .room = S("den"), .text = S("ha"));
	ck_assert_uint_eq(world_refused(), ERR_NOT_IN_ROOM);
}
END_TEST

/* The worker can tell, and has who asked wait for the disk: both ends' accounts are said, or there is nothing to wait for. */
START_TEST(changes_between_accounts_are_kept)
{
	uint64_t said;

	storeend_account("carol");
	storeend_logged_in(bob, "bob");
	for (int accounts = 1; accounts <= 2; accounts++) {
		ck_assert_uint_eq(ASK(dm, 2, .user = carol, .to = S("bob"), .text = S("psst")),
				  MSG_e_dm);
		said = world_last()->seq;
		ASK(edit, 2, .user = carol, .msg = said, .name = S("bob"), .text = S("pst"));
		ck_str(LAST(edit).to_account, "bob");
		ck_str(LAST(edit).account, accounts == 2 ? "carol" : "");
		ck_assert_uint_eq(world_last()->targets >> SUB_STORE & 1, accounts == 2);
		ASK(redact, 2, .user = carol, .msg = said, .name = S("bob"));
		ck_str(LAST(redact).to_account, "bob");
		ck_str(LAST(redact).account, accounts == 2 ? "carol" : "");
		ck_assert_uint_eq(world_last()->targets >> SUB_STORE & 1, accounts == 2);
		storeend_logged_in(carol, "carol");
	}
}
END_TEST

/* The store's row of a message that the journal holds no longer. */
static struct str
old_say(const char *account)
{
	static char row[256];
	struct m_e_say m = {.seq = 5,
			    .from = alice,
			    .room = 1,
			    .name = S("al"),
			    .account = S(account),
			    .text = S("old")};

	return (struct str){row, m_e_say_put(row, sizeof(row), &m)};
}

START_TEST(what_is_older_is_asked_of_the_store)
{
	struct m_s_message q;

	ck_assert_uint_eq(ASK(edit, 0, .user = alice, .msg = 5, .room = S("den"), .text = S("new")),
			  MSG_e_wait);
	q = STORE_ASKED(s_message);
	ck_assert_uint_eq(q.seq, 5);
	ck_assert_uint_eq(q.place, den()->born);
	STORE_SAYS(s_page, .ticket = q.ticket, .rows = old_say("alice"));
	ck_assert_uint_eq(LAST(done).ticket, q.ticket);
	ck_assert_uint_eq(TOLD(e_edit).msg, 5);
	/* the number of alice is of another registry: it says nothing */
	ASK(edit, 0, .user = alice, .msg = 5, .room = S("den"), .text = S("new"));
	STORE_SAYS(s_page, .ticket = STORE_ASKED(s_message).ticket, .rows = old_say("bob"));
	ck_assert_uint_eq(LAST(failed).code, ERR_NOT_YOURS);
	/* but she keeps order there */
	ASK(redact, 0, .user = alice, .msg = 5, .room = S("den"), .reason = S("spam"));
	STORE_SAYS(s_page, .ticket = STORE_ASKED(s_message).ticket, .rows = old_say("bob"));
	ck_str(TOLD(e_redact).reason, "spam");
	ASK(redact, 1, .user = bob, .msg = 5, .room = S("den"));
	STORE_SAYS(s_page, .ticket = STORE_ASKED(s_message).ticket, .rows = old_say("alice"));
	ck_assert_uint_eq(LAST(failed).code, ERR_NOT_YOURS);
	ASK(redact, 0, .user = alice, .msg = 5, .room = S("den"));
	STORE_SAYS(s_page, .ticket = STORE_ASKED(s_message).ticket, .code = ERR_NO_SUCH_MESSAGE);
	ck_assert_uint_eq(LAST(failed).code, ERR_NO_SUCH_MESSAGE);
	ASK(redact, 0, .user = alice, .msg = 5, .room = S("den"));
	STORE_SAYS(s_page, .ticket = STORE_ASKED(s_message).ticket, .rows = S("not a frame"));
	ck_assert_uint_eq(LAST(failed).code, ERR_NO_SUCH_MESSAGE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("history");
	TCase *tc = tcase_create("history");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_members_question_goes_and_its_answer_comes);
	tcase_add_test(tc, strangers_learn_nothing_not_even_that_there_is_something);
	tcase_add_test(tc, who_was_thrown_out_meanwhile_is_told_no_more);
	tcase_add_test(tc, who_has_gone_over_to_another_user_is_answered);
	tcase_add_test(tc, half_a_password_stays_nowhere);
	tcase_add_test(tc, everything_is_where_one_is);
	tcase_add_test(tc, everything_is_where_one_still_is);
	tcase_add_test(tc, administrators_ask_about_anything);
	tcase_add_test(tc, nothing_is_missed_in_a_room_one_could_not_be_in);
	tcase_add_test(tc, a_store_that_is_away_is_said_to_be);
	tcase_add_test(tc, marks_go_to_all_of_the_account_and_the_store);
	tcase_add_test(tc, ones_own_words_are_changed);
	tcase_add_test(tc, words_of_a_namesake_are_not_changed);
	tcase_add_test(tc, words_between_two_are_changed);
	tcase_add_test(tc, changes_between_accounts_are_kept);
	tcase_add_test(tc, what_is_older_is_asked_of_the_store);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
