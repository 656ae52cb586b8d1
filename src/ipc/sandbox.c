/* sandbox.c - see sandbox.h: the roles' table, capabilities, limits, and the order of it all. The filter of system calls is
 * sandbox_filter.c's.
 *
 * Policy: what every Linux has (capabilities, limits) must work, or the process does not start. A filter or Landlock that the
 * kernel, or a container around us, does not give is done without, and said.
 */
#include "config.h"

#include "ipc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "ipc/landlock.h"
#include "ipc/options.h"
#include "ipc/sandbox_priv.h"
#include "lib/log.h"
#include "lib/util.h"

#define DIRS_MAX 4
#define KEEP UINT32_MAX /* a limit as it is */

/* A test marks what it has done in a file of one byte (killpoint.h). */
#ifdef CHATD_KILLPOINTS
#define NO_FILE 1
#else
#define NO_FILE 0
#endif

/* --- the table ---------------------------------------------------------------------------------------------- */

enum dir { DIR_NONE, DIR_STATE, DIR_BACKUP, DIR_FILES, DIR_ROOT };

static const struct role_row {
	unsigned sets; /* of system calls: enum sandbox_set */
	uint32_t descriptors, processes, file; /* RLIMIT_NOFILE, _NPROC, _FSIZE */
	struct {
		enum dir dir;
		unsigned may; /* enum landlock_may */
	} dirs[DIRS_MAX];
} rows[ROLE_COUNT] = {
    [ROLE_WORKER] = {BASE, KEEP, 0, NO_FILE},
    [ROLE_BROKER] = {BASE, 512, 0, NO_FILE},
    [ROLE_CONTROL] = {BASE | ACCEPT, 512, 0, NO_FILE},
    [ROLE_AUTH] = {BASE, 64, 0, NO_FILE},
    [ROLE_STORE] = {BASE | THREADS | FILES,
		    256,
		    KEEP,
		    KEEP,
		    {{DIR_STATE, LANDLOCK_READ | LANDLOCK_WRITE},
		     {DIR_BACKUP, LANDLOCK_READ | LANDLOCK_WRITE}}},
    [ROLE_WEB] = {BASE | HTTP | THREADS | FILES | BLOBS,
		  KEEP,
		  KEEP,
		  KEEP,
		  {{DIR_FILES, LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_DIRS},
		   {DIR_ROOT, LANDLOCK_READ}}},
    [ROLE_TLS] = {BASE | PAIRS, KEEP, 0, NO_FILE},
};

/* What the master goes on needing as root: to start others as another user, to end them, to give files and sockets to that
 * user, to open a certificate's key, to bind ports below 1024 at a reload, and large socket buffers. */
static const unsigned char master_caps[] = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,           CAP_KILL,
    CAP_SETGID, CAP_SETUID,       CAP_SETPCAP,         CAP_NET_BIND_SERVICE, CAP_NET_ADMIN,
};

/* NULL: it is not used. */
static const char *
path_of(enum dir dir, const struct options *o)
{
	static char path[512];

	switch (dir) {
	case DIR_STATE:
		return o->state_dir;
	case DIR_FILES:
		bprintf(path, sizeof(path), "%s/files", o->state_dir);
		return path;
	case DIR_BACKUP:
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the roles that have it give their options */
		return o->store_backup_dir[0] != '\0' ? o->store_backup_dir : NULL;
	case DIR_ROOT:
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): as above */
		return o->web_root[0] != '\0' ? o->web_root : NULL;
	default:
		return NULL;
	}
}

/* --- capabilities ------------------------------------------------------------------------------------------- */

static uint64_t
mask_of(const unsigned char *caps, size_t n)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < n; i++)
		mask |= UINT64_C(1) << caps[i];
	return mask;
}

/* What is not in the set of bounds cannot be had by any exec. Emptying it takes a capability itself. */
static void
bound(uint64_t keep)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if ((keep >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    geteuid() == 0 && errno != EPERM)
			fatal("cannot give up capability %d: %s", cap, strerror(errno));
	}
}

/* No more than these, of those that we have. */
static void
have_only(uint64_t keep)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	bool change = false;

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, data) < 0)
		fatal("capget: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		uint32_t want = data[i].permitted & (uint32_t)(keep >> (32 * i));

		change = change || (data[i].permitted | data[i].effective) != want ||
			 data[i].inheritable != 0;
		data[i].permitted = data[i].effective = want;
		data[i].inheritable = 0;
	}
	/* the call itself may be forbidden to who has nothing to give up, as by systemd's filter */
	if (change && syscall(SYS_capset, &head, data) < 0)
		fatal("cannot give up capabilities: %s", strerror(errno));
}

/* --- who may look into it ------------------------------------------------------------------------------------- */

/* Nobody of the same user's. But a sanitizer looks at its own process from outside, and so does who sets CHATD_DUMPABLE to measure or to
 * debug without being root. */
static void
close_to_others(void)
{
	if (BUILD_SANITIZER == 0 && getenv("CHATD_DUMPABLE") == NULL)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* --- limits --------------------------------------------------------------------------------------------------- */

static void
limit(int what, uint32_t n)
{
	const struct rlimit to = {n, n};
	struct rlimit now;

	/* one that is lower already stays */
	if (n == KEEP || (getrlimit(what, &now) == 0 && now.rlim_max <= n))
		return;
	if (setrlimit(what, &to) < 0)
		fatal("setrlimit: %s", strerror(errno));
}

static void
limits(const struct role_row *row)
{
	limit(RLIMIT_NOFILE, row->descriptors);
	if (BUILD_SETS == 0) {
		limit(RLIMIT_NPROC, row->processes);
		limit(RLIMIT_FSIZE, row->file);
		limit(RLIMIT_CORE, 0); /* a dump would have people's words in it */
		limit(RLIMIT_MEMLOCK, 0);
	}
	limit(RLIMIT_MSGQUEUE, 0);
	limit(RLIMIT_RTPRIO, 0);
	signal(SIGXFSZ, SIG_IGN); /* then it is an error like another */
}

/* --- the order of it ------------------------------------------------------------------------------------------ */

static const struct role_row *mine;
static struct landlock_dir dirs[DIRS_MAX + 1];
static size_t ndirs;

static void
add_dir(const char *path, unsigned may)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* what the role cannot do without it has looked for itself */
	if (fd < 0) {
		log_err("%s cannot be used: %s", path, strerror(errno));
		return;
	}
	dirs[ndirs++] = (struct landlock_dir){fd, may};
}

/* A switch for measurements, in builds that are for tests. */
static bool
switched_off(void)
{
#ifdef CHATD_KILLPOINTS
	const char *s = getenv("CHATD_SANDBOX");

	return s != NULL && strcmp(s, "off") == 0;
#else
	return false;
#endif
}

void
sandbox_prepare(unsigned role, const struct options *opt)
{
	mine = &rows[role];
	CHECK(mine->sets != 0);
	/* reads a file, which would be too late; without a name mktime(3) would look at it each time */
	setenv("TZ", ":/etc/localtime", 0);
	tzset();
	for (size_t i = 0; i < DIRS_MAX && mine->dirs[i].dir != DIR_NONE; i++) {
		const char *path = path_of(mine->dirs[i].dir, opt);

		if (path != NULL)
			add_dir(path, mine->dirs[i].may);
	}
	if ((BUILD_SETS & COVERAGE) != 0)
		add_dir("/", LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_DIRS);
	else if ((BUILD_SETS & SANITIZER) != 0)
		add_dir("/", LANDLOCK_READ);
	bound(0);
}

static void
enter_landlock(struct sandbox *s)
{
	unsigned abi = landlock_abi();

	if (abi == 0)
		s->why_no_landlock = "this kernel has none, or it is not among its lsm=";
	else if (landlock_enter(abi, dirs, ndirs) < 0)
		s->why_no_landlock = strerror(errno);
	else
		s->landlock = abi;
}

static void
enter_filter(struct sandbox *s, unsigned sets)
{
	s->why_no_filter = sandbox_filter(sets | BUILD_SETS);
	s->filter = s->why_no_filter == NULL;
}

struct sandbox
sandbox_enter(void)
{
	struct sandbox s = {.why_no_filter = "switched off", .why_no_landlock = "switched off"};

	have_only(0);
	close_to_others();
	if (!switched_off()) {
		s = (struct sandbox){0};
		limits(mine);
		enter_landlock(&s);
		enter_filter(&s, mine->sets);
	}
	for (size_t i = 0; i < ndirs; i++)
		close(dirs[i].fd);
	ndirs = 0;
	return s;
}

struct sandbox
sandbox_master(void)
{
	uint64_t keep = mask_of(master_caps, ARRAY_LEN(master_caps));
	struct sandbox s = {.why_no_filter = "switched off", .why_no_landlock = "not the master's"};

	bound(keep);
	have_only(keep);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fatal("cannot give up new privileges: %s", strerror(errno));
	close_to_others();
	if (!switched_off())
		enter_filter(&s, MASTER);
	return s;
}
