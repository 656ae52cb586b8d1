/* lookup.c - see lookup.h. */
#include "config.h"

#include "store/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/ipc.h"
#include "ipc/store.h"
#include "lib/glob.h"
#include "lib/util.h"
#include "store/db.h"
#include "store/filelist.h"
#include "store/page.h"
#include "store/reached.h"
#include "store/settings.h"
#include "store/thread.h"

enum {
	BY_NAME,
	BY_CERT,
	ACCOUNT,
	KEPT,
	ACCOUNTS,
	LISTED_ONE,
	CERTS,
	ROOMS,
	MESSAGES,
	INVITES,
	SQL_COUNT
};
#define LISTED \
	"SELECT a.id, a.flags, a.name, a.email, a.created, a.seen, a.fold," \
	" (SELECT count(*) FROM kept k WHERE k.account = a.id), r.n FROM account a" \
	" LEFT JOIN (SELECT founder, count(*) n FROM room GROUP BY founder) r ON r.founder = a.id"
static const char *const sql[SQL_COUNT] = {
    [BY_NAME] = "SELECT id FROM account WHERE fold = ?1",
    [BY_CERT] = "SELECT account FROM cert WHERE fingerprint = ?1",
    [ACCOUNT] = "SELECT id, flags, name, hash, scram, email FROM account WHERE id = ?1",
    [KEPT] = "SELECT count(*) FROM kept WHERE account = ?1",
    [ACCOUNTS] = LISTED " WHERE a.fold > ?1 ORDER BY a.fold",
    [LISTED_ONE] = LISTED " WHERE a.id = ?1",
    [CERTS] = "SELECT fingerprint FROM cert WHERE account = ?1",
    [ROOMS] = "SELECT p.name FROM room r JOIN place p ON p.id = r.place WHERE r.founder = ?1",
    [MESSAGES] =
	"SELECT count(*) FROM message WHERE sender IN (SELECT id FROM sender WHERE account = ?1)",
    [INVITES] =
	"SELECT id, rooms, uses, used, created, expires, by FROM invite WHERE id > ?1 ORDER BY id",
};

struct lookup {
	const char *file;
	uint64_t deadline; /* of a list */
	struct db db;
	struct db_set set;
	struct filelist files;
	char why[300];
	unsigned code; /* of a list, and what it is about */
	struct str arg;
	struct page page;
};

/* --- the connection ---------------------------------------------------------------------------------- */

struct lookup *
lookup_new(const char *file)
{
	struct lookup *l = xcalloc(1, sizeof(*l));

	l->file = file;
	return l;
}

static void
hang_up(struct lookup *l)
{
	if (l->db.h == NULL)
		return;
	filelist_fini(&l->files);
	db_set_fini(&l->set);
	db_close(&l->db);
}

void
lookup_free(struct lookup *l)
{
	hang_up(l);
	free(l);
}

static bool
connected(struct lookup *l)
{
	if (l->db.h != NULL)
		return true;
	if (!db_open(&l->db, l->file, DB_READ))
		return false;
	db_limit(&l->db, &l->deadline);
	db_set_init(&l->set, &l->db, sql, SQL_COUNT);
	filelist_init(&l->files, &l->db);
	return true;
}

static uint64_t
number(struct lookup *l, unsigned which, uint64_t arg)
{
	struct db_query q = db_query(&l->set, which);

	db_int(&q, arg);
	return db_number(&q);
}

/* Names are compared by their folds; what is no name is nobody's. */
static uint64_t
account_named(struct lookup *l, struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));
	struct db_query q = db_query(&l->set, BY_NAME);

	db_text(&q, (struct str){fold, n > 0 ? (size_t)n : 0});
	return db_number(&q);
}

/* --- somebody logs in -------------------------------------------------------------------------------- */

/* By name and by certificate, then the account and what is kept for it: all of it whether there is one or not (then it is number
 * 0), so how long it takes tells nobody. */
static size_t
secrets(struct lookup *l, const struct m_s_lookup *m, char *out)
{
	struct m_s_found f = {.ticket = m->ticket};
	struct db_query q = db_query(&l->set, BY_CERT);
	uint64_t by_name = account_named(l, m->name), by_cert;
	size_t len;

	db_text(&q, m->cert);
	by_cert = db_number(&q);
	f.id = m->name.n > 0 ? by_name : m->cert.n > 0 ? by_cert : 0;
	f.kept = (uint32_t)number(l, KEPT, f.id);
	q = db_query(&l->set, ACCOUNT);
	db_int(&q, f.id);
	if (db_row(&q)) {
		f.flags = (uint32_t)db_col_int(&q, 1);
		f.name = db_col_text(&q, 2);
		f.hash = db_col_text(&q, 3);
		f.scram = db_col_text(&q, 4);
		f.email = db_col_text(&q, 5);
	} else {
		f.id = 0;
	}
	len = m_s_found_put(out, IPC_FRAME_MAX, &f);
	db_end(&q);
	return len;
}

static size_t
lookup_secrets(struct lookup *l, const void *frame, size_t len, char *out)
{
	struct m_s_lookup m;
	struct m_s_done away = {.code = ERR_STORE_AWAY};
	size_t n;

	if (!m_s_lookup_get(frame, len, &m))
		return 0;
	away.ticket = m.ticket;
	n = connected(l) ? secrets(l, &m, out) : 0;
	return db_ok(&l->db) && n > 0 ? n : m_s_done_put(out, IPC_FRAME_MAX, &away);
}

/* --- what administrators list ------------------------------------------------------------------------ */

static void
refuse(struct lookup *l, unsigned code, struct str arg)
{
	l->code = code;
	l->arg = (struct str){arg.p, MIN(arg.n, (size_t)NAME_BYTES_MAX)};
}

static bool
put_account(struct lookup *l, const struct db_query *q, uint64_t messages)
{
	char frame[1024];
	struct m_q_account m = {
	    .id = db_col_int(q, 0),
	    .flags = (uint32_t)db_col_int(q, 1),
	    .name = db_col_text(q, 2),
	    .email = db_col_text(q, 3),
	    .created = db_col_int(q, 4),
	    .seen = db_col_int(q, 5),
	    .kept = (uint32_t)db_col_int(q, 7),
	    .rooms = (uint32_t)db_col_int(q, 8),
	    .messages = messages,
	};

	return page_put(&l->page, false, frame, m_q_account_put(frame, sizeof(frame), &m),
			PAGE_MAX);
}

static size_t
fold_of(struct str name, char fold[NAME_FOLD_MAX])
{
	ssize_t n = name_fold(name.p, name.n, fold, NAME_FOLD_MAX);

	return n > 0 ? (size_t)n : 0;
}

/* [PATTERN [AFTER]], in the order of their folded names. */
static void
admin_accounts(struct lookup *l, struct str args)
{
	char pattern[NAME_FOLD_MAX], after[NAME_FOLD_MAX];
	size_t pattern_n = fold_of(store_word(&args), pattern),
	       after_n = fold_of(store_word(&args), after);
	struct db_query q = db_query(&l->set, ACCOUNTS);

	db_text(&q, (struct str){after, after_n});
	while (db_row(&q)) {
		struct str fold = db_col_text(&q, 6);

		if (pattern_n > 0 && !glob_match(pattern, pattern_n, fold.p, fold.n))
			continue;
		if (!put_account(l, &q, 0))
			break;
	}
	db_end(&q);
}

static void
put_facts(struct lookup *l, unsigned which, uint64_t account, struct str name)
{
	struct db_query q = db_query(&l->set, which);
	char frame[1200];

	db_int(&q, account);
	while (db_row(&q)) {
		struct m_q_fact m = {.name = name, .text = db_col_text(&q, 0)};

		if (!page_put(&l->page, false, frame, m_q_fact_put(frame, sizeof(frame), &m),
			      PAGE_MAX))
			break;
	}
	db_end(&q);
}

/* NAME */
static void
admin_account_show(struct lookup *l, struct str args)
{
	struct str name = store_word(&args);
	uint64_t id = account_named(l, name), messages = number(l, MESSAGES, id);
	struct db_query q = db_query(&l->set, LISTED_ONE);

	db_int(&q, id);
	if (db_row(&q))
		put_account(l, &q, messages);
	else
		refuse(l, ERR_NO_ACCOUNT, name);
	db_end(&q);
	put_facts(l, CERTS, id, STR_LIT("certificate"));
	put_facts(l, ROOMS, id, STR_LIT("room"));
}

/* ID: nothing but its name, which is no secret. */
static void
admin_account_name(struct lookup *l, struct str args)
{
	struct db_query q = db_query(&l->set, LISTED_ONE);
	struct m_q_fact m = {.name = STR_LIT("account")};
	char frame[256];

	db_int(&q, store_number(store_word(&args)));
	if (db_row(&q)) {
		m.text = db_col_text(&q, 2);
		page_put(&l->page, false, frame, m_q_fact_put(frame, sizeof(frame), &m), PAGE_MAX);
	}
	db_end(&q);
}

/* [AFTER-ID] */
static void
admin_invites(struct lookup *l, struct str args)
{
	struct db_query q = db_query(&l->set, INVITES);
	char frame[1024];

	db_int(&q, store_number(store_word(&args)));
	while (db_row(&q)) {
		struct m_q_invite m = {
		    .id = db_col_int(&q, 0),
		    .rooms = db_col_text(&q, 1),
		    .uses = (uint32_t)db_col_int(&q, 2),
		    .used = (uint32_t)db_col_int(&q, 3),
		    .created = db_col_int(&q, 4),
		    .expires = db_col_int(&q, 5),
		    .by = db_col_text(&q, 6),
		};

		if (!page_put(&l->page, false, frame, m_q_invite_put(frame, sizeof(frame), &m),
			      PAGE_MAX))
			break;
	}
	db_end(&q);
}

static void
admin_files(struct lookup *l, struct str args)
{
	refuse(l, filelist_all(&l->files, args, &l->page), STR_LIT(""));
}

static void
admin_file(struct lookup *l, struct str args)
{
	refuse(l, filelist_one(&l->files, args, &l->page), args);
}

static void
admin_file_quota(struct lookup *l, struct str args)
{
	refuse(l, filelist_quota(&l->files, args, &l->page), args);
}

static void (*const lists[STORE_OPS])(struct lookup *l, struct str args) = {
    [STORE_ACCOUNTS] = admin_accounts,     [STORE_ACCOUNT_SHOW] = admin_account_show,
    [STORE_INVITES] = admin_invites,       [STORE_ACCOUNT_NAME] = admin_account_name,
    [STORE_FILES] = admin_files,           [STORE_FILE] = admin_file,
    [STORE_FILE_QUOTA] = admin_file_quota,
};

bool
lookup_is_its(unsigned op)
{
	return op < STORE_OPS && lists[op] != NULL;
}

static void
list(struct lookup *l, const struct m_s_admin *m)
{
	struct settings s;

	settings_get(&s);
	page_init(&l->page);
	refuse(l, ERR_NONE, STR_LIT(""));
	if (!connected(l)) {
		l->code = ERR_STORE_AWAY;
		return;
	}
	l->deadline = mono_ms() + s.query_time;
	lists[m->op](l, m->args);
	l->deadline = UINT64_MAX;
	if (db_late(&l->db)) {
		l->page.more = true;
		db_clear(&l->db);
	} else if (!db_ok(&l->db)) {
		l->code = ERR_STORE_AWAY;
	}
}

static size_t
lookup_list(struct lookup *l, const void *frame, size_t len, char *out)
{
	struct m_s_admin m;
	struct m_s_page p = {0};

	if (!m_s_admin_get(frame, len, &m) || !lookup_is_its(m.op))
		return 0;
	list(l, &m);
	p.ticket = m.ticket;
	p.code = (uint16_t)l->code;
	p.arg = l->arg;
	if (l->code == ERR_NONE) {
		p.more = l->page.more;
		p.rows = page_rows(&l->page);
	}
	return m_s_page_put(out, IPC_FRAME_MAX, &p);
}

/* --- frames ------------------------------------------------------------------------------------------ */

size_t
lookup_answer(struct lookup *l, const void *frame, size_t len, char *out)
{
	size_t n = 0;

	l->why[0] = '\0';
	l->deadline = UINT64_MAX;
	if (ipc_type(frame) == MSG_s_lookup)
		n = lookup_secrets(l, frame, len, out);
	else if (ipc_type(frame) == MSG_s_admin)
		n = lookup_list(l, frame, len, out);
	if (!db_ok(&l->db)) {
		bprintf(l->why, sizeof(l->why), "%s", l->db.why);
		hang_up(l);
		db_clear(&l->db);
	}
	return n;
}

const char *
lookup_why(const struct lookup *l)
{
	return l->why;
}

/* --- the thread -------------------------------------------------------------------------------------- */

#define INBOX_MAX (1u << 20)

static struct lookup *looking; /* the thread's */

static void
thread_open(struct thread *t)
{
	(void)t;
	looking = lookup_new(DB_FILE);
}

static void
thread_frame(struct thread *t, uint64_t seq, const void *frame, size_t len)
{
	static char out[IPC_FRAME_MAX];
	size_t n = lookup_answer(looking, frame, len, out);

	(void)
	    seq; /* accounts are changed by requests, and who asked for one has its answer after the commit */
	if (n > 0)
		thread_answer(t, out, n);
	explicit_bzero(out, n);
	reached_unread(t, lookup_why(looking));
}

static void
thread_close(struct thread *t)
{
	(void)t;
	lookup_free(looking);
	looking = NULL;
}

const struct thread_role lookup_role = {
    .name = "lookup",
    .inbox = INBOX_MAX,
    .open = thread_open,
    .frame = thread_frame,
    .close = thread_close,
};
