/* names.h - who is in a room, as IRC lists it. */
#ifndef WORKER_IRC_NAMES_H
#define WORKER_IRC_NAMES_H

#include "ipc/ipc.h"
#include "worker/conn.h"

/* RPL_NAMREPLY lines behind a JOIN, which is an answer itself: no sync is needed. */
void names_after_join(struct conn *c, uint64_t room, struct str name);

#endif
