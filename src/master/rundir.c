/* rundir.c - see rundir.h. */
#include "config.h"

#include "master/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"

#define STAY UINT32_MAX
#define EPOCH_MAX ((UINT64_C(1) << 19) - 1) /* what a sequence number of 63 bits has room for */

static int run_fd = -1, state_fd = -1;
static const char *state_path;
static bool pid_written;

/* A directory that is there is left as it is; one that we make is the user's. */
static int
open_dir(const char *path, mode_t mode, uint32_t uid, uint32_t gid)
{
	char *copy = xstrdup(path);
	int fd;

	for (char *p = strchr(copy + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			fatal("cannot make %s: %s", copy, strerror(errno));
		*p = '/';
	}
	if (mkdir(copy, mode) == 0) {
		fd = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || fchmod(fd, mode) < 0 || (uid != STAY && fchown(fd, uid, gid) < 0))
			fatal("cannot make %s: %s", copy, strerror(errno));
	} else {
		if (errno != EEXIST)
			fatal("cannot make %s: %s", copy, strerror(errno));
		fd = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			fatal("cannot open %s: %s", copy, strerror(errno));
	}
	free(copy);
	return fd;
}

/* A record lock, not flock: it is ours alone, whoever inherits the descriptor. */
static void
take_lock(const char *run_dir)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd =
	    openat(run_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		fatal("cannot open %s/lock: %s", run_dir, strerror(errno));
	if (!S_ISREG(st.st_mode))
		fatal("%s/lock is not a regular file", run_dir);
	if (fcntl(fd, F_SETLK, &fl) == 0)
		return; /* the descriptor stays open, and the lock with it */
	if (errno != EAGAIN && errno != EACCES)
		fatal("cannot lock %s/lock: %s", run_dir, strerror(errno));
	if (fcntl(fd, F_GETLK, &fl) == 0 && fl.l_type != F_UNLCK)
		fatal("another chatd (pid %d) runs on %s already", (int)fl.l_pid, run_dir);
	fatal("another chatd runs on %s already", run_dir);
}

void
rundir_open(const char *run_dir, const char *state_dir, uint32_t uid, uint32_t gid)
{
	run_fd = open_dir(run_dir, 0755, uid, gid);
	take_lock(run_dir);
	state_fd = open_dir(state_dir, 0750, uid, gid);
	state_path = xstrdup(state_dir);
}

bool
rundir_state_writable(uint32_t uid, uint32_t gid)
{
	struct stat st;

	if (uid == STAY || uid == 0 || fstat(state_fd, &st) < 0)
		return true;
	if (st.st_uid == uid)
		return (st.st_mode & 0300) == 0300;
	return (st.st_mode & 0003) == 0003 || (st.st_gid == gid && (st.st_mode & 0030) == 0030);
}

/* A whole new file, then in place of the old one. 0 or -1 with errno. */
static int
replace(int dir, const char *name, mode_t mode, const char *text, bool durable)
{
	char tmp[64];
	int fd, saved;
	ssize_t n = (ssize_t)strlen(text);

	bprintf(tmp, sizeof(tmp), "%s.new", name);
	if (unlinkat(dir, tmp, 0) < 0 && errno != ENOENT)
		return -1;
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -1;
	errno = ENOSPC;
	if (fchmod(fd, mode) == 0 && write(fd, text, (size_t)n) == n &&
	    (!durable || fsync(fd) == 0) && renameat(dir, tmp, dir, name) == 0 &&
	    (!durable || fsync(dir) == 0)) {
		close(fd);
		return 0;
	}
	saved = errno;
	close(fd);
	unlinkat(dir, tmp, 0);
	errno = saved;
	return -1;
}

int
rundir_pid_write(void)
{
	char text[32];

	bprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (replace(run_fd, "chatd.pid", 0644, text, false) < 0)
		return -1;
	pid_written = true;
	return 0;
}

void
rundir_pid_remove(void)
{
	if (pid_written)
		unlinkat(run_fd, "chatd.pid", 0);
	pid_written = false;
}

static uint64_t
epoch_read(void)
{
	char text[32] = "";
	int fd = openat(state_fd, "epoch", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *end;
	uint64_t v;
	ssize_t n;

	if (fd < 0) {
		if (errno == ENOENT)
			return 0;
		fatal("cannot read %s/epoch: %s", state_path, strerror(errno));
	}
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	errno = 0;
	v = strtoull(text, &end, 10);
	/* made up anew, it might come twice: the administrator has to look */
	if (n <= 0 || errno != 0 || end == text || *end != '\n' || v >= EPOCH_MAX)
		fatal("the file %s/epoch is damaged: write a number above all earlier "
		      "ones into it",
		      state_path);
	return v;
}

uint64_t
rundir_epoch_next(void)
{
	uint64_t epoch = epoch_read() + 1;
	char text[32];

	bprintf(text, sizeof(text), "%" PRIu64 "\n", epoch);
	if (replace(state_fd, "epoch", 0644, text, true) < 0)
		fatal("cannot write %s/epoch, without which chatd does not start: %s", state_path,
		      strerror(errno));
	return epoch;
}

static bool
cloak_key_read(uint8_t key[16])
{
	char text[64] = "";
	int fd = openat(state_fd, "cloak.key", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	unsigned byte;
	ssize_t n;

	if (fd < 0) {
		if (errno == ENOENT)
			return false;
		fatal("cannot read %s/cloak.key: %s", state_path, strerror(errno));
	}
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	for (unsigned i = 0; i < 16; i++) {
		/* NOLINTNEXTLINE(cert-err34-c): two digits are no number too big */
		if (n != 33 || text[32] != '\n' || sscanf(text + (size_t)2 * i, "%2x", &byte) != 1)
			fatal(
			    "the file %s/cloak.key is damaged: without it another one is made, and "
			    "bans on cloaked addresses hold no longer",
			    state_path);
		key[i] = (uint8_t)byte;
	}
	return true;
}

void
rundir_cloak_key(uint8_t key[16])
{
	char text[34];
	size_t n = 0;

	if (cloak_key_read(key))
		return;
	if (getrandom(key, 16, 0) != 16)
		fatal("getrandom gives no key for cloaked addresses");
	for (unsigned i = 0; i < 16; i++)
		n += bprintf(text + n, sizeof(text) - n, "%02x", key[i]);
	bprintf(text + n, sizeof(text) - n, "\n");
	if (replace(state_fd, "cloak.key", 0600, text, true) < 0)
		fatal("cannot write %s/cloak.key: %s", state_path, strerror(errno));
	explicit_bzero(text, sizeof(text));
}
