/* metaline.h - metadata as clients read it: the two drafts' codes, lines and batches. */
#ifndef WORKER_IRC_METALINE_H
#define WORKER_IRC_METALINE_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

#define META_TARGET_MAX (ROOM_BYTES_MAX + 2) /* a name as it is shown, terminated */

enum meta_code {
	META_BAD_KEY,
	META_BAD_VALUE,
	META_BAD_TARGET,
	META_BAD_SUBCOMMAND,
	META_DENIED,
	META_LIMIT,
	META_SUBS_LIMIT,
	META_NOT_SET,
	META_CODES
};

/* Where a line goes: into that batch (0: none). news: it is nobody's answer. */
struct meta_to {
	struct conn *c;
	uint32_t batch;
	bool news;
};

/* draft/metadata-2, and not its successor? */
bool meta_v2(const struct conn *c);
/* Could a key be called so? */
bool meta_key_ok(struct str key);

/* A whole line but its end; cut to the limit. */
void meta_put(const struct meta_to *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A batch of this type about target (may be empty) begins; 0: c knows no batches. It ends. */
uint32_t meta_open(struct conn *c, const char *type, const char *target);
void meta_close(struct conn *c, uint32_t batch);
/* A key is this now; is not set. told: the client has not asked for it by name (the older draft has METADATA then). */
void meta_value(const struct meta_to *to, bool told, const char *target, struct str key,
		struct str value);
void meta_unset(const struct meta_to *to, bool told, const char *target, struct str key);
/* FAIL, or where the newer draft goes on with the rest of a list WARN. context: what stands between the code and the
 * text; may be empty. */
void meta_fail(const struct meta_to *to, bool in_list, enum meta_code code, struct str context,
	       const char *text);
/* The same about up to two words, which may be empty, and a number (0: none); about a key that cannot be one. */
void meta_fail_words(struct conn *c, bool in_list, enum meta_code code, struct str a, struct str b,
		     unsigned num, const char *text);
void meta_bad_key(struct conn *c, bool in_list, struct str key);

#endif
