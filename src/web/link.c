/* link.c - see link.h. A question that is answered by e_wait has its answer later, with a ticket; that dies with the broker, and is
 * asked again.
 */
#include "config.h"

#include "web/link.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "ipc/ipc.h"
#include "ipc/proc.h"
#include "ipc/sublink.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "web/files.h"
#include "web/web.h"

struct ask {
	TAILQ_ENTRY(ask) entry;
	struct loop_timer timer; /* not of one that decides */
	uint64_t serial; /* 0: answered by e_wait, or not asked again yet */
	uint32_t ticket; /* 0: none */
	link_fn *fn;
	void *arg;
	size_t len;
	char frame[]; /* may hold a password: wiped */
};

static TAILQ_HEAD(, ask) asks = TAILQ_HEAD_INITIALIZER(asks);
static struct sublink *broker;

static void
ask_free(struct ask *a)
{
	TAILQ_REMOVE(&asks, a, entry);
	loop_timer_stop(proc.loop, &a->timer);
	explicit_bzero(a->frame, a->len);
	free(a);
}

static void
answered(struct ask *a, unsigned type, const void *frame, size_t len)
{
	link_fn *fn = a->fn;
	void *arg = a->arg;

	ask_free(a);
	fn(arg, type, frame, len);
}

static void
given_up(void *arg)
{
	answered(arg, 0, NULL, 0);
}

static void
ask_now(struct ask *a)
{
	a->ticket = 0;
	a->serial = sublink_request(broker, a->frame, a->len);
}

struct ask *
link_ask(const void *frame, size_t len, bool decides, link_fn *fn, void *arg)
{
	struct ask *a;

	if (len == 0 || broker == NULL || sublink_full(broker))
		return NULL;
	a = xcalloc(1, sizeof(*a) + len);
	a->fn = fn;
	a->arg = arg;
	a->len = len;
	memcpy(a->frame, frame, len);
	TAILQ_INSERT_TAIL(&asks, a, entry);
	if (!decides)
		loop_timer_start(proc.loop, &a->timer, LINK_WAIT_MS, given_up, a);
	ask_now(a);
	return a;
}

void
link_forget(struct ask *a)
{
	ask_free(a);
}

/* --- answers ------------------------------------------------------------------------------------------ */

static struct ask *
by_serial(uint64_t serial)
{
	struct ask *a;

	TAILQ_FOREACH (a, &asks, entry) {
		if (a->serial == serial)
			break;
	}
	return a;
}

static struct ask *
by_ticket(uint32_t ticket)
{
	struct ask *a;

	TAILQ_FOREACH (a, &asks, entry) {
		if (a->ticket == ticket && ticket != 0)
			break;
	}
	return a;
}

/* A ticket's number in what answers it; 0: it is no such answer. */
static uint32_t
ticket_of(unsigned type, const void *frame, size_t len)
{
	struct m_e_may_upload may;
	struct m_e_failed failed;
	struct m_q_page page;

	switch (type) {
	case MSG_e_may_upload:
		return m_e_may_upload_get(frame, len, &may) ? may.ticket : 0;
	case MSG_e_failed:
		return m_e_failed_get(frame, len, &failed) ? failed.ticket : 0;
	case MSG_q_page:
		return m_q_page_get(frame, len, &page) ? page.ticket : 0;
	default:
		return 0;
	}
}

static void
on_wait(struct ask *a, const void *frame, size_t len)
{
	struct m_e_wait m;

	if (!m_e_wait_get(frame, len, &m))
		return;
	a->serial = 0;
	a->ticket = m.ticket;
	/* said by a broker that is dead */
	if (m.seq <= sublink_began(broker))
		ask_now(a);
}

static void
on_event(const void *frame, size_t len, bool own, void *arg)
{
	unsigned type = ipc_type(frame);
	struct m_e_may_upload may;
	struct m_q_gone gone;
	struct ev_head h;
	struct ask *a;

	(void)arg;
	if (type == MSG_q_gone) {
		if (m_q_gone_get(frame, len, &gone))
			files_gone(gone.ids);
		return;
	}
	a = by_ticket(ticket_of(type, frame, len));
	if (a == NULL && own && ev_head_get(frame, len, &h))
		a = by_serial(h.serial);
	if (a == NULL && type == MSG_e_may_upload && m_e_may_upload_get(frame, len, &may))
		upload_unasked(&may);
	if (a == NULL)
		return;
	if (type == MSG_e_wait)
		on_wait(a, frame, len);
	else
		answered(a, type, frame, len);
}

static void
turn_end(void *arg)
{
	(void)arg;
	sublink_flush(broker);
}

void
link_broker(int fd)
{
	struct ask *a, *next;

	if (broker == NULL) {
		broker = sublink_new(proc.loop, proc.inc, on_event, NULL);
		loop_each_turn(proc.loop, turn_end, NULL);
	}
	sublink_channel(broker, fd);
	/* what was waited for has died with the last one; those without a ticket are sent again by the link */
	for (a = TAILQ_FIRST(&asks); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (a->ticket != 0)
			ask_now(a);
	}
}
