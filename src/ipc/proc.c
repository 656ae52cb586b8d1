/* proc.c - see proc.h.
 *
 * The master is trusted: what cannot be understood of its words is a bug, and ends the process.
 * Whatever goes wrong before `ready` is fatal; the master sees it die and decides what to do.
 */
#include "config.h"

#include "ipc/proc.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/sandbox.h"
#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/name.h"
#include "lib/util.h"

#define STAY UINT32_MAX
#define TERM_MS 1500 /* for a role that is told by SIGTERM, not by the master, to end */
#define PACKETS_PER_TURN 64

struct proc proc;

/* What the master's socket had no room for. */
struct packet {
	STAILQ_ENTRY(packet) link;
	int fd; /* owned; -1: none */
	size_t len;
	char frame[];
};

static const struct proc_role *role;
static struct loop_io master_io, signal_io;
static STAILQ_HEAD(, packet) unsent = STAILQ_HEAD_INITIALIZER(unsent);
static uint32_t uid = STAY, gid = STAY;
static bool started;
static pid_t parent;

/* 0: sent, or there is nobody; -1: no room. */
static int
send_packet(const void *frame, size_t len, int fd)
{
	int r = fdpass_send(PROC_MASTER_FD, frame, len, &fd, fd >= 0);
	bool later = r < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS);

	/* when the master is dead, the end of file that follows says it all */
	if (!later && fd >= 0)
		close(fd);
	return later ? -1 : 0;
}

void
proc_send_fd(const void *frame, size_t len, int fd)
{
	struct packet *p;

	CHECK(len >= IPC_HDR);
	if (STAILQ_EMPTY(&unsent) && send_packet(frame, len, fd) == 0)
		return;
	p = xcalloc(1, sizeof(*p) + len);
	p->fd = fd;
	p->len = len;
	memcpy(p->frame, frame, len);
	STAILQ_INSERT_TAIL(&unsent, p, link);
	loop_mod(proc.loop, &master_io, EPOLLIN | EPOLLOUT);
}

void
proc_send(const void *frame, size_t len)
{
	proc_send_fd(frame, len, -1);
}

static void
send_rest(void)
{
	struct packet *p;

	while ((p = STAILQ_FIRST(&unsent)) != NULL) {
		if (send_packet(p->frame, p->len, p->fd) < 0)
			return;
		STAILQ_REMOVE_HEAD(&unsent, link);
		free(p);
	}
	loop_mod(proc.loop, &master_io, EPOLLIN);
}

void
proc_done(void)
{
	loop_stop(proc.loop);
}

static void
too_late(void *arg)
{
	(void)arg;
	proc_done();
}

void
proc_done_within(uint32_t ms)
{
	static struct loop_timer deadline;

	loop_timer_start(proc.loop, &deadline, ms, too_late, NULL);
}

static void
drain(uint32_t ms, const char *text)
{
	if (proc.draining)
		return;
	proc.draining = true;
	if (role->on_drain == NULL || !started)
		proc_done();
	else
		role->on_drain(ms, text);
}

/* --- start -------------------------------------------------------------------------------- */

static void
drop_privileges(void)
{
	if (geteuid() == 0 && gid != STAY) {
		if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0)
			fatal("cannot become group %u: %s", gid, strerror(errno));
	}
	if (geteuid() == 0 && uid != STAY) {
		if (setresuid(uid, uid, uid) < 0)
			fatal("cannot become user %u: %s", uid, strerror(errno));
		CHECK(uid == 0 || setresuid(0, 0, 0) < 0);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fatal("cannot give up new privileges: %s", strerror(errno));
	/* cleared by the change of uid; and the master may have died in between */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(0);
}

static void
say_ready(const struct sandbox *s)
{
	struct m_ready ready = {.filter = s->filter, .landlock = (uint8_t)s->landlock};
	char frame[IPC_HDR + 512], why[256] = "";
	size_t n = 0;

	if (s->why_no_filter != NULL)
		n += bprintf(why, sizeof(why), "no filter of system calls: %s", s->why_no_filter);
	if (s->why_no_landlock != NULL)
		n += bprintf(why + n, sizeof(why) - n, "%sno Landlock: %s", n > 0 ? "; " : "",
			     s->why_no_landlock);
	ready.why = (struct str){why, n};
	proc_send(frame, m_ready_put(frame, sizeof(frame), &ready));
}

static struct sandbox
shut_in(unsigned as)
{
	sandbox_prepare(as, &proc.opt);
	drop_privileges();
	return sandbox_enter();
}

void
proc_shut_in(unsigned as, uint32_t as_uid, uint32_t as_gid)
{
	parent = getppid();
	uid = as_uid;
	gid = as_gid;
	shut_in(as);
}

static void
start(void)
{
	struct sandbox sandbox;

	if (role->start != NULL)
		role->start();
	sandbox = shut_in(role->role);
	started = true;
	if (role->inside != NULL)
		role->inside();
	sandbox_try();
	say_ready(&sandbox);
}

/* --- the master's words that are the skeleton's ------------------------------------------- */

static bool
on_setup(const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_setup m;

	if (!m_setup_get(frame, len, &m) || nfds != 1)
		return false;
	if (m.version != IPC_VERSION || m.role != role->role)
		fatal("started by a chatd of another version (%u, this is %u): install both from "
		      "one build",
		      m.version, IPC_VERSION);
	proc.role = m.role;
	proc.index = m.index;
	proc.inc = m.inc;
	proc.epoch = m.epoch;
	proc.workers = m.workers;
	proc.uid = uid = m.uid;
	proc.gid = gid = m.gid;
	log_level = m.log_level;
	log_traces = m.log_traces;
	log_open(role_name(role->role), fds[0]);
	return true;
}

static bool
on_options(const void *frame, size_t len)
{
	static struct options new;
	struct m_options m;
	struct m_options_ack ack;
	const char *why = NULL;
	char out[512];

	if (!m_options_get(frame, len, &m))
		return false;
	ack = (struct m_options_ack){.generation = m.generation, .ok = 1};
	if (!options_get(&new, m.data.p, m.data.n)) {
		ack.ok = 0;
		ack.why = STR_LIT("the options were not understood");
	} else if (started && role->agree != NULL && (why = role->agree(&new)) != NULL) {
		ack.ok = 0;
		ack.why = (struct str){why, MIN(strlen(why), (size_t)256)};
	} else {
		name_reserve(new.name, strlen(new.name));
		if (started && role->on_reload != NULL)
			role->on_reload(&new);
		proc.opt = new;
	}
	proc_send(out, m_options_ack_put(out, sizeof(out), &ack));
	return true;
}

static bool
on_map(const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_map m;

	if (!m_map_get(frame, len, &m) || nfds != 1)
		return false;
	if (m.kind != MAP_BOARD || m.role != proc.role || m.index != proc.index) {
		sandbox_try_note(&m, fds[0]);
		return role->on_msg != NULL && role->on_msg(MSG_map, frame, len, fds, nfds);
	}
	if (board_attach(fds[0], m.size) < 0)
		fatal("cannot map the scoreboard: %s", strerror(errno));
	return true;
}

static bool
on_ping(const void *frame, size_t len)
{
	struct m_ping m;
	struct m_pong pong;
	char out[64];

	if (!m_ping_get(frame, len, &m))
		return false;
	pong.cookie = m.cookie;
	proc_send(out, m_pong_put(out, sizeof(out), &pong));
	return true;
}

static bool
on_drain(const void *frame, size_t len)
{
	struct m_drain m;
	char text[257];

	if (!m_drain_get(frame, len, &m))
		return false;
	bprintf(text, sizeof(text), STR_FMT, STR_ARG(m.text));
	proc.stopping = m.stop != 0;
	drain(m.ms, text);
	return true;
}

static bool
on_log_set(const void *frame, size_t len)
{
	struct m_log_set m;

	if (!m_log_set_get(frame, len, &m))
		return false;
	log_level = m.level;
	log_traces = m.traces;
	return true;
}

static bool
on_packet(const void *frame, size_t len, int *fds, size_t nfds)
{
	unsigned type = ipc_type(frame);
	struct m_start m;

	switch (type) {
	case MSG_setup:
		return on_setup(frame, len, fds, nfds);
	case MSG_options:
		return on_options(frame, len);
	case MSG_map:
		return on_map(frame, len, fds, nfds);
	case MSG_start:
		if (started || !m_start_get(frame, len, &m))
			return false;
		start();
		return true;
	case MSG_ping:
		return on_ping(frame, len);
	case MSG_drain:
		return on_drain(frame, len);
	case MSG_log_set:
		return on_log_set(frame, len);
	default:
		return role->on_msg != NULL && role->on_msg(type, frame, len, fds, nfds);
	}
}

static bool
fds_fit(unsigned type, size_t nfds)
{
	int want = ipc_fds(type);

	return want < 0 ? nfds > 0 : (size_t)want == nfds;
}

static void
on_master(int fd, unsigned what, void *arg)
{
	static char frame[IPC_FRAME_MAX];
	int fds[FDPASS_MAX];
	size_t nfds;

	(void)arg;
	if (what & EPOLLOUT)
		send_rest();
	for (unsigned i = 0; i < PACKETS_PER_TURN; i++) {
		ssize_t n = fdpass_recv(fd, frame, sizeof(frame), fds, &nfds);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n == 0 || (n < 0 && errno == ECONNRESET)) {
			/* The master is dead, and nobody is left to read a log. */
			exit(started ? 0 : 1);
		}
		if (n < 0)
			fatal("channel to the master: %s", strerror(errno));
		if (ipc_frame(frame, (size_t)n) != n)
			fatal("malformed packet of %zd bytes from the master", n);
		log_trace(ipc, "from master: %s, %zd bytes, %zu descriptors",
			  ipc_name(ipc_type(frame)), n, nfds);
		if (!ipc_allowed(ipc_type(frame), ROLE_MASTER, role->role) ||
		    !fds_fit(ipc_type(frame), nfds) || !on_packet(frame, (size_t)n, fds, nfds))
			fatal("message %s from the master was not understood",
			      ipc_name(ipc_type(frame)));
	}
}

/* --- the process -------------------------------------------------------------------------- */

static void
on_signal(int fd, unsigned what, void *arg)
{
	struct signalfd_siginfo si;

	(void)what;
	(void)arg;
	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		log_notice("SIGTERM from pid %u: ending in good order", si.ssi_pid);
		drain(TERM_MS, "The server is being restarted.");
	}
}

/* A terminal's Ctrl-C and hang-up reach the whole process group; they are the master's to obey. */
static void
signals_init(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || loop_add(proc.loop, &signal_io, fd, EPOLLIN, on_signal, NULL) < 0)
		fatal("signalfd: %s", strerror(errno));
}

static void
end_of_turn(void *arg)
{
	static uint64_t lost;

	(void)arg;
	count(CTR_turns_total);
	sandbox_report();
	if (log_lost() != lost) {
		count_add(CTR_log_lost_total, log_lost() - lost);
		lost = log_lost();
	}
}

static bool
have_master(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(PROC_MASTER_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

int
proc_main(const struct proc_role *r, int argc, char **argv)
{
	struct m_hello hello = {
	    .version = IPC_VERSION, .role = (uint8_t)r->role, .pid = (uint32_t)getpid()};
	char frame[64];

	role = r;
	parent = getppid();
	if (argc > 1 || !have_master()) {
		fprintf(stderr, "%s is started by chatd(8), not by hand\n",
			argc > 0 ? argv[0] : role_name(r->role));
		return 2;
	}
	fd_cloexec(PROC_MASTER_FD, true);
	fd_nonblock(PROC_MASTER_FD);
	log_open(role_name(r->role), -1);
	proc.role = r->role;
	options_defaults(&proc.opt);
	proc.loop = loop_new();
	signals_init();
	loop_each_turn(proc.loop, end_of_turn, NULL);
	if (loop_add(proc.loop, &master_io, PROC_MASTER_FD, EPOLLIN, on_master, NULL) < 0)
		fatal("cannot watch the channel to the master: %s", strerror(errno));
	proc_send(frame, m_hello_put(frame, sizeof(frame), &hello));
	loop_run(proc.loop);
	log_flush();
	return 0;
}
