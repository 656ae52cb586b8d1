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

/* A user's place on its worker's board. */
struct seen {
	struct board_session s;
	struct board_more more;
};
/* False: there is none (any more). */
bool control_session(unsigned worker, uint32_t wslot, uint64_t user, struct seen *out);

/* Handlers, one per row of ctl_cmds.def that is not chatctl's own. */
#define CTL_CMD(id, ...) conn_fn cmd_##id;
#include "ipc/ctl_cmds.def"

/* Events that are nobody's answer: to those who follow them (stream.c). */
void stream_event(unsigned type, const void *frame, size_t len);
/* A new broker: tell it again what we follow. */
void stream_again(void);
/* c's request ends: no longer follow for it. */
void stream_forget(struct conn *c);
/* What reads the registry (cmd_list.c). fn runs behind whatever has been decided before the command. */
void list_begin(struct conn *c, conn_fn *fn);
/* Torn too often, or the broker is rebuilding: fn again, behind what it decides now; at most LIST_TRIES times. */
void list_again(struct conn *c, conn_fn *fn);
#define LIST_TRIES 8u
/* The row of that slot, if it is one. 1: written, 0: none, -1: it is being written. */
typedef int list_row_fn(struct conn *c, uint32_t slot);
/* A step of a listing of all slots; ends the request behind the last one. */
void list_slots(struct conn *c, uint32_t slots, list_row_fn *row);
/* Behind the n rows of a page: true when another turn goes on with the next one; else the list has been ended. */
bool list_more(struct conn *c, int n);
/* The list ends, and the request with it. */
conn_fn list_done;
/* A field "mask". */
void list_mask(struct conn *c, const char *mask);
/* Ends a request that the store carries out, with what its e_done says (cmd_store.c). */
conn_event_fn store_done;
/* The listener the master told of, for `listeners` (cmd_master.c). */
void listeners_row(struct conn *c, const struct m_ctl_listener *m);
/* The certificate likewise, for `tls show` (cmd_tls.c). */
void certs_row(struct conn *c, const struct m_ctl_cert *m);
/* In `status`: until when the first certificate is good; nothing without TLS. */
void certs_field(struct writer *w);
/* What holds a process, for `status --sandbox`. */
void sandbox_row(struct conn *c, const struct m_ctl_sandbox *m);

#endif
