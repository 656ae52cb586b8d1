/* main.c - chatd-control: answers chatctl on the admin socket.
 *
 * It reads the registry and the scoreboards, asks the broker for what concerns users and rooms
 * and the master for what concerns processes, and decides nothing but who may ask. When it
 * dies, connections wait in the listener's backlog, which is the master's, and chat goes on.
 */
#include "config.h"

#ifdef HAVE_JANSSON
#include <jansson.h>
#endif
#include <sys/mman.h>
#include <unistd.h>

#include "control/control.h"
#include "ipc/proc.h"
#include "ipc/sublink.h"
#include "lib/util.h"
#include "registry/registry.h"

struct registry *control_registry;
struct sublink *control_broker;

static int listener_fd = -1, broker_fd = -1;
static bool started;

bool
control_session(unsigned worker, uint32_t wslot, uint64_t user, struct seen *out)
{
	for (size_t i = 0; i < nboards; i++) {
		const struct board_ref *b = &boards[i];
		const struct board_session *s = board_session_at(b, wslot);

		if (b->role != ROLE_WORKER || b->index != worker)
			continue;
		if (s == NULL || s->user != user)
			return false;
		out->s = *s;
		if (s->has_cert || s->has_client)
			out->more = *board_more_at(b, wslot);
		return true;
	}
	return false;
}

static bool
on_map(const void *frame, size_t len, int fd)
{
	struct m_map m;

	if (!m_map_get(frame, len, &m))
		return false;
	if (m.kind == MAP_REGISTRY) {
		/* A new one is empty, and the broker's again: whoever is in the middle of the old one
		 * must not go on. */
		if (control_registry != NULL) {
			conn_close_all();
			registry_unmap(control_registry);
		}
		control_registry = registry_map(fd, m.size);
		if (control_registry == NULL)
			fatal("registry: %m");
		return true;
	}
	if (m.kind == MAP_BOARD && m.size >= sizeof(struct board)) {
		if (boards_add(&m, fd) < 0)
			fatal("board of %s %u: %m", role_name(m.role), m.index);
		return true;
	}
	close(fd);
	return true; /* the journal is not for us */
}

static void
on_event(const void *frame, size_t len, bool own, void *arg)
{
	struct ev_head h;

	(void)arg;
	if (ipc_type(frame) == MSG_q_page)
		conn_on_page(frame, len);
	else if (ev_head_get(frame, len, &h))
		conn_on_event(ipc_type(frame), frame, len, h.serial, own);
}

static void
turn(void *arg)
{
	(void)arg;
	sublink_flush(control_broker);
}

static void
on_broker(int fd)
{
	if (control_broker == NULL) {
		if (broker_fd >= 0)
			close(broker_fd);
		broker_fd = fd;
		return;
	}
	sublink_channel(control_broker, fd);
	conn_on_broker();
	stream_again();
}

static bool
on_msg(unsigned type, const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_peer peer;

	switch (type) {
	case MSG_map:
		return nfds == 1 && on_map(frame, len, fds[0]);
	case MSG_listener:
		if (nfds != 1)
			return false;
		listener_fd = fds[0];
		if (started)
			conn_listen(listener_fd);
		return true;
	case MSG_peer:
		if (nfds != 1 || !m_peer_get(frame, len, &peer))
			return false;
		if (peer.role == ROLE_BROKER)
			on_broker(fds[0]);
		else
			close(fds[0]);
		return true;
	default:
		return conn_on_master(type, frame, len);
	}
}

static void
start(void)
{
#ifdef HAVE_JANSSON
	json_object_seed(0); /* by a file, which is closed to us later */
#endif
	access_load(&proc.opt);
	control_broker = sublink_new(proc.loop, proc.inc, on_event, NULL);
	loop_each_turn(proc.loop, turn, NULL);
	if (broker_fd >= 0)
		sublink_channel(control_broker, broker_fd);
	if (listener_fd >= 0)
		conn_listen(listener_fd);
	started = true;
}

static void
drain(uint32_t ms, const char *text)
{
	(void)ms;
	(void)text;
	conn_close_all();
	proc_done();
}

static const struct proc_role control_role = {
    .role = ROLE_CONTROL,
    .start = start,
    .on_msg = on_msg,
    .on_reload = access_load,
    .on_drain = drain,
};

int
main(int argc, char **argv)
{
	return proc_main(&control_role, argc, argv);
}
