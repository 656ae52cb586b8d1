/* sasl.c - see sasl.h; and the command AUTHENTICATE.
 *
 * Here are pieces and forms only. What was gathered goes to the broker (r_auth) and waits for its
 * answer like any command (ticket.h): a challenge, which is passed on, or that it is done.
 */
#include "config.h"

#include "worker/irc/sasl.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/credential.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "proto/sasl.h"
#include "worker/account.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/login.h"
#include "worker/irc/reply.h"
#include "worker/request.h"

#define CHUNK 400 /* bytes of base64 in a line; less: it was the last one */
#define SASL_MAX (4 * CHUNK) /* more than any password that is taken here needs */
#define PLAIN_MAX (SASL_MAX / 4 * 3)

/* An exchange under way. */
struct irc_sasl {
	const struct mechanism *mechanism;
	uint32_t ticket; /* SCRAM: of the challenge that the client is to answer */
	bool proved; /* SCRAM: all is said but the client's "+", that it believes us */
	size_t n;
	char in[SASL_MAX];
};

void
sasl_free(struct irc_sasl *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static void
over(struct conn *c)
{
	sasl_free(c->irc->sasl);
	c->irc->sasl = NULL;
}

static void
logged_out(struct conn *c, struct late *l)
{
	(void)c;
	(void)l;
}

/* It does not believe us, or has thought better of it: but the broker has let it in. */
static void
take_back(struct conn *c)
{
	if (c->irc->sasl == NULL || !c->irc->sasl->proved)
		return;
	if (c->state == CONN_READY)
		request_account(c, ACCOUNT_LOGOUT, STR_LIT(""), STR_LIT(""), logged_out);
	else
		account_is(c, STR_LIT(""));
}

static void
failed(struct conn *c, const char *why)
{
	take_back(c);
	over(c);
	irc_num(c, ERR_SASLFAIL, ":%s", why != NULL ? why : "SASL authentication failed");
}

void
sasl_abort(struct conn *c)
{
	take_back(c);
	over(c);
	irc_num(c, ERR_SASLABORTED, ":SASL authentication aborted");
}

/* --- what the broker says --------------------------------------------------------------------------- */

/* In pieces; one of less than CHUNK is the last. */
static void
say(struct conn *c, struct str message)
{
	char text[AUTH_SECRET_MAX / 3 * 4 + 8];
	size_t n = base64_encode(message, text, sizeof(text)), at, piece;

	for (at = 0; at < n; at += piece) {
		piece = MIN(n - at, (size_t)CHUNK);
		irc_raw(c, "AUTHENTICATE %.*s", (int)piece, text + at);
	}
	if (n % CHUNK == 0)
		irc_raw(c, "AUTHENTICATE +");
}

static void
success(struct conn *c)
{
	over(c);
	login_told(c);
	irc_num(c, RPL_SASLSUCCESS, ":SASL authentication successful");
}

/* What is wrong with the server the person may know, and why it may not go to an account whose password it knows; what is
 * wrong with name or password is one thing. */
static void
refused(struct conn *c, unsigned code, struct str arg)
{
	char why[512];

	chat_err_text(code, arg.p, arg.n, why, sizeof(why));
	if (code == ERR_ACCOUNT_DISABLED) {
		over(c);
		irc_num(c, ERR_NICKLOCKED, ":%s", why);
	} else if (chat_err_passes(code) || code == ERR_OTHER_SESSIONS) {
		failed(c, why);
	} else {
		failed(c, NULL);
	}
}

static void
answered(struct conn *c, struct late *l)
{
	struct irc_sasl *s = c->irc->sasl;
	const struct m_e_challenge *challenge = l->e;
	const struct m_e_authed *authed = l->e;
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg)) {
		refused(c, code, arg);
	} else if (l->type == MSG_e_challenge) {
		s->ticket = l->number;
		say(c, challenge->data);
	} else if (l->type == MSG_e_authed) {
		account_authed(c, authed);
		s->proved = authed->data.n > 0;
		if (s->proved)
			say(c, authed->data);
		else
			success(c);
	}
}

/* --- what was given: false if that cannot be ----------------------------------------------------------- */

static bool
ask(struct conn *c, const struct proof *p)
{
	if (p->name.n > NAME_BYTES_MAX || p->authzid.n > NAME_BYTES_MAX ||
	    p->secret.n > AUTH_SECRET_MAX ||
	    (p->mech == AUTH_PASSWORD && p->secret.n > PASSWORD_MAX))
		return false;
	request_auth(c, p, answered);
	return true;
}

static bool
take_plain(struct conn *c, struct str s)
{
	struct sasl_plain m;

	return sasl_plain_get(s, &m) && ask(c, &(struct proof){.mech = AUTH_PASSWORD,
							       .name = m.authcid,
							       .authzid = m.authzid,
							       .secret = m.password});
}

static bool
take_external(struct conn *c, struct str s)
{
	const char *cert = account_cert(c);
	char secret[CERT_MAX + CERT_PROOF];
	struct proof p = {.mech = AUTH_CERT, .secret = {secret, sizeof(secret)}};

	if (cert == NULL)
		return false;
	memcpy(secret, cert, CERT_MAX);
	memcpy(secret + CERT_MAX, c->irc->cert_proof, CERT_PROOF);
	return sasl_external_get(s, &p.authzid) && ask(c, &p);
}

static bool
take_scram(struct conn *c, struct str s)
{
	char user[NAME_BYTES_MAX], authzid[NAME_BYTES_MAX];
	struct proof p = {.mech = AUTH_SCRAM_FINAL, .ticket = c->irc->sasl->ticket, .secret = s};
	struct scram_final final;
	struct scram_first first;
	ssize_t n;

	if (p.ticket != 0)
		return scram_final_get(s, &final) && ask(c, &p);
	p.mech = AUTH_SCRAM;
	if (!scram_first_get(s, &first) || (n = scram_name(first.user, user, sizeof(user))) < 0)
		return false;
	p.name = (struct str){user, (size_t)n};
	if (first.authzid.n > 0 && (n = scram_name(first.authzid, authzid, sizeof(authzid))) < 0)
		return false;
	if (first.authzid.n > 0)
		p.authzid = (struct str){authzid, (size_t)n};
	return ask(c, &p);
}

static const char *
no_plain(const struct conn *c)
{
	return account_secret_ok(c) ? NULL : CREDENTIAL_NOT_IN_CLEAR;
}

static const char *
no_external(const struct conn *c)
{
	return account_cert(c) != NULL ? NULL : "You have shown no certificate";
}

static const char *
no_scram(const struct conn *c)
{
	(void)c;
	return proc.opt.accounts_scram ? NULL : "SCRAM-SHA-256 is not offered here";
}

static const struct mechanism {
	const char *name;
	bool (*take)(struct conn *c, struct str s);
	const char *(*why_not)(const struct conn *c); /* NULL: c may use it */
} mechanisms[] = {
    {"PLAIN", take_plain, no_plain},
    {"EXTERNAL", take_external, no_external},
    {"SCRAM-SHA-256", take_scram, no_scram},
};

const char *
sasl_mechanisms(const struct conn *c)
{
	static char list[64];
	size_t n = 0;

	for (size_t i = 0; accounts_here() && i < ARRAY_LEN(mechanisms); i++) {
		if (mechanisms[i].why_not(c) == NULL)
			n += bprintf(list + n, sizeof(list) - n, "%s%s", n > 0 ? "," : "",
				     mechanisms[i].name);
	}
	return n > 0 ? list : "*";
}

static void
finish(struct conn *c)
{
	struct irc_sasl *s = c->irc->sasl;
	char plain[PLAIN_MAX];
	ssize_t n = base64_decode((struct str){s->in, s->n}, plain, sizeof(plain));
	bool asked = n >= 0 && !s->proved && s->mechanism->take(c, (struct str){plain, (size_t)n});

	explicit_bzero(plain, sizeof(plain));
	explicit_bzero(s->in, s->n);
	s->n = 0;
	/* it has logged out since, or has been */
	if (s->proved && account_of(c) == NULL)
		s->proved = false;
	if (n == 0 && s->proved)
		success(c);
	else if (!asked)
		failed(c, NULL);
}

/* --- the command ---------------------------------------------------------------------------------- */

static void
begin(struct conn *c, struct str name)
{
	const char *why = NULL;

	for (size_t i = 0; accounts_here() && i < ARRAY_LEN(mechanisms); i++) {
		if (!irc_is(name, mechanisms[i].name))
			continue;
		why = mechanisms[i].why_not(c);
		if (why != NULL)
			break;
		c->irc->sasl = xcalloc(1, sizeof(*c->irc->sasl));
		c->irc->sasl->mechanism = &mechanisms[i];
		irc_raw(c, "AUTHENTICATE +");
		return;
	}
	irc_num(c, RPL_SASLMECHS, "%s :are available SASL mechanisms", sasl_mechanisms(c));
	failed(c, why);
}

static void
gather(struct conn *c, struct str chunk)
{
	struct irc_sasl *s = c->irc->sasl;

	if (str_eq(chunk, STR_LIT("+"))) /* an empty one */
		chunk.n = 0;
	if (chunk.n > CHUNK || s->n + chunk.n > sizeof(s->in)) {
		take_back(c);
		over(c);
		irc_num(c, ERR_SASLTOOLONG, ":SASL message too long");
		return;
	}
	memcpy(s->in + s->n, chunk.p, chunk.n);
	s->n += chunk.n;
	if (chunk.n < CHUNK)
		finish(c);
}

enum irc_done
irc_AUTHENTICATE(struct conn *c, struct irc_run *r)
{
	struct str word = r->msg.param[0];

	if (str_eq(word, STR_LIT("*"))) {
		sasl_abort(c);
	} else if (c->irc->sasl != NULL) {
		gather(c, word);
	} else if (word.n > CHUNK) {
		irc_num(c, ERR_SASLTOOLONG, ":SASL message too long");
	} else if (!login_gate(c)) {
		irc_num(c, ERR_SASLFAIL, ":The server's password (PASS) comes first");
	} else {
		begin(c, word);
	}
	return IRC_DONE;
}
