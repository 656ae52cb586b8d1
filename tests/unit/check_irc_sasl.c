/* AUTHENTICATE: mechanisms, pieces, limits, ends, and what is asked of the broker, whose answers are played. What it says
 * is caught by functions that stand in for the worker's. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "proto/sasl.h"
#include "unit.h"
#include "worker/account.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/login.h"
#include "worker/irc/reply.h"
#include "worker/irc/sasl.h"
#include "worker/request.h"

#define PIECE 400
#define PIECES_MAX 4

struct proc proc;
static char said[4096], asked[4096];
static bool accounts, private, gate;
#define PRINT "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffee0123"
#define PROOF "sixteen bytes..."
static const char *cert, *account;
static struct irc irc;
static struct conn conn;
static ticket_fn *waits; /* for what was asked */

bool
accounts_here(void)
{
	return accounts;
}

bool
account_secret_ok(const struct conn *c)
{
	(void)c;
	return private;
}

const char *
account_cert(const struct conn *c)
{
	(void)c;
	return cert;
}

bool
login_gate(const struct conn *c)
{
	(void)c;
	return gate;
}

void
account_authed(struct conn *c, const struct m_e_authed *e)
{
	(void)c;
	sprintf(said + strlen(said), "[" STR_FMT "]", STR_ARG(e->account));
	account = "alice";
}

const char *
account_of(const struct conn *c)
{
	(void)c;
	return account;
}

void
account_is(struct conn *c, struct str name)
{
	(void)c;
	ck_assert_uint_eq(name.n, 0);
	strcat(said, "[]");
	account = NULL;
}

void
login_told(struct conn *c)
{
	(void)c;
	strcat(said, "900 ");
}

void
irc_num(struct conn *c, unsigned num, const char *fmt, ...)
{
	va_list ap;

	ck_assert_ptr_eq(c, &conn);
	sprintf(said + strlen(said), "%u ", num);
	va_start(ap, fmt);
	if (num == RPL_SASLMECHS || strstr(fmt, "PASS") != NULL)
		vsprintf(said + strlen(said), fmt, ap);
	va_end(ap);
}

void
irc_raw(struct conn *c, const char *fmt, ...)
{
	va_list ap;

	ck_assert_ptr_eq(c, &conn);
	va_start(ap, fmt);
	vsprintf(said + strlen(said), fmt, ap);
	va_end(ap);
}

bool
late_failed(const struct late *l, unsigned *code_r, struct str *arg_r)
{
	const struct m_e_failed *e = l->e;

	if (l->type != MSG_e_failed)
		return false;
	*code_r = e->code;
	*arg_r = e->arg;
	return true;
}

void
request_auth(struct conn *c, const struct proof *p, ticket_fn *fn)
{
	ck_assert_ptr_eq(c, &conn);
	sprintf(asked, "%u %u " STR_FMT "|" STR_FMT "|" STR_FMT, p->mech, p->ticket,
		STR_ARG(p->name), STR_ARG(p->authzid), STR_ARG(p->secret));
	waits = fn;
}

void
request_account(struct conn *c, enum account_op op, struct str password, struct str text,
		ticket_fn *fn)
{
	(void)c;
	(void)password;
	(void)text;
	sprintf(asked, "op %u", op);
	waits = fn;
}

static void
setup(void)
{
	accounts = private = gate = true;
	cert = PRINT;
	proc.opt.accounts_scram = 1;
	irc = (struct irc){.conn = &conn};
	memcpy(irc.cert_proof, PROOF, sizeof(irc.cert_proof));
	conn = (struct conn){.irc = &irc};
	asked[0] = '\0';
}

static void
teardown(void)
{
	sasl_free(irc.sasl);
}

static const char *
ask(const char *p, size_t n)
{
	struct irc_run r = {.msg = {.param = {{p, n}}, .n = 1}};

	said[0] = '\0';
	ck_assert_int_eq(irc_AUTHENTICATE(&conn, &r), IRC_DONE);
	return said;
}

static const char *
say(const char *word)
{
	return ask(word, strlen(word));
}

static const char *
piece(size_t n)
{
	char p[1024];

	memset(p, 'A', sizeof(p));
	return ask(p, n);
}

/* The broker's answer to what was asked. */
static const char *
answer(unsigned type, const void *e)
{
	struct late l = {.type = type, .e = e, .number = 7};
	ticket_fn *fn = waits;

	ck_assert_ptr_nonnull(fn);
	waits = NULL;
	said[0] = '\0';
	fn(&conn, &l);
	return said;
}

static const char *
fails(unsigned code)
{
	struct m_e_failed e = {.code = (uint16_t)code, .arg = STR_LIT("")};

	return answer(MSG_e_failed, &e);
}

static const char *
authed(const char *data)
{
	struct m_e_authed e = {.account = STR_LIT("jilles"), .data = str_of(data)};

	return answer(MSG_e_authed, &e);
}

static const char *
challenge(const char *data)
{
	struct m_e_challenge e = {.data = str_of(data)};

	return answer(MSG_e_challenge, &e);
}

#define LISTED "908 PLAIN,EXTERNAL,SCRAM-SHA-256 :are available SASL mechanisms904 "
#define JILLES "amlsbGVzAGppbGxlcwBzZXNhbWU=" /* jilles, jilles, sesame */

START_TEST(mechanisms)
{
	ck_assert_str_eq(sasl_mechanisms(&conn), "PLAIN,EXTERNAL,SCRAM-SHA-256");
	ck_assert_str_eq(say("NONE"), LISTED);
	ck_assert_str_eq(say("PLAI"), LISTED);
	ck_assert_str_eq(say("PLAIN "), LISTED);
	ck_assert_str_eq(say(""), LISTED);
	ck_assert_str_eq(say("+"), LISTED);
	ck_assert_ptr_null(irc.sasl);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_str_eq(say((const char *[]){"PLAIN", "external", "Scram-Sha-256"}[i]),
				 "AUTHENTICATE +");
		ck_assert_ptr_nonnull(irc.sasl);
		ck_assert_str_eq(say("*"), "906 ");
	}
	accounts = false;
	ck_assert_str_eq(sasl_mechanisms(&conn), "*");
	ck_assert_str_eq(say("PLAIN"), "908 * :are available SASL mechanisms904 ");
	ck_assert_ptr_null(irc.sasl);
}
END_TEST

/* A password is not taken where it could be read, a certificate only where there is one. */
START_TEST(not_to_all)
{
	private = false;
	cert = NULL;
	ck_assert_str_eq(sasl_mechanisms(&conn), "SCRAM-SHA-256");
	ck_assert_str_eq(say("PLAIN"), "908 SCRAM-SHA-256 :are available SASL mechanisms904 ");
	ck_assert_str_eq(say("EXTERNAL"), "908 SCRAM-SHA-256 :are available SASL mechanisms904 ");
	proc.opt.accounts_scram = 0;
	ck_assert_str_eq(sasl_mechanisms(&conn), "*");
	ck_assert_str_eq(say("SCRAM-SHA-256"), "908 * :are available SASL mechanisms904 ");
	private = true;
	ck_assert_str_eq(sasl_mechanisms(&conn), "PLAIN");
	gate = false;
	ck_assert_str_eq(say("PLAIN"), "904 :The server's password (PASS) comes first");
	ck_assert_ptr_null(irc.sasl);
}
END_TEST

START_TEST(aborted)
{
	ck_assert_str_eq(say("*"), "906 ");
	ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
	ck_assert_str_eq(piece(PIECE), "");
	ck_assert_str_eq(say("*"), "906 ");
	ck_assert_ptr_null(irc.sasl);
	ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
	sasl_abort(&conn);
	ck_assert_ptr_null(irc.sasl);
	ck_assert_str_eq(asked, "");
}
END_TEST

/* What is refused ends the exchange: another may begin. */
START_TEST(refused)
{
	static const char *const bad[] = {
	    "+", /* nothing */
	    "x", /* no base64 */
	    "AAA",
	    "AA=A",
	    "amlsbGVz", /* no three pieces */
	    "AGppbGxlcwA=",
	    "AGppbGxlcwBzZXNhbWU", /* padding is missing */
	    "AGppbGxlcwBzZXNhbWX=",
	    "AP8A/w==", /* no UTF-8 */
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
		ck_assert_msg(strcmp(say(bad[i]), "904 ") == 0, "%s: %s", bad[i], said);
		ck_assert_ptr_null(irc.sasl);
	}
	ck_assert_str_eq(asked, "");
}
END_TEST

/* A piece of 400 is followed by another, which may be an empty one; so many and no more. */
START_TEST(pieces)
{
	for (unsigned n = 0; n <= PIECES_MAX; n++) {
		ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
		for (unsigned i = 0; i < n; i++)
			ck_assert_str_eq(piece(PIECE), "");
		ck_assert_str_eq(say("+"), "904 ");
		ck_assert_ptr_null(irc.sasl);
	}
	ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
	for (unsigned i = 0; i < PIECES_MAX; i++)
		ck_assert_str_eq(piece(PIECE), "");
	ck_assert_str_eq(piece(4), "905 ");
	ck_assert_ptr_null(irc.sasl);
	ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
	ck_assert_str_eq(piece(PIECE - 1), "904 ");
}
END_TEST

START_TEST(too_long)
{
	ck_assert_str_eq(piece(PIECE + 1), "905 ");
	ck_assert_str_eq(piece(PIECE), LISTED);
	ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
	ck_assert_str_eq(piece(PIECE + 1), "905 ");
	ck_assert_ptr_null(irc.sasl);
	ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
	ck_assert_str_eq(piece(PIECE), "");
	ck_assert_str_eq(piece(PIECE + 100), "905 ");
	ck_assert_ptr_null(irc.sasl);
}
END_TEST

START_TEST(plain)
{
	say("PLAIN");
	ck_assert_str_eq(say(JILLES), "");
	ck_assert_str_eq(asked, "0 0 jilles|jilles|sesame");
	ck_assert_str_eq(authed(""), "[jilles]900 903 ");
	ck_assert_ptr_null(irc.sasl);
	/* and once more: that is allowed */
	say("PLAIN");
	say(JILLES);
	ck_assert_str_eq(fails(ERR_LOGIN_WRONG), "904 ");
	ck_assert_ptr_null(irc.sasl);
	say("PLAIN");
	say(JILLES);
	ck_assert_str_eq(fails(ERR_ACCOUNT_DISABLED), "902 ");
	say("PLAIN");
	say(JILLES);
	ck_assert_str_eq(fails(ERR_STORE_AWAY), "904 ");
}
END_TEST

/* A password of the greatest length, and one of a byte more. */
START_TEST(plain_limits)
{
	char message[PASSWORD_MAX + 8], text[PASSWORD_MAX * 2];
	size_t n;

	for (unsigned more = 0; more < 2; more++) {
		memset(message, 'x', sizeof(message));
		memcpy(message, "\0j\0", 3);
		n = base64_encode((struct str){message, 3 + PASSWORD_MAX + more}, text,
				  sizeof(text));
		asked[0] = '\0';
		say("PLAIN");
		ck_assert_str_eq(ask(text, PIECE), "");
		ck_assert_str_eq(ask(text + PIECE, n - PIECE), more ? "904 " : "");
		ck_assert_uint_eq(asked[0] == '\0', more);
		if (!more)
			fails(ERR_LOGIN_WRONG);
	}
}
END_TEST

START_TEST(external)
{
	say("EXTERNAL");
	ck_assert_str_eq(say("+"), "");
	ck_assert_str_eq(asked, "3 0 ||" PRINT PROOF);
	authed("");
	say("EXTERNAL");
	say("amlsbGVz");
	ck_assert_str_eq(asked, "3 0 |jilles|" PRINT PROOF);
	ck_assert_str_eq(fails(ERR_CERT_UNKNOWN), "904 ");
}
END_TEST

#define FIRST "bixhPWMsbj1hPTJDYixyPW5vbmNl" /* n,a=c,n=a=2Cb,r=nonce */
#define FINAL "Yz1iaXdzLHI9bm9uY2VtaW5lLHA9cHJvb2Y=" /* c=biws,r=noncemine,p=proof */

static void
scram_to_final(void)
{
	ck_assert_str_eq(say("SCRAM-SHA-256"), "AUTHENTICATE +");
	ck_assert_str_eq(say(FIRST), "");
	ck_assert_str_eq(asked, "1 0 a,b|c|n,a=c,n=a=2Cb,r=nonce");
	ck_assert_str_eq(challenge("r=noncemine"), "AUTHENTICATE cj1ub25jZW1pbmU=");
	ck_assert_str_eq(say(FINAL), "");
	ck_assert_str_eq(asked, "2 7 ||c=biws,r=noncemine,p=proof");
}

START_TEST(scram)
{
	scram_to_final();
	ck_assert_str_eq(authed("v=me"), "[jilles]AUTHENTICATE dj1tZQ==");
	ck_assert_str_eq(say("+"), "900 903 ");
	ck_assert_ptr_null(irc.sasl);
	scram_to_final();
	ck_assert_str_eq(fails(ERR_LOGIN_WRONG), "904 ");
	ck_assert_ptr_null(irc.sasl);
}
END_TEST

/* A client that finds the server's proof wrong, or has other things to say, is not logged in. */
START_TEST(scram_distrusted)
{
	static const char *const words[][2] = {{"*", "[]906 "}, {"AAAA", "[]904 "}};

	for (unsigned i = 0; i < 2; i++) {
		scram_to_final();
		authed("v=me");
		ck_assert_str_eq(say(words[i][0]), words[i][1]);
		ck_assert_ptr_null(irc.sasl);
	}
	conn.state = CONN_READY;
	scram_to_final();
	authed("v=me");
	ck_assert_str_eq(say("*"), "906 ");
	ck_assert_uint_eq(atoi(asked + 3), ACCOUNT_LOGOUT);
}
END_TEST

START_TEST(scram_forms)
{
	static const char *const bad[] = {"+", "bixhPWM=", "AAAA", JILLES, FINAL};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		say("SCRAM-SHA-256");
		ck_assert_msg(strcmp(say(bad[i]), "904 ") == 0, "%s: %s", bad[i], said);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad) - 1; i++) {
		say("SCRAM-SHA-256");
		say(FIRST);
		challenge("r=noncemine");
		ck_assert_msg(strcmp(say(bad[i]), "904 ") == 0, "%s: %s", bad[i], said);
	}
}
END_TEST

/* What fills its last piece is followed by an empty one. */
START_TEST(long_challenge)
{
	char data[301];

	memset(data, 'x', sizeof(data));
	data[300] = '\0';
	say("SCRAM-SHA-256");
	say(FIRST);
	challenge(data);
	ck_assert_uint_eq(strlen(said), 13 + PIECE + 14);
	ck_assert_str_eq(said + 13 + PIECE, "AUTHENTICATE +");
	say("*");
	say("SCRAM-SHA-256");
	say(FIRST);
	data[297] = '\0';
	challenge(data);
	ck_assert_uint_eq(strlen(said), 13 + PIECE - 4);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("irc_sasl");
	TCase *tc = tcase_create("exchange");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, mechanisms);
	tcase_add_test(tc, not_to_all);
	tcase_add_test(tc, aborted);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, pieces);
	tcase_add_test(tc, too_long);
	tcase_add_test(tc, plain);
	tcase_add_test(tc, plain_limits);
	tcase_add_test(tc, external);
	tcase_add_test(tc, scram);
	tcase_add_test(tc, scram_distrusted);
	tcase_add_test(tc, scram_forms);
	tcase_add_test(tc, long_challenge);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
