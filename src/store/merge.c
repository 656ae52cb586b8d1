/* merge.c - two places become one: what was said in a room that people made while the store had not yet told that there was one of that name, and
 * what had been said in that one. Rare, and done in one transaction, whatever there is: nothing is out of sight meanwhile.
 */
#include "config.h"

#include "store/intake.h"

#include "lib/util.h"

/* Of each, ?1 is the place that stays, ?2 the one that goes; both are in all of them, as both are bound. */
enum { INDEXED, OTHERS_ROOM, MOVES };
static const char *const sql[] = {
    [INDEXED] = "SELECT seq, text, ?1 FROM message WHERE place=?2 AND seq<=?3",
    /* (here ?1 is the place whose settings hold) */
    [OTHERS_ROOM] =
	"DELETE FROM room WHERE place=?2 AND EXISTS (SELECT 1 FROM room WHERE place=?1)",
    [MOVES] = "UPDATE message SET place=?1 WHERE place=?2",
    "UPDATE OR REPLACE event SET place=?1 WHERE place=?2",
    "UPDATE file SET place=?1 WHERE place=?2",
    "UPDATE OR REPLACE room SET place=?1 WHERE place=?2",
    "INSERT OR IGNORE INTO room_list(place, op, mask, reason, by, since, until)"
    " SELECT ?1, op, mask, reason, by, since, until FROM room_list WHERE place=?2",
    "DELETE FROM room_list WHERE ?1>0 AND place=?2",
    "INSERT INTO mark(account, place, at) SELECT account, ?1, at FROM mark WHERE place=?2"
    " ON CONFLICT(account, place) DO UPDATE SET at=max(at, excluded.at)",
    "DELETE FROM mark WHERE ?1>0 AND place=?2",
    "INSERT INTO was_in(account, place, left_seq, came_seq)"
    " SELECT account, ?1, left_seq, came_seq FROM was_in WHERE place=?2"
    " ON CONFLICT(account, place) DO UPDATE SET"
    " left_seq=max(left_seq, excluded.left_seq), came_seq=max(came_seq, excluded.came_seq)",
    "DELETE FROM was_in WHERE ?1>0 AND place=?2",
    /* the number that it is known by goes to the one that stays */
    "DELETE FROM place WHERE ?1>0 AND id=?2",
};
static struct db_set set;

void
merge_begin(void)
{
	db_set_init(&set, &in.db, sql, ARRAY_LEN(sql));
}

void
merge_end(void)
{
	db_set_fini(&set);
}

static struct db_query
of_both(unsigned which, uint64_t stays, uint64_t goes)
{
	struct db_query q = db_query(&set, which);

	db_int(&q, stays);
	db_int(&q, goes);
	return q;
}

/* In the index the place is a word of each message. */
static void
index_anew(uint64_t stays, uint64_t goes)
{
	struct db_query q = of_both(INDEXED, stays, goes);

	db_int(&q, index_upto());
	while (db_row(&q)) {
		struct str text = db_col_text(&q, 1);

		index_delete(db_col_int(&q, 0), text, goes);
		index_add(db_col_int(&q, 0), text, stays);
	}
}

uint64_t
place_merge(uint64_t own, uint64_t other)
{
	/* the older one has more, as a rule */
	uint64_t stays = MIN(own, other), goes = MAX(own, other);
	struct db_query q = of_both(OTHERS_ROOM, own, other);

	db_run(&q);
	retain_chores_of(goes);
	index_anew(stays, goes);
	for (unsigned i = MOVES; i < ARRAY_LEN(sql); i++) {
		q = of_both(i, stays, goes);
		db_run(&q);
	}
	orphans_moved();
	return stays;
}
