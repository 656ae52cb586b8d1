/* secure.h - TLS for the load generator's connections: whoever the server is, nothing is verified. */
#ifndef BENCH_SECURE_H
#define BENCH_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ssl_st; /* OpenSSL's SSL */

/* False: this build has no TLS. */
bool secure_built(void);

/* For a connected, or connecting, socket, which stays the caller's. Ends the process when memory is out. */
struct ssl_st *secure_new(int fd);
void secure_free(struct ssl_st *ssl);

/* As send(2) and recv(2), with the handshake before it if there was none yet; recv takes what is there of many records. -1: not now
 * (EAGAIN), or never (EPROTO). */
ssize_t secure_send(struct ssl_st *ssl, const void *p, size_t n);
ssize_t secure_recv(struct ssl_st *ssl, void *p, size_t cap);

/* Goes on with the handshake. True: it is done. False: not yet (EAGAIN), or never (EPROTO). */
bool secure_handshake(struct ssl_st *ssl);

/* close_notify. */
void secure_end(struct ssl_st *ssl);

/* What has been read of the socket and not yet asked for; does it wait to write? */
bool secure_holds(const struct ssl_st *ssl);
bool secure_wants_to_write(const struct ssl_st *ssl);

#endif
