/* wire.h - what a new process is told before it starts, and how processes get to each other. */
#ifndef MASTER_WIRE_H
#define MASTER_WIRE_H

#include <stdint.h>

#include "ipc/options.h"
#include "master/child.h"

/* Setup, options, memory, listener, channels, `start`. log_fd is given away. */
void wire_first_words(struct child *c, int log_fd);

/* Tell the broker that a subscriber (its incarnation) is gone. */
void wire_peer_gone(struct child *broker, const struct child *sub);

/* The counters of a place that is new, to those who are there already and may read them. */
void wire_board(const struct child *c);

/* The effective options to one process. */
void wire_options(struct child *c, const struct options *o, uint32_t generation);
/* The log level in effect, to everybody. */
void wire_log_set(void);

#endif
