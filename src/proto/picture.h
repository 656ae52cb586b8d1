/* picture.h - how big a picture is, by its header: nothing of it is ever decoded here. Pure. */
#ifndef PROTO_PICTURE_H
#define PROTO_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURE_HEAD_MAX \
	(256u << 10) /* so much of a file is enough: JPEG has what cameras write in front */
#define PICTURE_SIDE_MAX 20000 /* what is said to be longer is not believed, and shown nowhere */
#define PICTURE_AREA_MAX 100000000u

/* PNG, JPEG, GIF, WebP, by their first bytes. False: none of these, the beginning does not tell, or the size is absurd. */
bool picture_size(const uint8_t *p, size_t n, uint16_t *width_r, uint16_t *height_r);

/* "image/png", "image/jpeg", "image/gif", "image/webp" by the first bytes; NULL: none. */
const char *picture_type(const uint8_t *p, size_t n);

#endif
