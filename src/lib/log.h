/* log.h - log lines of every process.
 *
 * Lines are gathered and leave once per turn of the loop as one packet to the
 * master, which alone writes to syslog, stderr or a file (lib/logsink.h). The
 * descriptor never blocks: a stuck syslogd costs lines, which are counted, not chat.
 * Levels are those of <syslog.h>. Control characters in a line are shown as '?'.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

/* Trace classes: name, bit. `-T ipc,conn` and `chatctl log trace ipc,conn`. */
#define LOG_TRACE_CLASSES(X) \
	X(ipc) \
	X(conn) \
	X(room) \
	X(proc) \
	X(journal) \
	X(control) \
	X(conf)

enum log_trace_bit {
#define X(name) TRACE_BIT_##name,
	LOG_TRACE_CLASSES(X)
#undef X
};

extern int log_level; /* lines above it are not made */
extern unsigned log_traces; /* bits 1 << TRACE_BIT_x */

/* role stands at the beginning of each line and is not copied. fd is the packet socket
 * to the master, or -1: lines go to stderr at once. */
void log_open(const char *role, int fd);

/* The process that writes the log itself (the master) gives its writer instead of a
 * descriptor: called with the level, and a clean line without its end. */
typedef void log_write_fn(int level, const char *role, int pid, const char *line, size_t n);
void log_open_writer(const char *role, log_write_fn *fn);

/* One line; no newline in fmt. */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_vline(int level, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Send what was gathered. Called by the loop at the end of each turn, and before dying. */
void log_flush(void);

/* Lines lost because nobody took them, since the start. */
uint64_t log_lost(void);

/* "debug" .. "emerg" to its number; -1 when there is none. */
int log_level_parse(const char *name);

/* "ipc,conn", "all" or "none" to bits. False, leaving *bits_r alone, for an unknown class. */
bool log_traces_parse(const char *list, unsigned *bits_r);

/* One received packet, line by line, to fn; role and pid are the sender's, as we know them, not as it says. Malformed
 * lines are dropped, and none is more than critical: syslogd would write it to everybody's terminal. For the master. */
void log_unpack(const char *p, size_t n, const char *role, int pid, log_write_fn *fn);

#define log_if(level, ...) \
	do { \
		if ((level) <= log_level) \
			log_line(level, __VA_ARGS__); \
	} while (0)
#define log_crit(...) log_if(LOG_CRIT, __VA_ARGS__)
#define log_err(...) log_if(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_if(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_if(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_if(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_if(LOG_DEBUG, __VA_ARGS__)
#define log_trace(class, ...) \
	do { \
		if (log_traces & (1u << TRACE_BIT_##class)) \
			log_line(LOG_DEBUG, #class ": " __VA_ARGS__); \
	} while (0)

#endif
