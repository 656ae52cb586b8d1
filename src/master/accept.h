/* accept.h - accepting connections. Who gets them is in handover.h. */
#ifndef MASTER_ACCEPT_H
#define MASTER_ACCEPT_H

#include <stdbool.h>

#include "lib/loop.h"

void accept_init(void);
/* loop_fn of a listener; arg is the struct listener. */
void accept_ready(int fd, unsigned what, void *arg);
/* Who takes connections may have changed: hand over what waits, watch the listeners or not. */
void accept_update(void);
/* A descriptor of ours has been closed: there is room for another one. */
void accept_fd_back(void);
/* fd is what we got: are so few left that no process' may be taken before one is back? */
bool accept_few_left(int fd);
/* No more. */
void accept_stop(void);

#endif
