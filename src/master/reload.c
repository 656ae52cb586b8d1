/* reload.c - see reload.h. */
#include "config.h"

#include "master/reload.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/log.h"
#include "lib/logsink.h"
#include "lib/loop.h"
#include "lib/sdnotify.h"
#include "lib/util.h"
#include "master/certs.h"
#include "master/check.h"
#include "master/child.h"
#include "master/child_priv.h"
#include "master/ctl.h"
#include "master/listen.h"
#include "master/master.h"
#include "master/wire.h"

static bool
    only_certs; /* `tls reload`: the configuration in effect, with what is in its files now */
static bool active, again; /* again: asked for while one was under way, by nobody who waits */
static uint32_t generation = 1, request;
static struct settings next;
static bool waiting[CHILDREN_MAX]; /* for the answer of child_nth(i) */
static char restart_names[512]; /* changed, but only a restart applies them */

const struct options *
reload_options(void)
{
	return active ? &next.opt : &master.set.opt;
}

uint32_t
reload_generation(void)
{
	return generation;
}

/* --- the end ------------------------------------------------------------------------------ */

static void
answer(const char *text, bool ok)
{
	if (request != 0 && ok)
		ctl_text(request, text);
	if (request != 0)
		ctl_end(request, ok ? CTL_OK : CTL_REFUSED, text);
	request = 0;
	sdnotify("READY=1");
	if (again) {
		again = false;
		reload_begin(0);
	}
}

static void
refuse(const struct conf_errors *e)
{
	unsigned shown = conf_shown(e);

	for (unsigned i = 0; i < shown; i++)
		log_err("not reloaded, nothing has changed: %s", e->line[i]);
	if (request != 0)
		ctl_lines(request, "", e);
	if (e->total > shown)
		log_err("and %u more", e->total - shown);
	answer(shown > 0 ? e->line[0] : "refused", false);
}

static void
open_log(const struct options *o)
{
	if (!master.foreground && logsink_open(o->log_to, o->log_facility) < 0)
		log_err("cannot open the log %s again: %s", o->log_to, strerror(errno));
}

static void
commit(void)
{
	static struct conf_errors cautions;
	char text[600];

	active = false;
	master.set = next;
	listen_commit();
	certs_commit();
	children_reloaded();
	if (!master.verbose)
		log_level = log_level_parse(master.set.opt.log_level);
	wire_log_set();
	log_notice("%s reloaded%s%s",
		   only_certs ? "certificates and keys were" : "the configuration was",
		   restart_names[0] ? "; needs a restart: " : "", restart_names);
	bprintf(text, sizeof(text), "reloaded%s%s", restart_names[0] ? "; needs a restart: " : "",
		restart_names);
	memset(&cautions, 0, sizeof(cautions));
	check_cautions(&master.set, &cautions);
	for (unsigned i = 0; i < conf_shown(&cautions); i++)
		log_warn("%s", cautions.line[i]);
	certs_cautions(&cautions); /* chatd-tls has logged these */
	if (request != 0)
		ctl_lines(request, "warning: ", &cautions);
	answer(text, true);
}

static void
back_out(void)
{
	active = false;
	generation++;
	listen_abort();
	certs_abort();
	open_log(&master.set.opt);
	for (unsigned i = 0; i < child_count(); i++) {
		waiting[i] = false;
		if (child_alive(child_nth(i)))
			wire_options(child_nth(i), &master.set.opt, generation);
	}
}

static void
roll_back(const char *who, const char *why)
{
	struct conf_errors e = {.total = 1};

	back_out();
	bprintf(e.line[0], sizeof(e.line[0]), "%s does not agree: %s", who, why);
	refuse(&e);
}

void
reload_stop(void)
{
	struct conf_errors e = {.total = 1};

	if (!active)
		return;
	back_out();
	bprintf(e.line[0], sizeof(e.line[0]), "the daemon stops");
	refuse(&e);
}

static void
maybe_commit(void)
{
	for (unsigned i = 0; i < child_count(); i++) {
		if (waiting[i])
			return;
	}
	commit();
}

/* --- the answers -------------------------------------------------------------------------- */

bool
reload_ack(struct child *c, const void *frame, size_t len)
{
	struct m_options_ack m;
	char why[257];

	if (!m_options_ack_get(frame, len, &m))
		return false;
	bprintf(why, sizeof(why), STR_FMT, STR_ARG(m.why));
	if (!active || m.generation != generation) {
		if (!m.ok)
			log_err("%s refuses its options: %s", role_name(c->role), why);
		return true;
	}
	for (unsigned i = 0; i < child_count(); i++) {
		if (child_nth(i) == c)
			waiting[i] = false;
	}
	if (!m.ok)
		roll_back(role_name(c->role), why);
	else
		maybe_commit();
	return true;
}

void
reload_child_dead(struct child *c)
{
	if (!active)
		return;
	/* its successor was given the new options already, or will be */
	for (unsigned i = 0; i < child_count(); i++) {
		if (child_nth(i) == c)
			waiting[i] = false;
	}
	maybe_commit();
}

/* --- the beginning ------------------------------------------------------------------------ */

/* What only a restart changes stays as it is; its name is noted. */
static void
keep_what_needs_a_restart(void)
{
	size_t len = 0;

	restart_names[0] = '\0';
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *r = &option_rows[i];
		char *new = (char *)&next.opt + r->offset;
		const char *read = (const char *)&master.as_read + r->offset;
		const char *now = (const char *)&master.set.opt + r->offset;
		size_t size = r->type == OPTION_INT ? sizeof(uint64_t) : r->max + 1;

		if (r->when != OPTION_RESTART)
			continue;
		if (r->type == OPTION_INT ? memcmp(new, read, size) != 0 : strcmp(new, read) != 0)
			len += bprintf(restart_names + len, sizeof(restart_names) - len, "%s%s",
				       len > 0 ? ", " : "", r->path);
		memcpy(new, now, size);
	}
	next.uid = master.set.uid;
	next.gid = master.set.gid;
}

static bool
prepare(struct conf_errors *e)
{
	if (only_certs) {
		memset(e, 0, sizeof(*e));
		next = master.set;
		restart_names[0] = '\0';
	} else {
		if (settings_load(&next, master.conf_path, e) < 0)
			return false;
		keep_what_needs_a_restart();
	}
	if (!master.foreground && logsink_open(next.opt.log_to, next.opt.log_facility) < 0) {
		e->total = 1;
		bprintf(e->line[0], sizeof(e->line[0]), "%s: cannot open the log %s: %s",
			master.conf_path, next.opt.log_to, strerror(errno));
		return false;
	}
	if (certs_prepare(&next, e) < 0 || listen_prepare(&next, e) < 0) {
		certs_abort();
		open_log(&master.set.opt);
		return false;
	}
	return true;
}

static void
tell_systemd(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	sdnotify("RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000);
}

static void
begin(uint32_t ctl_id, bool certs)
{
	static struct conf_errors e;

	if (active || master.stopping || !master.ready) {
		/* what was asked for by a signal or REHASH must not be lost: the file may have changed since */
		again |= active && ctl_id == 0;
		if (ctl_id != 0)
			ctl_end(ctl_id, CTL_UNAVAILABLE,
				active ? "a reload is under way" : "not now");
		return;
	}
	request = ctl_id;
	only_certs = certs;
	tell_systemd();
	if (!prepare(&e)) {
		refuse(&e);
		return;
	}
	active = true;
	generation++;
	for (unsigned i = 0; i < child_count(); i++) {
		waiting[i] = child_alive(child_nth(i));
		if (waiting[i])
			wire_options(child_nth(i), &next.opt, generation);
	}
	maybe_commit();
}

void
reload_begin(uint32_t ctl_id)
{
	begin(ctl_id, false);
}

void
reload_certs_begin(uint32_t ctl_id)
{
	begin(ctl_id, true);
}

/* --- a check -------------------------------------------------------------------------------- */

#define CHECKS_MAX 64 /* as many requests as control has connections */
#define REST 4 /* times as long as a check took there is none, */
#define REST_MS 5000 /* but no longer */

static uint32_t asked[CHECKS_MAX]; /* who waits for the next one */
static unsigned nasked;
static uint64_t rest_until;

static void
answer_check(uint32_t id, const struct conf_errors *e, const struct conf_errors *cautions)
{
	char text[600];

	if (e->total > 0) {
		ctl_lines(id, "", e);
		ctl_end(id, CTL_REFUSED, e->line[0]);
		return;
	}
	ctl_lines(id, "warning: ", cautions);
	bprintf(text, sizeof(text), "the configuration is good%s%s",
		restart_names[0] != '\0' ? "; needs a restart: " : "", restart_names);
	ctl_text(id, text);
	ctl_end(id, CTL_OK, text);
}

static bool
cannot_check(uint32_t id)
{
	if (!active && !master.stopping && master.ready)
		return false;
	ctl_end(id, CTL_UNAVAILABLE, active ? "a reload is under way" : "not now");
	return true;
}

/* One for all who have asked. */
static void
check(void *arg)
{
	static struct conf_errors e, cautions;
	uint64_t begun = mono_ms();
	unsigned n = 0;

	(void)arg;
	for (unsigned i = 0; i < nasked; i++) {
		if (!cannot_check(asked[i]))
			asked[n++] = asked[i];
	}
	nasked = 0;
	if (n == 0)
		return;
	memset(&cautions, 0, sizeof(cautions));
	if (settings_load(&next, master.conf_path, &e) == 0) {
		keep_what_needs_a_restart();
		check_use(&next, child_programs[ROLE_TLS], &e, &cautions);
	}
	for (unsigned i = 0; i < n; i++)
		answer_check(asked[i], &e, &cautions);
	rest_until = mono_ms() + MIN(REST * (mono_ms() - begun), (uint64_t)REST_MS);
}

/* Who may only look may ask for one again and again, and nobody is let in while it lasts: most of the time is to be the others'. */
void
reload_check(uint32_t ctl_id)
{
	static struct loop_timer timer;
	uint64_t now = mono_ms();

	if (cannot_check(ctl_id))
		return;
	if (nasked == CHECKS_MAX) {
		ctl_end(ctl_id, CTL_UNAVAILABLE, "too many ask for that");
		return;
	}
	asked[nasked++] = ctl_id;
	if (timer.place == 0)
		loop_timer_start(master.loop, &timer, rest_until > now ? rest_until - now : 0,
				 check, NULL);
}
