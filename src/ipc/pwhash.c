/* pwhash.c - see pwhash.h. */
#include "config.h"

#include "ipc/pwhash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "ipc/ipc.h"
#include "lib/text.h"

#define HEAD "$argon2id$v=19$"
#define NOT_ONE "not a hash as `chatctl mkpasswd` makes it"

/* "m=65536" at *p, which moves behind it. False: something else, or longer than a number that we take. */
static bool
take_number(const char **p, const char *end, const char *key, uint32_t *v_r)
{
	size_t n = strlen(key), digits = 0;
	uint32_t v = 0;

	if ((size_t)(end - *p) < n || memcmp(*p, key, n) != 0)
		return false;
	for (*p += n; *p < end && **p >= '0' && **p <= '9'; (*p)++, digits++) {
		if (digits == 9)
			return false;
		v = 10 * v + (uint32_t)(**p - '0');
	}
	*v_r = v;
	return digits > 0;
}

/* "$" and base64 without padding, at least so many characters. */
static bool
take_base64(const char **p, const char *end, size_t least)
{
	static const char set[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *from;

	if (*p == end || **p != '$')
		return false;
	for (from = ++*p; *p < end && **p != '\0' && strchr(set, **p) != NULL; (*p)++)
		;
	return (size_t)(*p - from) >= least;
}

const char *
pwhash_wrong(const char *p, size_t n)
{
	const char *end = p + n;
	uint32_t m, t, lanes;

	if (n >= PWHASH_MAX || n < sizeof(HEAD) - 1 || memcmp(p, HEAD, sizeof(HEAD) - 1) != 0)
		return NOT_ONE;
	p += sizeof(HEAD) - 1;
	if (!take_number(&p, end, "m=", &m) || !take_number(&p, end, ",t=", &t) ||
	    !take_number(&p, end, ",p=", &lanes) || !take_base64(&p, end, 11) ||
	    !take_base64(&p, end, 22) || p != end || m < 8 || t < 1 || lanes != 1)
		return NOT_ONE;
	if (m > PWHASH_MEM_MAX_KIB || (uint64_t)m * t > PWHASH_WORK_MAX_KIB)
		return "a hash that costs too much to check (256 MiB, three passes at most)";
	return NULL;
}

static bool
ascii(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)p[i] >= 0x80)
			return false;
	}
	return true;
}

ssize_t
pwhash_prepare(const char *p, size_t n, char *out)
{
	utf8proc_uint8_t *mapped;
	utf8proc_ssize_t len;

	if (n == 0 || n > PASSWORD_MAX || !text_is_clean(p, n, 0))
		return -1;
	if (ascii(p, n)) {
		memcpy(out, p, n);
		return (ssize_t)n;
	}
	len = utf8proc_map((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &mapped,
			   UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE);
	if (len < 0)
		return -1;
	if (len > 0 && len <= PASSWORD_MAX)
		memcpy(out, mapped, (size_t)len);
	explicit_bzero(mapped, (size_t)len);
	free(mapped);
	return len > 0 && len <= PASSWORD_MAX ? (ssize_t)len : -1;
}
