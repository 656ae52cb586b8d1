/* outq: what waits for the disk waits, with all that is queued behind it, and nothing before it does; what one event makes for
 * very many has room. */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include "ipc/proc.h"
#include "oneclient.h"
#include "lib/util.h"
#include "worker/backlog.h"
#include "worker/fanout.h"
#include "worker/hold.h"
#include "worker/outq.h"
#include "worker/query.h"

static struct conn *c;

static void
put(const char *text)
{
	outq_copy(c, text, strlen(text));
}

/* An answer that waits for the event seq. */
static void
answer(const char *text, uint64_t seq)
{
	outq_hold(c, seq);
	put(text);
	backlog_hold_end(c);
}

static void
setup(void)
{
	c = oneclient();
}

/* --- the places alone ---------------------------------------------------------------------------- */

START_TEST(holds_in_order)
{
	struct holds h = {0};

	ck_assert_uint_eq(holds_open(&h, 7), 7);
	holds_add(&h, 5, 10);
	holds_add(&h, 5, 11); /* the same place: one */
	holds_add(&h, 8, 11); /* waits already */
	holds_add(&h, 9, 12);
	ck_assert_uint_eq(h.n, 2);
	ck_assert_uint_eq(holds_open(&h, 20), 5);
	ck_assert(!holds_release(&h, 10));
	ck_assert(holds_release(&h, 11));
	ck_assert_uint_eq(holds_open(&h, 20), 9);
	holds_trim(&h, 10);
	ck_assert_uint_eq(h.n, 1);
	holds_trim(&h, 9);
	ck_assert_uint_eq(h.n, 0);
	holds_free(&h);
}
END_TEST

START_TEST(many_holds)
{
	struct holds h = {0};
	uint64_t gone = 0;

	for (uint64_t i = 1; i <= 20000; i++) {
		holds_add(&h, i, i);
		if (i % 3 == 0)
			holds_release(&h, gone = i / 2);
		ck_assert_uint_eq(holds_open(&h, i + 1), gone + 1);
	}
	ck_assert_uint_eq(h.n, 20000 - gone);
	ck_assert(holds_release(&h, UINT64_MAX));
	ck_assert_uint_eq(holds_open(&h, 30000), 30000);
	holds_free(&h);
}
END_TEST

/* --- in a queue ------------------------------------------------------------------------------------ */

START_TEST(waits_and_comes)
{
	put("before ");
	answer("ack1 ", 10);
	put("chat ");
	HEARS("before ");
	put("more ");
	HEARS("");
	backlog_durable(9);
	HEARS("");
	backlog_durable(10);
	HEARS("ack1 chat more ");
	ck_assert_ptr_null(c->back);
	put("free");
	HEARS("free");
}
END_TEST

START_TEST(several)
{
	answer("a", 10);
	put("b");
	answer("c", 11);
	answer("d", 12);
	put("e");
	HEARS("");
	backlog_durable(11);
	HEARS("abc");
	put("f");
	HEARS("");
	backlog_durable(20);
	HEARS("def");
	answer("known", 20);
	HEARS("known");
}
END_TEST

START_TEST(nothing_to_wait)
{
	put("a");
	outq_hold(c, 10);
	backlog_hold_end(c);
	ck_assert_ptr_null(c->back);
	put("b");
	HEARS("ab");
	/* behind one that does wait */
	answer("c", 11);
	outq_hold(c, 12);
	backlog_hold_end(c);
	put("d");
	backlog_durable(11);
	HEARS("cd");
}
END_TEST

START_TEST(option_off)
{
	answer("a", 10);
	answer("b", 11);
	HEARS("");
	backlog_release();
	HEARS("ab");
	/* what was not on the disk still is not */
	answer("c", 11);
	HEARS("");
}
END_TEST

/* The socket is full when it is released. */
START_TEST(slow_reader)
{
	static char big[200000];
	size_t got = 0;

	memset(big, 'x', sizeof(big) - 1);
	put("a");
	answer("", 10);
	answer(big, 10);
	answer("end", 11);
	HEARS("a");
	backlog_durable(10);
	for (int i = 0; i < 100 && got < sizeof(big) - 1; i++)
		got += strlen(heard());
	ck_assert_uint_eq(got, sizeof(big) - 1);
	HEARS("");
	ck_assert(!backlog_sendable(c));
	backlog_durable(11);
	HEARS("end");
	ck_assert_ptr_null(c->back);
}
END_TEST

START_TEST(busy)
{
	static char big[CONN_SOFT + 1];

	memset(big, 'x', sizeof(big) - 1);
	answer("a", 10);
	turn();
	ck_assert(!outq_busy(c)); /* a few lines that wait are no reason not to listen */
	put(big);
	turn();
	ck_assert(outq_busy(c));
	backlog_durable(10);
	turn();
	ck_assert(!outq_busy(c));
}
END_TEST

START_TEST(limit)
{
	static char big[60000];

	memset(big, 'x', sizeof(big) - 1);
	answer("a", 10);
	for (unsigned i = 0; i * sizeof(big) <= proc.opt.queue && !(c->flags & CONN_ENDED); i++) {
		put(big);
		turn();
	}
	ck_assert_uint_eq(oneclient_closed, 1);
	ck_assert_uint_eq(board_own->counters[CTR_dropped_queue], 1);
	backlog_durable(10);
	ck_assert_uint_eq(recv(oneclient_fd, big, sizeof(big), 0), 0);
}
END_TEST

/* Last words behind what waits are not lost, if it does not wait for too long. */
START_TEST(ended)
{
	answer("ack ", 10);
	put("bye");
	conn_end(c, "", true);
	HEARS("");
	ck_assert_uint_eq(oneclient_closed, 0);
	backlog_durable(10);
	HEARS("ack bye");
	close(oneclient_fd);
	turn();
	turn();
	ck_assert_uint_eq(oneclient_closed, 1);
}
END_TEST

/* --- much in one turn ------------------------------------------------------------------------------ */

struct counted {
	struct query query;
	unsigned *steps;
};

static enum query_step
count_step(struct conn *client, struct query *q)
{
	(void)client;
	++*((struct counted *)q)->steps;
	return QUERY_DONE;
}

/* An event may have very many begin a long answer: nothing of it is made before the event is over. */
START_TEST(begun_later)
{
	static char registry; /* there has to be one, and nobody reads it */
	struct counted *q = xcalloc(1, sizeof(*q));
	unsigned steps = 0;

	worker.reg = (struct registry *)&registry;
	q->query.step = count_step;
	q->steps = &steps;
	query_begin(c, &q->query);
	ck_assert_uint_eq(steps, 0);
	ck_assert_ptr_eq(c->query, q);
	turn();
	ck_assert_uint_eq(steps, 1);
	ck_assert_ptr_null(c->query);
	ck_assert(!(c->flags & CONN_BARRIER));
}
END_TEST

START_TEST(begun_by_nobody)
{
	struct counted *q = xcalloc(1, sizeof(*q));

	conn_end(c, "", true);
	query_begin(c, &q->query);
	ck_assert_ptr_null(c->query);
}
END_TEST

/* An event that has something of its own for each of very many. */
START_TEST(relieved)
{
	static char big[60000];
	const struct shown s = {.what = SHOWN_SAY, .name = STR_LIT("ann"), .text = STR_LIT("hey")};
	struct slice made;

	memset(big, 'x', sizeof(big));
	fan_begin(&s, NULL);
	fan_give(c, c->cls);
	for (size_t all = 0; all < 2 * (size_t)ARENA_MAX; all += sizeof(big)) {
		arena_copy(big, sizeof(big)); /* for others */
		if (all < 2 * proc.opt.queue)
			outq_copy(c, big, sizeof(big));
		fan_relieve();
	}
	/* it does not read, and whoever speaks to it may have got hold of it */
	ck_assert(c->flags & CONN_BROKEN);
	ck_assert(!(c->flags & CONN_ENDED));
	made = fan_made(c->cls);
	ck_assert_uint_eq(made.len, strlen("ann: hey\r\n"));
	ck_assert_int_eq(memcmp(arena_at(made.off), "ann: hey\r\n", made.len), 0);
	turn();
	ck_assert_uint_eq(oneclient_closed, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("outq");
	TCase *tc = tcase_create("holds");

	tcase_add_test(tc, holds_in_order);
	tcase_add_test(tc, many_holds);
	suite_add_tcase(s, tc);
	tc = tcase_create("queue");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, waits_and_comes);
	tcase_add_test(tc, several);
	tcase_add_test(tc, nothing_to_wait);
	tcase_add_test(tc, option_off);
	tcase_add_test(tc, slow_reader);
	tcase_add_test(tc, busy);
	tcase_add_test(tc, limit);
	tcase_add_test(tc, ended);
	suite_add_tcase(s, tc);
	tc = tcase_create("much");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, begun_later);
	tcase_add_test(tc, begun_by_nobody);
	tcase_add_test(tc, relieved);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
