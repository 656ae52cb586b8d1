/* main.c - chatd-auth: checks passwords against their hashes and makes such hashes, which takes long on purpose.
 *
 * The broker asks, over a channel that the master made; answers come in the order of the questions,
 * one in each turn of the loop, so that the master's pings are answered in between. Nothing is
 * kept: what is not answered when the broker or this process dies is asked again by whoever wants to know. A
 * malformed question closes the channel, and the broker is told by that.
 */
#include "config.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/password.h"
#include "auth/scram.h"
#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"

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

/* --- one question ---------------------------------------------------------------------------- */

static char result[4096]; /* the answer's frame; has secrets in it */

_Static_assert(sizeof(result) >= IPC_HDR + 16 + AUTH_SECRET_MAX + PWHASH_MAX + SCRAM_MAX,
	       "every answer fits");

/* Each: the length of its answer, 0: malformed. */
typedef size_t answer_fn(const void *frame, size_t len);

static size_t
answer_check(const void *frame, size_t len)
{
	struct m_a_result r;
	struct m_a_check q;

	if (!m_a_check_get(frame, len, &q))
		return 0;
	r = (struct m_a_result){.ticket = q.ticket,
				.ok = password_fits(q.hash, q.memory, q.password)};
	r.stale = r.ok && password_stale(q.hash, q.memory);
	count(r.ok ? CTR_auth_ok : CTR_auth_failed);
	log_trace(ipc, "check %u: %s", q.ticket, r.ok ? "ok" : "failed");
	return m_a_result_put(result, sizeof(result), &r);
}

static size_t
answer_hash(const void *frame, size_t len)
{
	char hash[PWHASH_MAX + 1] = "", scram[SCRAM_MAX + 1] = "";
	struct m_a_hashed r;
	struct m_a_hash q;
	size_t n;

	if (!m_a_hash_get(frame, len, &q))
		return 0;
	r = (struct m_a_hashed){.ticket = q.ticket};
	r.ok = password_hash(q.password, q.memory, hash) &&
	       (!q.scram || scram_make(q.password, scram));
	if (r.ok) {
		r.hash = str_of(hash);
		r.scram = str_of(scram);
	}
	n = m_a_hashed_put(result, sizeof(result), &r);
	sodium_memzero(hash, sizeof(hash));
	sodium_memzero(scram, sizeof(scram));
	return n;
}

static size_t
answer_scram(const void *frame, size_t len)
{
	char nonce[SCRAM_NONCE_LEN], text[AUTH_SECRET_MAX];
	struct m_a_scrammed r;
	struct m_a_scram q;

	if (!m_a_scram_get(frame, len, &q))
		return 0;
	r = (struct m_a_scrammed){.ticket = q.ticket, .text = {text, 0}};
	if (q.final.n > 0) {
		r.text.n = scram_final(q.verifier, q.first, q.server, q.final, text);
		count(r.text.n > 0 ? CTR_auth_ok : CTR_auth_failed);
	} else {
		scram_nonce(nonce);
		r.text.n =
		    scram_first(q.verifier, q.first, (struct str){nonce, sizeof(nonce)}, text);
	}
	r.ok = r.text.n > 0;
	return m_a_scrammed_put(result, sizeof(result), &r);
}

static const struct {
	unsigned type;
	answer_fn *fn;
} questions[] = {
    {MSG_a_check, answer_check},
    {MSG_a_hash, answer_hash},
    {MSG_a_scram, answer_scram},
};

/* False: malformed. */
static bool
answer(const void *frame, size_t len)
{
	size_t n = 0;
	bool taken;

	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		if (questions[i].type == ipc_type(frame))
			n = questions[i].fn(frame, len);
	}
	taken = n > 0 && buf_append(&broker.out, result, n) == 0;
	sodium_memzero(result, n);
	return taken;
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
