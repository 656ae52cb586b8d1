/* accept.c - see accept.h.
 *
 * Connections are accepted in batches, given to the worker with the fewest, and what one worker
 * gets in a turn leaves in one packet (at most FDPASS_MAX in each). When every worker has as many
 * on the way as it may have, the listeners are left alone until a report comes: connections wait
 * in the backlog, which costs nothing.
 */
#include "config.h"

#include "master/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

/* The keys are our own numbers, one after the other. */
#define HASH_FUNCTION(p, n, out) \
	((out) = (unsigned)(*(const uint64_t *)(const void *)(p)*0x9e3779b97f4a7c15u >> 32))
#include <uthash.h>

#include "ipc/board.h"
#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/util.h"
#include "master/address.h"
#include "master/admit.h"
#include "master/child.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/shm.h"
#include "master/sockaddr.h"

#define BATCH 64 /* per listener and turn: others want their turn too */
#define INFLIGHT_MAX 256 /* sent to one worker, not reported as taken */
#define TRIES_MAX 3 /* workers that die over the same connection */
#define PAUSE_MS 100 /* when the kernel has nothing to give */
#define SWEEP_MS 5000
#define FDS_OF_A_WORKER 32 /* that are not sessions */

struct conn {
	uint64_t id;
	struct child *worker; /* NULL: waits for one */
	struct address *address; /* NULL: a Unix socket's, not counted */
	struct flight *flight; /* owned; NULL: taken */
	LIST_ENTRY(conn) link; /* in its worker's conns */
	UT_hash_handle hh;
};

/* What is needed until the worker has taken it. */
struct flight {
	struct conn *conn;
	int fd;
	unsigned tries;
	struct conn_rec rec;
	TAILQ_ENTRY(flight) link; /* in its worker's flights, or in orphans */
};
TAILQ_HEAD(flights, flight);

/* To be sent to a worker at the end of this turn. */
struct parcel {
	unsigned n;
	struct conn_rec recs[FDPASS_MAX];
	int fds[FDPASS_MAX];
};

static struct conn *conns; /* by id */
static unsigned nconns;
static uint64_t last_id;
static struct flights orphans = TAILQ_HEAD_INITIALIZER(orphans);
static unsigned norphans;
static struct parcel parcels[WORKERS_MAX];
static unsigned inflight_max = INFLIGHT_MAX, sessions_max;
static int spare_fd = -1;
static bool paused, stopped, short_of_fds;
static struct loop_timer pause_timer, sweep_timer;

/* --- which worker ------------------------------------------------------------------------- */

/* The one with the fewest sessions among those that may get more; NULL: none now. full_r: it is
 * sessions that are too many, not connections on the way. */
static struct child *
pick(bool *full_r)
{
	struct child *best = NULL;

	*full_r = false;
	for (unsigned i = 0; i < master.workers; i++) {
		struct child *w = child_worker(i);

		if (w->state != CHILD_READY || w->inflight >= inflight_max)
			continue;
		if (w->sessions >= sessions_max)
			*full_r = true;
		else if (best == NULL || w->sessions < best->sessions)
			best = w;
	}
	return best;
}

static void
send_parcel(struct child *w)
{
	struct parcel *p = &parcels[w->index];
	struct m_conns m = {.conns = {(const char *)p->recs, p->n * sizeof(struct conn_rec)}};
	char frame[8192 + 64];

	if (p->n == 0)
		return;
	/* when it fails, the worker is dying, and they are handed to another at its death */
	child_send(w, frame, m_conns_put(frame, sizeof(frame), &m), p->fds, p->n, false);
	p->n = 0;
}

static void
give_to(struct child *w, struct flight *f)
{
	struct parcel *p = &parcels[w->index];

	f->conn->worker = w;
	LIST_INSERT_HEAD(&w->conns, f->conn, link);
	TAILQ_INSERT_TAIL(&w->flights, f, link);
	w->sessions++;
	w->inflight++;
	f->tries++;
	p->recs[p->n] = f->rec;
	p->fds[p->n++] = f->fd;
	if (p->n == FDPASS_MAX)
		send_parcel(w);
}

static void
place_orphans(void)
{
	struct flight *f;
	struct child *w;
	bool full;

	while ((f = TAILQ_FIRST(&orphans)) != NULL && children_accepting() &&
	       (w = pick(&full)) != NULL) {
		TAILQ_REMOVE(&orphans, f, link);
		norphans--;
		give_to(w, f);
	}
}

static void
end_of_turn(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < master.workers; i++)
		send_parcel(child_worker(i));
}

/* --- the end of a connection -------------------------------------------------------------- */

static void
land(struct flight *f)
{
	close(f->fd);
	f->conn->flight = NULL;
	free(f);
	short_of_fds = false;
}

static void
forget(struct conn *c)
{
	if (c->worker != NULL) {
		LIST_REMOVE(c, link);
		c->worker->sessions--;
	}
	if (c->address != NULL) {
		address_remove(c->address);
		address_put(c->address, loop_now_us(master.loop));
	}
	if (c->flight != NULL)
		land(c->flight);
	HASH_DEL(conns, c);
	nconns--;
	free(c);
}

/* --- a new one ---------------------------------------------------------------------------- */

/* Into the hands of the worker with the fewest; of nobody yet, when none can take it. */
static void
place_or_keep(struct flight *f)
{
	bool full;
	struct child *w = pick(&full);

	if (w != NULL && norphans == 0) {
		give_to(w, f);
		return;
	}
	TAILQ_INSERT_TAIL(&orphans, f, link);
	norphans++;
}

static void
take(struct newcomer *n)
{
	struct address *a = NULL;
	struct flight *f;
	struct conn *c;

	if (!admit(n, nconns, &a))
		return;
	f = xcalloc(1, sizeof(*f));
	c = xcalloc(1, sizeof(*c));
	c->id = ++last_id;
	c->address = a;
	c->flight = f;
	if (a != NULL)
		address_add(a);
	HASH_ADD(hh, conns, id, sizeof(c->id), c);
	nconns++;
	f->conn = c;
	f->fd = n->fd;
	f->rec = n->rec;
	f->rec.id = c->id;
	log_trace(conn, "%llu from %s port %u", (unsigned long long)c->id, f->rec.address,
		  f->rec.port);
	place_or_keep(f);
}

static void
accepted(struct listener *l, int fd, const struct sockaddr *sa)
{
	struct newcomer n = {.fd = fd};

	l->accepted++;
	count(CTR_connections_total);
	n.inet = sockaddr_bytes(sa, n.bytes);
	n.rec = (struct conn_rec){.protocol = l->conf.protocol,
				  .direct = l->conf.direct,
				  .loopback = !n.inet || sockaddr_is_loopback(n.bytes),
				  .port = sockaddr_port(sa)};
	sockaddr_text(sa, n.rec.address, sizeof(n.rec.address));
	take(&n);
}

/* --- when the kernel has no descriptor to give -------------------------------------------- */

static void
resume(void *arg)
{
	(void)arg;
	paused = false;
	accept_update();
}

static void
pause_accepting(void)
{
	paused = true;
	loop_timer_start(master.loop, &pause_timer, PAUSE_MS, resume, NULL);
}

static bool
anything_in_flight(void)
{
	for (unsigned i = 0; i < master.workers; i++) {
		if (child_worker(i)->inflight > 0)
			return true;
	}
	return norphans > 0;
}

static void
reopen_spare(void)
{
	if (spare_fd < 0)
		spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Descriptors that are on their way to a worker come back soon. If there are none, the spare one is
 * lent to say no with, so that nobody hangs in the backlog; and if even that fails, we wait. */
static void
out_of_descriptors(int listen_fd)
{
	static uint64_t logged_at;
	int fd;

	if (loop_now(master.loop) - logged_at >= 1000) {
		log_warn("out of descriptors: %s", strerror(errno));
		logged_at = loop_now(master.loop);
	}
	if (anything_in_flight()) {
		short_of_fds = true;
		return;
	}
	if (spare_fd >= 0) {
		close(spare_fd);
		spare_fd = -1;
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			count(CTR_connections_total);
			admit_refuse(fd, CTR_refused_fds,
				     "The server is out of resources, try again later.\r\n");
		}
		reopen_spare();
		if (fd >= 0 && spare_fd >= 0)
			return;
	}
	pause_accepting();
}

/* False: no more from this listener in this turn. */
static bool
accept_failed(int fd)
{
	switch (errno) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM: /* a firewall's word */
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENOPROTOOPT:
	case ENONET:
		return true;
	case EMFILE:
	case ENFILE:
		out_of_descriptors(fd);
		return false;
	case EAGAIN:
		return false;
	default: /* ENOBUFS, ENOMEM, or what we do not know */
		log_warn("cannot accept: %s", strerror(errno));
		pause_accepting();
		return false;
	}
}

void
accept_ready(int fd, unsigned what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	reopen_spare();
	for (unsigned i = 0; i < BATCH; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		bool full;
		struct child *w = pick(&full);
		int conn;

		if (w == NULL && !full)
			break;
		conn = accept4(fd, (struct sockaddr *)&ss, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (conn < 0) {
			if (!accept_failed(fd))
				break;
		} else if (w == NULL) {
			l->accepted++;
			count(CTR_connections_total);
			admit_refuse(conn, CTR_refused_full,
				     "The server is full, try again later.\r\n");
		} else {
			accepted(l, conn, (struct sockaddr *)&ss);
		}
	}
	accept_update();
}

/* --- what workers tell, and their deaths -------------------------------------------------- */

bool
accept_report(struct child *w, const void *frame, size_t len)
{
	struct m_conn_report m;

	if (!m_conn_report_get(frame, len, &m) || m.taken > w->inflight)
		return false;
	for (uint32_t i = 0; i < m.taken; i++) {
		struct flight *f = TAILQ_FIRST(&w->flights);

		TAILQ_REMOVE(&w->flights, f, link);
		w->inflight--;
		land(f);
	}
	w->taken += m.taken;
	for (size_t i = 0; i < m.closed.n; i++) {
		uint64_t id = ids_at(m.closed, i);
		struct conn *c;

		HASH_FIND(hh, conns, &id, sizeof(id), c);
		/* a worker speaks for its own connections only */
		if (c == NULL || c->worker != w || c->flight != NULL)
			return false;
		forget(c);
	}
	accept_update();
	return true;
}

void
accept_worker_dead(struct child *w)
{
	struct flight *f;
	struct conn *c;
	uint64_t taken, had;

	if (w->role != ROLE_WORKER)
		return;
	parcels[w->index].n = 0;
	taken = shm_board_taken(w->role, w->index);
	had = taken - w->taken; /* received, and not told of any more */
	w->taken = taken;
	while ((f = TAILQ_FIRST(&w->flights)) != NULL) {
		TAILQ_REMOVE(&w->flights, f, link);
		w->inflight--;
		if (had > 0) {
			had--;
			continue; /* forgotten below: it has been spoken to */
		}
		if (f->tries >= TRIES_MAX || stopped)
			continue; /* so is this: it may well be what kills them */
		LIST_REMOVE(f->conn, link);
		f->conn->worker = NULL;
		w->sessions--;
		TAILQ_INSERT_TAIL(&orphans, f, link);
		norphans++;
	}
	while ((c = LIST_FIRST(&w->conns)) != NULL)
		forget(c);
	CHECK(w->sessions == 0 && w->inflight == 0);
}

void
accept_update(void)
{
	bool full, can;

	if (stopped)
		return;
	place_orphans();
	can = !paused && !short_of_fds && norphans == 0 && children_accepting();
	listen_enable(can && (pick(&full) != NULL || full));
}

/* --- beginning and end --------------------------------------------------------------------- */

static void
sweep(void *arg)
{
	(void)arg;
	if (master.set.opt.connect_rate > 0)
		address_sweep(loop_now_us(master.loop));
	loop_timer_start(master.loop, &sweep_timer, SWEEP_MS, sweep, NULL);
}

void
accept_init(void)
{
	uint64_t limit = master.fd_limit;

	sessions_max =
	    (unsigned)MIN(limit > FDS_OF_A_WORKER ? limit - FDS_OF_A_WORKER : 1, UINT32_MAX);
	/* our own copies: half of our descriptors at most */
	inflight_max = (unsigned)MAX(MIN(limit / (2 * master.workers), INFLIGHT_MAX), 4);
	reopen_spare();
	admit_init(take);
	loop_each_turn(master.loop, end_of_turn, NULL);
	loop_timer_start(master.loop, &sweep_timer, SWEEP_MS, sweep, NULL);
}

void
accept_stop(void)
{
	struct flight *f;

	stopped = true;
	admit_init(NULL);
	while ((f = TAILQ_FIRST(&orphans)) != NULL) {
		TAILQ_REMOVE(&orphans, f, link);
		norphans--;
		forget(f->conn);
	}
}

unsigned
accept_sessions(void)
{
	return nconns;
}
