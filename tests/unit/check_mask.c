/* check_mask.c - masks: how they are written, whom they fit. */
#include "config.h"

#include <string.h>

#include "broker/mask.h"
#include "ipc/maskform.h"
#include "lib/util.h"
#include "unit.h"

/* --- how they are written ------------------------------------------------------------------------ */

START_TEST(masks_have_one_form)
{
	static const struct {
		const char *typed, *form, *shown; /* form NULL: no mask; shown NULL: as the form */
	} t[] = {
	    {"bob", "bob!*@*", "bob"},
	    {"Bob!*@*", "Bob!*@*", "Bob"},
	    {"*", "*!*@*", "*"},
	    {"bo*", "bo*!*@*", "bo*"},
	    {"bob!ident", "bob!ident@*", NULL},
	    {"ident@host", "*!ident@host", NULL},
	    {"~ident@host", "*!~ident@host", NULL},
	    {"@host", "*!*@host", NULL},
	    {"bob!", "bob!*@*", "bob"},
	    {"!@", "*!*@*", "*"},
	    {"a!b@c", "a!b@c", NULL},
	    {"192.0.2.0/24", "*!*@192.0.2.0/24", "192.0.2.0/24"},
	    {"*!*@192.0.2.1", "*!*@192.0.2.1", "192.0.2.1"},
	    {"2001:db8::/32", "*!*@2001:db8::/32", "2001:db8::/32"},
	    {"a::1", "*!*@a::1", "a::1"},
	    {"*.example.org", "*!*@*.example.org", "*.example.org"},
	    {"*!*@localhost", "*!*@localhost", NULL},
	    {"~a:alice", "~a:alice", NULL},
	    {"a:alice", "~a:alice", NULL},
	    {"~r:*money*", "~r:*money*", NULL},
	    {"~m:bob", "~m:bob!*@*", "~m:bob"},
	    {"m:bob!*@*", "~m:bob!*@*", "~m:bob"},
	    {"~m:~a:x", "~m:~a:x", NULL},
	    {"~m:r:x", "~m:~r:x", NULL},
	    {"", NULL, NULL},
	    {"~m:", NULL, NULL},
	    {"~a:", NULL, NULL},
	    {"~m:~m:x", NULL, NULL},
	    {"~q:x", NULL, NULL},
	    {"~bob", NULL, NULL},
	    {"1.2.3.4/33", NULL, NULL},
	    {"*!*@300.2.3.4/9", NULL, NULL},
	    {"300.2.3.4/9", NULL, NULL},
	    {"300.1.2.3", NULL, NULL},
	    {"*!*@300.1.2.3", NULL, NULL},
	    {"bob!x@192.0.2", NULL, NULL},
	    {"192.0.2.", NULL, NULL},
	    {"192.0.2.1.", NULL, NULL},
	    {"192.0.2.1:80", NULL, NULL},
	    {"2001:db8:::1", NULL, NULL},
	    {"*!*@1::2::3", NULL, NULL},
	    {"~m:1.2.3.400", NULL, NULL},
	    {"12345", NULL, NULL},
	    {"@12345", NULL, NULL},
	    {"192.0.2.*", "*!*@192.0.2.*", "192.0.2.*"},
	    {"300.1.2.*", "*!*@300.1.2.*", "300.1.2.*"},
	    {"2001:db8:*", "*!*@2001:db8:*", "2001:db8:*"},
	    {"dead.beef", "*!*@dead.beef", "dead.beef"},
	    {"1and1.example", "*!*@1and1.example", "1and1.example"},
	    {"a-1.2", "*!*@a-1.2", "a-1.2"},
	    {"*!*@some/where", "*!*@some/where", NULL},
	    {"x.y/z", NULL, NULL},
	    {"a/b", NULL, NULL},
	    {"a b", NULL, NULL},
	    {"a,b", NULL, NULL},
	    {"a!b!c@d", NULL, NULL},
	    {"a@b@c", NULL, NULL},
	    {"a@b!c", NULL, NULL},
	    {":x!*@*", NULL, NULL},
	    {"\x1b[2J", NULL, NULL},
	};
	char form[MASK_MAX + 1], again[MASK_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		size_t n = mask_canon(str_of(t[i].typed), form);
		const char *want = t[i].form != NULL ? t[i].form : "";
		struct str shown;

		ck_assert_msg(n == strlen(want) && strcmp(form, want) == 0, "%s: %s", t[i].typed,
			      form);
		if (n == 0)
			continue;
		ck_assert_uint_eq(mask_canon(str_of(form), again), n);
		ck_assert_str_eq(form, again);
		shown = mask_show(str_of(form));
		ck_assert_msg(str_eq(shown, str_of(t[i].shown != NULL ? t[i].shown : form)),
			      "%s shown as " STR_FMT, form, STR_ARG(shown));
	}
}
END_TEST

START_TEST(masks_that_are_too_long_are_none)
{
	char typed[MASK_MAX + 1], form[MASK_MAX + 1];

	memset(typed, 'a', sizeof(typed));
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX - 4}, form), MASK_MAX);
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX - 3}, form), 0);
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX + 1}, form), 0);
	memcpy(typed, "~r:", 3);
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX}, form), MASK_MAX);
	memcpy(typed, "m:r", 3);
	typed[3] = ':';
	ck_assert_uint_eq(mask_canon((struct str){typed, MASK_MAX}, form), 0);
}
END_TEST

/* --- whom they fit --------------------------------------------------------------------------------- */

static bool
compiled(struct mask *m, const char *typed)
{
	char form[MASK_MAX + 1];

	return mask_canon(str_of(typed), form) > 0 && mask_compile(m, form);
}

START_TEST(masks_fit_people)
{
	static const struct {
		const char *mask, *fold, *ident, *host, *address, *account, *real;
		bool match;
	} t[] = {
#define SOMEBODY "spammer", "telnet", "192.0.2.1", "192.0.2.1", "", "spammer"
	    {"spam*", SOMEBODY, true},
	    {"SPAM*", SOMEBODY, true},
	    {"sp?mmer", SOMEBODY, true},
	    {"s?mmer", SOMEBODY, false},
	    {"*", SOMEBODY, true},
	    {"s*a*m*r", SOMEBODY, true},
	    {"s*a*z*r", SOMEBODY, false},
	    {"192.0.2.1", SOMEBODY, true},
	    {"192.0.2.0/24", SOMEBODY, true},
	    {"192.0.2.128/25", SOMEBODY, false},
	    {"0.0.0.0/0", SOMEBODY, true},
	    {"::/0", SOMEBODY, true},
	    {"192.0.2.*", SOMEBODY, true},
	    {"*!telnet@*", SOMEBODY, true},
	    {"*!TELNET@192.0.2.1", SOMEBODY, true},
	    {"*!~telnet@*", SOMEBODY, true},
	    {"*!irc@*", SOMEBODY, false},
	    {"spammer!*@192.0.3.*", SOMEBODY, false},
	    {"~a:*", SOMEBODY, false},
	    {"~r:spam*", SOMEBODY, true},
#define BOB "bob", "bo", "Vhost.Example.ORG", "2001:db8:1::1", "Bobby", "Bob the Builder"
	    {"*.example.org", BOB, true},
	    {"*!bo@*.EXAMPLE.org", BOB, true},
	    {"2001:db8::/32", BOB, true},
	    {"2001:db8:1::1", BOB, true},
	    {"2001:db8:*", BOB, true},
	    {"0.0.0.0/0", BOB, false},
	    {"2001:db9::/32", BOB, false},
	    {"~a:bobby", BOB, true},
	    {"~a:BOB*", BOB, true},
	    {"~a:bob", BOB, false},
	    {"~a:*", BOB, true},
	    {"~r:bob?the?builder", BOB, true},
	    {"~r:*BUILDER", BOB, true},
	    {"~r:builder", BOB, false},
	    {"~m:bob", BOB, true},
	    {"192.0.2.0/24", "bob", "x", "h", "unix", "", "", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct mask_subject s;
		struct mask m;

		mask_subject_init(&s);
		s.fold = t[i].fold;
		s.ident = t[i].ident;
		s.host = t[i].host;
		s.address = t[i].address;
		s.account = t[i].account;
		s.real = t[i].real;
		ck_assert_msg(compiled(&m, t[i].mask), "%s", t[i].mask);
		ck_assert_msg(mask_fits(&m, &s) == t[i].match, "%s %s", t[i].mask, t[i].fold);
	}
}
END_TEST

START_TEST(masks_are_the_same_however_written)
{
	static const struct {
		const char *a, *b;
		bool same;
	} t[] = {
	    {"bob", "BOB!*@*", true},
	    {"bob!X@Host", "Bob!x@hOST", true},
	    {"bob", "bob!x", false},
	    {"Stra\xc3\x9f"
	     "e",
	     "STRASSE", true},
	    {"~a:Bob", "a:bob", true},
	    {"~a:bob", "~r:bob", false},
	    {"~m:bob", "bob", false},
	    {"a!bc@d", "a!b@cd", false},
	};
	struct mask a, b;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		ck_assert(compiled(&a, t[i].a) && compiled(&b, t[i].b));
		ck_assert_msg(mask_equal(&a, &b) == t[i].same, "%s %s", t[i].a, t[i].b);
	}
	/* nobody sees it: its fold is empty */
	ck_assert(!compiled(&a, "\xe2\x80\x8d"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mask");
	TCase *t = tcase_create("mask");

	suite_add_tcase(s, t);
	tcase_add_test(t, masks_have_one_form);
	tcase_add_test(t, masks_that_are_too_long_are_none);
	tcase_add_test(t, masks_fit_people);
	tcase_add_test(t, masks_are_the_same_however_written);
	return unit_run(s);
}
