/* retain.c - what is to be deleted goes in slices, between the groups: chores (somebody's messages, what an administrator purges),
 * and what is older than, or more than, is to be kept of a place.
 */
#include "config.h"

#include "store/intake.h"

#include "lib/log.h"
#include "lib/util.h"

#define SLICE 500 /* rows looked at in one transaction */
#define PASS_MS (60 * 1000) /* from the end of a look at all places to the next one */
#define DAY_MS (24 * 3600 * 1000ull)

enum {
	CHORE,
	CHORE_OF,
	ADD_CHORE,
	CHORE_PAST,
	CHORE_DONE,
	OF_PLACE,
	OF_ALL,
	NEXT_PLACE,
	SEQ_AT,
	NTH,
	OLD,
	DEL_EVENTS,
	NEXT_EVENTS,
	THIN,
	N
};
static const char *const sql[N] = {
    [CHORE] = "SELECT id, place, account, past, upto, before FROM chore ORDER BY id LIMIT 1",
    [CHORE_OF] = "SELECT id, place, account, past, upto, before FROM chore WHERE place=?"
		 " ORDER BY id LIMIT 1",
    [ADD_CHORE] = "INSERT INTO chore(place, account, past, upto, before) VALUES(?, ?, 0, ?, ?)"
		  " RETURNING id",
    [CHORE_PAST] = "UPDATE chore SET past=? WHERE id=?",
    [CHORE_DONE] = "DELETE FROM chore WHERE id=?",
    [OF_PLACE] = "SELECT m.seq, m.at, s.account FROM message m LEFT JOIN sender s ON s.id=m.sender"
		 " WHERE m.place=? AND m.seq>? AND m.seq<=? ORDER BY m.seq LIMIT 500",
    [OF_ALL] = "SELECT m.seq, m.at, s.account FROM message m LEFT JOIN sender s ON s.id=m.sender"
	       " WHERE m.seq>? AND m.seq<=? ORDER BY m.seq LIMIT 500",
    [NEXT_PLACE] =
	"SELECT p.id, ifnull(r.history_days, 0), ifnull(r.history_rows, 0), p.a IS NULL"
	" FROM place p LEFT JOIN room r ON r.place=p.id WHERE p.id>? ORDER BY p.id LIMIT 1",
    [SEQ_AT] = "SELECT seq FROM clock WHERE at<=? ORDER BY at DESC LIMIT 1",
    [NTH] = "SELECT seq FROM message WHERE place=? ORDER BY seq DESC LIMIT 1 OFFSET ?",
    [OLD] = "SELECT seq FROM message WHERE place=? AND seq<=? AND at<? ORDER BY seq LIMIT 500",
    [DEL_EVENTS] = "DELETE FROM event WHERE place=?1 AND seq IN (SELECT seq FROM event"
		   " WHERE place=?1 AND seq<=?2 AND at<?3 ORDER BY seq LIMIT 500)",
    [NEXT_EVENTS] = "SELECT place FROM event WHERE place>? ORDER BY place LIMIT 1",
    [THIN] = "DELETE FROM clock WHERE at>? AND at<=? AND at % 600000 >= 10000",
};
static struct db_set set;

static struct {
	uint64_t place; /* looked at last; 0: none in this pass */
	uint64_t next; /* mono ms: when the next pass begins */
	uint64_t thinned; /* the clock, up to this time */
	bool chores; /* there may be some */
} pass;

void
retain_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
	pass.place = pass.next = 0;
	pass.chores = true;
}

void
retain_end(void)
{
	db_set_fini(&set);
}

/* --- the clock ---------------------------------------------------------------------------------------------- */

#define EXACT_MS \
	(2 * \
	 DAY_MS) /* so long every row of the clock is kept; of what is older, one in ten minutes */

static void
thin_clock(void)
{
	uint64_t now = wall_ms(), upto = now > EXACT_MS ? now - EXACT_MS : 0;
	struct db_query q = db_query(&set, THIN);

	db_int(&q, pass.thinned);
	db_int(&q, upto);
	if (db_run(&q))
		pass.thinned = upto;
}

/* --- chores ----------------------------------------------------------------------------------------------- */

struct chore {
	uint64_t id, place, account, past, upto, before;
};

/* The next rows of it; how many there were, and which of them are to go. */
static unsigned
look(struct chore *c, uint64_t gone[SLICE], unsigned *n_r)
{
	struct db_query q = db_query(&set, c->place != 0 ? OF_PLACE : OF_ALL);
	unsigned looked = 0;

	*n_r = 0;
	if (c->place != 0)
		db_int(&q, c->place);
	db_int(&q, c->past);
	db_int(&q, c->upto);
	for (; db_row(&q); looked++) {
		c->past = db_col_int(&q, 0);
		if ((c->before == 0 || db_col_int(&q, 1) < c->before) &&
		    (c->account == 0 || db_col_int(&q, 2) == c->account))
			gone[(*n_r)++] = c->past;
	}
	return looked;
}

static unsigned
work_messages(struct chore *c, bool *more_r)
{
	uint64_t gone[SLICE];
	unsigned n, looked = look(c, gone, &n);

	for (unsigned i = 0; i < n; i++)
		message_delete(gone[i]);
	*more_r = looked == SLICE;
	return n;
}

static unsigned
del_events(uint64_t place, uint64_t upto, uint64_t before)
{
	struct db_query q = db_query(&set, DEL_EVENTS);

	db_int(&q, place);
	db_int(&q, upto);
	db_int(&q, before);
	return db_run(&q) ? db_changes(&in.db) : 0;
}

/* Of a chore for events `past` is the last place that has been done. */
static unsigned
work_events(struct chore *c, bool *more_r)
{
	uint64_t before = c->before != 0 ? c->before : INT64_MAX, place = c->place;
	unsigned n = 0;

	*more_r = true;
	for (int i = 0; i < 100 && n < SLICE; i++) {
		unsigned gone;

		if (c->place == 0) {
			struct db_query q = db_query(&set, NEXT_EVENTS);

			db_int(&q, c->past);
			place = db_number(&q);
		}
		gone = place != 0 ? del_events(place, c->upto, before) : 0;
		n += gone;
		if (gone < SLICE && (place == 0 || c->place != 0)) {
			*more_r = false;
			break;
		}
		if (gone < SLICE)
			c->past = place;
	}
	return n;
}

/* A slice. How many were deleted; *more_r: it is not done. */
static unsigned
work(struct chore *c, bool *more_r)
{
	unsigned n = c->account == CHORE_EVENTS ? work_events(c, more_r) : work_messages(c, more_r);
	struct db_query q;

	if (n > 0)
		index_untidy();
	if (!*more_r)
		orphans_soon();
	q = db_query(&set, *more_r ? CHORE_PAST : CHORE_DONE);
	if (*more_r)
		db_int(&q, c->past);
	db_int(&q, c->id);
	db_run(&q);
	return n;
}

unsigned
retain_chore(uint64_t place, uint64_t account, uint64_t before, bool *more_r)
{
	struct chore c = {.place = place, .account = account, .upto = in.at_seq, .before = before};
	struct db_query q = db_query(&set, ADD_CHORE);
	unsigned n = 0;
	bool more = true;

	db_int(&q, place);
	db_int(&q, account);
	db_int(&q, c.upto);
	db_int(&q, before);
	c.id = db_number(&q);
	for (int i = 0; i < 8 && more && db_ok(&in.db); i++)
		n += work(&c, &more);
	pass.chores |= more;
	*more_r |= more;
	return n;
}

/* A slice of what is found. False: nothing. */
static bool
work_on(struct db_query *q)
{
	struct chore c;
	bool more;

	if (!db_row(q))
		return false;
	c = (struct chore){.id = db_col_int(q, 0),
			   .place = db_col_int(q, 1),
			   .account = db_col_int(q, 2),
			   .past = db_col_int(q, 3),
			   .upto = db_col_int(q, 4),
			   .before = db_col_int(q, 5)};
	db_end(q);
	work(&c, &more);
	return true;
}

static bool
next_chore(void)
{
	struct db_query q = db_query(&set, CHORE);

	pass.chores = work_on(&q);
	return pass.chores;
}

void
retain_chores_of(uint64_t place)
{
	struct db_query q;

	do {
		q = db_query(&set, CHORE_OF);
		db_int(&q, place);
	} while (work_on(&q));
}

/* --- too old, too many ------------------------------------------------------------------------------------ */

#define JUMP_MS (3600 * 1000) /* by more than this a clock was wrong before, or is now */

/* The time, for deleting: 0 for a day after the clock was set. Wrong by years, it would take all there is. */
static uint64_t
trusted_time(void)
{
	static uint64_t base, again;
	uint64_t wall = wall_ms(), mono = mono_ms(), now = wall - mono;

	if (base == 0)
		base = now;
	if (now > base + JUMP_MS || now + JUMP_MS < base) {
		writer_log(LOG_NOTICE,
			   "the clock has been set: nothing is deleted for its age until tomorrow");
		base = now;
		again = mono + DAY_MS;
	}
	return mono >= again ? wall : 0;
}

/* What of a place is too much: numbers up to `upto` from before `before`. */
struct surplus {
	uint64_t upto, before;
};

static struct surplus
too_old(uint64_t days)
{
	struct surplus s = {0};
	uint64_t now = trusted_time();
	struct db_query q;

	if (days == 0 || now < days * DAY_MS)
		return s;
	s.before = now - days * DAY_MS;
	q = db_query(&set, SEQ_AT);
	db_int(&q, s.before);
	s.upto = db_number(&q);
	return s;
}

static struct surplus
too_many(uint64_t place, uint64_t rows)
{
	struct surplus s = {.before = INT64_MAX};
	struct db_query q;

	if (rows == 0)
		return s;
	q = db_query(&set, NTH);
	db_int(&q, place);
	db_int(&q, rows);
	s.upto = db_number(&q);
	return s;
}

static unsigned
trim_messages(uint64_t place, const struct surplus *s)
{
	struct db_query q = db_query(&set, OLD);
	uint64_t gone[SLICE];
	unsigned n = 0;

	db_int(&q, place);
	db_int(&q, s->upto);
	db_int(&q, s->before);
	while (db_row(&q))
		gone[n++] = db_col_int(&q, 0);
	for (unsigned i = 0; i < n; i++)
		message_delete(gone[i]);
	return n;
}

static unsigned
trim(uint64_t place, const struct surplus *s)
{
	return s->upto != 0 ? trim_messages(place, s) + del_events(place, s->upto, s->before) : 0;
}

/* A slice of the next place: how many went. False: there is no next one. */
static bool
next_place(unsigned *gone_r)
{
	struct db_query q = db_query(&set, NEXT_PLACE);
	struct surplus old, many;
	uint64_t place, days, rows;
	bool room;

	db_int(&q, pass.place);
	if (!db_row(&q))
		return false;
	place = db_col_int(&q, 0);
	days = db_col_int(&q, 1);
	rows = db_col_int(&q, 2);
	room = db_col_int(&q, 3) != 0;
	db_end(&q);
	old = too_old(days != 0 ? days : in.set.days);
	many = too_many(place, rows != 0 ? rows : room ? in.set.rows : 0);
	*gone_r = trim(place, &old) + trim(place, &many);
	if (*gone_r < SLICE)
		pass.place = place;
	return true;
}

bool
retain_due(void)
{
	return pass.chores || !index_is_tidy() || orphans_due() || pass.place != 0 ||
	       writer_ms() >= pass.next;
}

bool
retain_some(void)
{
	unsigned gone = 0;

	if (pass.chores && next_chore())
		return true;
	if (!index_is_tidy()) {
		index_tidy();
		return true;
	}
	if (orphans_due()) {
		orphans_some();
		return true;
	}
	for (int i = 0; i < 100 && gone < SLICE && db_ok(&in.db); i++) {
		unsigned n = 0;

		if (!next_place(&n)) {
			uint64_t now = trusted_time();

			if (now != 0 && files_expire(now) > 0)
				return true;
			thin_clock();
			pass.place = 0;
			pass.next = writer_ms() + PASS_MS;
			return false;
		}
		gone += n;
	}
	return db_ok(&in.db);
}
