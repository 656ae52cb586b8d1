/* storeop.c - r_store: what administrators ask of chatd-store.
 *
 * Most goes there as it is, and what comes back is the answer. Accounts are changed as their owners change them
 * (register.c): a password is hashed by chatd-auth first, and the registry follows when it is on the store's disk.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "broker/account.h"
#include "broker/broker.h"
#include "broker/exchange.h"
#include "broker/job.h"
#include "broker/look.h"
#include "broker/store.h"
#include "ipc/credential.h"
#include "ipc/proc.h"
#include "ipc/store.h"
#include "lib/text.h"
#include "lib/util.h"

/* State of the job of a change to an account. */
struct change {
	uint8_t op; /* enum account_op */
	uint64_t id;
	char name[NAME_BYTES_MAX + 1];
	char text[EMAIL_MAX + 1]; /* the op's */
};

#define ABOUT_MAX 200 /* bytes of what a refusal is about */

/* --- what may be asked ------------------------------------------------------------------------------------- */

static const struct {
	uint8_t level; /* that it needs: enum admin_level */
	bool slow; /* it goes over all that the store has */
	bool changes; /* what the store keeps */
	bool account; /* that is an account: by op, enum account_op */
	uint8_t op;
} ops[STORE_OPS] = {
    [STORE_STATUS] = {LEVEL_READ, false, false, false, 0},
    [STORE_CHECK] = {LEVEL_ADMIN, true, false, false, 0},
    [STORE_BACKUP] = {LEVEL_ADMIN, true, false, false, 0},
    [STORE_ACCOUNTS] = {LEVEL_ADMIN, false, false, false, 0},
    [STORE_ACCOUNT_SHOW] = {LEVEL_ADMIN, false, false, false, 0},
    [STORE_ACCOUNT_ADD] = {LEVEL_ADMIN, false, true, true, ACCOUNT_CREATE},
    [STORE_ACCOUNT_PASSWORD] = {LEVEL_ADMIN, false, true, true, ACCOUNT_PASSWORD},
    [STORE_ACCOUNT_DISABLE] = {LEVEL_ADMIN, false, true, true, ACCOUNT_DISABLE},
    [STORE_ACCOUNT_ENABLE] = {LEVEL_ADMIN, false, true, true, ACCOUNT_ENABLE},
    [STORE_ACCOUNT_DELETE] = {LEVEL_ADMIN, true, true, true, ACCOUNT_DELETE},
    [STORE_HISTORY_PURGE] = {LEVEL_ADMIN, true, true, false, 0},
    [STORE_INVITE_CREATE] = {LEVEL_ADMIN, false, true, false, 0},
    [STORE_INVITES] = {LEVEL_ADMIN, false, false, false, 0},
    [STORE_INVITE_DELETE] = {LEVEL_ADMIN, false, true, false, 0},
    [STORE_ACCOUNT_NAME] = {LEVEL_READ, false, false, false, 0},
    [STORE_FILES] = {LEVEL_ADMIN, false, false, false, 0},
    [STORE_FILE] = {LEVEL_ADMIN, false, false, false, 0},
    [STORE_FILE_DELETE] = {LEVEL_ADMIN, false, true, false, 0},
    [STORE_FILE_QUOTA] = {LEVEL_ADMIN, false, false, false, 0},
};

static struct job *
begin(const struct req *r, unsigned op, size_t state_size)
{
	struct job *j = job_begin(r, 0, 0, state_size);

	if (j != NULL && ops[op].slow)
		j->wait_ms = JOB_LONG_MS;
	return j;
}

/* --- what the store does alone ---------------------------------------------------------------------------- */

/* Rows, or a word that it is done. */
static void
answered(struct job *j, const void *frame, size_t len)
{
	struct m_s_done m;
	char text[1025];

	if (frame == NULL || ipc_type(frame) != MSG_s_done) {
		job_paged(j, frame, len);
	} else if (!m_s_done_get(frame, len, &m) || m.code >= ERR_COUNT) {
		job_failed(j, ERR_INTERNAL, STR_LIT(""));
	} else if (m.code != ERR_NONE) {
		job_failed(j, m.code, m.text.n > 0 ? m.text : str_of(j->state));
	} else {
		bprintf(text, sizeof(text), STR_FMT, STR_ARG(m.text));
		job_done(j, text);
	}
}

/* A file is deleted, and the message that shared it, number m.id: m.text is where (store/files.c). */
static void
file_deleted(struct job *j, const void *frame, size_t len)
{
	struct m_s_done m;
	struct str rest, room, from, to;
	char text[24];

	if (frame == NULL || ipc_type(frame) != MSG_s_done || !m_s_done_get(frame, len, &m) ||
	    m.code != ERR_NONE) {
		answered(j, frame, len);
		return;
	}
	rest = m.text;
	room = store_word(&rest);
	from = store_word(&rest);
	to = store_word(&rest);
	bprintf(text, sizeof(text), STR_FMT, STR_ARG(room));
	if (m.id != 0)
		redact_by_server(m.id, strtoull(text, NULL, 10), from, to,
				 STR_LIT("the file has been deleted"));
	job_done(j, "deleted");
}

static void
pass_on(const struct req *r, const struct m_r_store *q)
{
	static char out[IPC_FRAME_MAX];
	struct str args = q->args, about = store_word(&args);
	struct job *j = begin(r, q->op, ABOUT_MAX);
	struct m_s_admin m = {.op = q->op, .args = q->args};
	job_fn *fn;
	char by[32];
	size_t n;

	if (j == NULL)
		return;
	bprintf(j->state, ABOUT_MAX, STR_FMT, STR_ARG(about));
	bprintf(by, sizeof(by), "uid %u", q->uid);
	m.ticket = j->ticket;
	m.by = str_of(by);
	fn = q->op == STORE_FILE_DELETE ? file_deleted : answered;
	n = m_s_admin_put(out, sizeof(out), &m);
	if (ops[q->op].changes)
		job_ask_change(j, out, n, fn);
	else
		job_ask_store(j, out, n, fn);
}

/* --- accounts --------------------------------------------------------------------------------------------- */

static void
changed(struct job *j, const void *frame, size_t len)
{
	const struct change *c = j->state;
	struct m_s_done m;
	char text[NAME_BYTES_MAX + 16];
	static const char *const did[ACCOUNT_OPS] = {
	    [ACCOUNT_CREATE] = "made",    [ACCOUNT_PASSWORD] = "changed",
	    [ACCOUNT_DELETE] = "deleted", [ACCOUNT_DISABLE] = "disabled",
	    [ACCOUNT_ENABLE] = "enabled",
	};

	if (frame == NULL || !m_s_done_get(frame, len, &m) || m.code >= ERR_COUNT) {
		job_failed(j, ERR_STORE_AWAY, STR_LIT(""));
		return;
	}
	/* made for a broker that died before it heard so: then it is there from now on */
	if (m.code == ERR_ACCOUNT_EXISTS && m.id != 0 && account_named(str_of(c->name)) == NULL)
		account_made(str_of(c->name), m.id, 0, 0);
	if (m.code != ERR_NONE) {
		job_failed(j, m.code, str_of(c->name));
		return;
	}
	if (c->op == ACCOUNT_PASSWORD)
		exchanges_secret_changed(c->id);
	if (c->op == ACCOUNT_CREATE &&
	    !account_made(str_of(c->name), m.id, proc.opt.accounts_scram ? ACCOUNT_SCRAM : 0, 0)) {
		job_failed(j, ERR_ACCOUNTS_FULL, STR_LIT(""));
		return;
	}
	/* another one of that name may have been made meanwhile */
	if (account_id_named(str_of(c->name)) == c->id) {
		if (c->op == ACCOUNT_DELETE)
			account_deleted(str_of(c->name));
		else if (c->op == ACCOUNT_DISABLE || c->op == ACCOUNT_ENABLE)
			account_disabled(str_of(c->name), c->op == ACCOUNT_DISABLE);
	}
	bprintf(text, sizeof(text), "%s: %s", c->name, did[c->op]);
	job_done(j, text);
}

static void
ask_change(struct job *j, struct str hash, struct str scram)
{
	const struct change *c = j->state;
	struct m_s_account m = {.op = c->op,
				.id = c->id,
				.name = str_of(c->name),
				.hash = hash,
				.scram = scram,
				.text = str_of(c->text)};

	account_change(j, &m, changed);
}

static void
hashed(struct job *j, const void *frame, size_t len)
{
	struct m_a_hashed m;

	if (account_hashed(j, frame, len, &m))
		ask_change(j, m.hash, m.scram);
}

static enum chat_err
may_change(const struct change *c, const struct m_r_store *q, struct str name)
{
	if (c->op == ACCOUNT_CREATE) {
		if (name_check(name.p, name.n) != NAME_OK)
			return ERR_NICK_BAD;
		if (c->id != 0)
			return ERR_ACCOUNT_EXISTS;
		if (look_check_new(name, user_find(name), true) != ERR_NONE)
			return ERR_NICK_LOOKS;
		if (c->text[0] != '\0' && credential_email(str_of(c->text)) != ERR_NONE)
			return ERR_EMAIL_BAD;
		if (freelist_left(&br.reg.free_accounts) == 0)
			return ERR_ACCOUNTS_FULL;
	} else if (c->id == 0)
		return ERR_NO_ACCOUNT;
	if ((c->op == ACCOUNT_CREATE || c->op == ACCOUNT_PASSWORD) &&
	    !credential_password_good(q->secret, name))
		return ERR_PASSWORD_WEAK;
	if (c->op == ACCOUNT_DELETE && c->text[0] != '\0' && strcmp(c->text, "messages") != 0)
		return ERR_BAD_ARGUMENT;
	return ERR_NONE;
}

static void
change(const struct req *r, const struct m_r_store *q)
{
	struct change c = {.op = ops[q->op].op};
	struct str args = q->args, name = store_word(&args), text = store_word(&args);
	enum chat_err err;
	struct job *j;

	bprintf(c.name, sizeof(c.name), STR_FMT, STR_ARG(name));
	bprintf(c.text, sizeof(c.text), STR_FMT, STR_ARG(text));
	c.id = account_id_named(name);
	err = name.n > NAME_BYTES_MAX || text.n > EMAIL_MAX ? ERR_BAD_ARGUMENT
							    : may_change(&c, q, name);
	if (err != ERR_NONE) {
		answer_refused(r, 0, 0, err, account_refused_for(err, str_of(c.name)));
		return;
	}
	j = begin(r, q->op, sizeof(c));
	if (j == NULL)
		return;
	memcpy(j->state, &c, sizeof(c));
	if (c.op == ACCOUNT_CREATE || c.op == ACCOUNT_PASSWORD)
		account_hash(j, q->secret, proc.opt.accounts_scram, hashed);
	else
		ask_change(j, STR_LIT(""), STR_LIT(""));
}

bool
r_store(const struct req *r, struct reg_user *nobody, const void *frame, size_t len)
{
	struct m_r_store q;

	(void)nobody;
	if (!m_r_store_get(frame, len, &q) || q.op >= STORE_OPS ||
	    !text_utf8_ok(q.args.p, q.args.n))
		return false;
	if (q.level < ops[q.op].level)
		answer_refused(r, 0, 0, ERR_PERMISSION, STR_LIT(""));
	else if (!store_wanted())
		answer_refused(r, 0, 0, ERR_STORE_AWAY, STR_LIT(""));
	else if (ops[q.op].account)
		change(r, &q);
	else
		pass_on(r, &q);
	/* the frame is our own buffer, which it was read into */
	explicit_bzero((char *)(uintptr_t)q.secret.p, q.secret.n);
	return true;
}
