/* files.h - where the bytes of files are: state_dir/files/<two letters>/<id>, and <id>.t for the small picture of one. An id is
 * written in base64url, as in links and in chatctl.
 *
 * What is written has no name until it is whole and on the disk, so a process that is killed leaves nothing behind. What is there and
 * the store knows nothing of (any more) goes when the directory is swept.
 */
#ifndef WEB_FILES_H
#define WEB_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* Make the directory, before privileges are dropped; and sweep it, in a moment and then each hour. */
void files_init(void);

/* A file without a name, to write to; in the directory of that id. -1 with errno. Until it is closed it is somebody's, also with a name:
 * whoever sweeps leaves it. */
int files_new(const uint8_t id[FILE_ID]);
/* fd, of files_new, is the file id from now on, for good when this returns. 0, or -1 with errno: EEXIST: there is one already. May
 * be called by another thread. */
int files_name(int fd, const uint8_t id[FILE_ID], bool thumb);
/* To read: a regular file; its size. -1 with errno. */
int files_open(const uint8_t id[FILE_ID], bool thumb, uint64_t *size_r);
/* Is there one of that id? */
bool files_exist(const uint8_t id[FILE_ID]);
/* It goes, with its small picture. */
void files_remove(const uint8_t id[FILE_ID]);
/* q_gone. */
void files_gone(struct str ids);

#endif
