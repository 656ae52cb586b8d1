/* handed.c - see handed.h. */
#include "config.h"

#include "ipc/handed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "ipc/proxied.h"
#include "lib/loop.h"
#include "lib/util.h"

#define REPORT_MAX 4096 /* ids in one m_conn_report */
#define REPORT_AT 64 /* so much news is told at once, less after REPORT_MS */
#define REPORT_MS 2

/* Mostly none: bytes whose connection comes in one of the next packets. */
struct early {
	STAILQ_ENTRY(early) link;
	uint64_t id;
	size_t n;
	char bytes[];
};

static STAILQ_HEAD(, early) earlies = STAILQ_HEAD_INITIALIZER(earlies);
static struct {
	uint64_t closed[REPORT_MAX];
	unsigned nclosed, taken;
} report;

void
handed_flush(void)
{
	static char frame[IPC_FRAME_MAX];
	struct m_conn_report m = {.taken = report.taken,
				  .closed = {(const char *)report.closed, report.nclosed}};
	size_t len;

	if (report.taken == 0 && report.nclosed == 0)
		return;
	len = m_conn_report_put(frame, sizeof(frame), &m);
	CHECK(len > 0);
	proc_send(frame, len);
	report.taken = report.nclosed = 0;
}

static void
report_due(void *arg)
{
	(void)arg;
	handed_flush();
}

void
handed_turn(void)
{
	static struct loop_timer timer;
	unsigned n = report.taken + report.nclosed;

	if (n >= REPORT_AT || proc.draining)
		handed_flush();
	else if (n > 0 && timer.place == 0)
		loop_timer_start(proc.loop, &timer, REPORT_MS, report_due, NULL);
}

void
handed_closed(uint64_t conn)
{
	report.closed[report.nclosed++] = conn;
	if (report.nclosed == REPORT_MAX)
		handed_flush();
}

void
handed_pass(uint64_t conn, unsigned ws, struct str early, int fd)
{
	struct m_conn_pass m = {.id = conn, .ws = (uint8_t)ws, .early = early};
	char frame[CONN_EARLY_MAX + 64];
	size_t len = m_conn_pass_put(frame, sizeof(frame), &m);

	CHECK(len > 0);
	handed_flush();
	proc_send_fd(frame, len, fd);
}

void
handed_from(const struct m_conn_from *m)
{
	char frame[128];

	handed_flush();
	proc_send(frame, m_conn_from_put(frame, sizeof(frame), m));
}

bool
handed_early(const void *frame, size_t len)
{
	struct m_conn_early m;
	struct early *e;

	if (!m_conn_early_get(frame, len, &m))
		return false;
	e = xcalloc(1, sizeof(*e) + m.bytes.n);
	e->id = m.id;
	e->n = m.bytes.n;
	memcpy(e->bytes, m.bytes.p, m.bytes.n);
	STAILQ_INSERT_TAIL(&earlies, e, link);
	return true;
}

#define HTTP_FULL \
	"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n" \
	"Retry-After: 5\r\nConnection: close\r\n\r\n"

size_t
handed_refusal(char *out, size_t cap, unsigned protocol, struct str why)
{
	static const char *const forms[PROTO_COUNT] = {
	    [PROTO_TELNET] = "",
	    [PROTO_IRC] = "ERROR :",
	    [PROTO_WEB] = HTTP_FULL,
	};

	return bprintf(out, cap, "%s" STR_FMT "\r\n", forms[protocol], STR_ARG(why));
}

static void
take_one(const struct conn_rec *rec, int fd, handed_fn *fn)
{
	struct early *e;

	if (rec->proxy) {
		proxied_begin(rec, fd, fn);
		return;
	}
	STAILQ_FOREACH (e, &earlies, link) {
		if (e->id == rec->id)
			break;
	}
	fn(rec, fd, e != NULL ? (struct str){e->bytes, e->n} : (struct str){"", 0});
	if (e != NULL) {
		STAILQ_REMOVE(&earlies, e, early, link);
		free(e);
	}
}

bool
handed_take(const void *frame, size_t len, const int *fds, size_t nfds, handed_fn *fn)
{
	struct m_conns m;
	struct conn_rec rec;

	if (!m_conns_get(frame, len, &m) || m.conns.n != nfds * sizeof(rec)) {
		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
		return false;
	}
	/* before the first is touched: the master sees there what a dead process had taken */
	__atomic_store_n(&board_own->taken, board_own->taken + nfds, __ATOMIC_RELEASE);
	report.taken += (unsigned)nfds; /* before any of them is told to be closed */
	for (size_t i = 0; i < nfds; i++) {
		memcpy(&rec, m.conns.p + i * sizeof(rec), sizeof(rec));
		rec.address[sizeof(rec.address) - 1] = '\0';
		take_one(&rec, fds[i], fn);
	}
	return true;
}
