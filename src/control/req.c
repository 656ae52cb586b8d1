/* req.c - carrying out requests: answers to the client, questions to broker and master, and
 * the line in the log for whatever changes something. See conn.h. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "ipc/proc.h"
#include "ipc/sublink.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/util.h"
#include "registry/registry.h"

#define SHOWN_MAX 200 /* bytes of a command's arguments that the log gets */

#define REPLACED "the broker was replaced meanwhile: what was asked may have been done"

static char frame_buf[IPC_FRAME_MAX];

void
conn_actor(const struct conn *c, char out[64])
{
	bprintf(out, 64, "uid %u pid %d", (unsigned)c->peer.uid, (int)c->peer.pid);
}

/* --- answers ------------------------------------------------------------------------------ */

static void
record(struct conn *c, unsigned code, const char *p, size_t n)
{
	char head[32];
	size_t len = bprintf(head, sizeof(head), "%u %zu\n", code, n);

	buf_append(&c->out, head, len);
	buf_append(&c->out, p, n);
	buf_append(&c->out, "\n", 1);
}

/* Who did what, and what came of it. */
static void
audit(const struct conn *c, const char *result)
{
	struct buf line = {0};
	char actor[64];

	if (!c->busy || (c->req.cmd->flags & CTL_AUDIT) == 0)
		return;
	for (unsigned i = 0; i < c->req.nargs && !(c->req.cmd->flags & CTL_PRIVATE); i++) {
		buf_append(&line, " ", 1);
		ctl_show(&line, c->req.args[i],
			 text_cut(c->req.args[i], strlen(c->req.args[i]), SHOWN_MAX), false);
	}
	if (c->req.for_s != 0 || c->req.in_s != 0 || c->req.older_s != 0) {
		char s[48];

		buf_append(&line, s,
			   bprintf(s, sizeof(s), " (%s %" PRIu64 " s)",
				   c->req.for_s != 0  ? "for"
				   : c->req.in_s != 0 ? "in"
						      : "older than",
				   c->req.for_s + c->req.in_s + c->req.older_s));
	}
	conn_actor(c, actor);
	log_notice("%s: %s%s%.*s: %s", actor, c->req.cmd->name, c->req.cancel ? " --cancel" : "",
		   (int)line.len, line.len > 0 ? buf_data(&line) : "", result);
	buf_fini(&line);
}

/* The request is over, whatever came of it; its client may be gone. */
void
conn_end(struct conn *c, const char *result)
{
	if (!c->busy)
		return;
	audit(c, result);
	stream_forget(c);
	loop_timer_stop(proc.loop, &c->tick);
	writer_fini(&c->w);
	free(c->procs);
	free(c->state);
	buf_fini(&c->kept);
	c->procs = NULL;
	c->state = NULL;
	c->nprocs = 0;
	c->step = c->synced = c->mastered = NULL;
	c->answered = NULL;
	c->line = NULL;
	c->serial = c->id = c->after = 0;
	c->ticket = 0;
	c->looked_up = NULL;
	c->wants_secret = c->may_fail = false;
	explicit_bzero(c->secret, sizeof(c->secret));
	c->mid = c->slot = 0;
	c->tries = 0;
	c->busy = false;
	c->wait = WAIT_ANEW;
}

void
conn_more(struct conn *c)
{
	writer_page(&c->w);
	if (c->w.body.len == 0)
		return;
	record(c, CTL_MORE, buf_data(&c->w.body), c->w.body.len);
	buf_drop(&c->w.body, c->w.body.len);
}

void
conn_done(struct conn *c)
{
	record(c, CTL_OK, c->w.body.len > 0 ? buf_data(&c->w.body) : "", c->w.body.len);
	conn_end(c, "done");
}

void
conn_page(struct conn *c, conn_fn *fn)
{
	if (fn != NULL) {
		conn_more(c);
		c->step = fn;
		return;
	}
	writer_list_end(&c->w);
	conn_done(c);
}

void
conn_ok(struct conn *c, const char *fmt, ...)
{
	struct buf text = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (c->w.format == CTL_TABLE) {
		ctl_show(&c->w.body, buf_data(&text), text.len, false);
		buf_append(&c->w.body, "\n", 1);
	} else {
		writer_object(&c->w);
		writer_bool(&c->w, "done", true);
		writer_str(&c->w, "text", buf_data(&text), text.len);
		writer_object_end(&c->w);
	}
	buf_fini(&text);
	conn_done(c);
}

void
conn_fail(struct conn *c, unsigned code, const char *fmt, ...)
{
	struct buf text = {0}, shown = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	ctl_show(&shown, buf_data(&text), text.len, false);
	buf_fini(&text);
	record(c, code, buf_data(&shown), shown.len);
	buf_append(&shown, "", 1);
	conn_end(c, buf_data(&shown));
	buf_fini(&shown);
}

/* What the broker or the store did not do. Why the store does not is for administrators to know. */
static void
fail_for(struct conn *c, unsigned code, struct str arg)
{
	char text[512], why[256];
	uint64_t stored;

	chat_err_text(code, arg.p, arg.n, text, sizeof(text));
	if ((code == ERR_STORE_AWAY || code == ERR_NO_ANSWER) && control_registry != NULL &&
	    registry_store(control_registry, &stored, why) != STORE_WELL && why[0] != '\0')
		conn_fail(c, (unsigned)chat_err_ctl(code), "%s: %s", text, why);
	else
		conn_fail(c, (unsigned)chat_err_ctl(code), "%s", text);
}

bool
conn_refused(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_e_refused m;

	if (type != MSG_e_refused || !m_e_refused_get(frame, len, &m))
		return false;
	fail_for(c, m.code, m.arg);
	return true;
}

/* While there is no broker, questions to it are kept; a megabyte of them is enough. */
static bool
broker_takes(struct conn *c)
{
	if (!sublink_full(control_broker))
		return true;
	conn_fail(c, CTL_UNAVAILABLE, "the broker does not answer");
	return false;
}

/* --- questions ------------------------------------------------------------------------------ */

void
conn_sync(struct conn *c, conn_fn *fn)
{
	struct m_r_sync m = {0};

	if (!broker_takes(c))
		return;
	c->synced = fn;
	c->serial = sublink_request(control_broker, frame_buf,
				    m_r_sync_put(frame_buf, sizeof(frame_buf), &m));
	c->wait = WAIT_ANEW;
}

void
conn_admin(struct conn *c, unsigned op, const char *target, struct str arg, uint64_t until,
	   conn_event_fn *fn)
{
	struct m_r_admin m = {
	    .op = (uint8_t)op,
	    .level = (uint8_t)access_level(&c->peer),
	    .uid = c->peer.uid,
	    .pid = (uint32_t)c->peer.pid,
	    .target = str_of(target),
	    .arg = arg,
	    .until = until,
	};
	size_t len = m_r_admin_put(frame_buf, sizeof(frame_buf), &m);

	if (len == 0) {
		conn_fail(c, CTL_BAD, "too long");
		return;
	}
	if (!broker_takes(c))
		return;
	c->answered = fn;
	c->serial = sublink_request(control_broker, frame_buf, len);
	c->wait = WAIT_ANEW;
}

/* It will be answered by others, or not at all. */
static void
asked(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_e_wait m;

	if (c->may_fail && type == MSG_e_refused) {
		c->looked_up(c, type, frame, len);
		return;
	}
	if (conn_refused(c, type, frame, len))
		return;
	if (type == MSG_e_wait && m_e_wait_get(frame, len, &m)) {
		c->ticket = m.ticket;
		/* from a broker that has died since */
		if (m.seq <= sublink_began(control_broker))
			conn_fail(c, CTL_UNAVAILABLE, REPLACED);
	} else
		conn_fail(c, CTL_INTERNAL, "the broker has answered something else");
}

void
conn_ask(struct conn *c, void *frame, size_t len, conn_event_fn *fn)
{
	if (len == 0) {
		conn_fail(c, CTL_BAD, "too long");
		return;
	}
	if (!broker_takes(c))
		return;
	c->answered = asked;
	c->looked_up = fn;
	c->serial = sublink_request(control_broker, frame, len);
	c->wait = WAIT_ANEW;
}

void
conn_store(struct conn *c, unsigned op, const char *args, conn_event_fn *fn)
{
	struct m_r_store m = {.op = (uint8_t)op,
			      .level = (uint8_t)access_level(&c->peer),
			      .uid = c->peer.uid,
			      .pid = (uint32_t)c->peer.pid,
			      .args = str_of(args),
			      .secret = str_of(c->secret)};

	conn_ask(c, frame_buf, m_r_store_put(frame_buf, sizeof(frame_buf), &m), fn);
	explicit_bzero(frame_buf, sizeof(frame_buf));
}

void
conn_master(struct conn *c, const char *line, conn_fn *fn)
{
	static uint32_t ids;
	char actor[64];
	struct m_ctl m = {.level = (uint8_t)access_level(&c->peer), .line = str_of(line)};
	size_t len;

	conn_actor(c, actor);
	m.actor = str_of(actor);
	if (++ids == 0)
		ids = 1;
	m.id = ids;
	len = m_ctl_put(frame_buf, sizeof(frame_buf), &m);
	if (len == 0) {
		conn_fail(c, CTL_BAD, "too long");
		return;
	}
	c->mid = m.id;
	c->mastered = fn;
	c->wait = WAIT_ANEW;
	proc_send(frame_buf, len);
}

/* --- answers of broker and master ------------------------------------------------------------- */

static struct conn *
by_ticket(uint32_t ticket)
{
	struct conn *c = conns;

	while (c != NULL && (c->ticket != ticket || !c->busy))
		c = c->next;
	return c;
}

/* What was asked of others has been answered: the frame is for who asked. */
static void
looked_up(uint32_t ticket, unsigned type, const void *frame, size_t len)
{
	struct conn *c = ticket != 0 ? by_ticket(ticket) : NULL;
	conn_event_fn *fn;

	if (c == NULL)
		return;
	fn = c->looked_up;
	c->ticket = 0;
	c->looked_up = NULL;
	fn(c, type, frame, len);
	conn_pump(c);
}

void
conn_on_page(const void *frame, size_t len)
{
	struct m_q_page m;

	if (m_q_page_get(frame, len, &m))
		looked_up(m.ticket, MSG_q_page, frame, len);
}

static void
on_done(const void *frame, size_t len)
{
	struct m_e_done m;

	if (m_e_done_get(frame, len, &m))
		looked_up(m.ticket, MSG_e_done, frame, len);
}

static void
on_failed(const void *frame, size_t len)
{
	struct m_e_failed m;
	struct conn *c = NULL;

	if (m_e_failed_get(frame, len, &m) && m.ticket != 0)
		c = by_ticket(m.ticket);
	if (c == NULL)
		return;
	if (c->may_fail) {
		looked_up(m.ticket, MSG_e_failed, frame, len);
		return;
	}
	fail_for(c, m.code, m.arg);
	conn_pump(c);
}

void
conn_on_broker(void)
{
	for (struct conn *c = conns, *next; c != NULL; c = next) {
		next = c->next;
		if (c->ticket == 0)
			continue;
		conn_fail(c, CTL_UNAVAILABLE, REPLACED);
		conn_pump(c);
	}
}

void
conn_on_event(unsigned type, const void *frame, size_t len, uint64_t serial, bool own)
{
	struct conn *c = conns;
	conn_event_fn *answered;
	conn_fn *synced;

	stream_event(type, frame, len);
	if (type == MSG_e_done)
		on_done(frame, len);
	else if (type == MSG_e_failed)
		on_failed(frame, len);
	if (!own)
		return;
	while (c != NULL && (c->serial != serial || !c->busy))
		c = c->next;
	if (c == NULL)
		return; /* who asked is gone, or has been told that it took too long */
	answered = c->answered;
	synced = c->synced;
	c->serial = 0;
	c->answered = NULL;
	c->synced = NULL;
	if (answered != NULL)
		answered(c, type, frame, len);
	else if (synced != NULL && !conn_refused(c, type, frame, len))
		synced(c);
	conn_pump(c);
}

static struct conn *
by_mid(uint32_t id)
{
	struct conn *c = conns;

	while (c != NULL && (c->mid != id || !c->busy))
		c = c->next;
	return c;
}

static bool
on_proc(const void *frame, size_t len)
{
	struct m_ctl_proc m;
	struct proc_info *p;
	struct conn *c;

	if (!m_ctl_proc_get(frame, len, &m))
		return false;
	c = by_mid(m.id);
	if (c == NULL)
		return true;
	c->procs = xrealloc(c->procs, (c->nprocs + 1) * sizeof(*c->procs));
	p = &c->procs[c->nprocs++];
	*p = (struct proc_info){
	    .role = m.role,
	    .index = m.index,
	    .restarts = m.restarts,
	    .sessions = m.sessions,
	    .pid = m.pid,
	    .cpu_us = m.cpu_us,
	    .rss_bytes = m.rss_bytes,
	    .started = m.started,
	    .stop_at = m.stop_at,
	};
	bprintf(p->state, sizeof(p->state), STR_FMT, STR_ARG(m.state));
	return true;
}

static bool
on_text(const void *frame, size_t len)
{
	struct m_ctl_text m;
	struct conn *c;

	if (!m_ctl_text_get(frame, len, &m))
		return false;
	c = by_mid(m.id);
	if (c != NULL)
		buf_append(&c->w.body, m.text.p, m.text.n);
	return true;
}

/* The reason in one line: what the master said before its last word, if it said anything (the
 * errors of a configuration, each with its place). */
static void
master_refused(struct conn *c, const struct m_ctl_end *m)
{
	struct buf why = {0};
	const char *p = buf_data(&c->w.body);
	size_t n = c->w.list ? 0 : c->w.body.len;

	while (n > 0 && p[n - 1] == '\n')
		n--;
	if (n == 0) {
		conn_fail(c, m->code, STR_FMT, STR_ARG(m->text));
		return;
	}
	for (size_t i = 0; i < n; i++)
		buf_append(&why, p[i] == '\n' ? "; " : p + i, p[i] == '\n' ? 2 : 1);
	conn_fail(c, m->code, "%.*s", (int)why.len, buf_data(&why));
	buf_fini(&why);
}

static bool
on_end(const void *frame, size_t len)
{
	struct m_ctl_end m;
	struct conn *c;
	conn_fn *fn;

	if (!m_ctl_end_get(frame, len, &m))
		return false;
	c = by_mid(m.id);
	if (c == NULL)
		return true;
	fn = c->mastered;
	c->mid = 0;
	c->mastered = NULL;
	if (m.code != CTL_OK)
		master_refused(c, &m);
	else if (fn != NULL)
		fn(c);
	else
		conn_ok(c, STR_FMT, STR_ARG(m.text));
	conn_pump(c);
	return true;
}

/* A row of the listing that the command asked the master for; the command may be gone. */
#define ROW(name_, fn_) \
	do { \
		struct m_##name_ m_; \
		struct conn *c_; \
\
		if (!m_##name_##_get(frame, len, &m_)) \
			return false; \
		c_ = by_mid(m_.id); \
		if (c_ != NULL && c_->w.list) \
			fn_(c_, &m_); \
		return true; \
	} while (0)

bool
conn_on_master(unsigned type, const void *frame, size_t len)
{
	switch (type) {
	case MSG_ctl_proc:
		return on_proc(frame, len);
	case MSG_ctl_text:
		return on_text(frame, len);
	case MSG_ctl_end:
		return on_end(frame, len);
	case MSG_ctl_sandbox:
		ROW(ctl_sandbox, sandbox_row);
	case MSG_ctl_listener:
		ROW(ctl_listener, listeners_row);
	case MSG_ctl_cert:
		ROW(ctl_cert, certs_row);
	default:
		return false;
	}
}
