/* authend.c - see authend.h. */
#include "config.h"

#include "authend.h"

#include <string.h>
#include <sys/socket.h>

#include "broker/auth.h"
#include "ipc/options.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "unit.h"
#include "world.h"

int
authend_open(unsigned index, uint32_t inc)
{
	int sv[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv), 0);
	auth_attach(index, inc, sv[0]);
	return sv[1];
}

struct m_a_check
authend_asked(int fd)
{
	static char buf[4096];
	struct m_a_check m;
	ssize_t n = recv(fd, buf, IPC_HDR, 0);
	uint32_t len;

	ck_assert_int_eq(n, IPC_HDR);
	memcpy(&len, buf, 4);
	ck_assert_int_eq(recv(fd, buf + IPC_HDR, len - IPC_HDR, 0), len - IPC_HDR);
	ck_assert(m_a_check_get(buf, len, &m));
	return m;
}

void
authend_answer(int fd, uint32_t ticket, bool ok)
{
	struct m_a_result m = {.ticket = ticket, .ok = ok};
	char out[64];
	size_t n = m_a_result_put(out, sizeof(out), &m);

	ck_assert_int_eq(send(fd, out, n, 0), (ssize_t)n);
	loop_turn(proc.loop, 1000);
	auth_resume();
}

void
authend_block(const char *name, const char *hash, const char *mask, const char *account,
	      unsigned level)
{
	struct operator_block b = {S(name), S(hash), S(mask), S(account), level};

	ck_assert(operator_add(proc.opt.operators, sizeof(proc.opt.operators), &b));
}

unsigned
authend_oper(unsigned sub, uint64_t user, const char *name, const char *password)
{
	return ASK(oper, sub, .user = user, .name = S(name), .password = S(password));
}
