/* buf.c - see buf.h. */
#include "config.h"

#include "lib/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/util.h"

#define KEEP 65536 /* an empty buffer keeps at most this much memory */

void
buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){.limit = limit};
}

void
buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.limit = b->limit};
}

char *
buf_room(struct buf *b, size_t n)
{
	if (b->limit != 0 && b->len + n > b->limit) {
		errno = ENOBUFS;
		return NULL;
	}
	if (b->off + b->len + n > b->cap && b->off > 0) {
		/* moving is paid for by the bytes that have left since the last move */
		if (b->len > 0)
			memmove(b->p, b->p + b->off, b->len);
		b->off = 0;
	}
	if (b->len + n > b->cap) {
		b->cap = MAX(b->len + n, b->cap + b->cap / 2);
		b->p = xrealloc(b->p, b->cap);
	}
	return b->p + b->off + b->len;
}

void
buf_added(struct buf *b, size_t n)
{
	CHECK(b->off + b->len + n <= b->cap);
	b->len += n;
}

int
buf_append(struct buf *b, const void *p, size_t n)
{
	char *to;

	if (n == 0)
		return 0;
	to = buf_room(b, n);
	if (to == NULL)
		return -1;
	memcpy(to, p, n);
	b->len += n;
	return 0;
}

int
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *to;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	CHECK(n >= 0);
	to = buf_room(b, (size_t)n + 1);
	if (to == NULL)
		return -1;
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	buf_added(b, (size_t)n);
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return rc;
}

void
buf_drop(struct buf *b, size_t n)
{
	CHECK(n <= b->len);
	b->len -= n;
	b->off = b->len > 0 ? b->off + n : 0;
	if (b->len == 0 && b->cap > KEEP) {
		free(b->p);
		b->p = NULL;
		b->cap = 0;
	}
}

int
buf_flush(struct buf *b, int fd)
{
	return buf_flush_some(b, fd, b->len);
}

int
buf_flush_some(struct buf *b, int fd, size_t max)
{
	while (max > 0) {
		ssize_t r = send(fd, b->p + b->off, max, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return errno == EAGAIN ? 0 : -1;
		buf_drop(b, (size_t)r);
		max -= (size_t)r;
	}
	return 0;
}
