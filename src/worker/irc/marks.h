/* marks.h - how far a guest has read (draft/read-marker): what an account has in the store, one without has for as long as it
 * is connected, and alone. */
#ifndef WORKER_IRC_MARKS_H
#define WORKER_IRC_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"
#include "worker/conn.h"

struct mark_place {
	bool room; /* or somebody */
	struct str name;
};

/* Up to when (wall ms) c has read there; 0: it has not said. */
uint64_t marks_get(const struct conn *c, const struct mark_place *at);
/* It has read up to when; never back. Of too many places the one marked longest ago is forgotten. Returns what it is now. */
uint64_t marks_set(struct conn *c, const struct mark_place *at, uint64_t when);
/* c is gone. */
void marks_forget(struct conn *c);

#endif
