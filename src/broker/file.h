/* file.h - files: who may share one where (upload.h), and questions of chatd-web about them.
 *
 * The bytes are chatd-web's, what is known of a file is the store's. The broker decides who may do what, and keeps nothing.
 */
#ifndef BROKER_FILE_H
#define BROKER_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* s_gone of the store: chatd-web is told. False: malformed. */
bool files_gone(const void *frame, size_t len);

#endif
