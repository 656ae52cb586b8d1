/* fname.h - names for files that others send: never more than a name in one directory. Pure. */
#ifndef CHAT_FNAME_H
#define CHAT_FNAME_H

#include "lib/str.h"

#define FNAME_MAX 120 /* bytes; a number still fits behind it (NAME_MAX is 255) */
#define FNAME_TRY_MAX (FNAME_MAX + 16)

/* What a stranger calls a file as a name that is safe here: without directories, leading dots, spaces at its ends, control
 * and direction characters, and what other systems or shells take for more than a letter; "file" if nothing is left. The
 * ending ("….tar.gz": ".gz") stays when it is cut. */
void fname_safe(struct str name, char out[FNAME_MAX + 1]);

/* The n-th name to try when those before are taken: 1: name itself, then "name (2).ext", … */
void fname_try(const char *name, unsigned n, char out[FNAME_TRY_MAX]);

/* What comes after the last '/' of a path. */
const char *fname_base(const char *path);

#endif
