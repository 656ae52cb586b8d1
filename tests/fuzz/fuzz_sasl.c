/* What a client says to log in, and the texts that passwords are kept as: never read beyond what there is, and what is accepted
 * means the same when it is written again.
 *
 * The first byte says as what the rest is taken: 'b' base64, 'p' PLAIN, 'e' EXTERNAL, 'f' and 'l' SCRAM's first and last message, 'n' a
 * name in them, 'v' a verifier, 'h' a hash, 'w' a password. */
#include "config.h"

#include "fuzz.h"
#include "ipc/ipc.h"
#include "ipc/pwhash.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/sasl.h"

static void
check_inside(struct str part, struct str s)
{
	FUZZ_ASSERT(part.n == 0 || (part.p >= s.p && part.p + part.n <= s.p + s.n));
}

static void
base64(struct str s)
{
	size_t cap = (s.n + 2) / 3 * 4;
	char *text = malloc(cap + 1), *bytes = malloc(s.n + 1);
	ssize_t n;

	FUZZ_ASSERT(text != NULL && bytes != NULL);
	FUZZ_ASSERT(base64_encode(s, text, cap) == cap);
	FUZZ_ASSERT(base64_decode((struct str){text, cap}, bytes, s.n) == (ssize_t)s.n &&
		    memcmp(bytes, s.p, s.n) == 0);
	n = base64_decode(s, bytes, s.n);
	/* there is one way to write it only */
	FUZZ_ASSERT(n < 0 || (base64_encode((struct str){bytes, (size_t)n}, text, cap) == s.n &&
			      memcmp(text, s.p, s.n) == 0));
	FUZZ_ASSERT(n <= 0 || base64_decode(s, bytes, (size_t)n - 1) == -1);
	free(bytes);
	free(text);
}

static void
plain(struct str s)
{
	struct sasl_plain m;
	struct str authzid;

	if (sasl_plain_get(s, &m)) {
		check_inside(m.authzid, s);
		FUZZ_ASSERT(m.authcid.n > 0 && m.password.n > 0 &&
			    m.authzid.n + m.authcid.n + m.password.n + 2 == s.n);
		FUZZ_ASSERT(text_utf8_ok(s.p, s.n) &&
			    memchr(m.password.p, '\0', m.password.n) == NULL);
	}
	if (sasl_external_get(s, &authzid))
		FUZZ_ASSERT(authzid.n == s.n && text_utf8_ok(s.p, s.n) &&
			    (s.n == 0 || memchr(s.p, '\0', s.n) == NULL));
}

static void
name(struct str s)
{
	char *out = malloc(s.n + 1);
	ssize_t n = scram_name(s, out, s.n);

	FUZZ_ASSERT(n <= (ssize_t)s.n);
	if (n > 0)
		FUZZ_ASSERT(scram_name(s, out, (size_t)n) == n &&
			    scram_name(s, out, (size_t)n - 1) == -1);
	free(out);
}

static void
first(struct str s)
{
	struct scram_first m;

	if (!scram_first_get(s, &m))
		return;
	FUZZ_ASSERT(m.binding == 'n' || m.binding == 'y' || m.binding == 'p');
	FUZZ_ASSERT(m.gs2.p == s.p && m.bare.p == s.p + m.gs2.n && m.gs2.n + m.bare.n == s.n &&
		    m.nonce.n > 0);
	check_inside(m.authzid, m.gs2);
	check_inside(m.user, m.bare);
	check_inside(m.nonce, m.bare);
	name(m.user);
}

static void
last(struct str s)
{
	struct scram_final m;

	if (!scram_final_get(s, &m))
		return;
	FUZZ_ASSERT(m.without_proof.p == s.p && m.without_proof.n + 3 + m.proof.n == s.n);
	check_inside(m.binding, m.without_proof);
	check_inside(m.nonce, m.without_proof);
}

static void
verifier(struct str s)
{
	struct scram_verifier v, w;
	char out[144];
	size_t n;

	if (!scram_verifier_get(s, &v))
		return;
	n = scram_verifier_put(&v, out, sizeof(out));
	FUZZ_ASSERT(n > 0 && scram_verifier_get((struct str){out, n}, &w));
	FUZZ_ASSERT(v.iterations == w.iterations && memcmp(v.salt, w.salt, sizeof(v.salt)) == 0);
	FUZZ_ASSERT(memcmp(v.stored_key, w.stored_key, sizeof(v.stored_key)) == 0);
	FUZZ_ASSERT(memcmp(v.server_key, w.server_key, sizeof(v.server_key)) == 0);
}

static void
password(struct str s)
{
	char out[PASSWORD_MAX], again[PASSWORD_MAX];
	ssize_t n = pwhash_prepare(s.p, s.n, out);

	FUZZ_ASSERT(n == -1 || (n > 0 && n <= PASSWORD_MAX));
	if (n == -1)
		return;
	FUZZ_ASSERT(text_utf8_ok(s.p, s.n) && text_utf8_ok(out, (size_t)n) &&
		    text_is_clean(out, (size_t)n, 0));
	FUZZ_ASSERT(pwhash_prepare(out, (size_t)n, again) == n &&
		    memcmp(out, again, (size_t)n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str s;

	if (n < 1)
		return 0;
	s = (struct str){fuzz_copy(p + 1, n - 1, n - 1), n - 1};
	switch (*p) {
	case 'b':
		base64(s);
		break;
	case 'p':
	case 'e':
		plain(s);
		break;
	case 'f':
		first(s);
		break;
	case 'l':
		last(s);
		break;
	case 'n':
		name(s);
		break;
	case 'v':
		verifier(s);
		break;
	case 'h':
		pwhash_wrong(s.p, s.n);
		break;
	case 'w':
		password(s);
		break;
	default:
		break;
	}
	free((char *)s.p);
	return 0;
}
