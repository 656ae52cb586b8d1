/* files.c - see files.h. Nothing is reached by a path that somebody else has a say in: all of it lies beneath one descriptor, no link
 * is followed (openat2), and only regular files are opened.
 */
#include "config.h"

#include "web/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/file.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "web/download.h"
#include "web/link.h"

#define ID_TEXT 22 /* FILE_ID bytes in base64url */
#define NAME_MAX_LEN 32
#define YOUNG_S 5 /* whoever held it has died, but what it said of it may still be on its way */
#define SWEEP_MS (3600 * 1000)
#define YOUNG_MS (2 * YOUNG_S * 1000) /* when some were young */
#define STEP_MS 20
#define BUSY_MS 10000 /* the store does not answer: again after this */

static int dir = -1;

/* --- names ---------------------------------------------------------------------------------------------- */

/* "ab" and "ab/abcdef…", with ".t" for the small picture. */
static void
path_of(const uint8_t id[FILE_ID], bool thumb, char sub[3], char path[NAME_MAX_LEN])
{
	char text[ID_TEXT + 2];

	base64url_encode(id, FILE_ID, text);
	memcpy(sub, text, 2);
	sub[2] = '\0';
	bprintf(path, NAME_MAX_LEN, "%s/%s%s", sub, text, thumb ? ".t" : "");
}

static bool
id_of(const char *name, uint8_t id[FILE_ID])
{
	size_t n = strlen(name);

	if (n == ID_TEXT + 2 && strcmp(name + ID_TEXT, ".t") == 0)
		n = ID_TEXT;
	return n == ID_TEXT && base64url_decode((struct str){name, n}, id, FILE_ID) == FILE_ID;
}

static int
open_beneath(const char *path, int flags, mode_t mode)
{
	struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC,
			       .mode = mode,
			       .resolve =
				   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

/* --- one file ------------------------------------------------------------------------------------------- */

int
files_new(const uint8_t id[FILE_ID])
{
	char sub[3], path[NAME_MAX_LEN];
	int fd;

	path_of(id, false, sub, path);
	if (mkdirat(dir, sub, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = open_beneath(sub, O_TMPFILE | O_RDWR, 0600);
	if (fd >= 0)
		flock(fd, LOCK_EX); /* nobody else can have it */
	return fd;
}

/* Has somebody made it, here or in another process, and not closed it yet? */
static bool
is_held(const uint8_t id[FILE_ID])
{
	uint64_t size;
	int fd = files_open(id, false, &size);
	bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;

	if (fd >= 0)
		close(fd);
	return held;
}

int
files_name(int fd, const uint8_t id[FILE_ID], bool thumb)
{
	char sub[3], path[NAME_MAX_LEN], proc_path[32];
	int sub_fd, r = -1, saved;

	path_of(id, thumb, sub, path);
	bprintf(proc_path, sizeof(proc_path), "/proc/self/fd/%d", fd);
	sub_fd = open_beneath(sub, O_RDONLY | O_DIRECTORY, 0);
	if (sub_fd < 0)
		return -1;
	if (fdatasync(fd) == 0)
		r = linkat(AT_FDCWD, proc_path, sub_fd, path + 3, AT_SYMLINK_FOLLOW);
	saved = errno;
	/* the directory's own entry may be new, too */
	if (r == 0 && (fsync(sub_fd) < 0 || fsync(dir) < 0)) {
		saved = errno;
		unlinkat(sub_fd, path + 3, 0);
		r = -1;
	}
	close(sub_fd);
	errno = saved;
	return r;
}

int
files_open(const uint8_t id[FILE_ID], bool thumb, uint64_t *size_r)
{
	char sub[3], path[NAME_MAX_LEN];
	struct stat st;
	int fd;

	path_of(id, thumb, sub, path);
	fd = open_beneath(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = ENOENT;
		return -1;
	}
	*size_r = (uint64_t)st.st_size;
	return fd;
}

bool
files_exist(const uint8_t id[FILE_ID])
{
	char sub[3], path[NAME_MAX_LEN];

	path_of(id, false, sub, path);
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
remove_one(const uint8_t id[FILE_ID], bool thumb)
{
	char sub[3], path[NAME_MAX_LEN];
	int sub_fd;

	path_of(id, thumb, sub, path);
	sub_fd = open_beneath(sub, O_RDONLY | O_DIRECTORY, 0);
	if (sub_fd < 0)
		return;
	if (unlinkat(sub_fd, path + 3, 0) < 0 && errno != ENOENT)
		log_warn("files: %s cannot be removed: %s", path, strerror(errno));
	close(sub_fd);
}

void
files_remove(const uint8_t id[FILE_ID])
{
	remove_one(id, false);
	remove_one(id, true);
	download_forget(id);
}

void
files_gone(struct str ids)
{
	for (; ids.n >= FILE_ID; ids.p += FILE_ID, ids.n -= FILE_ID)
		files_remove((const uint8_t *)ids.p);
}

/* --- sweeping -------------------------------------------------------------------------------------------- */

/* One directory after the other, 64 files at a time, with a rest in between. What the store does not answer for stays. */
static struct {
	struct loop_timer timer;
	DIR *all, *sub; /* owned; NULL: not being read */
	char name[3]; /* sub's */
	size_t n;
	uint8_t ids[FILE_IDS_MAX];
	bool young; /* some of those to be removed are */
	unsigned removed;
} sweep;

static void step(void *arg);

static void
sweep_later(uint64_t ms)
{
	loop_timer_start(proc.loop, &sweep.timer, ms, step, NULL);
}

static void
sweep_end(uint64_t again_ms)
{
	if (sweep.sub != NULL)
		closedir(sweep.sub);
	if (sweep.all != NULL)
		closedir(sweep.all);
	sweep.sub = sweep.all = NULL;
	sweep.n = 0;
	if (sweep.removed > 0)
		log_notice("files: %u that belong to no message any more have been removed",
			   sweep.removed);
	sweep.removed = 0;
	sweep.young = false;
	sweep_later(again_ms);
}

static bool
is_in(const uint8_t *id, struct str ids)
{
	for (; ids.n >= FILE_ID; ids.p += FILE_ID, ids.n -= FILE_ID) {
		if (memcmp(ids.p, id, FILE_ID) == 0)
			return true;
	}
	return false;
}

/* It may become known yet. */
static bool
is_young(const uint8_t id[FILE_ID])
{
	char sub[3], path[NAME_MAX_LEN];
	struct stat st;

	path_of(id, false, sub, path);
	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       llabs((long long)st.st_mtime - (long long)(wall_ms() / 1000)) < YOUNG_S;
}

static void
kept_are(void *arg, unsigned type, const void *frame, size_t len)
{
	struct m_q_files files;
	struct m_q_page page;

	(void)arg;
	if (type != MSG_q_page || !m_q_page_get(frame, len, &page) || page.code != ERR_NONE ||
	    ipc_frame(page.rows.p, page.rows.n) != (ssize_t)page.rows.n ||
	    !m_q_files_get(page.rows.p, page.rows.n, &files)) {
		sweep_end(BUSY_MS);
		return;
	}
	for (size_t i = 0; i < sweep.n; i += FILE_ID) {
		if (is_in(sweep.ids + i, files.ids))
			continue;
		if (is_young(sweep.ids + i)) {
			sweep.young = true;
			continue;
		}
		files_remove(sweep.ids + i);
		sweep.removed++;
	}
	sweep.n = 0;
	sweep_later(STEP_MS);
}

static DIR *
open_dir(const char *path)
{
	int fd = open_beneath(path, O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (d == NULL && fd >= 0)
		close(fd);
	return d;
}

/* An entry of sweep.sub: is it one to ask for? */
static void
look_at(const char *name)
{
	uint8_t id[FILE_ID];

	if (name[0] == '.' && (name[1] == '\0' || strcmp(name, "..") == 0))
		return;
	if (!id_of(name, id) || strncmp(name, sweep.name, 2) != 0) {
		log_notice("files: %s/%.40s is not ours, and left as it is", sweep.name, name);
		return;
	}
	if (is_held(id) || is_in(id, (struct str){(const char *)sweep.ids, sweep.n}))
		return;
	memcpy(sweep.ids + sweep.n, id, FILE_ID);
	sweep.n += FILE_ID;
}

/* The next directory; false: there is none. */
static bool
next_sub(void)
{
	struct dirent *e;

	while ((e = readdir(sweep.all)) != NULL) {
		if (strlen(e->d_name) != 2 || strcmp(e->d_name, "..") == 0)
			continue;
		sweep.sub = open_dir(e->d_name);
		memcpy(sweep.name, e->d_name, sizeof(sweep.name));
		if (sweep.sub != NULL)
			return true;
	}
	return false;
}

static void
ask_for_them(void)
{
	struct m_r_files m = {.ids = {(const char *)sweep.ids, sweep.n}};
	char frame[IPC_HDR + 64 + FILE_IDS_MAX];

	if (link_ask(frame, m_r_files_put(frame, sizeof(frame), &m), false, kept_are, NULL) == NULL)
		sweep_end(BUSY_MS);
}

static void
step(void *arg)
{
	struct dirent *e;

	(void)arg;
	if (sweep.all == NULL)
		sweep.all = open_dir(".");
	if (sweep.all == NULL) {
		log_err("%s/files: %s", proc.opt.state_dir, strerror(errno));
		sweep_end(SWEEP_MS);
		return;
	}
	while (sweep.n < sizeof(sweep.ids)) {
		if (sweep.sub == NULL && !next_sub())
			break;
		e = readdir(sweep.sub);
		if (e != NULL) {
			look_at(e->d_name);
			continue;
		}
		closedir(sweep.sub);
		sweep.sub = NULL;
		if (sweep.n > 0)
			break;
	}
	if (sweep.n > 0)
		ask_for_them();
	else
		sweep_end(sweep.young ? YOUNG_MS : SWEEP_MS);
}

/* --- the directory ------------------------------------------------------------------------------------------ */

void
files_init(void)
{
	int state = open(proc.opt.state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool made;

	if (state < 0)
		fatal("state_dir %s: %s", proc.opt.state_dir, strerror(errno));
	made = mkdirat(state, "files", 0700) == 0;
	if (!made && errno != EEXIST)
		fatal("state_dir %s: cannot make the directory `files`: %s", proc.opt.state_dir,
		      strerror(errno));
	dir = openat(state, "files", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		fatal("%s/files: %s", proc.opt.state_dir,
		      errno == ENOTDIR ? "this has to be a directory, and no link to one"
				       : strerror(errno));
	if (made && proc.uid != UINT32_MAX && geteuid() == 0 && fchown(dir, proc.uid, proc.gid) < 0)
		fatal("%s/files: cannot be given to the user: %s", proc.opt.state_dir,
		      strerror(errno));
	close(state);
	if (proc.index == 0)
		sweep_later(1000);
}
