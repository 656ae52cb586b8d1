/* filetype.c - see filetype.h. */
#include "config.h"

#include "web/filetype.h"

#include <magic.h>
#include <stdbool.h>
#include <string.h>

#include "lib/log.h"
#include "lib/util.h"

static magic_t db;

void
filetype_init(void)
{
	db = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
			MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF);
	if (db != NULL && magic_load(db, NULL) == 0)
		return;
	log_warn("libmagic: %s: no type of any file is known, and all are downloaded",
		 db != NULL && magic_error(db) != NULL ? magic_error(db) : "not enough memory");
	if (db != NULL)
		magic_close(db);
	db = NULL;
}

/* RFC 6838, 4.2; the broker refuses any other. */
static bool
is_type(const char *s)
{
	static const char word[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+";
	size_t n = strspn(s, word), m;

	if (n == 0 || s[n] != '/')
		return false;
	m = strspn(s + n + 1, word);
	return m > 0 && s[n + 1 + m] == '\0' && n + 1 + m <= FILE_TYPE_MAX;
}

void
filetype_of(const void *p, size_t n, char out[FILE_TYPE_MAX + 1])
{
	const char *type = db != NULL ? magic_buffer(db, p, n) : NULL;

	bprintf(out, FILE_TYPE_MAX + 1, "%s", type != NULL && is_type(type) ? type : FILETYPE_NONE);
}
