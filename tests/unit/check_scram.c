/* check_scram.c - what chatd-auth computes: SCRAM-SHA-256 by the vectors of RFC 7677, hashes of passwords. */
#include "config.h"

#include <sodium.h>
#include <string.h>

#include "auth/password.h"
#include "auth/scram.h"
#include "ipc/pwhash.h"
#include "unit_str.h"

/* RFC 7677 section 3 */
#define FIRST "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define NONCE "rOprNGfwEbeRWgbNEkqO" SERVER_NONCE
#define SERVER_FIRST "r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define PROOF "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define FINAL "c=biws,r=" NONCE "," PROOF
#define SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static char verifier[SCRAM_MAX + 1];

static void
setup(void)
{
	struct scram_verifier v = {.iterations = 4096};

	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(
	    base64_decode(STR_LIT("W22ZaJ0SNY7soEsUEjb6gQ=="), (char *)v.salt, sizeof(v.salt)),
	    sizeof(v.salt));
	ck_assert(scram_derive(STR_LIT("pencil"), &v));
	verifier[scram_verifier_put(&v, verifier, SCRAM_MAX)] = '\0';
}

static const char *
first(const char *said)
{
	static char out[AUTH_SECRET_MAX + 1];
	size_t n = scram_first(str_of(verifier), str_of(said), STR_LIT(SERVER_NONCE), out);

	out[n] = '\0';
	return out;
}

static const char *
final(const char *began, const char *server, const char *said)
{
	static char out[AUTH_SECRET_MAX + 1];
	size_t n = scram_final(str_of(verifier), str_of(began), str_of(server), str_of(said), out);

	out[n] = '\0';
	return out;
}

START_TEST(the_vectors_of_the_rfc)
{
	ck_assert_str_eq(first(FIRST), SERVER_FIRST);
	ck_assert_str_eq(final(FIRST, SERVER_FIRST, FINAL), SERVER_FINAL);
}
END_TEST

START_TEST(what_is_not_offered)
{
	ck_assert_str_eq(first("p=tls-unique,,n=user,r=abc"), "");
	ck_assert_str_eq(first("n,,m=ext,n=user,r=abc"), "");
	ck_assert_str_eq(first("y,,n=user,r=abc"),
			 "r=abc" SERVER_NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
}
END_TEST

/* One byte another anywhere, and there is no proof. */
START_TEST(no_other_proof)
{
	char said[] = FINAL, server[] = SERVER_FIRST, began[] = FIRST;

	for (size_t i = 0; i < sizeof(said) - 2; i++) {
		said[i] ^= 1;
		ck_assert_msg(*final(FIRST, SERVER_FIRST, said) == '\0', "byte %zu", i);
		said[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof(server) - 1; i++) {
		server[i] ^= 1;
		ck_assert_msg(*final(FIRST, server, FINAL) == '\0', "byte %zu", i);
		server[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof(began) - 1; i++) {
		began[i] ^= 1;
		ck_assert_msg(*final(began, SERVER_FIRST, FINAL) == '\0', "byte %zu", i);
		began[i] ^= 1;
	}
	ck_assert_str_eq(final("y,,n=user,r=rOprNGfwEbeRWgbNEkqO", SERVER_FIRST, FINAL), "");
	ck_assert_str_eq(final(FIRST, "", FINAL), "");
	ck_assert_str_eq(final(FIRST, SERVER_FIRST, "c=biws,r=" NONCE), "");
}
END_TEST

START_TEST(verifiers)
{
	char a[SCRAM_MAX + 1], b[SCRAM_MAX + 1];
	struct scram_verifier v;

	ck_assert(scram_make(STR_LIT("pencil"), a) && scram_make(STR_LIT("pencil"), b));
	ck_assert_str_ne(a, b);
	ck_assert(scram_verifier_get(str_of(a), &v));
	ck_assert_uint_eq(v.iterations, SCRAM_ITERATIONS);
	for (size_t n = 0; n < strlen(a); n++)
		ck_assert(!scram_verifier_get((struct str){a, n}, &v));
	for (size_t cap = 0; cap <= strlen(a); cap++)
		ck_assert_uint_eq(scram_verifier_put(&v, b, cap), 0);
	ck_assert(!scram_make(STR_LIT("pen\tcil"), a));
	ck_assert(!scram_make(STR_LIT(""), a));
}
END_TEST

START_TEST(nonces_are_fresh)
{
	char a[SCRAM_NONCE_LEN], b[SCRAM_NONCE_LEN];

	scram_nonce(a);
	scram_nonce(b);
	ck_assert_mem_ne(a, b, sizeof(a));
	ck_assert_ptr_null(memchr(a, ',', sizeof(a)));
}
END_TEST

START_TEST(passwords)
{
	char hash[PWHASH_MAX + 1];

	ck_assert(password_hash(STR_LIT("correct horse"), 8192, hash));
	ck_assert_ptr_null(pwhash_wrong(hash, strlen(hash)));
	ck_assert_ptr_nonnull(strstr(hash, "m=8192,"));
	ck_assert(password_fits(str_of(hash), 8192, STR_LIT("correct horse")));
	ck_assert(!password_fits(str_of(hash), 8192, STR_LIT("correct Horse")));
	ck_assert(!password_fits(str_of(hash), 8192, STR_LIT("")));
	ck_assert(!password_fits(STR_LIT(""), 8192, STR_LIT("correct horse")));
	ck_assert(!password_fits(STR_LIT("$1$x"), 8192, STR_LIT("correct horse")));
	ck_assert(!password_stale(str_of(hash), 8192));
	ck_assert(password_stale(str_of(hash), 16384));
	ck_assert(!password_hash(STR_LIT(""), 8192, hash));
	ck_assert(!password_hash(STR_LIT("a\nb"), 8192, hash));
	ck_assert(!password_hash(STR_LIT("word"), PWHASH_MEM_MAX_KIB + 1, hash));
	/* the same word from another keyboard: composed, decomposed, full width */
	ck_assert(password_hash(STR_LIT("Zo\xc3\xab 1"), 8192, hash));
	ck_assert(password_fits(str_of(hash), 8192, STR_LIT("Zoe\xcc\x88 1")));
	ck_assert(password_fits(str_of(hash), 8192, STR_LIT("Zo\xc3\xab\xc2\xa0\xef\xbc\x91")));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("scram");
	TCase *t = tcase_create("scram");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_vectors_of_the_rfc);
	tcase_add_test(t, what_is_not_offered);
	tcase_add_test(t, no_other_proof);
	tcase_add_test(t, verifiers);
	tcase_add_test(t, nonces_are_fresh);
	tcase_add_test(t, passwords);
	return unit_run(s);
}
