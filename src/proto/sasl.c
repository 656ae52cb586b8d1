/* sasl.c - see sasl.h. */
#include "config.h"

#include "proto/sasl.h"

#include <string.h>

#include "lib/text.h"
#include "lib/util.h"

/* --- base64 ------------------------------------------------------------------------------------ */

static int
digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t
base64_decode(struct str in, char *out, size_t cap)
{
	size_t n = in.n, len = 0;
	unsigned bits = 0, have = 0;
	int d;

	if (n % 4 != 0)
		return -1;
	for (unsigned pad = 0; pad < 2 && n > 0 && in.p[n - 1] == '='; pad++)
		n--;
	if (n % 4 == 1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		d = digit(in.p[i]);
		if (d < 0)
			return -1;
		bits = bits << 6 | (unsigned)d;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (len == cap)
			return -1;
		out[len++] = (char)(bits >> have & 0xff);
	}
	return (bits & ((1u << have) - 1)) == 0 ? (ssize_t)len : -1;
}

size_t
base64_encode(struct str in, char *out, size_t cap)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;

	if (cap < (in.n + 2) / 3 * 4)
		return 0;
	for (size_t i = 0; i < in.n; i += 3) {
		unsigned left = (unsigned)MIN(in.n - i, 3u), bits = 0;

		for (unsigned k = 0; k < 3; k++)
			bits = bits << 8 | (k < left ? (uint8_t)in.p[i + k] : 0);
		for (unsigned k = 0; k < 4; k++)
			out[n++] = k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=';
	}
	return n;
}

/* --- PLAIN and EXTERNAL ----------------------------------------------------------------------- */

/* Up to the next end, which is passed over; false: there is none. */
static bool
take_until(struct str *rest, char end, struct str *piece_r)
{
	const char *at = memchr(rest->p, end, rest->n);
	size_t n;

	if (at == NULL)
		return false;
	n = (size_t)(at - rest->p);
	*piece_r = (struct str){rest->p, n};
	*rest = (struct str){at + 1, rest->n - n - 1};
	return true;
}

bool
sasl_plain_get(struct str s, struct sasl_plain *m)
{
	struct str rest = s;

	if (s.n == 0 || !text_utf8_ok(s.p, s.n) || !take_until(&rest, '\0', &m->authzid) ||
	    !take_until(&rest, '\0', &m->authcid))
		return false;
	m->password = rest;
	return m->authcid.n > 0 && rest.n > 0 && memchr(rest.p, '\0', rest.n) == NULL;
}

bool
sasl_external_get(struct str s, struct str *authzid_r)
{
	*authzid_r = s;
	return s.n == 0 || (text_utf8_ok(s.p, s.n) && memchr(s.p, '\0', s.n) == NULL);
}

/* --- SCRAM -------------------------------------------------------------------------------------- */

/* The next of "a=x,b=y", which must be this one. */
static bool
attribute(struct str *rest, char name, struct str *value_r)
{
	struct str piece = *rest;

	if (!take_until(rest, ',', &piece))
		*rest = (struct str){piece.p + piece.n, 0};
	if (piece.n < 3 || piece.p[0] != name || piece.p[1] != '=')
		return false;
	*value_r = (struct str){piece.p + 2, piece.n - 2};
	return true;
}

/* Printable ASCII without the comma. */
static bool
nonce_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == ',')
			return false;
	}
	return s.n > 0;
}

static bool
gs2_get(struct str *rest, struct scram_first *m)
{
	const char *begin = rest->p;
	struct str flag, authzid;

	if (!take_until(rest, ',', &flag) || !take_until(rest, ',', &authzid) || flag.n == 0)
		return false;
	m->binding = flag.p[0];
	if (m->binding == 'p' ? flag.n < 3 || flag.p[1] != '='
			      : flag.n != 1 || (m->binding != 'n' && m->binding != 'y'))
		return false;
	m->gs2 = (struct str){begin, (size_t)(rest->p - begin)};
	m->authzid = (struct str){authzid.p, 0};
	return authzid.n == 0 || attribute(&authzid, 'a', &m->authzid);
}

/* Extensions that must be understood ("m=") are not. */
bool
scram_first_get(struct str s, struct scram_first *m)
{
	struct str rest = s;

	if (s.n == 0 || !text_utf8_ok(s.p, s.n) || memchr(s.p, '\0', s.n) != NULL ||
	    !gs2_get(&rest, m))
		return false;
	m->bare = rest;
	return attribute(&rest, 'n', &m->user) && attribute(&rest, 'r', &m->nonce) &&
	       nonce_ok(m->nonce);
}

bool
scram_final_get(struct str s, struct scram_final *m)
{
	struct str rest = s;
	const char *p;

	if (s.n == 0 || !text_utf8_ok(s.p, s.n) || memchr(s.p, '\0', s.n) != NULL ||
	    !attribute(&rest, 'c', &m->binding) || !attribute(&rest, 'r', &m->nonce) ||
	    !nonce_ok(m->nonce))
		return false;
	/* the proof is the last one, whatever stands between */
	for (p = s.p + s.n; p > rest.p && p[-1] != ','; p--)
		;
	rest = (struct str){p, (size_t)(s.p + s.n - p)};
	m->without_proof = (struct str){s.p, (size_t)(p - s.p) - 1};
	return attribute(&rest, 'p', &m->proof);
}

ssize_t
scram_name(struct str s, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '=') {
			if (s.n - i < 3 ||
			    (memcmp(s.p + i, "=2C", 3) != 0 && memcmp(s.p + i, "=3D", 3) != 0))
				return -1;
			c = s.p[i + 2] == 'C' ? ',' : '=';
			i += 2;
		}
		if (n == cap)
			return -1;
		out[n++] = c;
	}
	return n > 0 ? (ssize_t)n : -1;
}

/* --- what is kept for SCRAM ----------------------------------------------------------------------- */

#define VERIFIER "SCRAM-SHA-256$"

static size_t
put_base64(char *out, size_t n, size_t cap, const uint8_t *p, size_t len)
{
	size_t more = base64_encode((struct str){(const char *)p, len}, out + n, cap - n);

	return more > 0 && n + more < cap ? n + more : 0;
}

size_t
scram_verifier_put(const struct scram_verifier *v, char *out, size_t cap)
{
	size_t n = bprintf(out, cap, VERIFIER "%u:", v->iterations);

	n = put_base64(out, n, cap, v->salt, sizeof(v->salt));
	if (n == 0)
		return 0;
	out[n++] = '$';
	n = put_base64(out, n, cap, v->stored_key, sizeof(v->stored_key));
	if (n == 0)
		return 0;
	out[n++] = ':';
	return put_base64(out, n, cap, v->server_key, sizeof(v->server_key));
}

/* Base64 of exactly so many bytes, up to `end` (0: the end of all). */
static bool
take_base64(struct str *rest, char end, uint8_t *out, size_t len)
{
	struct str piece = *rest;

	if (end != '\0' && !take_until(rest, end, &piece))
		return false;
	return base64_decode(piece, (char *)out, len) == (ssize_t)len;
}

bool
scram_verifier_get(struct str s, struct scram_verifier *v)
{
	struct str rest = s, digits;
	uint64_t iterations;

	if (s.n < sizeof(VERIFIER) || memcmp(s.p, VERIFIER, sizeof(VERIFIER) - 1) != 0)
		return false;
	rest = (struct str){s.p + sizeof(VERIFIER) - 1, s.n - (sizeof(VERIFIER) - 1)};
	if (!take_until(&rest, ':', &digits) || digits.n > 7 || !str_number(digits, &iterations))
		return false;
	v->iterations = (unsigned)iterations;
	return v->iterations > 0 && take_base64(&rest, '$', v->salt, sizeof(v->salt)) &&
	       take_base64(&rest, ':', v->stored_key, sizeof(v->stored_key)) &&
	       take_base64(&rest, '\0', v->server_key, sizeof(v->server_key));
}
