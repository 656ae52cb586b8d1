/* umode.h - MODE of oneself. */
#ifndef WORKER_IRC_UMODE_H
#define WORKER_IRC_UMODE_H

#include "worker/conn.h"
#include "worker/irc/cmd.h"

/* MODE whose first param is no room: r's second one is a mode string, or was not given. */
enum irc_done irc_umode(struct conn *c, struct irc_run *r);

#endif
