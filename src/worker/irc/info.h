/* info.h - what the server says of itself. */
#ifndef WORKER_IRC_INFO_H
#define WORKER_IRC_INFO_H

#include "worker/conn.h"

/* RPL_ISUPPORT lines. */
void irc_isupport(struct conn *c);
/* RPL_LUSER… lines. */
void irc_lusers(struct conn *c);
/* RPL_MOTD lines, or ERR_NOMOTD. */
void irc_motd(struct conn *c);

#endif
