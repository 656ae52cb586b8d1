/* disposition.c - see disposition.h. */
#include "config.h"

#include "proto/disposition.h"

#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "lib/text.h"
#include "lib/util.h"

static struct str
skip(struct str s, size_t n)
{
	return (struct str){s.p + n, s.n - n};
}

static struct str
skip_space(struct str s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
		s = skip(s, 1);
	return s;
}

static size_t
until(struct str s, const char *any)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == '\0' || strchr(any, s.p[n]) == NULL))
		n++;
	return n;
}

/* A quoted string's contents into out (NULL: away); *s moves behind it. Its length; -1 there is no room, or no end. Browsers write a
 * quote as %22, and a backslash as it is (RFC 7578 leaves them to it), so only \" and \\ are taken for one. */
static ssize_t
quoted(struct str *s, char *out, size_t cap)
{
	size_t len = 0;

	for (*s = skip(*s, 1); s->n > 0 && *s->p != '"'; *s = skip(*s, 1)) {
		if (*s->p == '\\' && s->n > 1 && (s->p[1] == '"' || s->p[1] == '\\'))
			*s = skip(*s, 1);
		if (out != NULL && len + 1 >= cap)
			return -1;
		if (out != NULL)
			out[len] = *s->p;
		len++;
	}
	if (s->n == 0)
		return -1;
	*s = skip(*s, 1);
	return (ssize_t)len;
}

size_t
disposition_param(struct str s, const char *name, char *out, size_t cap)
{
	size_t nname = strlen(name), n;
	ssize_t len;

	out[0] = '\0';
	s = skip(s, until(s, ";"));
	while (s.n > 0) {
		bool it;

		s = skip_space(skip(s, 1));
		n = until(s, "=; \t");
		it = n == nname && strncasecmp(s.p, name, n) == 0;
		s = skip_space(skip(s, n));
		if (s.n == 0 || *s.p != '=') {
			s = skip(s, until(s, ";"));
			continue;
		}
		s = skip_space(skip(s, 1));
		if (s.n > 0 && *s.p == '"') {
			len = quoted(&s, it ? out : NULL, cap);
		} else {
			n = until(s, "; \t");
			len = it && n >= cap ? -1 : (ssize_t)n;
			if (it && len > 0)
				memcpy(out, s.p, n);
			s = skip(s, n);
		}
		if (len < 0 || it) {
			out[MAX(len, 0)] = '\0';
			return (size_t)MAX(len, 0);
		}
		s = skip(s, until(s, ";"));
	}
	return 0;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static size_t
percent_decode(char *p, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '%' && i + 2 < n && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
			p[len++] = (char)(hex(p[i + 1]) << 4 | hex(p[i + 2]));
			i += 2;
		} else {
			p[len++] = p[i];
		}
	}
	p[len] = '\0';
	return len;
}

size_t
disposition_filename(struct str s, char *out, size_t cap)
{
	static const char utf8[] = "UTF-8'";
	size_t n = disposition_param(s, "filename*", out, cap);
	char *text;

	if (n > 0 && strncasecmp(out, utf8, sizeof(utf8) - 1) == 0 &&
	    (text = strchr(out + sizeof(utf8) - 1, '\'')) != NULL) {
		text++;
		n -= (size_t)(text - out);
		memmove(out, text, n + 1);
		return percent_decode(out, n);
	}
	return disposition_param(s, "filename", out, cap);
}

/* Bidi marks, embeddings, overrides and isolates: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069. None of them belongs
 * into a name whose end says what it is. */
static size_t
unturned(char *p, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const unsigned char *u = (const unsigned char *)p + i;

		if (n - i >= 2 && u[0] == 0xd8 && u[1] == 0x9c) {
			i += 1;
		} else if (n - i >= 3 && u[0] == 0xe2 &&
			   ((u[1] == 0x80 &&
			     (u[2] == 0x8e || u[2] == 0x8f || (u[2] >= 0xaa && u[2] <= 0xae))) ||
			    (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9))) {
			i += 2;
		} else {
			p[len++] = p[i];
		}
	}
	return len;
}

/* Cut so that the ending, which says what it is, stays if it is short. */
static size_t
cut(char *p, size_t n, size_t max)
{
	const char *dot = memrchr(p, '.', n);
	size_t end = dot != NULL ? n - (size_t)(dot - p) : 0, len;

	if (n <= max)
		return n;
	if (end > max / 2 || end > 16)
		end = 0;
	len = text_cut(p, n - end, max - end);
	memmove(p + len, p + n - end, end);
	return len + end;
}

size_t
disposition_label(char *name, size_t n, size_t max)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (name[i] == '/' || name[i] == '\\')
			from = i + 1;
	}
	memmove(name, name + from, n - from);
	n -= from;
	n = text_utf8_ok(name, n) ? text_clean(name, n, 0) : 0;
	n = unturned(name, n);
	while (n > 0 && name[n - 1] == ' ')
		n--;
	for (from = 0; from < n && name[from] == ' '; from++)
		continue;
	memmove(name, name + from, n - from);
	n = cut(name, n - from, max);
	if (strspn(name, ".") >= n)
		n = bprintf(name, max, "file");
	name[n] = '\0';
	return n;
}

size_t
disposition_put(char *out, size_t cap, bool inline_, struct str name)
{
	size_t len = bprintf(out, cap, "%s; filename=\"", inline_ ? "inline" : "attachment");

	for (size_t i = 0; i < name.n && len + 1 < cap; i++) {
		char c = name.p[i];

		out[len++] = c < ' ' || c == 127 || strchr("\"\\%/", c) != NULL ? '_' : c;
	}
	len += bprintf(out + len, cap - len, "\"; filename*=UTF-8''");
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		/* RFC 8187, attr-char */
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    (c != '\0' && strchr("!#$&+-.^_`|~", c) != NULL))
			len += bprintf(out + len, cap - len, "%c", c);
		else
			len += bprintf(out + len, cap - len, "%%%02X", (unsigned char)c);
	}
	return len;
}
