/* file.h - what is known of an uploaded file, as it travels with the message that shares it, and what proves a link. */
#ifndef IPC_FILE_H
#define IPC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "lib/str.h"

enum file_flag {
	FILE_THUMB = 1, /* there is a small picture of it */
	FILE_GONE = 2, /* expired, or deleted */
};

struct file_facts {
	uint8_t id[FILE_ID];
	uint64_t size; /* bytes */
	uint64_t expires; /* the link, wall seconds; 0: it has no link (yet) */
	uint8_t proof[FILE_PROOF]; /* of id and expires: file_prove */
	uint16_t width, height; /* of a picture; 0: not known */
	uint8_t flags; /* enum file_flag */
	struct str type; /* as libmagic found it */
	struct str name; /* clean text, no path */
};

/* Returns the length, at most FILE_FACTS_MAX; 0: type or name is too long. */
size_t file_put(char out[FILE_FACTS_MAX], const struct file_facts *f);
/* False: malformed. type and name point into s. */
bool file_get(struct str s, struct file_facts *f);

/* What a link to the file proves itself with, under a key that the broker and the store know. */
void file_prove(const uint8_t key[16], const uint8_t id[FILE_ID], uint64_t expires,
		uint8_t out[FILE_PROOF]);
/* Is it that, and not expired at `now` (wall seconds)? In constant time. */
bool file_proved(const uint8_t key[16], const uint8_t id[FILE_ID], uint64_t expires,
		 struct str proof, uint64_t now);

/* "/files/<id>/<name>?e=<expires>&s=<proof>", id and proof in base64url, the name percent-encoded. Terminated; the length. cap of
 * FILE_PATH_MAX is enough. */
#define FILE_PATH_MAX (64 + 3 * FILE_NAME_MAX + 64)
size_t file_path(char *out, size_t cap, const struct file_facts *f);

/* Is it a picture that is shown as one? By its type. */
bool file_is_image(const struct file_facts *f);

/* base64url without padding (RFC 4648, 5). encode: out has room for 4 * n / 3 + 2 and is terminated; the length. decode: the length,
 * or -1: it is not base64url, or not of exactly cap bytes. */
size_t base64url_encode(const void *p, size_t n, char *out);
ssize_t base64url_decode(struct str in, void *out, size_t cap);

#endif
