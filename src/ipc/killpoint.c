/* killpoint.c - see killpoint.h. */
#include "config.h"

#include "ipc/killpoint.h"

#ifdef CHATD_KILLPOINTS
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPECS_MAX 4

/* CHATD_KILL taken apart, once. */
static struct spec {
	char name[64];
	long left;
	int fd; /* of the file that marks what has happened: later it could not be opened */
} specs[SPECS_MAX];
static unsigned nspecs;

/* One "NAME:N:FILE" of n bytes. */
static void
read_spec(const char *s, size_t n)
{
	const char *c1 = memchr(s, ':', n),
		   *c2 = c1 != NULL ? memchr(c1 + 1, ':', n - (size_t)(c1 + 1 - s)) : NULL;
	struct spec *p = &specs[nspecs];
	size_t file_n = c2 != NULL ? n - (size_t)(c2 + 1 - s) : 0;
	char file[256];
	struct stat st;

	if (nspecs == SPECS_MAX || c2 == NULL || (size_t)(c1 - s) >= sizeof(p->name) ||
	    file_n >= sizeof(file))
		return;
	memset(p->name, 0, sizeof(p->name));
	memcpy(p->name, s, (size_t)(c1 - s));
	p->left = strtol(c1 + 1, NULL, 10);
	memcpy(file, c2 + 1, file_n);
	file[file_n] = '\0';
	p->fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
	if (p->fd >= 0 && fstat(p->fd, &st) == 0 && st.st_size == 0)
		nspecs++;
	else if (p->fd >= 0)
		close(p->fd);
}

/* Before main(), since it opens files. */
__attribute__((constructor)) static void
read_specs(void)
{
	const char *s = getenv("CHATD_KILL");

	while (s != NULL && *s != '\0') {
		size_t n = strcspn(s, ",");

		read_spec(s, n);
		s += n;
		s += *s == ',';
	}
}

void
killpoint(const char *name)
{
	for (unsigned i = 0; i < nspecs; i++) {
		struct spec *p = &specs[i];
		struct stat st;

		if (p->left <= 0 || strcmp(name, p->name) != 0 || --p->left > 0)
			continue;
		if (fstat(p->fd, &st) == 0 && st.st_size == 0 && write(p->fd, "x", 1) == 1)
			raise(SIGKILL);
	}
}
#else
typedef int killpoint_not_built; /* ISO C wants a declaration in every file */
#endif
