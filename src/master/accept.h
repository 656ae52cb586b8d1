/* accept.h - accepting connections and handing them to workers.
 *
 * The master never reads a byte of a client's. It keeps its own copy of each descriptor until the
 * worker has said that it took it, so that a worker which dies first costs nobody a connection. */
#ifndef MASTER_ACCEPT_H
#define MASTER_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop.h"

struct child;

void accept_init(void);
/* loop_fn of a listener; arg is the struct listener. */
void accept_ready(int fd, unsigned what, void *arg);
/* m_conn_report. False: not one that this worker can have sent. */
bool accept_report(struct child *worker, const void *frame, size_t len);
/* Its connections are gone, save those that it never took. */
void accept_worker_dead(struct child *worker);
/* Who takes connections may have changed: watch the listeners or not. */
void accept_update(void);
/* Close what has not been taken; nothing more will be. */
void accept_stop(void);
/* Connections that exist. */
unsigned accept_sessions(void);

#endif
