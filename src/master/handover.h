/* handover.h - which process has which connection.
 *
 * The master never reads a byte of a client's. It keeps its own copy of each descriptor until the process it gave it to has said
 * that it took it, so that one which dies first costs nobody a connection. A process of an earlier stage (chatd-web) gives a
 * connection back when it is another's turn; who it is from and how it came in is the master's to say, at each stage. chatd-tls
 * keeps the one it has, and gives us what is inside it: a connection of its own, of the same client. */
#ifndef MASTER_HANDOVER_H
#define MASTER_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

struct address;
struct child;

void handover_init(void);
/* How many connections one process of a role can hold, as it may have so many descriptors. */
unsigned handover_each_max(unsigned role);
/* Close what has not been taken; nothing more will be. */
void handover_stop(void);

/* The role of the processes that a new connection goes to first. */
unsigned handover_first(unsigned protocol, bool tls);
/* Is it one of those that give connections on? */
bool handover_passes(unsigned role);

/* Could a new connection be given to a process of this role now? */
enum handover_room {
	ROOM_YES,
	ROOM_LATER, /* as many are on their way as may be: wait */
	ROOM_FULL /* nobody may have more of them */
};
enum handover_room handover_room(unsigned role);

/* A connection that has been let in: given to its first stage's, or kept until one of them can take it. fd is ours from now on; a
 * is counted up (NULL: a Unix socket's). rec without an id. */
void handover_new(int fd, const struct conn_rec *rec, struct address *a);

/* m_conn_report, m_conn_pass and m_conn_plain of a child. False: not one that it can have sent; then fd is still the caller's. */
bool handover_report(struct child *h, const void *frame, size_t len);
bool handover_pass(struct child *from, const void *frame, size_t len, int fd);
bool handover_plain(struct child *from, const void *frame, size_t len, int fd);
/* m_conn_from: whose a connection from a proxy, or of a gateway (WEBIRC), really is. It is counted there from now on, and answered by m_conn_admit. */
bool handover_from(struct child *from, const void *frame, size_t len);
/* Its connections are gone, save those that it never took. */
void handover_dead(struct child *h);
/* Who takes connections may have changed: give those that wait. */
void handover_waiting(void);

/* Is any on its way to a process, or waiting for one? */
bool handover_under_way(void);
/* Connections that exist; the insides of encrypted ones are not counted again. */
unsigned handover_conns(void);

#endif
