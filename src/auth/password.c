/* password.c - see password.h. */
#include "config.h"

#include "auth/password.h"

#include <errno.h>
#include <sodium.h>

#include "ipc/pwhash.h"
#include "lib/log.h"
#include "lib/util.h"

_Static_assert(crypto_pwhash_STRBYTES <= PWHASH_MAX + 1, "a hash must fit into a message");

/* A hash that nothing is known to fit, of this cost. */
static void
nobodys(uint32_t memory, char out[PWHASH_MAX + 1])
{
	bprintf(out, PWHASH_MAX + 1,
		"$argon2id$v=19$m=%u,t=%u,p=1$fSkn7eSjm92zq+Al27nhFQ$"
		"mlrwRgZsCduAsaRhTreYXUUaMTDeBAWzn4xAGOh64tc",
		MIN(MAX(memory, 8u), PWHASH_MEM_MAX_KIB), PWHASH_PASSES);
}

bool
password_fits(struct str hash, uint32_t memory, struct str password)
{
	char text[PWHASH_MAX + 1], prepared[PASSWORD_MAX];
	const char *why = hash.n > 0 ? pwhash_wrong(hash.p, hash.n) : NULL;
	ssize_t n = pwhash_prepare(password.p, password.n, prepared);
	bool known = hash.n > 0 && why == NULL && n > 0, same;

	if (why != NULL)
		log_err("asked to check a password against what is %s", why);
	if (hash.n > 0 && why == NULL)
		bprintf(text, sizeof(text), STR_FMT, STR_ARG(hash));
	else
		nobodys(memory, text);
	errno = 0;
	same = crypto_pwhash_str_verify(text, prepared, n > 0 ? (unsigned long long)n : 0) == 0;
	if (!same && errno == ENOMEM)
		log_err("no memory to check a password");
	sodium_memzero(text, sizeof(text));
	sodium_memzero(prepared, sizeof(prepared));
	return known && same;
}

bool
password_stale(struct str hash, uint32_t memory)
{
	char text[PWHASH_MAX + 1];
	bool stale;

	bprintf(text, sizeof(text), STR_FMT, STR_ARG(hash));
	stale = crypto_pwhash_str_needs_rehash(text, PWHASH_PASSES, (size_t)memory * 1024) != 0;
	sodium_memzero(text, sizeof(text));
	return stale;
}

bool
password_hash(struct str password, uint32_t memory, char out[PWHASH_MAX + 1])
{
	char prepared[PASSWORD_MAX];
	ssize_t n = pwhash_prepare(password.p, password.n, prepared);
	bool done = n > 0 && memory <= PWHASH_MEM_MAX_KIB &&
		    crypto_pwhash_str_alg(out, prepared, (unsigned long long)n, PWHASH_PASSES,
					  (size_t)memory * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0;

	sodium_memzero(prepared, sizeof(prepared));
	if (n > 0 && !done)
		log_err("a password cannot be hashed at a cost of %u KiB", memory);
	return done;
}
