/* download.h - files, to whoever has a link that holds. */
#ifndef WEB_DOWNLOAD_H
#define WEB_DOWNLOAD_H

#include "ipc/ipc.h"

/* The file is gone: what is remembered of it is not true any more. */
void download_forget(const uint8_t id[FILE_ID]);

#endif
