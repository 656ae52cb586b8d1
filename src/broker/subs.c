/* subs.c - the broker's channels to its subscribers: coming, speaking, going. What is sent to them,
 * and when too much waits for one of them, is in pump.c.
 */
#include "config.h"

#include "broker/subs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/job.h"
#include "broker/promise.h"
#include "broker/store.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/util.h"

#define SIDE_MAX (1u << 20)

struct sub subs[SUBS_MAX];

static void readable(int fd, unsigned what, void *arg);

unsigned
sub_index_of(const struct sub *s)
{
	return (unsigned)(s - subs);
}

/* Forget it, channel and all. */
static void
sub_drop(struct sub *s)
{
	if (s->fd >= 0) {
		loop_del(proc.loop, &s->io);
		close(s->fd);
	}
	free(s->in);
	buf_fini(&s->side);
	buf_fini(&s->sides);
	*s = (struct sub){.fd = -1};
}

/* nth_r: which of those with that role. */
static unsigned
role_of(unsigned index, unsigned *nth_r)
{
	*nth_r = index < SUB_WEB ? index : index < SUB_CONTROL ? index - SUB_WEB : 0;
	if (index < SUB_WEB)
		return ROLE_WORKER;
	if (index < SUB_CONTROL)
		return ROLE_WEB;
	return index == SUB_STORE ? ROLE_STORE : ROLE_CONTROL;
}

/* The master ends it. */
void
sub_report_hung(unsigned index, uint32_t inc)
{
	unsigned nth, role = role_of(index, &nth);
	struct m_hung m = {.role = (uint8_t)role, .index = (uint16_t)nth, .inc = inc};
	char out[64];

	proc_send(out, m_hung_put(out, sizeof(out), &m));
}

/* A peer's mistake costs the peer its channel and its life, never ours. */
void
sub_give_up(struct sub *s, const char *why)
{
	unsigned index = sub_index_of(s);
	unsigned nth, role = role_of(index, &nth);
	uint32_t inc = s->inc;

	log_err("%s %u is given up: %s", role_name(role), nth, why);
	sub_drop(s);
	if (index == SUB_STORE)
		store_gone();
	sub_report_hung(index, inc);
}

/* Its channel is closed: mostly because it has died, as the master will say in a moment. If it lives
 * all the same it would sit there deaf, with clients who believe that they are here. */
void
sub_closed(struct sub *s)
{
	uint32_t inc = s->inc;

	sub_drop(s);
	s->inc = inc;
	s->deaf_since = loop_now(proc.loop);
	if (sub_index_of(s) == SUB_STORE)
		store_gone();
	subs_watch();
}

/* --- beside the journal ---------------------------------------------------------------------------------- */

static bool
side_put(unsigned index, const void *frame, size_t len, uint64_t at)
{
	struct sub *s = &subs[index];
	struct side side = {.at = at, .len = (uint32_t)len, .left = (uint32_t)len};

	if (!s->live || !s->hello || s->broken || s->side.len > SIDE_MAX)
		return false;
	buf_append(&s->side, frame, len);
	buf_append(&s->sides, &side, sizeof(side));
	return true;
}

bool
sub_side(unsigned index, const void *frame, size_t len)
{
	return side_put(index, frame, len, br.j.h->head);
}

bool
sub_side_next(unsigned index, const void *frame, size_t len)
{
	return side_put(index, frame, len, subs[index].cursor);
}

/* --- reading --------------------------------------------------------------------------------------------- */

void
sub_hold(struct sub *s)
{
	s->held = true;
	s->absent = false; /* it speaks */
}

/* Nothing is left of what goes beside the journal but the rest of a frame that is half out. */
static void
side_cut(struct sub *s)
{
	struct side *first = (struct side *)(void *)buf_data(&s->sides);
	struct buf rest = {0};

	if (s->sides.len > 0 && first->left < first->len)
		buf_append(&rest, buf_data(&s->side), first->left);
	buf_fini(&s->side);
	buf_fini(&s->sides);
	if (rest.len > 0) {
		struct side side = {.len = (uint32_t)rest.len, .left = (uint32_t)rest.len};

		buf_append(&s->sides, &side, sizeof(side));
	}
	s->side = rest;
}

void
sub_absent(struct sub *s)
{
	const struct jentry *e = journal_at(&br.j, &s->cursor);

	CHECK(e != NULL);
	side_cut(s);
	s->absent_seq = e->seq - 1;
	if (s->part > 0) {
		s->absent_seq = e->seq;
		side_put(sub_index_of(s), e->data + s->part, e->event_len - s->part, 0);
		s->part = 0;
		s->cursor += e->size;
	}
	s->held = s->absent = true;
	s->catching = false;
}

/* The store goes on where its database ends, whoever took that; what the ring has lost is named. */
void
sub_resume(struct sub *s, uint64_t seq)
{
	const struct jentry *e;
	uint64_t at;
	bool all;

	s->held = s->absent = false;
	/* an event that is half out is ended first, and nothing behind it has been overwritten */
	if (s->part > 0) {
		store_began(0, 0);
		return;
	}
	all = journal_find(&br.j, seq, &s->cursor);
	at = s->cursor;
	e = journal_at(&br.j, &at);
	subs_keep(s->cursor);
	s->hello = true;
	s->catching = subs_too_far(s->cursor);
	if (all || e == NULL)
		store_began(0, 0);
	else
		store_began(seq + 1, e->seq - 1);
}

static bool
take_hello(struct sub *s, const char *frame, size_t len)
{
	struct m_sub_hello h;

	if (!m_sub_hello_get(frame, len, &h) || h.version != IPC_VERSION || h.inc != s->inc)
		return false;
	/* What the ring no longer holds was in its socket before it was overwritten, and it has read
	 * that socket to the end: one who took nothing for long has missed nothing. */
	if (sub_index_of(s) == SUB_STORE) {
		sub_resume(s, h.seq);
		return true;
	}
	journal_find(&br.j, MAX(h.seq, br.reg.subs[sub_index_of(s)].since), &s->cursor);
	subs_keep(s->cursor);
	s->hello = true;
	s->asked = h.asked;
	log_trace(ipc, "subscriber %u took %llu last", sub_index_of(s), (unsigned long long)h.seq);
	return true;
}

static bool
take_frame(struct sub *s, const char *frame, size_t len)
{
	struct req r = {.sub = sub_index_of(s), .inc = s->inc};

	if (!s->hello)
		return ipc_type(frame) == MSG_sub_hello && take_hello(s, frame, len);
	if (r.sub == SUB_STORE)
		return store_take(frame, len);
	if (len < IPC_HDR + sizeof(r.serial))
		return false;
	memcpy(&r.serial, frame + IPC_HDR, sizeof(r.serial));
	r.again = r.serial <= s->asked;
	return rules_decide(&r, frame, len);
}

/* The store is heard before all others: what it restores is what they meet. */
static bool
may_speak(const struct sub *s)
{
	return br.recovered || sub_index_of(s) == SUB_STORE;
}

/* Whole frames, as long as the journal has room for what they become. Before the dead have left
 * only hellos are taken. */
static void
take_frames(struct sub *s)
{
	size_t at = 0;

	while (at < s->in_len && !s->broken) {
		ssize_t n = ipc_frame(s->in + at, s->in_len - at);

		if (n == 0 || (n > 0 && s->hello && (!may_speak(s) || !subs_room())))
			break;
		if (n < 0 || !take_frame(s, s->in + at, (size_t)n)) {
			sub_give_up(s, "it sent what it may not send");
			return;
		}
		at += (size_t)n;
	}
	s->in_len -= at;
	if (at > 0 && s->in_len > 0) {
		memmove(s->in, s->in + at, s->in_len);
		/* half a request may have half a password in it, which its handler does not know of */
		explicit_bzero(s->in + MAX(at, s->in_len), at + s->in_len - MAX(at, s->in_len));
	}
}

/* What was left for want of room, or until the dead had left. Whoever makes room wakes us. */
void
subs_resume(void)
{
	for (unsigned i = 0; i < SUBS_MAX; i++) {
		if (subs[i].live && subs[i].in_len >= IPC_HDR)
			take_frames(&subs[i]);
	}
}

static void
readable(int fd, unsigned what, void *arg)
{
	struct sub *s = arg;
	ssize_t r;

	if (what & EPOLLOUT)
		s->blocked = false;
	if (!(what & (EPOLLIN | EPOLLHUP | EPOLLERR)) || !s->welcomed || s->in_len == SUB_IN_SIZE)
		return;
	if (s->in == NULL)
		s->in = xcalloc(1, SUB_IN_SIZE);
	entry_clock();
	r = recv(fd, s->in + s->in_len, SUB_IN_SIZE - s->in_len, MSG_DONTWAIT);
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r <= 0) {
		sub_closed(s);
		return;
	}
	s->in_len += (size_t)r;
	take_frames(s);
}

/* --- coming and going --------------------------------------------------------------------------------------- */

void
subs_init(void)
{
	for (unsigned i = 0; i < SUBS_MAX; i++)
		subs[i].fd = -1;
}

/* Until it has said where it stands, nothing is overwritten that it could need; it cannot be further
 * behind than the last broker let it. */
static uint64_t
cautious_cursor(void)
{
	uint64_t head = br.j.h->head;

	return MAX(br.j.h->tail, head > br.j.size / 2 ? head - br.j.size / 2 : 0);
}

static void
welcome(struct sub *s)
{
	struct reg_sub *known = &br.reg.subs[sub_index_of(s)];
	struct m_br_hello h = {.version = IPC_VERSION,
			       .inc = s->inc,
			       .serial = known->inc == s->inc ? known->serial : 0,
			       .seq = br.j.seq};
	char out[64];
	size_t n = m_br_hello_put(out, sizeof(out), &h);

	/* What came before an incarnation is its predecessor's. Noted before it hears a word of us: should
	 * we die in between, it is fresh for our successor too. */
	s->fresh = known->since_inc != s->inc;
	if (s->fresh) {
		known->follows = 0;
		followers_rebuild();
		known->since = br.j.seq;
		known->since_inc = s->inc;
	}
	s->cursor = s->fresh ? br.j.h->head : cautious_cursor();
	subs_keep(s->cursor);
	s->welcomed = true;
	s->moved = loop_now(proc.loop);
	/* the first bytes on a fresh socket always fit; a closed one is the master's to tell */
	if (send(s->fd, out, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		s->broken = true;
}

void
sub_attach(unsigned index, uint32_t inc, int fd)
{
	struct sub *s = &subs[index];

	CHECK(index < SUBS_MAX);
	sub_drop(s);
	s->live = true;
	s->inc = inc;
	s->fd = fd;
	if (loop_add(proc.loop, &s->io, fd, 0, readable, s) < 0)
		fatal("subscriber's channel: %s", strerror(errno));
	if (br.greeted)
		welcome(s);
}

void
subs_welcome(void)
{
	br.greeted = true;
	for (unsigned i = 0; i < SUBS_MAX; i++) {
		if (subs[i].live)
			welcome(&subs[i]);
	}
}

bool
sub_alive(unsigned index, uint32_t inc)
{
	return index < SUBS_MAX && subs[index].live && subs[index].inc == inc;
}

void
sub_gone(unsigned index, uint32_t inc)
{
	if (index < SUBS_MAX && subs[index].inc == inc)
		sub_drop(&subs[index]);
	jobs_forget(index, inc);
	promises_forget(index, inc);
	if (index == SUB_STORE)
		store_gone();
}
