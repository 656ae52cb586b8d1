/* main.c - chatd, the master: reads the configuration, opens what is to be opened, starts the
 * other processes and looks after them until it is told to stop. It never reads a client's byte.
 *
 * What goes wrong before it is ready ends it with status 1 and a reason; after that only memory
 * that the kernel does not give, or a broken invariant, does.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/sandbox.h"
#include "lib/log.h"
#include "lib/logsink.h"
#include "lib/loop.h"
#include "lib/sdnotify.h"
#include "lib/util.h"
#include "master/accept.h"
#include "master/certs.h"
#include "master/check.h"
#include "master/child_priv.h"
#include "master/daemon.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/reload.h"
#include "master/rundir.h"
#include "master/shm.h"
#include "registry/layout.h"

#define START_MS 10000 /* to be ready for the first time */
#ifdef __SANITIZE_ADDRESS__
#define STOP_MS 5000 /* each process looks for what it has lost, one after the other */
#else
#define STOP_MS 1700 /* for an orderly stop; 2 s are promised */
#endif
#define FDS_OF_A_WORKER 32
#define FDS_OF_THE_MASTER 22 /* and some to accept with */
#define FDS_FOR_A_CHILD 4 /* its channel, its log, its board twice */

struct master master;

static struct loop_io signal_io;
static struct loop_timer start_timer, watchdog_timer, stop_timer;
static uint64_t watchdog_us;
static const char *role_dir; /* -L */
static bool check_only;
static int exit_status;

/* --- the end ------------------------------------------------------------------------------ */

void
master_stop(const char *why)
{
	if (master.stopping) {
		log_notice("%s again: at once", why);
		children_kill_all();
		return;
	}
	log_notice("stopping: %s", why);
	master.stopping = true;
	reload_stop();
	sdnotify("STOPPING=1");
	loop_timer_stop(master.loop, &start_timer);
	loop_timer_stop(master.loop, &stop_timer);
	accept_stop();
	listen_close();
	children_stop(STOP_MS, "The server is shutting down.");
}

void
master_children_gone(void)
{
	rundir_pid_remove();
	log_notice("stopped");
	loop_stop(master.loop);
}

static void
stop_now(void *arg)
{
	(void)arg;
	if (!master.stopping)
		master_stop("as was asked");
}

void
master_stop_in(uint64_t seconds, const char *who)
{
	log_notice("stop in %llu s: %s", (unsigned long long)seconds, who);
	/* not in this turn: the answer to who asked leaves first */
	loop_timer_start(master.loop, &stop_timer, seconds * 1000, stop_now, NULL);
}

bool
master_stop_cancel(void)
{
	bool was = stop_timer.place != 0;

	loop_timer_stop(master.loop, &stop_timer);
	return was;
}

uint64_t
master_stop_at(void)
{
	uint64_t now = mono_ms();

	if (stop_timer.place == 0)
		return 0;
	return wall_ms() + (stop_timer.due > now ? stop_timer.due - now : 0);
}

static void
not_ready(void *arg)
{
	(void)arg;
	log_crit("not ready after %d s: giving up", START_MS / 1000);
	exit_status = 1;
	master_stop("it could not start");
}

/* --- while we run ------------------------------------------------------------------------- */

static void
on_signal(int fd, unsigned what, void *arg)
{
	struct signalfd_siginfo si;
	char why[64];

	(void)what;
	(void)arg;
	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		switch (si.ssi_signo) {
		case SIGCHLD:
			children_reap();
			break;
		case SIGHUP:
			log_notice("SIGHUP: reading the configuration again");
			reload_begin(0);
			break;
		default:
			bprintf(why, sizeof(why), "SIG%s", sigabbrev_np((int)si.ssi_signo));
			/* two SIGTERMs may be one who asks twice; a second Ctrl-C is impatience */
			if (!master.stopping || si.ssi_signo == SIGINT)
				master_stop(why);
		}
	}
}

static void
alive(void *arg)
{
	(void)arg;
	sdnotify("WATCHDOG=1");
	loop_timer_start(master.loop, &watchdog_timer, MAX(watchdog_us / 2000, 1), alive, NULL);
}

static void
end_of_turn(void *arg)
{
	static uint64_t lost;

	(void)arg;
	count(CTR_turns_total);
	logsink_flush();
	count_add(CTR_log_lost_total, logsink_lost() - lost);
	lost = logsink_lost();
}

void
master_ready(void)
{
	struct listener *l;
	char text[512] = "", name[128];
	size_t n = 0;

	master.ready = true;
	loop_timer_stop(master.loop, &start_timer);
	TAILQ_FOREACH (l, &listeners, link)
		n += bprintf(text + n, sizeof(text) - n, "%s%s %s", n > 0 ? ", " : "",
			     protocol_name(l->conf.protocol), listen_name(l, name, sizeof(name)));
	log_notice("chatd %s is ready after %llu ms: %s; %u worker%s, up to %llu sessions",
		   PACKAGE_VERSION, (unsigned long long)(wall_ms() - master.started),
		   text[0] ? text : "no listener", master.workers, master.workers == 1 ? "" : "s",
		   (unsigned long long)master.set.opt.max_sessions);
	if (rundir_pid_write() < 0)
		log_err("cannot write the pid file: %s", strerror(errno));
	logsink_flush();
	logsink_echo(false);
	daemon_ready();
	sdnotify("READY=1\nSTATUS=%u workers, %s", master.workers, text);
	if (watchdog_us > 0)
		alive(NULL);
}

/* --- the beginning ------------------------------------------------------------------------ */

static void
signals_init(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	/* SIGCHLD ignored by who started us would make the kernel reap in our place */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || loop_add(master.loop, &signal_io, fd, EPOLLIN, on_signal, NULL) < 0)
		fatal("signalfd: %s", strerror(errno));
}

/* 0, 1 and 2 are something; whatever else we were started with stays with us. */
static void
descriptors_init(void)
{
	int fd;

	fd_standard();
#ifdef HAVE_CLOSE_RANGE
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
#endif
	for (fd = 3; fd < 4096; fd++)
		fd_cloexec(fd, true);
}

static void
too_few_descriptors(unsigned least)
{
	fatal("a process may have %llu descriptors, chatd needs %u for itself: raise the limit "
	      "(ulimit -n, LimitNOFILE=)",
	      (unsigned long long)master.fd_limit, least);
}

/* Descriptors as many as we may have; sessions no more than these are enough for. */
static void
limits_init(void)
{
	struct options *o = &master.set.opt;
	struct rlimit rl;
	uint64_t fit;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		fatal("getrlimit: %s", strerror(errno));
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) < 0)
		getrlimit(RLIMIT_NOFILE, &rl);
	master.fd_limit = MIN(rl.rlim_cur, (rlim_t)INT_MAX);
	if (master.fd_limit <= FDS_OF_A_WORKER)
		too_few_descriptors(FDS_OF_A_WORKER + 1);
	fit = master.workers * (master.fd_limit - FDS_OF_A_WORKER);
	if (o->max_sessions > fit) {
		log_warn("max_sessions is lowered from %llu to %llu: a process may have %llu "
			 "descriptors",
			 (unsigned long long)o->max_sessions, (unsigned long long)fit,
			 (unsigned long long)master.fd_limit);
		o->max_sessions = fit;
	}
}

/* What the master keeps as long as all run. While they start it wants some more, and who finds none then is started anew. */
static void
limits_fit(void)
{
	unsigned least = FDS_OF_THE_MASTER + FDS_FOR_A_CHILD * child_count() + master.set.nlisten;

	if (master.fd_limit < least)
		too_few_descriptors(least);
}

static void
identity_note(void)
{
	const struct passwd *pw;

	if (geteuid() == 0) {
		if (master.set.uid == 0)
			log_warn(
			    "every process runs as root: name another user in the configuration");
		return;
	}
	pw = getpwuid(geteuid());
	if (master.set.opt.user[0] != '\0' &&
	    (pw == NULL || strcmp(pw->pw_name, master.set.opt.user) != 0))
		log_notice("not started by root: running as %s, not as %s",
			   pw != NULL ? pw->pw_name : "who started it", master.set.opt.user);
}

static void
give_up(const struct conf_errors *e)
{
	for (unsigned i = 0; i < conf_shown(e); i++)
		log_err("%s", e->line[i]);
	exit(1);
}

static void
open_listeners(void)
{
	static struct conf_errors e;

	if (listen_prepare(&master.set, &e) < 0)
		give_up(&e);
	listen_commit();
}

static void
prepare_certs(void)
{
	static struct conf_errors e, cautions; /* chatd-tls will log these */

	if (certs_prepare(&master.set, &e) < 0 ||
	    (tls_built() &&
	     certs_test(child_programs[ROLE_TLS], &master.set.opt, &e, &cautions) < 0))
		give_up(&e);
	certs_commit();
}

static void
log_init(void)
{
	const struct options *o = &master.set.opt;

	if (!master.verbose)
		log_level = log_level_parse(o->log_level);
	if (logsink_open(master.foreground ? "stderr" : o->log_to, o->log_facility) < 0)
		fatal("cannot open the log %s: %s", o->log_to, strerror(errno));
	logsink_echo(true);
	log_open_writer("master", logsink_write);
	atexit(logsink_flush);
}

static unsigned
worker_count(void)
{
	long cores;

	if (master.set.opt.workers > 0)
		return (unsigned)master.set.opt.workers;
	cores = sysconf(_SC_NPROCESSORS_ONLN);
	return (unsigned)MAX(1, MIN(cores, WORKERS_MAX));
}

/* A few: each takes the memory of a check, 64 MiB as a rule. */
static unsigned
auth_count(void)
{
#ifdef HAVE_SODIUM
	if (master.set.opt.auth_processes > 0)
		return (unsigned)master.set.opt.auth_processes;
	return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 1;
#else
	return 0;
#endif
}

/* What nobody of us needs any more, those included that we start. */
static void
shut_in(void)
{
	struct sandbox s = sandbox_master();

	if (!s.filter)
		log_warn("the master runs without a filter of system calls: %s", s.why_no_filter);
}

static void
warn_of_cautions(void)
{
	static struct conf_errors cautions;

	check_cautions(&master.set, &cautions);
	for (unsigned i = 0; i < conf_shown(&cautions); i++)
		log_warn("%s", cautions.line[i]);
}

static void
start(void)
{
	const struct options *o = &master.set.opt;

	master.workers = worker_count();
	master.auths = auth_count();
	master.store = options_store(&master.set.opt);
	master.loop = loop_new();
	signals_init();
	log_notice("chatd %s starts, pid %d, configuration %s", PACKAGE_VERSION, (int)getpid(),
		   master.conf_path != NULL ? master.conf_path : "built in");
	identity_note();
	warn_of_cautions();
	limits_init();
	children_init(role_dir);
	rundir_open(o->run_dir, o->state_dir, master.set.uid, master.set.gid);
	if (master.store && !rundir_state_writable(master.set.uid, master.set.gid))
		log_err("state_dir %s cannot be written by the user that chatd runs as: no "
			"history, account or "
			"room is kept before it can; chown it",
			o->state_dir);
	master.epoch = rundir_epoch_next();
	if (shm_make(o, master.epoch) < 0)
		fatal("no memory for %llu sessions (%zu MiB) and a journal of %llu MiB: %s",
		      (unsigned long long)o->max_sessions,
		      registry_layout_size((uint32_t)o->max_sessions, (uint32_t)o->accounts_max) >>
			  20,
		      (unsigned long long)(o->journal >> 20), strerror(errno));
	shm_board(ROLE_MASTER, 0);
	loop_each_turn(master.loop, end_of_turn, NULL);
	accept_init();
	prepare_certs();
	listen_admin_open(o->control_socket, master.set.uid, master.set.gid);
	open_listeners();
	children_place();
	limits_fit();
	loop_timer_start(master.loop, &start_timer, START_MS, not_ready, NULL);
	shut_in();
	children_start();
}

/* --- the command line --------------------------------------------------------------------- */

/* What was asked for goes to standard output; what stands there for a mistake does not. */
static void
usage(const char *self, FILE *to)
{
	fprintf(to, "usage: %s [-fhtvV] [-c file] [-L dir] [-T classes]\nchatd(8) has it all.\n",
		self);
	exit(to == stdout ? 0 : 2);
}

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static void
parse_command_line(int argc, char **argv)
{
	int c;

	master.conf_path = NULL;
	while ((c = getopt_long(argc, argv, "fc:hL:tvT:V", long_options, NULL)) != -1) {
		switch (c) {
		case 'f':
			master.foreground = true;
			break;
		case 'c':
			master.conf_path = optarg;
			break;
		case 'h':
			usage(argv[0], stdout);
			break;
		case 'L':
			role_dir = optarg;
			break;
		case 't':
			check_only = true;
			break;
		case 'v':
			master.verbose = true;
			log_level = LOG_DEBUG;
			break;
		case 'T':
			if (!log_traces_parse(optarg, &log_traces)) {
				fprintf(stderr, "%s: no such trace class in \"%s\"\n", argv[0],
					optarg);
				usage(argv[0], stderr);
			}
			break;
		case 'V':
			printf("chatd %s\n", PACKAGE_VERSION);
			exit(0);
		default:
			usage(argv[0], stderr);
		}
	}
	if (optind < argc)
		usage(argv[0], stderr);
}

/* Without -c the installed file, if there is one. Absolute, because a daemon leaves its directory. */
static void
find_configuration(void)
{
	static char real[PATH_MAX];

	if (master.conf_path == NULL) {
		master.conf_path = CHATD_SYSCONFDIR "/chatd.conf";
		if (access(master.conf_path, F_OK) < 0 && errno == ENOENT)
			master.conf_path = NULL;
	} else if (!master.foreground && realpath(master.conf_path, real) != NULL) {
		master.conf_path = real;
	}
}

static void
print_lines(const char *prefix, const struct conf_errors *l)
{
	for (unsigned i = 0; i < conf_shown(l); i++)
		fprintf(stderr, "%s%s\n", prefix, l->line[i]);
	if (l->total > conf_shown(l))
		fprintf(stderr, "and %u more\n", l->total - conf_shown(l));
}

static void
read_configuration(void)
{
	static struct conf_errors e;

	find_configuration();
	if (settings_load(&master.set, master.conf_path, &e) < 0) {
		print_lines("", &e);
		exit(1);
	}
	master.as_read = master.set.opt;
}

/* chatd -t */
static int
check(void)
{
	static struct conf_errors e, cautions;
	char *text = settings_show(&master.set, false), *program = NULL;

	fputs(text, stdout);
	free(text);
	if (master.set.opt.tls_certificate[0] != '\0')
		program = child_program(role_dir, ROLE_TLS);
	check_use(&master.set, program, &e, &cautions);
	free(program);
	print_lines("warning: ", &cautions);
	print_lines("", &e);
	return fflush(stdout) == 0 && e.total == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static char dir[PATH_MAX];

	master.started = wall_ms();
	log_open("master", -1);
	parse_command_line(argc, argv);
	read_configuration();
	if (check_only)
		return check();
	umask(022);
	descriptors_init();
	watchdog_us = sdnotify_init();
	listen_init();
	if (role_dir != NULL && realpath(role_dir, dir) == NULL)
		fatal("no directory %s: %s", role_dir, strerror(errno));
	if (role_dir != NULL)
		role_dir = dir;
	if (!master.foreground)
		daemon_leave();
	log_init();
	start();
	loop_run(master.loop);
	logsink_flush();
	return exit_status;
}
