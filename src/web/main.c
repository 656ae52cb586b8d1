/* main.c - chatd-web: the process around it. */
#include "config.h"

#include <unistd.h>

#include "ipc/board.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "ipc/proxied.h"
#include "lib/util.h"
#include "web/link.h"
#include "web/web.h"

static bool
on_msg(unsigned type, const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_peer peer;
	struct m_map map;

	if (type == MSG_conns)
		return handed_take(frame, len, fds, nfds, http_take);
	if (type == MSG_conn_admit)
		return proxied_admitted(frame, len);
	if (type == MSG_peer && nfds == 1 && m_peer_get(frame, len, &peer) &&
	    peer.role == ROLE_BROKER) {
		link_broker(fds[0]);
		return true;
	}
	if (type == MSG_ctl_proc || type == MSG_ctl_end)
		return metrics_on_master(type, frame, len);
	if (type == MSG_map && nfds == 1 && m_map_get(frame, len, &map) && map.kind == MAP_BOARD &&
	    map.size >= sizeof(struct board)) {
		if (boards_add(&map, fds[0]) < 0)
			fatal("board of %s %u: %m", role_name(map.role), map.index);
		return true;
	}
	for (size_t i = 0; i < nfds; i++)
		close(fds[i]);
	return type == MSG_map || type == MSG_peer;
}

static void
on_drain(uint32_t ms, const char *text)
{
	(void)text;
	http_drain();
	proc_done_within(ms);
}

int
main(int argc, char **argv)
{
	static const struct proc_role role = {
	    .role = ROLE_WEB,
	    .start = http_init,
	    .on_msg = on_msg,
	    .on_drain = on_drain,
	};

	return proc_main(&role, argc, argv);
}
