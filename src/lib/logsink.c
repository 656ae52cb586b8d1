/* logsink.c - see logsink.h.
 *
 * A full disk, a stuck syslogd or a terminal that somebody has stopped costs lines, never time.
 */
#include "config.h"

#include "lib/logsink.h"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <poll.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"

#define BATCH_BYTES \
	4096 /* PIPE_BUF: a pipe that poll calls writable takes so much without waiting */
#define RETRY_MS 1000
#define HEAD_BYTES 96 /* before a line: time, role and pid */

static enum { TO_STDERR, TO_FILE, TO_SYSLOG } sink;
static int out_fd = STDERR_FILENO, facility_code = LOG_DAEMON;
static bool echo;
static bool dated; /* by whoever reads it */
static char batch[BATCH_BYTES];
static size_t batch_len;
static unsigned batch_lines;
static bool torn; /* the last write ended within a line */
static uint64_t lost, retry_at;

static const struct {
	const char *name;
	int code;
} facilities[] = {
    {"kern", LOG_KERN},     {"user", LOG_USER},         {"mail", LOG_MAIL},
    {"daemon", LOG_DAEMON}, {"auth", LOG_AUTH},         {"syslog", LOG_SYSLOG},
    {"lpr", LOG_LPR},       {"news", LOG_NEWS},         {"uucp", LOG_UUCP},
    {"cron", LOG_CRON},     {"authpriv", LOG_AUTHPRIV}, {"ftp", LOG_FTP},
    {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
    {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

int
logsink_facility(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(facilities); i++) {
		if (strcmp(facilities[i].name, name) == 0)
			return facilities[i].code;
	}
	return -1;
}

static int
syslog_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = _PATH_LOG};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Is it journald that reads our stderr? It tells us which file it made for that; somebody may
 * have put another in its place since (systemd.exec(5), JOURNAL_STREAM). */
static bool
journald_reads(void)
{
	const char *said = getenv("JOURNAL_STREAM");
	char name[48];
	struct stat st;

	if (said == NULL || fstat(STDERR_FILENO, &st) < 0)
		return false;
	bprintf(name, sizeof(name), "%" PRIuMAX ":%" PRIuMAX, (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino);
	return strcmp(said, name) == 0;
}

int
logsink_open(const char *to, const char *facility)
{
	int fd = STDERR_FILENO;
	bool syslog = strcmp(to, "syslog") == 0, file = to[0] == '/';

	if (file) {
		/* O_NONBLOCK: a pipe or a device there must not hold us up either */
		fd = open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
			  0640);
		if (fd < 0)
			return -1;
	}
	logsink_flush();
	if (out_fd > STDERR_FILENO)
		close(out_fd);
	out_fd = syslog ? syslog_connect() : fd;
	sink = syslog ? TO_SYSLOG : file ? TO_FILE : TO_STDERR;
	dated = sink == TO_STDERR && journald_reads();
	torn = false;
	retry_at = 0;
	facility_code = MAX(logsink_facility(facility), 0);
	return 0;
}

int
logsink_check(const char *to)
{
	int fd;

	if (to[0] != '/')
		return 0;
	fd = open(to, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0)
		return close(fd);
	if (errno != ENOENT)
		return -1;
	return file_could_be_made(to);
}

void
logsink_echo(bool on)
{
	echo = on;
}

static bool
syslog_send(const char *p, size_t n)
{
	for (int tries = 0; tries < 2; tries++) {
		if (out_fd >= 0 && send(out_fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return true;
		if (out_fd >= 0 && errno != ECONNREFUSED && errno != ENOTCONN &&
		    errno != ECONNRESET && errno != EPIPE)
			return false;
		if (mono_ms() < retry_at)
			return false;
		/* syslogd was restarted, or is not there yet */
		retry_at = mono_ms() + RETRY_MS;
		if (out_fd >= 0)
			close(out_fd);
		out_fd = syslog_connect();
	}
	return false;
}

static void
syslog_write(int level, const char *role, int pid, const char *line, size_t n)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[1400];
	time_t now = time(NULL);
	struct tm tm;
	size_t len;

	localtime_r(&now, &tm);
	len = bprintf(text, sizeof(text), "<%d>%.3s %2d %02d:%02d:%02d chatd[%d]: %s[%d]: %.*s",
		      facility_code | level, months + 3 * (tm.tm_mon % 12), tm.tm_mday, tm.tm_hour,
		      tm.tm_min, tm.tm_sec, (int)getpid(), role, pid, (int)n, line);
	if (!syslog_send(text, len))
		lost++;
}

static bool
writable(void)
{
	struct pollfd p = {.fd = out_fd, .events = POLLOUT};

	/* a regular file always is; a terminal or pipe that is not would make us wait */
	return sink == TO_FILE || (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT));
}

void
logsink_flush(void)
{
	ssize_t r = -1;

	if (batch_len == 0)
		return;
	if (writable()) {
		/* a line that was cut off by a full disk is ended before the next */
		if (torn && write(out_fd, "\n", 1) == 1)
			torn = false;
		if (!torn)
			r = write(out_fd, batch, batch_len);
	}
	if (r != (ssize_t)batch_len) {
		unsigned kept = 0;

		for (ssize_t i = 0; i < r; i++)
			kept += batch[i] == '\n';
		lost += batch_lines - kept;
		if (r > 0)
			torn = batch[r - 1] != '\n';
	}
	batch_len = 0;
	batch_lines = 0;
}

/* "2026-11-20T09:05:03.071Z " into out; nothing where lines get their time elsewhere. */
static size_t
put_time(char *out, size_t size)
{
	uint64_t now = wall_ms();
	char text[32];

	if (dated)
		return 0;
	return bprintf(out, size, "%.19s.%03uZ ", time_rfc3339(now, text), (unsigned)(now % 1000));
}

void
logsink_write(int level, const char *role, int pid, const char *line, size_t n)
{
	if (echo && level <= LOG_ERR && (sink != TO_STDERR || out_fd != STDERR_FILENO))
		dprintf(STDERR_FILENO, "%s[%d]: %.*s\n", role, pid, (int)n, line);
	if (sink == TO_SYSLOG) {
		syslog_write(level, role, pid, line, n);
		return;
	}
	if (batch_len + n + HEAD_BYTES > sizeof(batch))
		logsink_flush();
	batch_len += put_time(batch + batch_len, sizeof(batch) - batch_len);
	batch_len += bprintf(batch + batch_len, sizeof(batch) - batch_len, "%s[%d]: %.*s\n", role,
			     pid, (int)n, line);
	batch_lines++;
	if (level <= LOG_WARNING)
		logsink_flush();
}

uint64_t
logsink_lost(void)
{
	return lost;
}
