/* metadata.h - METADATA (draft/metadata-3, and draft/metadata-2): keys and values that people and rooms tell of
 * themselves, and who wants to be told of them.
 *
 * What is set is kept by the broker (broker/meta.c), what somebody has subscribed to here. The two drafts differ
 * in codes, and in how changes are told: METADATA lines in the older one, numerics in the newer. Clients that
 * have asked for neither are answered as the newer one has it.
 */
#ifndef WORKER_IRC_METADATA_H
#define WORKER_IRC_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

#define METADATA_SUBS_MAX 50
#define METADATA_TARGET_MAX (ROOM_BYTES_MAX + 2) /* a name as it is shown, terminated */

struct irc_run;
struct room;

/* Has c asked for metadata, and for the batches that it comes in? */
bool metadata_aware(const struct conn *c);
/* The value of its capability. */
size_t metadata_cap_value(bool v2, char *out, size_t cap);
/* It has no use for them any more: its subscriptions go. */
void metadata_unsubscribe(struct conn *c);
/* The connection ends: everything goes. */
void metadata_forget(struct conn *c);

/* In what follows a login: its own keys, as it set them before. Then they are asked for. */
void metadata_welcome(struct conn *c);
void metadata_set_early(struct conn *c);

/* The broker has refused what run asked for (NULL: what was set before the login): true if the client has been
 * told. */
bool metadata_refused(struct conn *c, const struct irc_run *run, unsigned err);

/* --- what there is, from the registry (metashow.c) -------------------------------------------- */

/* GET and LIST of the command under way, SYNC of its target: behind a sync. */
void metadata_get(struct conn *c);
void metadata_list(struct conn *c);
void metadata_sync(struct conn *c);
/* SYNC of everybody and every room that c is told of, for its subscriptions from this place on. */
void metadata_sync_all(struct conn *c, uint32_t from);

/* c has come into r: what is set there follows, when whatever is under way is over. */
void metadata_joined(struct conn *c, struct room *r);
/* Somebody whom c watches is there (monitor_due): the same. */
void metadata_later(struct conn *c);
/* c is between two commands: begin with that, if there is any. */
void metadata_due(struct conn *c);

/* --- lines, for these two files ---------------------------------------------------------------- */

enum metadata_code {
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
struct metadata_to {
	struct conn *c;
	uint32_t batch;
	bool news;
};

/* draft/metadata-2, and not its successor? */
bool metadata_v2(const struct conn *c);
bool metadata_key_ok(struct str key);
/* In what place c has subscribed to this key, -1: it has not. */
int metadata_sub_of(const struct conn *c, struct str key);
/* A batch for what is known of target begins; 0: c knows no batches. It ends. */
uint32_t metadata_open(struct conn *c, const char *type, const char *target);
void metadata_close(struct conn *c, uint32_t batch);
/* A key is this now; not set. told: not asked for by name (the older draft has METADATA then). */
void metadata_value(const struct metadata_to *to, bool told, const char *target, struct str key,
		    struct str value);
void metadata_unset(const struct metadata_to *to, bool told, const char *target, struct str key);
/* FAIL, or what the newer draft has where the rest of a list goes on: WARN. context: what stands between the code
 * and the text; may be empty. */
void metadata_fail(const struct metadata_to *to, bool in_list, enum metadata_code code,
		   const char *context, const char *text);

#endif
