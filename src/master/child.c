/* child.c - the places, and the birth of the processes in them; see child.h. What they say is
 * child_talk.c's, how they die child_death.c's. */
#include "config.h"

#include "master/child_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/logsink.h"
#include "lib/util.h"
#include "master/accept.h"
#include "master/handover.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/wire.h"

struct child children[CHILDREN_MAX];
unsigned children_n;
char *child_programs[ROLE_COUNT];
static uint32_t last_inc;

unsigned
child_count(void)
{
	return children_n;
}

struct child *
child_nth(unsigned i)
{
	return &children[i];
}

struct child *
child_broker(void)
{
	return &children[0];
}

struct child *
child_control(void)
{
	return &children[1];
}

struct child *
child_worker(unsigned index)
{
	return index < master.workers ? &children[index + 2] : NULL;
}

bool
child_alive(const struct child *c)
{
	return c->pid > 0 && c->state != CHILD_KILLED;
}

bool
children_accepting(void)
{
	if (child_broker()->state != CHILD_READY || master.stopping)
		return false;
	for (unsigned i = 0; i < children_n; i++) {
		if (children[i].role == ROLE_WORKER && children[i].state == CHILD_READY)
			return true;
	}
	return false;
}

bool
children_settled(void)
{
	for (unsigned i = 0; i < children_n; i++) {
		if (children[i].state != CHILD_READY)
			return false;
	}
	return true;
}

const char *
child_state_name(const struct child *c)
{
	static const char *const names[] = {"down",     "waiting",  "starting", "ready",
					    "draining", "stopping", "killed"};

	return names[c->state];
}

const char *
child_name(const struct child *c)
{
	static char name[32];

	if (c->role == ROLE_WORKER || c->role == ROLE_AUTH || handover_passes(c->role))
		bprintf(name, sizeof(name), "%s %u", role_name(c->role), c->index);
	else
		bprintf(name, sizeof(name), "%s", role_name(c->role));
	return name;
}

bool
child_send(struct child *c, const void *frame, size_t len, const int *fds, size_t nfds, bool give)
{
	log_trace(ipc, "to %s: %s, %zu bytes, %zu descriptors", child_name(c),
		  len > 0 ? ipc_name(ipc_type(frame)) : "?", len, nfds);
	return chan_send(&c->chan, master.loop, frame, len, fds, nfds, give);
}

void
child_kill(struct child *c, const char *why)
{
	if (c->pid <= 0 || c->state == CHILD_KILLED)
		return;
	bprintf(c->killed_why, sizeof(c->killed_why), "%s", why);
	log_debug("killing %s (pid %d): %s", child_name(c), (int)c->pid, why);
	c->state = CHILD_KILLED;
	kill(c->pid, SIGKILL);
	accept_update();
}

/* --- birth -------------------------------------------------------------------------------- */

/* In the child, between fork and exec. What is not close-on-exec here is the channel, and with -f
 * descriptor 2, so that the last words of a sanitizer are seen. */
static void
become(const char *program, int chan_fd)
{
	char *argv[] = {(char *)(uintptr_t)program, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* a terminal's signals are for the master; the role asks for no others before it is set up */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(null, 1);
	if (!master.foreground)
		dup2(null, 2);
	if (chan_fd == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(chan_fd, 3);
	execv(program, argv);
	_exit(127);
}

/* Not of datagrams: who has one of these can send to any socket that has a path. */
static int
log_pair(int fds[2])
{
	int big = 1 << 20;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -1;
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
	return 0;
}

static void
spawn_failed(struct child *c, const char *what)
{
	log_err("cannot start %s: %s: %s", child_name(c), what, strerror(errno));
	c->spawned_ms = mono_ms();
	c->ready_ms = 0;
	child_dead(c, -1);
}

void
child_spawn(struct child *c)
{
	int chan[2], lg[2];

	if (children_anew)
		return; /* everybody is, when the last has died */
	if (fdpass_pair(chan) < 0) {
		spawn_failed(c, "socketpair");
		return;
	}
	if (log_pair(lg) < 0) {
		close(chan[0]);
		close(chan[1]);
		spawn_failed(c, "socketpair");
		return;
	}
	log_flush();
	logsink_flush();
	c->pid = fork();
	if (c->pid == 0)
		become(child_programs[c->role], chan[1]);
	close(chan[1]);
	if (c->pid < 0) {
		c->pid = 0;
		close(chan[0]);
		close(lg[0]);
		close(lg[1]);
		spawn_failed(c, "fork");
		return;
	}
	c->state = CHILD_STARTING;
	c->inc = ++last_inc;
	c->broker_inc = 0;
	c->spawned_ms = mono_ms();
	c->started = wall_ms();
	c->ready_ms = c->ping_ms = 0;
	c->killed_why[0] = '\0';
	c->log_fd = lg[0];
	loop_timer_stop(master.loop, &c->timer);
	chan_open(&c->chan, master.loop, chan[0], child_on_chan, c);
	if (loop_add(master.loop, &c->log_io, lg[0], EPOLLIN, child_on_log, c) < 0)
		fatal("cannot watch a log: %s", strerror(errno));
	wire_first_words(c, lg[1]);
}

char *
child_program(const char *dir, unsigned role)
{
	const char *name = role_name(role);
	char *paths[2], real[PATH_MAX], *found = NULL;

	if (dir != NULL) {
		paths[0] = xasprintf("%s/src/%s/chatd-%s", dir, name, name);
		paths[1] = xasprintf("%s/chatd-%s", dir, name);
	} else {
		paths[0] = xasprintf("%s/chatd-%s", CHATD_ROLESDIR, name);
		paths[1] = xstrdup(paths[0]);
	}
	for (int i = 0; i < 2 && found == NULL; i++) {
		if (access(paths[i], X_OK) == 0 && realpath(paths[i], real) != NULL)
			found = xstrdup(real);
	}
	if (found == NULL)
		fatal("cannot run %s: %s", paths[dir != NULL], strerror(errno));
	free(paths[0]);
	free(paths[1]);
	return found;
}

static void
child_init(unsigned role, unsigned index)
{
	struct child *c = &children[children_n++];

	c->role = role;
	c->index = index;
	c->chan.fd = c->log_fd = -1;
	TAILQ_INIT(&c->flights);
	LIST_INIT(&c->conns);
}

void
children_init(const char *dir)
{
	for (unsigned r = ROLE_WORKER; r < ROLE_COUNT; r++) {
		/* a reload may want chatd-web or chatd-tls later */
		if ((r != ROLE_AUTH || master.auths > 0) && (r != ROLE_STORE || master.store) &&
		    (r != ROLE_WEB || protocol_built(PROTO_WEB)) && (r != ROLE_TLS || tls_built()))
			child_programs[r] = child_program(dir, r);
	}
	child_init(ROLE_BROKER, 0);
	child_init(ROLE_CONTROL, 0);
	for (unsigned i = 0; i < master.workers; i++)
		child_init(ROLE_WORKER, i);
	for (unsigned i = 0; i < master.auths; i++)
		child_init(ROLE_AUTH, i);
	if (master.store)
		child_init(ROLE_STORE, 0);
}

static void
places(unsigned role, uint64_t wanted, unsigned *n)
{
	if (*n > 0 || !listen_has(role))
		return;
	*n = (unsigned)wanted;
	for (unsigned i = 0; i < *n; i++)
		child_init(role, i);
}

/* It has two descriptors for each connection. The last few that are not all there are nobody's trouble. */
static void
note_room_for_tls(void)
{
	uint64_t fit = (uint64_t)master.tlss * handover_each_max(ROLE_TLS);

	if (fit < master.set.opt.max_sessions - master.set.opt.max_sessions / 100)
		log_warn("chatd-tls has room for %llu connections, max_sessions is %llu: raise "
			 "tls.processes, or the %llu descriptors "
			 "that a process may have",
			 (unsigned long long)fit, (unsigned long long)master.set.opt.max_sessions,
			 (unsigned long long)master.fd_limit);
}

/* Once. They are the last, so nobody's number changes. */
void
children_place(void)
{
	bool had_tls = master.tlss > 0;

	places(ROLE_WEB, master.set.opt.web_processes, &master.webs);
	places(ROLE_TLS, master.set.opt.tls_processes, &master.tlss);
	if (master.tlss > 0 && !had_tls)
		note_room_for_tls();
}

void
children_start(void)
{
	for (unsigned i = 0; i < children_n; i++)
		child_spawn(&children[i]);
	child_pings_start();
}

void
children_reloaded(void)
{
	unsigned had = children_n;

	children_place();
	for (unsigned i = had; i < children_n; i++)
		wire_board(&children[i]);
	for (unsigned i = had; i < children_n; i++)
		child_spawn(&children[i]);
}
