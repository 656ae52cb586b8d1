/* main.c - chatd-auth: checks passwords against their hashes, which takes long on purpose.
 *
 * The broker asks, over a channel that the master made; answers come in the order of the questions,
 * one check in each turn of the loop, so that the master's pings are answered in between. Nothing is
 * kept: what is not answered when the broker or this process dies is asked again by whoever wants to know. A
 * malformed question closes the channel, and the broker is told by that.
 */
#include "config.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "ipc/pwhash.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"

/* Of a word that nobody knows, at the cost that `chatctl mkpasswd` takes: to fail as slowly where there is no hash
 * as where there is one. */
static const char nobodys[] = "$argon2id$v=19$m=65536,t=2,p=1$fSkn7eSjm92zq+Al27nhFQ$"
			      "mlrwRgZsCduAsaRhTreYXUUaMTDeBAWzn4xAGOh64tc";

static struct {
	int fd; /* -1: there is no broker */
	struct loop_io io;
	struct buf out;
	size_t in_len;
	char in[IPC_FRAME_MAX]; /* questions; the rest waits in the socket */
} broker = {.fd = -1};

static void
hang_up(void)
{
	if (broker.fd < 0)
		return;
	loop_del(proc.loop, &broker.io);
	close(broker.fd);
	broker.fd = -1;
	buf_fini(&broker.out);
	sodium_memzero(broker.in, broker.in_len);
	broker.in_len = 0;
}

/* --- one check ------------------------------------------------------------------------------- */

static bool
fits(struct str hash, struct str password)
{
	char text[PWHASH_MAX + 1];
	const char *why = hash.n > 0 ? pwhash_wrong(hash.p, hash.n) : NULL;
	bool known = hash.n > 0 && why == NULL, same;

	if (why != NULL)
		log_err("asked to check a password against what is %s", why);
	bprintf(text, sizeof(text), "%.*s", known ? (int)hash.n : (int)sizeof(nobodys),
		known ? hash.p : nobodys);
	errno = 0;
	same = crypto_pwhash_str_verify(text, password.p, password.n) == 0;
	if (!same && errno == ENOMEM)
		log_err("no memory to check a password");
	sodium_memzero(text, sizeof(text));
	return known && same;
}

/* False: malformed. */
static bool
answer(const void *frame, size_t len)
{
	struct m_a_result result;
	struct m_a_check check;
	char out[64];

	if (!ipc_allowed(ipc_type(frame), ROLE_BROKER, ROLE_AUTH) ||
	    !m_a_check_get(frame, len, &check))
		return false;
	result =
	    (struct m_a_result){.ticket = check.ticket, .ok = fits(check.hash, check.password)};
	count(result.ok ? CTR_auth_ok : CTR_auth_failed);
	log_trace(ipc, "check %u: %s", check.ticket, result.ok ? "ok" : "failed");
	return buf_append(&broker.out, out, m_a_result_put(out, sizeof(out), &result)) == 0;
}

/* --- the channel ----------------------------------------------------------------------------- */

static void
flush(void)
{
	if (broker.fd < 0)
		return;
	if (buf_flush(&broker.out, broker.fd) < 0)
		hang_up();
	else
		loop_mod(proc.loop, &broker.io, broker.out.len > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* The first question, if it is all there. */
static void
take_one(void)
{
	ssize_t n = ipc_frame(broker.in, broker.in_len);
	bool good;

	if (n == 0)
		return;
	good = n > 0 && answer(broker.in, (size_t)n);
	if (!good) {
		log_err("the broker's question was not understood");
		hang_up();
		return;
	}
	memmove(broker.in, broker.in + n, broker.in_len - (size_t)n);
	broker.in_len -= (size_t)n;
	/* where the moved bytes were */
	sodium_memzero(broker.in + broker.in_len, (size_t)n);
	if (ipc_frame(broker.in, broker.in_len) != 0)
		loop_again(proc.loop);
}

static void
on_channel(int fd, unsigned what, void *arg)
{
	ssize_t n;

	(void)what;
	(void)arg;
	if (broker.in_len == sizeof(broker.in))
		return; /* full of whole questions: a frame is never longer */
	n = recv(fd, broker.in + broker.in_len, sizeof(broker.in) - broker.in_len, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		hang_up();
	else if (n > 0)
		broker.in_len += (size_t)n;
}

/* What was answered leaves at once: the next check takes long. */
static void
turn(void *arg)
{
	(void)arg;
	if (broker.fd >= 0)
		take_one();
	flush();
}

static bool
on_msg(unsigned type, const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_peer peer;

	if (type != MSG_peer || nfds != 1) {
		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
		return type == MSG_map; /* not for us */
	}
	if (!m_peer_get(frame, len, &peer) || peer.role != ROLE_BROKER)
		return false;
	hang_up();
	broker.fd = fds[0];
	if (loop_add(proc.loop, &broker.io, fds[0], EPOLLIN, on_channel, NULL) < 0)
		fatal("cannot watch the channel to the broker: %s", strerror(errno));
	return true;
}

static void
start(void)
{
	const struct rlimit none = {0, 0};

	if (sodium_init() < 0)
		fatal("libsodium cannot be used here");
	/* guesses must not slow down those who chat */
	setpriority(PRIO_PROCESS, 0, 10);
	/* a dump would have passwords in it */
	setrlimit(RLIMIT_CORE, &none);
	loop_each_turn(proc.loop, turn, NULL);
}

static const struct proc_role auth_role = {
    .role = ROLE_AUTH,
    .start = start,
    .on_msg = on_msg,
};

int
main(int argc, char **argv)
{
	return proc_main(&auth_role, argc, argv);
}
