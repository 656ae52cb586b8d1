/* orphans.c - rows that nothing refers to any more: senders of whom no message and no event is left, and how far accounts have read,
 * and where they were, in rooms and conversations that nobody can come to again.
 *
 * No index says who refers to a sender, and none shall, as it would cost every message: so now and then all messages and
 * events are walked through, in slices, and what they refer to is noted; what is not noted then goes. Who is referred to
 * while that goes on is noted, too (orphans_used). A walk that is broken off is begun anew.
 */
#include "config.h"

#include "store/intake.h"

#include <stdlib.h>

#include "lib/util.h"
#include "registry/registry.h"

#define SLICE 500 /* rows looked at in one transaction */
#define FIRST_MS (3600 * 1000) /* after the start */
#define AGAIN_MS (24 * 3600 * 1000)
#define SENDERS_MAX (UINT64_C(1) << 28) /* 32 MiB of notes; those above are left */

/* How the rows of a table begin that says something of an account in a place, and whether they are of no use: there is no
 * such account, or place, or one that it writes to; or (the last column) it is a room that is not kept, which is there
 * as long as the registry has it. */
#define IN_PLACE(table_) \
	"SELECT x.account, x.place, a.id IS NULL OR p.id IS NULL OR (p.a IS NOT NULL AND" \
	" (SELECT count(*) FROM account WHERE id=p.a OR id=p.b) < 2 - (p.a=p.b))," \
	" p.a IS NULL AND r.place IS NULL, p.epoch, p.room_id" \
	" FROM " table_ " x LEFT JOIN account a ON a.id=x.account" \
	" LEFT JOIN place p ON p.id=x.place LEFT JOIN room r ON r.place=x.place" \
	" WHERE (x.account, x.place)>(?1, ?2) ORDER BY x.account, x.place LIMIT 500"

/* The first of them is no phase of a walk; phases have rows of two numbers, by which they are deleted, and behind which the next
 * slice goes on. */
enum { TOP, MESSAGES, EVENTS, SENDERS, MARKS, WAS_IN, DEL_SENDER, DEL_MARK, DEL_WAS_IN, N };
static const char *const sql[N] = {
    [TOP] = "SELECT max(id) FROM sender",
    [MESSAGES] = "SELECT seq, ?2, sender FROM message WHERE seq>?1 ORDER BY seq LIMIT 500",
    [EVENTS] = "SELECT place, seq, sender FROM event WHERE (place, seq)>(?1, ?2)"
	       " ORDER BY place, seq LIMIT 500",
    [SENDERS] = "SELECT id, ?2 FROM sender WHERE id>?1 AND id<=?2 ORDER BY id LIMIT 500",
    [MARKS] = IN_PLACE("mark"),
    [WAS_IN] = IN_PLACE("was_in"),
    [DEL_SENDER] = "DELETE FROM sender WHERE id=?1 AND id<=?2",
    [DEL_MARK] = "DELETE FROM mark WHERE account=?1 AND place=?2",
    [DEL_WAS_IN] = "DELETE FROM was_in WHERE account=?1 AND place=?2",
};
static struct db_set set;

static struct {
	unsigned phase; /* MESSAGES to WAS_IN; 0: no walk */
	uint64_t next; /* writer_ms: when one begins */
	uint64_t key[2]; /* of the row that was looked at last */
	uint64_t top; /* senders above it are newer than the walk */
	uint8_t *used; /* owned; a bit for each up to it; NULL: it does not matter now */
} walk;

static void
forget_used(void)
{
	free(walk.used);
	walk.used = NULL;
}

static void
idle(uint64_t ms)
{
	forget_used();
	walk.phase = 0;
	walk.next = writer_ms() + ms;
}

void
orphans_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
	idle(FIRST_MS);
}

void
orphans_end(void)
{
	db_set_fini(&set);
	idle(FIRST_MS);
}

void
orphans_used(uint64_t sender)
{
	if (walk.used != NULL && sender <= walk.top)
		walk.used[sender / 8] |= (uint8_t)(1u << sender % 8);
}

/* --- what is of no use ------------------------------------------------------------------------------------- */

static bool
notes_sender(const struct db_query *q)
{
	orphans_used(db_col_int(q, 2));
	return false;
}

static bool
is_unused(const struct db_query *q)
{
	uint64_t id = db_col_int(q, 0);

	return (walk.used[id / 8] & 1u << id % 8) == 0;
}

static bool
is_nowhere(const struct db_query *q)
{
	struct reg_room_view v;

	if (db_col_int(q, 2) != 0 || db_col_int(q, 3) == 0)
		return db_col_int(q, 2) != 0;
	return db_col_int(q, 4) != in.epoch ||
	       (in.reg != NULL && registry_room(in.reg, db_col_int(q, 5), &v) == 0);
}

static const struct {
	bool (*goes)(const struct db_query *q);
	unsigned del;
} phases[] = {
    [MESSAGES] = {notes_sender, 0},      [EVENTS] = {notes_sender, 0},
    [SENDERS] = {is_unused, DEL_SENDER}, [MARKS] = {is_nowhere, DEL_MARK},
    [WAS_IN] = {is_nowhere, DEL_WAS_IN},
};

/* --- the walk ------------------------------------------------------------------------------------------------ */

static struct db_query
by_key(unsigned which, const uint64_t key[2])
{
	struct db_query q = db_query(&set, which);

	db_int(&q, key[0]);
	db_int(&q, key[1]);
	return q;
}

/* The next rows of the phase. False: it is at its end. */
static bool
slice(void)
{
	struct db_query q = by_key(walk.phase, walk.key);
	uint64_t gone[SLICE][2];
	unsigned n = 0, looked = 0;

	for (; db_row(&q); looked++) {
		walk.key[0] = gone[n][0] = db_col_int(&q, 0);
		walk.key[1] = gone[n][1] = db_col_int(&q, 1);
		n += phases[walk.phase].goes(&q);
	}
	for (unsigned i = 0; i < n; i++) {
		q = by_key(phases[walk.phase].del, gone[i]);
		db_run(&q);
	}
	if (n > 0)
		senders_forget();
	return looked == SLICE;
}

static void
begin(void)
{
	struct db_query q = db_query(&set, TOP);
	uint64_t top = db_number(&q);

	idle(AGAIN_MS);
	walk.top = MIN(top, SENDERS_MAX);
	walk.used = xcalloc(1, walk.top / 8 + 1);
}

bool
orphans_due(void)
{
	return walk.phase != 0 || writer_ms() >= walk.next;
}

void
orphans_soon(void)
{
	walk.next = 0;
}

/* Its key says what has been looked at. */
void
orphans_moved(void)
{
	if (walk.phase != 0)
		idle(0);
}

void
orphans_some(void)
{
	if (walk.phase == 0)
		begin();
	else if (slice())
		return;
	walk.phase = (walk.phase + 1) % ARRAY_LEN(phases);
	walk.key[0] = 0;
	walk.key[1] = walk.phase == SENDERS ? walk.top : 0;
	if (walk.phase > SENDERS)
		forget_used();
}
