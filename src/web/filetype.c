/* filetype.c - see filetype.h. The database is opened at the start, and read when the first file comes: that takes longer than all
 * else that there is to do before the process is ready.
 */
#include "config.h"

#include "web/filetype.h"

#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"

static int fd = -1; /* the compiled database; -1: none, or it has been read */
static magic_t db; /* NULL: none */

void
filetype_init(void)
{
	char *path = xstrdup(magic_getpath(NULL, 0) != NULL ? magic_getpath(NULL, 0) : "");
	char *rest = path, *word, *file;
	struct stat st;

	while (fd < 0 && (word = strsep(&rest, ":")) != NULL) {
		file = xasprintf("%s%s", word, strstr(word, ".mgc") != NULL ? "" : ".mgc");
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
			close(fd);
			fd = -1;
		}
		free(file);
	}
	if (fd < 0)
		log_warn("libmagic's database is not found: no type of any file is known, and all "
			 "are downloaded");
	free(path);
}

/* The memory stays mapped: the database is used where it lies. */
static void
read_it(void)
{
	struct stat st;
	void *p = fstat(fd, &st) == 0
		      ? mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0)
		      : MAP_FAILED;
	size_t n = p != MAP_FAILED ? (size_t)st.st_size : 0;

	close(fd);
	fd = -1;
	db = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
			MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF);
	if (db != NULL && n > 0 && magic_load_buffers(db, &p, &n, 1) == 0)
		return;
	log_warn("libmagic's database cannot be used: %s",
		 db != NULL && magic_error(db) != NULL ? magic_error(db) : strerror(errno));
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
	const char *type;

	if (fd >= 0)
		read_it();
	type = db != NULL ? magic_buffer(db, p, n) : NULL;
	bprintf(out, FILE_TYPE_MAX + 1, "%s", type != NULL && is_type(type) ? type : FILETYPE_NONE);
}
