/* index.c - the full-text index, which follows behind the messages: at once while that keeps up, later when it does not.
 *
 * meta 'indexed' is how far it is; what is above it is not in it, and must not be taken out of it. meta 'untidy': what is
 * deleted has left words behind.
 */
#include "config.h"

#include "store/intake.h"

#include <sqlite3.h>

#include "lib/util.h"

#define AT_ONCE 64 /* rows between two looks at the clock */

enum { GET, SET, DEL, ADD, NEXT, MERGE, GET_UNTIDY, SET_UNTIDY, N };
static const char *const sql[N] = {
    [GET] = "SELECT value FROM meta WHERE name='indexed'",
    [SET] = "UPDATE meta SET value=? WHERE name='indexed'",
    [DEL] = "INSERT INTO message_text(message_text, rowid, text, place) VALUES('delete', ?, ?, ?)",
    [ADD] = "INSERT INTO message_text(rowid, text, place) VALUES(?, ?, ?)",
    [NEXT] = "SELECT seq, text, place FROM message WHERE seq>? AND seq<=? ORDER BY seq",
    [MERGE] = "INSERT INTO message_text(message_text, rank) VALUES('merge', ?)",
    [GET_UNTIDY] = "SELECT value FROM meta WHERE name='untidy'",
    [SET_UNTIDY] = "INSERT OR REPLACE INTO meta(name, value) VALUES('untidy', ?)",
};
static struct db_set set;
/* As in the database: the next life goes on with it. */
static enum { TIDY, UNTIDY, TIDYING } state;

void
index_begin(void)
{
	struct db_query q;

	db_set_init(&set, &in.db, sql, N);
	q = db_query(&set, GET_UNTIDY);
	state = (unsigned)db_number(&q);
}

void
index_end(void)
{
	db_set_fini(&set);
}

uint64_t
index_upto(void)
{
	struct db_query q = db_query(&set, GET);

	return db_number(&q);
}

static void
change(unsigned which, uint64_t seq, struct str text, uint64_t place)
{
	struct db_query q = db_query(&set, which);

	db_int(&q, seq);
	db_text(&q, text);
	db_int(&q, place);
	db_run(&q);
}

void
index_delete(uint64_t seq, struct str text, uint64_t place)
{
	change(DEL, seq, text, place);
}

void
index_add(uint64_t seq, struct str text, uint64_t place)
{
	change(ADD, seq, text, place);
}

static void
note(unsigned which, uint64_t value)
{
	struct db_query q = db_query(&set, which);

	db_int(&q, value);
	db_run(&q);
}

bool
index_some(uint64_t us)
{
	uint64_t upto = index_upto(), until = mono_us() + us;
	struct db_query q;
	unsigned n = 0;
	bool more = false;

	if (upto >= in.at_seq)
		return false;
	q = db_query(&set, NEXT);
	db_int(&q, upto);
	db_int(&q, in.at_seq);
	while (!more && db_row(&q)) {
		upto = db_col_int(&q, 0);
		index_add(upto, db_col_text(&q, 1), db_col_int(&q, 2));
		more = ++n % AT_ONCE == 0 && mono_us() > until;
	}
	db_end(&q);
	note(SET, more ? upto : in.at_seq);
	return more;
}

/* FTS5 notes that a word is gone, and keeps it until both are merged. A negative number of pages makes all of its parts
 * ones to be merged; it has come to the end when it changes next to nothing. */
#define TIDY_PAGES 64

void
index_untidy(void)
{
	state = UNTIDY;
	note(SET_UNTIDY, state);
}

bool
index_is_tidy(void)
{
	return state == TIDY;
}

void
index_tidy(void)
{
	int before = sqlite3_total_changes(in.db.h);
	struct db_query q = db_query(&set, MERGE);

	db_int(&q, (uint64_t)(state == UNTIDY ? -TIDY_PAGES : TIDY_PAGES));
	if (!db_run(&q))
		return;
	state = sqlite3_total_changes(in.db.h) - before >= 2 ? TIDYING : TIDY;
	note(SET_UNTIDY, state);
}
