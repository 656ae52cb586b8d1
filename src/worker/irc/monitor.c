/* monitor.c - see monitor.h.
 *
 * A table name -> who watches it, and for each client the list of what it watches; each knows its
 * place in the other, so that adding and removing take the same time however many watch a name.
 *
 * While anybody watches anything, the broker sends this worker the comings and goings of all users
 * (r_follow). What somebody's state is when a name is added is read from the registry behind a sync
 * that was asked for after r_follow: no change between the two is missed. The registry may be ahead
 * of the events; so each client's list says what it was last told, and it is told changes only.
 */
#include "config.h"

#include "worker/irc/monitor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ipc/proc.h"
#include "lib/name.h"
#include "lib/siphash.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "registry/registry.h"
#include "worker/fanout.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/metadata.h"
#include "worker/irc/reply.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/worker.h"

static uint8_t hash_key[16];
#define HASH_FUNCTION(p, n, out) ((out) = (unsigned)siphash(p, n, hash_key))
#include <uthash.h>

#define PAGE 256

struct watcher {
	struct conn *conn;
	uint32_t at; /* in its list */
};

struct watched {
	UT_hash_handle hh;
	struct watcher *by; /* owned array */
	uint32_t n, cap;
	uint32_t nfold;
	char fold[NAME_FOLD_MAX];
};

struct watch {
	struct watched *of;
	uint32_t at; /* in of->by */
	bool fresh; /* its state has not been told yet: the registry is being asked */
	bool online; /* as it was told last */
	bool due; /* the keys of who has come are to follow (metadata.h) */
	char *name; /* owned; as it was typed */
};

struct monitor {
	struct watch *v; /* owned array */
	uint32_t n, cap;
};

static struct watched *table;
static bool following;

/* --- the table ----------------------------------------------------------------------------------- */

static struct watched *
find(struct str name)
{
	char fold[NAME_FOLD_MAX];
	ssize_t n = table != NULL ? name_fold(name.p, name.n, fold, sizeof(fold)) : 0;
	struct watched *w = NULL;

	if (n > 0)
		HASH_FIND(hh, table, fold, (size_t)n, w);
	return w;
}

/* The names are valid ones, which have a fold. */
static struct watched *
find_or_make(struct str name)
{
	struct watched *w = find(name);

	if (w != NULL)
		return w;
	if (table == NULL && getrandom(hash_key, sizeof(hash_key), 0) != sizeof(hash_key))
		fatal("no randomness");
	w = xcalloc(1, sizeof(*w));
	w->nfold = (uint32_t)name_fold(name.p, name.n, w->fold, sizeof(w->fold));
	HASH_ADD(hh, table, fold[0], w->nfold, w);
	return w;
}

static struct watch *
watch_of(const struct conn *c, const struct watched *w)
{
	const struct monitor *m = c->irc->monitor;

	for (uint32_t i = 0; m != NULL && i < m->n; i++) {
		if (m->v[i].of == w)
			return &m->v[i];
	}
	return NULL;
}

static void
follow(bool on)
{
	if (following == on)
		return;
	following = on;
	request_follow(on);
}

static void
add(struct conn *c, struct str name)
{
	struct watched *w = find_or_make(name);
	struct monitor *m = c->irc->monitor;

	if (m == NULL)
		m = c->irc->monitor = xcalloc(1, sizeof(*m));
	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 4;
		m->v = xrealloc(m->v, m->cap * sizeof(m->v[0]));
	}
	if (w->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 2;
		w->by = xrealloc(w->by, w->cap * sizeof(w->by[0]));
	}
	w->by[w->n] = (struct watcher){c, m->n};
	m->v[m->n++] =
	    (struct watch){.of = w, .at = w->n++, .fresh = true, .name = xstrndup(name.p, name.n)};
	follow(true);
}

/* The last of each list moves into the gap. */
static void
del(struct conn *c, struct watch *gone)
{
	struct monitor *m = c->irc->monitor;
	struct watched *w = gone->of;
	struct watcher *last = &w->by[--w->n];

	w->by[gone->at] = *last;
	last->conn->irc->monitor->v[last->at].at = gone->at;
	free(gone->name);
	*gone = m->v[--m->n];
	if (gone != &m->v[m->n])
		gone->of->by[gone->at].at = (uint32_t)(gone - m->v);
	if (w->n == 0) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is in the table: the macro knows no more */
		HASH_DEL(table, w);
		free(w->by);
		free(w);
	}
}

static void
forget(struct conn *c)
{
	struct monitor *m = c->irc->monitor;

	while (m != NULL && m->n > 0)
		del(c, &m->v[m->n - 1]);
	if (m != NULL)
		free(m->v);
	free(m);
	c->irc->monitor = NULL;
	if (table == NULL)
		follow(false);
}

void
monitor_forget(struct conn *c)
{
	if (c->irc->monitor != NULL)
		forget(c);
}

/* Whoever is told that somebody is there is to see that one's metadata. */
static void
keys_follow(struct conn *c, struct watch *v)
{
	v->due = v->online && metadata_aware(c);
	if (v->due)
		metadata_later(c);
}

bool
monitor_due(const struct conn *c, unsigned *at, struct str *name_r)
{
	const struct monitor *m = c->irc->monitor;

	for (; m != NULL && *at < m->n; ++*at) {
		if (m->v[*at].due) {
			*name_r = str_of(m->v[*at].name);
			return true;
		}
	}
	return false;
}

void
monitor_done(struct conn *c, unsigned at)
{
	c->irc->monitor->v[at].due = false;
}

bool
monitor_nth(const struct conn *c, unsigned at, struct str *name_r)
{
	const struct monitor *m = c->irc->monitor;

	if (m == NULL || at >= m->n)
		return false;
	*name_r = str_of(m->v[at].name);
	return true;
}

/* --- news ------------------------------------------------------------------------------------------ */

/* In nobody's answer, whatever is under way. */
static void
tell_change(struct conn *c, unsigned num, struct str name, struct str uhost)
{
	char line[IRC_LINE_MAX + 2];
	size_t n = bprintf(line, sizeof(line), ":%s %u %s :" STR_FMT "%s" STR_FMT "\r\n", irc_me,
			   num, irc_nick(c), STR_ARG(name), uhost.n > 0 ? "!" : "", STR_ARG(uhost));

	outq_copy(c, line, n);
}

static void
changed(struct str name, struct str uhost, bool online)
{
	struct watched *w = find(name);

	for (uint32_t i = 0; w != NULL && i < w->n; i++) {
		struct conn *c = w->by[i].conn;
		struct watch *v = &c->irc->monitor->v[w->by[i].at];

		if (c->flags & CONN_ENDED || v->fresh || v->online == online)
			continue;
		v->online = online;
		tell_change(c, online ? RPL_MONONLINE : RPL_MONOFFLINE, name, uhost);
		keys_follow(c, v);
		fan_relieve();
	}
}

void
monitor_online(struct str name, struct str uhost)
{
	changed(name, uhost, true);
}

void
monitor_offline(struct str name)
{
	changed(name, STR_LIT(""), false);
}

/* The same name in other letters is no change. */
void
monitor_renamed(struct str old, struct str name, struct str uhost)
{
	struct watched *was = find(old), *is = find(name);

	if (was == is)
		return;
	monitor_offline(old);
	monitor_online(name, uhost);
}

void
monitor_each(struct str name, void (*fn)(struct conn *c, void *arg), void *arg)
{
	struct watched *w = find(name);

	for (uint32_t i = 0; w != NULL && i < w->n; i++)
		fn(w->by[i].conn, arg);
}

static void
show(struct conn *c, void *arg)
{
	(void)arg;
	if (!(c->flags & CONN_ENDED) && irc_caps(c) & CAP_EXTENDED_MONITOR)
		fan_once(c);
}

void
monitor_shown(struct str name)
{
	monitor_each(name, show, NULL);
}

/* --- lists of names in answers ------------------------------------------------------------------- */

struct names {
	unsigned num;
	size_t n;
	char text[IRC_BODY_MAX];
};

static void
names_flush(struct conn *c, struct names *l)
{
	if (l->n > 0)
		irc_num(c, l->num, ":%.*s", (int)l->n, l->text);
	l->n = 0;
}

static void
names_put(struct conn *c, struct names *l, const char *name, const struct reg_user_view *v)
{
	size_t head = strlen(irc_me) + strlen(irc_nick(c)) + 8, n;
	char one[NAME_BYTES_MAX + UHOST_MAX + 8];

	n = v != NULL ? bprintf(one, sizeof(one), "%s!%s@%s", v->name, v->ident, v->host)
		      : bprintf(one, sizeof(one), "%s", name);
	if (l->n > 0 && head + l->n + 1 + n > IRC_BODY_MAX)
		names_flush(c, l);
	l->n += bprintf(l->text + l->n, sizeof(l->text) - l->n, "%s%s", l->n > 0 ? "," : "", one);
}

/* What is said of those from r->at on: all, or only the fresh ones. False: torn; r->at is where to
 * go on. */
static bool
tell_states(struct conn *c, struct irc_run *r, bool fresh_only)
{
	struct names on = {.num = RPL_MONONLINE}, off = {.num = RPL_MONOFFLINE};
	struct monitor *m = c->irc->monitor;
	struct reg_user_view v;
	unsigned end = m != NULL ? MIN(m->n, r->at + PAGE) : 0;
	int got = 0;

	for (; r->at < end; r->at++) {
		struct watch *w = &m->v[r->at];

		if (fresh_only && !w->fresh)
			continue;
		got = registry_user_named(worker.reg, w->name, strlen(w->name), &v);
		if (got < 0)
			break;
		w->fresh = false;
		w->online = got > 0;
		names_put(c, w->online ? &on : &off, w->name, w->online ? &v : NULL);
		keys_follow(c, w);
	}
	names_flush(c, &on);
	names_flush(c, &off);
	return got >= 0;
}

/* Behind a sync, a page at a time. */
static enum irc_done
states(struct conn *c, struct irc_run *r, bool fresh_only)
{
	if (r->step > 0 && worker.reg != NULL && tell_states(c, r, fresh_only) &&
	    (c->irc->monitor == NULL || r->at >= c->irc->monitor->n))
		return IRC_DONE;
	request_sync(c);
	return IRC_MORE;
}

/* --- the command ------------------------------------------------------------------------------------ */

static enum irc_done
do_add(struct conn *c, struct irc_run *r)
{
	uint32_t had = c->irc->monitor != NULL ? c->irc->monitor->n : 0;
	struct str list = r->msg.param[1], name;
	struct watched *w;

	if (r->step > 0)
		return states(c, r, true);
	for (unsigned i = 0; irc_item(list, i, &name); i++) {
		if (name_check(name.p, name.n) != NAME_OK)
			continue;
		w = find(name);
		if (w != NULL && watch_of(c, w) != NULL)
			continue;
		if (c->irc->monitor != NULL ? c->irc->monitor->n >= proc.opt.irc_monitor
					    : proc.opt.irc_monitor == 0) {
			irc_num(c, ERR_MONLISTFULL, "%u %.*s :Monitor list is full",
				(unsigned)proc.opt.irc_monitor, (int)(list.p + list.n - name.p),
				name.p);
			break;
		}
		add(c, name);
	}
	if (c->irc->monitor == NULL || c->irc->monitor->n == had)
		return IRC_DONE;
	r->at = had;
	return states(c, r, true);
}

static enum irc_done
do_del(struct conn *c, struct irc_run *r)
{
	struct str name;

	for (unsigned i = 0; irc_item(r->msg.param[1], i, &name); i++) {
		struct watched *w = find(name);
		struct watch *v = w != NULL ? watch_of(c, w) : NULL;

		if (v != NULL)
			del(c, v);
	}
	if (c->irc->monitor != NULL && c->irc->monitor->n == 0)
		forget(c);
	return IRC_DONE;
}

static enum irc_done
do_list(struct conn *c, struct irc_run *r)
{
	struct names l = {.num = RPL_MONLIST};
	const struct monitor *m = c->irc->monitor;

	(void)r;
	for (uint32_t i = 0; m != NULL && i < m->n; i++)
		names_put(c, &l, m->v[i].name, NULL);
	names_flush(c, &l);
	irc_num(c, RPL_ENDOFMONLIST, ":End of MONITOR list");
	return IRC_DONE;
}

enum irc_done
irc_MONITOR(struct conn *c, struct irc_run *r)
{
	struct str what = r->msg.param[0];
	bool names = irc_is(what, "+") || irc_is(what, "-");

	if (names && r->msg.param[1].n == 0) {
		irc_num(c, ERR_NEEDMOREPARAMS, "MONITOR :Not enough parameters");
		return IRC_DONE;
	}
	if (names)
		return what.p[0] == '+' ? do_add(c, r) : do_del(c, r);
	if (irc_is(what, "L"))
		return do_list(c, r);
	if (irc_is(what, "S"))
		return states(c, r, false);
	if (irc_is(what, "C"))
		monitor_forget(c);
	return IRC_DONE;
}
