/* ask_file.c - questions about files: one, which of some are to be kept, how much there is. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "lib/util.h"
#include "store/ask_priv.h"

void
ask_file(struct ask *a)
{
	char facts[FILE_FACTS_MAX];
	struct m_q_file m;

	if (!rows_file(&a->rows, a->q.text, facts, &m)) {
		ask_refuse(a, db_ok(&a->db) ? ERR_NOT_FOUND : ERR_BUSY, "");
		return;
	}
	page_put(&a->page, false, a->frame, m_q_file_put(a->frame, sizeof(a->frame), &m), PAGE_MAX);
}

void
ask_files(struct ask *a)
{
	char ids[FILE_IDS_MAX];
	struct m_q_files m = {.ids = {ids, 0}};
	struct str rest = a->q.text;

	for (; rest.n >= FILE_ID && m.ids.n < sizeof(ids); rest.p += FILE_ID, rest.n -= FILE_ID) {
		struct db_query q = db_query(&a->set, ASK_FILE);

		db_blob(&q, (struct str){rest.p, FILE_ID});
		if (db_number(&q) == 0)
			continue;
		memcpy(ids + m.ids.n, rest.p, FILE_ID);
		m.ids.n += FILE_ID;
	}
	/* an answer that is cut short would have files removed */
	if (!db_ok(&a->db))
		ask_refuse(a, ERR_BUSY, "");
	else
		page_put(&a->page, false, a->frame, m_q_files_put(a->frame, sizeof(a->frame), &m),
			 PAGE_MAX);
}

static void
put_fact(struct ask *a, const char *name, struct str text)
{
	struct m_q_fact m = {.name = str_of(name), .text = text};

	page_put(&a->page, false, a->frame, m_q_fact_put(a->frame, sizeof(a->frame), &m), PAGE_MAX);
}

static void
put_sum(struct ask *a, const char *name, struct db_query q)
{
	char text[32];
	size_t n = bprintf(text, sizeof(text), "%" PRIu64, db_number(&q));

	if (!db_ok(&a->db))
		ask_refuse(a, ERR_BUSY, "");
	else
		put_fact(a, name, (struct str){text, n});
}

/* Viewer's, 0: all who have no account; and what the account `peer` is called, which the file is for. */
void
ask_file_use(struct ask *a)
{
	struct db_query q = db_query(&a->set, ASK_FILE_USE);
	char name[NAME_BYTES_MAX];

	db_int(&q, a->q.viewer);
	put_sum(a, "account", q);
	put_sum(a, "total", db_query(&a->set, ASK_FILES_USE));
	if (a->q.peer != 0)
		put_fact(a, "name", rows_account(&a->rows, a->q.peer, name));
}
