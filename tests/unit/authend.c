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

const void *
authend_frame(int fd, unsigned type, size_t *len_r)
{
	static char buf[8192];
	uint32_t len;

	ck_assert_int_eq(recv(fd, buf, IPC_HDR, 0), IPC_HDR);
	memcpy(&len, buf, 4);
	ck_assert_int_eq(recv(fd, buf + IPC_HDR, len - IPC_HDR, 0), len - IPC_HDR);
	ck_assert_uint_eq(ipc_type(buf), type);
	*len_r = len;
	return buf;
}

struct m_a_check
authend_asked(int fd)
{
	return AUTH_ASKED(fd, a_check);
}

void
authend_say(int fd, const void *frame, size_t len)
{
	ck_assert_int_eq(send(fd, frame, len, 0), (ssize_t)len);
	loop_turn(proc.loop, 1000);
	auth_resume();
}

void
authend_answer(int fd, uint32_t ticket, bool ok)
{
	AUTH_SAYS(fd, a_result, .ticket = ticket, .ok = ok);
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
