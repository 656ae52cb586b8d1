/* Session tickets: a key lasts an hour and is taken for one more, and is the same wherever the secret is. */
#include "config.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "ipc/ipc.h"
#include "tls/tickets.h"
#include "unit.h"

#define HOUR ((uint64_t)TICKETS_SECONDS * 1000)

static uint64_t now = 500000 * HOUR + HOUR / 2;
static SSL_CTX *server, *client;
static SSL_SESSION *shown; /* the last one that the client was given */

/* The linker has tickets.c take this one. */
uint64_t __wrap_wall_ms(void);
uint64_t
__wrap_wall_ms(void)
{
	return now;
}

static int
given(SSL *s, SSL_SESSION *session)
{
	(void)s;
	SSL_SESSION_free(shown);
	shown = session;
	return 1;
}

static void
secret(char c)
{
	char bytes[TLS_SECRET];

	memset(bytes, c, sizeof(bytes));
	tickets_secret((struct str){bytes, sizeof(bytes)});
}

/* Somebody who is nobody. */
static void
certificate(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	ck_assert(X509_set_pubkey(x, key) == 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	ck_assert(X509_sign(x, key, EVP_sha256()) > 0);
	ck_assert(SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void
set_up(void)
{
	now = 500000 * HOUR + HOUR / 2;
	server = SSL_CTX_new(TLS_server_method());
	client = SSL_CTX_new(TLS_client_method());
	certificate(server);
	tickets_for(server);
	secret('s');
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(client, given);
}

static void
tear_down(void)
{
	SSL_SESSION_free(shown);
	shown = NULL;
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

/* One after the other, through memory, until both have done and the ticket has come. */
static void
shake(SSL *a, SSL *b)
{
	char c;

	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(a);
		SSL_do_handshake(b);
	}
	ck_assert(SSL_is_init_finished(a) && SSL_is_init_finished(b));
	(void)!SSL_read(a, &c, 1);
	ERR_clear_error();
}

/* A handshake, in which the session is shown, if there is one. Was it gone on with? */
static bool
resumed(SSL_SESSION *session, int version)
{
	SSL *a = SSL_new(client), *b = SSL_new(server);
	SSL_SESSION *copy =
	    session != NULL ? SSL_SESSION_dup(session) : NULL; /* good for one use */
	BIO *ab, *ba;
	bool yes;

	ck_assert(BIO_new_bio_pair(&ab, 1 << 16, &ba, 1 << 16) == 1);
	SSL_set_bio(a, ab, ab);
	SSL_set_bio(b, ba, ba);
	SSL_set_connect_state(a);
	SSL_set_accept_state(b);
	SSL_set_max_proto_version(a, version);
	ck_assert(copy == NULL || SSL_set_session(a, copy) == 1);
	shake(a, b);
	yes = SSL_session_reused(b) == 1;
	SSL_set_shutdown(
	    a, SSL_SENT_SHUTDOWN); /* a session that is cut off would be no good any more */
	SSL_free(a);
	SSL_free(b);
	SSL_SESSION_free(copy);
	return yes;
}

/* A ticket of now. The caller frees it. */
static SSL_SESSION *
ticket(void)
{
	SSL_SESSION *s;

	ck_assert(!resumed(NULL, TLS1_3_VERSION));
	ck_assert(shown != NULL);
	s = shown;
	shown = NULL;
	return s;
}

START_TEST(test_rotate)
{
	SSL_SESSION *s = ticket();

	ck_assert(resumed(s, TLS1_3_VERSION));
	now += HOUR; /* its key is the one before */
	ck_assert(resumed(s, TLS1_3_VERSION));
	now += HOUR;
	ck_assert(!resumed(s, TLS1_3_VERSION));
	now -= HOUR; /* a clock that goes back */
	ck_assert(resumed(s, TLS1_3_VERSION));
	now -= HOUR;
	ck_assert(resumed(s, TLS1_3_VERSION));
	now -= HOUR; /* a key of a time that has not come */
	ck_assert(!resumed(s, TLS1_3_VERSION));
	SSL_SESSION_free(s);
}
END_TEST

/* Who goes on with a session in the second hour of its key is given a ticket of the new key. */
START_TEST(test_renewed)
{
	SSL_SESSION *s = ticket();

	now += HOUR;
	ck_assert(resumed(s, TLS1_3_VERSION));
	SSL_SESSION_free(s);
	ck_assert(shown != NULL);
	s = shown;
	shown = NULL;
	now += HOUR;
	ck_assert(resumed(s, TLS1_3_VERSION));
	SSL_SESSION_free(s);
}
END_TEST

START_TEST(test_secret)
{
	SSL_SESSION *s = ticket();

	secret('t'); /* of another master */
	ck_assert(!resumed(s, TLS1_3_VERSION));
	secret('s'); /* another process of the same one */
	ck_assert(resumed(s, TLS1_3_VERSION));
	tickets_secret((struct str){"short", 5});
	ck_assert(resumed(s, TLS1_3_VERSION));
	SSL_SESSION_free(s);
}
END_TEST

/* With TLS 1.2 none is given. */
START_TEST(test_old)
{
	ck_assert(!resumed(NULL, TLS1_2_VERSION));
	ck_assert(shown == NULL || !SSL_SESSION_has_ticket(shown));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("tickets");
	TCase *t = tcase_create("keys");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, test_rotate);
	tcase_add_test(t, test_renewed);
	tcase_add_test(t, test_secret);
	tcase_add_test(t, test_old);
	suite_add_tcase(s, t);
	return unit_run(s);
}
