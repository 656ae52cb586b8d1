/* talk.c - what people said: kept, taken back, put otherwise, waiting for somebody, read. */
#include "config.h"

#include "store/intake.h"

#include <string.h>

#include "ipc/file.h"
#include "lib/util.h"

enum { ADD, FIND, DEL, DEL_KEPT, EDIT, KEEP, KEPT, KEPT_GONE, MARK, N };
static const char *const sql[N] = {
    [ADD] = "INSERT INTO message(seq, place, sender, at, kind, rank, text, tags, to_name, file)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [FIND] = "SELECT text, place, file IS NOT NULL FROM message WHERE seq=?",
    [DEL] = "DELETE FROM message WHERE seq=?",
    [DEL_KEPT] = "DELETE FROM kept WHERE seq=?"
		 " RETURNING (SELECT name FROM account WHERE id=account)",
    [EDIT] = "UPDATE message SET text=?, edited=? WHERE seq=?",
    [KEEP] = "INSERT OR IGNORE INTO kept(account, seq) VALUES(?, ?)",
    [KEPT] =
	"SELECT k.seq, p.a FROM kept k JOIN message m ON m.seq=k.seq JOIN place p ON p.id=m.place"
	" WHERE k.account=? AND k.seq>? AND k.seq<=? ORDER BY k.seq LIMIT 1",
    [KEPT_GONE] = "DELETE FROM kept WHERE account=? AND seq<=?",
    [MARK] = "INSERT INTO mark(account, place, at) VALUES(?, ?, ?) ON CONFLICT(account, place) DO"
	     " UPDATE SET at=max(at, excluded.at)",
};
static struct db_set set;

void
talk_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
}

void
talk_end(void)
{
	db_set_fini(&set);
}

/* --- said ------------------------------------------------------------------------------------------------ */

/* Typing and the like is of the moment; of what is only tags, what somebody thinks of a message is kept, and what a client
 * asks to be kept. */
static bool
worth_keeping(unsigned kind, struct str tags)
{
	if (kind == MSG_TAGS)
		return tags.n > 0 && (memmem(tags.p, tags.n, "+draft/react", 12) != NULL ||
				      memmem(tags.p, tags.n, "+draft/persist", 14) != NULL);
	return kind == MSG_TEXT || kind == MSG_ACTION || kind == MSG_NOTICE;
}

struct said {
	uint64_t seq, place, sender, at;
	unsigned kind, rank;
	struct str text, tags, to_name;
	struct str file; /* its id, empty: none */
};

static void
optional(struct db_query *q, struct str s)
{
	if (s.n > 0)
		db_text(q, s);
	else
		db_null(q);
}

static void
add(const struct said *s)
{
	struct db_query q = db_query(&set, ADD);

	db_int(&q, s->seq);
	db_int(&q, s->place);
	db_int(&q, s->sender);
	db_int(&q, s->at);
	db_int(&q, s->kind);
	db_int(&q, s->rank);
	db_text(&q, s->text);
	optional(&q, s->tags);
	optional(&q, s->to_name);
	if (s->file.n > 0)
		db_blob(&q, s->file);
	else
		db_null(&q);
	db_run(&q);
}

/* What a message shares, whether that is kept or not; its id, empty: nothing. */
static struct str
shared(struct str packed, const struct file_of *of, uint8_t id[FILE_ID])
{
	struct file_facts f;

	if (packed.n == 0 || !file_keep(packed, of) || !file_get(packed, &f))
		return STR_LIT("");
	memcpy(id, f.id, FILE_ID);
	return (struct str){(const char *)id, FILE_ID};
}

bool
intake_e_say(const void *frame, size_t len)
{
	char target[ROOM_BYTES_MAX + 2];
	uint8_t id[FILE_ID];
	struct m_e_say m;
	struct place p = {0};
	struct str file;

	if (!m_e_say_get(frame, len, &m))
		return false;
	if (m.file.n == 0 && (!in.set.rooms || !worth_keeping(m.kind, m.tags)))
		return true;
	p = place_of_room(m.room, m.room_name, 0);
	bprintf(target, sizeof(target), "#" STR_FMT, STR_ARG(m.room_name));
	file = shared(m.file,
		      &(struct file_of){.seq = m.seq,
					.at = m.at,
					.account = account_of(m.account),
					.place = p.id,
					.by = m.name,
					.target = str_of(target)},
		      id);
	if (p.no_history || p.id == 0 || !in.set.rooms)
		return true;
	add(&(struct said){.seq = m.seq,
			   .place = p.id,
			   .sender = sender_of(m.name, m.uhost, m.account, m.umodes),
			   .at = m.at,
			   .kind = m.kind,
			   .rank = m.rank,
			   .text = m.text,
			   .tags = m.tags,
			   .file = file});
	return true;
}

/* Between accounts it is history; what waits for an account is kept whoever wrote it. */
bool
intake_e_dm(const void *frame, size_t len)
{
	char target[NAME_BYTES_MAX + 2];
	uint64_t from, to, place;
	uint8_t id[FILE_ID];
	struct db_query q;
	struct m_e_dm m;
	struct str file;
	bool keep;

	if (!m_e_dm_get(frame, len, &m))
		return false;
	from = account_of(m.account);
	to = account_of(m.to_account);
	keep = to != 0 && worth_keeping(m.kind, m.tags) && (m.kept || (from != 0 && in.set.direct));
	if (!keep && m.file.n == 0)
		return true;
	place = keep ? place_of_pair(from, to, true) : 0;
	bprintf(target, sizeof(target), "@" STR_FMT, STR_ARG(m.to_name));
	file = shared(m.file,
		      &(struct file_of){.seq = m.seq,
					.at = m.at,
					.account = from,
					.place = place,
					.by = m.name,
					.target = str_of(target)},
		      id);
	if (!keep)
		return true;
	add(&(struct said){.seq = m.seq,
			   .place = place,
			   .sender = sender_of(m.name, m.uhost, m.account, m.umodes),
			   .at = m.at,
			   .kind = m.kind,
			   .text = m.text,
			   .tags = m.tags,
			   .to_name = m.to_name,
			   .file = file});
	if (m.kept) {
		q = db_query(&set, KEEP);
		db_int(&q, to);
		db_int(&q, m.seq);
		db_run(&q);
	}
	return true;
}

/* --- taken back, put otherwise ------------------------------------------------------------------------------ */

/* What the index has of it, and whether it shares a file; the text lives until the statement, which is still at its row, is ended. */
static bool
find(uint64_t seq, struct db_query *q, struct str *text_r, uint64_t *place_r, bool *file_r)
{
	*q = db_query(&set, FIND);
	db_int(q, seq);
	if (!db_row(q))
		return false;
	*text_r = db_col_text(q, 0);
	*place_r = db_col_int(q, 1);
	*file_r = db_col_int(q, 2) != 0;
	return true;
}

static void
by_number(unsigned which, uint64_t seq)
{
	struct db_query q = db_query(&set, which);

	db_int(&q, seq);
	db_run(&q);
}

/* The words go, the file that goes with them (*file_r) stays for now. */
static bool
forget(uint64_t seq, bool *file_r)
{
	struct db_query q;
	struct str text;
	uint64_t place;

	*file_r = false;
	if (!find(seq, &q, &text, &place, file_r))
		return false;
	if (seq <= index_upto())
		index_delete(seq, text, place);
	db_end(&q);
	by_number(DEL, seq);
	return true;
}

/* Nobody waits for it any more: the broker, which counts how many wait for each, is told. */
static void
unkeep(uint64_t seq)
{
	struct db_query q = db_query(&set, DEL_KEPT);
	char out[IPC_HDR + 16 + NAME_BYTES_MAX];
	struct m_s_unkept m;
	size_t n;

	db_int(&q, seq);
	while (db_row(&q)) {
		m.account = db_col_text(&q, 0);
		n = m_s_unkept_put(out, sizeof(out), &m);
		if (n > 0 && m.account.n > 0)
			writer_answer(out, n);
	}
}

bool
message_delete(uint64_t seq)
{
	bool file;

	if (!forget(seq, &file))
		return false;
	unkeep(seq);
	if (file)
		file_of_message_gone(seq);
	return true;
}

bool
intake_e_redact(const void *frame, size_t len)
{
	struct m_e_redact m;

	if (!m_e_redact_get(frame, len, &m))
		return false;
	/* of what was never kept its file may be */
	if (!message_delete(m.msg))
		file_of_message_gone(m.msg);
	return true;
}

bool
intake_e_edit(const void *frame, size_t len)
{
	struct db_query q;
	struct m_e_edit m;
	struct str text;
	uint64_t place;
	bool file;

	if (!m_e_edit_get(frame, len, &m))
		return false;
	if (!find(m.msg, &q, &text, &place, &file))
		return true;
	if (m.msg <= index_upto())
		index_delete(m.msg, text, place);
	db_end(&q);
	q = db_query(&set, EDIT);
	db_text(&q, m.text);
	db_int(&q, m.at);
	db_int(&q, m.msg);
	db_run(&q);
	if (m.msg <= index_upto())
		index_add(m.msg, m.text, place);
	return true;
}

/* --- kept and read ------------------------------------------------------------------------------------------ */

/* They have been delivered. What is no history of anybody's goes with that. */
bool
intake_e_kept(const void *frame, size_t len)
{
	uint64_t account, seq = 0;
	struct db_query q;
	struct m_e_kept m;

	if (!m_e_kept_get(frame, len, &m))
		return false;
	account = account_of(m.account);
	for (;;) {
		bool guests, file;

		q = db_query(&set, KEPT);
		db_int(&q, account);
		db_int(&q, seq);
		db_int(&q, m.upto);
		if (!db_row(&q))
			break;
		seq = db_col_int(&q, 0);
		guests = db_col_int(&q, 1) == 0;
		db_end(&q);
		/* its receiver has been given a link to the file */
		if (guests || !in.set.direct)
			forget(seq, &file);
	}
	q = db_query(&set, KEPT_GONE);
	db_int(&q, account);
	db_int(&q, m.upto);
	db_run(&q);
	return true;
}

bool
intake_e_mark(const void *frame, size_t len)
{
	uint64_t account, place;
	struct db_query q;
	struct m_e_mark m;

	if (!m_e_mark_get(frame, len, &m))
		return false;
	account = account_of(m.account);
	if (m.room != 0)
		place = place_of_room(m.room, m.room_name, 0).id;
	else {
		uint64_t peer = account_of(m.peer);

		place = peer != 0 && account != 0 ? place_of_pair(account, peer, true) : 0;
	}
	if (account == 0 || place == 0)
		return true;
	q = db_query(&set, MARK);
	db_int(&q, account);
	db_int(&q, place);
	db_int(&q, m.when);
	db_run(&q);
	return true;
}
