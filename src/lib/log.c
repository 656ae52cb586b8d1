/* log.c - see log.h. */
#include "config.h"

#include "lib/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/util.h"

#define LINE_MAX_BYTES 1024
#define BATCH_BYTES 16384 /* one packet; far below what a socket takes */

int log_level = LOG_INFO;
unsigned log_traces;

static const char *log_role = "chatd";
static int log_fd = -1;
static log_write_fn *log_writer;
static char batch[BATCH_BYTES];
static size_t batch_len;
static unsigned batch_lines;
static uint64_t lost;

static const char *const level_names[] = {"emerg",   "alert",  "crit", "err",
					  "warning", "notice", "info", "debug"};

static const char *const trace_names[] = {
#define X(name) #name,
    LOG_TRACE_CLASSES(X)
#undef X
};

void
log_open(const char *role, int fd)
{
	log_role = role;
	log_fd = fd;
	log_writer = NULL;
}

void
log_open_writer(const char *role, log_write_fn *fn)
{
	log_role = role;
	log_writer = fn;
}

/* Whoever looks at the log with a terminal must not be written to by a chat user. C1
 * controls stand in UTF-8 as c2 80 to c2 9f. */
static size_t
make_harmless(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c < 0x20 || c == 0x7f)
			p[i] = '?';
		else if (c == 0xc2 && i + 1 < n && ((unsigned char)p[i + 1] & 0xe0) == 0x80)
			p[i] = p[i + 1] = '?';
	}
	return n;
}

void
log_vline(int level, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	int r = vsnprintf(line, sizeof(line), fmt, ap);
	size_t n;

	if (r < 0)
		return;
	n = make_harmless(line, MIN((size_t)r, sizeof(line) - 1));
	if (log_writer != NULL) {
		log_writer(level, log_role, (int)getpid(), line, n);
		return;
	}
	if (log_fd < 0) {
		fprintf(stderr, "%s[%d]: %.*s\n", log_role, (int)getpid(), (int)n, line);
		return;
	}
	if (batch_len + n + 64 > sizeof(batch))
		log_flush();
	batch_len += bprintf(batch + batch_len, sizeof(batch) - batch_len, "%d%.*s\n", level & 7,
			     (int)n, line);
	batch_lines++;
	/* what explains a death must not wait for the end of a turn that may never come */
	if (level <= LOG_WARNING)
		log_flush();
}

void
log_line(int level, const char *fmt, ...)
{
	va_list ap;
	int saved = errno;

	va_start(ap, fmt);
	log_vline(level, fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_flush(void)
{
	if (batch_len == 0)
		return;
	if (send(log_fd, batch, batch_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		lost += batch_lines;
	batch_len = 0;
	batch_lines = 0;
}

uint64_t
log_lost(void)
{
	return lost;
}

int
log_level_parse(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0)
			return (int)i;
	}
	return -1;
}

static int
trace_bit(const char *p, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(trace_names); i++) {
		if (strlen(trace_names[i]) == n && memcmp(trace_names[i], p, n) == 0)
			return (int)i;
	}
	return -1;
}

bool
log_traces_parse(const char *list, unsigned *bits_r)
{
	unsigned bits = 0;

	if (strcmp(list, "all") == 0)
		bits = (1u << ARRAY_LEN(trace_names)) - 1;
	else if (strcmp(list, "none") != 0) {
		while (*list != '\0') {
			size_t n = strcspn(list, ",");
			int bit = trace_bit(list, n);

			if (bit < 0)
				return false;
			bits |= 1u << bit;
			list += n + (list[n] == ',');
		}
	}
	*bits_r = bits;
	return true;
}

void
log_unpack(const char *p, size_t n, const char *role, int pid, log_write_fn *fn)
{
	const char *nl;

	for (; n > 0 && (nl = memchr(p, '\n', n)) != NULL; n -= (size_t)(nl + 1 - p), p = nl + 1) {
		size_t len = MIN((size_t)(nl - p), LINE_MAX_BYTES);
		char line[LINE_MAX_BYTES];

		if (len < 1 || p[0] < '0' || p[0] > '7')
			continue;
		memcpy(line, p + 1, len - 1);
		line[len - 1] = '\0';
		fn(MAX(p[0] - '0', LOG_CRIT), role, pid, line, make_harmless(line, len - 1));
	}
}
