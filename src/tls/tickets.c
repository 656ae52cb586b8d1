/* tickets.c - see tickets.h. */
#include "config.h"

#include "tls/tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#include "ipc/ipc.h"
#include "lib/util.h"

/* In the order in which they are derived. */
struct key {
	unsigned char name[16], aes[32], mac[32];
};

static unsigned char secret[TLS_SECRET];
static struct key keys[2]; /* of this hour, and of the one before */
static uint64_t keys_hour; /* of keys[0]; 0: none has been made */

void
tickets_secret(struct str s)
{
	if (s.n == sizeof(secret) && memcmp(secret, s.p, s.n) != 0) {
		memcpy(secret, s.p, s.n);
		keys_hour = 0;
	}
}

/* HKDF (RFC 5869): the secret and the hour. */
static bool
derive(struct key *k, uint64_t hour)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *c = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	char info[64];
	size_t n = bprintf(info, sizeof(info), "chatd session tickets, hour %llu",
			   (unsigned long long)hour);
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, sizeof(secret)),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, n),
	    OSSL_PARAM_construct_end(),
	};
	bool good = c != NULL && EVP_KDF_derive(c, (unsigned char *)k, sizeof(*k), params) > 0;

	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
	return good;
}

static bool
keys_of_now(void)
{
	uint64_t hour = wall_ms() / 1000 / TICKETS_SECONDS;

	if (hour == keys_hour)
		return true;
	keys_hour = derive(&keys[0], hour) && derive(&keys[1], hour - 1) ? hour : 0;
	return keys_hour != 0;
}

static bool
use(const struct key *k, const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int enc)
{
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)k->mac,
					      sizeof(k->mac)),
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
	    OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) > 0 &&
	       EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->aes, iv, enc) > 0;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 is an error, 0 no ticket, 2 that it is to be replaced. With TLS 1.2 there is none: who
 * gets hold of its key reads everything that was ever sent. */
static int
ticket_key(SSL *s, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
	   int enc)
{
	if (SSL_version(s) < TLS1_3_VERSION || !keys_of_now())
		return 0;
	if (enc) {
		memcpy(name, keys[0].name, sizeof(keys[0].name));
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) <= 0)
			return -1;
		return use(&keys[0], iv, cipher, mac, 1) ? 1 : -1;
	}
	for (int i = 0; i < 2; i++) {
		if (memcmp(name, keys[i].name, sizeof(keys[i].name)) == 0)
			return use(&keys[i], iv, cipher, mac, 0) ? 1 + i : -1;
	}
	return 0;
}

void
tickets_for(SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_timeout(ctx, TICKETS_SECONDS);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_key);
}
