/* rows.c - see rows.h. */
#include "config.h"

#include "store/rows.h"

#include <string.h>

#include "ipc/file.h"
#include "lib/util.h"
#include "store/past.h"
#include "store/settings.h"

enum { SENDER, PLACE, PLACE_BORN, PLACE_PAIR, PLACE_NAMED, ACCOUNT, FILE_BY_ID, SECRET, SQL_COUNT };
#define PLACE_COLUMNS "SELECT id, born, a, b, name, room_id, epoch FROM place WHERE "
static const char *const sql[SQL_COUNT] = {
    [SENDER] = "SELECT s.account, s.umodes, s.name, s.uhost, a.name FROM sender s"
	       " LEFT JOIN account a ON a.id = s.account WHERE s.id = ?1",
    [PLACE] = PLACE_COLUMNS "id = ?1",
    [PLACE_BORN] = PLACE_COLUMNS "born = ?1",
    [PLACE_PAIR] = PLACE_COLUMNS "a = ?1 AND b = ?2",
    [PLACE_NAMED] = PLACE_COLUMNS "fold = ?1 ORDER BY born DESC LIMIT 1",
    [ACCOUNT] = "SELECT name FROM account WHERE id = ?1",
    [FILE_BY_ID] =
	"SELECT f.name, f.type, f.size, f.width, f.height, f.flags, f.gone, f.at, f.by, f.target,"
	" a.name FROM file f LEFT JOIN account a ON a.id = f.account WHERE f.id = ?1",
    [SECRET] = "SELECT value FROM meta WHERE name = 'secret'",

};

void
rows_init(struct rows *r, struct db *db, uint64_t epoch)
{
	*r = (struct rows){.epoch = epoch};
	db_set_init(&r->set, db, sql, SQL_COUNT);
}

void
rows_fini(struct rows *r)
{
	db_set_fini(&r->set);
}

void
rows_forget(struct rows *r)
{
	for (size_t i = 0; i < ROWS_CACHE; i++)
		r->who[i].id = 0;
}

/* --- whose, and where -------------------------------------------------------------------------------- */

/* A copy of what a column says, cut to max, behind the n bytes that are there. */
static struct str
keep(char *bytes, size_t *n, struct str s, size_t max)
{
	struct str kept = {bytes + *n, MIN(s.n, max)};

	memcpy(bytes + *n, s.p, kept.n);
	*n += kept.n;
	return kept;
}

const struct rows_who *
rows_sender(struct rows *r, uint64_t id)
{
	struct rows_who *w = &r->who[id % ROWS_CACHE];
	struct db_query q;
	size_t n = 0;

	if (w->id == id && id != 0)
		return w;
	w->id = 0;
	q = db_query(&r->set, SENDER);
	db_int(&q, id);
	if (!db_row(&q))
		return NULL;
	w->id = id;
	w->account = db_col_int(&q, 0);
	w->umodes = (uint32_t)db_col_int(&q, 1);
	w->name = keep(w->bytes, &n, db_col_text(&q, 2), NAME_BYTES_MAX);
	w->uhost = keep(w->bytes, &n, db_col_text(&q, 3), UHOST_MAX);
	w->account_name = keep(w->bytes, &n, db_col_text(&q, 4), NAME_BYTES_MAX);
	db_end(&q);
	return w;
}

static bool
take_place(const struct rows *r, struct db_query *q, struct rows_place *p)
{
	size_t n = 0;

	if (!db_row(q))
		return false;
	p->id = db_col_int(q, 0);
	p->born = db_col_int(q, 1);
	p->a = db_col_int(q, 2);
	p->b = db_col_int(q, 3);
	p->name = keep(p->bytes, &n, db_col_text(q, 4), ROOM_BYTES_MAX);
	p->room = db_col_int(q, 6) == r->epoch ? db_col_int(q, 5) : 0;
	db_end(q);
	return true;
}

static bool
place_by(struct rows *r, unsigned which, uint64_t key, struct rows_place *p)
{
	struct db_query q = db_query(&r->set, which);

	db_int(&q, key);
	return take_place(r, &q, p);
}

bool
rows_place(struct rows *r, uint64_t id, struct rows_place *p)
{
	return place_by(r, PLACE, id, p);
}

bool
rows_place_born(struct rows *r, uint64_t born, struct rows_place *p)
{
	return place_by(r, PLACE_BORN, born, p);
}

bool
rows_place_pair(struct rows *r, uint64_t a, uint64_t b, struct rows_place *p)
{
	struct db_query q = db_query(&r->set, PLACE_PAIR);

	db_int(&q, MIN(a, b));
	db_int(&q, MAX(a, b));
	return take_place(r, &q, p);
}

bool
rows_place_named(struct rows *r, struct str name, struct rows_place *p)
{
	char fold[ROOM_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));
	struct db_query q;

	if (n < 0)
		return false;
	q = db_query(&r->set, PLACE_NAMED);
	db_text(&q, (struct str){fold, (size_t)n});
	return take_place(r, &q, p);
}

struct str
rows_account(struct rows *r, uint64_t id, char *name)
{
	struct db_query q = db_query(&r->set, ACCOUNT);
	size_t n = 0;

	db_int(&q, id);
	if (db_row(&q))
		keep(name, &n, db_col_text(&q, 0), NAME_BYTES_MAX);
	db_end(&q);
	return (struct str){name, n};
}

/* --- files --------------------------------------------------------------------------------------------- */

static void
prove(struct rows *r, struct file_facts *f)
{
	struct settings s;

	if (!r->secret_known) {
		struct db_query q = db_query(&r->set, SECRET);
		struct str secret;

		if (db_row(&q)) {
			secret = db_col_text(&q, 0);
			memcpy(r->secret, secret.p, MIN(secret.n, sizeof(r->secret)));
			r->secret_known = true;
		}
		db_end(&q);
	}
	settings_get(&s);
	f->expires = wall_ms() / 1000 + s.link_time;
	file_prove(r->secret, f->id, f->expires, f->proof);
}

bool
rows_file(struct rows *r, struct str id, char facts[FILE_FACTS_MAX], struct m_q_file *m)
{
	static _Thread_local char text[2 * NAME_BYTES_MAX + ROOM_BYTES_MAX + 1];
	struct db_query q = db_query(&r->set, FILE_BY_ID);
	struct file_facts f;
	size_t n = 0;

	db_blob(&q, id);
	if (id.n != FILE_ID || !db_row(&q)) {
		db_end(&q);
		return false;
	}
	f = (struct file_facts){.name = db_col_text(&q, 0),
				.type = db_col_text(&q, 1),
				.size = db_col_int(&q, 2),
				.width = (uint16_t)db_col_int(&q, 3),
				.height = (uint16_t)db_col_int(&q, 4),
				.flags = (uint8_t)db_col_int(&q, 5)};
	memcpy(f.id, id.p, FILE_ID);
	if (db_col_int(&q, 6) != 0)
		f.flags |= FILE_GONE;
	else
		prove(r, &f);
	*m = (struct m_q_file){.file = {facts, file_put(facts, &f)}, .at = db_col_int(&q, 7)};
	m->by = keep(text, &n, db_col_text(&q, 8), NAME_BYTES_MAX);
	m->place = keep(text, &n, db_col_text(&q, 9), ROOM_BYTES_MAX + 1);
	m->account = keep(text, &n, db_col_text(&q, 10), NAME_BYTES_MAX);
	db_end(&q);
	return m->file.n > 0;
}

/* --- messages ---------------------------------------------------------------------------------------- */

/* Of what is shared by the message at q, into facts; of what is not known its name is. */
static struct str
file_facts(struct rows *r, const struct db_query *q, char facts[FILE_FACTS_MAX])
{
	struct str id = db_col_text(q, ROW_FILE);
	struct file_facts f = {.flags = FILE_GONE, .name = db_col_text(q, ROW_TEXT)};
	struct m_q_file m;

	if (id.n != FILE_ID)
		return STR_LIT("");
	if (rows_file(r, id, facts, &m))
		return m.file;
	memcpy(f.id, id.p, FILE_ID);
	f.name.n = MIN(f.name.n, (size_t)FILE_NAME_MAX);
	return (struct str){facts, file_put(facts, &f)};
}

static size_t
make_say(struct rows *r, const struct db_query *q, const struct rows_who *w,
	 const struct rows_place *p, char *out)
{
	char facts[FILE_FACTS_MAX];
	struct m_e_say m = {
	    .seq = db_col_int(q, ROW_SEQ),
	    .at = db_col_int(q, ROW_AT),
	    .room = p->room,
	    .umodes = w->umodes,
	    .kind = (uint8_t)db_col_int(q, ROW_KIND),
	    .rank = (uint8_t)db_col_int(q, ROW_RANK),
	    .name = w->name,
	    .uhost = w->uhost,
	    .account = w->account_name,
	    .room_name = p->name,
	    .tags = db_col_text(q, ROW_TAGS),
	    .text = db_col_text(q, ROW_TEXT),
	    .file = file_facts(r, q, facts),
	};

	return m_e_say_put(out, IPC_FRAME_MAX, &m);
}

static size_t
make_dm(struct rows *r, const struct db_query *q, const struct rows_who *w,
	const struct rows_place *p, bool kept, char *out)
{
	char to[NAME_BYTES_MAX], facts[FILE_FACTS_MAX];
	struct m_e_dm m = {
	    .seq = db_col_int(q, ROW_SEQ),
	    .at = db_col_int(q, ROW_AT),
	    .umodes = w->umodes,
	    .kind = (uint8_t)db_col_int(q, ROW_KIND),
	    .name = w->name,
	    .uhost = w->uhost,
	    .account = w->account_name,
	    .to_name = db_col_text(q, ROW_TO),
	    .to_account = rows_account(r, w->account == p->a ? p->b : p->a, to),
	    .kept = kept,
	    .tags = db_col_text(q, ROW_TAGS),
	    .text = db_col_text(q, ROW_TEXT),
	    .file = file_facts(r, q, facts),
	};

	return m_e_dm_put(out, IPC_FRAME_MAX, &m);
}

size_t
rows_message(struct rows *r, const struct db_query *q, const struct rows_place *p, bool kept,
	     char *out)
{
	const struct rows_who *w = rows_sender(r, db_col_int(q, ROW_SENDER));

	if (w == NULL)
		return 0;
	return p->born != 0 ? make_say(r, q, w, p, out) : make_dm(r, q, w, p, kept, out);
}

/* --- events ------------------------------------------------------------------------------------------ */

/* What they all begin with, and say of who did it and where. */
#define WHO(w) \
	.name = (w)->name, .uhost = (w)->uhost, .account = (w)->account_name, .umodes = (w)->umodes
#define HEAD(q) .seq = db_col_int(q, ROW_SEQ), .at = db_col_int(q, ROW_AT)
#define WHERE(p) .room = (p)->room, .room_name = (p)->name

typedef size_t event_fn(const struct db_query *q, const struct rows_who *w,
			const struct rows_place *p, struct str data, char *out);

static size_t
event_join(const struct db_query *q, const struct rows_who *w, const struct rows_place *p,
	   struct str data, char *out)
{
	struct m_e_join m = {HEAD(q), WHO(w), WHERE(p), .flags = (uint8_t)past_number(data, 0),
			     .real = past_rest(data, 1)};

	return m_e_join_put(out, IPC_FRAME_MAX, &m);
}

static size_t
event_part(const struct db_query *q, const struct rows_who *w, const struct rows_place *p,
	   struct str data, char *out)
{
	struct m_e_part m = {HEAD(q), WHO(w), WHERE(p), .reason = data};

	return m_e_part_put(out, IPC_FRAME_MAX, &m);
}

static size_t
event_quit(const struct db_query *q, const struct rows_who *w, const struct rows_place *p,
	   struct str data, char *out)
{
	struct m_e_quit m = {HEAD(q),
			     WHO(w),
			     .why = (uint8_t)past_number(data, 0),
			     .by = past_field(data, 1),
			     .reason = past_rest(data, 2),
			     .rooms = {(const char *)&p->room, p->room != 0}};

	return m_e_quit_put(out, IPC_FRAME_MAX, &m);
}

static size_t
event_nick(const struct db_query *q, const struct rows_who *w, const struct rows_place *p,
	   struct str data, char *out)
{
	struct m_e_nick m = {HEAD(q),
			     .name = past_field(data, 0),
			     .old = w->name,
			     .uhost = w->uhost,
			     .account = w->account_name,
			     .umodes = w->umodes,
			     .real = past_rest(data, 1),
			     .rooms = {(const char *)&p->room, p->room != 0}};

	return m_e_nick_put(out, IPC_FRAME_MAX, &m);
}

static size_t
event_kick(const struct db_query *q, const struct rows_who *w, const struct rows_place *p,
	   struct str data, char *out)
{
	struct m_e_kick m = {HEAD(q),
			     WHERE(p),
			     .name = past_field(data, 0),
			     .by_name = w->name,
			     .reason = past_rest(data, 1),
			     .uhost = w->uhost,
			     .account = w->account_name,
			     .umodes = w->umodes};

	return m_e_kick_put(out, IPC_FRAME_MAX, &m);
}

static size_t
event_topic(const struct db_query *q, const struct rows_who *w, const struct rows_place *p,
	    struct str data, char *out)
{
	struct m_e_topic m = {HEAD(q), WHO(w), WHERE(p), .text = data};

	return m_e_topic_put(out, IPC_FRAME_MAX, &m);
}

static size_t
event_mode(const struct db_query *q, const struct rows_who *w, const struct rows_place *p,
	   struct str data, char *out)
{
	struct m_e_mode m = {HEAD(q), WHO(w), WHERE(p), .changes = data};

	return m_e_mode_put(out, IPC_FRAME_MAX, &m);
}

static size_t
event_rename(const struct db_query *q, const struct rows_who *w, const struct rows_place *p,
	     struct str data, char *out)
{
	struct m_e_rename m = {HEAD(q),
			       WHO(w),
			       .room = p->room,
			       .room_name = past_field(data, 0),
			       .to = past_field(data, 1),
			       .reason = past_rest(data, 2)};

	return m_e_rename_put(out, IPC_FRAME_MAX, &m);
}

static const struct {
	unsigned type;
	event_fn *make;
} events[] = {
    {MSG_e_join, event_join}, {MSG_e_part, event_part},     {MSG_e_quit, event_quit},
    {MSG_e_nick, event_nick}, {MSG_e_kick, event_kick},     {MSG_e_topic, event_topic},
    {MSG_e_mode, event_mode}, {MSG_e_rename, event_rename},
};

size_t
rows_event(struct rows *r, const struct db_query *q, const struct rows_place *p, char *out)
{
	const struct rows_who *w = rows_sender(r, db_col_int(q, ROW_SENDER));
	unsigned type = (unsigned)db_col_int(q, ROW_TYPE);

	for (size_t i = 0; w != NULL && i < ARRAY_LEN(events); i++)
		if (events[i].type == type)
			return events[i].make(q, w, p, db_col_text(q, ROW_DATA), out);
	return 0;
}
