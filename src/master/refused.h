/* refused.h - the log of connections that are not let in: who, and why; each reason once a second at most. */
#ifndef MASTER_REFUSED_H
#define MASTER_REFUSED_H

#include "ipc/board.h"
#include "ipc/handed.h"

/* Count one, and tell of it: at once, or together with others of its reason, which counter stands for, within a second. why is what it
 * was told. rec->address may be empty. */
void refused_note(enum counter counter, const struct conn_rec *rec, const char *why);

#endif
