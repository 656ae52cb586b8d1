/* metadata.h - METADATA (draft/metadata-3, and draft/metadata-2): keys and values that people and rooms tell of
 * themselves, and who wants to be told of them.
 *
 * What is set is kept by the broker (broker/meta.c), what is subscribed here.
 */
#ifndef WORKER_IRC_METADATA_H
#define WORKER_IRC_METADATA_H

#include <stdbool.h>

#include "worker/conn.h"

/* Has c asked for metadata, and for the batches that it comes in? */
bool metadata_aware(const struct conn *c);
/* c is to be shown what somebody or something has set: when it is between two commands. */
void metadata_later(struct conn *c);
/* It is between two commands: begin with that, if there is any. */
void metadata_due(struct conn *c);

#endif
