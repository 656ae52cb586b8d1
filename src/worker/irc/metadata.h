/* metadata.h - METADATA (draft/metadata-3, and draft/metadata-2): keys and values that people and rooms tell of
 * themselves, and who wants to be told of them.
 *
 * What is set is kept by the broker (broker/meta.c), what somebody has subscribed to here (metasubs.c). The two drafts differ
 * in codes, and in how changes are told: METADATA lines in the older one, numerics in the newer. Clients that
 * have asked for neither are answered as the newer one has it.
 */
#ifndef WORKER_IRC_METADATA_H
#define WORKER_IRC_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/conn.h"

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

#endif
