/* file.h - files: links to upload them to, who may share one where, and questions of chatd-web about them.
 *
 * The bytes are chatd-web's, what is known of a file is the store's. The broker decides who may do what, and keeps nothing: a link
 * to upload to has all in it that is needed, sealed with the journal's secret; the file's id is derived from it, so that one link
 * makes one file.
 */
#ifndef BROKER_FILE_H
#define BROKER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* Whom a file is for. */
enum upload_kind { UPLOAD_ROOM, UPLOAD_USER, UPLOAD_ACCOUNT, UPLOAD_NOBODY, UPLOAD_KINDS };

/* What a token says. */
struct upload {
	uint64_t user; /* who uploads; UPLOAD_NOBODY: an account's id */
	uint64_t target; /* id of the room, the user, the account */
	uint32_t expires; /* wall seconds */
	uint8_t kind;
};

/* Sealed: one that nobody has seen before. */
void upload_seal(const struct upload *t, uint8_t out[UPLOAD_TOKEN]);
/* False: it was not made here, or in the life of another journal, or it has expired more than `late` seconds ago. */
bool upload_open(struct str token, uint64_t late, struct upload *t);
/* The id of the file that is uploaded with it. */
void upload_file_id(struct str token, uint8_t out[FILE_ID]);

/* s_gone of the store: chatd-web is told. False: malformed. */
bool files_gone(const void *frame, size_t len);

#endif
