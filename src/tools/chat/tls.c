/* tls.c - see tls.h. */
#include "config.h"

#include "tls.h"

#include <stdlib.h>

#include "lib/util.h"

#ifdef HAVE_OPENSSL

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

struct tls {
	SSL_CTX *ctx; /* owned */
	SSL *ssl; /* owned */
	bool pinned, has_key;
	uint8_t pin[32], key[32]; /* key: the server's, hashed */
};

static bool
key_hash(X509 *cert, uint8_t out[32])
{
	unsigned char *der = NULL;
	int n = cert != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;
	unsigned len = 0;
	bool ok =
	    n > 0 && EVP_Digest(der, (size_t)n, out, &len, EVP_sha256(), NULL) == 1 && len == 32;

	OPENSSL_free(der);
	return ok;
}

/* A pinned key counts instead of the system's authorities: it is compared when the handshake is done. */
static int
verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = SSL_get_app_data(ssl);

	t->has_key = key_hash(X509_STORE_CTX_get0_cert(store), t->key);
	return t->pinned ? 1 : ok;
}

/* The server is told whom we mean (SNI), and has to be that one unless its key is pinned. */
static bool
name_host(const struct tls *t, const char *host)
{
	struct in6_addr a;

	if (inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1)
		return t->pinned ||
		       X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), host) == 1;
	if (SSL_set_tlsext_host_name(t->ssl, host) != 1)
		return false;
	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return t->pinned || SSL_set1_host(t->ssl, host) == 1;
}

struct tls *
tls_new(int fd, const char *host, const uint8_t *pin, const char **why)
{
	struct tls *t = xcalloc(1, sizeof(*t));

	*why = "TLS cannot be set up";
	t->pinned = pin != NULL;
	if (t->pinned)
		memcpy(t->pin, pin, sizeof(t->pin));
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (t->ctx == NULL || SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1)
		goto fail;
	SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(t->ctx,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, verify);
	if (!t->pinned && SSL_CTX_set_default_verify_paths(t->ctx) != 1)
		goto fail;
	t->ssl = SSL_new(t->ctx);
	if (t->ssl == NULL || SSL_set_app_data(t->ssl, t) != 1 || SSL_set_fd(t->ssl, fd) != 1)
		goto fail;
	if (!name_host(t, host))
		goto fail;
	SSL_set_connect_state(t->ssl);
	return t;
fail:
	tls_free(t);
	return NULL;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (t->ssl != NULL && SSL_is_init_finished(t->ssl))
		(void)SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	ERR_clear_error();
	free(t);
}

/* " (its key: …)": who knows from elsewhere that this is the server's can pin it. */
static void
put_key(const uint8_t key[32], char *out, size_t cap)
{
	size_t n = bprintf(out, cap, " (its key: ");

	for (size_t i = 0; i < 32; i++)
		n += bprintf(out + n, cap - n, "%02x", key[i]);
	bprintf(out + n, cap - n, ")");
}

static enum tls_step
check_pin(struct tls *t, char *why, size_t cap)
{
	uint8_t got[32];
	bool known;
	size_t n;

	if (!t->pinned)
		return TLS_DONE;
	known = key_hash(SSL_get0_peer_certificate(t->ssl), got);
	if (known && CRYPTO_memcmp(got, t->pin, 32) == 0)
		return TLS_DONE;
	n = bprintf(why, cap, "the server has another key than the one that --pin names");
	if (known)
		put_key(got, why + n, cap - n);
	return TLS_UNTRUSTED;
}

static enum tls_step
untrusted(const struct tls *t, char *why, size_t cap)
{
	long err = SSL_get_verify_result(t->ssl);
	size_t n;

	n = bprintf(why, cap, "the server's certificate is not trusted: %s",
		    X509_verify_cert_error_string(err));
	if (t->has_key)
		put_key(t->key, why + n, cap - n);
	return TLS_UNTRUSTED;
}

/* Is that what OpenSSL says of an answer that is no TLS? */
static bool
is_no_tls(int reason)
{
	static const int reasons[] = {SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST,
				      SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_BAD_PACKET_LENGTH,
				      SSL_R_RECORD_LENGTH_MISMATCH};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		if (reason == reasons[i])
			return true;
	}
	return false;
}

enum tls_step
tls_handshake(struct tls *t, char *why, size_t cap)
{
	int r, err, reason;

	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(t->ssl);
	if (r == 1)
		return check_pin(t, why, cap);
	err = SSL_get_error(t->ssl, r);
	if (err == SSL_ERROR_WANT_READ)
		return TLS_WANTS_READ;
	if (err == SSL_ERROR_WANT_WRITE)
		return TLS_WANTS_WRITE;
	if (!t->pinned && SSL_get_verify_result(t->ssl) != X509_V_OK)
		return untrusted(t, why, cap);
	reason = err == SSL_ERROR_SSL ? ERR_GET_REASON(ERR_peek_error()) : 0;
	if (reason == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		bprintf(why, cap, "ended the connection before TLS was there");
		return TLS_NONE;
	}
	if (is_no_tls(reason)) {
		bprintf(why, cap, "does not speak TLS");
		return TLS_NONE;
	}
	bprintf(why, cap, "%s", ERR_reason_error_string(ERR_peek_error()));
	return TLS_FAILED;
}

ssize_t
tls_read(struct tls *t, void *p, size_t n)
{
	size_t got = 0;
	int err;

	ERR_clear_error();
	if (SSL_read_ex(t->ssl, p, n, &got) == 1)
		return (ssize_t)got;
	err = SSL_get_error(t->ssl, 0);
	return err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

ssize_t
tls_write(struct tls *t, const void *p, size_t n)
{
	size_t done = 0;
	int err;

	ERR_clear_error();
	if (SSL_write_ex(t->ssl, p, n, &done) == 1)
		return (ssize_t)done;
	err = SSL_get_error(t->ssl, 0);
	return err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool
tls_is_built(void)
{
	return true;
}

#else

struct tls *
tls_new(int fd, const char *host, const uint8_t *pin, const char **why)
{
	(void)fd;
	(void)host;
	(void)pin;
	*why = "TLS is not in this build";
	return NULL;
}

void
tls_free(struct tls *t)
{
	(void)t;
}

enum tls_step
tls_handshake(struct tls *t, char *why, size_t cap)
{
	(void)t;
	bprintf(why, cap, "TLS is not in this build");
	return TLS_FAILED;
}

ssize_t
tls_read(struct tls *t, void *p, size_t n)
{
	(void)t;
	(void)p;
	(void)n;
	return -1;
}

ssize_t
tls_write(struct tls *t, const void *p, size_t n)
{
	(void)t;
	(void)p;
	(void)n;
	return -1;
}

bool
tls_is_built(void)
{
	return false;
}

#endif
