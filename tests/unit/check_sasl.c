/* What clients say to log in to an account: base64, PLAIN, EXTERNAL and SCRAM, as tables of what their
 * RFCs say and of what strangers send instead. */
#include "config.h"

#include "lib/util.h"
#include "proto/sasl.h"
#include "unit_str.h"

/* --- base64 ---------------------------------------------------------------------------------- */

static const struct {
	const char *in, *out;
	size_t n;
} codes[] = {
    /* RFC 4648 section 10 */
    {"", LIT("")},
    {"Zg==", LIT("f")},
    {"Zm8=", LIT("fo")},
    {"Zm9v", LIT("foo")},
    {"Zm9vYg==", LIT("foob")},
    {"Zm9vYmE=", LIT("fooba")},
    {"Zm9vYmFy", LIT("foobar")},
    /* every bit, and both last letters of the alphabet */
    {"AAAA", LIT("\0\0\0")},
    {"////", LIT("\xff\xff\xff")},
    {"++//", LIT("\xfb\xef\xff")},
    {"AP8=", LIT("\0\xff")},
    {"amlsbGVzAGppbGxlcwBzZXNhbWU=", LIT("jilles\0jilles\0sesame")},
};

START_TEST(base64)
{
	struct str in = copy(codes[_i].in, strlen(codes[_i].in));
	char *out = malloc(codes[_i].n + 1);
	ssize_t n = base64_decode(in, out, codes[_i].n);

	ck_assert_int_eq(n, (ssize_t)codes[_i].n);
	assert_str((struct str){out, (size_t)n}, codes[_i].out, codes[_i].n, codes[_i].in);
	if (codes[_i].n > 0)
		ck_assert_int_eq(base64_decode(in, out, codes[_i].n - 1), -1);
	free(out);
	drop(in);
}
END_TEST

static const char *const no_codes[] = {
    "Z",        "Zg",       "Zg=",     "Zg===", "Zm9",  "Zm9v=", "Zm9vZg", "=",     "==",   "===",
    "====",     "Z===",     "=Zg=",    "Zg=a",  "Z=g=", "Zm 9",  "Zm9 ",   "Zm9\n", "Zm-v", "Zm_v",
    "Zm9vZ===", "Zg==Zg==", "Zm\x80v", "Zh==",  "Zm9=", "Zm:=",  "*AAA",   "+",
};

START_TEST(base64_refused)
{
	struct str in = copy(no_codes[_i], strlen(no_codes[_i]));
	char out[64];

	ck_assert_msg(base64_decode(in, out, sizeof(out)) == -1, "'%s'", no_codes[_i]);
	drop(in);
}
END_TEST

/* All values of a byte at all three places: each letter stands for its number only. */
START_TEST(base64_letters)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned b = 0; b < 256; b++) {
		const char *at = b != 0 ? strchr(alphabet, (int)b) : NULL;
		char in[4] = {'A', 'A', 'A', (char)b}, out[3];
		ssize_t n = base64_decode((struct str){in, 4}, out, 3);

		if (b == '=')
			ck_assert_int_eq(n, 2);
		else if (at == NULL)
			ck_assert_int_eq(n, -1);
		else
			ck_assert(n == 3 && out[0] == 0 && out[1] == 0 && out[2] == at - alphabet);
	}
}
END_TEST

/* --- PLAIN and EXTERNAL ------------------------------------------------------------------------ */

static const struct {
	const char *in;
	size_t n;
	const char *authzid, *authcid, *password; /* authcid NULL: refused */
} plains[] = {
    /* RFC 4616 section 4 */
    {LIT("\0tim\0tanstaaftanstaaf"), "", "tim", "tanstaaftanstaaf"},
    {LIT("Ursel\0Kurt\0xipj3plmq"), "Ursel", "Kurt", "xipj3plmq"},
    {LIT("a\0b\0c d:e"), "a", "b", "c d:e"},
    {LIT("\0g\xc3\xbcnther\0gr\xc3\xbc\xc3\x9f"), "", "g\xc3\xbcnther", "gr\xc3\xbc\xc3\x9f"},
    /* too few pieces, too many, empty ones */
    {LIT(""), NULL, NULL, NULL},
    {LIT("tim"), NULL, NULL, NULL},
    {LIT("\0"), NULL, NULL, NULL},
    {LIT("\0\0"), NULL, NULL, NULL},
    {LIT("\0\0\0"), NULL, NULL, NULL},
    {LIT("\0tim"), NULL, NULL, NULL},
    {LIT("\0tim\0"), NULL, NULL, NULL},
    {LIT("\0\0password"), NULL, NULL, NULL},
    {LIT("a\0\0password"), NULL, NULL, NULL},
    {LIT("a\0b\0c\0"), NULL, NULL, NULL},
    {LIT("a\0b\0c\0d"), NULL, NULL, NULL},
    /* no UTF-8 */
    {LIT("\0tim\0pass\xff"), NULL, NULL, NULL},
    {LIT("\0t\xc3\0pass"), NULL, NULL, NULL},
    {LIT("\xed\xa0\x80\0tim\0pass"), NULL, NULL, NULL},
};

START_TEST(plain)
{
	struct str in = copy(plains[_i].in, plains[_i].n);
	struct sasl_plain m;
	bool ok = sasl_plain_get(in, &m);

	ck_assert_int_eq(ok, plains[_i].authcid != NULL);
	if (ok) {
		assert_is(m.authzid, plains[_i].authzid, "authzid");
		assert_is(m.authcid, plains[_i].authcid, "authcid");
		assert_is(m.password, plains[_i].password, "password");
		assert_inside(m.authzid, in);
		assert_inside(m.authcid, in);
		assert_inside(m.password, in);
	}
	drop(in);
}
END_TEST

START_TEST(external)
{
	struct str id;

	ck_assert(sasl_external_get(STR_LIT(""), &id));
	assert_is(id, "", "none");
	ck_assert(sasl_external_get(STR_LIT("j\xc3\xbcrgen"), &id));
	assert_is(id, "j\xc3\xbcrgen", "UTF-8");
	ck_assert(!sasl_external_get((struct str){LIT("a\0b")}, &id));
	ck_assert(!sasl_external_get((struct str){LIT("\0")}, &id));
	ck_assert(!sasl_external_get(STR_LIT("\xff"), &id));
}
END_TEST

/* --- SCRAM --------------------------------------------------------------------------------------- */

static const struct {
	const char *in;
	char binding; /* 0: refused */
	const char *gs2, *bare, *authzid, *user, *nonce;
} firsts[] = {
    /* RFC 7677 section 3 */
    {"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", 'n', "n,,", "n=user,r=rOprNGfwEbeRWgbNEkqO", "", "user",
     "rOprNGfwEbeRWgbNEkqO"},
    {"y,,n=user,r=x", 'y', "y,,", "n=user,r=x", "", "user", "x"},
    {"p=tls-exporter,,n=user,r=x", 'p', "p=tls-exporter,,", "n=user,r=x", "", "user", "x"},
    {"n,a=other,n=user,r=x", 'n', "n,a=other,", "n=user,r=x", "other", "user", "x"},
    {"n,a=o=2Cr,n=u=3Dr,r=x=y", 'n', "n,a=o=2Cr,", "n=u=3Dr,r=x=y", "o=2Cr", "u=3Dr", "x=y"},
    {"n,,n=user,r=x,q=an-extension", 'n', "n,,", "n=user,r=x,q=an-extension", "", "user", "x"},
    {"n,,n=j\xc3\xbcrgen,r=x", 'n', "n,,", "n=j\xc3\xbcrgen,r=x", "", "j\xc3\xbcrgen", "x"},
    /* the header */
    {"", 0, NULL, NULL, NULL, NULL, NULL},
    {",", 0, NULL, NULL, NULL, NULL, NULL},
    {",,", 0, NULL, NULL, NULL, NULL, NULL},
    {",,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"x,,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"N,,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"nn,,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"p,,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"p=,,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,b=other,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,a=,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,a,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    /* what follows it */
    {"n,,", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,n=user", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,n=user,", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,n=,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,n=user,r=", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,r=x,n=user", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,m=must,n=user,r=x", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,n=user,r=a b", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,n=user,r=\xc3\xa4", 0, NULL, NULL, NULL, NULL, NULL},
    {"n,,n=us\xff,r=x", 0, NULL, NULL, NULL, NULL, NULL},
};

START_TEST(scram_first)
{
	struct str in = copy(firsts[_i].in, strlen(firsts[_i].in));
	struct scram_first m;
	bool ok = scram_first_get(in, &m);

	ck_assert_msg(ok == (firsts[_i].binding != 0), "'%s'", firsts[_i].in);
	if (ok) {
		ck_assert_int_eq(m.binding, firsts[_i].binding);
		assert_is(m.gs2, firsts[_i].gs2, "gs2");
		assert_is(m.bare, firsts[_i].bare, "bare");
		assert_is(m.authzid, firsts[_i].authzid, "authzid");
		assert_is(m.user, firsts[_i].user, "user");
		assert_is(m.nonce, firsts[_i].nonce, "nonce");
	}
	drop(in);
}
END_TEST

static const struct {
	const char *in;
	const char *binding, *nonce, *without, *proof; /* binding NULL: refused */
} finals[] = {
    /* RFC 7677 section 3 */
    {"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "biws", "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="},
    {"c=biws,r=x,p=y", "biws", "x", "c=biws,r=x", "y"},
    {"c=biws,r=x,q=more,p=y", "biws", "x", "c=biws,r=x,q=more", "y"},
    {"c=biws,r=x,p=first,p=y", "biws", "x", "c=biws,r=x,p=first", "y"},
    {"", NULL, NULL, NULL, NULL},
    {"c=biws", NULL, NULL, NULL, NULL},
    {"c=biws,r=x", NULL, NULL, NULL, NULL},
    {"c=biws,r=x,", NULL, NULL, NULL, NULL},
    {"c=biws,r=x,p=", NULL, NULL, NULL, NULL},
    {"c=biws,r=x,q=y", NULL, NULL, NULL, NULL},
    {"c=biws,r=x,p=y,q=z", NULL, NULL, NULL, NULL},
    {"c=biws,p=y,r=x", NULL, NULL, NULL, NULL},
    {"r=x,c=biws,p=y", NULL, NULL, NULL, NULL},
    {"c=,r=x,p=y", NULL, NULL, NULL, NULL},
    {"c=biws,r=,p=y", NULL, NULL, NULL, NULL},
    {"c=biws,r=a b,p=y", NULL, NULL, NULL, NULL},
    {"c=biws,r=x,p=\xff", NULL, NULL, NULL, NULL},
    {"p=y", NULL, NULL, NULL, NULL},
};

START_TEST(scram_final)
{
	struct str in = copy(finals[_i].in, strlen(finals[_i].in));
	struct scram_final m;
	bool ok = scram_final_get(in, &m);

	ck_assert_msg(ok == (finals[_i].binding != NULL), "'%s'", finals[_i].in);
	if (ok) {
		assert_is(m.binding, finals[_i].binding, "binding");
		assert_is(m.nonce, finals[_i].nonce, "nonce");
		assert_is(m.without_proof, finals[_i].without, "without the proof");
		assert_is(m.proof, finals[_i].proof, "proof");
	}
	drop(in);
}
END_TEST

static const struct {
	const char *in, *out; /* NULL: refused */
} names[] = {
    {"user", "user"}, {"a=2Cb", "a,b"}, {"a=3Db", "a=b"},
    {"=2C=3D", ",="}, {"=3D2C", "=2C"}, {"j\xc3\xbcrgen", "j\xc3\xbcrgen"},
    {"", NULL},       {"=", NULL},      {"a=2", NULL},
    {"a=", NULL},     {"a=2c", NULL},   {"a=3d", NULL},
    {"a=41", NULL},   {"a==3D", NULL},
};

START_TEST(scram_names)
{
	struct str in = copy(names[_i].in, strlen(names[_i].in));
	size_t want = names[_i].out != NULL ? strlen(names[_i].out) : 0;
	char out[32];
	ssize_t n = scram_name(in, out, sizeof(out));

	if (names[_i].out == NULL) {
		ck_assert_int_eq(n, -1);
	} else {
		assert_str((struct str){out, (size_t)MAX(n, 0)}, names[_i].out, want, names[_i].in);
		ck_assert_int_eq(scram_name(in, out, want - 1), -1);
	}
	drop(in);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sasl");
	TCase *tc = tcase_create("forms");

	tcase_add_loop_test(tc, base64, 0, ARRAY_LEN(codes));
	tcase_add_loop_test(tc, base64_refused, 0, ARRAY_LEN(no_codes));
	tcase_add_test(tc, base64_letters);
	tcase_add_loop_test(tc, plain, 0, ARRAY_LEN(plains));
	tcase_add_test(tc, external);
	tcase_add_loop_test(tc, scram_first, 0, ARRAY_LEN(firsts));
	tcase_add_loop_test(tc, scram_final, 0, ARRAY_LEN(finals));
	tcase_add_loop_test(tc, scram_names, 0, ARRAY_LEN(names));
	suite_add_tcase(s, tc);
	return unit_run(s);
}
