/* Addresses and networks as text, lists of them, patterns; and what others see instead of an address. What is taken is shown in one
 * form, which is taken as the same, and a pattern matches what it should.
 *
 * The first byte says as what the rest is taken: 'a' an address or network, 'l' an address and a list, a space between, 'g' a pattern and
 * a name, a newline between. */
#include "config.h"

#include "broker/cloak.h"
#include "fuzz.h"
#include "lib/glob.h"
#include "lib/net.h"
#include "lib/text.h"
#include "lib/util.h"

static void
check_cloak(const char *text, const struct net *n)
{
	static const uint8_t key[16] = "0123456789abcde";
	char one[HOST_MAX + 1], other[HOST_MAX + 1], shown[NET_TEXT_MAX];

	if (!cloak_make(text, key, one))
		return;
	FUZZ_ASSERT(n->bits == 128 &&
		    strspn(one, "abcdefghijklmnopqrstuvwxyz234567.") == strlen(one));
	/* however it is written */
	net_show(n, shown);
	FUZZ_ASSERT(cloak_make(shown, key, other) && strcmp(one, other) == 0);
}

static void
address(const char *text)
{
	struct net n, again;
	char shown[NET_TEXT_MAX];
	uint8_t cut[16];

	if (!net_parse(text, &n)) {
		struct net dummy;

		FUZZ_ASSERT(strlen(text) >= NET_TEXT_MAX || !net_parse(text, &dummy));
		return;
	}
	FUZZ_ASSERT(n.bits <= 128);
	net_show(&n, shown);
	FUZZ_ASSERT(net_parse(shown, &again) && again.bits == 128 &&
		    memcmp(again.bytes, n.bytes, 16) == 0);
	FUZZ_ASSERT(net_has(&n, &again));
	memcpy(cut, n.bytes, sizeof(cut));
	net_cut(cut, n.bits >= 96 ? n.bits - 96 : 0, n.bits);
	check_cloak(text, &n);
}

static void
list(char *text)
{
	char *rest = strchr(text, ' '), *copy;
	struct net a, one;
	bool in = false;

	if (rest == NULL)
		return;
	*rest++ = '\0';
	if (!net_parse(text, &a) || a.bits != 128)
		return;
	copy = fuzz_copy(rest, strlen(rest), strlen(rest) + 1);
	for (char *save, *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		in |= net_parse(w, &one) && net_has(&one, &a);
	free(copy);
	FUZZ_ASSERT(net_listed(rest, &a) == in);
}

/* By trying all: a character is a byte here, as both are ASCII. */
static bool
matches(const char *p, size_t pn, const char *s, size_t n)
{
	bool row[65] = {true};

	for (size_t i = 0; i < pn; i++) {
		bool before = row[0]; /* row[j - 1] of the row above */

		row[0] = row[0] && p[i] == '*';
		for (size_t j = 1; j <= n; j++) {
			bool above = row[j];

			row[j] = p[i] == '*' ? row[j - 1] || above
					     : before && (p[i] == '?' || p[i] == s[j - 1]);
			before = above;
		}
	}
	return row[n];
}

static void
glob(const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n), *s;
	size_t pn, sn;
	bool ascii = true, is;

	if (nl == NULL)
		return;
	pn = (size_t)(nl - p);
	s = nl + 1;
	sn = n - pn - 1;
	is = glob_match(p, pn, s, sn);
	if (text_utf8_ok(p, pn) && text_utf8_ok(s, sn))
		FUZZ_ASSERT(!is || glob_match_nocase(p, pn, s, sn));
	for (size_t i = 0; i < n; i++)
		ascii &= !(p[i] & 0x80);
	if (ascii && sn <= 64)
		FUZZ_ASSERT(is == matches(p, pn, s, sn));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *s;

	if (n < 1 || n > 1000)
		return 0;
	s = fuzz_copy(p + 1, n - 1, *p == 'g' ? n - 1 : n);
	if (*p == 'a')
		address(s);
	else if (*p == 'l')
		list(s);
	else if (*p == 'g')
		glob(s, n - 1);
	free(s);
	return 0;
}
