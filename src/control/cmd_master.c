/* cmd_master.c - what the master knows or carries out: processes, listeners, configuration,
 * logging, reload, restart, stop. Its words are those of the command, put together here. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/control.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "registry/registry.h"

#define LINE_MAX_ 4096

static const struct column proc_columns[] = {
    {"role", "ROLE", 7, false},        {"index", "INDEX", 5, true},
    {"pid", "PID", 7, true},           {"state", "STATE", 8, false},
    {"restarts", "RESTARTS", 8, true}, {"cpu_seconds", "CPU", 9, true},
    {"rss_bytes", "RSS", 10, true},    {"started", "STARTED", 20, false},
};
static const struct column worker_columns[] = {
    {"index", "INDEX", 5, true},       {"pid", "PID", 7, true},
    {"state", "STATE", 8, false},      {"sessions", "SESSIONS", 8, true},
    {"restarts", "RESTARTS", 8, true}, {"cpu_seconds", "CPU", 9, true},
    {"rss_bytes", "RSS", 10, true},    {"started", "STARTED", 20, false},
};
static const struct column sandbox_columns[] = {
    {"role", "ROLE", 7, false},
    {"index", "INDEX", 5, true},
    {"pid", "PID", 7, true},
    {"uid", "UID", 5, true},
    {"capabilities", "CAPABILITIES", 12, false},
    {"bounds", "AT MOST", 7, false},
    {"no_new_privs", "NO NEW", 6, false},
    {"seccomp", "SECCOMP", 8, false},
    {"filters", "FILTERS", 7, true},
    {"landlock", "LANDLOCK", 8, true},
    {"refused", "REFUSED", 7, true},
};
static const struct column listener_columns[] = {
    {"protocol", "PROTOCOL", 8, false},
    {"profile", "PROFILE", 7, false},
    {"tls", "TLS", 3, false},
    {"proxy", "PROXY", 5, false},
    {"address", "ADDRESS", 9, false},
    {"port", "PORT", 5, true},
    {"path", "PATH", 4, false},
    {"accepted", "ACCEPTED", 8, true},
    {"connect", "TELL PEOPLE", 16, false},
};

/* The command's words as the master takes them: separated by \x1f. */
static void
forward(struct conn *c, const char *extra, conn_fn *fn)
{
	char line[LINE_MAX_];
	size_t n = bprintf(line, sizeof(line), "%s", c->req.cmd->name);

	for (char *p = strchr(line, ' '); p != NULL; p = strchr(p, ' '))
		*p = '\x1f';
	for (unsigned i = 0; i < c->req.nargs; i++)
		n += bprintf(line + n, sizeof(line) - n, "\x1f%s", c->req.args[i]);
	if (extra != NULL)
		bprintf(line + n, sizeof(line) - n, "\x1f%s", extra);
	conn_master(c, line, fn);
}

/* --- processes -------------------------------------------------------------------------- */

/* A process that waits to be started again has no number and no beginning. */
static void
proc_identity(struct writer *w, const struct proc_info *p)
{
	const char *none = w->format == CTL_TABLE ? "-" : NULL;

	if (p->pid != 0)
		writer_u64(w, "pid", p->pid);
	else
		writer_s(w, "pid", none);
	if (p->pid != 0)
		writer_time(w, "started", p->started);
	else
		writer_s(w, "started", none);
}

static void
proc_fields(struct conn *c, const struct proc_info *p)
{
	struct writer *w = &c->w;

	writer_s(w, "role", role_name(p->role) != NULL ? role_name(p->role) : "?");
	writer_u64(w, "index", p->index);
	proc_identity(w, p);
	writer_s(w, "state", p->state);
	writer_u64(w, "restarts", p->restarts);
	writer_real(w, "cpu_seconds", (double)p->cpu_us / 1e6);
	writer_bytes(w, "rss_bytes", p->rss_bytes);
	if (p->role == ROLE_WORKER || p->role == ROLE_WEB || p->role == ROLE_TLS)
		writer_u64(w, "sessions", p->sessions);
}

/* How the store is, and why it is not well. */
static void
store_field(struct writer *w)
{
	static const char *const states[] = {"well", "behind", "unusable"};
	char why[256], text[300];
	uint64_t stored;
	unsigned state;

	if (!options_store(&proc.opt) || control_registry == NULL) {
		writer_s(w, "store", options_store(&proc.opt) ? "not there yet" : "off");
		return;
	}
	state = registry_store(control_registry, &stored, why);
	bprintf(text, sizeof(text), "%s%s%s", state < ARRAY_LEN(states) ? states[state] : "?",
		why[0] != '\0' ? ": " : "", why);
	writer_s(w, "store", text);
}

static void
status_done(struct conn *c)
{
	struct writer *w = &c->w;
	uint64_t started = 0, now = wall_ms(), sessions = 0, stop_at = 0;
	unsigned pid = (unsigned)getppid();
	bool up = control_registry != NULL;

	for (size_t i = 0; i < c->nprocs; i++) {
		const struct proc_info *p = &c->procs[i];

		sessions += p->role == ROLE_WORKER ? p->sessions : 0;
		up = up && strcmp(p->state, "ready") == 0;
		if (p->role == ROLE_MASTER) {
			pid = p->pid;
			started = p->started;
			stop_at = p->stop_at;
		}
	}
	writer_object(w);
	writer_s(w, "version", PACKAGE_VERSION);
	writer_s(w, "name", proc.opt.name);
	writer_u64(w, "pid", pid);
	writer_seconds(w, "uptime", started != 0 && now > started ? (now - started) / 1000 : 0);
	writer_bool(w, "ready", up);
	writer_u64(w, "users", control_registry != NULL ? registry_users(control_registry) : 0);
	writer_u64(w, "rooms", control_registry != NULL ? registry_rooms(control_registry) : 0);
	writer_u64(w, "sessions", sessions);
	store_field(w);
	certs_field(w);
	writer_time(w, "stop_at", stop_at);
	writer_list(w, "processes", proc_columns, ARRAY_LEN(proc_columns));
	for (size_t i = 0; i < c->nprocs; i++) {
		writer_row(w);
		proc_fields(c, &c->procs[i]);
		writer_row_end(w);
	}
	writer_list_end(w);
	writer_object_end(w);
	conn_done(c);
}

/* --- the sandbox -------------------------------------------------------------------------- */

/* Of the process' board: calls that were refused. */
static uint64_t
refused_of(unsigned role, unsigned index)
{
	for (size_t i = 0; i < nboards; i++) {
		if (boards[i].role == role && boards[i].index == index)
			return __atomic_load_n(&boards[i].map->counters[CTR_sandbox_refused_total],
					       __ATOMIC_RELAXED);
	}
	return role == ROLE_CONTROL ? board_own->counters[CTR_sandbox_refused_total] : 0;
}

static void
hex_field(struct writer *w, const char *key, uint64_t v)
{
	char text[32];

	bprintf(text, sizeof(text), v != 0 ? "%" PRIx64 : "none", v);
	writer_s(w, key, text);
}

static void
kernel_fields(struct writer *w, const struct m_ctl_sandbox *m)
{
	static const char *const modes[] = {"off", "strict", "filter"};

	writer_u64(w, "uid", m->uid);
	hex_field(w, "capabilities", m->caps);
	hex_field(w, "bounds", m->bounds);
	writer_bool(w, "no_new_privs", m->no_new_privs != 0);
	writer_s(w, "seccomp", m->seccomp < ARRAY_LEN(modes) ? modes[m->seccomp] : "?");
	writer_u64(w, "filters", m->filters);
}

void
sandbox_row(struct conn *c, const struct m_ctl_sandbox *m)
{
	struct writer *w = &c->w;

	writer_row(w);
	writer_s(w, "role", role_name(m->role) != NULL ? role_name(m->role) : "?");
	writer_u64(w, "index", m->index);
	writer_u64(w, "pid", m->pid);
	kernel_fields(w, m);
	writer_u64(w, "landlock", m->landlock);
	writer_u64(w, "refused", refused_of(m->role, m->index));
	writer_row_end(w);
}

void
cmd_status(struct conn *c)
{
	if (!c->req.sandbox) {
		conn_master(c, "status", status_done);
		return;
	}
	writer_list(&c->w, NULL, sandbox_columns, ARRAY_LEN(sandbox_columns));
	conn_master(c, "sandbox", list_done);
}

static void
workers_done(struct conn *c)
{
	writer_list(&c->w, NULL, worker_columns, ARRAY_LEN(worker_columns));
	for (size_t i = 0; i < c->nprocs; i++) {
		if (c->procs[i].role != ROLE_WORKER)
			continue;
		writer_row(&c->w);
		proc_fields(c, &c->procs[i]);
		writer_row_end(&c->w);
	}
	list_done(c);
}

void
cmd_workers(struct conn *c)
{
	conn_master(c, "status", workers_done);
}

/* --- listeners ------------------------------------------------------------------------------ */

#define NAMES_MAX 32

struct addresses {
	bool web, tls; /* web: as a browser wants them */
	size_t n;
	char text[NAMES_MAX][64];
	const char *refs[NAMES_MAX];
};

static void
add_address(struct addresses *a, const char *host, unsigned port)
{
	if (a->n == NAMES_MAX)
		return;
	if (a->web)
		bprintf(a->text[a->n], sizeof(a->text[0]),
			strchr(host, ':') != NULL ? "http%s://[%s]:%u/" : "http%s://%s:%u/",
			a->tls ? "s" : "", host, port);
	else
		bprintf(a->text[a->n], sizeof(a->text[0]), "%s %u%s", host, port,
			a->tls ? " (TLS)" : "");
	a->refs[a->n] = a->text[a->n];
	a->n++;
}

/* The address that links to the page have, if it may be that of this listener: with TLS like it, and its port or none. */
static bool
is_of(const char *url, bool tls, unsigned port)
{
	const char *head = tls ? "https://" : "http://", *host = url + strlen(head), *colon;

	if (strncmp(url, head, strlen(head)) != 0)
		return false;
	colon = strchr(host[0] == '[' ? host + strcspn(host, "]") : host, ':');
	return colon == NULL || strtoul(colon + 1, NULL, 10) == port;
}

/* What the page calls itself comes first; once. */
static void
add_url(struct addresses *a, unsigned port)
{
	static char url[sizeof(proc.opt.web_url) + 1];
	size_t n = bprintf(url, sizeof(url), "%s", proc.opt.web_url);

	if (!a->web || !is_of(url, a->tls, port))
		return;
	if (url[n - 1] != '/')
		bprintf(url + n, sizeof(url) - n, "/");
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->refs[i], url) == 0)
			return;
	}
	a->n = MIN(a->n, NAMES_MAX - 1u);
	memmove(a->refs + 1, a->refs, a->n * sizeof(a->refs[0]));
	a->refs[0] = url;
	a->n++;
}

void
listeners_row(struct conn *c, const struct m_ctl_listener *m)
{
	struct addresses a = {.web = str_eq(m->protocol, str_of(protocol_name(PROTO_WEB))),
			      .tls = m->tls != 0};
	struct writer *w = &c->w;
	char address[65];
	char hosts[1025], *rest = hosts, *host;

	bprintf(hosts, sizeof(hosts), STR_FMT, STR_ARG(m->hosts));
	bprintf(address, sizeof(address), STR_FMT, STR_ARG(m->address));
	/* who comes past its proxy is sent away */
	while (m->proxy == 0 && (host = strsep(&rest, " ")) != NULL) {
		if (*host != '\0')
			add_address(&a, host, m->port);
	}
	if (m->proxy == 0 && m->hosts.n == 0 && m->address.n > 0)
		add_address(&a, address, m->port);
	if (m->proxy == 0)
		add_url(&a, m->port);
	writer_row(w);
	writer_str(w, "protocol", m->protocol.p, m->protocol.n);
	writer_str(w, "profile", m->profile.n > 0 ? m->profile.p : NULL, m->profile.n);
	writer_str(w, "address", m->address.n > 0 ? m->address.p : NULL, m->address.n);
	if (m->address.n > 0)
		writer_u64(w, "port", m->port);
	else
		writer_s(w, "port", NULL);
	writer_str(w, "path", m->path.n > 0 ? m->path.p : NULL, m->path.n);
	writer_bool(w, "tls", m->tls != 0);
	writer_bool(w, "proxy", m->proxy != 0);
	writer_u64(w, "accepted", m->accepted);
	writer_strs(w, "connect", a.refs, a.n);
	writer_row_end(w);
}

void
cmd_listeners(struct conn *c)
{
	writer_list(&c->w, NULL, listener_columns, ARRAY_LEN(listener_columns));
	conn_master(c, "listeners", list_done);
}

/* --- text and plain acts ---------------------------------------------------------------------- */

/* The master's text holds what files and people say: made harmless, lines kept. */
static void
text_done(struct conn *c)
{
	struct buf text = {0};

	if (c->w.body.len == 0) {
		conn_ok(c, "done");
		return;
	}
	ctl_show(&text, buf_data(&c->w.body), c->w.body.len, true);
	buf_drop(&c->w.body, c->w.body.len);
	if (buf_data(&text)[text.len - 1] != '\n')
		buf_append(&text, "\n", 1);
	writer_text(&c->w, buf_data(&text), text.len);
	buf_fini(&text);
	conn_done(c);
}

/* Its own words are all there is to say. */
#define FORWARD(cmd) \
	void cmd_##cmd(struct conn *c) \
	{ \
		forward(c, NULL, text_done); \
	}

FORWARD(config_check)
FORWARD(config_dump)
FORWARD(reload)
FORWARD(tls_reload)

void
cmd_log_level(struct conn *c)
{
	if (log_level_parse(c->req.args[0]) < 0)
		conn_fail(c, CTL_BAD, "no such level: %s", c->req.args[0]);
	else
		forward(c, NULL, text_done);
}

void
cmd_log_trace(struct conn *c)
{
	unsigned bits;

	if (!log_traces_parse(c->req.args[0], &bits))
		conn_fail(c, CTL_BAD, "no such trace class: %s", c->req.args[0]);
	else
		forward(c, NULL, text_done);
}

void
cmd_worker_restart(struct conn *c)
{
	char *end;
	unsigned long n = strtoul(c->req.args[0], &end, 10);

	if (*c->req.args[0] < '0' || *c->req.args[0] > '9' || *end != '\0')
		conn_fail(c, CTL_BAD, "not a number: %s", c->req.args[0]);
	else if (n >= proc.workers)
		conn_fail(c, CTL_NOT_FOUND, "there is no worker %s", c->req.args[0]);
	else
		forward(c, NULL, text_done);
}

/* Whoever is here is told of an end that is not at once, and when it is called off. */
static void
stop_told(struct conn *c, unsigned type, const void *frame, size_t len)
{
	(void)type;
	(void)frame;
	(void)len;
	text_done(c);
}

static void
stop_agreed(struct conn *c)
{
	char text[128];
	uint64_t s = c->req.in_s;

	if (!c->req.cancel && s == 0) {
		text_done(c);
		return;
	}
	if (c->req.cancel)
		bprintf(text, sizeof(text), "The server does not stop after all.");
	else
		bprintf(text, sizeof(text), "The server stops in %" PRIu64 " %s.",
			s % 60 == 0 ? s / 60 : s,
			s == 60       ? "minute"
			: s % 60 == 0 ? "minutes"
				      : "seconds");
	conn_admin(c, ADMIN_ANNOUNCE, "", str_of(text), 0, stop_told);
}

void
cmd_stop(struct conn *c)
{
	char extra[32] = "";

	if (c->req.cancel && c->req.in_s != 0) {
		conn_fail(c, CTL_BAD, "--in and --cancel at once");
		return;
	}
	if (c->req.cancel)
		bprintf(extra, sizeof(extra), "cancel");
	else
		bprintf(extra, sizeof(extra), "%" PRIu64, c->req.in_s);
	forward(c, extra, stop_agreed);
}
