/* storeend.c - see storeend.h. */
#include "config.h"

#include "storeend.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/account.h"
#include "broker/subs.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "unit.h"
#include "world.h"

#define INC 900

static int fd = -1;
static size_t len, at;
static char in[8u << 20];

static void
pump(void)
{
	subs_pump(); /* what it wants to hear of */
	loop_turn(proc.loop, 0);
	subs_resume();
	subs_pump();
}

void
storeend_open(void)
{
	struct m_sub_hello h = {.version = IPC_VERSION, .inc = INC, .seq = br.j.seq};
	int fds[2], size = 4 << 20;
	char out[64];
	size_t n = m_sub_hello_put(out, sizeof(out), &h);

	proc.opt.store_enabled = 1;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	sub_attach(SUB_STORE, INC, fds[0]);
	fd = fds[1];
	len = at = 0;
	ck_assert_int_eq(send(fd, out, n, 0), (ssize_t)n);
	pump();
	ck_assert(subs[SUB_STORE].hello);
}

void
storeend_close(void)
{
	if (fd < 0)
		return;
	close(fd);
	fd = -1;
	sub_gone(SUB_STORE, INC);
}

static void
take(void)
{
	ssize_t r;

	pump();
	if (at > 0)
		memmove(in, in + at, len - at);
	len -= at;
	at = 0;
	while ((r = recv(fd, in + len, sizeof(in) - len, MSG_DONTWAIT)) > 0)
		len += (size_t)r;
}

struct str
storeend_read(void)
{
	struct str all;

	take();
	all = (struct str){in, len};
	at = len;
	return all;
}

const void *
storeend_next(unsigned type, size_t *len_r)
{
	ssize_t n;

	take();
	while ((n = ipc_frame(in + at, len - at)) > 0) {
		const char *frame = in + at;

		at += (size_t)n;
		*len_r = (size_t)n;
		if (ipc_type(frame) == type)
			return frame;
	}
	ck_abort_msg("the store has not been sent %s", ipc_name(type));
	return NULL;
}

void
storeend_say(const void *frame, size_t n)
{
	ck_assert(n > 0);
	ck_assert_int_eq(send(fd, frame, n, 0), (ssize_t)n);
	pump();
}

uint64_t
storeend_account(const char *name)
{
	static uint64_t ids;

	ck_assert(account_made(S(name), ++ids, 0, 0));
	return ids;
}

void
storeend_logged_in(uint64_t user, const char *account)
{
	const struct reg_account *a = account_named(S(account));

	ck_assert(a != NULL);
	account_enter(regw_user(&br.reg, user), a, S(account));
}
