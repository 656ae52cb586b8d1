/* tls.h - TLS for a socket that does not block. Built without OpenSSL it refuses. */
#ifndef CHAT_TLS_H
#define CHAT_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tls;

/* host: the name that the certificate has to have, unless pin (32 bytes, SHA-256 of its public key) is given. NULL: *why says
 * why not. */
struct tls *tls_new(int fd, const char *host, const uint8_t *pin, const char **why);
void tls_free(struct tls *t); /* NULL is fine; the socket stays open */

enum tls_step {
	TLS_DONE,
	TLS_WANTS_READ,
	TLS_WANTS_WRITE,
	TLS_NONE, /* what is there does not speak it, or has gone before */
	TLS_FAILED,
	TLS_UNTRUSTED
};
/* why: for the last two, terminated. */
enum tls_step tls_handshake(struct tls *t, char *why, size_t cap);

/* Bytes read or written; 0: not now; -1: at its end, or broken. */
ssize_t tls_read(struct tls *t, void *p, size_t n);
ssize_t tls_write(struct tls *t, const void *p, size_t n);

/* Is it in this build? */
bool tls_is_built(void);

#endif
