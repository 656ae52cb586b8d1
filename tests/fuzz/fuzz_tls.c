/* fuzz_tls.c - what strangers send to chatd-tls before there is anything encrypted, and what certificates say: OpenSSL parses, and asks
 * our functions, which are held to what they promise.
 *
 * The first byte says what: 'h' the rest is what a client sends; 'n' a client that means it, and asks for a server's name (up to the first
 * LF) and protocols (the rest); 'c' a certificate (DER), of which facts are shown.
 */
#include "config.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "ipc/ipc.h"
#include "lib/util.h"
#include "tls/ctx.h"
#include "tls/tickets.h"

#define ROUNDS 20 /* flights of a handshake that are waited for */

static SSL_CTX *first, *second; /* of chat.example and of *.example.org */
static SSL_CTX *client;
static char asked[512]; /* the name that the last handshake chose by */

static SSL_CTX *
choose(const char *name)
{
	bprintf(asked, sizeof(asked), "%s", name);
	return ctx_is_for(first, name) ? first : ctx_is_for(second, name) ? second : NULL;
}

static int
in_memory(BIO *b)
{
	int fd = memfd_create("pem", MFD_CLOEXEC);
	char *p;
	long n = BIO_get_mem_data(b, &p);

	FUZZ_ASSERT(fd >= 0 && n > 0 && write(fd, p, (size_t)n) == n);
	BIO_free(b);
	return fd;
}

static X509 *
certificate(EVP_PKEY *key, const char *names)
{
	X509 *x = X509_new();
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

	FUZZ_ASSERT(x != NULL && e != NULL);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	FUZZ_ASSERT(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static SSL_CTX *
server(const char *names)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = certificate(key, names);
	BIO *cert = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());
	char why[CTX_WHY_MAX];
	SSL_CTX *c;
	int fds[2];

	PEM_write_bio_X509(cert, x);
	PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL);
	fds[0] = in_memory(cert);
	fds[1] = in_memory(secret);
	c = ctx_new(fds[0], fds[1], why);
	FUZZ_ASSERT(c != NULL);
	close(fds[0]);
	close(fds[1]);
	X509_free(x);
	EVP_PKEY_free(key);
	return c;
}

static void
begin(void)
{
	static char secret[TLS_SECRET] = "of all tickets";

	tickets_secret((struct str){secret, sizeof(secret)});
	first = server("DNS:chat.example,IP:192.0.2.1");
	second = server("DNS:*.example.org");
	client = SSL_CTX_new(TLS_client_method());
	FUZZ_ASSERT(client != NULL);
	ctx_choose(choose);
}

/* --- a connection -------------------------------------------------------------------------------- */

static SSL *
begin_server(unsigned protocol, int fds[2])
{
	SSL *s;

	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	s = ctx_connection(first, protocol, fds[0]);
	FUZZ_ASSERT(s != NULL);
	asked[0] = '\0';
	return s;
}

static void
end(SSL *s, const int fds[2])
{
	SSL_free(s);
	close(fds[0]);
	close(fds[1]);
	ERR_clear_error();
}

/* Whatever it is, nothing comes out of it: without the key nobody can say anything. */
static void
hello(const uint8_t *p, size_t n)
{
	char out[4096];
	int fds[2];
	SSL *s = begin_server(n % 2 ? PROTO_IRC : PROTO_WEB, fds);

	if (n > 0)
		FUZZ_ASSERT(send(fds[1], p, n, MSG_NOSIGNAL) == (ssize_t)n);
	shutdown(fds[1], SHUT_WR);
	for (unsigned i = 0; i < ROUNDS && !SSL_is_init_finished(s); i++) {
		if (SSL_accept(s) <= 0 && SSL_get_error(s, 0) != SSL_ERROR_WANT_READ)
			break;
		while (recv(fds[1], out, sizeof(out), MSG_DONTWAIT) > 0)
			;
	}
	FUZZ_ASSERT(!SSL_is_init_finished(s));
	end(s, fds);
}

/* Both sides until nobody gets any further. */
static bool
shake_hands(SSL *s, SSL *c)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		SSL_do_handshake(c);
		SSL_accept(s);
	}
	return SSL_is_init_finished(s) && SSL_is_init_finished(c);
}

static void
check_chosen(SSL *s, const char *name)
{
	const SSL_CTX *is = SSL_get_SSL_CTX(s);

	FUZZ_ASSERT(name[0] == '\0' || strcmp(asked, name) == 0);
	FUZZ_ASSERT(is == (ctx_is_for(second, name) && !ctx_is_for(first, name) ? second : first));
}

static void
meant(const uint8_t *p, size_t n)
{
	const uint8_t *lf = n > 0 ? memchr(p, '\n', n) : NULL, *protocols = NULL;
	unsigned nprotocols = 0, protocol = n % 2 ? PROTO_IRC : PROTO_WEB, nalpn;
	const unsigned char *alpn;
	char name[300], got[8];
	int fds[2];
	SSL *s, *c;

	if (lf == NULL || lf - p > 250)
		return;
	bprintf(name, sizeof(name), "%.*s", (int)(lf - p), (const char *)p);
	s = begin_server(protocol, fds);
	c = SSL_new(client);
	SSL_set_fd(c, fds[1]);
	SSL_set_connect_state(c);
	if (name[0] != '\0' && SSL_set_tlsext_host_name(c, name) != 1)
		name[0] = '\0';
	/* 1: refused by OpenSSL on our side; then none are sent */
	if (SSL_set_alpn_protos(c, lf + 1, (unsigned)(n - (size_t)(lf + 1 - p))) == 0) {
		protocols = lf + 1;
		nprotocols = (unsigned)(n - (size_t)(lf + 1 - p));
	}
	if (shake_hands(s, c)) {
		check_chosen(s, name);
		SSL_get0_alpn_selected(s, &alpn, &nalpn);
		FUZZ_ASSERT(nprotocols == 0 ||
			    (nalpn > 0 && memmem(protocols, nprotocols, alpn, nalpn) != NULL));
		FUZZ_ASSERT(nalpn == 0 || (protocol == PROTO_IRC
					       ? nalpn == 3 && memcmp(alpn, "irc", 3) == 0
					       : nalpn == 8 && memcmp(alpn, "http/1.1", 8) == 0));
		FUZZ_ASSERT(SSL_version(s) >= TLS1_2_VERSION && SSL_write(c, "hello", 5) == 5 &&
			    SSL_read(s, got, sizeof(got)) == 5);
		ctx_carried(s);
	}
	SSL_free(c);
	end(s, fds);
}

/* --- a certificate ------------------------------------------------------------------------------------ */

static void
check_words(const char *p, size_t cap)
{
	FUZZ_ASSERT(memchr(p, '\0', cap) != NULL);
	for (; *p != '\0'; p++)
		FUZZ_ASSERT(*p >= ' ' && *p < 0x7f);
}

static void
facts(const uint8_t *p, size_t n)
{
	X509 *x = d2i_X509(NULL, &p, (long)n);
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());
	struct ctx_facts f;

	FUZZ_ASSERT(c != NULL);
	if (x != NULL && SSL_CTX_use_certificate(c, x) == 1) {
		ctx_facts(c, &f);
		check_words(f.names, sizeof(f.names));
		check_words(f.issuer, sizeof(f.issuer));
		FUZZ_ASSERT(strlen(f.sha256) == 64 && strspn(f.sha256, "0123456789abcdef") == 64);
		ctx_is_for(c, "chat.example");
		ctx_is_for(c, f.names);
	}
	X509_free(x);
	SSL_CTX_free(c);
	ERR_clear_error();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n < 1)
		return 0;
	if (first == NULL)
		begin();
	if (*p == 'h')
		hello(p + 1, n - 1);
	else if (*p == 'n')
		meant(p + 1, n - 1);
	else if (*p == 'c')
		facts(p + 1, n - 1);
	return 0;
}
