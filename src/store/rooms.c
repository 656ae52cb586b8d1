/* rooms.c - rooms that outlive their members: copied from the registry when an event says that something of them has changed, and
 * told to a broker whose registry is new.
 *
 * The registry may be ahead of the event: what is copied then is what later events will say as well. One that has not been told
 * yet is not copied from, as what it lacks is not gone: the event that says that it has been told has all of it looked at.
 */
#include "config.h"

#include "store/intake.h"

#include "ipc/store.h"
#include "lib/log.h"
#include "lib/util.h"
#include "registry/registry.h"

enum { PUT, DEL, LIST_DEL, LIST_PUT, ACCOUNTS, ROOMS, LIST, SECRET, ALL_LEFT, N };
static const char *const sql[N] = {
    [PUT] = "INSERT OR REPLACE INTO room(place, founder, flags, modes, lim, key, topic, topic_by,"
	    " topic_at, created, history_rows, history_days) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
	    "?, ?)",
    [DEL] = "DELETE FROM room WHERE place=?",
    [LIST_DEL] = "DELETE FROM room_list WHERE place=?",
    [LIST_PUT] = "INSERT OR REPLACE INTO room_list(place, op, mask, reason, by, since, until)"
		 " VALUES(?, ?, ?, ?, ?, ?, ?)",
    [ACCOUNTS] = "SELECT a.id, a.flags, (SELECT count(*) FROM kept k WHERE k.account=a.id), a.name"
		 " FROM account a ORDER BY a.id",
    [ROOMS] = "SELECT p.id, p.born, r.created, r.founder, r.modes, r.lim, r.flags, r.history_rows,"
	      " r.history_days, r.key, p.name, r.topic, r.topic_by, r.topic_at"
	      " FROM room r JOIN place p ON p.id=r.place WHERE p.born IS NOT NULL ORDER BY p.born",
    [LIST] =
	"SELECT op, mask, reason, by, since, until FROM room_list WHERE place=? ORDER BY since",
    [SECRET] = "SELECT value FROM meta WHERE name='secret'",
    [ALL_LEFT] = "UPDATE was_in SET left_seq=?, came_seq=0 WHERE came_seq>0",
};
static struct db_set set;

/* Ids of rooms that have changed in this group. */
static struct {
	uint64_t *id; /* owned */
	size_t n, cap;
} dirty;

void
rooms_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
}

void
rooms_end(void)
{
	db_set_fini(&set);
}

void
rooms_forget(void)
{
	dirty.n = 0;
}

void
room_dirty(uint64_t room)
{
	for (size_t i = dirty.n; i > 0 && i + 16 > dirty.n; i--) {
		if (dirty.id[i - 1] == room)
			return;
	}
	if (dirty.n == dirty.cap) {
		dirty.cap = MAX(64, 2 * dirty.cap);
		dirty.id = xrealloc(dirty.id, dirty.cap * sizeof(*dirty.id));
	}
	dirty.id[dirty.n++] = room;
}

/* --- copied from the registry ----------------------------------------------------------------------------- */

static bool
is_default(const char *name)
{
	return name_same(str_of(name), str_of(in.set.room_default));
}

bool
room_is_kept(const struct reg_room_view *v)
{
	return (v->flags & ROOM_REGISTERED) || is_default(v->name);
}

static void
forget(uint64_t place)
{
	struct db_query q = db_query(&set, DEL);

	db_int(&q, place);
	db_run(&q);
	q = db_query(&set, LIST_DEL);
	db_int(&q, place);
	db_run(&q);
}

static void
copy_lists(uint64_t place, uint64_t room)
{
	struct reg_list_view l[16];
	uint32_t at = 0;
	int n;

	while ((n = registry_list_kept(in.reg, room, &at, l, ARRAY_LEN(l))) > 0) {
		for (int i = 0; i < n; i++) {
			struct db_query q = db_query(&set, LIST_PUT);

			db_int(&q, place);
			db_int(&q, l[i].op);
			db_text(&q, str_of(l[i].mask));
			db_text(&q, str_of(l[i].reason));
			db_text(&q, str_of(l[i].by));
			db_int(&q, l[i].since);
			db_int(&q, l[i].until);
			db_run(&q);
		}
	}
}

static void
copy(uint64_t place, const struct reg_room_view *v)
{
	struct db_query q;

	forget(place);
	q = db_query(&set, PUT);
	db_int(&q, place);
	db_int(&q, v->founder);
	db_int(&q, v->flags);
	db_int(&q, v->modes);
	db_int(&q, v->limit);
	db_blob(&q, (struct str){(const char *)v->key, sizeof(v->key)});
	db_text(&q, str_of(v->topic));
	db_text(&q, str_of(v->topic_by));
	db_int(&q, v->topic_at);
	db_int(&q, v->created);
	db_int(&q, v->history_rows);
	db_int(&q, v->history_days);
	db_run(&q);
	copy_lists(place, v->id);
}

/* They have the place that no room has. */
static void
copy_server(void)
{
	struct db_query q = db_query(&set, LIST_DEL);

	db_int(&q, 0);
	db_run(&q);
	copy_lists(0, 0);
}

/* What is gone from the registry went with an event of its own, if it was kept. False: the registry does not hold still. */
static bool
copy_room(uint64_t room)
{
	struct reg_room_view v;
	struct place p;
	int r;

	if (room == 0) {
		copy_server();
		return true;
	}
	r = registry_room(in.reg, room, &v);
	if (r <= 0)
		return r == 0;
	p = place_claim(room, str_of(v.name), v.born);
	if (p.id == 0)
		return true;
	if (room_is_kept(&v))
		copy(p.id, &v);
	else
		forget(p.id);
	place_changed(room);
	return true;
}

/* Does what the registry says of rooms and lists take the place of what is kept? */
static bool
is_told(void)
{
	return in.reg != NULL && registry_restored(in.reg);
}

static void
all_dirty(void)
{
	struct reg_room_view v;

	room_dirty(0);
	for (uint32_t i = 0; in.reg != NULL && i < registry_room_slots(in.reg); i++) {
		if (registry_room_slot(in.reg, i, &v) == 1)
			room_dirty(v.id);
	}
}

/* One that is being written at this moment is looked at again with the next group: what writes it is an event, too. */
void
rooms_finish(void)
{
	size_t n = 0;

	for (size_t i = 0; i < dirty.n && is_told(); i++) {
		if (!copy_room(dirty.id[i]))
			dirty.id[n++] = dirty.id[i];
	}
	dirty.n = n;
}

bool
intake_e_room(const void *frame, size_t len)
{
	struct reg_room_view v;
	struct m_e_room m;
	struct place p;

	if (!m_e_room_get(frame, len, &m))
		return false;
	if (m.room == 0) {
		if (m.gone)
			all_dirty();
		room_dirty(0);
		return true;
	}
	/* it may be another id's in this epoch, that was made under this one's birth before */
	place_changed(m.room);
	p = place_claim(m.room, m.room_name, m.born);
	if (m.gone && p.id != 0)
		forget(p.id);
	/* whether its history is kept is to be known before what is said next */
	if (!m.gone && is_told() && registry_room(in.reg, m.room, &v) == 1 && p.id != 0 &&
	    room_is_kept(&v))
		copy(p.id, &v);
	place_changed(m.room);
	room_dirty(m.room);
	return true;
}

/* --- told to a new registry ------------------------------------------------------------------------------- */

static char out[IPC_FRAME_MAX];

/* What is longer than it may be, because the database is damaged, is not told (as in store/rows.h). */
static bool
tell(size_t n, const char *what, uint64_t id)
{
	if (n > 0)
		writer_answer(out, n);
	else
		writer_log(LOG_ERR, "the database is damaged: %s %llu is left out", what,
			   (unsigned long long)id);
	return n > 0;
}

static void
tell_accounts(void)
{
	static char list[PAGE_MAX];
	struct db_query q = db_query(&set, ACCOUNTS);
	struct m_s_accounts m = {.list = {list, 0}};

	while (db_row(&q)) {
		struct restore_account a = {.id = db_col_int(&q, 0),
					    .flags = (uint32_t)db_col_int(&q, 1),
					    .kept = (uint32_t)db_col_int(&q, 2),
					    .name = db_col_text(&q, 3)};
		size_t n = restore_account_put(list, m.list.n, sizeof(list), &a);

		if (n == 0 && m.list.n > 0) {
			writer_answer(out, m_s_accounts_put(out, sizeof(out), &m));
			m.list.n = 0;
			n = restore_account_put(list, 0, sizeof(list), &a);
		}
		if (n > 0)
			m.list.n = n;
		else
			tell(0, "account", a.id);
	}
	if (m.list.n > 0)
		writer_answer(out, m_s_accounts_put(out, sizeof(out), &m));
}

static void
tell_lists(uint64_t place)
{
	struct db_query q = db_query(&set, LIST);

	db_int(&q, place);
	while (db_row(&q)) {
		struct m_s_list m = {.op = (uint8_t)db_col_int(&q, 0),
				     .mask = db_col_text(&q, 1),
				     .reason = db_col_text(&q, 2),
				     .by = db_col_text(&q, 3),
				     .since = db_col_int(&q, 4),
				     .until = db_col_int(&q, 5)};

		tell(m_s_list_put(out, sizeof(out), &m), "an entry of the lists of place", place);
	}
}

static void
tell_rooms(void)
{
	struct db_query q = db_query(&set, ROOMS);

	while (db_row(&q)) {
		struct m_s_room m = {.born = db_col_int(&q, 1),
				     .created = db_col_int(&q, 2),
				     .founder = db_col_int(&q, 3),
				     .modes = (uint32_t)db_col_int(&q, 4),
				     .limit = (uint32_t)db_col_int(&q, 5),
				     .flags = (uint32_t)db_col_int(&q, 6),
				     .rows = (uint32_t)db_col_int(&q, 7),
				     .days = (uint32_t)db_col_int(&q, 8),
				     .key = db_col_text(&q, 9),
				     .name = db_col_text(&q, 10),
				     .topic = db_col_text(&q, 11),
				     .topic_by = db_col_text(&q, 12),
				     .topic_at = db_col_int(&q, 13)};

		if (tell(m_s_room_put(out, sizeof(out), &m), "the room of place",
			 db_col_int(&q, 0)))
			tell_lists(db_col_int(&q, 0));
	}
}

void
intake_restore(void)
{
	struct m_s_restored m = {.done = 0};
	struct db_query q = db_query(&set, SECRET);

	if (db_row(&q))
		m.secret = db_col_text(&q, 0);
	if (!tell(m_s_restored_put(out, sizeof(out), &m), "the secret of registry", 0)) {
		m.secret = STR_LIT("");
		writer_answer(out, m_s_restored_put(out, sizeof(out), &m));
	}
	db_end(&q);
	tell_accounts();
	tell_lists(0);
	tell_rooms();
	m = (struct m_s_restored){.done = 1};
	writer_answer(out, m_s_restored_put(out, sizeof(out), &m));
}

/* Nobody is anywhere in a new registry; of one that went on without us, whatever may have changed. */
bool
intake_s_begin(const void *frame, size_t len)
{
	struct m_s_begin m;
	struct db_query q;

	if (!m_s_begin_get(frame, len, &m))
		return false;
	if (m.missed_to != 0)
		writer_log(LOG_ERR,
			   "events %llu to %llu were not kept: the journal no longer has them",
			   (unsigned long long)m.missed_from, (unsigned long long)m.missed_to);
	if (!m.restored) {
		q = db_query(&set, ALL_LEFT);
		db_int(&q, in.seq);
		db_run(&q);
		return true;
	}
	if (m.missed_to != 0)
		all_dirty();
	return true;
}
