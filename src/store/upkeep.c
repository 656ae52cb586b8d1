/* upkeep.c - see upkeep.h. It has a connection of its own for each, so that a database that was put right by hand is seen, and the
 * writer's log does not grow for its sake when nothing is asked.
 */
#include "config.h"

#include "store/upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "store/db.h"
#include "store/reached.h"
#include "store/settings.h"

#define FACTS_MAX 8192

struct facts {
	size_t n;
	char rows[FACTS_MAX];
};

static void
fact(struct facts *f, const char *name, const char *text)
{
	struct m_q_fact m = {.name = str_of(name), .text = str_of(text)};

	m.text.n = MIN(m.text.n, 1024u);
	f->n += m_q_fact_put(f->rows + f->n, sizeof(f->rows) - f->n, &m);
}

static void
fact_number(struct facts *f, const char *name, uint64_t v)
{
	char text[32];

	bprintf(text, sizeof(text), "%" PRIu64, v);
	fact(f, name, text);
}

/* Yes; or no, and why_not under a name of its own. */
static void
fact_whether(struct facts *f, const char *name, const char *name_why, const char *why_not)
{
	fact(f, name, why_not[0] == '\0' ? "yes" : "no");
	if (why_not[0] != '\0')
		fact(f, name_why, why_not);
}

static void
answer(struct thread *t, uint32_t ticket, enum chat_err code, const char *arg,
       const struct facts *f)
{
	struct m_s_page m = {.ticket = ticket, .code = (uint16_t)code, .arg = str_of(arg)};
	char out[FACTS_MAX + 1024];

	m.arg.n = MIN(m.arg.n, 256u);
	if (f != NULL)
		m.rows = (struct str){f->rows, f->n};
	thread_answer(t, out, m_s_page_put(out, sizeof(out), &m));
}

/* --- status ------------------------------------------------------------------------------------------------- */

static uint64_t
size_of(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static const struct {
	const char *name, *sql;
} counts[] = {
    {"accounts", "SELECT count(*) FROM account"},
    {"rooms kept", "SELECT count(*) FROM room"},
    {"messages", "SELECT count(*) FROM message"},
    {"messages not indexed yet",
     "SELECT count(*) FROM message WHERE seq>(SELECT value FROM meta WHERE name='indexed')"},
    {"messages that wait for somebody", "SELECT count(*) FROM kept"},
    {"events", "SELECT count(*) FROM event"},
    {"last number", "SELECT value FROM meta WHERE name='seq'"},
    {"schema", "PRAGMA user_version"},
};

static void
op_STATUS(struct thread *t, const struct m_s_admin *m)
{
	struct facts f = {0};
	struct settings set;
	struct db db;
	char why[REACHED_WHY];

	settings_get(&set);
	fact(&f, "directory", set.state_dir);
	fact(&f, "file", DB_FILE);
	fact_number(&f, "bytes", size_of(DB_FILE));
	fact_number(&f, "bytes of its log", size_of(DB_FILE "-wal"));
	fact(&f, "SQLite", sqlite3_libversion());
	if (db_open(&db, DB_FILE, DB_READ)) {
		for (size_t i = 0; i < ARRAY_LEN(counts) && db_ok(&db); i++)
			fact_number(&f, counts[i].name, db_number_of(&db, counts[i].sql));
		db_close(&db);
	}
	fact_whether(&f, "readable", "why not readable", db_ok(&db) ? "" : db.why);
	reached_why(why);
	fact_whether(&f, "writable", "why not writable", why);
	answer(t, m->ticket, ERR_NONE, "", &f);
}

/* --- check -------------------------------------------------------------------------------------------------- */

static void
op_CHECK(struct thread *t, const struct m_s_admin *m)
{
	static const char *const sql[] = {"PRAGMA integrity_check(8)"};
	char found[900] = "", out[IPC_HDR + 5000];
	struct m_s_admin next = *m;
	struct db_set set;
	struct db_query q;
	struct db db;
	size_t n = 0;

	if (db_open(&db, DB_FILE, DB_READ)) {
		db_set_init(&set, &db, sql, ARRAY_LEN(sql));
		q = db_query(&set, 0);
		while (db_row(&q))
			n += bprintf(found + n, sizeof(found) - n, "%s" STR_FMT, n > 0 ? "; " : "",
				     STR_ARG(db_col_text(&q, 0)));
		db_set_fini(&set);
		db_close(&db);
	}
	if (!db_ok(&db)) {
		struct facts f = {0};

		fact(&f, "database", db.why);
		answer(t, m->ticket, ERR_NONE, "", &f);
		return;
	}
	next.args = (struct str){found, n};
	thread_answer(t, out, m_s_admin_put(out, sizeof(out), &next));
}

/* --- backup ------------------------------------------------------------------------------------------------- */

/* Copy the database as it is now into the fresh file at path; NULL, or why not. */
static const char *
copy_to(const char *path, char why[256])
{
	struct db from, to = {0};
	sqlite3_backup *b;

	if (!db_open(&from, DB_FILE, DB_READ)) {
		bprintf(why, 256, "%s", from.why);
		return why;
	}
	if (sqlite3_open_v2(path, &to.h, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		db_fail_here(&to, SQLITE_CANTOPEN);
	else {
		b = sqlite3_backup_init(to.h, "main", from.h, "main");
		if (b != NULL) {
			sqlite3_backup_step(b, -1);
			sqlite3_backup_finish(b);
		}
		if (sqlite3_errcode(to.h) != SQLITE_OK)
			db_fail_here(&to, sqlite3_errcode(to.h));
		/* one file, that needs none beside it */
		db_exec(&to, "PRAGMA journal_mode=DELETE");
	}
	bprintf(why, 256, "%s", to.why);
	sqlite3_close(to.h);
	to.h = NULL;
	db_close(&from);
	return to.err != 0 ? why : NULL;
}

static void
default_path(char path[600])
{
	struct settings set;
	time_t now = time(NULL);
	struct tm tm;
	char stamp[32];

	settings_get(&set);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	bprintf(path, 600, "%s/backup-%s.db", set.state_dir, stamp);
}

/* The directories above state_dir may be closed to us: what lies in it is reached from here. */
static const char *
reached_as(const char *path)
{
	struct settings set;
	size_t n;

	settings_get(&set);
	n = strlen(set.state_dir);
	return strncmp(path, set.state_dir, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static void
op_BACKUP(struct thread *t, const struct m_s_admin *m)
{
	char path[600], why[256], arg[256];
	struct facts f = {0};
	const char *file, *err;
	int fd;

	if (m->args.n > 0)
		bprintf(path, sizeof(path), STR_FMT, STR_ARG(m->args));
	else
		default_path(path);
	file = reached_as(path);
	if (path[0] != '/' || m->args.n >= sizeof(path)) {
		answer(t, m->ticket, ERR_BAD_ARGUMENT, "the file's path must begin with /", NULL);
		return;
	}
	fd = open(file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		bprintf(arg, sizeof(arg), "%s: %s (as uid %u)%s", path, strerror(errno),
			(unsigned)geteuid(),
			errno == EACCES && file == path
			    ? ", which writes to state_dir and store.backup_dir alone"
			    : "");
		answer(t, m->ticket, ERR_FAILED, arg, NULL);
		return;
	}
	close(fd);
	err = copy_to(file, why);
	if (err != NULL) {
		unlink(file);
		bprintf(arg, sizeof(arg), "%s: %s", path, err);
		answer(t, m->ticket, ERR_FAILED, arg, NULL);
		return;
	}
	thread_log(t, LOG_NOTICE, "backup to %s, for " STR_FMT, path, STR_ARG(m->by));
	fact(&f, "file", path);
	fact_number(&f, "bytes", size_of(file));
	answer(t, m->ticket, ERR_NONE, "", &f);
}

/* --- the thread ----------------------------------------------------------------------------------------------- */

static void (*const ops[STORE_OPS])(struct thread *t, const struct m_s_admin *m) = {
    [STORE_STATUS] = op_STATUS,
    [STORE_CHECK] = op_CHECK,
    [STORE_BACKUP] = op_BACKUP,
};

bool
upkeep_is_its(unsigned op)
{
	return op < STORE_OPS && ops[op] != NULL;
}

static void
take(struct thread *t, uint64_t seq, const void *frame, size_t len)
{
	struct m_s_admin m;

	if (!m_s_admin_get(frame, len, &m) || !upkeep_is_its(m.op))
		return;
	/* what was said before is in it, if the disk is not too slow */
	reached_wait(seq, 1000);
	ops[m.op](t, &m);
}

const struct thread_role upkeep_role = {.name = "upkeep", .inbox = 1u << 20, .frame = take};
