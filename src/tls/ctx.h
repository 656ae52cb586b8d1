/* ctx.h - what TLS is here: versions, groups, ciphers, extensions (RFC 8446, 5246, 7301, 6066), and a certificate with its key. */
#ifndef TLS_CTX_H
#define TLS_CTX_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "lib/str.h"

/* What OpenSSL reads from the system it reads now: later no file can be opened. fatal() when there is no TLS. */
void ctx_init(void);

#define CTX_WHY_MAX 256
/* A context with what is in the two descriptors, PEM, which are mapped. NULL: why says why not. The caller frees it. */
SSL_CTX *ctx_new(int certificate, int key, char why[CTX_WHY_MAX]);

/* Choose the certificate that fits a server's name; called in handshakes. NULL: there is no better one. */
typedef SSL_CTX *ctx_choose_fn(const char *name);
void ctx_choose(ctx_choose_fn *fn);

/* What can be shown of its certificate; names: with spaces between. */
struct ctx_facts {
	char names[1024], issuer[256];
	char sha256[CERT_MAX + 1],
	    key_sha256[CERT_MAX +
		       1]; /* of it all, and of its public key (RFC 7469, 2.4) in hexadecimal */
	uint64_t from, until; /* ms since 1970 */
};
void ctx_facts(const SSL_CTX *ctx, struct ctx_facts *f);
/* Is it for a host of this name? */
bool ctx_is_for(const SSL_CTX *ctx, const char *name);

/* A connection of this protocol (enum protocol). NULL: no memory. */
SSL *ctx_connection(SSL_CTX *ctx, unsigned protocol, int fd);
/* SSL_read has brought something: without that a client may send a few records only, and is then at its end. */
void ctx_carried(SSL *s);

#endif
