/* main.c - chatd-store: remembers what was said, who has an account, which rooms outlive their members.
 *
 * It takes the journal's events and decides nothing. What it holds is in state_dir, in SQLite.
 */
#include "config.h"

#include <unistd.h>

#include "ipc/ipc.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "store/faultvfs.h"
#include "store/link.h"

static void
on_event(const void *frame, size_t len)
{
	(void)frame;
	(void)len;
}

static void
on_word(unsigned type, const void *frame, size_t len)
{
	struct m_s_restored done = {.done = 1};
	struct m_s_query query;
	struct m_s_page page = {.code = ERR_STORE_AWAY};
	char out[64];

	if (type == MSG_s_begin)
		link_send(out, m_s_restored_put(out, sizeof(out), &done));
	if (type == MSG_s_query && m_s_query_get(frame, len, &query)) {
		page.ticket = query.ticket;
		link_send(out, m_s_page_put(out, sizeof(out), &page));
	}
}

static bool
on_msg(unsigned type, const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_peer peer;

	if (type == MSG_peer && nfds == 1 && m_peer_get(frame, len, &peer)) {
		link_channel(fds[0]);
		return true;
	}
	for (size_t i = 0; i < nfds; i++)
		close(fds[i]);
	return type == MSG_map;
}

static void
turn(void *arg)
{
	(void)arg;
	link_flush();
	if (proc.draining && link_ended())
		proc_done();
}

static void
start(void)
{
	faultvfs_init();
	link_init(0, on_event, on_word);
	loop_each_turn(proc.loop, turn, NULL);
}

/* The broker has ended before: what it had to say is in the channel. */
static void
drain(uint32_t ms, const char *text)
{
	(void)ms;
	(void)text;
	loop_again(proc.loop);
}

static const struct proc_role store_role = {
    .role = ROLE_STORE,
    .start = start,
    .on_msg = on_msg,
    .on_drain = drain,
};

int
main(int argc, char **argv)
{
	return proc_main(&store_role, argc, argv);
}
