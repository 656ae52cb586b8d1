/* ask.c - see ask.h. */
#include "config.h"

#include "store/ask_priv.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/proc.h"
#include "ipc/store.h"
#include "lib/util.h"
#include "store/match.h"
#include "store/reached.h"
#include "store/settings.h"
#include "store/thread.h"

static const char *const sql[ASK_SQL_COUNT] = {
    [ASK_PLACES_OF] = "SELECT id FROM place WHERE a = ?1 UNION SELECT id FROM place WHERE b = ?1 "
		      "AND a > 0 ORDER BY 1 DESC",
    [ASK_PLACES_ALL] = "SELECT id FROM place ORDER BY id DESC",
    [ASK_CLOCK_TO] = "SELECT seq FROM clock WHERE at <= ?1 ORDER BY at DESC LIMIT 1",
    [ASK_CLOCK_FROM] = "SELECT seq FROM clock WHERE at >= ?1 ORDER BY at LIMIT 1",
    [ASK_NEXT] = "SELECT seq, at FROM message WHERE seq >= ?1 ORDER BY seq LIMIT 1",
    [ASK_LAST_SEQ] = "SELECT max(seq) FROM message WHERE seq > ?1",
    [ASK_MESSAGE] = "SELECT " ROWS_MESSAGE " FROM message WHERE seq = ?1",
    [ASK_INDEXED] = "SELECT value FROM meta WHERE name = 'indexed'",
    [ASK_FIND] = "SELECT rowid FROM message_text WHERE message_text MATCH ?1"
		 " AND rowid > ?2 AND rowid < ?3 ORDER BY rowid DESC",
    [ASK_LAST] =
	"SELECT seq, at FROM message WHERE place = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1",
    [ASK_COUNT] = "SELECT count(*) FROM (SELECT 1 FROM message WHERE place = ?1 AND seq > ?2"
		  " AND seq < ?3 LIMIT ?4)",
    [ASK_WAS_IN] =
	"SELECT w.place, w.left_seq, w.came_seq, m.at FROM was_in w LEFT JOIN mark m"
	" ON m.account = w.account AND m.place = w.place WHERE w.account = ?1 AND w.left_seq > 0",
    [ASK_KEPT] = "SELECT seq FROM kept WHERE account = ?1 AND seq > ?2 AND seq < ?3 ORDER BY seq",
    [ASK_FILE] = "SELECT count(*) FROM file WHERE id = ?1 AND gone = 0",
    [ASK_FILE_USE] = "SELECT sum(size) FROM file WHERE gone = 0 AND account = ?1",
    [ASK_FILES_USE] = "SELECT sum(size) FROM file WHERE gone = 0",
    [ASK_MARK] = "SELECT at FROM mark WHERE account = ?1 AND place = ?2",
    [ASK_MARK_BEFORE] = "SELECT max(m.at) FROM place p JOIN place o ON o.fold = p.fold"
			" JOIN mark m ON m.account = ?1 AND m.place = o.id WHERE p.id = ?2",
};

/* --- the connection ---------------------------------------------------------------------------------- */

struct ask *
ask_new(const char *file, uint64_t epoch)
{
	struct ask *a = xcalloc(1, sizeof(*a));

	a->file = file;
	a->epoch = epoch;
	a->places = xcalloc(ASK_PLACES_MAX + 1, sizeof(a->places[0]));
	return a;
}

static void
hang_up(struct ask *a)
{
	if (a->db.h == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(a->streams); i++)
		if (a->streams[i].set.n > 0)
			db_set_fini(&a->streams[i].set);
	match_free(a->match);
	a->match = NULL;
	rows_fini(&a->rows);
	db_set_fini(&a->set);
	db_close(&a->db);
}

void
ask_free(struct ask *a)
{
	hang_up(a);
	free(a->places);
	free(a);
}

static bool
connected(struct ask *a)
{
	if (a->db.h != NULL)
		return true;
	if (!db_open(&a->db, a->file, DB_READ))
		return false;
	db_limit(&a->db, &a->deadline);
	db_set_init(&a->set, &a->db, sql, ASK_SQL_COUNT);
	rows_init(&a->rows, &a->db, a->epoch);
	return true;
}

/* --- a question -------------------------------------------------------------------------------------- */

void
ask_refuse(struct ask *a, unsigned code, const char *arg)
{
	a->code = code;
	bprintf(a->arg, sizeof(a->arg), "%s", arg);
}

static void
ask_latest(struct ask *a)
{
	ask_walk(a, true, a->span, a->limit, PAGE_MAX);
}

static void
ask_first(struct ask *a)
{
	ask_walk(a, false, a->span, a->limit, PAGE_MAX);
}

/* span.lo is the first of the second half. */
static void
ask_around(struct ask *a)
{
	struct span before = {.hi = a->span.lo, .at_hi = UINT64_MAX};
	struct span from = {
	    .lo = a->span.lo - (a->span.lo > 0), .hi = INT64_MAX, .at_hi = UINT64_MAX};

	ask_walk(a, true, before, a->limit / 2, PAGE_MAX / 2);
	ask_walk(a, false, from, a->limit - a->limit / 2, PAGE_MAX);
}

static void (*const kinds[QUERY_KINDS])(struct ask *a) = {
    [QUERY_LATEST] = ask_latest, [QUERY_FIRST] = ask_first,       [QUERY_AROUND] = ask_around,
    [QUERY_SEARCH] = ask_search, [QUERY_TARGETS] = ask_targets,   [QUERY_MISSED] = ask_missed,
    [QUERY_KEPT] = ask_kept,     [QUERY_MARK] = ask_mark,         [QUERY_FILE] = ask_file,
    [QUERY_FILES] = ask_files,   [QUERY_FILE_USE] = ask_file_use,
};

static void
how_many(struct ask *a)
{
	struct settings s;

	a->limit = a->q.limit == 0 ? QUERY_ROWS_MAX : MIN(a->q.limit, QUERY_ROWS_MAX);
	if (a->q.flags & QUERY_REPLAY) {
		settings_get(&s);
		a->limit = MIN(a->limit, (uint32_t)s.replay);
	}
}

static void
whose(struct ask *a)
{
	ssize_t n = name_fold(a->q.from.p, a->q.from.n, a->from, sizeof(a->from));

	a->from_n = n > 0 ? (size_t)n : 0; /* of no name: nobody's */
}

/* An administrator's room that there has never been. */
static bool
nameless(struct ask *a)
{
	char name[ROOM_BYTES_MAX + 1];

	if (!a->q.admin || a->q.room.n == 0 || a->q.places.n > 0 || a->nplaces > 0)
		return false;
	bprintf(name, sizeof(name), STR_FMT, STR_ARG(a->q.room));
	ask_refuse(a, ERR_NO_SUCH_ROOM, name);
	return true;
}

static void
question(struct ask *a)
{
	if (a->q.kind >= QUERY_KINDS) {
		ask_refuse(a, ERR_BAD_ARGUMENT, "the question");
		return;
	}
	how_many(a);
	whose(a);
	ask_where(a);
	if (nameless(a))
		return;
	ask_when(a);
	kinds[a->q.kind](a);
}

/* One message, if it is where it is looked for. */
static void
message(struct ask *a, const struct m_s_message *m)
{
	struct db_query q = db_query(&a->set, ASK_MESSAGE);
	struct rows_place p;
	bool there;

	db_int(&q, MIN(m->seq, (uint64_t)INT64_MAX));
	there = db_row(&q) && rows_place(&a->rows, db_col_int(&q, ROW_PLACE), &p);
	if (there && m->place != 0)
		there = p.born == m->place;
	else if (there)
		there =
		    p.born == 0 && p.a == MIN(m->viewer, m->peer) && p.b == MAX(m->viewer, m->peer);
	if (there)
		ask_put(a, false, &q, &p, false, PAGE_MAX);
	db_end(&q);
	if (!db_ok(&a->db))
		ask_refuse(a, ERR_BUSY, "");
	else if (!there)
		ask_refuse(a, ERR_NO_SUCH_MESSAGE, "");
}

static void
fresh(struct ask *a)
{
	page_init(&a->page);
	a->count = 0;
	a->code = ERR_NONE;
	a->arg[0] = a->why[0] = '\0';
	a->matching = false;
}

/* The end of what is read. A question that took too long has what there was by then; after any other error the database is
 * opened anew for the next. */
static void
done(struct ask *a)
{
	if (db_late(&a->db)) {
		a->page.more = true;
		db_clear(&a->db);
	}
	if (a->db.h != NULL && db_ok(&a->db)) {
		a->deadline = UINT64_MAX;
		db_exec(&a->db, "COMMIT");
	}
	if (db_ok(&a->db))
		return;
	bprintf(a->why, sizeof(a->why), "%s", a->db.why);
	hang_up(a);
	db_clear(&a->db);
	page_init(&a->page);
	ask_refuse(a, ERR_STORE_AWAY, "");
}

static size_t
answer(struct ask *a, uint32_t ticket, char *out)
{
	struct m_s_page m = {.ticket = ticket,
			     .code = (uint16_t)a->code,
			     .more = a->code == ERR_NONE && a->page.more,
			     .upto = a->upto,
			     .arg = str_of(a->arg)};

	if (a->code == ERR_NONE)
		m.rows = page_rows(&a->page);
	return m_s_page_put(out, IPC_FRAME_MAX, &m);
}

size_t
ask_answer(struct ask *a, const void *frame, size_t len, uint64_t ms, char *out)
{
	struct m_s_message m = {0};
	uint32_t ticket;

	a->q = (struct m_s_query){0};
	if (ipc_type(frame) == MSG_s_query
		? !m_s_query_get(frame, len, &a->q)
		: ipc_type(frame) != MSG_s_message || !m_s_message_get(frame, len, &m))
		return 0;
	ticket = ipc_type(frame) == MSG_s_query ? a->q.ticket : m.ticket;
	fresh(a);
	a->deadline = mono_ms() + ms;
	if (connected(a) && db_exec(&a->db, "BEGIN")) {
		rows_forget(&a->rows);
		if (ipc_type(frame) == MSG_s_query)
			question(a);
		else
			message(a, &m);
	}
	done(a);
	return answer(a, ticket, out);
}

const char *
ask_why(const struct ask *a)
{
	return a->why;
}

/* --- the threads ------------------------------------------------------------------------------------- */

bool
ask_takes_long(const void *frame, size_t len)
{
	struct m_s_query q;

	return m_s_query_get(frame, len, &q) &&
	       (q.kind == QUERY_SEARCH || q.kind == QUERY_TARGETS || (q.admin && q.places.n == 0));
}

#define INBOX_MAX (1u << 20)
/* Of the time that a question may take, so much at most goes by with waiting for the writer. */
#define WAIT_SHARE 2
#define WAIT_AGAIN 10 /* ms */
#define TIME_MIN 20u

static _Thread_local struct ask *asking;

static void
thread_open(struct thread *t)
{
	(void)t;
	asking = ask_new(DB_FILE, proc.epoch);
}

/* Until what came before the question is committed. A writer that did not get on while the last one waited will not for
 * this one: then what there is must do, and soon. */
static bool
wait_for_writer(uint64_t seq, uint64_t ms)
{
	static _Thread_local uint64_t gave_up = UINT64_MAX;
	bool is_there;

	if (reached() == gave_up)
		ms = MIN(ms, (uint64_t)WAIT_AGAIN);
	is_there = reached_wait(seq, (unsigned)ms);
	gave_up = is_there ? UINT64_MAX : reached();
	return is_there;
}

/* Who asked is to ask again. */
static void
put_off(struct thread *t, const void *frame)
{
	struct m_s_page p = {.code = ERR_BUSY};
	char out[64];

	memcpy(&p.ticket, (const char *)frame + IPC_HDR, sizeof(p.ticket));
	thread_answer(t, out, m_s_page_put(out, sizeof(out), &p));
}

/* What is not in the database yet is not missing: whoever is told that a file is not known removes it, and quotas would not hold. */
static bool
may_answer(uint64_t seq, const void *frame, size_t len)
{
	struct m_s_query q;

	return reached() >= seq || ipc_type(frame) != MSG_s_query ||
	       !m_s_query_get(frame, len, &q) ||
	       (q.kind != QUERY_FILE && q.kind != QUERY_FILES && q.kind != QUERY_FILE_USE);
}

static void
thread_frame(struct thread *t, uint64_t seq, const void *frame, size_t len)
{
	static _Thread_local char out[IPC_FRAME_MAX];
	struct settings s;
	uint64_t end, now;
	bool is_there;
	size_t n;

	/* nobody hears the answer any more, and others wait behind it for theirs */
	if (thread_waited(t) > STORE_WAIT_MS) {
		put_off(t, frame);
		return;
	}
	settings_get(&s);
	end = mono_ms() + s.query_time;
	is_there = wait_for_writer(seq, s.query_time / WAIT_SHARE);
	if (!is_there && !may_answer(seq, frame, len)) {
		put_off(t, frame);
		return;
	}
	asking->upto = is_there ? 0 : MAX(reached(), 1u);
	now = mono_ms();
	n = ask_answer(asking, frame, len, MAX(end - MIN(now, end), TIME_MIN), out);
	if (n > 0)
		thread_answer(t, out, n);
	reached_unread(t, ask_why(asking));
}

static void
thread_close(struct thread *t)
{
	(void)t;
	ask_free(asking);
	asking = NULL;
}

#define ROLE(name_) \
	{ \
		.name = (name_), .inbox = INBOX_MAX, .open = thread_open, .frame = thread_frame, \
		.close = thread_close \
	}
const struct thread_role ask_role = ROLE("ask");
const struct thread_role search_role = ROLE("search");
