/* filetype.h - what a file is, by its first bytes: libmagic's opinion. */
#ifndef WEB_FILETYPE_H
#define WEB_FILETYPE_H

#include <stddef.h>

#include "ipc/ipc.h"

#define FILETYPE_BYTES 4096 /* looked at */
#define FILETYPE_NONE "application/octet-stream"

/* Open its database, before privileges are dropped. Without one, all is FILETYPE_NONE. */
void filetype_init(void);
/* Of n bytes. One thread's at a time. Nothing that is not two words, or too long. */
void filetype_of(const void *p, size_t n, char out[FILE_TYPE_MAX + 1]);

#endif
