/* accounts.c - accounts are made, changed and deleted; what invites people to make one. Each is done when the transaction is, and
 * doing it twice does no harm: a broker that died meanwhile is asked again.
 */
#include "config.h"

#include "store/intake.h"

#include <string.h>

#include "lib/siphash.h"
#include "lib/util.h"

/* of one account */
#define CERTS_MAX 16u

enum {
	BY_FOLD,
	BY_ID,
	ADD,
	PASSWORD,
	REHASH,
	EMAIL,
	DISABLE,
	ENABLE,
	DEL,
	DEL_CERTS,
	DEL_MARKS,
	DEL_WAS_IN,
	NEXT_KEPT,
	CERT_OF,
	CERT_COUNT,
	CERT_ADD,
	CERT_DEL,
	INVITE,
	INVITE_USED,
	SECRET,
	N
};
static const char *const sql[N] = {
    [BY_FOLD] = "SELECT id FROM account WHERE fold=?",
    [BY_ID] = "SELECT id FROM account WHERE id=?",
    [ADD] = "INSERT INTO account(name, fold, flags, email, hash, scram, created, seen)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    [PASSWORD] = "UPDATE account SET hash=?, scram=?, flags=(flags & ~2) | ? WHERE id=?",
    [REHASH] = "UPDATE account SET hash=? WHERE id=? AND hash=?",
    [EMAIL] = "UPDATE account SET email=? WHERE id=?",
    [DISABLE] = "UPDATE account SET flags=flags | 1 WHERE id=?",
    [ENABLE] = "UPDATE account SET flags=flags & ~1 WHERE id=?",
    [DEL] = "DELETE FROM account WHERE id=?",
    [DEL_CERTS] = "DELETE FROM cert WHERE account=?",
    [DEL_MARKS] = "DELETE FROM mark WHERE account=?",
    [DEL_WAS_IN] = "DELETE FROM was_in WHERE account=?",
    [NEXT_KEPT] = "SELECT seq FROM kept WHERE account=? LIMIT 1",
    [CERT_OF] = "SELECT account FROM cert WHERE fingerprint=?",
    [CERT_COUNT] = "SELECT count(*) FROM cert WHERE account=?",
    [CERT_ADD] = "INSERT INTO cert(fingerprint, account) VALUES(?, ?)",
    [CERT_DEL] = "DELETE FROM cert WHERE fingerprint=? AND account=?",
    [INVITE] = "SELECT id, replace(rooms, ' ', ',') FROM invite WHERE hash=?"
	       " AND (uses=0 OR used<uses) AND (expires=0 OR expires>?)",
    [INVITE_USED] = "UPDATE invite SET used=used+1 WHERE id=?",
    [SECRET] = "SELECT value FROM meta WHERE name='secret'",
};
static struct db_set set;

_Static_assert(ACCOUNT_DISABLED == 1 && ACCOUNT_SCRAM == 2, "the statements name them by number");

void
accounts_begin(void)
{
	db_set_init(&set, &in.db, sql, N);
}

void
accounts_end(void)
{
	db_set_fini(&set);
}

void
done(uint32_t ticket, enum chat_err code, uint64_t id, const char *text)
{
	struct m_s_done m = {
	    .ticket = ticket, .code = (uint16_t)code, .id = id, .text = str_of(text)};
	char out[IPC_HDR + 1100];

	m.text.n = MIN(m.text.n, 1024u);
	writer_answer(out, m_s_done_put(out, sizeof(out), &m));
}

static uint64_t
by_id(unsigned which, uint64_t id)
{
	struct db_query q = db_query(&set, which);

	db_int(&q, id);
	return db_number(&q);
}

/* --- made ------------------------------------------------------------------------------------------------- */

void
invite_hash(struct str word, uint8_t out[16])
{
	struct db_query q = db_query(&set, SECRET);
	uint8_t key[16] = {0};
	struct str secret;

	if (db_row(&q)) {
		secret = db_col_text(&q, 0);
		memcpy(key, secret.p, MIN(secret.n, sizeof(key)));
	}
	db_end(&q);
	siphash128(word.p, word.n, key, out);
}

/* Use up one of the invitation; rooms: what it is for. */
static bool
invited(struct str word, char rooms[513])
{
	uint8_t hash[16];
	struct db_query q;
	uint64_t id = 0;

	rooms[0] = '\0';
	if (word.n == 0)
		return true;
	invite_hash(word, hash);
	q = db_query(&set, INVITE);
	db_blob(&q, (struct str){(const char *)hash, sizeof(hash)});
	db_int(&q, wall_ms());
	if (db_row(&q)) {
		id = db_col_int(&q, 0);
		bprintf(rooms, 513, STR_FMT, STR_ARG(db_col_text(&q, 1)));
	}
	db_end(&q);
	if (id != 0)
		by_id(INVITE_USED, id);
	return id != 0;
}

static void
op_CREATE(const struct m_s_account *m)
{
	char fold[NAME_FOLD_MAX], rooms[513];
	ssize_t n = name_fold(m->name.p, m->name.n, fold, sizeof(fold));
	struct db_query q;
	uint64_t id, now = wall_ms();

	if (n <= 0) {
		done(m->ticket, ERR_NICK_BAD, 0, "");
		return;
	}
	q = db_query(&set, BY_FOLD);
	db_text(&q, (struct str){fold, (size_t)n});
	id = db_number(&q);
	if (id != 0 || !invited(m->invite, rooms)) {
		done(m->ticket, id != 0 ? ERR_ACCOUNT_EXISTS : ERR_INVITE_BAD, id, "");
		return;
	}
	q = db_query(&set, ADD);
	db_text(&q, m->name);
	db_text(&q, (struct str){fold, (size_t)n});
	db_int(&q, m->scram.n > 0 ? ACCOUNT_SCRAM : 0);
	db_text(&q, m->text);
	db_text(&q, m->hash);
	db_text(&q, m->scram);
	db_int(&q, now);
	db_int(&q, now);
	id = db_number(&q);
	accounts_changed();
	done(m->ticket, ERR_NONE, id, rooms);
}

/* --- changed ---------------------------------------------------------------------------------------------- */

static void
op_PASSWORD(const struct m_s_account *m)
{
	struct db_query q = db_query(&set, PASSWORD);

	db_text(&q, m->hash);
	db_text(&q, m->scram);
	db_int(&q, m->scram.n > 0 ? ACCOUNT_SCRAM : 0);
	db_int(&q, m->id);
	db_run(&q);
	done(m->ticket, ERR_NONE, m->id, "");
}

/* Its owner may have set another one meanwhile. */
static void
op_REHASH(const struct m_s_account *m)
{
	struct db_query q = db_query(&set, REHASH);

	db_text(&q, m->hash);
	db_int(&q, m->id);
	db_text(&q, m->text);
	db_run(&q);
	done(m->ticket, ERR_NONE, m->id, "");
}

static void
op_EMAIL(const struct m_s_account *m)
{
	struct db_query q = db_query(&set, EMAIL);

	db_text(&q, m->text);
	db_int(&q, m->id);
	db_run(&q);
	done(m->ticket, ERR_NONE, m->id, "");
}

static void
op_DISABLE(const struct m_s_account *m)
{
	by_id(DISABLE, m->id);
	done(m->ticket, ERR_NONE, m->id, "");
}

static void
op_ENABLE(const struct m_s_account *m)
{
	by_id(ENABLE, m->id);
	done(m->ticket, ERR_NONE, m->id, "");
}

/* Whoever names it need not have it: it is not taken away from an account that has it. */
static enum chat_err
may_add_cert(const struct m_s_account *m, bool *is_there)
{
	struct db_query of = db_query(&set, CERT_OF), count;
	uint64_t owner;

	db_text(&of, m->text);
	owner = db_number(&of);
	*is_there = owner == m->id;
	if (owner != 0)
		return *is_there ? ERR_NONE : ERR_CERT_TAKEN;
	count = db_query(&set, CERT_COUNT);
	db_int(&count, m->id);
	return db_number(&count) < CERTS_MAX ? ERR_NONE : ERR_CERTS_FULL;
}

static void
op_CERT_ADD(const struct m_s_account *m)
{
	bool is_there;
	enum chat_err err = may_add_cert(m, &is_there);
	struct db_query q;

	if (err == ERR_NONE && !is_there) {
		q = db_query(&set, CERT_ADD);
		db_text(&q, m->text);
		db_int(&q, m->id);
		db_run(&q);
	}
	done(m->ticket, err, m->id, "");
}

static void
op_CERT_DEL(const struct m_s_account *m)
{
	struct db_query q = db_query(&set, CERT_DEL);
	bool gone;

	db_text(&q, m->text);
	db_int(&q, m->id);
	gone = db_run(&q) && db_changes(&in.db) > 0;
	done(m->ticket, gone ? ERR_NONE : ERR_NOT_FOUND, m->id, "");
}

/* --- deleted ---------------------------------------------------------------------------------------------- */

/* What waits for it can never be read: nobody's history but the sender's. */
static void
kept_end(uint64_t account)
{
	struct db_query q;
	uint64_t seq;

	do {
		q = db_query(&set, NEXT_KEPT);
		db_int(&q, account);
		seq = db_number(&q);
	} while (seq != 0 && message_delete(seq));
}

static void
op_DELETE(const struct m_s_account *m)
{
	static const unsigned also[] = {DEL_CERTS, DEL_MARKS, DEL_WAS_IN, DEL};
	bool more = false;

	kept_end(m->id);
	for (size_t i = 0; i < ARRAY_LEN(also); i++)
		by_id(also[i], m->id);
	if (str_eq(m->text, STR_LIT("messages"))) {
		retain_chore(0, m->id, 0, &more);
		files_of_account_gone(m->id);
	}
	accounts_changed();
	done(m->ticket, ERR_NONE, m->id, "");
}

static void (*const ops[ACCOUNT_OPS])(const struct m_s_account *m) = {
    [ACCOUNT_CREATE] = op_CREATE,     [ACCOUNT_PASSWORD] = op_PASSWORD,
    [ACCOUNT_EMAIL] = op_EMAIL,       [ACCOUNT_DELETE] = op_DELETE,
    [ACCOUNT_DISABLE] = op_DISABLE,   [ACCOUNT_ENABLE] = op_ENABLE,
    [ACCOUNT_CERT_ADD] = op_CERT_ADD, [ACCOUNT_CERT_DEL] = op_CERT_DEL,
    [ACCOUNT_REHASH] = op_REHASH,
};

bool
intake_s_account(const void *frame, size_t len)
{
	struct m_s_account m;

	if (!m_s_account_get(frame, len, &m) || m.op >= ACCOUNT_OPS || ops[m.op] == NULL)
		return false;
	/* deleted before, by who asks again: done */
	if (m.op != ACCOUNT_CREATE && m.op != ACCOUNT_DELETE && by_id(BY_ID, m.id) == 0 &&
	    db_ok(&in.db))
		done(m.ticket, ERR_NO_ACCOUNT, 0, "");
	else
		ops[m.op](&m);
	return true;
}
