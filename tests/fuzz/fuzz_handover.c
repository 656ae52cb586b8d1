/* fuzz_handover.c - processes that have been taken over tell the master what they like of connections: whose they are, that they have
 * ended, gone on, become plain. The master lives, believes each about its own only, and neither keeps nor loses a descriptor, nor gives
 * one away that is something else.
 *
 * The input is a script. Who is caught lying is dead at once, as child_talk.c does it, and another one takes its place.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "ipc/ipc.h"
#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "master/accept.h"
#include "master/address.h"
#include "master/admit.h"
#include "master/chan.h"
#include "master/child.h"
#include "master/handover.h"
#include "master/master.h"
#include "master/shm.h"
#include "script.h"

#define PLACES 5
#define STEPS_MAX 200

struct master master;

static struct child children[PLACES];
static uint64_t written[PLACES]; /* what each has written there */
static uint64_t first_id, last_id; /* of this run */
static int peers[PLACES];
static unsigned denied; /* how many times a real address is not let in */
static int base; /* what all descriptors are copies of */

/* --- the master's other parts ------------------------------------------------------------------------- */

unsigned
child_count(void)
{
	return PLACES;
}

struct child *
child_nth(unsigned i)
{
	return &children[i];
}

bool
children_accepting(void)
{
	return true;
}

bool
child_send(struct child *c, const void *frame, size_t len, const int *fds, size_t nfds, bool give)
{
	FUZZ_ASSERT(c->state == CHILD_READY && ipc_frame(frame, len) == (ssize_t)len && !give);
	for (size_t i = 0; i < nfds; i++)
		FUZZ_ASSERT(fcntl(fds[i], F_GETFD) >= 0);
	return chan_send(&c->chan, master.loop, frame, len, fds, nfds, give);
}

void
accept_fd_back(void)
{
}

const char *
admit_real(const struct conn_rec *rec, const uint8_t bytes[16], struct address **a_r)
{
	(void)rec;
	if (bytes != NULL)
		*a_r = address_get(bytes, 32, 64, loop_now_us(master.loop));
	if (denied == 0)
		return NULL;
	denied--;
	return "There are too many of you.";
}

const uint8_t *
shm_cert_key(void)
{
	static const uint8_t key[16] = "of certificates";

	return key;
}

uint64_t
shm_board_taken(unsigned role, unsigned index)
{
	for (unsigned i = 0; i < PLACES; i++) {
		if (children[i].role == role && children[i].index == index)
			return written[i];
	}
	abort();
}

/* --- the processes' ends of their channels ----------------------------------------------------------------- */

static void
on_chan(int fd, unsigned what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	if (what & EPOLLOUT)
		chan_writable(&c->chan, master.loop);
}

static void
wire(struct child *c)
{
	int fds[2], few = 4096;

	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) ==
		    0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &few, sizeof(few));
	chan_open(&c->chan, master.loop, fds[0], on_chan, c);
	peers[c - children] = fds[1];
}

/* What it is given are connections, and nothing else that the master has. */
static void
check_conns(const struct child *c, const struct m_conns *m, const int *fds, size_t nfds)
{
	struct conn_rec rec;
	struct stat st;

	FUZZ_ASSERT(m->conns.n == nfds * sizeof(rec) && nfds <= FDPASS_MAX);
	for (size_t i = 0; i < nfds; i++) {
		memcpy(&rec, m->conns.p + i * sizeof(rec), sizeof(rec));
		FUZZ_ASSERT(fstat(fds[i], &st) == 0 && S_ISCHR(st.st_mode) && rec.id >= first_id);
		FUZZ_ASSERT(memchr(rec.address, '\0', sizeof(rec.address)) != NULL);
		FUZZ_ASSERT(c->role != ROLE_TLS || rec.tls_version == 0);
		last_id = MAX(last_id, rec.id);
		close(fds[i]);
	}
}

/* It reads one packet. */
static bool
read_one(struct child *c)
{
	static char frame[IPC_FRAME_MAX];
	int fds[FDPASS_MAX];
	size_t nfds = 0;
	ssize_t n = fdpass_recv(peers[c - children], frame, sizeof(frame), fds, &nfds);
	struct m_conns m;

	if (n <= 0)
		return false;
	FUZZ_ASSERT(ipc_frame(frame, (size_t)n) == n);
	if (m_conns_get(frame, (size_t)n, &m))
		check_conns(c, &m, fds, nfds);
	else
		FUZZ_ASSERT(nfds == 0);
	return true;
}

static void
read_all(struct child *c)
{
	do {
		while (read_one(c))
			;
		chan_writable(&c->chan, master.loop);
	} while (c->chan.nunsent > 0);
	while (read_one(c))
		;
}

/* --- what happens ---------------------------------------------------------------------------------------- */

static int
descriptor(void)
{
	int fd = dup(base);

	FUZZ_ASSERT(fd >= 0);
	return fd;
}

static void
die(struct child *c)
{
	c->state = CHILD_WAITING;
	chan_close(&c->chan, master.loop);
	while (read_one(c))
		;
	close(peers[c - children]);
	handover_dead(c);
	FUZZ_ASSERT(TAILQ_EMPTY(&c->flights) && LIST_EMPTY(&c->conns));
	wire(c);
	c->state = CHILD_READY;
	handover_waiting();
}

static void
come(struct script *s)
{
	unsigned k = byte(s);
	struct conn_rec rec = {.protocol = k % 3 + 1,
			       .tls = (k & 4) != 0,
			       .loopback = (k & 8) != 0,
			       .proxy = (k & 16) != 0,
			       .port = 1};
	uint8_t bytes[16] = {0xfe, 0x80, [15] = (uint8_t)(k >> 5)};

	if (rec.protocol >= PROTO_COUNT)
		rec.protocol = PROTO_WEB;
	bprintf(rec.address, sizeof(rec.address), "%s", k & 32 ? "fe80::1" : "unix");
	handover_new(descriptor(), &rec,
		     k & 32 ? address_get(bytes, 32, 64, loop_now_us(master.loop)) : NULL);
}

/* One of those that there may be; or one that there is not. */
static uint64_t
conn(struct script *s)
{
	unsigned k = byte(s);

	return k < 240 ? first_id + k % (last_id - first_id + 2) : k * 0x0101010101010101u;
}

static size_t
made_up(struct script *s, char *out, size_t cap)
{
	uint64_t ids[3] = {conn(s), conn(s), conn(s)};
	unsigned n = byte(s);
	struct m_conn_report report = {.taken = n % 8, .closed = {(const char *)ids, n / 8 % 4}};
	struct m_conn_pass pass = {.id = ids[0], .ws = n % 4, .early = some(s, 200)};
	struct m_conn_plain plain = {
	    .id = ids[0], .version = 0x304, .cipher = 0x1301, .cert = some(s, n % 2 ? 32 : 0)};
	struct m_conn_from from = {.id = ids[0],
				   .port = n,
				   .tls = n % 2,
				   .address = n < 100 ? STR_LIT("192.0.2.7") : some(s, 48)};

	switch (byte(s) % 8) {
	case 0:
		return m_conn_pass_put(out, cap, &pass);
	case 1:
		return m_conn_plain_put(out, cap, &plain);
	case 2:
		return m_conn_from_put(out, cap, &from);
	default:
		return m_conn_report_put(out, cap, &report);
	}
}

/* As child_talk.c hands it on. */
static bool
told(struct child *c, const char *frame, size_t len)
{
	bool good;
	int fd;

	switch (ipc_type(frame)) {
	case MSG_conn_report:
		return handover_report(c, frame, len);
	case MSG_conn_from:
		return handover_from(c, frame, len);
	case MSG_conn_pass:
	case MSG_conn_plain:
		if (c->role != (ipc_type(frame) == MSG_conn_pass ? ROLE_WEB : ROLE_TLS))
			return false;
		fd = descriptor();
		good = ipc_type(frame) == MSG_conn_pass ? handover_pass(c, frame, len, fd)
							: handover_plain(c, frame, len, fd);
		if (!good)
			close(fd);
		return good;
	default:
		return false;
	}
}

static void
tell(struct script *s)
{
	struct child *c = &children[byte(s) % PLACES];
	static char frame[IPC_FRAME_MAX];
	size_t n = made_up(s, frame, sizeof(frame));
	struct str raw;

	if (byte(s) > 240) { /* bytes of its own */
		raw = some(s, 100);
		if (n > IPC_HDR && raw.n > 0)
			memcpy(frame + IPC_HDR, raw.p, MIN(raw.n, n - IPC_HDR));
	}
	if (n == 0 || !told(c, frame, n))
		die(c);
}

static void
check(void)
{
	unsigned held = 0;

	for (unsigned i = 0; i < PLACES; i++) {
		unsigned n = 0, flights = 0;
		struct flight *f;
		struct conn *c;

		c = LIST_FIRST(&children[i].conns);
		f = TAILQ_FIRST(&children[i].flights);
		n = children[i].sessions;
		flights = children[i].inflight;
		FUZZ_ASSERT((n == 0) == (c == NULL) && (flights == 0) == (f == NULL) &&
			    flights <= n);
		held += n;
	}
	FUZZ_ASSERT(handover_conns() == 0 || held > 0 || handover_under_way());
}

static void
step(struct script *s)
{
	unsigned k = byte(s);

	if (k < 60) {
		come(s);
	} else if (k < 70) {
		loop_turn(master.loop, 0);
	} else if (k < 80) {
		k = byte(s) % PLACES;
		/* what it has received; or whatever it likes */
		written[k] = byte(s) < 200
				 ? children[k].taken + byte(s) % (children[k].inflight + 1)
				 : byte(s) * 0x123456789u;
		die(&children[k]);
	} else if (k < 85) {
		denied = byte(s) % 4;
	} else if (k < 95) {
		read_one(&children[byte(s) % PLACES]);
	} else {
		tell(s);
	}
	check();
}

static void
begin(void)
{
	static const uint8_t roles[PLACES] = {ROLE_WORKER, ROLE_WORKER, ROLE_WEB, ROLE_TLS,
					      ROLE_TLS};

	log_level = -1;
	base = open("/dev/null", O_RDWR | O_CLOEXEC);
	master.loop = loop_new();
	master.fd_limit = 200;
	master.workers = 2;
	options_defaults(&master.set.opt);
	handover_init();
	for (unsigned i = 0; i < PLACES; i++) {
		children[i] =
		    (struct child){.role = roles[i], .index = i % 2, .state = CHILD_READY};
		TAILQ_INIT(&children[i].flights);
		LIST_INIT(&children[i].conns);
		wire(&children[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = {data, data + size};
	int fd;

	if (master.loop == NULL) {
		begin();
		first_id = 1;
	}
	fd = descriptor();
	close(fd);
	denied = 0;
	last_id = MAX(last_id, first_id - 1);
	for (unsigned i = 0; i < STEPS_MAX && s.p < s.end; i++)
		step(&s);
	/* who has killed three of them is let go */
	for (unsigned k = 0; k < 200 && (handover_conns() > 0 || handover_under_way()); k++) {
		for (unsigned i = 0; i < PLACES; i++) {
			written[i] = children[i].taken;
			die(&children[i]);
		}
	}
	loop_turn(master.loop, 0);
	for (unsigned i = 0; i < PLACES; i++)
		read_all(&children[i]);
	FUZZ_ASSERT(handover_conns() == 0 && !handover_under_way());
	address_sweep(loop_now_us(master.loop));
	first_id = last_id + 1;
	FUZZ_ASSERT(descriptor() == fd);
	close(fd);
	return 0;
}
