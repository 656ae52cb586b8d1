/* main.c - chatd-worker: speaks with clients. Decides nothing: what they want goes to the broker,
 * what it decided comes back and is shown. When the broker dies, nobody here notices; when the
 * master dies, this process ends. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "ipc/proxied.h"
#include "ipc/sublink.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/arena.h"
#include "worker/backlog.h"
#include "worker/conn.h"
#include "worker/event.h"
#include "worker/files.h"
#include "worker/input.h"
#include "worker/irc/irc.h"
#include "worker/outq.h"
#include "worker/session.h"
#include "worker/share.h"
#include "worker/ticket.h"
#include "worker/worker.h"

struct worker worker;

static uint64_t wall;
static bool options_changed;

uint64_t
worker_wall_ms(void)
{
	if (wall == 0)
		wall = wall_ms();
	return wall;
}

/* --- a turn ------------------------------------------------------------------------- */

/* Before irc_init, irc_rearm: what clients are told of it. */
static void
files_follow(void)
{
	files_set(proc.opt.files_enabled && proc.opt.store_enabled, proc.opt.web_url);
}

/* Requests leave before output, so that the broker works while we send. */
static void
turn_end(void *arg)
{
	(void)arg;
	irc_turn();
	input_turn();
	sublink_flush(worker.link);
	outq_flush();
	if (worker.draining)
		drain_turn();
	conns_reap_turn();
	sublink_flush(worker.link);
	handed_turn();
	count(CTR_turns_total);
	wall = 0;
	if (options_changed) {
		options_changed = false;
		worker.disk = options_disk(&proc.opt);
		if (!worker.disk)
			backlog_release();
		conns_rearm();
		files_follow();
		irc_rearm();
		session_init();
	}
}

/* --- what the master says ----------------------------------------------------------- */

static void
close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static struct sublink *
link_made(void)
{
	if (worker.link == NULL) {
		worker.loop = proc.loop;
		worker.link = sublink_new(proc.loop, proc.inc, event_take, NULL);
	}
	return worker.link;
}

static bool
take_map(const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_map m;

	if (!m_map_get(frame, len, &m) || nfds != 1) {
		close_all(fds, nfds);
		return false;
	}
	if (m.kind == MAP_REGISTRY && worker.reg == NULL) {
		worker.reg = registry_map(fds[0], m.size);
		if (worker.reg == NULL)
			fatal("registry: %s", strerror(errno));
	} else if (m.kind == MAP_BOARD && m.role == ROLE_WORKER && m.index < WORKERS_MAX &&
		   worker.boards[m.index].map == NULL) {
		worker.boards[m.index] =
		    (struct board_ref){m.role, m.index, board_map(fds[0], m.size), m.size};
		share_rearm();
		backlog_share();
	} else {
		close(fds[0]);
	}
	return true;
}

static bool
worker_on_msg(unsigned type, const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_peer peer;

	switch (type) {
	case MSG_map:
		return take_map(frame, len, fds, nfds);
	case MSG_conns:
		return handed_take(frame, len, fds, nfds, conn_open);
	case MSG_conn_admit:
		return proxied_admitted(frame, len) && irc_admitted(frame, len);
	case MSG_conn_early:
		return handed_early(frame, len);
	case MSG_peer:
		if (!m_peer_get(frame, len, &peer) || nfds != 1 || peer.role != ROLE_BROKER)
			break;
		sublink_channel(link_made(), fds[0]);
		tickets_again();
		return true;
	}
	close_all(fds, nfds);
	return false;
}

static void
worker_start(void)
{
	tzset();
	link_made();
	worker.disk = options_disk(&proc.opt);
	arena_init();
	backlog_init(worker.loop);
	/* ours was given for writing, and only once */
	worker.boards[proc.index] = (struct board_ref){ROLE_WORKER, proc.index, board_own,
						       board_size(board_own->nsessions)};
	conns_init(worker.loop, board_own->nsessions);
	session_init();
	files_follow();
	irc_init(worker.loop);
	loop_each_turn(worker.loop, turn_end, NULL);
}

static void
worker_on_reload(const struct options *new)
{
	(void)new;
	options_changed = true; /* seen at the end of the turn, when the new ones are in force */
}

int
main(int argc, char **argv)
{
	static const struct proc_role role = {
	    .role = ROLE_WORKER,
	    .start = worker_start,
	    .on_msg = worker_on_msg,
	    .on_reload = worker_on_reload,
	    .on_drain = drain_begin,
	};

	return proc_main(&role, argc, argv);
}
