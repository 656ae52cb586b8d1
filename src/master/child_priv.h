/* child_priv.h - what child.c, child_talk.c and child_death.c have in common. */
#ifndef MASTER_CHILD_PRIV_H
#define MASTER_CHILD_PRIV_H

#include "master/child.h"

extern struct child children[CHILDREN_MAX]; /* broker, control, workers, auth, store */
extern unsigned children_n;
extern char *child_programs[ROLE_COUNT]; /* owned */
extern bool
    children_anew; /* waiting for the last to die, to begin with empty memory: until then nobody is started */

struct child *child_broker(void);
/* "worker 0", "broker"; static */
const char *child_name(const struct child *c);

/* A new process for the place, which has none; but for children_anew. */
void child_spawn(struct child *c);
/* It is reaped (status of waitpid), or could not be started (-1). */
void child_dead(struct child *c, int status);

/* Of the channel and of the log; arg is the child. */
void child_on_chan(int fd, unsigned what, void *arg);
void child_on_log(int fd, unsigned what, void *arg);
/* One packet from the channel. False at the end: nothing there, broken, or a mistake that costs
 * the child its life. */
bool child_read_packet(struct child *c);
/* Ping everybody from now on. */
void child_pings_start(void);

#endif
