/* register.c - accounts are made (r_register), and changed by their owners (r_account).
 *
 * What is changed is on the store's disk before the registry says so and people are told.
 */
#include "config.h"

#include <string.h>

#include "broker/account.h"
#include "broker/exchange.h"
#include "broker/guess.h"
#include "broker/job.h"
#include "broker/keep.h"
#include "broker/look.h"
#include "broker/store.h"
#include "ipc/credential.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/util.h"

/* What its job knows. */
struct change {
	uint8_t op; /* enum account_op */
	bool again; /* it may have been done, by a broker that has died */
	uint64_t id;
	char name[NAME_BYTES_MAX + 1];
	struct guess *from;
	struct guess *of; /* of who asks again: tells if a password is right; else NULL */
	size_t npassword, ntext;
	char password[PASSWORD_MAX]; /* the present one, of a new account the one */
	char text[PASSWORD_MAX]; /* of enum account_op */
	char invite[INVITE_WORD_MAX + 1];
	char hash[PWHASH_MAX + 1]; /* that a password is held against */
	char address[49]; /* whence, for the log */
};

/* --- what may be stored ----------------------------------------------------------------------------------- */

struct str
account_refused_for(enum chat_err err, struct str other)
{
	if (err == ERR_EMAIL_BAD || err == ERR_EMAIL_NEEDED)
		return STR_LIT("email");
	return err == ERR_PASSWORD_WEAK ? credential_password_least() : other;
}

static bool
cert_good(struct str cert)
{
	for (size_t i = 0; i < cert.n; i++) {
		if (strchr("0123456789abcdef", cert.p[i]) == NULL || cert.p[i] == '\0')
			return false;
	}
	return cert.n == CERT_MAX;
}

/* --- what both ask ------------------------------------------------------------------------------------------ */

static void
ended(struct job *j)
{
	struct change *c = j->state;

	guess_end(c->from);
	guess_end(c->of);
	explicit_bzero(c->password, sizeof(c->password));
	explicit_bzero(c->text, sizeof(c->text));
	c->npassword = c->ntext = 0;
}

static struct job *
begin(const struct req *r, uint64_t user, uint64_t conn, const struct change *c)
{
	const struct guess *full = !guess_may(c->from) ? c->from : !guess_may(c->of) ? c->of : NULL;
	struct job *j;

	if (full != NULL) {
		answer_refused(r, user, conn, guess_why_not(full), STR_LIT("ACCOUNT"));
		return NULL;
	}
	j = job_begin(r, user, conn, sizeof(*c));
	if (j == NULL)
		return NULL;
	memcpy(j->state, c, sizeof(*c));
	j->ended = ended;
	j->behind = guess_begin(c->from);
	guess_begin(c->of);
	return j;
}

void
account_hash(struct job *j, struct str password, bool scram, job_fn *fn)
{
	char frame[IPC_HDR + 16 + PASSWORD_MAX];
	struct m_a_hash m = {.ticket = j->ticket,
			     .memory = (uint32_t)proc.opt.accounts_cost,
			     .scram = scram,
			     .password = password};

	job_ask_auth(j, frame, m_a_hash_put(frame, sizeof(frame), &m), fn);
	explicit_bzero(frame, sizeof(frame));
}

bool
account_hashed(struct job *j, const void *frame, size_t len, struct m_a_hashed *m)
{
	if (frame != NULL && m_a_hashed_get(frame, len, m) && m->ok)
		return true;
	job_failed(j, ERR_BUSY, STR_LIT(""));
	return false;
}

void
account_change(struct job *j, struct m_s_account *m, job_fn *fn)
{
	char frame[IPC_HDR + 32 + NAME_BYTES_MAX + PWHASH_MAX + SCRAM_MAX + 512 + INVITE_WORD_MAX];

	m->ticket = j->ticket;
	job_ask_change(j, frame, m_s_account_put(frame, sizeof(frame), m), fn);
	explicit_bzero(frame, sizeof(frame));
}

static void
ask_change(struct job *j, struct str hash, struct str scram, struct str text, job_fn *fn)
{
	const struct change *c = j->state;
	struct m_s_account m = {.op = c->op,
				.id = c->id,
				.name = str_of(c->name),
				.hash = hash,
				.scram = scram,
				.text = text,
				.invite = str_of(c->invite)};

	account_change(j, &m, fn);
}

/* The store's word that it is done. False: it is not, and the job has failed. */
static bool
take_done(struct job *j, const void *frame, size_t len, struct m_s_done *m)
{
	const struct change *c = j->state;

	if (frame == NULL || !m_s_done_get(frame, len, m) || m->code >= ERR_COUNT) {
		job_failed(j, ERR_STORE_AWAY, STR_LIT(""));
		return false;
	}
	if (m->code == ERR_NONE)
		return true;
	job_failed(j, m->code, str_of(c->name));
	return false;
}

/* --- a new account ------------------------------------------------------------------------------------------ */

/* Asked again, and there is such an account now. */
static void
again_checked(struct job *j, const void *frame, size_t len)
{
	const struct change *c = j->state;
	const struct reg_account *a = account_named(str_of(c->name));
	struct m_a_result m;

	if (frame == NULL || !m_a_result_get(frame, len, &m)) {
		job_failed(j, ERR_BUSY, STR_LIT(""));
	} else if (m.ok && a != NULL && a->id == c->id && !(a->flags & ACCOUNT_DISABLED)) {
		login_proved(j, str_of(c->name), true, STR_LIT(""));
	} else {
		guess_wrong(c->from);
		guess_wrong(c->of);
		job_failed(j, ERR_ACCOUNT_EXISTS, str_of(c->name));
	}
}

static void
again_found(struct job *j, const void *frame, size_t len)
{
	struct change *c = j->state;
	struct m_s_found m;

	if (frame == NULL || !m_s_found_get(frame, len, &m)) {
		job_failed(j, ERR_STORE_AWAY, STR_LIT(""));
		return;
	}
	c->id = m.id;
	/* made while the broker died, or the registry was full: it has not heard of it */
	if (m.id != 0 && account_named(m.name) == NULL)
		account_made(m.name, m.id, m.flags, m.kept);
	if (j->alone)
		job_end(j);
	else
		account_check(j, m.hash, (struct str){c->password, c->npassword}, again_checked);
}

/* The store has an account of this name, of which the registry knows nothing. */
static bool
is_unknown(const struct change *c, const void *frame, size_t len)
{
	struct m_s_done m;

	return frame != NULL && m_s_done_get(frame, len, &m) && m.code == ERR_ACCOUNT_EXISTS &&
	       account_named(str_of(c->name)) == NULL;
}

static void
registered(struct job *j, const void *frame, size_t len)
{
	const struct change *c = j->state;
	struct guess *from = c->from;
	struct m_s_done m = {0};

	/* whose it is, the password tells: who asked the last broker for it is one who asks again */
	if (is_unknown(c, frame, len)) {
		account_lookup(j, str_of(c->name), again_found);
		return;
	}
	if (!take_done(j, frame, len, &m)) {
		if (m.code == ERR_INVITE_BAD)
			guess_wrong(from);
		return;
	}
	/* as if it were a guess: nobody makes very many */
	guess_wrong(c->from);
	if (!account_made(str_of(c->name), m.id, proc.opt.accounts_scram ? ACCOUNT_SCRAM : 0, 0))
		job_failed(j, ERR_ACCOUNTS_FULL, STR_LIT(""));
	else {
		log_notice("account %s: registered%s, from %s", c->name,
			   c->invite[0] != '\0' ? " by an invitation" : "", c->address);
		access_invited(m.text, str_of(c->name));
		if (j->alone || (j->user != 0 && job_user(j) == NULL))
			job_end(j);
		else
			login_proved(j, str_of(c->name), true, m.text);
	}
}

static void
hashed_new(struct job *j, const void *frame, size_t len)
{
	const struct change *c = j->state;
	struct m_a_hashed m;

	if (account_hashed(j, frame, len, &m))
		ask_change(j, m.hash, m.scram, (struct str){c->text, c->ntext}, registered);
}

/* May this be registered, by u (NULL: by somebody without a name)? */
static enum chat_err
may_register(const struct reg_user *u, const struct m_r_register *q)
{
	const struct reg_user *holder = user_find(q->name);
	enum chat_err err;

	if (!store_wanted())
		return ERR_STORE_AWAY;
	if (u == NULL && !proc.opt.accounts_before_connect)
		return ERR_REGISTER_LATER;
	if (!proc.opt.accounts_register && q->invite.n == 0)
		return ERR_REGISTER_OFF;
	if (name_check(q->name.p, q->name.n) != NAME_OK)
		return ERR_NICK_BAD;
	if (account_named(q->name) != NULL)
		return q->again ? ERR_NONE : ERR_ACCOUNT_EXISTS;
	if (holder != NULL && holder != u)
		return ERR_NICK_TAKEN;
	err = look_check_new(q->name, u, false);
	if (err != ERR_NONE)
		return err;
	err = credential_email(q->email);
	if (err != ERR_NONE)
		return err;
	if (!text_is_clean(q->invite.p, q->invite.n, 0))
		return ERR_INVITE_BAD;
	if (!credential_password_good(q->password, q->name))
		return ERR_PASSWORD_WEAK;
	return freelist_left(&br.reg.free_accounts) == 0 ? ERR_ACCOUNTS_FULL : ERR_NONE;
}

/* Who asks again is told whether a password is right, as who logs in is. */
static struct guess *
guess_again(struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));

	return account_named(name) != NULL && n > 0 ? guess_for((struct str){fold, (size_t)n})
						    : NULL;
}

static void
begin_register(const struct req *r, const struct reg_user *u, const struct m_r_register *q)
{
	struct change c = {.op = ACCOUNT_CREATE, .npassword = q->password.n, .ntext = q->email.n};
	struct job *j;

	bprintf(c.address, sizeof(c.address), STR_FMT,
		STR_ARG(u != NULL ? str_of(u->address) : clean_or_empty(q->address)));
	c.from = guess_from(str_of(c.address));
	c.of = guess_again(q->name);
	bprintf(c.name, sizeof(c.name), STR_FMT, STR_ARG(q->name));
	bprintf(c.invite, sizeof(c.invite), STR_FMT, STR_ARG(q->invite));
	memcpy(c.password, q->password.p, q->password.n);
	memcpy(c.text, q->email.p, q->email.n);
	j = begin(r, q->user, q->conn, &c);
	explicit_bzero(&c, sizeof(c));
	if (j == NULL)
		return;
	if (account_named(q->name) != NULL)
		account_lookup(j, q->name, again_found);
	else
		account_hash(j, q->password, proc.opt.accounts_scram, hashed_new);
}

bool
r_register(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	struct m_r_register q;
	struct str password;
	enum chat_err err;

	if (!m_r_register_get(frame, len, &q))
		return false;
	password = q.password;
	if (q.name.n == 0 && u != NULL)
		q.name = user_name(u);
	err = may_register(u, &q);
	if (err == ERR_NONE)
		begin_register(r, u, &q);
	else
		answer_refused(r, q.user, q.conn, err,
			       account_refused_for(err, clean_or_empty(q.name)));
	/* the frame is our own buffer, which it was read into */
	explicit_bzero((char *)(uintptr_t)password.p, password.n);
	return true;
}

/* --- changes by the owner --------------------------------------------------------------------------------------- */

/* It is off the store's disk: what the registry has of it goes as well. */
static void
account_went(const struct change *c)
{
	const struct reg_account *a = account_named(str_of(c->name));

	if (a != NULL && a->id == c->id)
		account_deleted(str_of(c->name));
}

static const char *const change_words[ACCOUNT_OPS] = {
    [ACCOUNT_PASSWORD] = "another password",
    [ACCOUNT_EMAIL] = "another email address",
    [ACCOUNT_DELETE] = "deleted",
    [ACCOUNT_CERT_ADD] = "one more certificate",
    [ACCOUNT_CERT_DEL] = "a certificate less",
};

static void
changed(struct job *j, const void *frame, size_t len)
{
	const struct change *c = j->state;
	struct m_s_done m;

	/* what is taken away twice is away */
	if (c->again && c->op == ACCOUNT_CERT_DEL && frame != NULL &&
	    m_s_done_get(frame, len, &m) && m.code == ERR_NOT_FOUND) {
		job_done(j, "");
		return;
	}
	if (!take_done(j, frame, len, &m))
		return;
	if (c->op == ACCOUNT_DELETE)
		account_went(c);
	else if (c->op == ACCOUNT_PASSWORD)
		exchanges_secret_changed(c->id);
	log_notice("account %s: %s, from %s", c->name, change_words[c->op], c->address);
	job_done(j, "");
}

static void
hashed_change(struct job *j, const void *frame, size_t len)
{
	struct m_a_hashed m;

	if (account_hashed(j, frame, len, &m))
		ask_change(j, m.hash, m.scram, STR_LIT(""), changed);
}

static void
allowed(struct job *j)
{
	const struct change *c = j->state;
	struct str text = {c->text, c->ntext};

	if (c->op == ACCOUNT_PASSWORD)
		account_hash(j, text, proc.opt.accounts_scram, hashed_change);
	else
		ask_change(j, STR_LIT(""), STR_LIT(""), text, changed);
}

static void
owner_checked(struct job *j, const void *frame, size_t len)
{
	const struct change *c = j->state;
	struct m_a_result m;

	if (frame == NULL || !m_a_result_get(frame, len, &m)) {
		job_failed(j, ERR_BUSY, STR_LIT(""));
	} else if (!m.ok) {
		log_notice("account %s: not changed, another password, from %s", c->name,
			   c->address);
		guess_wrong(c->from);
		job_failed(j, ERR_PASSWORD, STR_LIT(""));
	} else
		allowed(j);
}

static void
check_owner(struct job *j)
{
	const struct change *c = j->state;

	account_check(j, str_of(c->hash), (struct str){c->password, c->npassword}, owner_checked);
}

/* Is the new password the one that it has? Then it has been changed. */
static void
new_checked(struct job *j, const void *frame, size_t len)
{
	const struct change *c = j->state;
	struct m_a_result m;

	if (frame == NULL || !m_a_result_get(frame, len, &m)) {
		job_failed(j, ERR_BUSY, STR_LIT(""));
	} else if (m.ok) {
		exchanges_secret_changed(c->id);
		job_done(j, "");
	} else
		check_owner(j);
}

static void
owner_found(struct job *j, const void *frame, size_t len)
{
	struct change *c = j->state;
	struct m_s_found m;

	if (frame == NULL || !m_s_found_get(frame, len, &m)) {
		job_failed(j, ERR_STORE_AWAY, STR_LIT(""));
	} else if (m.id == 0 && c->op == ACCOUNT_DELETE) {
		/* a broker died before it heard that this was done, and this is its request again */
		account_went(c);
		job_done(j, "");
	} else {
		bprintf(c->hash, sizeof(c->hash), STR_FMT,
			STR_ARG(m.id == c->id ? m.hash : STR_LIT("")));
		if (c->again && c->op == ACCOUNT_PASSWORD)
			account_check(j, str_of(c->hash), (struct str){c->text, c->ntext},
				      new_checked);
		else
			check_owner(j);
	}
}

static bool
new_password_good(const struct reg_user *u, struct str text)
{
	return credential_password_good(text, user_account(u));
}

static bool
new_email_good(const struct reg_user *u, struct str text)
{
	(void)u;
	return credential_email(text) == ERR_NONE;
}

static bool
deleting_good(const struct reg_user *u, struct str text)
{
	(void)u;
	return text.n == 0 || str_eq(text, STR_LIT("messages"));
}

static bool
new_cert_good(const struct reg_user *u, struct str text)
{
	(void)u;
	return cert_good(text);
}

/* What owners may do; the rest is for administrators. */
static const struct own_op {
	bool password; /* asks for the present one */
	bool (*good)(const struct reg_user *u, struct str text); /* NULL: there is no such op */
	enum chat_err bad;
	const char *what;
} own_ops[ACCOUNT_OPS] = {
    [ACCOUNT_PASSWORD] = {true, new_password_good, ERR_PASSWORD_WEAK, ""},
    [ACCOUNT_EMAIL] = {true, new_email_good, ERR_EMAIL_BAD, ""},
    [ACCOUNT_DELETE] = {true, deleting_good, ERR_BAD_ARGUMENT, "messages"},
    [ACCOUNT_CERT_ADD] = {false, new_cert_good, ERR_BAD_ARGUMENT, "fingerprint"},
    [ACCOUNT_CERT_DEL] = {false, new_cert_good, ERR_BAD_ARGUMENT, "fingerprint"},
};

static void
begin_change(const struct req *r, const struct reg_user *u, const struct m_r_account *q)
{
	struct change c = {.op = q->op,
			   .again = q->again,
			   .id = user_account_id(u),
			   .from = guess_from(str_of(u->address)),
			   .npassword = q->password.n,
			   .ntext = q->text.n};
	struct job *j;

	bprintf(c.name, sizeof(c.name), STR_FMT, STR_ARG(user_account(u)));
	bprintf(c.address, sizeof(c.address), "%s", u->address);
	memcpy(c.password, q->password.p, q->password.n);
	memcpy(c.text, q->text.p, q->text.n);
	j = begin(r, u->id, 0, &c);
	explicit_bzero(&c, sizeof(c));
	if (j == NULL)
		return;
	if (own_ops[q->op].password)
		account_lookup(j, user_account(u), owner_found);
	else
		allowed(j);
}

/* Nothing is stored, so nobody is asked. All sessions of a user are logged in or none is: whoever is here with several
 * would log out people who sit elsewhere, and have asked for nothing. */
static void
log_out(const struct req *r, struct reg_user *u)
{
	struct job *j;

	if (u->nsessions > 0) {
		answer_refused(r, u->id, 0, ERR_OTHER_SESSIONS, STR_LIT(""));
		return;
	}
	j = job_begin(r, u->id, 0, 0);
	if (j == NULL)
		return;
	account_enter(u, NULL, STR_LIT(""));
	job_done(j, "");
}

bool
r_account(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	const struct own_op *op;
	struct m_r_account q;

	if (!m_r_account_get(frame, len, &q) || q.op >= ACCOUNT_OPS)
		return false;
	op = &own_ops[q.op];
	if (q.op != ACCOUNT_LOGOUT && op->good == NULL)
		return false;
	if (user_account_id(u) == 0 && q.again && q.op == ACCOUNT_LOGOUT)
		answer_ok(r, u->id, "");
	else if (user_account_id(u) == 0)
		answer_refused(r, u->id, 0, ERR_NOT_LOGGED_IN, STR_LIT(""));
	else if (q.op == ACCOUNT_LOGOUT)
		log_out(r, u);
	else if (!store_wanted())
		answer_refused(r, u->id, 0, ERR_STORE_AWAY, STR_LIT("ACCOUNT"));
	else if (!op->good(u, q.text))
		answer_refused(r, u->id, 0, op->bad,
			       account_refused_for(op->bad, str_of(op->what)));
	else
		begin_change(r, u, &q);
	/* the frame is our own buffer, which it was read into */
	explicit_bzero((char *)(uintptr_t)q.password.p, q.password.n);
	explicit_bzero((char *)(uintptr_t)q.text.p, q.text.n);
	return true;
}
