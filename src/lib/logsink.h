/* logsink.h - where the log goes in the end: syslog, stderr or a file. The master's alone.
 *
 * Nothing here waits: what cannot be written at once is lost and counted. Lines to stderr or a
 * file are "TIME role[pid]: text", TIME as in RFC 3339, in UTC with milliseconds; without it where
 * journald, which adds its own, reads stderr. To syslog (RFC 3164) "role[pid]: text" stands behind
 * "chatd[PID]: ".
 */
#ifndef LIB_LOGSINK_H
#define LIB_LOGSINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* to: "syslog", "stderr" or an absolute path, which is appended to. What was open is closed (so
 * that a file that was moved away is begun anew). 0, or -1 with errno (the file cannot be opened):
 * then everything stays as it was. */
int logsink_open(const char *to, const char *facility);

/* Could it be opened? 0, or -1 with errno. Nothing is made. */
int logsink_check(const char *to);

/* Besides, lines at LOG_ERR and above go to stderr: while a daemon starts, somebody waits there. */
void logsink_echo(bool on);

/* A log_write_fn (lib/log.h). */
void logsink_write(int level, const char *role, int pid, const char *line, size_t n);

/* Write what was gathered; at the end of each turn, and before the end. */
void logsink_flush(void);

/* Lines lost since the start. */
uint64_t logsink_lost(void);

/* "daemon", "local0"… to its number of <syslog.h>; -1 when there is none. */
int logsink_facility(const char *name);

#endif
