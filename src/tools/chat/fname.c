/* fname.c - see fname.h. */
#include "config.h"

#include "fname.h"

#include "lib/text.h"
#include "lib/util.h"

#define ENDING_MAX 16

/* U+200B..200F, U+202A..202E, U+2060..2069, U+061C: they show a name as something else. */
static size_t
invisible(const unsigned char *p, size_t n)
{
	if (n >= 2 && p[0] == 0xd8 && p[1] == 0x9c)
		return 2;
	if (n < 3 || p[0] != 0xe2)
		return 0;
	if (p[1] == 0x80 && ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xaa && p[2] <= 0xae)))
		return 3;
	return p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xa9 ? 3 : 0;
}

static size_t
copy_plain(struct str name, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n && n < cap;) {
		size_t skip = invisible((const unsigned char *)name.p + i, name.n - i);

		if (skip == 0)
			out[n++] =
			    memchr(":*?\"<>|`$&;'\\", name.p[i], 13) != NULL ? '_' : name.p[i];
		i += skip > 0 ? skip : 1;
	}
	return n;
}

/* Where ".ext" begins, or n: none. */
static size_t
ending(const char *p, size_t n)
{
	for (size_t i = n; i > 1 && n - i < ENDING_MAX; i--) {
		if (p[i - 1] == '.')
			return i - 1;
	}
	return n;
}

void
fname_safe(struct str name, char out[FNAME_MAX + 1])
{
	char whole[1024];
	size_t n, dot, tail;

	for (size_t i = name.n; i > 0; i--) {
		if (name.p[i - 1] == '/' || name.p[i - 1] == '\\') {
			name = (struct str){name.p + i, name.n - i};
			break;
		}
	}
	if (!text_utf8_ok(name.p, name.n))
		name.n = 0;
	n = copy_plain(name, whole, MIN(name.n, sizeof(whole)));
	n = text_cut(whole, n, n);
	while (n > 0 && !text_utf8_ok(whole, n))
		n--;
	n = text_clean(whole, n, 0);
	for (tail = n; tail > 0 && (whole[tail - 1] == ' ' || whole[tail - 1] == '.'); tail--)
		;
	n = tail;
	for (tail = 0; tail < n && strchr(". -~", whole[tail]) != NULL; tail++)
		;
	memmove(whole, whole + tail, n - tail);
	n -= tail;
	if (n == 0)
		n = bprintf(whole, sizeof(whole), "file");
	dot = ending(whole, n);
	tail = n - dot;
	if (n > FNAME_MAX) {
		n = text_cut(whole, dot, FNAME_MAX - tail);
		memmove(whole + n, whole + dot, tail);
		n += tail;
	}
	memcpy(out, whole, n);
	out[n] = '\0';
}

void
fname_try(const char *name, unsigned n, char out[FNAME_TRY_MAX])
{
	size_t len = strlen(name), dot = ending(name, len);

	if (n <= 1)
		bprintf(out, FNAME_TRY_MAX, "%s", name);
	else
		bprintf(out, FNAME_TRY_MAX, "%.*s (%u)%s", (int)dot, name, n, name + dot);
}

const char *
fname_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}
