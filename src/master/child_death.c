/* child_death.c - when a process ends, by itself, by force or because it was asked to.
 *
 * Policy: one that had been ready is replaced at once, however often it dies; only one that dies
 * before it is ready, or just after, waits, longer each time. A broker that cannot come up makes
 * us take the registry for damaged: after ANEW_AFTER of them everything begins anew, aloud.
 */
#include "config.h"

#include "master/child_priv.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "master/accept.h"
#include "master/handover.h"
#include "master/master.h"
#include "master/reload.h"
#include "master/rundir.h"
#include "master/shm.h"
#include "master/wire.h"

#define NEEDED_TIMES 3
#define STEADY_MS 250 /* dead within this after ready counts as not ready */
#define DELAY_MS 50 /* first wait; doubles */
#define DELAY_MAX_MS 5000
#define BROKER_DELAY_MAX_MS 200 /* everybody waits for it */
#define ANEW_AFTER 5
#define RESTART_MS 2000

static bool too_late; /* the end's deadline has passed: nobody is started again */
bool children_anew;

static void
spawn_later(void *arg)
{
	child_spawn(arg);
}

/* --- death -------------------------------------------------------------------------------- */

static const char *
how(const struct child *c, int status, char out[160])
{
	if (status < 0)
		bprintf(out, 160, "could not be started");
	else if (c->killed_why[0] != '\0')
		bprintf(out, 160, "was killed, because %s", c->killed_why);
	else if (WIFSIGNALED(status))
		bprintf(out, 160, "died of signal %d (%s)%s", WTERMSIG(status),
			strsignal(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
	else if (WEXITSTATUS(status) == 127)
		bprintf(out, 160, "could not be run (%s)", child_programs[c->role]);
	else
		bprintf(out, 160, "ended with status %d", WEXITSTATUS(status));
	return out;
}

/* Let go of everything that belonged to the process; its last words first. */
static void
bury(struct child *c)
{
	if (c->log_fd >= 0) {
		child_on_log(c->log_fd, 0, c);
		loop_del(master.loop, &c->log_io);
		close(c->log_fd);
		c->log_fd = -1;
	}
	c->pid = 0; /* it is reaped: never signal that number again */
	if (c->chan.fd >= 0 && !LIST_EMPTY(&c->conns) && c->state != CHILD_KILLED) {
		/* what it took and closed while we were not looking */
		while (child_read_packet(c))
			;
	}
	chan_close(&c->chan, master.loop);
	if (c->role != ROLE_BROKER && c->broker_inc != 0 && c->broker_inc == child_broker()->inc &&
	    child_alive(child_broker()))
		wire_peer_gone(child_broker(), c);
	c->broker_inc = 0;
	shm_board_clear(c->role, c->index);
}

static void
begin_anew(void)
{
	master.epoch = rundir_epoch_next();
	if (shm_make(&master.set.opt, master.epoch) < 0)
		fatal("cannot make a new registry: %s", strerror(errno));
	children_anew = false;
	for (unsigned i = 0; i < children_n; i++)
		children[i].failures = 0;
	log_crit("beginning anew with an empty registry and journal, epoch %llu",
		 (unsigned long long)master.epoch);
	children_start();
}

static bool
anybody_left(void)
{
	for (unsigned i = 0; i < children_n; i++) {
		if (children[i].pid > 0)
			return true;
	}
	return false;
}

/* How long the successor waits. */
static uint64_t
delay_of(struct child *c)
{
	uint64_t cap = c->role == ROLE_BROKER ? BROKER_DELAY_MAX_MS : DELAY_MAX_MS, ms = DELAY_MS;

	if (c->ready_ms != 0 && mono_ms() - c->ready_ms >= STEADY_MS) {
		c->failures = 0;
		return 0;
	}
	for (unsigned i = 0; i < c->failures && ms < cap; i++)
		ms *= 2;
	c->failures++;
	return MIN(ms, cap);
}

/* By kill -9, or by the kernel for want of memory: that says nothing of the registry. */
static bool
killed_by_others(const struct child *c, int status)
{
	return status >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	       c->killed_why[0] == '\0';
}

static void
replace(struct child *c, int status, bool wanted)
{
	static unsigned
	    stillborn; /* brokers in a row that died by themselves before they were ready */
	char text[160], next[64] = "another is started at once";
	int pid = (int)c->pid;
	uint64_t ms = wanted ? 0 : delay_of(c);

	if (c->role == ROLE_BROKER)
		stillborn = c->ready_ms != 0 ? 0 : stillborn + !killed_by_others(c, status);
	if (ms > 0)
		bprintf(next, sizeof(next), "another is started in %llu ms",
			(unsigned long long)ms);
	if (c->role == ROLE_BROKER && stillborn >= ANEW_AFTER)
		bprintf(next, sizeof(next), "as did %u before it", ANEW_AFTER - 1);
	log_if(wanted ? LOG_INFO : LOG_WARNING, "%s (pid %d) %s; %s", child_name(c), pid,
	       how(c, status, text), next);
	bury(c);
	c->state = CHILD_WAITING;
	c->restarts++;
	handover_dead(c);
	if (c->role == ROLE_BROKER && stillborn >= ANEW_AFTER) {
		stillborn = 0;
		children_anew = true;
		log_crit("the broker does not come up: taking the registry for damaged, ending "
			 "every session");
		children_kill_all();
	} else if (!children_anew) {
		if (ms == 0)
			child_spawn(c);
		else
			loop_timer_start(master.loop, &c->timer, ms, spawn_later, c);
	}
}

static void stop_next(void);

/* At the end the store alone is started again, before it has been told to end: nobody else keeps what the journal
 * has. Not without end: what kills it may still be there. */
static bool
needed_still(const struct child *c)
{
	static unsigned times;

	return c->role == ROLE_STORE && master.stopping && !too_late &&
	       c->state != CHILD_STOPPING && times++ < NEEDED_TIMES;
}

void
child_dead(struct child *c, int status)
{
	char text[160];
	bool wanted = c->state == CHILD_DRAINING && status == 0;

	loop_timer_stop(master.loop, &c->timer);
	if ((!master.stopping && !children_anew) || needed_still(c)) {
		replace(c, status, wanted || master.stopping);
	} else {
		bool well = status == 0 && c->state == CHILD_STOPPING;

		log_if(well || children_anew ? LOG_DEBUG : LOG_WARNING, "%s (pid %d) %s",
		       child_name(c), (int)c->pid, how(c, status, text));
		bury(c);
		c->state = CHILD_DOWN;
		handover_dead(c);
		c->restarts += children_anew;
	}
	accept_update();
	reload_child_dead(c);
	if (master.stopping)
		stop_next();
	else if (children_anew && !anybody_left())
		begin_anew();
}

void
children_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned i = 0; i < children_n; i++) {
			if (children[i].pid == pid) {
				child_dead(&children[i], status);
				break;
			}
		}
	}
}

/* --- ending in good order ----------------------------------------------------------------- */

#define STORE_MS 10000

static struct loop_timer stop_timer;
static char stop_text[256];

static void
drain_timeout(void *arg)
{
	child_kill(arg, "it did not end in time");
}

static void
drain(struct child *c, enum child_state state, uint32_t ms, const char *text)
{
	struct m_drain m = {.ms = ms, .text = str_of(text), .stop = state == CHILD_STOPPING};
	char frame[512];

	if (!child_alive(c) || c->state == CHILD_STOPPING)
		return;
	c->state = state;
	child_send(c, frame, m_drain_put(frame, sizeof(frame), &m), NULL, 0, false);
	accept_update();
}

void
child_restart(struct child *c)
{
	drain(c, CHILD_DRAINING, RESTART_MS - 500,
	      "The server is being restarted. Please connect again.");
	loop_timer_start(master.loop, &c->timer, RESTART_MS, drain_timeout, c);
}

static bool
alive_in(unsigned role)
{
	for (unsigned i = 0; i < children_n; i++) {
		if (children[i].role == role && children[i].pid > 0)
			return true;
	}
	return false;
}

/* Workers, then chatd-tls and the broker, then the others: each needs the next to say its last words. */
static void
stop_next(void)
{
	static const unsigned order[] = {ROLE_WEB,   ROLE_WORKER, ROLE_TLS,    ROLE_BROKER,
					 ROLE_STORE, ROLE_AUTH,   ROLE_CONTROL};

	for (size_t k = 0; k < ARRAY_LEN(order); k++) {
		if (!alive_in(order[k]))
			continue;
		for (unsigned i = 0; i < children_n; i++) {
			if (children[i].role == order[k])
				drain(&children[i], CHILD_STOPPING,
				      order[k] == ROLE_WORKER ? 1200 : 200, stop_text);
		}
		return;
	}
	loop_timer_stop(master.loop, &stop_timer);
	master_children_gone();
}

/* Clients have gone in time. What they were told to be taken is given some more to reach the disk. */
static void
stop_timeout(void *arg)
{
	static bool waited;

	(void)arg;
	if (!waited && !alive_in(ROLE_WORKER) && alive_in(ROLE_STORE)) {
		waited = true;
		log_notice("the store is still writing: it has %d seconds more", STORE_MS / 1000);
		loop_timer_start(master.loop, &stop_timer, STORE_MS, stop_timeout, NULL);
		return;
	}
	log_warn("not everybody ended in time%s",
		 alive_in(ROLE_STORE) ? ": what the store has not written by now is lost" : "");
	children_kill_all();
}

void
children_stop(uint32_t ms, const char *text)
{
	bprintf(stop_text, sizeof(stop_text), "%s", text);
	for (unsigned i = 0; i < children_n; i++) {
		loop_timer_stop(master.loop, &children[i].timer);
		if (children[i].pid > 0)
			continue;
		/* a store that waits to be started is needed now: nobody else keeps what the journal has */
		if (children[i].role == ROLE_STORE && !children_anew)
			child_spawn(&children[i]);
		else
			children[i].state = CHILD_DOWN;
	}
	loop_timer_start(master.loop, &stop_timer, ms, stop_timeout, NULL);
	stop_next();
}

void
children_kill_all(void)
{
	too_late = master.stopping;
	for (unsigned i = 0; i < children_n; i++)
		child_kill(&children[i],
			   master.stopping ? "the deadline had passed" : "everything begins anew");
}
