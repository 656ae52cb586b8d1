/* info.h - what the server says of itself. */
#ifndef WORKER_IRC_INFO_H
#define WORKER_IRC_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"
#include "worker/conn.h"

/* Everything that follows a login; uhost: "ident@host" as others see it. */
void irc_welcome(struct conn *c, struct str uhost);

/* RPL_ISUPPORT lines (isupport.c), as a batch for those who know draft/extended-isupport. */
void irc_isupport(struct conn *c);
/* The configuration may be another: to be called before the first, and at each reload. */
void irc_isupport_init(void);

/* The time of its start is now. */
void irc_info_init(void);
uint64_t irc_started_s(void); /* that time, in seconds of mono_ms */

/* Is target (a server's name, a mask, somebody's nick; empty: nobody's) another server than this? Then the client has
 * been told that there is none. */
bool irc_elsewhere(struct conn *c, struct str target);

#endif
