/* login.c - who somebody is: passwords, SCRAM-SHA-256, certificates (r_auth).
 *
 * The secrets of an account are asked of chatd-store, and held against what was given by chatd-auth. An account that is
 * not there, or has no such secret, goes all the same way and takes as long: nobody learns which there are. Only who has
 * the right secret is told that the account is disabled.
 *
 * Between the two messages of a SCRAM exchange nobody waits, and the exchange is in a table (exchange.h). The first one guesses
 * nothing, as its answer tells nothing about the password; so it is not counted.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "broker/account.h"
#include "broker/exchange.h"
#include "broker/guess.h"
#include "broker/job.h"
#include "broker/store.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"

struct login {
	bool known; /* there is what the secret could fit */
	uint64_t id;
	char name[NAME_BYTES_MAX + 1]; /* as it was given, then as it was registered */
	char address[49]; /* whence, for the log */
	struct guess *from,
	    *of; /* of: NULL for a certificate, which is no guess about one account */
	bool
	    fellow; /* somebody at this address is logged in to it already: other people's guesses do not count */
	login_fn *proved; /* what the right secret is for; NULL: to log in */
	uint64_t arg; /* its */
	size_t nsecret, nserver;
	char secret[AUTH_SECRET_MAX]; /* wiped with the job's state */
	char hash[PWHASH_MAX + 1]; /* that a password is held against */
	/* SCRAM */
	char verifier[SCRAM_MAX + 1], server[AUTH_SECRET_MAX];
};

/* Each answers a lookup, then what it has asked in turn. */
static job_fn found_password, found_scram, found_cert;

static struct str
secret_of(const struct login *l)
{
	return (struct str){l->secret, l->nsecret};
}

/* --- how it ends --------------------------------------------------------------------------------------- */

void
login_proved(struct job *j, struct str name, bool created, struct str data)
{
	struct reg_account *a = account_named(name);
	struct reg_user *u = job_user(j);
	char fold[NAME_FOLD_MAX], token[AUTH_TOKEN];
	ssize_t n = name_fold(name.p, name.n, fold, sizeof(fold));
	struct m_e_authed m = {.user = j->user,
			       .conn = j->conn,
			       .ticket = j->ticket,
			       .account = name,
			       .account_id = a->id,
			       .token = {token, sizeof(token)},
			       .created = created,
			       .data = data};

	if (u != NULL && !account_is_of(a, u))
		account_enter(u, a, name);
	token_make(j->inc, j->conn, a->id, (struct str){fold, n > 0 ? (size_t)n : 0},
		   (uint8_t *)token);
	/* behind e_account: a broker that dies in between has not answered, and is asked again */
	job_entry_begin(j);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(authed, &m);
	job_end(j);
}

/* The secret is right. What the account is now counts, not what it was when it was looked up. All sessions of a user are
 * logged in to one account: whoever is here with several would take the others along, which have asked for nothing. */
static void
right(struct job *j, struct str data)
{
	enum chat_err err;
	const struct login *l = j->state;
	const struct reg_account *a = account_named(str_of(l->name));
	const struct reg_user *u = job_user(j);

	if (j->user != 0 && u == NULL)
		job_end(j);
	else if (a == NULL || a->id != l->id)
		job_failed(j, ERR_LOGIN_WRONG, STR_LIT(""));
	else if (a->flags & ACCOUNT_DISABLED)
		job_failed(j, ERR_ACCOUNT_DISABLED, STR_LIT(""));
	else if (u != NULL && u->nsessions > 0 && !account_is_of(a, u))
		job_failed(j, ERR_OTHER_SESSIONS, STR_LIT(""));
	else if (l->proved == NULL && (u == NULL || !account_is_of(a, u)) &&
		 (err = account_place(a)) != ERR_NONE)
		job_failed(j, err, STR_LIT(""));
	else if (l->proved != NULL) {
		l->proved(j, a, str_of(l->name), l->arg);
	} else {
		log_info("account %s: logged in, from %s", l->name, l->address);
		login_proved(j, str_of(l->name), false, data);
	}
}

static void
wrong(struct job *j, enum chat_err err)
{
	const struct login *l = j->state;

	guess_wrong(l->from);
	guess_wrong(l->of);
	log_notice("account %s: not logged in, %s, from %s", l->name,
		   l->of == NULL ? "an unknown certificate" : "no such account or another password",
		   l->address);
	job_failed(j, err, STR_LIT(""));
}

/* What the store knows of it, as far as it is the same for every kind of secret. False: it has failed. */
static bool
take_found(struct job *j, const void *frame, size_t len, struct m_s_found *m)
{
	struct login *l = j->state;

	if (frame == NULL || !m_s_found_get(frame, len, m)) {
		job_failed(j, ERR_STORE_AWAY, STR_LIT(""));
		return false;
	}
	l->known = m->id != 0;
	l->id = m->id;
	if (l->known)
		bprintf(l->name, sizeof(l->name), STR_FMT, STR_ARG(m->name));
	return true;
}

/* --- passwords -------------------------------------------------------------------------------------------- */

static void
checked(struct job *j, const void *frame, size_t len)
{
	const struct login *l = j->state;
	struct m_a_result m;

	if (frame == NULL || !m_a_result_get(frame, len, &m)) {
		job_failed(j, ERR_BUSY, STR_LIT(""));
	} else if (m.ok && l->known) {
		if (m.stale)
			account_rehash(l->id, str_of(l->name), str_of(l->hash), secret_of(l));
		right(j, STR_LIT(""));
	} else
		wrong(j, ERR_LOGIN_WRONG);
}

void
account_check(struct job *j, struct str hash, struct str password, job_fn *fn)
{
	char frame[IPC_HDR + 16 + PWHASH_MAX + PASSWORD_MAX];
	struct m_a_check m = {.ticket = j->ticket,
			      .memory = (uint32_t)proc.opt.accounts_cost,
			      .hash = hash,
			      .password = password};

	job_ask_auth(j, frame, m_a_check_put(frame, sizeof(frame), &m), fn);
	explicit_bzero(frame, sizeof(frame));
}

static void
found_password(struct job *j, const void *frame, size_t len)
{
	struct login *l = j->state;
	struct m_s_found m;

	if (!take_found(j, frame, len, &m))
		return;
	if (l->known)
		bprintf(l->hash, sizeof(l->hash), STR_FMT, STR_ARG(m.hash));
	account_check(j, str_of(l->hash), secret_of(l), checked);
}

/* --- certificates ------------------------------------------------------------------------------------------- */

/* The name that was given is the account that it is to be; none: whichever the certificate is for. */
static void
found_cert(struct job *j, const void *frame, size_t len)
{
	struct login *l = j->state;
	uint64_t wanted = account_id_named(str_of(l->name));
	bool any = l->name[0] == '\0';
	struct m_s_found m;

	if (!take_found(j, frame, len, &m))
		return;
	if (l->known && (any || wanted == l->id))
		right(j, STR_LIT(""));
	else
		wrong(j, ERR_CERT_UNKNOWN);
}

/* --- SCRAM ------------------------------------------------------------------------------------------------------ */

static void
challenge(struct job *j)
{
	const struct login *l = j->state;
	struct m_e_challenge m = {
	    .user = j->user, .conn = j->conn, .ticket = j->ticket, .data = {l->server, l->nserver}};

	exchange_begin(j, l->known ? l->id : 0, str_of(l->address));
	job_entry_begin(j);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(challenge, &m);
	job_end(j);
}

static void
answered_first(struct job *j, const void *frame, size_t len)
{
	struct login *l = j->state;
	struct m_a_scrammed m;

	if (frame == NULL || !m_a_scrammed_get(frame, len, &m)) {
		job_failed(j, ERR_BUSY, STR_LIT(""));
	} else if (!m.ok) {
		guess_wrong(l->from);
		job_failed(j, ERR_LOGIN_WRONG, STR_LIT("")); /* malformed, or wants too much */
	} else {
		memcpy(l->server, m.text.p, m.text.n);
		l->nserver = m.text.n;
		challenge(j);
	}
}

static void
answered_final(struct job *j, const void *frame, size_t len)
{
	const struct login *l = j->state;
	struct m_a_scrammed m;

	if (frame == NULL || !m_a_scrammed_get(frame, len, &m))
		job_failed(j, ERR_BUSY, STR_LIT(""));
	else if (m.ok && l->known)
		right(j, m.text);
	else
		wrong(j, ERR_LOGIN_WRONG);
}

/* final empty: the first message is to be answered. */
static void
ask_scram(struct job *j, struct str final, job_fn *fn)
{
	static char frame[IPC_HDR + 16 + SCRAM_MAX + 3 * AUTH_SECRET_MAX];
	const struct login *l = j->state;
	struct m_a_scram m = {.ticket = j->ticket,
			      .verifier = str_of(l->verifier),
			      .first = secret_of(l),
			      .server = {l->server, l->nserver},
			      .final = final};

	job_ask_auth(j, frame, m_a_scram_put(frame, sizeof(frame), &m), fn);
	explicit_bzero(frame, sizeof(frame));
}

static void
found_scram(struct job *j, const void *frame, size_t len)
{
	struct login *l = j->state;
	char given[NAME_BYTES_MAX + 1], fold[NAME_FOLD_MAX];
	struct m_s_found m;
	ssize_t n;

	memcpy(given, l->name, sizeof(given));
	if (!take_found(j, frame, len, &m))
		return;
	l->known = l->known && m.scram.n > 0 && proc.opt.accounts_scram;
	if (l->known) {
		bprintf(l->verifier, sizeof(l->verifier), STR_FMT, STR_ARG(m.scram));
	} else {
		n = name_fold(given, strlen(given), fold, sizeof(fold));
		token_no_verifier((struct str){fold, n > 0 ? (size_t)n : 0}, l->verifier);
	}
	ask_scram(j, STR_LIT(""), answered_first);
}

/* --- the request ------------------------------------------------------------------------------------------------------ */

static void
ended(struct job *j)
{
	const struct login *l = j->state;

	guess_end(l->from);
	guess_end(l->of);
}

/* Whether one may guess; if not, why. */
static bool
may_guess(const struct login *l, enum chat_err *why)
{
	const struct guess *full = !guess_may(l->from)               ? l->from
				   : !l->fellow && !guess_may(l->of) ? l->of
								     : NULL;

	*why = guess_why_not(full);
	return full == NULL;
}

/* A job in the state `l`; NULL: refused. */
static struct job *
begin(const struct req *r, const struct m_r_auth *q, const struct login *l)
{
	enum chat_err why;
	struct job *j;

	if (!may_guess(l, &why)) {
		answer_refused(r, q->user, q->conn, why, STR_LIT("LOGIN"));
		return NULL;
	}
	j = job_begin(r, q->user, q->conn, sizeof(*l));
	if (j == NULL)
		return NULL;
	memcpy(j->state, l, sizeof(*l));
	j->ended = ended;
	j->behind = guess_begin(l->from);
	guess_begin(l->of);
	return j;
}

static bool
is_at(const struct reg_user *u, struct str address)
{
	struct session s = {0};

	while (session_next(u, &s)) {
		if (str_eq(str_of(s.address), address))
			return true;
	}
	return false;
}

static bool
has_fellow(const struct reg_account *a, struct str address)
{
	for (const struct reg_user *u = a != NULL ? account_first(a) : NULL; u != NULL;
	     u = account_next(u)) {
		if (is_at(u, address))
			return true;
	}
	return false;
}

static struct str
address_of(const struct reg_user *u, const struct m_r_auth *q)
{
	return u != NULL ? str_of(u->address) : clean_or_empty(q->address);
}

/* An account of this name could be there; as whom is nobody else. False: no password could be right. */
static bool
names_good(const struct m_r_auth *q, char fold[NAME_FOLD_MAX], ssize_t *n_r)
{
	*n_r = name_fold(q->name.p, q->name.n, fold, NAME_FOLD_MAX);
	if (name_check(q->name.p, q->name.n) != NAME_OK || *n_r <= 0)
		return false;
	return q->authzid.n == 0 || name_same(q->authzid, q->name);
}

static void
lookup(struct job *j, struct str name, struct str cert, job_fn *fn)
{
	char frame[IPC_HDR + 16 + NAME_BYTES_MAX + CERT_MAX];
	struct m_s_lookup m = {.ticket = j->ticket, .name = name, .cert = cert};

	job_ask_store(j, frame, m_s_lookup_put(frame, sizeof(frame), &m), fn);
}

void
account_lookup(struct job *j, struct str name, job_fn *fn)
{
	lookup(j, name, STR_LIT(""), fn);
}

static void
begin_named(const struct req *r, const struct reg_user *u, const struct m_r_auth *q, job_fn *fn,
	    login_fn *proved, uint64_t arg)
{
	struct login l = {.nsecret = q->secret.n, .proved = proved, .arg = arg};
	char fold[NAME_FOLD_MAX];
	struct job *j;
	ssize_t n;

	if (!names_good(q, fold, &n)) {
		answer_refused(r, q->user, q->conn, ERR_LOGIN_WRONG, STR_LIT(""));
		return;
	}
	bprintf(l.name, sizeof(l.name), STR_FMT, STR_ARG(q->name));
	memcpy(l.secret, q->secret.p, q->secret.n);
	bprintf(l.address, sizeof(l.address), STR_FMT, STR_ARG(address_of(u, q)));
	l.from = guess_from(address_of(u, q));
	l.of = guess_for((struct str){fold, (size_t)n});
	l.fellow = has_fellow(account_folded(fold, (size_t)n), address_of(u, q));
	j = begin(r, q, &l);
	if (j != NULL)
		account_lookup(j, q->name, fn);
	explicit_bzero(&l, sizeof(l));
}

static void
auth_password(const struct req *r, const struct reg_user *u, const struct m_r_auth *q)
{
	/* a longer one is none, and does not fit into the question */
	if (q->secret.n > PASSWORD_MAX)
		answer_refused(r, q->user, q->conn, ERR_LOGIN_WRONG, STR_LIT(""));
	else
		begin_named(r, u, q, found_password, NULL, 0);
}

void
login_check(const struct req *r, const struct m_r_auth *q, login_fn *fn, uint64_t arg)
{
	if (q->secret.n > PASSWORD_MAX)
		answer_refused(r, q->user, q->conn, ERR_LOGIN_WRONG, STR_LIT(""));
	else
		begin_named(r, NULL, q, found_password, fn, arg);
}

static void
auth_scram(const struct req *r, const struct reg_user *u, const struct m_r_auth *q)
{
	begin_named(r, u, q, found_scram, NULL, 0);
}

static void
auth_scram_final(const struct req *r, const struct reg_user *u, const struct m_r_auth *q)
{
	struct login *l = exchange_take(r, q);
	struct job *j;

	(void)u;
	if (l == NULL) { /* of a broker before, or too long ago */
		answer_refused(r, q->user, q->conn, ERR_LOGIN_WRONG, STR_LIT(""));
		return;
	}
	j = begin(r, q, l);
	if (j != NULL)
		ask_scram(j, q->secret, answered_final);
	explicit_bzero(l, sizeof(*l));
	free(l);
}

/* Its fingerprint, if the connection has shown it: the master says so, and no worker can in its place. */
static bool
cert_shown(const struct m_r_auth *q, struct str *cert_r)
{
	uint8_t proof[CERT_PROOF], other = 0;

	if (q->secret.n != CERT_MAX + CERT_PROOF)
		return false;
	cert_proof(br.j.h->cert_key, q->conn, q->secret.p, proof);
	for (size_t i = 0; i < sizeof(proof); i++)
		other |= proof[i] ^ (uint8_t)q->secret.p[CERT_MAX + i];
	*cert_r = (struct str){q->secret.p, CERT_MAX};
	return other == 0;
}

static void
auth_cert(const struct req *r, const struct reg_user *u, const struct m_r_auth *q)
{
	struct login l = {.from = guess_from(address_of(u, q))};
	struct str cert;
	struct job *j;

	if (!cert_shown(q, &cert)) {
		answer_refused(r, q->user, q->conn, ERR_CERT_UNKNOWN, STR_LIT(""));
		return;
	}
	bprintf(l.name, sizeof(l.name), STR_FMT,
		STR_ARG(clean_or_empty(q->authzid.n > 0 ? q->authzid : q->name)));
	bprintf(l.address, sizeof(l.address), STR_FMT, STR_ARG(address_of(u, q)));
	j = begin(r, q, &l);
	if (j != NULL)
		lookup(j, STR_LIT(""), cert, found_cert);
}

bool
r_auth(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	static void (*const mechs[AUTH_MECHS])(const struct req *, const struct reg_user *,
					       const struct m_r_auth *) = {
	    [AUTH_PASSWORD] = auth_password,
	    [AUTH_SCRAM] = auth_scram,
	    [AUTH_SCRAM_FINAL] = auth_scram_final,
	    [AUTH_CERT] = auth_cert,
	};
	struct m_r_auth q;

	if (!m_r_auth_get(frame, len, &q) || q.mech >= AUTH_MECHS)
		return false;
	if (store_wanted())
		mechs[q.mech](r, u, &q);
	else
		answer_refused(r, q.user, q.conn, ERR_STORE_AWAY, STR_LIT("LOGIN"));
	/* the frame is our own buffer, which it was read into */
	explicit_bzero((char *)(uintptr_t)q.secret.p, q.secret.n);
	return true;
}
