/* multipart.c - see multipart.h. */
#include "config.h"

#include "proto/multipart.h"

#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "proto/disposition.h"

/* The body begins as if behind a part's contents: so does a boundary with nothing before it. */
enum state { PREAMBLE, BEHIND_MARK, HEAD, CONTENTS, DONE };

/* RFC 2046, 5.1.1. No other: a CR within the mark would be taken for the beginning of another (go_on). */
static bool
is_boundary(const char *p, size_t n)
{
	static const char chars[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=? ";

	return n > 0 && n <= MULTIPART_BOUNDARY_MAX && strspn(p, chars) == n && p[n - 1] != ' ';
}

bool
multipart_init(struct multipart *m, struct str content_type)
{
	static const char type[] = "multipart/form-data";
	char boundary[MULTIPART_BOUNDARY_MAX + 2];
	size_t n;

	memset(m, 0, sizeof(*m));
	if (content_type.n < sizeof(type) - 1 ||
	    strncasecmp(content_type.p, type, sizeof(type) - 1) != 0)
		return false;
	content_type.p += sizeof(type) - 1;
	content_type.n -= sizeof(type) - 1;
	n = disposition_param(content_type, "boundary", boundary, sizeof(boundary));
	if (!is_boundary(boundary, n))
		return false;
	m->nmark = (uint8_t)bprintf(m->mark, sizeof(m->mark), "\r\n--%s", boundary);
	/* the first one may stand at the very beginning */
	memcpy(m->kept, "\r\n", 2);
	m->n = 2;
	return true;
}

static bool
keep(struct multipart *m, const char *p, size_t n)
{
	if (n > sizeof(m->kept) - m->n)
		return false;
	memcpy(m->kept + m->n, p, n);
	m->n += n;
	return true;
}

static bool
contents(struct multipart *m, const char *p, size_t n, multipart_fn *fn, void *arg)
{
	return n == 0 || m->state == PREAMBLE || fn(arg, MULTIPART_BYTES, (struct str){p, n});
}

static bool
mark_found(struct multipart *m, multipart_fn *fn, void *arg)
{
	bool part = m->state == CONTENTS;

	m->n = 0;
	m->state = BEHIND_MARK;
	return !part || fn(arg, MULTIPART_END, STR_LIT(""));
}

/* How many bytes at the end of p are the beginning of the mark. */
static size_t
begun(const struct multipart *m, const char *p, size_t n)
{
	for (size_t len = MIN(n, (size_t)m->nmark - 1); len > 0; len--) {
		if (memcmp(p + n - len, m->mark, len) == 0)
			return len;
	}
	return 0;
}

/* What was kept is the beginning of a mark; does p go on with it? Returns how much of p is used up. */
static size_t
go_on(struct multipart *m, const char *p, size_t n, multipart_fn *fn, void *arg, bool *good_r)
{
	size_t used = 0;

	while (m->n < m->nmark && used < n && p[used] == m->mark[m->n])
		m->kept[m->n++] = p[used++];
	if (m->n == m->nmark) {
		*good_r = mark_found(m, fn, arg);
	} else if (used < n) {
		/* it was none, but its end may be the beginning of one: a mark begins with the only CR in it */
		*good_r = contents(m, m->kept, m->n, fn, arg);
		m->n = 0;
	}
	return used;
}

/* As much as there is of contents; the number of bytes of p used up. */
static size_t
take_contents(struct multipart *m, const char *p, size_t n, multipart_fn *fn, void *arg,
	      bool *good_r)
{
	const char *mark;
	size_t len;

	if (m->n > 0)
		return go_on(m, p, n, fn, arg, good_r);
	mark = memmem(p, n, m->mark, m->nmark);
	if (mark != NULL) {
		*good_r = contents(m, p, (size_t)(mark - p), fn, arg) && mark_found(m, fn, arg);
		return (size_t)(mark - p) + m->nmark;
	}
	len = begun(m, p, n);
	*good_r = contents(m, p, n - len, fn, arg) && keep(m, p + n - len, len);
	return n;
}

/* "--" ends it all; spaces and a line's end go before a part. */
static size_t
behind_mark(struct multipart *m, const char *p, size_t n, bool *good_r)
{
	size_t used = 0;

	while (used < n && m->state == BEHIND_MARK) {
		char c = p[used++];

		*good_r = keep(m, &c, 1);
		if (m->n == 2 && memcmp(m->kept, "--", 2) == 0)
			m->state = DONE;
		else if (c == '\n' && m->n >= 2 && m->kept[m->n - 2] == '\r')
			m->state = HEAD;
		else if (c != ' ' && c != '\t' && c != '\r' && c != '-')
			*good_r = false;
		if (!*good_r || m->n > 64) {
			*good_r = false;
			break;
		}
	}
	if (m->state == HEAD)
		m->n = 0;
	return used;
}

/* The part's Content-Disposition; empty: it has none. */
static struct str
disposition_of(const char *head, size_t n)
{
	static const char name[] = "content-disposition:";
	const char *end;

	for (const char *p = head; n > 0; n -= (size_t)(end + 2 - p), p = end + 2) {
		end = memmem(p, n, "\r\n", 2);
		if (end == NULL)
			break;
		if ((size_t)(end - p) >= sizeof(name) - 1 &&
		    strncasecmp(p, name, sizeof(name) - 1) == 0)
			return (struct str){p + sizeof(name) - 1,
					    (size_t)(end - p) - (sizeof(name) - 1)};
	}
	return STR_LIT("");
}

static size_t
take_head(struct multipart *m, const char *p, size_t n, multipart_fn *fn, void *arg, bool *good_r)
{
	size_t used = 0;

	while (used < n) {
		*good_r = keep(m, p + used++, 1);
		if (!*good_r)
			break;
		if ((m->n == 2 && memcmp(m->kept, "\r\n", 2) == 0) ||
		    (m->n >= 4 && memcmp(m->kept + m->n - 4, "\r\n\r\n", 4) == 0)) {
			m->state = CONTENTS;
			*good_r = m->parts++ < MULTIPART_PARTS_MAX &&
				  fn(arg, MULTIPART_PART, disposition_of(m->kept, m->n));
			m->n = 0;
			break;
		}
	}
	return used;
}

bool
multipart_feed(struct multipart *m, const char *p, size_t n, multipart_fn *fn, void *arg)
{
	bool good = !m->bad;

	while (good && n > 0 && m->state != DONE) {
		size_t used = m->state == BEHIND_MARK ? behind_mark(m, p, n, &good)
			      : m->state == HEAD      ? take_head(m, p, n, fn, arg, &good)
						      : take_contents(m, p, n, fn, arg, &good);

		p += used;
		n -= used;
	}
	m->bad = !good;
	return good;
}

bool
multipart_done(const struct multipart *m)
{
	return m->state == DONE && !m->bad;
}
