/* monitor.h - MONITOR (IRCv3): names that clients of this worker watch, wherever they are. */
#ifndef WORKER_IRC_MONITOR_H
#define WORKER_IRC_MONITOR_H

#include "ipc/ipc.h"
#include "worker/conn.h"

/* Somebody has come, gone, or got another name. */
void monitor_online(struct str name, struct str uhost);
void monitor_offline(struct str name);
void monitor_renamed(struct str old, struct str name, struct str uhost);
/* The event in fanout.h is news of this name: to those with extended-monitor who watch it and have not
 * been given it yet. */
void monitor_shown(struct str name);
/* c watches nothing any more. */
void monitor_forget(struct conn *c);

#endif
