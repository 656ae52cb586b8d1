/* Waiting for answers that come later: whose they are, brokers that die meanwhile, clients that go. */
#include "config.h"

#include <stdlib.h>

#include "ipc/sublink.h"
#include "lib/util.h"
#include "unit.h"
#include "worker/input.h"
#include "worker/request.h"
#include "worker/ticket.h"
#include "worker/worker.h"

struct worker worker;
static struct conn a, b;
static uint64_t began; /* the sequence number that the broker began with */
static unsigned asked; /* how often; what the last time: */
static const struct conn *asker;
static char frame[1024];
static size_t nframe;
static unsigned answers; /* to tickets; the last one: */
static unsigned type, number;
static const struct conn *told;
static bool goes_on;

uint64_t
sublink_began(const struct sublink *s)
{
	(void)s;
	return began;
}

void
request_later(struct conn *c, enum ticket_how how, const void *p, size_t n)
{
	ck_assert_uint_le(n, sizeof(frame));
	memcpy(frame, p, n);
	nframe = n;
	asker = c;
	asked++;
	if (how == TICKET_WAITS)
		c->flags |= CONN_BARRIER;
}

void
conn_resume(struct conn *c)
{
	(void)c;
}

void
conn_answered(struct conn *c)
{
	ck_assert(goes_on == !(c->flags & CONN_BARRIER));
}

static void
fn(struct conn *c, struct late *l)
{
	ck_assert_ptr_null(c->ticket);
	ck_assert(!(c->flags & CONN_BARRIER));
	answers++;
	type = l->type;
	number = l->number;
	told = c;
}

static void
setup(void)
{
	a = b = (struct conn){.flags = 0};
	began = 10;
	asked = answers = 0;
	goes_on = true;
}

static void
teardown(void)
{
	ticket_forget(&a, TICKET_WAITS);
	ticket_forget(&b, TICKET_WAITS);
}

/* c asks for something with a password in it. */
static void
ask(struct conn *c)
{
	struct m_r_register m = {.user = 7, .password = STR_LIT("sesame")};

	ticket_made(c, TICKET_WAITS,
		    m_r_register_put(ticket_room(c, TICKET_WAITS, 256, fn), 256, &m));
	ck_assert_ptr_eq(asker, c);
}

static void
waits(struct conn *c, uint64_t seq, uint32_t ticket)
{
	struct m_e_wait e = {.seq = seq, .ticket = ticket};

	c->flags &= ~(unsigned)CONN_BARRIER; /* as request_answered does */
	ticket_waits(c, TICKET_WAITS, &e);
	ck_assert(c->flags & CONN_BARRIER);
}

/* Is it asked for once more than it was? */
static bool
again(void)
{
	struct m_r_register m;

	ck_assert(m_r_register_get(frame, nframe, &m));
	ck_assert(str_eq(m.password, STR_LIT("sesame")) && m.user == 7);
	return m.again;
}

START_TEST(answered)
{
	struct m_e_done e = {.ticket = 5};

	ask(&a);
	waits(&a, 11, 5);
	ask(&b);
	waits(&b, 12, 6);
	ck_assert(!again());
	ck_assert(!ticket_answered(4, MSG_e_done, &e));
	ck_assert(!ticket_answered(0, MSG_e_done, &e));
	ck_assert(ticket_answered(6, MSG_e_done, &e));
	ck_assert(answers == 1 && told == &b && number == 6 && type == MSG_e_done);
	ck_assert(ticket_answered(5, MSG_e_done, &e));
	ck_assert(answers == 2 && told == &a);
	ck_assert(!ticket_answered(5, MSG_e_done, &e));
}
END_TEST

START_TEST(refused)
{
	struct m_e_refused e = {.code = ERR_BUSY};

	ask(&a);
	a.flags &= ~(unsigned)CONN_BARRIER;
	ticket_refused(&a, TICKET_WAITS, &e);
	ck_assert(answers == 1 && type == MSG_e_refused && number == 0);
	ticket_refused(&a, TICKET_WAITS, &e); /* of something else: nobody waits */
	ck_assert_uint_eq(answers, 1);
}
END_TEST

/* What was waited for died with the broker: another is asked, once; what the first one said is worth nothing. */
START_TEST(another_broker)
{
	struct m_e_authed e = {.ticket = 5};

	ask(&a);
	waits(&a, 11, 5);
	ask(&b); /* not taken by that one: the link asks again by itself */
	asked = 0;
	tickets_again();
	began = 20;
	ck_assert(asked == 1 && asker == &a && again());
	ck_assert(!ticket_answered(5, MSG_e_authed, &e));
	waits(&a, 21, 30);
	ck_assert(ticket_answered(30, MSG_e_authed, &e) && answers == 1);
}
END_TEST

/* It had said that it has begun, and died: its word comes from the journal. */
START_TEST(said_by_the_dead)
{
	struct m_e_authed e = {.ticket = 5};

	ask(&a);
	tickets_again();
	began = 20;
	ck_assert_uint_eq(asked, 1);
	waits(&a, 15, 5);
	ck_assert(asked == 2 && again());
	ck_assert(!ticket_answered(5, MSG_e_authed, &e));
	waits(&a, 21, 5);
	ck_assert(ticket_answered(5, MSG_e_authed, &e));
}
END_TEST

START_TEST(gone)
{
	struct m_e_done e = {.ticket = 5};

	ask(&a);
	waits(&a, 11, 5);
	ticket_forget(&a, TICKET_WAITS);
	ck_assert(!ticket_answered(5, MSG_e_done, &e) && answers == 0);
	asked = 0;
	tickets_again();
	ck_assert_uint_eq(asked, 0);
}
END_TEST

static void
asks_on(struct conn *c, struct late *l)
{
	(void)l;
	ask(c);
}

START_TEST(one_after_the_other)
{
	struct m_q_page e = {.ticket = 5};
	struct m_r_query q = {.user = 7};

	ticket_made(&a, TICKET_WAITS,
		    m_r_query_put(ticket_room(&a, TICKET_WAITS, 512, asks_on), 512, &q));
	waits(&a, 11, 5);
	goes_on = false;
	ck_assert(ticket_answered(5, MSG_q_page, &e));
	ck_assert_ptr_nonnull(a.ticket);
	waits(&a, 12, 6);
	goes_on = true;
	ck_assert(ticket_answered(6, MSG_q_page, &e) && answers == 1);
}
END_TEST

static void
takes(struct conn *c, struct late *l)
{
	(void)c;
	ck_assert_str_eq(l->state, "state");
	if (answers++ == 0)
		return; /* freed */
	free(l->state);
	l->state = NULL;
}

START_TEST(has_a_state)
{
	struct m_e_done e = {.ticket = 5};
	struct m_r_query q = {.user = 7};

	for (unsigned i = 0; i < 3; i++) {
		ticket_made(&a, TICKET_WAITS,
			    m_r_query_put(ticket_room(&a, TICKET_WAITS, 512, takes), 512, &q));
		ticket_state(&a, xstrndup("state", 5));
		waits(&a, 11, 5);
		if (i < 2)
			ck_assert(ticket_answered(5, MSG_e_done, &e));
		else
			ticket_forget(&a, TICKET_WAITS);
	}
}
END_TEST

/* What nobody waits for: the client goes on, and may wait for something else meanwhile. */
START_TEST(behind)
{
	struct m_q_page page = {.ticket = 5};
	struct m_e_done done = {.ticket = 6};
	struct m_r_query q = {.user = 7};
	struct m_e_wait e = {.seq = 11, .ticket = 5};

	ticket_made(&a, TICKET_BEHIND,
		    m_r_query_put(ticket_room(&a, TICKET_BEHIND, 512, fn), 512, &q));
	ticket_waits(&a, TICKET_BEHIND, &e);
	ck_assert(!(a.flags & CONN_BARRIER));
	ask(&a);
	waits(&a, 12, 6);
	ck_assert(ticket_answered(6, MSG_e_done, &done) && number == 6);
	asked = 0;
	tickets_again();
	ck_assert(asked == 1 && !(a.flags & CONN_BARRIER));
	e = (struct m_e_wait){.seq = 21, .ticket = 5};
	ticket_waits(&a, TICKET_BEHIND, &e);
	ck_assert(ticket_answered(5, MSG_q_page, &page) && number == 5);
}
END_TEST

START_TEST(failures)
{
	struct m_e_failed failed = {.code = ERR_LOGIN_WRONG, .arg = STR_LIT("x")};
	struct m_q_page page = {.code = ERR_NO_HISTORY, .arg = STR_LIT("y")}, good = {.code = 0};
	struct m_e_done done = {.ticket = 1};
	struct str arg;
	unsigned code;

	ck_assert(late_failed(&(struct late){.type = MSG_e_failed, .e = &failed}, &code, &arg));
	ck_assert(code == ERR_LOGIN_WRONG && str_eq(arg, STR_LIT("x")));
	ck_assert(late_failed(&(struct late){.type = MSG_q_page, .e = &page}, &code, &arg));
	ck_assert(code == ERR_NO_HISTORY && str_eq(arg, STR_LIT("y")));
	ck_assert(!late_failed(&(struct late){.type = MSG_q_page, .e = &good}, &code, &arg));
	ck_assert(!late_failed(&(struct late){.type = MSG_e_done, .e = &done}, &code, &arg));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ticket");
	TCase *tc = tcase_create("tickets");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, answered);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, another_broker);
	tcase_add_test(tc, said_by_the_dead);
	tcase_add_test(tc, gone);
	tcase_add_test(tc, one_after_the_other);
	tcase_add_test(tc, has_a_state);
	tcase_add_test(tc, behind);
	tcase_add_test(tc, failures);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
