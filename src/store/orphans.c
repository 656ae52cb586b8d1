/* orphans.c - rows that nothing refers to any more: senders of whom no message and no event is left; how far accounts have read,
 * and where they were, in rooms and conversations that nobody can come to again; and these, when nothing of them is left.
 *
 * No index says who refers to a sender, and none shall, as it would cost every message: so now and then all messages and
 * events are walked through, in slices, and what they refer to is noted; what is not noted then goes. Who is referred to
 * while that goes on is noted, too (orphans_used, orphans_place_used). A walk that is broken off is begun anew.
 */
#include "config.h"

#include "store/intake.h"

#include <stdlib.h>

#include "lib/util.h"
#include "registry/registry.h"

#define SLICE 500 /* rows looked at in one transaction */
#define FIRST_MS (3600 * 1000) /* after the start */
#define AGAIN_MS (24 * 3600 * 1000)
#define NOTES_MAX (UINT64_C(1) << 28) /* 32 MiB of them; rows with numbers above are left */

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
enum {
	TOP,
	MESSAGES,
	EVENTS,
	SENDERS,
	MARKS,
	WAS_IN,
	FILES,
	PLACES,
	TOP_PLACE,
	DEL_SENDER,
	DEL_MARK,
	DEL_WAS_IN,
	DEL_PLACE,
	N
};
static const char *const sql[N] = {
    [TOP] = "SELECT max(id) FROM sender",
    /* the last one stays: its number is not to be another's, of whom something else may still be told */
    [TOP_PLACE] = "SELECT max(id) - 1 FROM place",
    [MESSAGES] = "SELECT seq, ?2, sender FROM message WHERE seq>?1 ORDER BY seq LIMIT 500",
    [EVENTS] = "SELECT place, seq, sender FROM event WHERE (place, seq)>(?1, ?2)"
	       " ORDER BY place, seq LIMIT 500",
    [SENDERS] = "SELECT id, ?2 FROM sender WHERE id>?1 AND id<=?2 ORDER BY id LIMIT 500",
    [MARKS] = IN_PLACE("mark"),
    [WAS_IN] = IN_PLACE("was_in"),
    [FILES] = "SELECT n, ?2, place FROM file WHERE n>?1 ORDER BY n LIMIT 500",
    [PLACES] = "SELECT p.id, ?2, r.place IS NOT NULL OR EXISTS (SELECT 1 FROM message WHERE "
	       "place=p.id)"
	       " OR EXISTS (SELECT 1 FROM event WHERE place=p.id), p.a IS NULL, p.epoch, p.room_id"
	       " FROM place p LEFT JOIN room r ON r.place=p.id"
	       " WHERE p.id>?1 AND p.id<=?2 ORDER BY p.id LIMIT 500",
    [DEL_PLACE] = "DELETE FROM place WHERE id=?1 AND id<=?2",
    [DEL_SENDER] = "DELETE FROM sender WHERE id=?1 AND id<=?2",
    [DEL_MARK] = "DELETE FROM mark WHERE account=?1 AND place=?2",
    [DEL_WAS_IN] = "DELETE FROM was_in WHERE account=?1 AND place=?2",
};
static struct db_set set;

struct notes {
	uint64_t top; /* rows above it are newer than the walk */
	uint8_t *used; /* owned; a bit for each up to it; NULL: it does not matter now */
};
static struct {
	unsigned phase; /* MESSAGES to PLACES; 0: no walk */
	uint64_t next; /* writer_ms: when one begins */
	uint64_t key[2]; /* of the row that was looked at last */
	struct notes senders, places;
} walk;

static void
notes_free(struct notes *n)
{
	free(n->used);
	n->used = NULL;
}

static void
notes_make(struct notes *n, unsigned which_top)
{
	struct db_query q = db_query(&set, which_top);
	uint64_t top = db_number(&q);

	n->top = MIN(top, NOTES_MAX);
	n->used = xcalloc(1, n->top / 8 + 1);
}

static void
note(struct notes *n, uint64_t id)
{
	if (n->used != NULL && id <= n->top)
		n->used[id / 8] |= (uint8_t)(1u << id % 8);
}

static bool
is_noted(const struct notes *n, uint64_t id)
{
	return (n->used[id / 8] & 1u << id % 8) != 0;
}

static void
idle(uint64_t ms)
{
	notes_free(&walk.senders);
	notes_free(&walk.places);
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
	note(&walk.senders, sender);
}

void
orphans_place_used(uint64_t place)
{
	note(&walk.places, place);
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
	return !is_noted(&walk.senders, db_col_int(q, 0));
}

/* The registry does not have the room of which these columns, from `col` on, say the epoch and the id. */
static bool
is_gone(const struct db_query *q, int col)
{
	struct reg_room_view v;

	return db_col_int(q, col) != in.epoch ||
	       (in.reg != NULL && registry_room(in.reg, db_col_int(q, col + 1), &v) == 0);
}

static bool
is_nowhere(const struct db_query *q)
{
	if (db_col_int(q, 2) != 0 || (db_col_int(q, 3) != 0 && is_gone(q, 4)))
		return true;
	orphans_place_used(db_col_int(q, 1));
	return false;
}

static bool
notes_place(const struct db_query *q)
{
	orphans_place_used(db_col_int(q, 2));
	return false;
}

static bool
is_empty(const struct db_query *q)
{
	return db_col_int(q, 2) == 0 && !is_noted(&walk.places, db_col_int(q, 0)) &&
	       (db_col_int(q, 3) == 0 || is_gone(q, 4));
}

static const struct {
	bool (*goes)(const struct db_query *q);
	unsigned del;
} phases[] = {
    [MESSAGES] = {notes_sender, 0},      [EVENTS] = {notes_sender, 0},
    [SENDERS] = {is_unused, DEL_SENDER}, [MARKS] = {is_nowhere, DEL_MARK},
    [WAS_IN] = {is_nowhere, DEL_WAS_IN}, [FILES] = {notes_place, 0},
    [PLACES] = {is_empty, DEL_PLACE},
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
	if (n > 0) {
		senders_forget();
		places_forget();
	}
	return looked == SLICE;
}

static void
begin(void)
{
	idle(AGAIN_MS);
	notes_make(&walk.senders, TOP);
	notes_make(&walk.places, TOP_PLACE);
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
	walk.key[1] = walk.phase == SENDERS  ? walk.senders.top
		      : walk.phase == PLACES ? walk.places.top
					     : 0;
	if (walk.phase == 0 || walk.phase > SENDERS)
		notes_free(&walk.senders);
	if (walk.phase == 0)
		notes_free(&walk.places);
}
