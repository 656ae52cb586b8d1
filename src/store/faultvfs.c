/* faultvfs.c - see faultvfs.h.
 *
 * The default VFS opens the files; their table of methods is replaced by a copy in which those that write
 * ask first whether it is their turn to fail.
 */
#include "config.h"

#include "store/faultvfs.h"

#ifdef CHATD_KILLPOINTS
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"

#define HANG_LOOK_US 5000
#define TABLES 4 /* SQLite has one for each way to lock */

enum what { WRITE, SYNC, TRUNCATE, ANY, WHATS };

static struct {
	enum what what;
	long n, times;
	int error;
	char file[256];
	bool armed, hangs;
	long seen; /* operations of that kind */
	pthread_mutex_t lock; /* each connection is another thread's */
} fault = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct table {
	const sqlite3_io_methods *real;
	sqlite3_io_methods mine;
} tables[TABLES];
static int (*real_open)(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out);

/* True: it is to fail. */
static bool
fails(enum what what)
{
	bool now = false;
	int fd;

	while (fault.hangs && (fault.what == ANY || fault.what == what) &&
	       access(fault.file, F_OK) == 0)
		usleep(HANG_LOOK_US);
	pthread_mutex_lock(&fault.lock);
	if (fault.armed && (fault.what == ANY || fault.what == what)) {
		fault.seen++;
		now = fault.seen >= fault.n && fault.seen < fault.n + fault.times;
		if (fault.seen == fault.n) {
			fd = open(fault.file, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
			if (fd >= 0)
				close(fd);
		}
	}
	pthread_mutex_unlock(&fault.lock);
	return now;
}

static const sqlite3_io_methods *
real_of(const sqlite3_file *f)
{
	for (size_t i = 0; i < TABLES; i++) {
		if (f->pMethods == &tables[i].mine)
			return tables[i].real;
	}
	fatal("a file of another kind");
}

static int
my_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	/* half of it may be there all the same */
	if (fails(WRITE)) {
		real_of(f)->xWrite(f, p, n / 2, at);
		return fault.error;
	}
	return real_of(f)->xWrite(f, p, n, at);
}

static int
my_sync(sqlite3_file *f, int flags)
{
	return fails(SYNC) ? SQLITE_IOERR_FSYNC : real_of(f)->xSync(f, flags);
}

static int
my_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return fails(TRUNCATE) ? SQLITE_IOERR_TRUNCATE : real_of(f)->xTruncate(f, size);
}

static void
take_over(sqlite3_file *f)
{
	for (size_t i = 0; i < TABLES; i++) {
		struct table *t = &tables[i];

		if (t->real == NULL) {
			t->real = f->pMethods;
			t->mine = *f->pMethods;
			t->mine.xWrite = my_write;
			t->mine.xSync = my_sync;
			t->mine.xTruncate = my_truncate;
		}
		if (t->real == f->pMethods) {
			f->pMethods = &t->mine;
			return;
		}
	}
}

static int
my_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	int rc = real_open(vfs, name, f, flags, out);

	pthread_mutex_lock(&fault.lock);
	if (rc == SQLITE_OK && f->pMethods != NULL)
		take_over(f);
	pthread_mutex_unlock(&fault.lock);
	return rc;
}

/* False: it is not what faultvfs.h says. */
static bool
read_spec(const char *s)
{
	static const char *const words[WHATS] = {"write", "sync", "truncate", "any"};
	char what[16], error[8];

	/* NOLINTNEXTLINE(cert-err34-c): what a test says */
	if (sscanf(s, "%15[a-z]:%ld:%7[a-z]:%ld:%255s", what, &fault.n, error, &fault.times,
		   fault.file) != 5)
		return false;
	fault.hangs = strcmp(error, "hang") == 0;
	fault.error = strcmp(error, "full") == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	for (fault.what = 0; fault.what < WHATS; fault.what++) {
		if (strcmp(words[fault.what], what) == 0)
			return true;
	}
	return false;
}

void
faultvfs_init(void)
{
	static sqlite3_vfs mine;
	const char *s = getenv("CHATD_DISK");
	sqlite3_vfs *real;

	if (s == NULL)
		return;
	if (!read_spec(s))
		fatal("CHATD_DISK is not understood: %s", s);
	fault.armed = !fault.hangs && access(fault.file, F_OK) != 0;
	sqlite3_initialize();
	real = sqlite3_vfs_find(NULL);
	real_open = real->xOpen;
	mine = *real;
	mine.zName = "fault";
	mine.xOpen = my_open;
	mine.pNext = NULL;
	sqlite3_vfs_register(&mine, 1);
}
#else
typedef int faultvfs_not_built; /* ISO C wants a declaration in every file */
#endif
