/* util.h - the handful of things that every file needs: dying, allocating, time. */
#ifndef LIB_UTIL_H
#define LIB_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* A broken invariant ends the process, in every build: going on would spread the damage. */
#define CHECK(expr) ((expr) ? (void)0 : check_failed(#expr, __FILE__, __LINE__))

void check_failed(const char *expr, const char *file, int line) __attribute__((noreturn, cold));

/* Log at LOG_CRIT and exit 1. For start-up errors and broken invariants only. */
void fatal(const char *fmt, ...) __attribute__((noreturn, cold, format(printf, 1, 2)));

/* Never NULL; out of memory is fatal. For sizes that we chose, not a peer. Caller frees. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Milliseconds and microseconds of CLOCK_MONOTONIC: for deadlines and durations. */
uint64_t mono_ms(void);
uint64_t mono_us(void);

/* Milliseconds since the epoch of 1970 (CLOCK_REALTIME): shown to people, orders nothing. */
uint64_t wall_ms(void);

/* So many milliseconds from now by that clock: for pthread_cond_timedwait and its like. */
struct timespec time_after(clockid_t clock, uint64_t ms);

/* RFC 3339 in UTC, to the second: "2026-01-02T03:04:05Z". Returns out. */
char *time_rfc3339(uint64_t ms, char out[32]);

/* "90", "90s", "5m", "2h", "3d", "1w" as seconds. Returns false on anything else. */
bool parse_duration(const char *s, uint64_t *seconds_r);

/* For people, with units: "1 byte", "640 bytes", "1.4 MiB"; "12s", "2m 5s", "1h 0m", "3d 4h". Return the length written, as bprintf does. */
size_t show_bytes(char *out, size_t cap, uint64_t n);
size_t show_duration(char *out, size_t cap, uint64_t seconds);

/* snprintf into a fixed buffer that returns the length kept, never more than cap - 1. What does not fit is cut off between two
 * characters: people's names and words, which may be in it, stay UTF-8. */
size_t bprintf(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t vbprintf(char *out, size_t cap, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* Descriptors 0, 1 and 2 that were closed become /dev/null: or else the next socket would be one of them, and be sent what
 * is meant for people. For the beginning of main(). */
void fd_standard(void);

/* O_NONBLOCK and FD_CLOEXEC. 0 or -1 with errno. */
int fd_nonblock(int fd);
int fd_cloexec(int fd, bool on);

/* May we make a file of this path, which begins with '/', in its directory? 0, or -1 with errno. */
int file_could_be_made(const char *path);

#endif
