/* child_talk.c - what the processes say to the master, and the pings that show that they live.
 * One that does not answer for a time (patience) is killed; so is one that says what it may not. */
#include "config.h"

#include "master/child_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/logsink.h"
#include "lib/util.h"
#include "master/accept.h"
#include "master/certs.h"
#include "master/ctl.h"
#include "master/handover.h"
#include "master/master.h"
#include "master/reload.h"

#define PING_MS 500
#define HUNG_MS 2000 /* no answer for so long */
#define HUNG_AUTH_MS 6000 /* the dearest check, and a new hash, take it a second on a fast core */
#define START_MS 10000 /* not ready for so long */
#define PACKETS_PER_TURN 64

static struct loop_timer ping_timer;
static uint64_t ping_at;

/* --- what children say -------------------------------------------------------------------- */

static bool
on_hello(struct child *c, const void *frame, size_t len)
{
	struct m_hello m;

	if (!m_hello_get(frame, len, &m))
		return false;
	if (m.version != IPC_VERSION || m.role != c->role) {
		log_err("%s is of another version than chatd: install both from one build",
			child_programs[c->role]);
		child_kill(c, "of another version");
	}
	return true;
}

/* Each shortcoming once, and once more when it has changed: it is the kernel's as a rule, and everybody's. */
static void
note_sandbox(struct child *c, const struct m_ready *m)
{
	static char told[ROLE_COUNT][257];
	char why[257];

	c->filter = m->filter != 0;
	c->landlock = m->landlock;
	bprintf(why, sizeof(why), STR_FMT, STR_ARG(m->why));
	if (strcmp(told[c->role], why) == 0)
		return;
	bprintf(told[c->role], sizeof(told[c->role]), "%s", why);
	if (why[0] != '\0')
		log_warn("%s runs with less of a sandbox than it should: %s", child_name(c), why);
}

static bool
on_ready(struct child *c, const struct m_ready *m)
{
	if (c->state != CHILD_STARTING)
		return c->state != CHILD_READY;
	note_sandbox(c, m);
	c->state = CHILD_READY;
	c->ready_ms = mono_ms();
	log_debug("%s (pid %d) is ready after %llu ms", child_name(c), (int)c->pid,
		  (unsigned long long)(c->ready_ms - c->spawned_ms));
	accept_update();
	if (children_settled() && !master.ready)
		master_ready();
	return true;
}

static bool
on_hung(struct child *c, const void *frame, size_t len)
{
	struct m_hung m;

	if (!m_hung_get(frame, len, &m))
		return false;
	for (unsigned i = 0; i < children_n; i++) {
		if (children[i].role == m.role && children[i].index == m.index &&
		    children[i].inc == m.inc && &children[i] != c)
			child_kill(&children[i], "it did not read what the broker sent");
	}
	return true;
}

static bool
on_pong(struct child *c, const void *frame, size_t len)
{
	struct m_pong m;

	if (!m_pong_get(frame, len, &m))
		return false;
	/* the cookie is when the ping was sent: an answer to an old one does not excuse a newer */
	if (m.cookie >= c->ping_ms)
		c->ping_ms = 0;
	return true;
}

/* Who has them has changed. */
static bool
on_conns(bool good)
{
	accept_update();
	return good;
}

/* What they send could hold a descriptor for which there is no room; it would be lost, and be their mistake. */
static bool passes_wait;

static bool
on_pass(struct child *c, const void *frame, size_t len, int *fds)
{
	passes_wait = accept_few_left(fds[0]);
	if (ipc_type(frame) == MSG_conn_pass ? !handover_pass(c, frame, len, fds[0])
					     : !handover_plain(c, frame, len, fds[0])) {
		children_read_on();
		return false;
	}
	fds[0] = -1;
	return on_conns(true);
}

void
children_read_on(void)
{
	if (!passes_wait)
		return;
	passes_wait = false;
	for (unsigned i = 0; i < children_n; i++) {
		struct chan *ch = &children[i].chan;

		if (handover_passes(children[i].role) && ch->fd >= 0)
			loop_mod(master.loop, &ch->io, ch->io.events | EPOLLIN);
	}
}

/* Descriptors that a handler keeps it sets to -1. */
static bool
on_frame(struct child *c, const void *frame, size_t len, int *fds)
{
	struct m_ready ready;

	switch (ipc_type(frame)) {
	case MSG_hello:
		return on_hello(c, frame, len);
	case MSG_ready:
		return m_ready_get(frame, len, &ready) && on_ready(c, &ready);
	case MSG_pong:
		return on_pong(c, frame, len);
	case MSG_options_ack:
		return reload_ack(c, frame, len);
	case MSG_hung:
		return on_hung(c, frame, len);
	case MSG_conn_report:
		return on_conns(handover_report(c, frame, len));
	case MSG_conn_pass:
	case MSG_conn_plain:
		return on_pass(c, frame, len, fds);
	case MSG_conn_from:
		return handover_from(c, frame, len);
	case MSG_tls_cert:
		return certs_told(c, frame, len);
	case MSG_oper_act:
		return ctl_oper(frame, len);
	case MSG_ctl:
		return ctl_command(c, frame, len);
	case MSG_procs:
		return ctl_procs(c, frame, len);
	default:
		return false;
	}
}

bool
child_read_packet(struct child *c)
{
	static char frame[IPC_FRAME_MAX];
	int fds[FDPASS_MAX];
	size_t nfds;
	ssize_t n = fdpass_recv(c->chan.fd, frame, sizeof(frame), fds, &nfds);
	unsigned type;
	bool good;

	if (n <= 0) {
		/* closed while it lives: no use to us any more; else SIGCHLD is on its way */
		if (n == 0 || errno != EAGAIN)
			loop_del(master.loop, &c->chan.io);
		if (n < 0 && errno == EMSGSIZE)
			child_kill(c, "its message was cut off");
		return false;
	}
	type = ipc_frame(frame, (size_t)n) == n ? ipc_type(frame) : 0;
	log_trace(ipc, "from %s: %s, %zd bytes", child_name(c), ipc_name(type), n);
	good = nfds == (size_t)ipc_fds(type) && ipc_allowed(type, c->role, ROLE_MASTER) &&
	       on_frame(c, frame, (size_t)n, fds);
	for (size_t i = 0; i < nfds; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	if (good)
		return true;
	log_err("%s (pid %d) sent a message that it may not send (%s, %zd bytes)", child_name(c),
		(int)c->pid, ipc_name(type), n);
	child_kill(c, "it sent nonsense");
	return false;
}

void
child_on_chan(int fd, unsigned what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	if (what & EPOLLOUT)
		chan_writable(&c->chan, master.loop);
	for (unsigned i = 0; i < PACKETS_PER_TURN && c->chan.fd >= 0; i++) {
		if (passes_wait && handover_passes(c->role)) {
			loop_mod(master.loop, &c->chan.io, c->chan.io.events & ~(unsigned)EPOLLIN);
			return;
		}
		if (!child_read_packet(c))
			return;
	}
}

void
child_on_log(int fd, unsigned what, void *arg)
{
	static char text[65536];
	struct child *c = arg;

	(void)what;
	for (unsigned i = 0; i < PACKETS_PER_TURN; i++) {
		ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

		if (n ==
		    0) /* closed, and it would be told again and again until the process is gone */
			loop_del(master.loop, &c->log_io);
		if (n <= 0)
			return;
		log_unpack(text, (size_t)n, role_name(c->role), (int)c->pid, logsink_write);
	}
}

/* --- pings -------------------------------------------------------------------------------- */

/* How long c may take to answer. */
static uint64_t
patience(const struct child *c)
{
	if (c->state == CHILD_STARTING)
		return START_MS;
	return c->role == ROLE_AUTH ? HUNG_AUTH_MS : HUNG_MS;
}

static void
ping(struct child *c, uint64_t now)
{
	struct m_ping m = {.cookie = now};
	char frame[64];

	if (!child_alive(c))
		return;
	if (c->state == CHILD_STARTING && now - c->spawned_ms >= START_MS)
		child_kill(c, "it was not ready in time");
	else if (c->ping_ms != 0 && now - c->ping_ms >= patience(c))
		child_kill(c, "it did not answer");
	else if (child_send(c, frame, m_ping_put(frame, sizeof(frame), &m), NULL, 0, false) &&
		 c->ping_ms == 0)
		c->ping_ms = now;
}

static void
ping_all(void *arg)
{
	uint64_t now = mono_ms();

	(void)arg;
	/* if it was us who slept (stopped, suspended), nobody has had a chance to answer */
	for (unsigned i = 0; i < children_n; i++) {
		if (now - ping_at > 2 * PING_MS)
			children[i].ping_ms = 0;
		ping(&children[i], now);
	}
	ping_at = now;
	loop_timer_start(master.loop, &ping_timer, PING_MS, ping_all, NULL);
}

void
child_pings_start(void)
{
	if (ping_timer.fn != NULL)
		return;
	ping_at = mono_ms();
	loop_timer_start(master.loop, &ping_timer, PING_MS, ping_all, NULL);
}
