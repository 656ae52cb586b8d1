/* metrics.c - GET /metrics, as "chatctl metrics" has it, for the networks of web.metrics. The master is asked for the processes; all else
 * is on the boards.
 */
#include "config.h"

#include "ipc/metrics.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/net.h"
#include "lib/util.h"
#include "web/web.h"

#define WAIT_MS 2000 /* for the master */

struct scrape {
	struct exchange x;
	LIST_ENTRY(scrape) entry; /* in `scrapes` */
	struct loop_timer timer;
	uint32_t id; /* of the question; 0: answered, or given up */
	bool whole;
	struct metric_proc *procs; /* owned */
	size_t nprocs;
};

static LIST_HEAD(, scrape) scrapes = LIST_HEAD_INITIALIZER(scrapes);

static void
come(struct scrape *s, bool whole)
{
	s->id = 0;
	s->whole = whole;
	loop_timer_stop(proc.loop, &s->timer);
	http_resume(&s->x);
}

static void
too_late(void *arg)
{
	come(arg, false);
}

static struct scrape *
of_id(uint32_t id)
{
	struct scrape *s;

	LIST_FOREACH (s, &scrapes, entry) {
		if (s->id == id && id != 0)
			break;
	}
	return s;
}

bool
metrics_on_master(unsigned type, const void *frame, size_t len)
{
	struct m_ctl_proc p;
	struct m_ctl_end end;
	struct scrape *s;

	if (type == MSG_ctl_end) {
		if (!m_ctl_end_get(frame, len, &end))
			return false;
		s = of_id(end.id);
		if (s != NULL)
			come(s, true);
		return true;
	}
	if (type != MSG_ctl_proc || !m_ctl_proc_get(frame, len, &p))
		return false;
	s = of_id(p.id);
	if (s == NULL)
		return true;
	s->procs = xrealloc(s->procs, (s->nprocs + 1) * sizeof(*s->procs));
	s->procs[s->nprocs++] = (struct metric_proc){.role = p.role,
						     .index = p.index,
						     .restarts = p.restarts,
						     .cpu_us = p.cpu_us,
						     .rss_bytes = p.rss_bytes};
	return true;
}

static void
line(void *arg, const struct metric *m)
{
	char s[METRIC_TEXT_MAX];

	buf_append(arg, s, metric_text(m, s, sizeof(s)));
}

static bool
scrape_more(struct exchange *x, const char *data, size_t *n)
{
	struct scrape *s = (struct scrape *)x;
	struct MHD_Response *r;
	struct buf text = {0};

	(void)data;
	if (*n > 0 || x->recalled) { /* answered now, the connection would have to end */
		*n = 0;
		return true;
	}
	if (!s->whole)
		return answer_text(x->c, MHD_HTTP_SERVICE_UNAVAILABLE,
				   "The master does not answer.");
	metrics_walk(s->procs, s->nprocs, line, &text);
	r = MHD_create_response_from_buffer(text.len, buf_data(&text), MHD_RESPMEM_MUST_COPY);
	buf_fini(&text);
	if (r == NULL)
		return false;
	answer_safe(r, true);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
				"text/plain; version=0.0.4; charset=utf-8");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return answer_queue(x->c, MHD_HTTP_OK, r);
}

static void
scrape_end(struct exchange *x)
{
	struct scrape *s = (struct scrape *)x;

	LIST_REMOVE(s, entry);
	loop_timer_stop(proc.loop, &s->timer);
	free(s->procs);
	free(s);
}

/* Is the client in one of those networks? */
static bool
may_read(const struct client *c)
{
	struct net address;

	if (!net_parse(c->rec.address, &address))
		return c->rec.loopback != 0; /* a Unix socket */
	return net_listed(proc.opt.web_metrics, &address);
}

struct exchange *
metrics_begin(struct MHD_Connection *c, const char *path, bool *good_r)
{
	static uint32_t ids;
	struct m_procs m;
	struct scrape *s;
	char frame[64];

	(void)path;
	if (!may_read(http_client(c))) {
		*good_r = answer_text(c, MHD_HTTP_FORBIDDEN, "That is not for you to read.");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	if (++ids == 0)
		ids = 1;
	s->id = m.id = ids;
	s->x = (struct exchange){
	    .c = c, .client = http_client(c), .more = scrape_more, .end = scrape_end};
	LIST_INSERT_HEAD(&scrapes, s, entry);
	proc_send(frame, m_procs_put(frame, sizeof(frame), &m));
	loop_timer_start(proc.loop, &s->timer, WAIT_MS, too_late, s);
	http_suspend(&s->x);
	return &s->x;
}
