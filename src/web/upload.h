/* upload.h - an upload, for the two files that it is in: upload_begin.c (may it begin?) and upload.c (all the rest). */
#ifndef WEB_UPLOAD_H
#define WEB_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ipc/file.h"
#include "proto/multipart.h"
#include "web/disk.h"
#include "web/filetype.h"
#include "web/web.h"

#define UPLOAD_LABEL_MAX \
	200 /* bytes of a name: with the rest of a message it fits into a line of IRC's */

/* What each is, upload.c says. */
enum step { ASKING, BODY, SAVING, SHARING, OVER };
enum part { PART_OTHER, PART_FILE, PART_THUMB };

struct upload {
	struct exchange x;
	struct disk_job job;
	LIST_ENTRY(upload) entry;
	enum step step;
	bool form, plain; /* form: multipart; plain: the answer is for a person */
	bool promised; /* the broker counts on it */
	enum part part;
	struct ask *ask; /* NULL: nothing is asked */
	uint8_t token[UPLOAD_TOKEN], id[FILE_ID];
	int fd, err; /* fd: owned, open until it is shared (files_new); err: of saving, 0 */
	uint64_t max, size, came, swallowed; /* came: of a form, with all that is not the file */
	struct multipart mp;
	size_t nfirst, nthumb;
	uint8_t first[FILETYPE_BYTES], *thumb; /* thumb: owned */
	char name[UPLOAD_LABEL_MAX + 1], type[FILE_TYPE_MAX + 1], host[256];
	char account[NAME_BYTES_MAX + 1]; /* e_may_upload's */
	struct file_facts facts;
	unsigned status; /* the answer */
	char text[400], location[256 + FILE_PATH_MAX];
};

/* --- upload.c --- */

/* struct exchange's, once the broker has been asked. */
bool upload_more(struct exchange *x, const char *data, size_t *n);
void upload_end(struct exchange *x);
/* It is called as this Content-Disposition says, if it does. */
void upload_call_it(struct upload *u, struct str disposition);
/* It ends with this answer: of HTTP; of the disk's errno, which is EEXIST when the link has been used. */
void upload_over(struct upload *u, unsigned status, const char *text);
void upload_disk_failed(struct upload *u, int err);
/* It ends with the broker's no, or its silence (type 0). False: this is none. */
bool upload_said_no(struct upload *u, unsigned type, const void *frame, size_t len);

#endif
