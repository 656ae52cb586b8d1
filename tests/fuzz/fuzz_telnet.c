/* The telnet decoder: the result does not depend on how the stream is cut, nothing grows,
 * and what is sent back is of the few things that we say.
 *
 * Input: one byte that chooses the cuts, then the stream. */
#include "config.h"

#include <stdbool.h>

#include "fuzz.h"
#include "proto/telnet.h"

struct result {
	struct telnet t;
	unsigned char *text; /* owned */
	size_t text_len;
	/* one budget's worth, as nothing is relaxed here */
	unsigned char reply[TELNET_REPLY_MAX];
	size_t reply_len;
	bool failed;
};

static void
feed(struct result *res, const uint8_t *p, size_t n)
{
	struct telnet_reply r;
	unsigned char *copy = fuzz_copy(p, n, n);
	ssize_t len = telnet_decode(&res->t, copy, n, &r);

	if (len < 0) {
		FUZZ_ASSERT(r.len == 0);
		res->failed = true;
	} else {
		FUZZ_ASSERT(!res->failed);
		FUZZ_ASSERT((size_t)len <= n);
		FUZZ_ASSERT(res->reply_len + r.len <= sizeof(res->reply));
		FUZZ_ASSERT(res->t.spent <= TELNET_BUDGET);
		memcpy(res->text + res->text_len, copy, len);
		res->text_len += len;
		memcpy(res->reply + res->reply_len, r.buf, r.len);
		res->reply_len += r.len;
	}
	free(copy);
}

/* Every reply is "[Yes]", DO NAWS or a refusal, and each refusal comes once: only timing
 * marks are answered again, and NAWS is taken back after it was agreed on. */
static void
check_reply(const unsigned char *p, size_t n)
{
	static const char yes[] = "[Yes]\r\n";
	bool said[256][256] = {{false}};

	while (n > 0) {
		if (p[0] == '[') {
			FUZZ_ASSERT(n >= 7 && memcmp(p, yes, 7) == 0);
			p += 7;
			n -= 7;
			continue;
		}
		FUZZ_ASSERT(n >= 3 && p[0] == TELNET_IAC);
		FUZZ_ASSERT(p[1] == TELNET_DONT || p[1] == TELNET_WONT ||
			    (p[1] == TELNET_DO && p[2] == TELNET_OPT_NAWS));
		if (p[1] != TELNET_WONT || p[2] != TELNET_OPT_TM)
			FUZZ_ASSERT(!said[p[1]][p[2]]);
		said[p[1]][p[2]] = true;
		p += 3;
		n -= 3;
	}
}

/* Bytes ff in the text are doubled ones of the stream, line ends are '\n'. */
static void
check_text(const struct result *res, const uint8_t *p, size_t n)
{
	size_t in = 0, out = 0;

	FUZZ_ASSERT(memchr(res->text, '\r', res->text_len) == NULL);
	for (size_t i = 0; i < n; i++)
		in += p[i] == TELNET_IAC;
	for (size_t i = 0; i < res->text_len; i++)
		out += res->text[i] == TELNET_IAC;
	FUZZ_ASSERT(out * 2 <= in);
	if (in == 0)
		FUZZ_ASSERT(res->reply_len == 0 && res->t.spent == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct result whole = {.failed = false}, parts = {.failed = false};
	unsigned cut;

	if (n < 1)
		return 0;
	cut = *p++;
	n--;
	whole.text = malloc(n + 1);
	parts.text = malloc(n + 1);
	FUZZ_ASSERT(whole.text != NULL && parts.text != NULL);

	feed(&whole, p, n);
	for (size_t i = 0; i < n;) {
		size_t len = 1 + cut % 9;

		if (len > n - i)
			len = n - i;
		feed(&parts, p + i, len);
		i += len;
		cut = cut * 5 + 7;
	}

	FUZZ_ASSERT(whole.failed == parts.failed);
	if (!whole.failed) {
		FUZZ_ASSERT(whole.text_len == parts.text_len);
		FUZZ_ASSERT(memcmp(whole.text, parts.text, whole.text_len) == 0);
		FUZZ_ASSERT(whole.reply_len == parts.reply_len);
		FUZZ_ASSERT(memcmp(whole.reply, parts.reply, whole.reply_len) == 0);
		FUZZ_ASSERT(memcmp(&whole.t, &parts.t, sizeof(whole.t)) == 0);
		check_reply(whole.reply, whole.reply_len);
		check_text(&whole, p, n);
	} else {
		/* for good */
		telnet_relax(&whole.t, 3600);
		feed(&whole, (const uint8_t *)"x", 1);
		FUZZ_ASSERT(whole.text_len == 0);
	}
	free(whole.text);
	free(parts.text);
	return 0;
}
