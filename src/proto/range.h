/* range.h - the Range header of a request (RFC 9110, 14.1.2). Pure. */
#ifndef PROTO_RANGE_H
#define PROTO_RANGE_H

#include <stdint.h>

struct range {
	uint64_t from, n;
};
enum range_kind {
	RANGE_NONE, /* all of it: it is none that we understand, or several */
	RANGE_PART,
	RANGE_WRONG /* nothing of what is there */
};

/* Of something of `size` bytes; *r is the part, or all. */
enum range_kind range_parse(const char *s, uint64_t size, struct range *r);

#endif
