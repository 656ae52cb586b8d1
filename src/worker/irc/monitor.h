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
/* Call fn for each client of ours that watches this name. */
void monitor_each(struct str name, void (*fn)(struct conn *c, void *arg), void *arg);
/* The names that c watches, as it typed them: the one in place `at`; false: there are not so many. */
bool monitor_nth(const struct conn *c, unsigned at, struct str *name_r);
/* The same from place *at on, for one whose metadata is to follow; it has been shown. */
bool monitor_due(const struct conn *c, unsigned *at, struct str *name_r);
void monitor_done(struct conn *c, unsigned at);
/* c watches nothing any more. */
void monitor_forget(struct conn *c);

#endif
