/* multipart.h - a multipart/form-data body (RFC 7578, RFC 2046, 5.1.1), taken apart as it comes. Pure.
 *
 * Contents go on as they are, in pieces; only what could be the beginning of a boundary is kept. Headers of a part have to fit into
 * MULTIPART_HEAD_MAX, and only Content-Disposition is looked at.
 */
#ifndef PROTO_MULTIPART_H
#define PROTO_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define MULTIPART_BOUNDARY_MAX 70
#define MULTIPART_HEAD_MAX 2048
#define MULTIPART_PARTS_MAX 32

enum multipart_what { MULTIPART_PART, MULTIPART_BYTES, MULTIPART_END };
/* MULTIPART_PART: a part begins, s is its Content-Disposition; MULTIPART_BYTES: s is of its contents; MULTIPART_END: it is whole.
 * False: no more of this. */
typedef bool multipart_fn(void *arg, enum multipart_what what, struct str s);

struct multipart {
	uint8_t state, parts, nmark; /* nmark: length of mark */
	bool bad;
	size_t n; /* bytes kept */
	char mark[MULTIPART_BOUNDARY_MAX + 5]; /* CR LF - - boundary */
	char kept[MULTIPART_HEAD_MAX];
};

/* For a body of this Content-Type. False: it is not multipart/form-data with a boundary that can be. */
bool multipart_init(struct multipart *m, struct str content_type);
/* The next n bytes. False: this is no such body, or fn wants no more; then for good. */
bool multipart_feed(struct multipart *m, const char *p, size_t n, multipart_fn *fn, void *arg);
/* Has the last boundary come? */
bool multipart_done(const struct multipart *m);

#endif
