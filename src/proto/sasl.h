/* sasl.h - what clients say to log in to an account: pure functions, bytes <-> structs.
 *
 * RFC 4648 (base64), RFC 4616 (PLAIN), RFC 4422 appendix A (EXTERNAL), RFC 5802 and 7677
 * (SCRAM-SHA-256). Only the forms are here; who somebody is, is decided elsewhere.
 */
#ifndef PROTO_SASL_H
#define PROTO_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/str.h"

/* Strict: the standard alphabet, padded, no other bytes, no bits left over. The length, or -1: it is not
 * base64, or does not fit into cap bytes. out may not be in. */
ssize_t base64_decode(struct str in, char *out, size_t cap);

/* Padded, into out; the length, or 0 when cap is too small. out is not terminated. */
size_t base64_encode(struct str in, char *out, size_t cap);

struct sasl_plain {
	struct str authzid; /* empty: the same as authcid */
	struct str authcid, password; /* never empty */
};
/* "authzid NUL authcid NUL password", UTF-8. */
bool sasl_plain_get(struct str s, struct sasl_plain *m);

/* The authorisation identity, perhaps empty; UTF-8 without NUL. */
bool sasl_external_get(struct str s, struct str *authzid_r);

/* client-first-message: "n,a=authzid,n=user,r=nonce,…" */
struct scram_first {
	char binding; /* 'n': none, 'y': it could, 'p': it wants one */
	struct str gs2; /* the header, to be found again in the final message */
	struct str bare; /* what follows it: part of what is signed */
	struct str authzid, user; /* still escaped: scram_name */
	struct str nonce;
};
bool scram_first_get(struct str s, struct scram_first *m);

/* client-final-message: "c=…,r=nonce,…,p=proof" */
struct scram_final {
	struct str binding, nonce;
	struct str without_proof; /* part of what is signed */
	struct str proof; /* base64 */
};
bool scram_final_get(struct str s, struct scram_final *m);

/* What is kept of a password for SCRAM-SHA-256: "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey", the last three base64. */
#define SCRAM_HASH_LEN 32
#define SCRAM_SALT_LEN 16
#define SCRAM_ITERATIONS 32768u /* RFC 7677: at least 4096 */
struct scram_verifier {
	unsigned iterations;
	uint8_t salt[SCRAM_SALT_LEN], stored_key[SCRAM_HASH_LEN], server_key[SCRAM_HASH_LEN];
};
/* As text, not terminated; the length, or 0 when cap is too small (144 bytes are enough). False: s is none. */
size_t scram_verifier_put(const struct scram_verifier *v, char *out, size_t cap);
bool scram_verifier_get(struct str s, struct scram_verifier *v);

/* saslname (RFC 5802 section 5.1) into out: "=2C" is a comma, "=3D" a '='. The length, or -1: it is none, or too long. */
ssize_t scram_name(struct str s, char *out, size_t cap);

#endif
