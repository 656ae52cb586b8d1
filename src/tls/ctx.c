/* ctx.c - see ctx.h. */
#include "config.h"

#include "tls/ctx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "ipc/ipc.h"
#include "lib/util.h"
#include "tls/tickets.h"

#define FILE_MAX (256u << 10)
#define CLIENT_CERTS_MAX 16384 /* bytes of what a client may show */
#define IDLE_RECORDS 64 /* new keys and the like, with nothing to read between them */

/* Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else. */
#define CIPHERS_12 "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"
#define GROUPS "X25519:P-256:P-384"

static ctx_choose_fn *choose;
static int idle_index = -1; /* records since one that carried something */

/* Has it failed because there is no (further) one in the file, and not because of what is there? */
static bool
found_none(void)
{
	unsigned long last = ERR_peek_last_error();

	return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

/* In the library's words behind what, if it has any that say more than that nothing was found. */
static void
reason(char why[CTX_WHY_MAX], const char *what, const char *otherwise)
{
	const char *words = found_none() ? NULL : ERR_reason_error_string(ERR_peek_last_error());

	bprintf(why, CTX_WHY_MAX, "%s%s", words != NULL ? what : "",
		words != NULL ? words : otherwise);
	ERR_clear_error();
}

/* --- certificate and key -------------------------------------------------------------------- */

/* All of a file of which nobody writes any more: what is in it is nowhere else here. For munmap. NULL with errno. */
static char *
mapped(int fd, size_t *n_r)
{
	struct stat st;
	char *p;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (st.st_size <= 0 || (uint64_t)st.st_size > FILE_MAX) {
		errno = EFBIG;
		return NULL;
	}
	*n_r = (size_t)st.st_size;
	p = mmap(NULL, *n_r, PROT_READ, MAP_PRIVATE, fd, 0);
	return p != MAP_FAILED ? p : NULL;
}

/* The server's own comes first, then those that lead to its root. */
static bool
take_certificates(SSL_CTX *ctx, BIO *b)
{
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	bool good = x != NULL && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (good && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL) {
		good = SSL_CTX_add0_chain_cert(ctx, x) == 1;
		if (!good)
			X509_free(x);
	}
	/* who is sent one that is cut off or damaged, or none for it, finds no way to its root */
	good = good && found_none();
	if (good)
		ERR_clear_error();
	return good;
}

static bool asked; /* for a key's password */

/* Nobody is here to be asked. */
static int
no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	asked = true;
	return -1;
}

static bool
take_key(SSL_CTX *ctx, BIO *b)
{
	EVP_PKEY *key;
	bool good;

	asked = false;
	key = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
	good = key != NULL;
	if (good && X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) != 1) {
		ERR_clear_error(); /* its words say less than ours */
		good = false;
	}
	good = good && SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	return good;
}

static bool
take(SSL_CTX *ctx, int fd, bool (*fn)(SSL_CTX *ctx, BIO *b))
{
	size_t n = 0;
	char *p = mapped(fd, &n);
	BIO *b = p != NULL ? BIO_new_mem_buf(p, (int)n) : NULL;
	bool good = b != NULL && fn(ctx, b);

	BIO_free(b);
	if (p != NULL)
		munmap(p, n);
	return good;
}

/* Both; false: why says what is wrong. */
static bool
fill(SSL_CTX *ctx, int certificate, int key, char why[CTX_WHY_MAX])
{
	if (!take(ctx, certificate, take_certificates)) {
		reason(why, "its certificate cannot be read: ", "it holds no certificate");
		return false;
	}
	if (take(ctx, key, take_key))
		return true;
	if (asked) {
		ERR_clear_error();
		bprintf(why, CTX_WHY_MAX,
			"its key wants a password, and nobody is there to give it");
	} else {
		reason(why, "its key cannot be used: ", "certificate and key do not fit");
	}
	return false;
}

/* --- extensions ----------------------------------------------------------------------------- */

/* RFC 7301. Who names protocols, and not this port's, is somewhere else than it thinks (ALPACA). */
static int
alpn(SSL *s, const unsigned char **out, unsigned char *nout, const unsigned char *in, unsigned nin,
     void *arg)
{
	static const char *const names[PROTO_COUNT] = {"", "\3irc", "\10http/1.1"};
	const char *mine = names[(uintptr_t)SSL_get_app_data(s)];
	unsigned char *found;

	(void)arg;
	if (SSL_select_next_proto(&found, nout, (const unsigned char *)mine, (unsigned)strlen(mine),
				  in, nin) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = found;
	return SSL_TLSEXT_ERR_OK;
}

/* RFC 6066, 3. A name that is nobody's gets the first certificate. */
static int
server_name(SSL *s, int *alert, void *arg)
{
	const char *name = SSL_get_servername(s, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *other = name != NULL && choose != NULL ? choose(name) : NULL;

	(void)alert;
	(void)arg;
	if (other != NULL)
		SSL_set_SSL_CTX(s, other);
	return name != NULL ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* Whoever signed it: that the client has the key to it has been proved, and who that is, its account says. */
static int
any_certificate(X509_STORE_CTX *c, void *arg)
{
	(void)c;
	(void)arg;
	return 1;
}

/* --- what carries nothing ------------------------------------------------------------------- */

/* SSL_read goes on until there is something to read, so a stream of new keys, or of wishes to begin anew, would never let it return. A
 * record too many that carries nothing is taken as the end of what the client sends; SSL_read looks at that with each record. */
static void
on_message(int sent, int version, int type, const void *p, size_t n, SSL *s, void *arg)
{
	uintptr_t idle;

	(void)version;
	(void)p;
	(void)n;
	(void)arg;
	if (sent || type != SSL3_RT_HEADER || !SSL_is_init_finished(s))
		return;
	idle = (uintptr_t)SSL_get_ex_data(s, idle_index) + 1;
	SSL_set_ex_data(s, idle_index, (void *)idle);
	if (idle > IDLE_RECORDS)
		SSL_set_shutdown(s, SSL_get_shutdown(s) | SSL_RECEIVED_SHUTDOWN);
}

void
ctx_carried(SSL *s)
{
	SSL_set_ex_data(s, idle_index, NULL);
}

void
ctx_choose(ctx_choose_fn *fn)
{
	choose = fn;
}

/* --- contexts ------------------------------------------------------------------------------- */

static bool
set_up(SSL_CTX *c)
{
	static const unsigned char who[] = "chatd";

	SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
				   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	/* what cannot be written yet is kept in another place until then; what is idle has no buffers */
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(c, 1); /* header and body of a record in one read */
	SSL_CTX_set_alpn_select_cb(c, alpn, NULL);
	SSL_CTX_set_tlsext_servername_callback(c, server_name);
	SSL_CTX_set_cert_verify_callback(c, any_certificate, NULL);
	SSL_CTX_set_max_cert_list(c, CLIENT_CERTS_MAX);
	SSL_CTX_set_msg_callback(c, on_message);
	tickets_for(c);
	return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(c, CIPHERS_12) == 1 &&
	       SSL_CTX_set1_groups_list(c, GROUPS) == 1 &&
	       SSL_CTX_set_session_id_context(c, who, sizeof(who) - 1) == 1;
}

void
ctx_init(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (c == NULL)
		fatal("TLS cannot be set up");
	SSL_CTX_free(c);
}

SSL_CTX *
ctx_new(int certificate, int key, char why[CTX_WHY_MAX])
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (idle_index < 0)
		idle_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (c == NULL || !set_up(c))
		reason(why, "", "TLS cannot be set up");
	else if (fill(c, certificate, key, why))
		return c;
	SSL_CTX_free(c);
	return NULL;
}

SSL *
ctx_connection(SSL_CTX *ctx, unsigned protocol, int fd)
{
	SSL *s = SSL_new(ctx);

	if (s == NULL)
		return NULL;
	if (SSL_set_fd(s, fd) != 1) {
		SSL_free(s);
		return NULL;
	}
	SSL_set_app_data(s, (void *)(uintptr_t)protocol);
	/* a browser that has certificates would ask its user which one to show */
	if (protocol == PROTO_IRC)
		SSL_set_verify(s, SSL_VERIFY_PEER, NULL);
	SSL_set_accept_state(s);
	return s;
}

/* --- what can be shown ------------------------------------------------------------------------ */

/* One word more; what could be anything is not believed to be harmless. */
static void
add_word(char *out, size_t cap, const char *p, size_t n)
{
	size_t len = strlen(out);

	if (len + n + 2 > cap)
		return;
	if (len > 0)
		out[len++] = ' ';
	for (size_t i = 0; i < n; i++)
		out[len++] = p[i] > ' ' && p[i] < 0x7f ? p[i] : '?';
	out[len] = '\0';
}

static void
add_name(const GENERAL_NAME *g, char *out, size_t cap)
{
	char text[64] = "IP:";
	int n;

	if (g->type == GEN_DNS) {
		add_word(out, cap, (const char *)ASN1_STRING_get0_data(g->d.dNSName),
			 (size_t)ASN1_STRING_length(g->d.dNSName));
	} else if (g->type == GEN_IPADD) {
		n = ASN1_STRING_length(g->d.iPAddress);
		if ((n == 4 || n == 16) &&
		    inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(g->d.iPAddress),
			      text + 3, sizeof(text) - 3) != NULL)
			add_word(out, cap, text, strlen(text));
	}
}

static void
names_of(const X509 *x, char *out, size_t cap)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	char cn[256];
	int n;

	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++)
		add_name(sk_GENERAL_NAME_value(all, i), out, cap);
	GENERAL_NAMES_free(all);
	if (out[0] != '\0')
		return;
	n = X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, cn, sizeof(cn));
	if (n > 0)
		add_word(out, cap, cn, strlen(cn));
}

static void
issuer_of(const X509 *x, char *out, size_t cap)
{
	const X509_NAME *name = X509_get_issuer_name(x);

	if (X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, NID_commonName, out,
				      (int)cap) <= 0 &&
	    X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, NID_organizationName, out,
				      (int)cap) <= 0)
		bprintf(out, cap, "?");
	for (char *p = out; *p != '\0'; p++) {
		if (*p < ' ' || *p >= 0x7f)
			*p = '?';
	}
}

static uint64_t
ms_of(const ASN1_TIME *t)
{
	struct tm tm;
	time_t s = t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;

	return s > 0 ? (uint64_t)s * 1000 : 0;
}

static void
sums_of(const X509 *x, struct ctx_facts *f)
{
	unsigned char sum[32], *der = NULL;
	unsigned n = 0;
	int len;

	f->sha256[0] = f->key_sha256[0] = '\0';
	if (X509_digest(x, EVP_sha256(), sum, &n) == 1)
		cert_hex(sum, f->sha256);
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	if (len > 0 && EVP_Digest(der, (size_t)len, sum, NULL, EVP_sha256(), NULL) == 1)
		cert_hex(sum, f->key_sha256);
	OPENSSL_free(der);
}

void
ctx_facts(const SSL_CTX *ctx, struct ctx_facts *f)
{
	const X509 *x = SSL_CTX_get0_certificate(ctx);
	names_of(x, f->names, sizeof(f->names));
	issuer_of(x, f->issuer, sizeof(f->issuer));
	f->from = ms_of(X509_get0_notBefore(x));
	f->until = ms_of(X509_get0_notAfter(x));
	sums_of(x, f);
	ERR_clear_error();
}

bool
ctx_is_for(const SSL_CTX *ctx, const char *name)
{
	return X509_check_host(SSL_CTX_get0_certificate(ctx), name, 0, 0, NULL) == 1;
}
