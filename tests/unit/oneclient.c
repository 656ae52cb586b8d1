/* oneclient.c - see oneclient.h. */
#include "config.h"

#include "oneclient.h"

#include <stdarg.h>
#include <sys/socket.h>

#include "ipc/handed.h"
#include "ipc/proc.h"
#include "ipc/sublink.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "worker/arena.h"
#include "worker/backlog.h"
#include "worker/event.h"
#include "worker/input.h"
#include "worker/irc/irc.h"
#include "worker/outq.h"
#include "worker/session.h"

int oneclient_fd;
unsigned oneclient_closed;

/* --- what the worker's main.c has ---------------------------------------------------------------- */

struct worker worker;

uint64_t
worker_wall_ms(void)
{
	return 0;
}

/* There is no master. */
void
handed_from(const struct m_conn_from *m)
{
	(void)m;
}

void
handed_closed(uint64_t conn)
{
	(void)conn;
	oneclient_closed++;
}

static void
turn_end(void *arg)
{
	(void)arg;
	input_turn();
	outq_flush();
	conns_reap_turn();
}

/* --- the client ---------------------------------------------------------------------------------- */

void
turn(void)
{
	loop_again(worker.loop);
	loop_turn(worker.loop, 0);
}

const char *
heard(void)
{
	static char in[65536];
	size_t len = 0;
	ssize_t n;

	turn();
	while ((n = recv(oneclient_fd, in + len, sizeof(in) - 1 - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	in[len] = '\0';
	return in;
}

void
type(const char *p, size_t n)
{
	ck_assert_int_eq(send(oneclient_fd, p, n, 0), (ssize_t)n);
	turn();
}

static struct conn *
open_one(uint8_t protocol)
{
	struct conn_rec rec = {.id = 1, .protocol = protocol, .address = "192.0.2.1"};
	int fds[2];

	options_defaults(&proc.opt);
	board_own = xcalloc(1, board_size(4));
	proc.loop = worker.loop = loop_new();
	proc.inc = ONECLIENT_INC;
	worker.link = sublink_new(worker.loop, ONECLIENT_INC, event_take, NULL);
	arena_init();
	backlog_init(worker.loop);
	conns_init(worker.loop, 4);
	session_init();
	irc_init(worker.loop);
	loop_each_turn(worker.loop, turn_end, NULL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	oneclient_fd = fds[1];
	conn_open(&rec, fds[0], STR_LIT(""));
	ck_assert_ptr_nonnull(conn_at(0));
	return conn_at(0);
}

void
types(const char *fmt, ...)
{
	char line[4096];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = vbprintf(line, sizeof(line) - 2, fmt, ap);
	va_end(ap);
	memcpy(line + n, "\r\n", 2);
	type(line, n + 2);
}

struct conn *
oneclient(void)
{
	struct conn *c = open_one(PROTO_TELNET);

	ck_assert_uint_gt(strlen(heard()), 0); /* the greeting */
	return c;
}

struct conn *
oneclient_irc(uint64_t user, const char *name, const char *caps)
{
	struct conn *c = open_one(PROTO_IRC);

	types("CAP REQ :%s", caps);
	ck_assert_ptr_nonnull(strstr(heard(), " ACK "));
	conn_named(c, user, str_of(name));
	return c;
}
