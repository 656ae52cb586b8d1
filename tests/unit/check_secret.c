/* secret: what is typed as a password is no line of any other kind, is hidden where that can be, and is said to be
 * visible where it cannot. */
#include "config.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/proc.h"
#include "ipc/sublink.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "unit.h"
#include "worker/account.h"
#include "worker/arena.h"
#include "worker/conn.h"
#include "worker/event.h"
#include "worker/input.h"
#include "worker/outq.h"
#include "worker/secret.h"
#include "worker/session.h"
#include "worker/worker.h"

#define IAC "\xff"
#define DONT "\xfe"
#define DO "\xfd"
#define WONT "\xfc"
#define WILL "\xfb"
#define ECHO "\x01"
#define VISIBLE "(what you type is visible) "

/* --- what the worker's main.c has ---------------------------------------------------------------- */

struct worker worker;

uint64_t
worker_wall_ms(void)
{
	return 0;
}

void
worker_report_taken(unsigned n)
{
	(void)n;
}

void
worker_report_closed(uint64_t conn)
{
	(void)conn;
}

/* --- a client ---------------------------------------------------------------------------------- */

static struct conn *c;
static int peer;
static char taken[1024]; /* the last line that was taken */
static unsigned times, more; /* how often; ask so many times more */

static void
turn_end(void *arg)
{
	(void)arg;
	input_turn();
	outq_flush();
	conns_reap_turn();
}

static void
turn(void)
{
	loop_again(worker.loop);
	loop_turn(worker.loop, 0);
}

static const char *
heard(void)
{
	static char in[65536];
	size_t len = 0;
	ssize_t n;

	turn();
	while ((n = recv(peer, in + len, sizeof(in) - 1 - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	in[len] = '\0';
	return in;
}

#define HEARS(text) ck_assert_str_eq(heard(), text)

static void
type(const char *p, size_t n)
{
	ck_assert_int_eq(send(peer, p, n, 0), (ssize_t)n);
	turn();
}

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
	struct conn_rec rec = {.id = 1, .protocol = PROTO_TELNET, .address = "192.0.2.1"};
	int fds[2];

	options_defaults(&proc.opt);
	board_own = xcalloc(1, board_size(4));
	proc.loop = worker.loop = loop_new();
	worker.link = sublink_new(worker.loop, 1, event_take, NULL);
	arena_init();
	outq_init(worker.loop);
	conns_init(worker.loop, 4);
	session_init();
	loop_each_turn(worker.loop, turn_end, NULL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	peer = fds[1];
	conn_open(&rec, fds[0]);
	c = conn_at(0);
	heard(); /* the greeting */
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
	HEARS(ACCOUNT_SECRET_NO ".\r\n");
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
	close(peer);
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
