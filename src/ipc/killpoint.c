/* killpoint.c - see killpoint.h. */
#include "config.h"

#include "ipc/killpoint.h"

#ifdef CHATD_KILLPOINTS
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPECS_MAX 4

/* CHATD_KILL taken apart, once. */
static struct spec {
	char name[64];
	long left;
	char file[256];
} specs[SPECS_MAX];
static unsigned nspecs;
static bool have_read;

/* One "NAME:N:FILE" of n bytes. */
static void
read_spec(const char *s, size_t n)
{
	const char *c1 = memchr(s, ':', n),
		   *c2 = c1 != NULL ? memchr(c1 + 1, ':', n - (size_t)(c1 + 1 - s)) : NULL;
	struct spec *p = &specs[nspecs];
	size_t file_n = c2 != NULL ? n - (size_t)(c2 + 1 - s) : 0;

	if (nspecs == SPECS_MAX || c2 == NULL || (size_t)(c1 - s) >= sizeof(p->name) ||
	    file_n >= sizeof(p->file))
		return;
	memcpy(p->name, s, (size_t)(c1 - s));
	p->left = strtol(c1 + 1, NULL, 10);
	memcpy(p->file, c2 + 1, file_n);
	p->file[file_n] = '\0';
	if (access(p->file, F_OK) != 0)
		nspecs++;
}

static void
read_specs(void)
{
	const char *s = getenv("CHATD_KILL");

	have_read = true;
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
	int fd;

	if (!have_read)
		read_specs();
	for (unsigned i = 0; i < nspecs; i++) {
		struct spec *p = &specs[i];

		if (p->left <= 0 || strcmp(name, p->name) != 0 || --p->left > 0)
			continue;
		fd = open(p->file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		if (fd >= 0)
			raise(SIGKILL);
	}
}
#else
typedef int killpoint_not_built; /* ISO C wants a declaration in every file */
#endif
