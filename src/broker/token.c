/* token.c - what is derived from the journal's secret about accounts: the proof of a login, and what is said of
 * accounts that are not there (account.h). Other uses of that secret hash less than what is hashed here, so that what
 * is said there proves nothing here.
 */
#include "config.h"

#include <string.h>

#include "broker/account.h"
#include "lib/siphash.h"
#include "lib/util.h"
#include "proto/sasl.h"

enum use { USE_TOKEN = 1, USE_SALT, USE_STORED, USE_SERVER };

struct hashed {
	uint32_t use, inc;
	uint64_t conn, id;
	char fold[NAME_FOLD_MAX]; /* filled up with zeros */
};
_Static_assert(sizeof(struct hashed) == 24 + NAME_FOLD_MAX && sizeof(struct hashed) > ROOM_KEY_MAX,
	       "no padding, and longer than the key of a room");

static void
hash(struct hashed h, struct str fold, uint8_t out[16])
{
	memcpy(h.fold, fold.p, MIN(fold.n, sizeof(h.fold)));
	siphash128(&h, sizeof(h), br.j.h->secret, out);
}

void
token_make(uint32_t inc, uint64_t conn, uint64_t id, struct str fold, uint8_t out[AUTH_TOKEN])
{
	_Static_assert(AUTH_TOKEN == 16, "a token is a hash");
	hash((struct hashed){.use = USE_TOKEN, .inc = inc, .conn = conn, .id = id}, fold, out);
}

bool
token_fits(uint32_t inc, uint64_t conn, uint64_t id, struct str fold, struct str token)
{
	uint8_t right[AUTH_TOKEN], other = 0;

	if (token.n != sizeof(right))
		return false;
	token_make(inc, conn, id, fold, right);
	for (size_t i = 0; i < sizeof(right); i++)
		other |= right[i] ^ (uint8_t)token.p[i];
	return other == 0;
}

void
token_no_verifier(struct str fold, char out[SCRAM_MAX + 1])
{
	struct scram_verifier v = {.iterations = SCRAM_ITERATIONS};

	_Static_assert(sizeof(v.salt) == 16 && sizeof(v.stored_key) == 32, "as hash() gives them");
	hash((struct hashed){.use = USE_SALT}, fold, v.salt);
	for (uint32_t half = 0; half < 2; half++) {
		hash((struct hashed){.use = USE_STORED, .inc = half}, fold,
		     v.stored_key + 16 * half);
		hash((struct hashed){.use = USE_SERVER, .inc = half}, fold,
		     v.server_key + 16 * half);
	}
	out[scram_verifier_put(&v, out, SCRAM_MAX)] = '\0';
}
