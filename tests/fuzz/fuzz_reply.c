/* chatctl's end of the admin socket: whatever a daemon answers, it is records or not the protocol, and it does not matter how the
 * stream is cut. */
#include "config.h"

#include "fuzz.h"
#include "lib/buf.h"
#include "lib/util.h"
#include "tools/client.h"

struct got {
	int end; /* what client_next said last */
	size_t records, bytes;
	uint64_t sum;
};

static void
take(struct client *cl, struct got *g)
{
	const char *body;
	size_t len;

	while (g->end >= 0 && (g->end = client_next(cl, &body, &len)) > 0) {
		FUZZ_ASSERT(g->end >= 100 && g->end <= 999 && body[len] == '\n');
		g->records++;
		g->bytes += len;
		g->sum = g->sum * 31 + (unsigned)g->end;
		for (size_t i = 0; i < len; i++)
			g->sum = g->sum * 31 + (unsigned char)body[i];
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct client whole = {.fd = -1}, parts = {.fd = -1};
	struct got a = {0}, b = {0};

	buf_append(&whole.in, p, n);
	take(&whole, &a);
	for (size_t i = 0, k; i < n && b.end >= 0; i += k) {
		k = MIN(1 + i % 7, n - i);
		buf_append(&parts.in, p + i, k);
		take(&parts, &b);
	}
	FUZZ_ASSERT(n == 0 || (a.end == b.end && a.records == b.records && a.sum == b.sum));
	buf_fini(&whole.in);
	buf_fini(&parts.in);
	return 0;
}
