/* main.c - chatd-broker: decides every request, orders the events, writes journal and registry.
 *
 * It touches no client and no disk. Killed at any moment, its successor finds registry and journal
 * as they were, applies what was committed, and goes on; nobody is disconnected.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "broker/account.h"
#include "broker/auth.h"
#include "broker/broker.h"
#include "broker/job.h"
#include "broker/keep.h"
#include "broker/look.h"
#include "broker/store.h"
#include "ipc/board.h"
#include "ipc/killpoint.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#define STORE_COMES_MS \
	1000 /* at the end a store that has just died may come again for what is left */
#define SETTLE_STEP ((size_t)1 << 20)
#define SETTLE_MS 1

static struct {
	int fd;
	size_t size;
} maps[2] = {{.fd = -1}, {.fd = -1}};
static struct loop_timer expiry, settling;
static bool peers_known; /* the master has named all who live */
static bool ending; /* nothing is decided any more; what the store has not got yet is sent */
static struct loop_timer ending_timer; /* a store that is not there may still come */
static bool sweeping = true; /* another room may be the default */

static void *
map(unsigned kind, const char *what)
{
	void *p;

	if (maps[kind].fd < 0)
		fatal("the master gave no %s", what);
	p = mmap(NULL, maps[kind].size, PROT_READ | PROT_WRITE, MAP_SHARED, maps[kind].fd, 0);
	if (p == MAP_FAILED)
		fatal("cannot map the %s: %s", what, strerror(errno));
	close(maps[kind].fd);
	return p;
}

/* The ring is reserved memory that is written from one end to the other all the time: its pages are
 * fetched right after the start, in small steps, instead of one by one in its first lap, under load.
 * Where the kernel cannot (before Linux 5.14) it is left. */
static void
settle(void *arg)
{
	static size_t at;
	size_t step = MIN(SETTLE_STEP, maps[MAP_JOURNAL].size - at);

	if (step == 0 || madvise((char *)arg + at, step, MADV_POPULATE_WRITE) < 0)
		return;
	at += step;
	loop_timer_start(proc.loop, &settling, SETTLE_MS, settle, arg);
}

static void
expire(void *arg)
{
	uint64_t ms;

	(void)arg;
	entry_clock();
	ms = lists_expire();
	loop_timer_start(proc.loop, &expiry, ms > 10000 ? 10000 : ms + 10, expire, NULL);
}

/* Is something not on the disk yet that can still get there? */
static bool
store_owed(void)
{
	const struct reg_header *h = br.reg.h;

	if (!store_wanted())
		return false;
	if (!sub_present(SUB_STORE))
		return ending_timer.place != 0;
	return sub_owed(SUB_STORE) || (h->store_state == STORE_WELL && h->stored < br.for_store);
}

/* The dead of the time without a broker leave first; only then is anybody served. */
static void
turn(void *arg)
{
	enum reap_state reaped;

	(void)arg;
	if (!peers_known)
		return;
	entry_clock();
	if (!br.greeted)
		subs_welcome();
	if (sweeping && br.recovered && subs_room()) {
		sweeping = false;
		rooms_sweep();
		access_sweep();
	}
	reaped = reap_some();
	if (reaped == REAP_MORE)
		loop_again(proc.loop);
	br.recovered |= reaped == REAP_DONE && store_settled();
	subs_resume();
	auth_resume();
	jobs_resume();
	store_tell_durable();
	subs_pump();
	if (ending && !store_owed())
		proc_done();
}

/* A reload may have given the server the name of somebody here, who could then speak in its place. */
static void
reap_namesake(const struct options *opt)
{
	const struct reg_user *u = user_find(str_of(opt->name));

	if (u != NULL)
		reap_add(u->id, 0, QUIT_KICKED, "Server", "the server has that name now");
}

static void
reload(const struct options *new)
{
	reap_namesake(new);
	sweeping = true;
	looks_options(new);
}

/* Who lost their worker, for one line of the log: all are counted, the first few are named. */
#define LOST_NAMED 20

struct lost {
	unsigned n;
	size_t len;
	char names[LOST_NAMED * 40];
};

static void
lose(struct lost *l, const struct reg_user *u)
{
	if (l->n < LOST_NAMED)
		l->len += bprintf(l->names + l->len, sizeof(l->names) - l->len, "%s" STR_FMT,
				  l->n > 0 ? ", " : "", STR_ARG(user_name(u)));
	l->n++;
}

static void
lost_log(const struct lost *l, const char *what)
{
	if (l->n > 0)
		log_notice("%s, and %u user%s with it: %s%s", what, l->n, l->n == 1 ? "" : "s",
			   l->names, l->n > LOST_NAMED ? ", ..." : "");
}

static bool
is_dead(const struct session *s, const void *nobody)
{
	(void)nobody;
	return !sub_alive(s->sub, s->inc);
}

/* Sessions of workers that are not among the living; users whose last session has gone over to another; bans that were
 * decided but not carried out. */
static void
reap_the_dead(void)
{
	struct lost lost = {0};

	for (uint32_t i = 0; i < br.reg.h->user_top; i++) {
		const struct reg_user *u = &br.reg.users[i];
		const struct reg_list *ban;

		if (u->id == 0)
			continue;
		ban = user_listed(u, LIST_BAN);
		if (u->inc == 0)
			reap_add(u->id, 0, QUIT_LEFT, "", "");
		else if (sessions_reap(u, is_dead, NULL) == 0)
			lose(&lost, u);
		else if (ban != NULL)
			reap_add(u->id, 0, QUIT_BANNED, "Server", ban->reason);
	}
	reap_namesake(&proc.opt);
	lost_log(&lost, "a worker ended while there was no broker");
}

static void
start(void)
{
	uint64_t began = mono_us();
	unsigned replayed;

	if (regw_open(&br.reg, map(MAP_REGISTRY, "registry"), maps[MAP_REGISTRY].size) < 0)
		fatal("the registry is not one of this build");
	if (journal_open(&br.j, map(MAP_JOURNAL, "journal"), maps[MAP_JOURNAL].size, &br.reg,
			 &replayed) < 0)
		fatal("the journal is damaged or not one of this build");
	KILLPOINT("opened");
	rules_note_deaths();
	derive_all();
	reserves_rebuild();
	mutes_apply();
	counts_shown();
	count_add(CTR_broker_replayed_total, replayed);
	if (peers_known)
		reap_the_dead();
	loop_each_turn(proc.loop, turn, NULL);
	loop_timer_start(proc.loop, &expiry, 1000, expire, NULL);
	loop_timer_start(proc.loop, &settling, SETTLE_MS, settle, br.j.h);
	log_info("ready after %llu us: entries applied again: %u, users: %u, rooms: %u",
		 (unsigned long long)(mono_us() - began), replayed, br.reg.h->nusers,
		 br.reg.h->nrooms);
}

struct gone {
	unsigned sub;
	uint32_t inc;
};

static bool
is_gone(const struct session *s, const void *arg)
{
	const struct gone *gone = arg;

	return s->sub == gone->sub && s->inc == gone->inc;
}

static void
peer_gone(unsigned sub, uint32_t inc)
{
	const struct gone gone = {sub, inc};
	struct lost lost = {0};
	char what[32];

	sub_gone(sub, inc);
	if (sub == SUB_CONTROL) {
		br.follow = false;
		br.nchats = 0;
		return;
	}
	if (sub >= WORKERS_MAX)
		return; /* it has no sessions */
	for (uint32_t i = 0; peers_known && i < br.reg.h->user_top; i++) {
		const struct reg_user *u = &br.reg.users[i];

		if (u->id != 0 && u->inc != 0 && sessions_reap(u, is_gone, &gone) == 0)
			lose(&lost, u);
	}
	bprintf(what, sizeof(what), "worker %u is gone", sub);
	lost_log(&lost, what);
}

static unsigned
sub_index(unsigned role, unsigned index)
{
	switch (role) {
	case ROLE_CONTROL:
		return SUB_CONTROL;
	case ROLE_STORE:
		return SUB_STORE;
	case ROLE_WEB:
		return SUB_WEB + index;
	default:
		return index;
	}
}

/* How many processes of a role there may be. */
static unsigned
role_places(unsigned role)
{
	switch (role) {
	case ROLE_WORKER:
		return WORKERS_MAX;
	case ROLE_AUTH:
		return AUTH_MAX;
	case ROLE_WEB:
		return WEB_MAX;
	default:
		return 1;
	}
}

static bool
on_msg(unsigned type, const void *frame, size_t len, int *fds, size_t nfds)
{
	struct m_peer_gone gone;
	struct m_peer peer;
	struct m_map m;

	(void)nfds;
	switch (type) {
	case MSG_map:
		if (!m_map_get(frame, len, &m) || m.kind > MAP_JOURNAL)
			return false;
		maps[m.kind].fd = fds[0];
		maps[m.kind].size = m.size;
		return true;
	case MSG_peer:
		if (!m_peer_get(frame, len, &peer) || peer.index >= role_places(peer.role))
			return false;
		if (peer.role == ROLE_AUTH)
			auth_attach(peer.index, peer.inc, fds[0]);
		else
			sub_attach(sub_index(peer.role, peer.index), peer.inc, fds[0]);
		return true;
	case MSG_peer_gone:
		if (!m_peer_gone_get(frame, len, &gone))
			return false;
		if (gone.role == ROLE_AUTH)
			auth_gone(gone.index, gone.inc);
		else
			peer_gone(sub_index(gone.role, gone.index), gone.inc);
		return true;
	case MSG_peers_end:
		peers_known = true;
		if (br.j.h != NULL)
			reap_the_dead();
		return true;
	default:
		return false;
	}
}

/* The turn that follows looks. */
static void
nothing(void *arg)
{
	(void)arg;
}

/* When chatd stops, the workers have ended before, and whoever said something was told that it is taken. A successor of
 * ours would send the rest; there is none then. */
static void
drain(uint32_t ms, const char *text)
{
	(void)ms;
	(void)text;
	subs_pump();
	ending = true;
	loop_timer_start(proc.loop, &ending_timer, STORE_COMES_MS, nothing, NULL);
	if (!proc.stopping || !store_owed())
		proc_done();
}

int
main(int argc, char **argv)
{
	static const struct proc_role role = {.role = ROLE_BROKER,
					      .start = start,
					      .on_msg = on_msg,
					      .on_reload = reload,
					      .on_drain = drain};

	subs_init();
	return proc_main(&role, argc, argv);
}
