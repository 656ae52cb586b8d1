/* daemon.h - leaving the terminal, so that whoever started us learns how it went. */
#ifndef MASTER_DAEMON_H
#define MASTER_DAEMON_H

/* Fork away. Returns in the daemon; the caller's process waits and exits 0 once daemon_ready was
 * called, 1 when the daemon ends before. Standard error stays open until then. */
void daemon_leave(void);

/* Nothing if daemon_leave was not called. */
void daemon_ready(void);

#endif
