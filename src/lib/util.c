/* util.c - see util.h. */
#include "config.h"

#include "lib/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"

void
check_failed(const char *expr, const char *file, int line)
{
	log_line(LOG_CRIT, "%s:%d: broken invariant: %s", file, line, expr);
	log_flush();
	abort();
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(LOG_CRIT, fmt, ap);
	va_end(ap);
	log_flush();
	exit(1);
}

void *
xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (p == NULL)
		fatal("out of memory (%zu bytes)", n * size);
	return p;
}

void *
xrealloc(void *p, size_t size)
{
	void *q = realloc(p, size ? size : 1);

	if (q == NULL)
		fatal("out of memory (%zu bytes)", size);
	return q;
}

char *
xstrndup(const char *s, size_t n)
{
	char *p = xcalloc(n + 1, 1);

	memcpy(p, s, n);
	return p;
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	if (vasprintf(&p, fmt, ap) < 0)
		fatal("out of memory");
	va_end(ap);
	return p;
}

static uint64_t
clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
mono_ms(void)
{
	return clock_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t
mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

uint64_t
wall_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}

struct timespec
time_after(clockid_t clock, uint64_t ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

char *
time_rfc3339(uint64_t ms, char out[32])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	if (strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
	return out;
}

bool
parse_duration(const char *s, uint64_t *seconds_r)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	unsigned long n;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	n = strtoul(s, &end, 10);
	if (errno != 0 || n > 1000000000 || (*end != '\0' && end[1] != '\0'))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (*end == units[i].unit) {
			*seconds_r = n * units[i].seconds;
			return true;
		}
	}
	return false;
}

size_t
show_bytes(char *out, size_t cap, uint64_t n)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double v = (double)n;
	size_t u = 0;

	for (; v >= 1000 && u + 1 < ARRAY_LEN(units); u++)
		v /= 1024;
	if (u == 0)
		return bprintf(out, cap, "%llu %s", (unsigned long long)n,
			       n == 1 ? "byte" : units[0]);
	return bprintf(out, cap, "%.*f %s", v < 10 ? 1 : 0, v, units[u]);
}

size_t
show_duration(char *out, size_t cap, uint64_t seconds)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	size_t u = 0, n;

	while (u + 1 < ARRAY_LEN(units) && seconds < units[u].seconds)
		u++;
	n = bprintf(out, cap, "%llu%c", (unsigned long long)(seconds / units[u].seconds),
		    units[u].unit);
	if (u + 1 < ARRAY_LEN(units))
		n +=
		    bprintf(out + n, cap - n, " %llu%c",
			    (unsigned long long)(seconds % units[u].seconds / units[u + 1].seconds),
			    units[u + 1].unit);
	return n;
}

/* Without the beginning of a character at the end of the n bytes at p. */
static size_t
without_half(const char *p, size_t n)
{
	size_t lead = n, need;

	while (lead > 0 && n - lead < 3 && ((unsigned char)p[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0 || (unsigned char)p[--lead] < 0xc0)
		return n;
	need = (unsigned char)p[lead] >= 0xf0 ? 4 : (unsigned char)p[lead] >= 0xe0 ? 3 : 2;
	return n - lead < need ? lead : n;
}

size_t
vbprintf(char *out, size_t cap, const char *fmt, va_list ap)
{
	int all = vsnprintf(out, cap, fmt, ap);
	size_t n;

	if (all < 0 || cap == 0)
		return 0;
	if ((size_t)all < cap)
		return (size_t)all;
	n = without_half(out, cap - 1);
	out[n] = '\0';
	return n;
}

size_t
bprintf(char *out, size_t cap, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = vbprintf(out, cap, fmt, ap);
	va_end(ap);
	return n;
}

void
fd_standard(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = dup(fd);
	if (fd > STDERR_FILENO)
		close(fd);
}

int
fd_nonblock(int fd)
{
	int fl = fcntl(fd, F_GETFL);

	return fl < 0 ? -1 : fcntl(fd, F_SETFL, fl | O_NONBLOCK);
}

int
fd_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

int
file_could_be_made(const char *path)
{
	char dir[PATH_MAX];

	bprintf(dir, sizeof(dir), "%.*s", (int)MAX(strrchr(path, '/') - path, 1), path);
	return access(dir, W_OK | X_OK);
}
