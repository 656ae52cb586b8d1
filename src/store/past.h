/* past.h - events that are kept, as the column event.data has them: what they say beside who did it (the sender), where
 * and when. One home for the format; see schema.h. Pure functions. */
#ifndef STORE_PAST_H
#define STORE_PAST_H

#include <stddef.h>

#include "ipc/ipc.h"
#include "lib/str.h"

#define PAST_MAX (MODES_BYTES_MAX + 64)

/* The data of the event in a frame (e_join, e_part, e_quit, e_nick, e_kick, e_topic, e_mode, e_rename), into out;
 * its length. */
size_t past_put(const void *frame, size_t len, char out[PAST_MAX]);
/* The i-th of its fields; empty when it has not so many. A topic and changes of modes are data as it is. */
struct str past_field(struct str data, unsigned i);
/* The same of the last one, which may be what somebody wrote. */
struct str past_rest(struct str data, unsigned i);
/* A field that is a number. */
unsigned past_number(struct str data, unsigned i);

#endif
