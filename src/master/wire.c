/* wire.c - see wire.h. */
#include "config.h"

#include "master/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "master/admins.h"
#include "master/certs.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/reload.h"
#include "master/shm.h"

#define PEER_BUFFER (1 << 20) /* a turn's worth of events for many */

static char frame[IPC_FRAME_MAX];

/* Make a message in `frame` and send it: NAME, fields…, then descriptors. */
#define SEND(c, name, fds, nfds, give, ...) \
	do { \
		struct m_##name m_ = {__VA_ARGS__}; \
		child_send(c, frame, m_##name##_put(frame, sizeof(frame), &m_), fds, nfds, give); \
	} while (0)

static void
send_map(struct child *c, unsigned kind, unsigned role, unsigned index, const struct shm *s,
	 bool write)
{
	SEND(c, map, write ? &s->rw : &s->ro, 1, false, .kind = (uint8_t)kind,
	     .role = (uint8_t)role, .index = (uint16_t)index, .size = s->size);
}

/* What a role is given to read besides its own board, and no more: who is taken over has it. */
static const struct {
	bool registry, boards;
} memory[ROLE_COUNT] = {
    [ROLE_WORKER] = {true, true},  [ROLE_BROKER] = {true, false}, /* to write */
    [ROLE_CONTROL] = {true, true}, [ROLE_STORE] = {true, false},  [ROLE_WEB] = {false, true},
};

/* The others' boards, to be shown; a worker's of a place never changes, so once is enough. */
static void
send_boards(struct child *c)
{
	send_map(c, MAP_BOARD, ROLE_MASTER, 0, shm_board(ROLE_MASTER, 0), false);
	for (unsigned i = 0; i < child_count(); i++) {
		struct child *o = child_nth(i);

		if (o != c)
			send_map(c, MAP_BOARD, o->role, o->index, shm_board(o->role, o->index),
				 false);
	}
}

static void
send_memory(struct child *c)
{
	send_map(c, MAP_BOARD, c->role, c->index, shm_board(c->role, c->index), true);
	if (memory[c->role].registry)
		send_map(c, MAP_REGISTRY, 0, 0, &shm_registry, c->role == ROLE_BROKER);
	if (c->role == ROLE_BROKER)
		send_map(c, MAP_JOURNAL, 0, 0, &shm_journal, true);
	if (memory[c->role].boards)
		send_boards(c);
}

void
wire_board(const struct child *c)
{
	for (unsigned i = 0; i < child_count(); i++) {
		struct child *o = child_nth(i);

		if (o != c && child_alive(o) && memory[o->role].boards)
			send_map(o, MAP_BOARD, c->role, c->index, shm_board(c->role, c->index),
				 false);
	}
}

static void
big_buffer(int fd)
{
	int size = PEER_BUFFER;

	/* without privilege: as much as net.core.wmem_max lets us */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* A channel between a broker and a subscriber, an end for each. */
static void
wire_peers(struct child *broker, struct child *sub)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
		log_err("cannot make a channel: %s", strerror(errno));
		child_kill(sub, "there was no channel for it");
		return;
	}
	big_buffer(fds[0]);
	big_buffer(fds[1]);
	SEND(broker, peer, &fds[0], 1, true, .role = (uint8_t)sub->role,
	     .index = (uint16_t)sub->index, .inc = sub->inc);
	SEND(sub, peer, &fds[1], 1, true, .role = ROLE_BROKER, .index = 0, .inc = broker->inc);
	sub->broker_inc = broker->inc;
}

static void
send_peers(struct child *c)
{
	struct child *broker = child_nth(0);

	if (c->role == ROLE_TLS)
		return; /* it has no business with the broker */
	if (c != broker) {
		if (child_alive(broker))
			wire_peers(broker, c);
		return;
	}
	for (unsigned i = 1; i < child_count(); i++) {
		if (child_alive(child_nth(i)) && child_nth(i)->role != ROLE_TLS)
			wire_peers(c, child_nth(i));
	}
	SEND(c, peers_end, NULL, 0, false, .dummy = 0);
}

void
wire_peer_gone(struct child *broker, const struct child *sub)
{
	SEND(broker, peer_gone, NULL, 0, false, .role = (uint8_t)sub->role,
	     .index = (uint16_t)sub->index, .inc = sub->inc);
}

void
wire_options(struct child *c, const struct options *o, uint32_t generation)
{
	static char data[60000];
	static struct options his;
	size_t n;

	his = *o;
	options_for_role(&his, c->role);
	if (c->role == ROLE_CONTROL)
		admins_numbers(&his);
	if (his.web_url[0] == '\0')
		listen_url(&his);
	if (c->role == ROLE_TLS)
		certs_send(c);
	n = options_put(&his, data, sizeof(data));
	CHECK(n > 0);
	SEND(c, options, NULL, 0, false, .generation = generation, .data = {data, n});
}

void
wire_log_set(void)
{
	for (unsigned i = 0; i < child_count(); i++) {
		if (child_alive(child_nth(i)))
			SEND(child_nth(i), log_set, NULL, 0, false, .level = (uint8_t)log_level,
			     .traces = log_traces);
	}
}

void
wire_first_words(struct child *c, int log_fd)
{
	int admin = listen_admin_fd();

	SEND(c, setup, &log_fd, 1, true, .version = IPC_VERSION, .role = (uint8_t)c->role,
	     .index = (uint16_t)c->index, .inc = c->inc, .uid = master.set.uid,
	     .gid = master.set.gid, .epoch = master.epoch, .workers = (uint16_t)master.workers,
	     .log_level = (uint8_t)log_level, .log_traces = log_traces);
	wire_options(c, reload_options(), reload_generation());
	send_memory(c);
	if (c->role == ROLE_CONTROL)
		SEND(c, listener, &admin, 1, false, .protocol = 0);
	send_peers(c);
	SEND(c, start, NULL, 0, false, .dummy = 0);
}
