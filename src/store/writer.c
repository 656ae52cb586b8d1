/* writer.c - see writer.h. */
#include "config.h"

#include "store/writer.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ipc/killpoint.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/util.h"
#include "store/intake.h"
#include "store/reached.h"
#include "store/schema.h"

#define RETRY_MS 200 /* the first time; doubled up to… */
#define RETRY_MAX_MS 5000
#define PATIENCE_MS \
	1600 /* a pause as long as this: who asked for a change is not kept waiting any more */
#define INDEX_GROUP_US 20000 /* the index may take so long of a group's transaction… */
#define INDEX_IDLE_US 50000 /* …and of one of its own */
#define LONG_MS 1000 /* a transaction that took so long may have been taken for a disk that hangs */
#define SPARE_MS 5000 /* how often it is looked for something to do */
/* A commit costs as much as a hundred messages: so long they are gathered for the next one. */
#define GATHER_MS 50
#define GROUP_BIG (512u * 1024u) /* bytes: no time for the index, nor to wait for more */

static struct {
	struct thread *t; /* NULL: a test's own */
	thread_answer_fn *answer; /* then */
	bool open, told; /* told: the first s_state has been answered */
	bool wanted; /* something in the group is to be answered */
	bool had; /* it was open before: it is not to be made anew behind somebody's back */
	bool owed; /* a new registry has not been told yet what is kept */
	struct buf group; /* frames that are not on the disk yet */
	struct buf answers; /* wait for the commit */
	enum store_state state;
	uint64_t committed; /* mono ms of the last one */
	uint64_t retry_ms, retry_at; /* the pause; mono ms of the next try. 0: all is well */
} w;
static size_t pending; /* w.group.len, for other threads */
static uint64_t skipped; /* ms that a test has let pass */

uint64_t
writer_ms(void)
{
	return mono_ms() + skipped;
}

/* --- what is said ------------------------------------------------------------------------------------------ */

static void
say(const void *frame, size_t len)
{
	if (w.t != NULL)
		thread_answer(w.t, frame, len);
	else
		w.answer(frame, len);
}

void
writer_answer(const void *frame, size_t len)
{
	CHECK(len > 0);
	buf_append(&w.answers, frame, len);
}

void
writer_log(int level, const char *fmt, ...)
{
	char line[900];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (w.t != NULL)
		thread_log(w.t, level, "%s", line);
	else
		log_line(level, "%s", line);
}

/* All at once: of what is kept, a broker that comes meanwhile is told all or nothing. */
static void
say_answers(void)
{
	if (w.answers.len > 0)
		say(buf_data(&w.answers), w.answers.len);
	buf_drop(&w.answers, w.answers.len);
}

static void
say_state(const char *why)
{
	struct m_s_state m = {.upto = in.seq, .state = (uint8_t)w.state, .text = str_of(why)};
	char out[512];

	m.text.n = MIN(m.text.n, 256u);
	reached_stuck(why);
	say(out, m_s_state_put(out, sizeof(out), &m));
	w.told = true;
}

/* --- well and not well --------------------------------------------------------------------------------------- */

static void
well(void)
{
	if (w.state != STORE_WELL)
		writer_log(LOG_NOTICE,
			   "the database can be written again: what has waited is in it");
	w.state = STORE_WELL;
	w.retry_ms = w.retry_at = 0;
	say_state("");
}

/* Of the group only the events are left: who asked for something is told that it has not been done, and will not be. */
static void
refuse_requests(void)
{
	const char *p = buf_data(&w.group);
	struct buf events = {0};
	uint32_t ticket;
	char out[64];
	ssize_t n;

	for (size_t at = 0; at < w.group.len; at += (size_t)n) {
		n = ipc_frame(p + at, w.group.len - at);
		CHECK(n > 0);
		if (ipc_type(p + at) == MSG_s_account || ipc_type(p + at) == MSG_s_admin) {
			struct m_s_done m = {.code = ERR_STORE_AWAY};

			memcpy(&ticket, p + at + IPC_HDR, sizeof(ticket));
			m.ticket = ticket;
			say(out, m_s_done_put(out, sizeof(out), &m));
		} else {
			buf_append(&events, p + at, (size_t)n);
		}
	}
	buf_fini(&w.group);
	w.group = events;
}

/* The log has one line of it, however often it is tried again. */
static void
not_well(void)
{
	enum store_state state = db_trouble(&in.db) == DB_DAMAGED ? STORE_UNUSABLE : STORE_BEHIND;

	if (w.state != state || !w.told)
		writer_log(LOG_ERR,
			   state == STORE_UNUSABLE
			       ? "the database %s cannot be used, nothing is kept: %s"
			       : "cannot write to the database %s, trying again: %s",
			   DB_FILE, in.db.why);
	if (w.state != state)
		w.retry_ms = 0;
	w.state = state;
	w.retry_ms = w.retry_ms == 0 ? RETRY_MS : MIN(2 * w.retry_ms, RETRY_MAX_MS);
	w.retry_at = writer_ms() + w.retry_ms;
	say_state(in.db.why);
	if (state == STORE_UNUSABLE || w.retry_ms >= PATIENCE_MS)
		refuse_requests();
}

static void
close_db(void)
{
	if (w.open)
		intake_end();
	w.open = false;
	db_close(&in.db);
}

static bool
open_db(void)
{
	uint64_t seq = 0;
	bool made;

	if (!db_open(&in.db, DB_FILE, w.had ? DB_WRITE : DB_MAKE))
		return false;
	made = schema_version(&in.db) == 0;
	if (schema_apply(&in.db))
		seq = db_number_of(&in.db, "SELECT value FROM meta WHERE name='seq'");
	if (!db_ok(&in.db)) {
		db_close(&in.db);
		return false;
	}
	/* another file has been put in its place: the main thread has all events behind that one's last sent again; what was asked of
	 * the other is not done to this one */
	if (seq < in.seq) {
		refuse_requests();
		buf_drop(&w.group, w.group.len);
	}
	in.seq = seq;
	intake_begin();
	w.open = w.had = true;
	if (made)
		writer_log(LOG_NOTICE, "a new database has been made: %s", DB_FILE);
	reached_set(in.seq);
	return true;
}

/* --- a group ------------------------------------------------------------------------------------------------- */

static void
rollback(void)
{
	int err = in.db.err;
	char why[sizeof(in.db.why)];

	bprintf(why, sizeof(why), "%s", in.db.why);
	db_clear(&in.db);
	if (!sqlite3_get_autocommit(in.db.h))
		db_exec(&in.db, "ROLLBACK");
	db_clear(&in.db);
	db_fail(&in.db, err, why);
	intake_forget();
	buf_drop(&w.answers, w.answers.len);
}

static bool
is_event(unsigned type)
{
	return type < MSG_s_begin;
}

/* One that was written before is passed over; others are, each by itself when something is wrong with one of them. */
static void
apply(const char *frame, size_t len, bool each)
{
	struct ev_head h;

	if (is_event(ipc_type(frame))) {
		if (!ev_head_get(frame, len, &h) || h.seq <= in.at_seq)
			return;
		in.at_seq = h.seq;
		in.at = h.at;
	}
	if (!each) {
		intake_frame(frame, len);
		return;
	}
	db_exec(&in.db, "SAVEPOINT one");
	intake_frame(frame, len);
	if (db_trouble(&in.db) == DB_BUG) {
		writer_log(LOG_ERR, "%s %" PRIu64 " could not be kept: %s",
			   ipc_name(ipc_type(frame)), in.at_seq, in.db.why);
		db_clear(&in.db);
		intake_forget();
		db_exec(&in.db, "ROLLBACK TO one");
	}
	db_exec(&in.db, "RELEASE one");
}

/* Everything in the group, in one transaction. */
static bool
write_group(bool each)
{
	const char *p = buf_data(&w.group);

	db_clear(&in.db);
	if (db_moved(&in.db))
		return false;
	settings_get(&in.set);
	in.at_seq = in.seq;
	db_exec(&in.db, "BEGIN IMMEDIATE");
	for (size_t at = 0; at < w.group.len && db_ok(&in.db);) {
		ssize_t n = ipc_frame(p + at, w.group.len - at);

		CHECK(n > 0);
		apply(p + at, (size_t)n, each);
		at += (size_t)n;
	}
	KILLPOINT("store_written");
	intake_finish();
	if (w.group.len < GROUP_BIG)
		index_some(INDEX_GROUP_US);
	if (!db_exec(&in.db, "COMMIT")) {
		rollback();
		return false;
	}
	KILLPOINT("store_committed");
	return true;
}

static void
group_done(void)
{
	in.seq = in.at_seq;
	w.committed = writer_ms();
	buf_drop(&w.group, w.group.len);
	reached_set(in.seq);
	if (w.state != STORE_WELL)
		well();
	else
		say_state("");
	say_answers();
}

/* A new registry is told what is kept, however long the database was not well when that was asked for; and before
 * anything of what has become of it meanwhile is written. */
static bool
tell_kept(void)
{
	if (!w.owed)
		return true;
	db_clear(&in.db);
	if (!db_moved(&in.db))
		intake_restore();
	if (!db_ok(&in.db)) {
		buf_drop(&w.answers, w.answers.len);
		return false;
	}
	say_answers();
	w.owed = false;
	return true;
}

/* Waits ms for the next try. */
static uint64_t
write_or_wait(void)
{
	if (w.retry_at > writer_ms())
		return w.retry_at - writer_ms() + 1;
	if (!w.open && !open_db()) {
		not_well();
		return w.retry_ms;
	}
	if (tell_kept()) {
		if (w.group.len == 0) {
			well();
			return 0;
		}
		if (write_group(false) || (db_trouble(&in.db) == DB_BUG && write_group(true))) {
			group_done();
			return 0;
		}
	}
	not_well();
	/* after an I/O error, and of what may be mended by hand, nothing is believed that was read before */
	close_db();
	return w.retry_ms;
}

/* --- when there is time --------------------------------------------------------------------------------------- */

/* A transaction of what does not come from the broker. True: there is more to do. */
static bool
spare(bool (*work)(void))
{
	uint64_t began = writer_ms();
	bool more;

	settings_get(&in.set);
	in.at_seq = in.seq;
	db_exec(&in.db, "BEGIN IMMEDIATE");
	more = work();
	files_finish();
	if (db_exec(&in.db, "COMMIT")) {
		if (writer_ms() - began > LONG_MS)
			say_state("");
		say_answers();
		return more;
	}
	rollback();
	not_well();
	close_db();
	return false;
}

static bool
index_in_spare_time(void)
{
	return index_some(INDEX_IDLE_US);
}

static uint64_t
spare_time(void)
{
	bool more = false;

	if (w.t != NULL && thread_wanted(w.t))
		return 0;
	if (index_upto() < in.seq)
		more = spare(index_in_spare_time);
	if (w.open && retain_due())
		more |= spare(retain_some);
	if (!w.open)
		return w.retry_ms;
	return more ? 0 : SPARE_MS;
}

/* --- the thread's ------------------------------------------------------------------------------------------- */

static void
take(const void *frame, size_t len)
{
	struct m_s_begin begin;

	if (ipc_type(frame) == MSG_s_begin && m_s_begin_get(frame, len, &begin))
		w.owed = !begin.restored;
	buf_append(&w.group, frame, len);
	w.wanted |= !is_event(ipc_type(frame));
	/* however much waits, a transaction takes not long: one who is killed again and again gets on all the same */
	if (w.group.len > GROUP_BIG && w.open && w.state == STORE_WELL)
		write_or_wait();
	__atomic_store_n(&pending, w.group.len, __ATOMIC_RELAXED);
}

/* Milliseconds that the group may grow: nobody waits for it, and the last commit has only just been. */
static uint64_t
gather_ms(void)
{
	uint64_t since = writer_ms() - w.committed;

	if (w.t == NULL || !w.open || w.state != STORE_WELL || in.set.durable != 0 ||
	    w.group.len == 0 || w.group.len > GROUP_BIG || w.wanted || thread_hurried(w.t) ||
	    since >= GATHER_MS)
		return 0;
	return GATHER_MS - since;
}

static uint64_t
rest(void)
{
	uint64_t ms = gather_ms();

	__atomic_store_n(&pending, w.group.len, __ATOMIC_RELAXED);
	if (ms > 0) {
		thread_patient(w.t);
		return ms;
	}
	w.wanted = false;
	if (!w.open || w.group.len > 0 || !w.told)
		ms = write_or_wait();
	__atomic_store_n(&pending, w.group.len, __ATOMIC_RELAXED);
	return ms > 0 ? ms : spare_time();
}

/* As big as it is after the checkpoints that are made by themselves (db.c). */
#define LOG_SMALL (20u << 20)

/* The database is whole in one file when chatd is not running; unless there is so much to be done that the end would
 * wait for it, or somebody is reading. */
static void
checkpoint(void)
{
	struct stat st;

	if (!w.open || stat(DB_FILE "-wal", &st) < 0)
		return;
	if (st.st_size <= LOG_SMALL)
		db_exec(&in.db, "PRAGMA wal_checkpoint(TRUNCATE)");
	else /* nor when it is closed */
		sqlite3_db_config(in.db.h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void
finish(void)
{
	w.retry_at = 0;
	if (w.group.len > 0)
		write_or_wait();
	if (w.group.len > 0)
		writer_log(LOG_ERR,
			   "ending with %zu bytes of events that could not be written and are "
			   "lost, behind %" PRIu64,
			   w.group.len, in.seq);
	checkpoint();
	close_db();
	buf_fini(&w.group);
	buf_fini(&w.answers);
	w.told = w.had = w.owed = false;
	w.state = STORE_WELL;
	w.retry_ms = 0;
}

static void
thread_opens(struct thread *t)
{
	w.t = t;
	rest();
}

static void
thread_frame(struct thread *t, uint64_t seq, const void *frame, size_t len)
{
	(void)t;
	(void)seq;
	take(frame, len);
}

static uint64_t
thread_rests(struct thread *t)
{
	(void)t;
	return rest();
}

static void
thread_closes(struct thread *t)
{
	(void)t;
	finish();
}

const struct thread_role writer_role = {
    .name = "writer",
    .inbox = 8u << 20,
    .open = thread_opens,
    .frame = thread_frame,
    .rest = thread_rests,
    .close = thread_closes,
};

void
writer_init(const struct registry *reg, uint64_t epoch)
{
	in.reg = reg;
	in.epoch = epoch;
}

size_t
writer_pending(void)
{
	return __atomic_load_n(&pending, __ATOMIC_RELAXED);
}

void
writer_open_here(thread_answer_fn *fn)
{
	w.t = NULL;
	w.answer = fn;
	rest();
}

void
writer_take_here(const void *frame, size_t len)
{
	take(frame, len);
}

uint64_t
writer_rest_here(void)
{
	return rest();
}

void
writer_later_here(uint64_t ms)
{
	skipped += ms;
}

void
writer_close_here(void)
{
	finish();
}
