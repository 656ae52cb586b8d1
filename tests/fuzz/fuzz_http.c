/* What strangers send to chatd-web: the first byte says as what it is taken. Nothing depends on how a stream is cut, no name of a file
 * is left that does harm, no picture is bigger than it may be.
 *
 * 'h' heads of requests; 'm' a form, its boundary up to the first LF; 'd' Content-Disposition; 'p' a picture; 'r' a range. */
#include "config.h"

#include <stdbool.h>

#include "fuzz.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/disposition.h"
#include "proto/http.h"
#include "proto/multipart.h"
#include "proto/picture.h"
#include "proto/range.h"

static void
heads(const char *p, size_t n)
{
	struct http_watch whole = {0}, parts = {0};
	unsigned a = http_watch(&whole, p, n), b = 0;

	for (size_t i = 0; i < n && b == 0; i++)
		b = http_watch(&parts, p + i, 1);
	FUZZ_ASSERT(a == b);
	/* that is of the last call */
	FUZZ_ASSERT(parts.begun == 0 && (n == 0 || whole.begun < n));
	whole.begun = 0;
	FUZZ_ASSERT(a != 0 || memcmp(&whole, &parts, sizeof(whole)) == 0);
}

struct got {
	size_t parts, ends, bytes;
	uint64_t sum;
};

static bool
take(void *arg, enum multipart_what what, struct str s)
{
	struct got *g = arg;

	if (what == MULTIPART_PART)
		g->parts++;
	else if (what == MULTIPART_END)
		g->ends++;
	for (size_t i = 0; what == MULTIPART_BYTES && i < s.n; i++)
		g->sum = g->sum * 31 + (unsigned char)s.p[i];
	g->bytes += what == MULTIPART_BYTES ? s.n : 0;
	return true;
}

static void
form(const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n);
	char type[400];
	struct multipart whole, parts;
	struct got a = {0}, b = {0};
	bool good_a, good_b = true;

	if (lf == NULL || lf - p > 200)
		return;
	bprintf(type, sizeof(type), "multipart/form-data; boundary=%.*s", (int)(lf - p), p);
	if (!multipart_init(&whole, str_of(type)))
		return;
	FUZZ_ASSERT(multipart_init(&parts, str_of(type)));
	n -= (size_t)(lf + 1 - p);
	p = lf + 1;
	good_a = multipart_feed(&whole, p, n, take, &a);
	for (size_t i = 0; i < n && good_b; i++)
		good_b = multipart_feed(&parts, p + i, 1, take, &b);
	FUZZ_ASSERT(good_a == good_b && multipart_done(&whole) == multipart_done(&parts));
	FUZZ_ASSERT(a.bytes <= n && a.ends <= a.parts && a.parts <= MULTIPART_PARTS_MAX);
	FUZZ_ASSERT(!good_a || (a.parts == b.parts && a.ends == b.ends));
	FUZZ_ASSERT(!multipart_done(&whole) ||
		    (a.bytes == b.bytes && a.sum == b.sum && a.parts == a.ends));
}

static void
name(const char *p, size_t n)
{
	char out[1024], put[64 + 4 * 200], again[1024];
	size_t len = disposition_filename((struct str){p, n}, out, sizeof(out));

	FUZZ_ASSERT(len < sizeof(out));
	len = disposition_label(out, len, 200);
	FUZZ_ASSERT(len > 0 && len <= 200 && strlen(out) == len);
	FUZZ_ASSERT(strchr(out, '/') == NULL && strcmp(out, "..") != 0 && strcmp(out, ".") != 0);
	FUZZ_ASSERT(text_is_clean(out, len, 0));
	FUZZ_ASSERT(disposition_put(put, sizeof(put), false, (struct str){out, len}) < sizeof(put));
	FUZZ_ASSERT(text_is_clean(put, strlen(put), 0));
	disposition_filename(str_of(put), again, sizeof(again));
	FUZZ_ASSERT(strcmp(out, again) == 0);
}

static void
picture(const uint8_t *p, size_t n)
{
	uint16_t w, h;
	bool good = picture_size(p, n, &w, &h);

	FUZZ_ASSERT(good == (w > 0 && h > 0) && w <= PICTURE_SIDE_MAX && h <= PICTURE_SIDE_MAX);
	FUZZ_ASSERT((uint32_t)w * h <= PICTURE_AREA_MAX);
	FUZZ_ASSERT(!good || picture_type(p, n) != NULL);
}

static void
range(const char *p, size_t n)
{
	char *s = fuzz_copy(p, n, n + 1);
	struct range r;

	if (range_parse(s, 1000, &r) == RANGE_PART)
		FUZZ_ASSERT(r.n > 0 && r.from < 1000 && r.from + r.n <= 1000);
	free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *s;

	if (n < 1)
		return 0;
	s = fuzz_copy(p + 1, n - 1, n - 1);
	switch (*p) {
	case 'h':
		heads(s, n - 1);
		break;
	case 'm':
		form(s, n - 1);
		break;
	case 'd':
		name(s, n - 1);
		break;
	case 'p':
		picture((const uint8_t *)s, n - 1);
		break;
	case 'r':
		range(s, n - 1);
		break;
	default:
		break;
	}
	free(s);
	return 0;
}
