/* filelist.c - see filelist.h. */
#include "config.h"

#include "store/filelist.h"

#include <inttypes.h>

#include "ipc/file.h"
#include "ipc/store.h"
#include "lib/glob.h"
#include "lib/util.h"
#include "store/settings.h"

enum { ALL, NUMBER, ACCOUNT, USE, USE_ALL, SQL_COUNT };
static const char *const sql[SQL_COUNT] = {
    [ALL] = "SELECT id FROM file WHERE gone = 0 AND n < ?1 ORDER BY n DESC",
    [NUMBER] = "SELECT n FROM file WHERE id = ?1",
    [ACCOUNT] = "SELECT id FROM account WHERE fold = ?1",
    [USE] = "SELECT count(*), sum(size) FROM file WHERE gone = 0 AND account = ?1",
    [USE_ALL] = "SELECT count(*), sum(size) FROM file WHERE gone = 0",
};

void
filelist_init(struct filelist *f, struct db *db)
{
	db_set_init(&f->set, db, sql, SQL_COUNT);
	rows_init(&f->rows, db, 0);
}

void
filelist_fini(struct filelist *f)
{
	rows_fini(&f->rows);
	db_set_fini(&f->set);
}

/* --- files ------------------------------------------------------------------------------------------- */

/* What is typed of a file is its id in base64url. */
static struct str
id_of(struct str typed, uint8_t id[FILE_ID])
{
	return (struct str){(const char *)id,
			    base64url_decode(typed, id, FILE_ID) > 0 ? FILE_ID : 0};
}

static bool
fits(struct str pattern, const struct m_q_file *m)
{
	struct file_facts f;

	if (pattern.n == 0)
		return true;
	return (file_get(m->file, &f) && glob_match(pattern.p, pattern.n, f.name.p, f.name.n)) ||
	       glob_match(pattern.p, pattern.n, m->by.p, m->by.n) ||
	       glob_match(pattern.p, pattern.n, m->account.p, m->account.n) ||
	       glob_match(pattern.p, pattern.n, m->place.p, m->place.n);
}

static bool
put_file(struct page *page, const struct m_q_file *m)
{
	char frame[IPC_HDR + 1024];

	return page_put(page, false, frame, m_q_file_put(frame, sizeof(frame), m), PAGE_MAX);
}

unsigned
filelist_all(struct filelist *f, struct str args, struct page *page)
{
	struct str pattern = store_word(&args), after = store_word(&args);
	char facts[FILE_FACTS_MAX];
	uint64_t below = INT64_MAX;
	uint8_t id[FILE_ID];
	struct m_q_file m;
	struct db_query q;

	if (after.n > 0) {
		q = db_query(&f->set, NUMBER);
		db_blob(&q, id_of(after, id));
		below = db_number(&q);
	}
	q = db_query(&f->set, ALL);
	db_int(&q, below);
	while (db_row(&q)) {
		if (rows_file(&f->rows, db_col_text(&q, 0), facts, &m) && fits(pattern, &m) &&
		    !put_file(page, &m))
			break;
	}
	db_end(&q);
	return ERR_NONE;
}

unsigned
filelist_one(struct filelist *f, struct str args, struct page *page)
{
	char facts[FILE_FACTS_MAX];
	uint8_t id[FILE_ID];
	struct m_q_file m;

	if (!rows_file(&f->rows, id_of(store_word(&args), id), facts, &m))
		return ERR_NOT_FOUND;
	put_file(page, &m);
	return ERR_NONE;
}

/* --- how much there is ---------------------------------------------------------------------------------- */

static void
put_number(struct page *page, const char *name, uint64_t v)
{
	char frame[IPC_HDR + 128], text[24];
	struct m_q_fact m = {.name = str_of(name)};

	m.text = (struct str){text, bprintf(text, sizeof(text), "%" PRIu64, v)};
	page_put(page, false, frame, m_q_fact_put(frame, sizeof(frame), &m), PAGE_MAX);
}

static void
put_use(struct page *page, struct db_query q, uint64_t quota)
{
	if (!db_row(&q))
		return;
	put_number(page, "files", db_col_int(&q, 0));
	put_number(page, "bytes", db_col_int(&q, 1));
	put_number(page, "quota", quota);
	db_end(&q);
}

unsigned
filelist_quota(struct filelist *f, struct str args, struct page *page)
{
	struct str name = store_word(&args);
	char fold[NAME_FOLD_MAX];
	struct settings s;
	struct db_query q;
	uint64_t id;
	ssize_t n;

	settings_get(&s);
	if (name.n == 0) {
		put_use(page, db_query(&f->set, USE_ALL), s.total_quota);
		return ERR_NONE;
	}
	n = name_fold(name.p, name.n, fold, sizeof(fold));
	q = db_query(&f->set, ACCOUNT);
	db_text(&q, (struct str){fold, n > 0 ? (size_t)n : 0});
	id = db_number(&q);
	if (id == 0)
		return ERR_NO_ACCOUNT;
	q = db_query(&f->set, USE);
	db_int(&q, id);
	put_use(page, q, s.account_quota);
	return ERR_NONE;
}
