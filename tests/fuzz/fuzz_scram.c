/* fuzz_scram.c - SCRAM-SHA-256 as strangers speak it to chatd-auth: a client's first message, a newline, its final one.
 *
 * The password is the one of RFC 7677, and so is the server's part of the nonce: its exchange is right, and nothing else is
 * known to be.
 */
#include "config.h"

#include <string.h>

#include "auth/scram.h"
#include "fuzz.h"
#include "lib/util.h"

#define NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

static struct str
verifier(void)
{
	static struct scram_verifier v = {.iterations = 4096};
	static char text[SCRAM_MAX];
	static size_t n;

	if (n == 0) {
		CHECK(base64_decode(STR_LIT("W22ZaJ0SNY7soEsUEjb6gQ=="), (char *)v.salt,
				    sizeof(v.salt)) == sizeof(v.salt));
		CHECK(scram_derive(STR_LIT("pencil"), &v));
		n = scram_verifier_put(&v, text, sizeof(text));
	}
	return (struct str){text, n};
}

/* It goes on from what the client has sent, and says what is known of the account. */
static void
check_server(struct str first, const char *server, size_t n)
{
	static const char end[] = NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
	struct scram_first m;

	CHECK(scram_first_get(first, &m) && m.binding != 'p' && n < AUTH_SECRET_MAX);
	CHECK(n == 2 + m.nonce.n + sizeof(end) - 1 && memcmp(server, "r=", 2) == 0);
	CHECK(memcmp(server + 2, m.nonce.p, m.nonce.n) == 0);
	CHECK(memcmp(server + 2 + m.nonce.n, end, sizeof(end) - 1) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *nl = memchr(p, '\n', size);
	struct str first = {p, nl != NULL ? (size_t)(nl - p) : size}, final = {p + first.n, 0};
	char server[AUTH_SECRET_MAX], out[AUTH_SECRET_MAX];
	struct scram_verifier v;
	struct scram_final f;
	size_t n;

	scram_verifier_get((struct str){p, size}, &v);
	if (nl != NULL)
		final = (struct str){nl + 1, size - first.n - 1};
	n = scram_first(verifier(), first, STR_LIT(NONCE), server);
	if (n == 0)
		return 0;
	check_server(first, server, n);
	n = scram_final(verifier(), first, (struct str){server, n}, final, out);
	if (n > 0) {
		CHECK(n == 46 && memcmp(out, "v=", 2) == 0);
		CHECK(scram_final_get(final, &f));
	}
	return 0;
}
