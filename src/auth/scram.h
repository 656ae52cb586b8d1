/* scram.h - the server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), as functions without a memory: what an exchange must
 * remember comes back with the question. Channel binding is not offered.
 */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/ipc.h"
#include "proto/sasl.h"

#define SCRAM_NONCE_LEN 24 /* printable characters */

/* The verifier of a password, with the salt and iterations that are in v. False: it cannot be a password. */
bool scram_derive(struct str password, struct scram_verifier *v);
/* The same as text, terminated, with a fresh salt. */
bool scram_make(struct str password, char out[SCRAM_MAX + 1]);

/* A fresh part of the server's for a nonce. */
void scram_nonce(char out[SCRAM_NONCE_LEN]);
/* server-first-message, in answer to client-first-message, into out (AUTH_SECRET_MAX bytes). Its length, or 0: it is none, or
 * wants what is not offered here; or verifier is none. */
size_t scram_first(struct str verifier, struct str first, struct str nonce, char *out);
/* server-final-message, in answer to client-final-message; first and server are what was said before. 0: there is no proof in
 * it that the client knows the password. */
size_t scram_final(struct str verifier, struct str first, struct str server, struct str final,
		   char *out);

#endif
