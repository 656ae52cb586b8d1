/* accept.c - see accept.h.
 *
 * Connections are accepted in batches. When those who would get them have as many on the way as they may have, the listeners are
 * left alone until a report comes: connections wait in the backlog, which costs nothing.
 */
#include "config.h"

#include "master/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/board.h"
#include "lib/log.h"
#include "master/address.h"
#include "master/admit.h"
#include "master/child.h"
#include "master/handover.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/sockaddr.h"

#define BATCH 64 /* per listener and turn: others want their turn too */
#define PAUSE_MS 100 /* when the kernel has nothing to give */
#define SWEEP_MS 5000
/* The last of our descriptors are not for new connections, if chatd-web or chatd-tls may give some back; and the very last are for channels to
 * processes that have to be started: without one to take them, no connection's would ever be closed here. */
#define LEFT_FOR_PASSED 16
#define LEFT_FOR_CHANNELS 8

static bool paused, stopped, short_of_fds;
static int spare_fd = -1;
static struct loop_timer pause_timer, sweep_timer;

/* --- a new one ---------------------------------------------------------------------------- */

static void
take(struct newcomer *n)
{
	struct address *a = NULL;

	if (admit(n, handover_conns(), &a))
		handover_new(n->fd, &n->rec, a);
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
				  .tls = l->conf.tls,
				  .proxy = l->conf.proxy,
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

static void
reopen_spare(void)
{
	if (spare_fd < 0)
		spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Descriptors that are on their way to a worker come back soon. If there are none, the spare one is
 * lent to say no with, so that nobody hangs in the backlog; and if even that fails, we wait. */
static void
out_of_descriptors(int listen_fd, const struct conn_rec *rec)
{
	static uint64_t logged_at;
	int fd;

	if (loop_now(master.loop) - logged_at >= 1000) {
		log_warn("out of descriptors: %s", strerror(errno));
		logged_at = loop_now(master.loop);
	}
	if (handover_under_way()) {
		short_of_fds = true;
		return;
	}
	if (spare_fd >= 0) {
		close(spare_fd);
		spare_fd = -1;
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			count(CTR_connections_total);
			admit_refuse(fd, rec, CTR_refused_fds,
				     "The server is out of resources, try again later.");
		}
		reopen_spare();
		if (fd >= 0 && spare_fd >= 0)
			return;
	}
	pause_accepting();
}

/* The lowest that is free is what one gets: are there fewer than n above fd? */
static bool
among_last(int fd, unsigned n)
{
	return (master.webs > 0 || master.tlss > 0) && (uint64_t)fd + n >= master.fd_limit;
}

/* False: no more from this listener in this turn. */
static bool
accept_failed(int fd, const struct conn_rec *rec)
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
		out_of_descriptors(fd, rec);
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
	/* in whose words it is refused */
	struct conn_rec rec = {.protocol = l->conf.protocol, .tls = l->conf.tls};

	(void)what;
	reopen_spare();
	for (unsigned i = 0; i < BATCH; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		enum handover_room room = handover_room(listen_stage(l));
		int conn;

		if (room == ROOM_LATER)
			break;
		conn = accept4(fd, (struct sockaddr *)&ss, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (conn < 0) {
			if (!accept_failed(fd, &rec))
				break;
		} else if (room == ROOM_FULL) {
			l->accepted++;
			count(CTR_connections_total);
			sockaddr_text((struct sockaddr *)&ss, rec.address, sizeof(rec.address));
			admit_refuse(conn, &rec, CTR_refused_full,
				     "The server is full, try again later.");
		} else {
			accepted(l, conn, (struct sockaddr *)&ss);
			short_of_fds = among_last(conn, LEFT_FOR_PASSED) && handover_under_way();
			if (short_of_fds)
				break;
		}
	}
	accept_update();
}

void
accept_fd_back(void)
{
	short_of_fds = false;
	children_read_on();
}

bool
accept_few_left(int fd)
{
	return among_last(fd, LEFT_FOR_CHANNELS);
}

void
accept_update(void)
{
	bool can = !paused && !short_of_fds && children_accepting(), on[ROLE_COUNT];

	if (stopped)
		return;
	handover_waiting();
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		on[r] = can && handover_room(r) != ROOM_LATER;
	listen_enable(on);
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
	handover_init();
	reopen_spare();
	admit_init(take);
	loop_timer_start(master.loop, &sweep_timer, SWEEP_MS, sweep, NULL);
}

void
accept_stop(void)
{
	stopped = true;
	admit_init(NULL);
	handover_stop();
}
