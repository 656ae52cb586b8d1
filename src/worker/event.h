/* event.h - what the broker decided: to whom of our clients it goes, and how it looks. */
#ifndef WORKER_EVENT_H
#define WORKER_EVENT_H

#include <stdbool.h>
#include <stddef.h>

/* The callback of the link to the broker (ipc/sublink.h). */
void event_take(const void *frame, size_t len, bool own, void *arg);

#endif
