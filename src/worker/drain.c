/* drain.c - the orderly end: nothing more is read; what was asked is answered; everybody is told
 * and closed; the broker hears who has left. Each step has a share of the time. */
#include "config.h"

#include "ipc/proc.h"
#include "ipc/sublink.h"
#include "lib/log.h"
#include "lib/util.h"
#include "worker/conn.h"
#include "worker/outq.h"
#include "worker/worker.h"

static struct {
	enum { DRAIN_ANSWERS, DRAIN_CLOSING, DRAIN_DONE } step;
	uint64_t answers_until, closed_until;
	char text[257];
	struct loop_timer timer;
} drain;

/* Only so that there is a turn. */
static void
drain_wake(void *arg)
{
	(void)arg;
	drain_turn();
}

void
drain_begin(uint32_t ms, const char *text)
{
	uint64_t now = mono_ms();

	if (worker.draining)
		return;
	worker.draining = true;
	drain.answers_until = now + ms / 3;
	drain.closed_until = now + ms - ms / 4;
	bprintf(drain.text, sizeof(drain.text), "%s", text);
	log_notice("ending, %u client%s", (unsigned)conns_count(), conns_count() == 1 ? "" : "s");
	loop_again(worker.loop);
}

static void
close_everybody(void)
{
	for (uint32_t i = 0; i < conns_places(); i++) {
		struct conn *c = conn_at(i);

		if (c == NULL)
			continue;
		tell(c, "%s%s", c->irc == NULL ? "Server: " : "", /* IRC has it before the line */
		     drain.text[0] != '\0' ? drain.text : "the server stops.");
		conn_end(c, proc.stopping ? "server stops" : "server restart", false);
		outq_relieve();
	}
	outq_flush();
	conns_linger_no_more();
}

void
drain_turn(void)
{
	uint64_t now = mono_ms(), until;

	if (drain.step == DRAIN_ANSWERS &&
	    (sublink_pending(worker.link) == 0 || now >= drain.answers_until)) {
		close_everybody();
		drain.step = DRAIN_CLOSING;
	} else if (drain.step == DRAIN_CLOSING &&
		   ((sublink_pending(worker.link) == 0 && conns_count() == 0) ||
		    now >= drain.closed_until)) {
		drain.step = DRAIN_DONE;
		proc_done();
	}
	if (drain.step == DRAIN_DONE)
		return;
	until = drain.step == DRAIN_ANSWERS ? drain.answers_until : drain.closed_until;
	loop_timer_start(worker.loop, &drain.timer, until > now ? until - now : 0, drain_wake,
			 NULL);
}
