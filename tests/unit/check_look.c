/* check_look.c - names that look like others'. */
#include "config.h"

#include <stdio.h>
#ifdef HAVE_ICU
#include <unicode/uspoof.h>
#endif

#include "broker/account.h"
#include "broker/look.h"
#include "ipc/proc.h"
#include "unit_str.h"
#include "world.h"

static uint64_t
come(const char *name)
{
	return world_login(0, name, "192.0.2.1");
}

static void
refused(const char *name)
{
	ck_assert_msg(come(name) == 0, "%s was let in", name);
	ck_assert_uint_eq(world_refused(), ERR_NICK_LOOKS);
}

static void
account(const char *name, uint64_t id)
{
	ck_assert(account_made(S(name), id, 0, 0));
}

/* --- what they look like ----------------------------------------------------------------------------- */

#ifdef HAVE_ICU
/* Every ASCII character is taken for what ICU takes it for. */
START_TEST(ascii_is_as_icu_has_it)
{
	UErrorCode err = U_ZERO_ERROR;
	USpoofChecker *checker = uspoof_open(&err);
	char icu[64], fold[64], got[LOOK_MAX];

	for (char c = 0x21; c < 0x7f; c++) {
		int32_t n;
		ssize_t len;
		size_t m;

		if (name_check((char[]){'a', c}, 2) != NAME_OK)
			continue; /* is in no name */
		n = uspoof_getSkeletonUTF8(checker, 0, &c, 1, icu, sizeof(icu), &err);
		ck_assert(U_SUCCESS(err));
		len = name_fold(icu, (size_t)n, fold, sizeof(fold));
		n = uspoof_getSkeletonUTF8(checker, 0, fold, (int32_t)len, icu, sizeof(icu), &err);
		ck_assert(U_SUCCESS(err));
		len = name_fold(icu, (size_t)n, fold, sizeof(fold));
		m = look_of(&c, 1, got);
		ck_assert_msg(m == (size_t)len && memcmp(got, fold, m) == 0, "%c: %.*s, not %.*s",
			      c, (int)m, got, (int)len, fold);
	}
	uspoof_close(checker);
}
END_TEST

START_TEST(what_is_taken)
{
	static const char *const like_admin[] = {"\u0430dmin", "adrnin", "adm\u0456n",
						 "\u0430\u0501rnin"};

	ck_assert(come("admin") && come("root") && come("PayPal") && come("mike") && come("Ian"));
	for (unsigned i = 0; i < sizeof(like_admin) / sizeof(like_admin[0]); i++)
		refused(like_admin[i]);
	refused("r00t");
	refused("ro\u03bft"); /* omicron */
	refused("PayPa1");
	refused("PayPaI");
	refused("paypa|");
	refused("\u0440\u0430\u0443pal"); /* all but "l" Cyrillic */
	refused("\u041cike"); /* a capital, which looks like M, not like m */
	refused("rnike");
	refused("lan");
	/* the same name is told about as ever */
	ck_assert_uint_eq(come("\uff52oot"), 0);
	ck_assert_uint_eq(world_refused(), ERR_NICK_TAKEN);
	ck_assert_uint_eq(come("paypal"), 0);
	ck_assert_uint_eq(world_refused(), ERR_NICK_TAKEN);
	/* and these are others */
	ck_assert(come("admins") && come("roots") && come("admin1") && come("ian2"));
}
END_TEST

START_TEST(what_is_reserved)
{
	refused("\u0455erver");
	refused("N\u0456ckServ");
	refused("Chan\u0405erv");
	ck_assert(come("Root"));
	snprintf(proc.opt.names_reserved, sizeof(proc.opt.names_reserved), "admin  oper");
	looks_options(&proc.opt);
	refused("admin");
	refused("adrnin");
	refused("\u043eper");
	ck_assert(come("opera"));
	/* with an account of that name it is one's own */
	account("admin", 7);
	proc.opt.names_lookalikes = 0;
	ck_assert(come("adm\u0456n"));
}
END_TEST

/* As many as the manual says; what is beyond is told in the log. */
START_TEST(sixty_are_reserved)
{
	char *names = proc.opt.names_reserved, name[8];
	size_t len = 0;

	bprintf(proc.opt.name, sizeof(proc.opt.name), "chat.example");
	for (unsigned i = 0; i < 62; i++)
		len += bprintf(names + len, sizeof(proc.opt.names_reserved) - len, "q%c%ca%s",
			       'a' + i / 26, 'a' + i % 26, i % 2 ? " " : "  ");
	looks_options(&proc.opt);
	for (unsigned i = 0; i < 62; i++) {
		bprintf(name, sizeof(name), "q%c%ca", 'a' + i / 26, 'a' + i % 26);
		if (i < 60)
			refused(name);
		else
			ck_assert(come(name));
	}
}
END_TEST

START_TEST(names_come_and_go)
{
	uint64_t u = come("alice"), v;

	refused("a1ice");
	ck_assert(world_nick(0, u, "bob"));
	v = come("a1ice");
	ck_assert(v);
	refused("alice");
	refused("b0b");
	/* one's own look is no other's */
	ck_assert(world_nick(0, v, "alIce"));
	ck_assert(world_nick(0, v, "a1ice"));
	ck_assert(!world_nick(0, u, "alice"));
	ck_assert_uint_eq(world_refused(), ERR_NICK_LOOKS);
	ck_assert(world_quit(0, v));
	ck_assert(world_nick(0, u, "alice"));
	/* a successor of the broker knows them too */
	world_reopen(&world);
	refused("a1ice");
	ck_assert(world_quit(0, u));
	ck_assert(come("a1ice"));
}
END_TEST

START_TEST(accounts_keep_their_looks)
{
	uint64_t u;

	account("Bill", 1);
	refused("BiII");
	refused("Bil1");
	world_reopen(&world);
	refused("BiII");
	/* by the name itself somebody else may go for a while */
	u = come("bill");
	ck_assert(u);
	ck_assert_uint_eq(LAST(login).reserved, (unsigned)proc.opt.accounts_grace);
	ck_assert(world_quit(0, u));
	/* its owner may be called as it likes, where that is nobody else's */
	u = come("guest");
	account_enter(regw_user(&br.reg, u), account_named(S("Bill")), S("Bill"));
	ck_assert(world_nick(0, u, "BiII"));
	ck_assert(world_nick(0, u, "Bill"));
	account_deleted(S("Bill"));
	ck_assert(world_quit(0, u));
	ck_assert(come("BiII"));
}
END_TEST

START_TEST(the_owner_is_not_locked_out)
{
	uint64_t u = come("adrnin"), v = come("guest");

	ck_assert(u && v);
	account("admin", 3);
	account_enter(regw_user(&br.reg, v), account_named(S("admin")), S("admin"));
	ck_assert(world_nick(0, v, "admin"));
}
END_TEST
#endif

/* --- whatever is built in ---------------------------------------------------------------------------- */

START_TEST(what_is_no_name)
{
	char out[LOOK_MAX], big[3 * LOOK_MAX];

	memset(big, 'm', sizeof(big));
	ck_assert_uint_le(look_of(big, sizeof(big), out), LOOK_MAX);
	ck_assert_uint_le(look_of("\xff\xfe", 2, out), LOOK_MAX);
	ck_assert_uint_eq(look_of("", 0, out), 0);
	for (unsigned i = 0; i < 200; i++)
		memcpy(big + 3 * i, "\uff4d", 3);
	ck_assert_uint_le(look_of(big, 600, out), LOOK_MAX);
}
END_TEST

/* Many come and go: the chains hold together. */
START_TEST(many)
{
	uint64_t users[250] = {0};
	char name[24];

	for (unsigned i = 0; i < 4000; i++) {
		unsigned k = (i * 7919) % 250;

		if (users[k] != 0 && i % 3 == 0) {
			ck_assert(world_quit(0, users[k]));
			users[k] = 0;
			continue;
		}
		snprintf(name, sizeof(name), "u%xm\u0436%x", k, i);
		if (users[k] != 0)
			ck_assert(world_nick(0, users[k], name));
		else
			ck_assert((users[k] = come(name)) != 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("look");
	TCase *t = tcase_create("look");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, world_setup, world_teardown);
#ifdef HAVE_ICU
	tcase_add_test(t, ascii_is_as_icu_has_it);
	tcase_add_test(t, what_is_taken);
	tcase_add_test(t, what_is_reserved);
	tcase_add_test(t, sixty_are_reserved);
	tcase_add_test(t, names_come_and_go);
	tcase_add_test(t, accounts_keep_their_looks);
	tcase_add_test(t, the_owner_is_not_locked_out);
#endif
	tcase_add_test(t, what_is_no_name);
	tcase_add_test(t, many);
	return unit_run(s);
}
