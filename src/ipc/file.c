/* file.c - see file.h. */
#include "config.h"

#include "ipc/file.h"

#include <string.h>

#include "lib/siphash.h"
#include "lib/util.h"

/* In front of type and name. */
struct packed {
	uint64_t size, expires;
	uint8_t id[FILE_ID], proof[FILE_PROOF];
	uint16_t width, height;
	uint8_t flags, type_n, name_n, zero[5];
};
_Static_assert(sizeof(struct packed) == 56 &&
		   sizeof(struct packed) + FILE_TYPE_MAX + FILE_NAME_MAX <= FILE_FACTS_MAX,
	       "no padding, and room for everything");

size_t
file_put(char out[FILE_FACTS_MAX], const struct file_facts *f)
{
	struct packed p = {.size = f->size,
			   .expires = f->expires,
			   .width = f->width,
			   .height = f->height,
			   .flags = f->flags,
			   .type_n = (uint8_t)f->type.n,
			   .name_n = (uint8_t)f->name.n};

	if (f->type.n > FILE_TYPE_MAX || f->name.n > FILE_NAME_MAX)
		return 0;
	memcpy(p.id, f->id, sizeof(p.id));
	memcpy(p.proof, f->proof, sizeof(p.proof));
	memcpy(out, &p, sizeof(p));
	memcpy(out + sizeof(p), f->type.p, f->type.n);
	memcpy(out + sizeof(p) + f->type.n, f->name.p, f->name.n);
	return sizeof(p) + f->type.n + f->name.n;
}

bool
file_get(struct str s, struct file_facts *f)
{
	static const uint8_t zero[sizeof(((struct packed *)0)->zero)];
	struct packed p;

	if (s.n < sizeof(p))
		return false;
	memcpy(&p, s.p, sizeof(p));
	if (memcmp(p.zero, zero, sizeof(zero)) != 0 || p.type_n > FILE_TYPE_MAX ||
	    s.n != sizeof(p) + p.type_n + p.name_n)
		return false;
	*f = (struct file_facts){.size = p.size,
				 .expires = p.expires,
				 .width = p.width,
				 .height = p.height,
				 .flags = p.flags,
				 .type = {s.p + sizeof(p), p.type_n},
				 .name = {s.p + sizeof(p) + p.type_n, p.name_n}};
	memcpy(f->id, p.id, sizeof(p.id));
	memcpy(f->proof, p.proof, sizeof(p.proof));
	return true;
}

void
file_prove(const uint8_t key[16], const uint8_t id[FILE_ID], uint64_t expires,
	   uint8_t out[FILE_PROOF])
{
	/* other uses of the key hash something else: names, and more or fewer bytes */
	struct {
		char use[8];
		uint64_t expires;
		uint8_t id[FILE_ID];
	} hashed = {.use = "file", .expires = expires};
	uint8_t sum[16];

	memcpy(hashed.id, id, sizeof(hashed.id));
	siphash128(&hashed, sizeof(hashed), key, sum);
	memcpy(out, sum, FILE_PROOF);
}

bool
file_proved(const uint8_t key[16], const uint8_t id[FILE_ID], uint64_t expires, struct str proof,
	    uint64_t now)
{
	uint8_t right[FILE_PROOF], other = 0;

	if (proof.n != sizeof(right))
		return false;
	file_prove(key, id, expires, right);
	for (size_t i = 0; i < sizeof(right); i++)
		other |= right[i] ^ (uint8_t)proof.p[i];
	return other == 0 && now < expires;
}

/* --- text ------------------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t
base64url_encode(const void *p, size_t n, char *out)
{
	const uint8_t *in = p;
	size_t len = 0;
	unsigned bits = 0;
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		v = (v << 8 | in[i]) & 0xffffff;
		for (bits += 8; bits >= 6; bits -= 6)
			out[len++] = digits[v >> (bits - 6) & 63];
	}
	if (bits > 0)
		out[len++] = digits[v << (6 - bits) & 63];
	out[len] = '\0';
	return len;
}

ssize_t
base64url_decode(struct str in, void *out, size_t cap)
{
	uint8_t *bytes = out;
	size_t len = 0;
	unsigned bits = 0;
	uint32_t v = 0;

	for (size_t i = 0; i < in.n; i++) {
		const char *at = in.p[i] != '\0' ? strchr(digits, in.p[i]) : NULL;

		if (at == NULL)
			return -1;
		v = (v << 6 | (uint32_t)(at - digits)) & 0xffffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (len == cap)
			return -1;
		bytes[len++] = (uint8_t)(v >> bits);
	}
	/* one way to write each: what is left over is zero, and too little for another digit */
	return len == cap && bits < 6 && (v & ((1u << bits) - 1)) == 0 ? (ssize_t)len : -1;
}

static size_t
percent_encode(char *out, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t len = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '_' || (c == '.' && len > 0)) {
			out[len++] = (char)c;
			continue;
		}
		out[len++] = '%';
		out[len++] = hex[c >> 4];
		out[len++] = hex[c & 15];
	}
	out[len] = '\0';
	return len;
}

size_t
file_path(char *out, size_t cap, const struct file_facts *f)
{
	char id[2 * FILE_ID], proof[2 * FILE_PROOF], name[3 * FILE_NAME_MAX + 1];

	base64url_encode(f->id, sizeof(f->id), id);
	base64url_encode(f->proof, sizeof(f->proof), proof);
	if (percent_encode(name, f->name) == 0)
		bprintf(name, sizeof(name), "file");
	return bprintf(out, cap, "/files/%s/%s?e=%llu&s=%s", id, name,
		       (unsigned long long)f->expires, proof);
}

bool
file_is_image(const struct file_facts *f)
{
	static const char prefix[] = "image/";

	return f->type.n >= sizeof(prefix) && memcmp(f->type.p, prefix, sizeof(prefix) - 1) == 0;
}
