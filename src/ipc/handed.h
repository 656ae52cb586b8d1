/* handed.h - connections that the master hands over: taking them, and telling it which have been taken and which have ended. */
#ifndef IPC_HANDED_H
#define IPC_HANDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* fd is the callee's; what came early (m_conn_early) is valid during the call. */
typedef void handed_fn(const struct conn_rec *rec, int fd, struct str early);

/* m_conns: fn is called for each; for one that a proxy sends, later (proxied.h). The descriptors are ours. False: malformed. */
bool handed_take(const void *frame, size_t len, const int *fds, size_t nfds, handed_fn *fn);
/* The words in which somebody is refused before anything has been said, as the protocol has it; their length. */
size_t handed_refusal(char *out, size_t cap, unsigned protocol, struct str why);

/* m_conn_early: kept until its connection comes. False: malformed. */
bool handed_early(const void *frame, size_t len);

/* The connection has ended. */
void handed_closed(uint64_t conn);
/* The connection goes on to its next stage: fd is ours from now on. All that was to be told is told first. */
void handed_pass(uint64_t conn, unsigned ws, struct str early, int fd);

/* Whose the connection really is: the master answers (m_conn_admit). All that was to be told is told first. */
void handed_from(const struct m_conn_from *m);

/* Tell it now. */
void handed_flush(void);
/* At the end of a turn: tells what there is to tell, at once or in a moment (a master woken for each connection would cost more
 * than the connection). */
void handed_turn(void);

#endif
