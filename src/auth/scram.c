/* scram.c - see scram.h. */
#include "config.h"

#include "auth/scram.h"

#include <sodium.h>
#include <string.h>

#include "ipc/pwhash.h"
#include "lib/util.h"

#define HASH SCRAM_HASH_LEN

_Static_assert(HASH == crypto_auth_hmacsha256_BYTES && HASH == crypto_hash_sha256_BYTES,
	       "SHA-256 it is");

typedef crypto_auth_hmacsha256_state hmac_state;

static void
hmac(const uint8_t key[HASH], const void *p, size_t n, uint8_t out[HASH])
{
	hmac_state s;

	crypto_auth_hmacsha256_init(&s, key, HASH);
	crypto_auth_hmacsha256_update(&s, p, n);
	crypto_auth_hmacsha256_final(&s, out);
	sodium_memzero(&s, sizeof(s));
}

/* --- the verifier ------------------------------------------------------------------------------------ */

/* Hi() of RFC 5802 section 2.2: PBKDF2 with one block. The key's own blocks are hashed once, not in each round. */
static void
hi(const void *password, size_t n, const struct scram_verifier *v, uint8_t out[HASH])
{
	static const uint8_t one[4] = {0, 0, 0, 1};
	uint8_t u[HASH];
	hmac_state keyed, s;

	crypto_auth_hmacsha256_init(&keyed, password, n);
	s = keyed;
	crypto_auth_hmacsha256_update(&s, v->salt, sizeof(v->salt));
	crypto_auth_hmacsha256_update(&s, one, sizeof(one));
	crypto_auth_hmacsha256_final(&s, u);
	memcpy(out, u, HASH);
	for (unsigned i = 1; i < v->iterations; i++) {
		s = keyed;
		crypto_auth_hmacsha256_update(&s, u, HASH);
		crypto_auth_hmacsha256_final(&s, u);
		for (size_t k = 0; k < HASH; k++)
			out[k] ^= u[k];
	}
	sodium_memzero(&keyed, sizeof(keyed));
	sodium_memzero(&s, sizeof(s));
	sodium_memzero(u, sizeof(u));
}

bool
scram_derive(struct str password, struct scram_verifier *v)
{
	char prepared[PASSWORD_MAX];
	uint8_t salted[HASH], client_key[HASH];
	ssize_t n = pwhash_prepare(password.p, password.n, prepared);

	if (n <= 0)
		return false;
	hi(prepared, (size_t)n, v, salted);
	hmac(salted, "Client Key", 10, client_key);
	crypto_hash_sha256(v->stored_key, client_key, HASH);
	hmac(salted, "Server Key", 10, v->server_key);
	sodium_memzero(prepared, sizeof(prepared));
	sodium_memzero(salted, sizeof(salted));
	sodium_memzero(client_key, sizeof(client_key));
	return true;
}

bool
scram_make(struct str password, char out[SCRAM_MAX + 1])
{
	struct scram_verifier v = {.iterations = SCRAM_ITERATIONS};
	size_t n = 0;

	randombytes_buf(v.salt, sizeof(v.salt));
	if (scram_derive(password, &v))
		n = scram_verifier_put(&v, out, SCRAM_MAX);
	out[n] = '\0';
	sodium_memzero(&v, sizeof(v));
	return n > 0;
}

/* --- the exchange ---------------------------------------------------------------------------------------- */

void
scram_nonce(char out[SCRAM_NONCE_LEN])
{
	uint8_t bytes[SCRAM_NONCE_LEN / 4 * 3];

	randombytes_buf(bytes, sizeof(bytes));
	base64_encode((struct str){(const char *)bytes, sizeof(bytes)}, out, SCRAM_NONCE_LEN);
}

size_t
scram_first(struct str verifier, struct str first, struct str nonce, char *out)
{
	char salt[SCRAM_SALT_LEN * 2];
	struct scram_verifier v;
	struct scram_first m;
	size_t n;

	if (!scram_verifier_get(verifier, &v) || !scram_first_get(first, &m) || m.binding == 'p')
		return 0;
	n = base64_encode((struct str){(const char *)v.salt, sizeof(v.salt)}, salt, sizeof(salt));
	/* one that is too long is cut, and so is none */
	n = bprintf(out, AUTH_SECRET_MAX, "r=" STR_FMT STR_FMT ",s=%.*s,i=%u", STR_ARG(m.nonce),
		    STR_ARG(nonce), (int)n, salt, v.iterations);
	sodium_memzero(&v, sizeof(v));
	return n < AUTH_SECRET_MAX - 1 ? n : 0;
}

/* Is it of this exchange: the header that was sent, and both halves of the nonce? */
static bool
goes_on(const struct scram_first *m, struct str server, const struct scram_final *f)
{
	char header[AUTH_SECRET_MAX];
	ssize_t n = base64_decode(f->binding, header, sizeof(header));
	const char *comma = memchr(server.p, ',', server.n);

	return n >= 0 && str_eq((struct str){header, (size_t)n}, m->gs2) && comma != NULL &&
	       server.n > 2 &&
	       str_eq((struct str){server.p + 2, (size_t)(comma - server.p) - 2}, f->nonce);
}

/* HMAC over AuthMessage of RFC 5802 section 3. */
static void
signature(const uint8_t key[HASH], const struct scram_first *m, struct str server,
	  const struct scram_final *f, uint8_t out[HASH])
{
	const struct str parts[] = {m->bare, STR_LIT(","), server, STR_LIT(","), f->without_proof};
	hmac_state s;

	crypto_auth_hmacsha256_init(&s, key, HASH);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		crypto_auth_hmacsha256_update(&s, (const uint8_t *)parts[i].p, parts[i].n);
	crypto_auth_hmacsha256_final(&s, out);
	sodium_memzero(&s, sizeof(s));
}

/* The proof is the client's key, veiled by a signature that only who has the stored key can take off again. */
static bool
proved(const struct scram_verifier *v, const uint8_t signed_by_stored[HASH], struct str proof)
{
	uint8_t key[HASH], stored[HASH];
	bool same;

	if (base64_decode(proof, (char *)key, sizeof(key)) != HASH)
		return false;
	for (size_t k = 0; k < HASH; k++)
		key[k] ^= signed_by_stored[k];
	crypto_hash_sha256(stored, key, HASH);
	same = sodium_memcmp(stored, v->stored_key, HASH) == 0;
	sodium_memzero(key, sizeof(key));
	return same;
}

size_t
scram_final(struct str verifier, struct str first, struct str server, struct str final, char *out)
{
	uint8_t sig[HASH];
	struct scram_verifier v;
	struct scram_first m;
	struct scram_final f;
	size_t n = 0;

	if (!scram_verifier_get(verifier, &v) || !scram_first_get(first, &m) ||
	    !scram_final_get(final, &f) || !goes_on(&m, server, &f))
		return 0;
	signature(v.stored_key, &m, server, &f, sig);
	if (proved(&v, sig, f.proof)) {
		signature(v.server_key, &m, server, &f, sig);
		memcpy(out, "v=", 2);
		n = 2 + base64_encode((struct str){(const char *)sig, HASH}, out + 2,
				      AUTH_SECRET_MAX - 2);
	}
	sodium_memzero(&v, sizeof(v));
	sodium_memzero(sig, sizeof(sig));
	return n;
}
