/* admin.c - what administrators change: invitations, what is purged of history; and the part of `store check` that only who writes
 * can do.
 */
#include "config.h"

#include "store/intake.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/random.h>

#include "ipc/store.h"
#include "lib/util.h"

enum { ADD_INVITE, DEL_INVITE, DEL_EXPIRED, ACCOUNT_PLACES, N };
static const char *const sql[N] = {
    [ADD_INVITE] = ("INSERT INTO invite(hash, rooms, uses, used, created, expires, by)"
		    " VALUES(?, ?, ?, 0, ?, ?, ?)"),
    [DEL_INVITE] = "DELETE FROM invite WHERE id=?",
    [DEL_EXPIRED] = "DELETE FROM invite WHERE expires>0 AND expires<?",
    [ACCOUNT_PLACES] = "SELECT id FROM place WHERE (a=?1 OR b=?1) AND id>?2 ORDER BY id LIMIT 1",
};
static struct db_set set;

void
admin_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
}

void
admin_end(void)
{
	db_set_fini(&set);
}

/* --- invitations ------------------------------------------------------------------------------------------- */

/* Letters and digits that are not taken for one another; 80 bits. */
static bool
make_word(char out[20])
{
	static const char set32[] = "abcdefghjkmnpqrstuvwxyz023456789";
	uint8_t random[16];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	for (size_t i = 0; i < sizeof(random); i++)
		out[i] = set32[random[i] & 31];
	out[sizeof(random)] = '\0';
	return true;
}

static void
op_INVITE_CREATE(const struct m_s_admin *m)
{
	struct str args = m->args, rooms = store_word(&args), uses = store_word(&args),
		   expires = store_word(&args);
	uint8_t hash[16];
	struct db_query q;
	char out[20];

	if (!make_word(out)) {
		done(m->ticket, ERR_INTERNAL, 0, "");
		return;
	}
	invite_hash(str_of(out), hash);
	q = db_query(&set, DEL_EXPIRED);
	db_int(&q, wall_ms());
	db_run(&q);
	q = db_query(&set, ADD_INVITE);
	db_blob(&q, (struct str){(const char *)hash, sizeof(hash)});
	db_text(&q, rooms);
	db_int(&q, store_number(uses));
	db_int(&q, wall_ms());
	db_int(&q, store_number(expires));
	db_text(&q, m->by);
	db_run(&q);
	done(m->ticket, ERR_NONE, (uint64_t)sqlite3_last_insert_rowid(in.db.h), out);
}

static void
op_INVITE_DELETE(const struct m_s_admin *m)
{
	struct db_query q = db_query(&set, DEL_INVITE);
	bool gone;

	db_int(&q, store_number(m->args));
	gone = db_run(&q) && db_changes(&in.db) > 0;
	done(m->ticket, gone ? ERR_NONE : ERR_NOT_FOUND, 0, "");
}

/* --- purging ----------------------------------------------------------------------------------------------- */

struct purged {
	unsigned messages, events;
	bool more;
};

/* What was said and what happened there (0: anywhere). */
static void
purge_place(uint64_t place, uint64_t before, struct purged *p)
{
	p->messages += retain_chore(place, 0, before, &p->more);
	p->events += retain_chore(place, CHORE_EVENTS, before, &p->more);
}

/* All that this account has exchanged with others. */
static void
purge_direct(uint64_t account, uint64_t before, struct purged *p)
{
	uint64_t place = 0;

	for (;;) {
		struct db_query q = db_query(&set, ACCOUNT_PLACES);

		db_int(&q, account);
		db_int(&q, place);
		place = db_number(&q);
		if (place == 0)
			return;
		p->messages += retain_chore(place, 0, before, &p->more);
	}
}

/* Deleted are at least those of the first slices when it is answered; of more, the rest soon. */
static void
op_HISTORY_PURGE(const struct m_s_admin *m)
{
	struct str args = m->args, what = store_word(&args);
	uint64_t before = store_number(store_word(&args)), id;
	struct purged p = {0};
	char text[96];

	if (str_eq(what, STR_LIT("*")))
		purge_place(0, before, &p);
	else if (what.n > 0 && what.p[0] == '@') {
		id = account_of((struct str){what.p + 1, what.n - 1});
		if (id == 0) {
			done(m->ticket, ERR_NO_ACCOUNT, 0, "");
			return;
		}
		purge_direct(id, before, &p);
	} else {
		if (what.n > 0 && what.p[0] == '#')
			what = (struct str){what.p + 1, what.n - 1};
		id = place_named(what);
		if (id == 0) {
			done(m->ticket, ERR_NO_SUCH_ROOM, 0, "");
			return;
		}
		purge_place(id, before, &p);
	}
	bprintf(text, sizeof(text), "%u message%s and %u event%s deleted%s", p.messages,
		p.messages == 1 ? "" : "s", p.events, p.events == 1 ? "" : "s",
		p.more ? ", more are being deleted" : "");
	done(m->ticket, ERR_NONE, 0, text);
}

/* --- looking whether all is well ---------------------------------------------------------------------------- */

/* args: what the database itself has been found to be (upkeep.c). */
static void
op_CHECK(const struct m_s_admin *m)
{
	char rows[IPC_HDR + 2400], out[IPC_HDR + 3000];
	struct m_q_fact fact = {.name = STR_LIT("database"), .text = m->args};
	struct m_s_page page = {.ticket = m->ticket, .rows = {rows, 0}};

	fact.text.n = MIN(fact.text.n, 1024u);
	page.rows.n = m_q_fact_put(rows, sizeof(rows), &fact);
	db_exec(&in.db, "INSERT INTO message_text(message_text) VALUES('integrity-check')");
	fact.name = STR_LIT("full-text index");
	fact.text = db_ok(&in.db) ? STR_LIT("ok") : str_of(in.db.why);
	page.rows.n += m_q_fact_put(rows + page.rows.n, sizeof(rows) - page.rows.n, &fact);
	/* what is wrong with the index has been said, and is no reason to keep nothing */
	if (db_trouble(&in.db) == DB_DAMAGED)
		db_clear(&in.db);
	writer_answer(out, m_s_page_put(out, sizeof(out), &page));
}

static void (*const ops[STORE_OPS])(const struct m_s_admin *m) = {
    [STORE_CHECK] = op_CHECK,
    [STORE_HISTORY_PURGE] = op_HISTORY_PURGE,
    [STORE_INVITE_CREATE] = op_INVITE_CREATE,
    [STORE_INVITE_DELETE] = op_INVITE_DELETE,
    [STORE_FILE_DELETE] = op_FILE_DELETE,
};

bool
intake_s_admin(const void *frame, size_t len)
{
	struct m_s_admin m;

	if (!m_s_admin_get(frame, len, &m) || m.op >= STORE_OPS || ops[m.op] == NULL)
		return false;
	ops[m.op](&m);
	return true;
}
