/* events.c - who came and went, what rooms are called and about: kept beside the messages; and where accounts have been. */
#include "config.h"

#include "store/intake.h"

#include "store/past.h"

enum { ADD, CAME, LEFT, GONE_FROM, SEEN, N };
static const char *const sql[N] = {
    [ADD] =
	"INSERT OR IGNORE INTO event(place, seq, type, sender, at, data) VALUES(?, ?, ?, ?, ?, ?)",
    [CAME] =
	("INSERT INTO was_in(account, place, left_seq, came_seq) VALUES(?1, ?2, 0, ?3)"
	 " ON CONFLICT(account, place) DO UPDATE SET came_seq=excluded.came_seq WHERE came_seq=0"),
    [LEFT] = "UPDATE was_in SET left_seq=?3, came_seq=0 WHERE account=?1 AND place=?2",
    [GONE_FROM] = "DELETE FROM was_in WHERE account=?1 AND place=?2 AND came_seq<?3",
    [SEEN] = "UPDATE account SET seen=? WHERE id=?",
};
static struct db_set set;

void
events_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
}

void
events_end(void)
{
	db_set_fini(&set);
}

/* --- rows -------------------------------------------------------------------------------------------------- */

struct who {
	struct str name, uhost, account;
	uint32_t umodes;
};
#define WHO(m, who_name) ((struct who){who_name, (m).uhost, (m).account, (m).umodes})

/* What the event in the frame says, of somebody, there. */
static void
add(const void *frame, size_t len, struct place p, const struct who *w)
{
	char data[PAST_MAX];
	struct ev_head h;
	struct db_query q;

	if (!in.set.events || p.no_history || p.id == 0 || !ev_head_get(frame, len, &h))
		return;
	q = db_query(&set, ADD);
	db_int(&q, p.id);
	db_int(&q, h.seq);
	db_int(&q, ipc_type(frame));
	db_int(&q, sender_of(w->name, w->uhost, w->account, w->umodes));
	db_int(&q, h.at);
	db_blob(&q, (struct str){data, past_put(frame, len, data)});
	db_run(&q);
}

/* CAME; LEFT: it has left chatd; GONE_FROM: it has left the room, or had to, and how much is said there is nothing to it
 * any more. */
static void
was_in(unsigned which, uint64_t account, uint64_t place, uint64_t seq)
{
	struct db_query q;

	if (account == 0 || place == 0)
		return;
	q = db_query(&set, which);
	db_int(&q, account);
	db_int(&q, place);
	db_int(&q, seq);
	db_run(&q);
}

static void
seen(uint64_t account, uint64_t at)
{
	struct db_query q;

	if (account == 0)
		return;
	q = db_query(&set, SEEN);
	db_int(&q, at);
	db_int(&q, account);
	db_run(&q);
}

/* --- coming and going ----------------------------------------------------------------------------------- */

bool
intake_e_join(const void *frame, size_t len)
{
	struct m_e_join m;
	struct place p;

	if (!m_e_join_get(frame, len, &m))
		return false;
	p = place_of_room(m.room, m.room_name, m.flags & MEMBER_CREATED ? m.seq : 0);
	if (m.flags & MEMBER_CREATED)
		room_dirty(m.room);
	add(frame, len, p, &WHO(m, m.name));
	was_in(CAME, account_of(m.account), p.id, m.seq);
	return true;
}

bool
intake_e_part(const void *frame, size_t len)
{
	struct m_e_part m;
	struct place p;

	if (!m_e_part_get(frame, len, &m))
		return false;
	p = place_of_room(m.room, m.room_name, 0);
	add(frame, len, p, &WHO(m, m.name));
	was_in(GONE_FROM, account_of(m.account), p.id, m.seq);
	return true;
}

bool
intake_e_kick(const void *frame, size_t len)
{
	struct m_e_kick m;
	struct place p;

	if (!m_e_kick_get(frame, len, &m))
		return false;
	p = place_of_room(m.room, m.room_name, 0);
	add(frame, len, p, &WHO(m, m.by_name));
	was_in(GONE_FROM, account_of(m.whose), p.id, m.seq);
	return true;
}

bool
intake_e_quit(const void *frame, size_t len)
{
	struct m_e_quit m;
	uint64_t account;

	if (!m_e_quit_get(frame, len, &m))
		return false;
	account = account_of(m.account);
	seen(account, m.at);
	for (size_t i = 0; i < m.rooms.n; i++) {
		struct place p = place_of_room(ids_at(m.rooms, i), STR_LIT(""), 0);

		add(frame, len, p, &WHO(m, m.name));
		was_in(LEFT, account, p.id, m.seq);
	}
	return true;
}

bool
intake_e_nick(const void *frame, size_t len)
{
	struct m_e_nick m;

	if (!m_e_nick_get(frame, len, &m))
		return false;
	for (size_t i = 0; i < m.rooms.n; i++)
		add(frame, len, place_of_room(ids_at(m.rooms, i), STR_LIT(""), 0), &WHO(m, m.old));
	return true;
}

bool
intake_e_login(const void *frame, size_t len)
{
	struct m_e_login m;

	if (!m_e_login_get(frame, len, &m))
		return false;
	seen(account_of(m.account), m.at);
	return true;
}

/* Logged in or out where it is already: from now on the one account is there, and the other is not. */
bool
intake_e_account(const void *frame, size_t len)
{
	struct m_e_account m;
	uint64_t account, was;

	if (!m_e_account_get(frame, len, &m))
		return false;
	account = account_of(m.account);
	was = account_of(m.was);
	seen(was, m.at);
	seen(account, m.at);
	for (size_t i = 0; i < m.rooms.n; i++) {
		struct place p = place_of_room(ids_at(m.rooms, i), STR_LIT(""), 0);

		if (was != account)
			was_in(LEFT, was, p.id, m.seq);
		was_in(CAME, account, p.id, m.seq);
	}
	return true;
}

/* --- what a room is -------------------------------------------------------------------------------------- */

bool
intake_e_topic(const void *frame, size_t len)
{
	struct m_e_topic m;

	if (!m_e_topic_get(frame, len, &m))
		return false;
	add(frame, len, place_of_room(m.room, m.room_name, 0), &WHO(m, m.name));
	room_dirty(m.room);
	return true;
}

bool
intake_e_mode(const void *frame, size_t len)
{
	struct m_e_mode m;

	if (!m_e_mode_get(frame, len, &m))
		return false;
	if (m.changes.n == 0)
		return true;
	add(frame, len, place_of_room(m.room, m.room_name, 0), &WHO(m, m.name));
	room_dirty(m.room);
	return true;
}

bool
intake_e_rename(const void *frame, size_t len)
{
	struct m_e_rename m;
	struct place p;

	if (!m_e_rename_get(frame, len, &m))
		return false;
	p = place_of_room(m.room, m.room_name, 0);
	add(frame, len, p, &WHO(m, m.name));
	place_rename(p.id, m.room, m.to);
	room_dirty(m.room);
	return true;
}
