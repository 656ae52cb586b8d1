/* db.c - see db.h.
 *
 * SQLite's own file layer makes every path absolute, which needs the directories above state_dir to be open to
 * us; the roles however run as somebody who may not be let in there. So a layer of ours is laid over it, that leaves
 * paths as they are: the process has state_dir as its working directory.
 */
#include "config.h"

#include "store/db.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"

#define BUSY_MS 500 /* another process has it locked: waited for so long each time */

/* --- opening --------------------------------------------------------------------------------------------- */

static int
path_as_it_is(sqlite3_vfs *vfs, const char *name, int cap, char *out)
{
	(void)vfs;
	return bprintf(out, (size_t)cap, "%s", name) == strlen(name) ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* SQLite gives its log the rights of the database, and asks for that although umask has the last word here; our
 * sandbox does not let it. */
static int
leave_rights(int fd, mode_t mode)
{
	(void)fd;
	(void)mode;
	return 0;
}

void
db_init(void)
{
	static sqlite3_vfs here;

	if (here.zName != NULL)
		return;
	umask(077); /* what SQLite makes is nobody else's */
	if (sqlite3_initialize() != SQLITE_OK || sqlite3_vfs_find(NULL) == NULL)
		fatal("SQLite cannot be used");
	here = *sqlite3_vfs_find(NULL);
	here.xSetSystemCall(sqlite3_vfs_find(NULL), "fchmod", (sqlite3_syscall_ptr)leave_rights);
	here.zName = "chatd";
	here.pNext = NULL;
	here.xFullPathname = path_as_it_is;
	sqlite3_vfs_register(&here, 1);
}

/* A message of a server may be as long as TEXT_MAX; nothing of ours is longer than this. */
#define VALUE_MAX (1 << 20)

/* What is committed is on the disk (FULL), in WAL, which readers do not hold up. The log is taken into the file by
 * the writer alone, every 16 MiB of it. What is deleted is written over: who purges wants it gone. */
static const char write_setup[] = "PRAGMA journal_mode=WAL;"
				  "PRAGMA synchronous=FULL;"
				  "PRAGMA wal_autocheckpoint=4096;"
				  "PRAGMA journal_size_limit=67108864;"
				  "PRAGMA secure_delete=ON;"
				  "PRAGMA cache_size=-32768;"
				  "PRAGMA temp_store=MEMORY;";
/* Not by mmap, which makes a signal to the whole process of a disk's error, and of a file that somebody cut short; it would
 * save a tenth of a search. */
static const char read_setup[] = "PRAGMA query_only=1;"
				 "PRAGMA cache_size=-16384;"
				 "PRAGMA temp_store=MEMORY;";

/* What is no file (a pipe that somebody has put there) would be waited for. */
static bool
are_files(struct db *db, const char *file)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char path[PATH_MAX], why[PATH_MAX + 32];
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		bprintf(path, sizeof(path), "%s%s", file, ends[i]);
		if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
			bprintf(why, sizeof(why), "%s is not a regular file", path);
			db_fail(db, SQLITE_CANTOPEN, why);
			return false;
		}
	}
	return true;
}

bool
db_open(struct db *db, const char *file, enum db_mode mode)
{
	static const int how[] = {[DB_MAKE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
				  [DB_WRITE] = SQLITE_OPEN_READWRITE,
				  [DB_READ] = SQLITE_OPEN_READONLY};
	int err;

	*db = (struct db){0};
	if (!are_files(db, file))
		return false;
	err = sqlite3_open_v2(file, &db->h, SQLITE_OPEN_NOMUTEX | how[mode], NULL);
	if (err != SQLITE_OK)
		db_fail_here(db, err);
	else {
		sqlite3_extended_result_codes(db->h, 1);
		sqlite3_busy_timeout(db->h, BUSY_MS);
		sqlite3_limit(db->h, SQLITE_LIMIT_LENGTH, VALUE_MAX);
		db_exec(db, mode == DB_READ ? read_setup : write_setup);
	}
	if (db_ok(db))
		return true;
	db_close(db);
	return false;
}

void
db_close(struct db *db)
{
	if (db->h != NULL)
		CHECK(sqlite3_close(db->h) == SQLITE_OK);
	db->h = NULL;
}

/* --- errors ---------------------------------------------------------------------------------------------- */

static const struct {
	int code; /* SQLite's primary one */
	enum db_trouble trouble;
} troubles[] = {
    {SQLITE_OK, DB_WELL},         {SQLITE_FULL, DB_LATER},      {SQLITE_IOERR, DB_LATER},
    {SQLITE_BUSY, DB_LATER},      {SQLITE_LOCKED, DB_LATER},    {SQLITE_NOMEM, DB_LATER},
    {SQLITE_CANTOPEN, DB_LATER},  {SQLITE_PERM, DB_LATER},      {SQLITE_READONLY, DB_LATER},
    {SQLITE_PROTOCOL, DB_LATER},  {SQLITE_INTERRUPT, DB_LATER}, {SQLITE_AUTH, DB_LATER},
    {SQLITE_CORRUPT, DB_DAMAGED}, {SQLITE_NOTADB, DB_DAMAGED},  {SQLITE_FORMAT, DB_DAMAGED},
    {SQLITE_SCHEMA, DB_DAMAGED},
};

enum db_trouble
db_trouble(const struct db *db)
{
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
		if (troubles[i].code == (db->err & 0xff))
			return troubles[i].trouble;
	}
	return DB_BUG;
}

void
db_clear(struct db *db)
{
	db->err = 0;
	db->why[0] = '\0';
}

void
db_fail(struct db *db, int err, const char *why)
{
	if (db->err != 0)
		return;
	db->err = err;
	bprintf(db->why, sizeof(db->why), "%s", why);
}

void
db_fail_here(struct db *db, int err)
{
	int primary = err & 0xff, sys = 0;
	char why[sizeof(db->why)];
	size_t n;

	n = bprintf(why, sizeof(why), "%s", db->h != NULL ? sqlite3_errmsg(db->h) : "no memory");
	/* of other errors it would be what an earlier one has left behind */
	if (db->h != NULL && (primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR))
		sys = sqlite3_system_errno(db->h);
	/* what could not be made SQLite tries to open as it is, and remembers that */
	if (sys == ENOENT && access(".", W_OK | X_OK) < 0)
		sys = errno;
	if (sys != 0)
		n += bprintf(why + n, sizeof(why) - n, ": %s", strerror(sys));
	if (primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY || primary == SQLITE_PERM)
		bprintf(why + n, sizeof(why) - n, " (as uid %u)", (unsigned)geteuid());
	db_fail(db, err, why);
}

static bool
took(struct db *db, int err)
{
	if (err == SQLITE_OK || err == SQLITE_ROW || err == SQLITE_DONE)
		return true;
	db_fail_here(db, err);
	return false;
}

bool
db_exec(struct db *db, const char *sql)
{
	return db_ok(db) && took(db, sqlite3_exec(db->h, sql, NULL, NULL, NULL));
}

bool
db_moved(struct db *db)
{
	int moved = 0;

	if (sqlite3_file_control(db->h, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
	    moved)
		db_fail(db, SQLITE_READONLY_DBMOVED, "its file has been moved or removed");
	return moved != 0;
}

/* Work of SQLite between two looks at the time: some tens of microseconds. */
#define STEPS 1000

static int
over(void *deadline)
{
	return mono_ms() >= *(const uint64_t *)deadline;
}

void
db_limit(struct db *db, uint64_t *deadline)
{
	sqlite3_progress_handler(db->h, STEPS, over, deadline);
}

bool
db_late(const struct db *db)
{
	return (db->err & 0xff) == SQLITE_INTERRUPT;
}

/* --- statements ------------------------------------------------------------------------------------------ */

void
db_set_init(struct db_set *set, struct db *db, const char *const *sql, unsigned n)
{
	*set = (struct db_set){
	    .db = db, .sql = sql, .n = n, .stmt = xcalloc(n, sizeof(struct sqlite3_stmt *))};
}

void
db_set_fini(struct db_set *set)
{
	for (unsigned i = 0; i < set->n; i++)
		sqlite3_finalize(set->stmt[i]);
	free(set->stmt);
	*set = (struct db_set){0};
}

struct db_query
db_query(struct db_set *set, unsigned which)
{
	struct db_query q = {.db = set->db};

	CHECK(which < set->n);
	if (!db_ok(set->db))
		return q;
	if (set->stmt[which] == NULL)
		took(set->db,
		     sqlite3_prepare_v3(set->db->h, set->sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					&set->stmt[which], NULL));
	q.s = set->stmt[which];
	return q;
}

void
db_int(struct db_query *q, uint64_t v)
{
	if (q->s != NULL)
		took(q->db, sqlite3_bind_int64(q->s, ++q->at, (sqlite3_int64)v));
}

void
db_text(struct db_query *q, struct str s)
{
	if (q->s != NULL)
		took(q->db, sqlite3_bind_text(q->s, ++q->at, s.p != NULL ? s.p : "", (int)s.n,
					      SQLITE_STATIC));
}

void
db_blob(struct db_query *q, struct str s)
{
	if (q->s != NULL)
		took(q->db, sqlite3_bind_blob(q->s, ++q->at, s.p != NULL ? s.p : "", (int)s.n,
					      SQLITE_STATIC));
}

void
db_null(struct db_query *q)
{
	if (q->s != NULL)
		took(q->db, sqlite3_bind_null(q->s, ++q->at));
}

bool
db_row(struct db_query *q)
{
	int r;

	if (q->s == NULL || !db_ok(q->db)) {
		db_end(q);
		return false;
	}
	r = sqlite3_step(q->s);
	if (r == SQLITE_ROW)
		return true;
	took(q->db, r);
	db_end(q);
	return false;
}

bool
db_run(struct db_query *q)
{
	while (db_row(q)) {
	}
	return db_ok(q->db);
}

unsigned
db_changes(const struct db *db)
{
	return (unsigned)sqlite3_changes(db->h);
}

uint64_t
db_col_int(const struct db_query *q, int col)
{
	return (uint64_t)sqlite3_column_int64(q->s, col);
}

struct str
db_col_text(const struct db_query *q, int col)
{
	const char *p = sqlite3_column_blob(q->s, col);

	return (struct str){p != NULL ? p : "", (size_t)sqlite3_column_bytes(q->s, col)};
}

/* Parameters point to memory that may go now. */
void
db_end(struct db_query *q)
{
	if (q->s == NULL)
		return;
	sqlite3_reset(q->s);
	sqlite3_clear_bindings(q->s);
	q->s = NULL;
}

uint64_t
db_number(struct db_query *q)
{
	uint64_t v = 0;

	if (db_row(q))
		v = db_col_int(q, 0);
	db_end(q);
	return v;
}

uint64_t
db_number_of(struct db *db, const char *sql)
{
	const char *const all[] = {sql};
	struct db_set set;
	struct db_query q;
	uint64_t v;

	db_set_init(&set, db, all, ARRAY_LEN(all));
	q = db_query(&set, 0);
	v = db_number(&q);
	db_set_fini(&set);
	return v;
}
