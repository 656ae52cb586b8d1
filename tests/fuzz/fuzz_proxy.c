/* A proxy's header: never read beyond what there is, the same whether it comes at once or byte by byte, and an address in the one
 * form. */
#include "config.h"

#include "fuzz.h"
#include "lib/net.h"
#include "lib/proxy.h"

static void
check_from(const struct proxy_from *f)
{
	char again[NET_TEXT_MAX];
	struct net net;

	FUZZ_ASSERT(memchr(f->address, '\0', sizeof(f->address)) != NULL);
	if (!f->known) {
		FUZZ_ASSERT(f->address[0] == '\0' && f->port == 0 && !f->tls);
		return;
	}
	FUZZ_ASSERT(net_parse(f->address, &net) && net.bits == 128);
	net_show(&net, again);
	FUZZ_ASSERT(strcmp(again, f->address) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct proxy_from f, g;
	ssize_t len, early;
	char *s;

	if (n > PROXY_MAX + 64)
		return 0;
	s = fuzz_copy(p, n, n);
	len = proxy_parse(s, n, &f);
	free(s);
	FUZZ_ASSERT(len >= -1 && len <= (ssize_t)n && len <= PROXY_MAX);
	if (len > 0)
		check_from(&f);
	/* each a byte longer, and with nothing of ours behind it */
	s = fuzz_copy(p, 0, n > 0 ? n : 1);
	for (size_t k = 0; k < n; k++) {
		memcpy(s + n - k, p, k);
		early = proxy_parse(s + n - k, k, &g);
		/* a part of one is not whole, and what is none stays none */
		FUZZ_ASSERT(len <= 0 || (size_t)len <= k ? early <= 0 || early == len : early == 0);
	}
	free(s);
	return 0;
}
