/* control.h - what the files of chatd-control share: the maps, the broker, the handlers. */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/conn.h"
#include "ipc/board.h"
#include "ipc/ctl.h"

struct registry;
struct sublink;

extern struct registry *control_registry; /* NULL: the master has given none yet */
extern struct sublink *control_broker;

/* The boards of all places; map NULL ends none. */
struct board_ref {
	unsigned role, index;
	const struct board *map; /* read-only; ours */
	size_t size;
};
extern struct board_ref *control_boards;
extern size_t control_nboards;

/* A user's place on its worker's board; false when there is none (any more). */
bool control_session(unsigned worker, uint32_t wslot, uint64_t user, struct board_session *out);
/* The sum of a counter over all boards. */
uint64_t control_counter(enum counter c);

/* Handlers, one per row of ctl_cmds.def that is not chatctl's own. */
#define CTL_CMD(id, ...) conn_fn cmd_##id;
#include "ipc/ctl_cmds.def"

/* Events that are nobody's answer: to those who follow them (stream.c). */
void stream_event(unsigned type, const void *frame, size_t len);
/* A new broker: tell it again what we follow. */
void stream_again(void);
/* c's request ends: no longer follow for it. */
void stream_forget(struct conn *c);
/* Ends a request that the store carries out, with what its e_done says (cmd_store.c). */
conn_event_fn store_done;
/* The listener the master told of, for `listeners` (cmd_master.c). */
void listeners_row(struct conn *c, const struct m_ctl_listener *m);

#endif
