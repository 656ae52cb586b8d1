/* files.c - what is kept of files: beside the messages that share them, and after these as long as somebody can be told that they
 * are gone. The bytes are chatd-web's, which is told what to remove (s_gone).
 */
#include "config.h"

#include "store/intake.h"

#include <inttypes.h>
#include <string.h>

#include "ipc/file.h"
#include "lib/util.h"

enum { ADD, OF_MESSAGE, BY_ID, OF_ACCOUNT, OLD, ALONE, GONE, DEL, ROOM, PAIR, N };
#define WITH_MESSAGE "EXISTS(SELECT 1 FROM message m WHERE m.seq=f.seq)"
#define FOUND "SELECT f.n, f.id, f.gone, f.seq, f.place, " WITH_MESSAGE " FROM file f WHERE "
static const char *const sql[N] = {
    [ADD] =
	"INSERT OR IGNORE INTO file(id, account, by, name, type, size, width, height, flags, at,"
	" seq, place, target, gone) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
    [OF_MESSAGE] = FOUND "f.seq=? AND f.seq>0",
    [BY_ID] = FOUND "f.id=?",
    [OF_ACCOUNT] = FOUND "f.account=? AND f.gone=0 LIMIT 64",
    [OLD] = FOUND "f.gone=0 AND f.at<? LIMIT 64",
    [ALONE] = FOUND "f.gone=0 AND f.at<? AND NOT " WITH_MESSAGE " LIMIT 64",
    [GONE] = "UPDATE file SET gone=1 WHERE n=?",
    [DEL] = "DELETE FROM file WHERE n=?",
    [ROOM] = "SELECT room_id FROM place WHERE id=? AND epoch=?",
    [PAIR] = "SELECT x.name, y.name FROM place p LEFT JOIN account x ON x.id=p.a"
	     " LEFT JOIN account y ON y.id=p.b WHERE p.id=? AND p.born IS NULL",
};
static struct db_set set;

#define DAY_MS (24 * 3600 * 1000ull)
#define ALONE_DAYS 30 /* when files.days says: as long as the message, and there is none */

static struct {
	size_t n;
	uint8_t ids[FILE_IDS_MAX];
} gone; /* to be told of with the commit */

void
files_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
}

void
files_end(void)
{
	db_set_fini(&set);
}

void
files_forget(void)
{
	gone.n = 0;
}

void
files_finish(void)
{
	struct m_s_gone m = {.ids = {(const char *)gone.ids, gone.n}};
	char out[IPC_HDR + 16 + FILE_IDS_MAX];

	if (gone.n > 0)
		writer_answer(out, m_s_gone_put(out, sizeof(out), &m));
	gone.n = 0;
}

/* --- it comes ---------------------------------------------------------------------------------------------- */

bool
file_keep(struct str packed, const struct file_of *of)
{
	struct file_facts f;
	struct db_query q;

	if (!file_get(packed, &f))
		return false;
	q = db_query(&set, ADD);
	db_blob(&q, (struct str){(const char *)f.id, sizeof(f.id)});
	db_int(&q, of->account);
	db_text(&q, of->by);
	db_text(&q, f.name);
	db_text(&q, f.type);
	db_int(&q, f.size & INT64_MAX);
	db_int(&q, f.width);
	db_int(&q, f.height);
	db_int(&q, f.flags);
	db_int(&q, of->at);
	db_int(&q, of->seq);
	db_int(&q, of->place);
	db_text(&q, of->target);
	db_run(&q);
	return true;
}

/* It is for nobody: no message goes with it. */
bool
intake_e_file(const void *frame, size_t len)
{
	struct m_e_file m;

	if (!m_e_file_get(frame, len, &m))
		return false;
	return file_keep(m.file, &(struct file_of){.at = m.at,
						   .account = account_of(m.account),
						   .by = m.account,
						   .target = STR_LIT("")});
}

/* --- it goes ------------------------------------------------------------------------------------------------ */

struct found {
	uint64_t n, seq, place;
	uint8_t id[FILE_ID];
	bool gone, message; /* message: which shared it is there */
};

static bool
take(struct db_query *q, struct found *f)
{
	struct str id;

	if (!db_row(q))
		return false;
	*f = (struct found){.n = db_col_int(q, 0),
			    .gone = db_col_int(q, 2) != 0,
			    .seq = db_col_int(q, 3),
			    .place = db_col_int(q, 4),
			    .message = db_col_int(q, 5) != 0};
	id = db_col_text(q, 1);
	memcpy(f->id, id.p, MIN(id.n, sizeof(f->id)));
	return true;
}

static void
by_number(unsigned which, uint64_t n)
{
	struct db_query q = db_query(&set, which);

	db_int(&q, n);
	db_run(&q);
}

/* The bytes are to be removed. Somebody who reads the message is told so, as long as there is one. */
static void
end(const struct found *f, bool message)
{
	if (!f->gone) {
		if (gone.n == sizeof(gone.ids))
			files_finish();
		memcpy(gone.ids + gone.n, f->id, sizeof(f->id));
		gone.n += sizeof(f->id);
	}
	by_number(message ? GONE : DEL, f->n);
}

void
file_of_message_gone(uint64_t seq)
{
	struct db_query q = db_query(&set, OF_MESSAGE);
	struct found f;
	bool there;

	db_int(&q, seq);
	there = take(&q, &f);
	db_end(&q);
	if (there)
		end(&f, false);
}

/* Up to 64 that a statement finds. How many. */
static unsigned
end_some(struct db_query q)
{
	struct found f[64];
	unsigned n = 0;

	while (n < ARRAY_LEN(f) && take(&q, &f[n]))
		n++;
	db_end(&q);
	for (unsigned i = 0; i < n; i++)
		end(&f[i], f[i].message);
	return n;
}

void
files_of_account_gone(uint64_t account)
{
	struct db_query q;

	do {
		q = db_query(&set, OF_ACCOUNT);
		db_int(&q, account);
	} while (end_some(q) > 0);
}

unsigned
files_expire(uint64_t now)
{
	uint64_t days = in.set.files_days != 0 ? in.set.files_days : ALONE_DAYS;
	struct db_query q = db_query(&set, in.set.files_days != 0 ? OLD : ALONE);

	db_int(&q, now > days * DAY_MS ? now - days * DAY_MS : 0);
	return end_some(q);
}

/* --- an administrator deletes it ---------------------------------------------------------------------------- */

/* Where its message is to be shown as taken back: the registry's room, or two accounts; words separated by \x1f. */
static void
where(const struct found *f, char *out, size_t cap)
{
	struct db_query q = db_query(&set, ROOM);
	uint64_t room;

	db_int(&q, f->place);
	db_int(&q, in.epoch);
	room = db_number(&q);
	q = db_query(&set, PAIR);
	db_int(&q, f->place);
	if (db_row(&q))
		bprintf(out, cap, "%" PRIu64 "\x1f" STR_FMT "\x1f" STR_FMT, room,
			STR_ARG(db_col_text(&q, 0)), STR_ARG(db_col_text(&q, 1)));
	else
		bprintf(out, cap, "%" PRIu64 "\x1f\x1f", room);
	db_end(&q);
}

void
op_FILE_DELETE(const struct m_s_admin *m)
{
	uint8_t id[FILE_ID];
	char text[2 * NAME_BYTES_MAX + 32];
	struct found f = {.gone = true};
	struct db_query q;

	if (base64url_decode(m->args, id, sizeof(id)) > 0) {
		q = db_query(&set, BY_ID);
		db_blob(&q, (struct str){(const char *)id, sizeof(id)});
		if (!take(&q, &f))
			f.gone = true;
		db_end(&q);
	}
	if (f.gone) {
		done(m->ticket, ERR_NOT_FOUND, 0, "");
		return;
	}
	where(&f, text, sizeof(text));
	if (f.seq == 0 || !message_delete(f.seq))
		end(&f, false);
	done(m->ticket, ERR_NONE, f.seq, text);
}
