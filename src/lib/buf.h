/* buf.h - byte queue with a hard limit; what waits to be written to a descriptor. */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

struct buf {
	char *p; /* owned */
	size_t off, len, cap; /* bytes off .. off + len are in the queue */
	size_t limit; /* 0: none */
};

/* Zero memory is an empty buffer without a limit. */
void buf_init(struct buf *b, size_t limit);
void buf_fini(struct buf *b); /* frees the memory; b is empty afterwards */

/* Append all n bytes or none. 0, or -1 with errno ENOBUFS when the limit would be passed:
 * the caller decides whether to stop reading or to drop. */
int buf_append(struct buf *b, const void *p, size_t n);

/* Append what printf would print, however long it is; a NUL that does not count stands behind it.
 * 0, or -1 as buf_append (which counts the NUL here). */
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Room for n more bytes at the end, to be filled and then counted by buf_added. NULL with
 * ENOBUFS when the limit would be passed. */
char *buf_room(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);

static inline char *
buf_data(const struct buf *b)
{
	return b->p != NULL ? b->p + b->off : NULL;
}

/* Forget the first n bytes; an empty buffer gives big memory back. */
void buf_drop(struct buf *b, size_t n);

/* send() as much as the socket takes. Returns 0 when all is out or the socket is full
 * (b->len tells), -1 with errno when it is broken. */
int buf_flush(struct buf *b, int fd);
/* The same with its first max bytes. */
int buf_flush_some(struct buf *b, int fd, size_t max);

#endif
