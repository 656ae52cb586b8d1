/* ctl.c - see ctl.h. Control has checked who asks and writes it to the log; the level is checked
 * here once more, because control is the process that strangers' bytes reach. */
#include "config.h"

#include "master/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "master/certs.h"
#include "master/handover.h"
#include "master/child.h"
#include "master/ctl_sandbox.h"
#include "master/hosts.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/reload.h"
#include "master/settings.h"
#include "master/sockaddr.h"
#include "master/wire.h"

#define WORDS_MAX 8
#define TEXT_PART 16000 /* of one ctl_text */

/* One command being carried out. */
struct req {
	uint32_t id;
	const char *actor;
	unsigned nargs;
	char *args[WORDS_MAX]; /* behind the command's own words */
};

static char frame_buf[IPC_FRAME_MAX];

static void
say_part(uint32_t id, const char *p, size_t n)
{
	struct m_ctl_text m = {.id = id, .text = {p, n}};

	child_send(child_control(), frame_buf, m_ctl_text_put(frame_buf, sizeof(frame_buf), &m),
		   NULL, 0, false);
}

void
ctl_text(uint32_t id, const char *line)
{
	char text[1100];

	say_part(id, text, bprintf(text, sizeof(text), "%s\n", line));
}

void
ctl_lines(uint32_t id, const char *prefix, const struct conf_errors *l)
{
	char text[600];

	for (unsigned i = 0; i < conf_shown(l); i++) {
		bprintf(text, sizeof(text), "%s%s", prefix, l->line[i]);
		ctl_text(id, text);
	}
}

static void
end_to(struct child *to, uint32_t id, enum ctl_code code, const char *text)
{
	struct m_ctl_end m = {
	    .id = id, .code = (uint16_t)code, .text = {text, MIN(strlen(text), (size_t)1024)}};

	child_send(to, frame_buf, m_ctl_end_put(frame_buf, sizeof(frame_buf), &m), NULL, 0, false);
}

void
ctl_end(uint32_t id, enum ctl_code code, const char *text)
{
	end_to(child_control(), id, code, text);
}

/* Done, and what was done. */
static void
done(const struct req *r, const char *text)
{
	ctl_text(r->id, text);
	ctl_end(r->id, CTL_OK, text);
}

/* --- status ------------------------------------------------------------------------------- */

/* Fields 14, 15 and 24 of proc(5)'s stat. */
static void
usage(int pid, uint64_t *cpu_us_r, uint64_t *rss_r)
{
	char path[64], text[1024], *p;
	unsigned long utime = 0, stime = 0;
	long rss = 0;
	FILE *f;

	*cpu_us_r = *rss_r = 0;
	bprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	p = fgets(text, sizeof(text), f);
	fclose(f);
	if (p == NULL || (p = strrchr(text, ')')) == NULL)
		return;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers */
	if (sscanf(p + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d "
		   "%*u %*u %ld",
		   &utime, &stime, &rss) == 3) {
		*cpu_us_r = (uint64_t)(utime + stime) * 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
		*rss_r = (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
	}
}

static void
say_process(struct child *to, uint32_t id, struct m_ctl_proc m)
{
	m.id = id;
	if (m.pid != 0)
		usage((int)m.pid, &m.cpu_us, &m.rss_bytes);
	child_send(to, frame_buf, m_ctl_proc_put(frame_buf, sizeof(frame_buf), &m), NULL, 0, false);
}

static void
say_processes(struct child *to, uint32_t id)
{
	say_process(to, id,
		    (struct m_ctl_proc){.role = ROLE_MASTER,
					.pid = (uint32_t)getpid(),
					.state = str_of(master.stopping ? "stopping"
							: master.ready  ? "ready"
									: "starting"),
					.started = master.started,
					.stop_at = master_stop_at(),
					.sessions = handover_conns()});
	for (unsigned i = 0; i < child_count(); i++) {
		const struct child *c = child_nth(i);

		say_process(to, id,
			    (struct m_ctl_proc){.role = (uint8_t)c->role,
						.index = (uint16_t)c->index,
						.pid = (uint32_t)MAX(c->pid, 0),
						.state = str_of(child_state_name(c)),
						.restarts = c->restarts,
						.started = c->started,
						.sessions = c->sessions});
	}
	end_to(to, id, CTL_OK, "");
}

static void
cmd_status(struct req *r)
{
	say_processes(child_control(), r->id);
}

static void
cmd_sandbox(struct req *r)
{
	ctl_sandbox(r->id);
}

bool
ctl_procs(struct child *c, const void *frame, size_t len)
{
	struct m_procs m;

	if (!m_procs_get(frame, len, &m))
		return false;
	say_processes(c, m.id);
	return true;
}

static void
cmd_listeners(struct req *r)
{
	struct listener *l;

	TAILQ_FOREACH (l, &listeners, link) {
		const struct sockaddr *sa = (const struct sockaddr *)&l->addr;
		struct m_ctl_listener m = {
		    .id = r->id, .accepted = l->accepted, .port = sockaddr_port(sa)};
		char address[64], hosts[1024];

		m.protocol = str_of(protocol_name(l->conf.protocol));
		m.profile = str_of(l->conf.direct ? "direct" : "normal");
		if (sa->sa_family == AF_UNIX)
			m.path = str_of(l->conf.path);
		else
			m.address = str_of(sockaddr_text(sa, address, sizeof(address)));
		m.tls = l->conf.tls;
		m.proxy = l->conf.proxy;
		if (str_eq(m.address, STR_LIT("0.0.0.0")) || str_eq(m.address, STR_LIT("::")))
			m.hosts = (struct str){
			    hosts, hosts_text(hosts, sizeof(hosts), sa->sa_family == AF_INET6)};
		child_send(child_control(), frame_buf,
			   m_ctl_listener_put(frame_buf, sizeof(frame_buf), &m), NULL, 0, false);
	}
	ctl_end(r->id, CTL_OK, "");
}

/* --- configuration ------------------------------------------------------------------------ */

static void
cmd_config_check(struct req *r)
{
	reload_check(r->id);
}

static void
cmd_config_dump(struct req *r)
{
	char *text = settings_show(&master.set, false);
	size_t n = strlen(text);

	for (size_t at = 0; at < n; at += TEXT_PART)
		say_part(r->id, text + at, MIN(n - at, (size_t)TEXT_PART));
	free(text);
	ctl_end(r->id, CTL_OK, "");
}

static void
cmd_reload(struct req *r)
{
	reload_begin(r->id);
}

static void
cmd_tls_show(struct req *r)
{
	certs_show(r->id);
	ctl_end(r->id, CTL_OK, "");
}

static void
cmd_tls_reload(struct req *r)
{
	if (master.set.opt.tls_certificate[0] == '\0')
		ctl_end(r->id, CTL_REFUSED, "there is no certificate in the configuration");
	else
		reload_certs_begin(r->id);
}

/* --- logging ------------------------------------------------------------------------------ */

static void
log_changed(struct req *r)
{
	wire_log_set();
	ctl_end(r->id, CTL_OK, "");
}

static void
cmd_log_level(struct req *r)
{
	int level = log_level_parse(r->args[0]);

	if (level < 0) {
		ctl_end(r->id, CTL_BAD, "no such level");
		return;
	}
	log_level = level;
	log_changed(r);
}

static void
cmd_log_trace(struct req *r)
{
	if (!log_traces_parse(r->args[0], &log_traces))
		ctl_end(r->id, CTL_BAD, "no such trace class");
	else
		log_changed(r);
}

/* --- processes ---------------------------------------------------------------------------- */

static void
cmd_worker_restart(struct req *r)
{
	char *end, text[64];
	unsigned long n = strtoul(r->args[0], &end, 10);
	struct child *c = n < master.workers && end != r->args[0] && *end == '\0'
			      ? child_worker((unsigned)n)
			      : NULL;

	if (c == NULL) {
		ctl_end(r->id, CTL_NOT_FOUND, "there is no such worker");
	} else if (c->state != CHILD_READY) {
		bprintf(text, sizeof(text), "worker %lu is %s", n, child_state_name(c));
		ctl_end(r->id, CTL_REFUSED, text);
	} else {
		log_notice("worker %lu is being restarted: %s", n, r->actor);
		child_restart(c);
		bprintf(text, sizeof(text), "worker %lu is being restarted", n);
		done(r, text);
	}
}

static void
cmd_stop(struct req *r)
{
	uint64_t seconds = 0;
	char text[96];

	if (r->nargs > 0 && strcmp(r->args[0], "cancel") == 0) {
		if (master_stop_cancel())
			done(r, "the stop is cancelled");
		else
			ctl_end(r->id, CTL_REFUSED, "no stop was planned");
		return;
	}
	if (r->nargs > 0 && !parse_duration(r->args[0], &seconds)) {
		ctl_end(r->id, CTL_BAD, "not a number of seconds");
		return;
	}
	bprintf(text, sizeof(text), seconds > 0 ? "stopping in %llu s" : "stopping",
		(unsigned long long)seconds);
	done(r, text);
	master_stop_in(seconds, r->actor);
}

/* --- operators in the chat ---------------------------------------------------------------- */

/* All but the broker, which keeps what was decided. */
static void
restart_all(void)
{
	for (unsigned i = 0; i < child_count(); i++) {
		struct child *c = child_nth(i);

		if (c->role != ROLE_BROKER && c->state == CHILD_READY)
			child_restart(c);
	}
}

bool
ctl_oper(const void *frame, size_t len)
{
	struct m_oper_act m;
	char who[257];

	if (!m_oper_act_get(frame, len, &m))
		return false;
	bprintf(who, sizeof(who), STR_FMT, STR_ARG(m.actor));
	if (master.stopping)
		return true;
	switch (m.op) {
	case OPER_REHASH:
		log_notice("reading the configuration again: %s", who);
		reload_begin(0);
		return true;
	case OPER_DIE:
		master_stop_in(0, who);
		return true;
	case OPER_RESTART:
		log_notice("every process but the broker is being restarted: %s", who);
		restart_all();
		return true;
	default:
		return false;
	}
}

/* --- the table ---------------------------------------------------------------------------- */

static const struct cmd {
	const char *words[2];
	unsigned min, max; /* arguments */
	enum admin_level level;
	void (*run)(struct req *r);
} cmds[] = {
    {{"status"}, 0, 0, LEVEL_READ, cmd_status},
    {{"sandbox"}, 0, 0, LEVEL_READ, cmd_sandbox},
    {{"listeners"}, 0, 0, LEVEL_READ, cmd_listeners},
    {{"config", "check"}, 0, 0, LEVEL_READ, cmd_config_check},
    {{"config", "dump"}, 0, 0, LEVEL_READ, cmd_config_dump},
    {{"reload"}, 0, 0, LEVEL_ADMIN, cmd_reload},
    {{"tls", "show"}, 0, 0, LEVEL_READ, cmd_tls_show},
    {{"tls", "reload"}, 0, 0, LEVEL_ADMIN, cmd_tls_reload},
    {{"log", "level"}, 1, 1, LEVEL_ADMIN, cmd_log_level},
    {{"log", "trace"}, 1, 1, LEVEL_ADMIN, cmd_log_trace},
    {{"worker", "restart"}, 1, 1, LEVEL_ADMIN, cmd_worker_restart},
    {{"stop"}, 0, 1, LEVEL_ADMIN, cmd_stop},
};

static unsigned
split(char *line, char *words[WORDS_MAX])
{
	unsigned n = 0;

	for (char *p = line; p != NULL && n < WORDS_MAX;)
		words[n++] = strsep(&p, "\x1f");
	return n;
}

/* How many of the words are the command's own; 0: it is another. */
static unsigned
matches(const struct cmd *cmd, char *const *words, unsigned n)
{
	unsigned own = cmd->words[1] != NULL ? 2 : 1;

	for (unsigned i = 0; i < own; i++) {
		if (i >= n || strcmp(words[i], cmd->words[i]) != 0)
			return 0;
	}
	return own;
}

static void
run(const struct cmd *cmd, struct req *r, unsigned level)
{
	if (level < (unsigned)cmd->level)
		ctl_end(r->id, CTL_PERMISSION, "that takes more rights");
	else if (r->nargs < cmd->min || r->nargs > cmd->max)
		ctl_end(r->id, CTL_BAD, "wrong number of arguments");
	else
		cmd->run(r);
}

bool
ctl_command(struct child *c, const void *frame, size_t len)
{
	char line[4097], actor[65], *words[WORDS_MAX];
	struct req r = {0};
	struct m_ctl m;
	unsigned n;

	(void)c;
	if (!m_ctl_get(frame, len, &m))
		return false;
	bprintf(line, sizeof(line), STR_FMT, STR_ARG(m.line));
	bprintf(actor, sizeof(actor), STR_FMT, STR_ARG(m.actor));
	r.id = m.id;
	r.actor = actor;
	n = split(line, words);
	for (size_t i = 0; i < ARRAY_LEN(cmds); i++) {
		unsigned own = matches(&cmds[i], words, n);

		if (own == 0)
			continue;
		r.nargs = n - own;
		memcpy(r.args, words + own, r.nargs * sizeof(r.args[0]));
		run(&cmds[i], &r, m.level);
		return true;
	}
	ctl_end(r.id, CTL_BAD, "the master knows no such command");
	return true;
}
