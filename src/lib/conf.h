/* conf.h - a libconfig file, read whole, with the place of every mistake.
 *
 * libconfig parses; this file does what it lacks: numbers beyond 32 bits are taken as they are
 * written (version 1.5 reads 4294967296 as 0), a place is file and line also through @include,
 * more than one mistake is reported, and neither a directory, a pipe nor a huge file is read.
 * Whoever walks the tree reports what it does not know: libconfig does not.
 */
#ifndef LIB_CONF_H
#define LIB_CONF_H

#include <stddef.h>
#include <libconfig.h>

#define CONF_ERRORS_MAX 20
#define CONF_BYTES_MAX (1024 * 1024) /* with all that is included */
#define CONF_INCLUDE_DEPTH 8

/* "file:line: reason", the first CONF_ERRORS_MAX of them; total counts all. Zero is "none". */
struct conf_errors {
	unsigned total;
	char line[CONF_ERRORS_MAX][512];
};

struct conf;

/* Read and parse. @include "x" (on a line of its own) is looked up beside the file that has it.
 * NULL: *e says why. The caller frees with conf_free. */
struct conf *conf_read(const char *path, struct conf_errors *e);

/* The same for n bytes that stand for a file called `name`; @include is a mistake there. */
struct conf *conf_parse(const char *name, const char *text, size_t n, struct conf_errors *e);

/* The n bytes of a regular file of at most max, terminated. NULL: *why_r says why. The caller frees. */
char *conf_slurp(const char *path, size_t max, size_t *n_r, const char **why_r);

/* NULL is fine. */
void conf_free(struct conf *c);

/* The outermost group; it lives as long as c. */
config_setting_t *conf_root(const struct conf *c);

/* "file:line" of a setting, into out; returns out. */
char *conf_where(const struct conf *c, const config_setting_t *s, char *out, size_t cap);

/* Add a mistake at a setting (NULL: at the file as a whole). */
void conf_error(struct conf_errors *e, const struct conf *c, const config_setting_t *at,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Add one that is at no place of a file. */
void conf_say(struct conf_errors *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* How many of them have a line. */
unsigned conf_shown(const struct conf_errors *e);

/* s in quotes, as libconfig reads it back, terminated, into out. Its length, or -1 when cap is too
 * small (4 * strlen(s) + 8 is enough). */
int conf_quote(char *out, size_t cap, const char *s);

#endif
