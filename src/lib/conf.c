/* conf.c - see conf.h.
 *
 * The text is copied once into one buffer, in which includes stand where they were asked for and
 * every number is one that libconfig reads rightly; a table gives back file and line.
 */
#include "config.h"

#include "lib/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"

#define FILES_MAX 64

struct place {
	unsigned file, line;
};

struct conf {
	config_t tree;
	char *text; /* owned; what libconfig is given */
	size_t len, cap;
	struct place *places; /* owned; of each line of text, from 0 */
	size_t nplaces, places_cap;
	char *files[FILES_MAX]; /* owned */
	unsigned nfiles;
	bool may_include;
};

static void error_at(struct conf_errors *e, const char *file, unsigned line, const char *fmt,
		     va_list ap) __attribute__((format(printf, 4, 0)));
static void
error_at(struct conf_errors *e, const char *file, unsigned line, const char *fmt, va_list ap)
{
	char *out;
	size_t n;

	if (e->total++ >= CONF_ERRORS_MAX)
		return;
	out = e->line[e->total - 1];
	if (line > 0)
		n = bprintf(out, sizeof(e->line[0]), "%s:%u: ", file, line);
	else
		n = bprintf(out, sizeof(e->line[0]), "%s: ", file);
	vsnprintf(out + n, sizeof(e->line[0]) - n, fmt, ap);
}

static void error(struct conf_errors *e, const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void
error(struct conf_errors *e, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_at(e, file, line, fmt, ap);
	va_end(ap);
}

void
conf_say(struct conf_errors *e, const char *fmt, ...)
{
	va_list ap;

	if (e->total++ >= CONF_ERRORS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(e->line[e->total - 1], sizeof(e->line[0]), fmt, ap);
	va_end(ap);
}

unsigned
conf_shown(const struct conf_errors *e)
{
	return MIN(e->total, (unsigned)CONF_ERRORS_MAX);
}

/* --- the one text ------------------------------------------------------------------------- */

static void
add_place(struct conf *c, unsigned file, unsigned line)
{
	if (c->nplaces == c->places_cap) {
		c->places_cap = c->places_cap ? 2 * c->places_cap : 256;
		c->places = xrealloc(c->places, c->places_cap * sizeof(*c->places));
	}
	c->places[c->nplaces++] = (struct place){file, line};
}

static void
add(struct conf *c, const char *p, size_t n)
{
	if (c->len + n + 1 > c->cap) {
		c->cap = 2 * (c->len + n + 1);
		c->text = xrealloc(c->text, c->cap);
	}
	memcpy(c->text + c->len, p, n);
	c->len += n;
	c->text[c->len] = '\0';
}

/* One file (or piece of text) being copied. */
struct src {
	struct conf *c;
	struct conf_errors *e;
	unsigned file, line, depth;
	const char *p, *end;
};

static void
take(struct src *s, size_t n)
{
	add(s->c, s->p, n);
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] == '\n')
			add_place(s->c, s->file, ++s->line);
	}
	s->p += n;
}

static size_t
left(const struct src *s)
{
	return (size_t)(s->end - s->p);
}

static bool
at(const struct src *s, const char *word)
{
	size_t n = strlen(word);

	return left(s) >= n && memcmp(s->p, word, n) == 0;
}

static void
take_string(struct src *s)
{
	const char *q = s->p + 1;

	while (q < s->end && *q != '"')
		q += *q == '\\' && q + 1 < s->end ? 2 : 1;
	take(s, (size_t)((q < s->end ? q + 1 : s->end) - s->p));
}

static void
take_until(struct src *s, const char *word)
{
	const char *q = memmem(s->p, left(s), word, strlen(word));

	take(s, q == NULL ? left(s) : (size_t)(q - s->p) + strlen(word));
}

/* A number that is one to the end is written anew, in decimal, with an L when it takes 64 bits;
 * anything else is libconfig's to judge. */
static void
take_number(struct src *s)
{
	const char *q = s->p;
	char word[80], out[32], *end;
	unsigned long long v;
	bool hex = at(s, "0x") || at(s, "0X");
	size_t n;

	while (q < s->end && (isalnum((unsigned char)*q) || *q == '.' ||
			      ((*q == '-' || *q == '+') && !hex && (q[-1] == 'e' || q[-1] == 'E'))))
		q++;
	n = (size_t)(q - s->p);
	if (n >= sizeof(word)) {
		take(s, n);
		return;
	}
	memcpy(word, s->p, n);
	word[n] = '\0';
	errno = 0;
	v = strtoull(word, &end, hex ? 16 : 10);
	if (end == word ||
	    (strcmp(end, "") != 0 && strcmp(end, "L") != 0 && strcmp(end, "LL") != 0)) {
		take(s, n);
		return;
	}
	/* beyond 64 bits it is out of any range, whatever it is */
	if (errno == ERANGE || v > INT64_MAX)
		v = INT64_MAX;
	add(s->c, out, bprintf(out, sizeof(out), "%llu%s", v, v > INT32_MAX ? "L" : ""));
	s->p = q;
}

static void
take_name(struct src *s)
{
	const char *q = s->p;

	while (q < s->end && (isalnum((unsigned char)*q) || *q == '-' || *q == '_' || *q == '*'))
		q++;
	take(s, (size_t)(q - s->p));
}

static bool copy_file(struct conf *c, struct conf_errors *e, const char *path, unsigned depth,
		      const struct src *from);

/* s->p is at the '@'. The line's place goes to the included file, and comes back after it. */
static bool
take_include(struct src *s)
{
	const char *open, *close, *eol = memchr(s->p, '\n', left(s)), *dir = s->c->files[s->file],
				  *slash;
	char path[4096];

	if (eol == NULL)
		eol = s->end;
	open = memchr(s->p, '"', (size_t)(eol - s->p));
	close = open == NULL ? NULL : memchr(open + 1, '"', (size_t)(eol - open - 1));
	if (close == NULL || close == open + 1) {
		error(s->e, s->c->files[s->file], s->line,
		      "@include wants the name of a file in quotes");
		return false;
	}
	if (!s->c->may_include || s->depth >= CONF_INCLUDE_DEPTH) {
		error(s->e, s->c->files[s->file], s->line,
		      s->c->may_include ? "files include each other too deeply"
					: "@include is not possible here");
		return false;
	}
	slash = strrchr(dir, '/');
	if (open[1] == '/' || slash == NULL)
		bprintf(path, sizeof(path), "%.*s", (int)(close - open - 1), open + 1);
	else
		bprintf(path, sizeof(path), "%.*s/%.*s", (int)(slash - dir), dir,
			(int)(close - open - 1), open + 1);
	if (!copy_file(s->c, s->e, path, s->depth + 1, s))
		return false;
	add(s->c, "\n", 1);
	add_place(s->c, s->file, s->line);
	s->p = close + 1;
	return true;
}

static bool
copy(struct conf *c, struct conf_errors *e, unsigned file, const char *p, size_t n, unsigned depth)
{
	struct src s = {
	    .c = c, .e = e, .file = file, .line = 1, .depth = depth, .p = p, .end = p + n};
	bool line_begins = true;

	while (s.p < s.end) {
		unsigned char ch = (unsigned char)*s.p;
		bool begins = line_begins;

		line_begins = ch == '\n' || (begins && (ch == ' ' || ch == '\t'));
		if (ch == '\0') {
			error(e, c->files[file], s.line, "a zero byte: this is not a text file");
			return false;
		}
		if (ch == '"')
			take_string(&s);
		else if (ch == '#' || at(&s, "//")) {
			const char *nl = memchr(s.p, '\n', left(&s));

			take(&s, nl == NULL ? left(&s) : (size_t)(nl - s.p));
		} else if (at(&s, "/*"))
			take_until(&s, "*/");
		else if (begins && at(&s, "@include")) {
			if (!take_include(&s))
				return false;
		} else if (isdigit(ch) ||
			   (ch == '.' && left(&s) > 1 && isdigit((unsigned char)s.p[1])))
			take_number(&s);
		else if (isalpha(ch) || ch == '*')
			take_name(&s);
		else
			take(&s, 1);
	}
	return true;
}

/* --- files -------------------------------------------------------------------------------- */

static int
open_text(const char *path, const char **why_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0) {
		*why_r = strerror(errno);
		return -1;
	}
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && strcmp(path, "/dev/null") != 0) {
		*why_r = S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file";
		close(fd);
		return -1;
	}
	return fd;
}

/* Everything in fd, at most max, terminated; NULL with *why_r. The caller frees. */
static char *
slurp(int fd, size_t max, size_t *n_r, const char **why_r)
{
	size_t cap = 16384, n = 0;
	char *p = xrealloc(NULL, cap);

	for (;;) {
		ssize_t r = read(fd, p + n, cap - n);

		if (r == 0)
			break;
		if (r < 0) {
			*why_r = strerror(errno);
			goto fail;
		}
		n += (size_t)r;
		if (n > max) {
			*why_r = max == CONF_BYTES_MAX ? "is too long for a configuration"
						       : "is too long";
			goto fail;
		}
		if (n == cap) {
			cap *= 2;
			p = xrealloc(p, cap);
		}
	}
	p[n] = '\0'; /* n < cap: it was read into */
	*n_r = n;
	return p;
fail:
	free(p);
	return NULL;
}

char *
conf_slurp(const char *path, size_t max, size_t *n_r, const char **why_r)
{
	int fd = open_text(path, why_r);
	char *p = fd < 0 ? NULL : slurp(fd, max, n_r, why_r);

	if (fd >= 0)
		close(fd);
	return p;
}

/* from: the include that asks for it, NULL for the first. */
static bool
copy_file(struct conf *c, struct conf_errors *e, const char *path, unsigned depth,
	  const struct src *from)
{
	const char *why = NULL;
	size_t n = 0;
	char *p = conf_slurp(path, CONF_BYTES_MAX, &n, &why);
	bool ok;

	if (p != NULL && (c->len + n > CONF_BYTES_MAX || c->nfiles == FILES_MAX)) {
		why = "too much is included";
		free(p);
		p = NULL;
	}
	if (p == NULL) {
		if (from == NULL)
			error(e, path, 0, "%s", why);
		else
			error(e, c->files[from->file], from->line, "@include \"%s\": %s", path,
			      why);
		return false;
	}
	c->files[c->nfiles++] = xstrdup(path);
	if (c->nplaces > 0)
		c->nplaces--; /* the line of the @include becomes the first of this file */
	add_place(c, c->nfiles - 1, 1);
	ok = copy(c, e, c->nfiles - 1, p, n, depth);
	free(p);
	return ok;
}

/* --- the tree ----------------------------------------------------------------------------- */

static struct place
place_of(const struct conf *c, unsigned line)
{
	if (line == 0 || line > c->nplaces)
		return c->nplaces > 0 ? c->places[c->nplaces - 1] : (struct place){0, 0};
	return c->places[line - 1];
}

static struct conf *
conf_new(void)
{
	struct conf *c = xcalloc(1, sizeof(*c));

	config_init(&c->tree);
	add(c, "", 0);
	return c;
}

static struct conf *
parse(struct conf *c, struct conf_errors *e)
{
	struct place pl;

	add(c, "\n", 1); /* or a comment at the very end is a syntax error to libconfig 1.5 */
	if (config_read_string(&c->tree, c->text) == CONFIG_TRUE)
		return c;
	pl = place_of(c, (unsigned)MAX(config_error_line(&c->tree), 0));
	error(e, c->files[pl.file], pl.line, "%s", config_error_text(&c->tree));
	conf_free(c);
	return NULL;
}

struct conf *
conf_read(const char *path, struct conf_errors *e)
{
	struct conf *c = conf_new();

	c->may_include = true;
	if (copy_file(c, e, path, 0, NULL))
		return parse(c, e);
	conf_free(c);
	return NULL;
}

struct conf *
conf_parse(const char *name, const char *text, size_t n, struct conf_errors *e)
{
	struct conf *c = conf_new();

	c->files[c->nfiles++] = xstrdup(name);
	add_place(c, 0, 1);
	if (n <= CONF_BYTES_MAX && copy(c, e, 0, text, n, 0))
		return parse(c, e);
	if (n > CONF_BYTES_MAX)
		error(e, name, 0, "is too long for a configuration");
	conf_free(c);
	return NULL;
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	config_destroy(&c->tree);
	for (unsigned i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->places);
	free(c->text);
	free(c);
}

config_setting_t *
conf_root(const struct conf *c)
{
	return config_root_setting(&c->tree);
}

char *
conf_where(const struct conf *c, const config_setting_t *s, char *out, size_t cap)
{
	struct place pl = place_of(c, config_setting_source_line(s));

	bprintf(out, cap, "%s:%u", c->files[pl.file], pl.line);
	return out;
}

void
conf_error(struct conf_errors *e, const struct conf *c, const config_setting_t *where,
	   const char *fmt, ...)
{
	struct place pl = {0, 0};
	va_list ap;

	if (where != NULL)
		pl = place_of(c, config_setting_source_line(where));
	va_start(ap, fmt);
	error_at(e, c->files[pl.file], pl.line, fmt, ap);
	va_end(ap);
}

int
conf_quote(char *out, size_t cap, const char *s)
{
	size_t n = 0;

	if (cap < 3)
		return -1;
	out[n++] = '"';
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		if (n + 6 > cap)
			return -1;
		if (ch == '"' || ch == '\\')
			n += bprintf(out + n, cap - n, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			n += bprintf(out + n, cap - n, "\\x%02x", ch);
		else
			out[n++] = (char)ch;
	}
	out[n++] = '"';
	out[n] = '\0';
	return (int)n;
}
