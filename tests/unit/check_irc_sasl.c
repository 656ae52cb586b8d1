/* The exchange of AUTHENTICATE as far as it goes without a store: mechanisms, pieces, limits, ends. What it says
 * is caught by functions that stand in for the worker's. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/util.h"
#include "unit.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/irc/sasl.h"
#include "worker/account.h"

#define PIECE 400
#define PIECES_MAX 4

static char said[256];
static bool accounts;
static struct irc irc;
static struct conn conn = {.irc = &irc};

bool
accounts_here(void)
{
	return accounts;
}

void
irc_num(struct conn *c, unsigned num, const char *fmt, ...)
{
	va_list ap;

	ck_assert_ptr_eq(c, &conn);
	sprintf(said + strlen(said), "%u ", num);
	va_start(ap, fmt);
	if (num == RPL_SASLMECHS)
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

static void
setup(void)
{
	accounts = true;
	irc = (struct irc){.conn = &conn};
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

#define LISTED "908 PLAIN,EXTERNAL,SCRAM-SHA-256 :are available SASL mechanisms904 "

START_TEST(mechanisms)
{
	ck_assert_str_eq(sasl_mechanisms(), "PLAIN,EXTERNAL,SCRAM-SHA-256");
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
	ck_assert_str_eq(sasl_mechanisms(), "*");
	ck_assert_str_eq(say("PLAIN"), "908 * :are available SASL mechanisms904 ");
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
	    "AGppbGxlcwBzZXNhbWU=", /* nobody there to ask */
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_str_eq(say("PLAIN"), "AUTHENTICATE +");
		ck_assert_msg(strcmp(say(bad[i]), "904 ") == 0, "%s: %s", bad[i], said);
		ck_assert_ptr_null(irc.sasl);
	}
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

int
main(void)
{
	Suite *s = suite_create("irc_sasl");
	TCase *tc = tcase_create("exchange");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, mechanisms);
	tcase_add_test(tc, aborted);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, pieces);
	tcase_add_test(tc, too_long);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
