/* picture.c - see picture.h. PNG: ISO 15948, 11.2.2; GIF: GIF89a, 18; JPEG: ITU T.81, B; WebP: RFC 9649. */
#include "config.h"

#include "proto/picture.h"

#include <string.h>

#include "lib/util.h"

struct size {
	uint32_t w, h;
};

static uint32_t
big(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static uint32_t
little(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static struct size
png(const uint8_t *p, size_t n)
{
	if (n < 24 || memcmp(p + 12, "IHDR", 4) != 0)
		return (struct size){0};
	return (struct size){big(p + 16, 4), big(p + 20, 4)};
}

static struct size
gif(const uint8_t *p, size_t n)
{
	return n < 10 ? (struct size){0} : (struct size){little(p + 6, 2), little(p + 8, 2)};
}

/* SOF: C0 to CF but for DHT, JPG and DAC. */
static bool
is_frame(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
	       marker != 0xcc;
}

static struct size
jpeg(const uint8_t *p, size_t n)
{
	size_t at = 2;

	while (n >= 4 && at <= n - 4) {
		uint8_t marker = p[at + 1];

		if (p[at] != 0xff)
			break;
		if (marker == 0xff) { /* fill */
			at++;
			continue;
		}
		if (is_frame(marker))
			return n - at < 9 ? (struct size){0}
					  : (struct size){big(p + at + 7, 2), big(p + at + 5, 2)};
		/* what has no length, or comes behind the header, is not in a header */
		if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xda) || marker < 0xc0)
			break;
		if (big(p + at + 2, 2) < 2)
			break;
		at += 2 + big(p + at + 2, 2);
	}
	return (struct size){0};
}

static struct size
webp(const uint8_t *p, size_t n)
{
	if (n < 30)
		return (struct size){0};
	if (memcmp(p + 12, "VP8X", 4) == 0)
		return (struct size){little(p + 24, 3) + 1, little(p + 27, 3) + 1};
	if (memcmp(p + 12, "VP8L", 4) == 0 && p[20] == 0x2f) {
		uint32_t v = little(p + 21, 4);

		return (struct size){(v & 0x3fff) + 1, (v >> 14 & 0x3fff) + 1};
	}
	if (memcmp(p + 12, "VP8 ", 4) == 0 && memcmp(p + 23, "\x9d\x01\x2a", 3) == 0)
		return (struct size){little(p + 26, 2) & 0x3fff, little(p + 28, 2) & 0x3fff};
	return (struct size){0};
}

static const struct {
	const char *type, *first;
	size_t nfirst;
	struct size (*size)(const uint8_t *p, size_t n);
} kinds[] = {
    {"image/png", "\x89PNG\r\n\x1a\n", 8, png},
    {"image/jpeg", "\xff\xd8\xff", 3, jpeg},
    {"image/gif", "GIF87a", 6, gif},
    {"image/gif", "GIF89a", 6, gif},
    {"image/webp", "RIFF", 4, webp},
};

static int
kind_of(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (n < kinds[i].nfirst || memcmp(p, kinds[i].first, kinds[i].nfirst) != 0)
			continue;
		if (kinds[i].size != webp || (n >= 12 && memcmp(p + 8, "WEBP", 4) == 0))
			return (int)i;
	}
	return -1;
}

const char *
picture_type(const uint8_t *p, size_t n)
{
	int kind = kind_of(p, n);

	return kind < 0 ? NULL : kinds[kind].type;
}

bool
picture_size(const uint8_t *p, size_t n, uint16_t *width_r, uint16_t *height_r)
{
	int kind = kind_of(p, n);
	struct size s = {0};

	if (kind >= 0)
		s = kinds[kind].size(p, n);
	if (s.w == 0 || s.h == 0 || s.w > PICTURE_SIDE_MAX || s.h > PICTURE_SIDE_MAX ||
	    s.w * s.h > PICTURE_AREA_MAX)
		s = (struct size){0};
	*width_r = (uint16_t)s.w;
	*height_r = (uint16_t)s.h;
	return s.w > 0;
}
