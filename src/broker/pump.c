/* pump.c - the journal out to the subscribers, and what happens when one does not take it.
 *
 * There is no queue: each subscriber has a cursor into the journal, and what lies before the head
 * is sent when its socket has room, straight from the ring. Reading stops when a live subscriber
 * is more than half the ring behind; after a second of that it is given up as hung, and so is one
 * that takes nothing for a second while others wait behind a barrier. The store is not given up but
 * left alone: chat goes on, and when it reads again it is told what it has missed.
 */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "broker/store.h"
#include "broker/subs.h"
#include "ipc/board.h"
#include "ipc/killpoint.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"

#define IOVS 512
#define HUNG_MS 1000 /* far behind, or taking nothing while others wait for it */
#define HELLO_MS 3000 /* the master's ping finds one who is stopped before that */
#define WATCH_MS 200

static uint64_t kept; /* nobody's cursor is below */
static bool held; /* somebody's answer waits for another to take what came before it */
static uint64_t stalled_at; /* mono ms */
static bool stalled; /* somebody is too far behind: nothing is read */
static struct loop_timer watch_timer;

void
subs_keep(uint64_t cursor)
{
	kept = MIN(kept, cursor);
}

/* --- sending --------------------------------------------------------------------------------------- */

/* What a later try may get over. */
static bool
send_again(int err)
{
	return err == EAGAIN || err == EINTR || err == ENOBUFS || err == ENOMEM;
}

/* It wants no events, and none is half out. */
static bool
sub_idle(const struct sub *s)
{
	return s->held && s->part == 0;
}

/* Has everybody else been given all that lies before `at`? */
static bool
all_others_past(const struct sub *me, uint64_t at)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		const struct sub *s = &subs[i];

		if (s->live && s != me && s->cursor < at && (s->hello || !s->fresh))
			return false;
	}
	return true;
}

/* What the next write can carry: events for s from its cursor on. *end_r: the cursor after all of
 * it; *held_r: stopped at a barrier. */
static int
gather(struct sub *s, struct iovec *iov, uint64_t *end_r, bool *held_r)
{
	uint64_t at = s->cursor, bit = 1ull << sub_index_of(s);
	const struct jentry *e;
	size_t skip = s->part, bytes = 0;
	int n = 0;

	*held_r = false;
	while (n < IOVS && bytes < 1u << 20 && (e = journal_at(&br.j, &at)) != NULL) {
		if (e->targets & bit) {
			if (s->held && n == 1)
				break;
			if ((e->flags & JENTRY_BARRIER) && skip == 0 && !all_others_past(s, at)) {
				*held_r = true;
				break;
			}
			iov[n].iov_base = (char *)(uintptr_t)e->data + skip;
			iov[n++].iov_len = e->event_len - skip;
			bytes += e->event_len - skip;
			skip = 0;
		}
		at += e->size;
	}
	*end_r = at;
	return n;
}

/* The cursor moves over `sent` bytes of events. */
static void
advance(struct sub *s, size_t sent, uint64_t end)
{
	uint64_t bit = 1ull << sub_index_of(s);
	const struct jentry *e;

	sent += s->part;
	s->part = 0;
	while (s->cursor < end && (e = journal_at(&br.j, &s->cursor)) != NULL && s->cursor < end) {
		if (e->targets & bit) {
			if (sent < e->event_len) {
				s->part = sent;
				return;
			}
			sent -= e->event_len;
			count(CTR_broker_events_total);
		}
		s->cursor += e->size;
	}
	s->cursor = MAX(s->cursor, end);
}

/* Bytes of what goes beside the journal that may go now: what they answer has been told before. */
static size_t
side_due(const struct sub *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->sides.len / sizeof(struct side); i++) {
		const struct side *side = &((const struct side *)(void *)buf_data(&s->sides))[i];

		if (side->at > s->cursor && !s->held)
			break;
		n += side->left;
	}
	return s->part == 0 ? n : 0;
}

static void
side_sent(struct sub *s, size_t n)
{
	buf_drop(&s->side, n);
	while (n > 0) {
		struct side *side = (struct side *)(void *)buf_data(&s->sides);
		uint32_t k = (uint32_t)MIN(n, side->left);

		side->left -= k;
		n -= k;
		if (side->left == 0)
			buf_drop(&s->sides, sizeof(*side));
	}
}

/* As pump_once. */
static int
pump_side(struct sub *s, size_t due)
{
	ssize_t r = send(s->fd, buf_data(&s->side), due, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (r < 0 && !send_again(errno))
		return -1;
	if (r > 0)
		side_sent(s, (size_t)r);
	s->blocked = r < 0 || (size_t)r < due;
	s->moved = loop_now(proc.loop);
	return !s->blocked;
}

/* One write. 1: and there may be more; 0: nothing more now; -1: its end is closed. */
static int
pump_once(struct sub *s)
{
	struct iovec iov[IOVS];
	struct msghdr m = {.msg_iov = iov};
	size_t total = 0, side = side_due(s);
	uint64_t end;
	bool now_held;
	ssize_t r;

	if (side > 0)
		return pump_side(s, side);
	if (s->absent) { /* it has read what was half out */
		sub_resume(s, s->absent_seq);
		return 1;
	}
	if (sub_idle(s))
		return 0;
	m.msg_iovlen = (size_t)gather(s, iov, &end, &now_held);
	held |= now_held;
	if (m.msg_iovlen == 0) {
		bool moved = s->cursor < end;

		s->cursor = end;
		return moved && !now_held;
	}
	for (size_t i = 0; i < m.msg_iovlen; i++)
		total += iov[i].iov_len;
	KILLPOINT("sending");
	r = sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r < 0 && !send_again(errno))
		return -1;
	if (r > 0)
		advance(s, (size_t)r, (size_t)r == total ? end : UINT64_MAX);
	KILLPOINT("sent");
	if (r > 0 || !s->blocked)
		s->moved = loop_now(proc.loop);
	s->blocked = r < 0 || (size_t)r < total;
	return !s->blocked && !now_held;
}

static bool
sub_behind(const struct sub *s)
{
	return s->live && s->hello && !s->broken &&
	       ((s->cursor < br.j.h->head && !sub_idle(s)) || s->side.len > 0 || s->absent);
}

/* Until nobody gets any further: one who is held at a barrier waits for the others. */
static void
pump_all(void)
{
	bool progress = true;

	while (progress) {
		progress = held = false;
		for (unsigned i = 0; i < SUBS_MAX; i++) {
			struct sub *s = &subs[i];
			uint64_t before = s->cursor;
			int more = 1;

			if (!sub_behind(s) || s->blocked)
				continue;
			while (more > 0 && sub_behind(s))
				more = pump_once(s);
			s->broken = more < 0; /* the master will say that it is gone */
			progress |= s->cursor != before;
		}
	}
}

bool
sub_present(unsigned index)
{
	return subs[index].live && !subs[index].broken;
}

bool
sub_owed(unsigned index)
{
	const struct sub *s = &subs[index];

	/* who wants no events because it has much to write will want them */
	return s->live && !s->broken &&
	       (!s->hello || sub_behind(s) ||
		(s->held && s->cursor < br.j.h->head && br.reg.h->store_state == STORE_WELL));
}

/* The store is not waited for while it wants no events, before it has said where it stands, and while it catches up. */
static bool
nobody_waits_for(const struct sub *s)
{
	return sub_idle(s) || s->catching || (s == &subs[SUB_STORE] && !s->hello);
}

static uint64_t
lowest_cursor(void)
{
	uint64_t low = br.j.h->head;

	for (unsigned i = 0; i < SUBS_MAX; i++) {
		if (subs[i].live && !nobody_waits_for(&subs[i]))
			low = MIN(low, subs[i].cursor);
	}
	return low;
}

/* --- flow control -------------------------------------------------------------------------------------- */

/* How far behind a live subscriber may be while requests are read. */
static uint64_t
lag_max(void)
{
	return br.j.size / 2 - JOURNAL_ENTRY_MAX;
}

static bool
far_behind(const struct sub *s)
{
	return s->live && s->hello && !nobody_waits_for(s) && subs_too_far(s->cursor);
}

bool
subs_too_far(uint64_t cursor)
{
	return br.j.h->head - cursor > lag_max();
}

static void
leave_alone(struct sub *store)
{
	sub_absent(store);
	store_absent();
}

/* One who catches up may be overtaken by the end of the ring: what it has not read by then it will be told that it has
 * missed. */
static void
look_after_store(void)
{
	struct sub *s = &subs[SUB_STORE];

	if (s->live && s->catching && !s->held && br.j.h->head - s->cursor > 2 * lag_max())
		leave_alone(s);
}

/* Asked for each request, so the lowest cursor is looked up only when the last one known, which can
 * but have grown, no longer says yes. */
bool
subs_room(void)
{
	look_after_store();
	if (br.j.h->head - kept <= lag_max())
		return true;
	kept = lowest_cursor();
	if (br.j.h->head - kept <= lag_max())
		return true;
	pump_all();
	kept = lowest_cursor();
	return br.j.h->head - kept <= lag_max();
}

/* Why this one is to be given up now; NULL: it is not. */
static const char *
hung(const struct sub *s, uint64_t now)
{
	if (!s->live || !s->welcomed)
		return NULL;
	if (!s->hello)
		return now - s->moved >= HELLO_MS ? "it says no hello" : NULL;
	/* not yet stalled: it has become so in this turn */
	if (stalled && far_behind(s) && s->blocked && now - stalled_at >= HUNG_MS)
		return "it does not read its channel";
	return held && s->blocked && now - s->moved >= HUNG_MS && s != &subs[SUB_STORE]
		   ? "others wait for it to read its channel"
		   : NULL;
}

/* Is there anybody who may have to be given up soon? */
static bool
watching(void)
{
	bool some = stalled || held;

	for (unsigned i = 0; i < SUBS_MAX; i++)
		some |=
		    subs[i].deaf_since != 0 || (subs[i].live && subs[i].welcomed && !subs[i].hello);
	return some;
}

static void
watch(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < SUBS_MAX; i++) {
		struct sub *s = &subs[i];
		const char *why = hung(s, mono_ms());

		if (why != NULL && i == SUB_STORE && s->hello)
			leave_alone(s);
		else if (why != NULL)
			sub_give_up(s, why);
		else if (s->deaf_since != 0 && mono_ms() - s->deaf_since >= HUNG_MS) {
			s->deaf_since = 0;
			sub_report_hung(i, s->inc);
		}
	}
	subs_watch();
}

void
subs_watch(void)
{
	if (watch_timer.place == 0 && watching())
		loop_timer_start(proc.loop, &watch_timer, WATCH_MS, watch, NULL);
}

/* One who has not said hello is always heard: what it says may be what all wait for. */
static void
events_wanted(struct sub *s)
{
	unsigned ev =
	    (stalled && s->hello ? 0u : EPOLLIN) | (sub_behind(s) && s->blocked ? EPOLLOUT : 0u);

	if (s->in_len == SUB_IN_SIZE)
		ev &= ~(unsigned)EPOLLIN;
	loop_mod(proc.loop, &s->io, ev);
}

static void
stall(bool now)
{
	if (now && !stalled) {
		log_warn("a subscriber is far behind: no requests are read until it catches up");
		stalled_at = loop_now(proc.loop);
	}
	stalled = now;
	subs_watch();
}

void
subs_pump(void)
{
	bool far = false;

	pump_all();
	for (unsigned i = 0; i < SUBS_MAX; i++) {
		if (subs[i].broken)
			sub_closed(&subs[i]);
		subs[i].catching &= br.j.h->head - subs[i].cursor > lag_max() / 2;
		far |= far_behind(&subs[i]);
	}
	stall(far);
	for (unsigned i = 0; i < SUBS_MAX; i++) {
		if (subs[i].live)
			events_wanted(&subs[i]);
	}
}
