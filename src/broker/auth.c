/* auth.c - see auth.h.
 *
 * Each process is given a few questions at a time, which always fit into its socket: a write that does not is a
 * process that does not work, and it is given up like one that says what it may not say. The other questions wait here.
 */
#include "config.h"

#include "broker/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/job.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"

#define LOAD_MAX 4u /* questions that one process has at a time */
#define ANSWER_MAX 4096

static struct auth {
	bool live;
	uint32_t inc;
	int fd;
	unsigned load; /* questions it has not answered */
	struct loop_io io;
	char in[ANSWER_MAX];
	size_t in_len;
} auths[AUTH_MAX];

enum ask_state { ASK_FREE, ASK_WAITS, ASK_SENT, ASK_ANSWERED, ASK_LOST };

static struct ask {
	enum ask_state state;
	uint32_t ticket;
	unsigned by; /* index of the process that was asked */
	unsigned deaths; /* of processes that had it */
	unsigned behind;
	uint64_t order;
	char *frame; /* owned: the question, then its answer; wiped before it is freed */
	size_t len;
} asks[AUTH_PENDING_MAX];

#define DEADLY 3

uint64_t auth_await_ms = 3000;

static unsigned pending, last_asked;
static uint64_t orders;
static uint64_t alone_since; /* mono ms; somebody waits, and nobody is there; 0: it is not so */
static struct loop_timer alone_timer;

static void readable(int fd, unsigned what, void *arg);

static void
frame_set(struct ask *k, const void *frame, size_t len)
{
	if (k->frame != NULL)
		explicit_bzero(k->frame, k->len);
	free(k->frame);
	k->frame = NULL;
	k->len = len;
	if (len > 0) {
		k->frame = xcalloc(1, len);
		memcpy(k->frame, frame, len);
	}
}

/* --- asking ------------------------------------------------------------------------------------------ */

/* The least busy one, and among those the one that comes after who was asked last; NULL: nobody is there. */
static struct auth *
choose(void)
{
	struct auth *best = NULL;

	for (unsigned i = 1; i <= AUTH_MAX; i++) {
		struct auth *a = &auths[(last_asked + i) % AUTH_MAX];

		if (a->live && (best == NULL || a->load < best->load))
			best = a;
	}
	return best;
}

static void
drop(struct auth *a)
{
	if (a->live) {
		loop_del(proc.loop, &a->io);
		close(a->fd);
	}
	explicit_bzero(a->in, sizeof(a->in));
	*a = (struct auth){.fd = -1};
}

/* Its peer's mistake costs it its life. */
static void
give_up(struct auth *a, const char *why)
{
	struct m_hung m = {.role = ROLE_AUTH, .index = (uint16_t)(a - auths), .inc = a->inc};
	char out[64];

	log_err("auth %u is given up: %s", (unsigned)(a - auths), why);
	drop(a);
	proc_send(out, m_hung_put(out, sizeof(out), &m));
}

static bool
goes_before(const struct ask *a, const struct ask *b)
{
	return a->behind != b->behind ? a->behind < b->behind : a->order < b->order;
}

/* People at one address take turns with those at others; of these the one that has waited longest. */
static struct ask *
first_waiting(void)
{
	struct ask *first = NULL;

	for (unsigned i = 0; pending > 0 && i < AUTH_PENDING_MAX; i++) {
		if (asks[i].state == ASK_WAITS && (first == NULL || goes_before(&asks[i], first)))
			first = &asks[i];
	}
	return first;
}

/* What it had not answered waits again, for another; but not what may be what they die of. */
static void
take_back(unsigned index)
{
	for (unsigned i = 0; i < AUTH_PENDING_MAX; i++) {
		struct ask *k = &asks[i];

		if (k->state != ASK_SENT || k->by != index)
			continue;
		k->state = ++k->deaths < DEADLY ? ASK_WAITS : ASK_LOST;
		if (k->state == ASK_LOST) {
			log_err("a question was with %d auth processes that died: it is answered "
				"by nobody",
				DEADLY);
			frame_set(k, NULL, 0);
		}
	}
}

static void
alone_too_long(void *arg)
{
	struct ask *k;

	(void)arg;
	while ((k = first_waiting()) != NULL) {
		k->state = ASK_LOST;
		frame_set(k, NULL, 0);
	}
}

/* The master starts another one; what waits meanwhile has a bound. Once that is over nobody waits before one has come. */
static void
await_successor(void)
{
	uint64_t now = loop_now(proc.loop);

	if (alone_since == 0) {
		alone_since = now;
		loop_timer_start(proc.loop, &alone_timer, auth_await_ms, alone_too_long, NULL);
	}
	if (now - alone_since >= auth_await_ms)
		alone_too_long(NULL);
}

/* What waits is given to those who have time. */
static void
distribute(void)
{
	struct auth *a;
	struct ask *k;

	while ((k = first_waiting()) != NULL) {
		a = choose();
		if (a == NULL)
			await_successor();
		if (a == NULL || a->load >= LOAD_MAX)
			return;
		if (send(a->fd, k->frame, k->len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)k->len) {
			k->state = ASK_SENT;
			k->by = last_asked = (unsigned)(a - auths);
			a->load++;
		} else {
			give_up(a, "it does not take what it is asked");
			take_back((unsigned)(a - auths));
		}
	}
}

bool
auth_open(void)
{
#ifdef HAVE_SODIUM
	return pending < AUTH_PENDING_MAX;
#else
	return false;
#endif
}

bool
auth_has_time(void)
{
	return pending < AUTH_TIME_MAX;
}

bool
auth_ask(uint32_t ticket, unsigned behind, const void *frame, size_t len)
{
	struct ask *k = asks;

	if (!auth_open())
		return false;
	while (k->state != ASK_FREE)
		k++;
	k->state = ASK_WAITS;
	k->ticket = ticket;
	k->deaths = 0;
	k->behind = behind;
	k->order = ++orders;
	frame_set(k, frame, len);
	pending++;
	distribute();
	return true;
}

void
auth_forget(uint32_t ticket)
{
	for (unsigned i = 0; pending > 0 && i < AUTH_PENDING_MAX; i++) {
		struct ask *k = &asks[i];

		if (k->state != ASK_WAITS || k->ticket != ticket)
			continue;
		frame_set(k, NULL, 0);
		k->state = ASK_FREE;
		pending--;
	}
}

/* --- answers ------------------------------------------------------------------------------------------- */

void
auth_resume(void)
{
	for (unsigned i = 0; pending > 0 && i < AUTH_PENDING_MAX; i++) {
		struct ask *k = &asks[i];

		if (k->state != ASK_ANSWERED && k->state != ASK_LOST)
			continue;
		if (!br.recovered || !subs_room())
			return;
		/* whoever hears it may ask on at once */
		k->state = ASK_LOST;
		jobs_auth_answered(k->frame, k->len, k->ticket);
		frame_set(k, NULL, 0);
		k->state = ASK_FREE;
		pending--;
	}
}

static bool
take_answer(struct auth *a, const char *frame, size_t len)
{
	uint32_t ticket;

	if (!ipc_allowed(ipc_type(frame), ROLE_AUTH, ROLE_BROKER) || len < IPC_HDR + sizeof(ticket))
		return false;
	memcpy(&ticket, frame + IPC_HDR, sizeof(ticket));
	for (unsigned i = 0; i < AUTH_PENDING_MAX; i++) {
		struct ask *k = &asks[i];

		if (k->state == ASK_SENT && k->by == (unsigned)(a - auths) && k->ticket == ticket &&
		    ipc_type(k->frame) + 1 == ipc_type(frame)) {
			a->load--;
			k->state = ASK_ANSWERED;
			frame_set(k, frame, len);
			return true;
		}
	}
	return false; /* nobody asked it that */
}

static void
readable(int fd, unsigned what, void *arg)
{
	struct auth *a = arg;
	unsigned index = (unsigned)(a - auths);
	size_t at = 0;
	ssize_t n = recv(fd, a->in + a->in_len, sizeof(a->in) - a->in_len, MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		auth_gone(index, a->inc);
		return;
	}
	a->in_len += (size_t)n;
	while ((n = ipc_frame(a->in + at, a->in_len - at)) > 0 &&
	       take_answer(a, a->in + at, (size_t)n))
		at += (size_t)n;
	if (n != 0 || a->in_len - at == sizeof(a->in)) {
		give_up(a, "it sent what it may not send");
		auth_gone(index, 0);
		return;
	}
	a->in_len -= at;
	memmove(a->in, a->in + at, a->in_len);
	explicit_bzero(a->in + a->in_len, at);
	distribute();
}

/* --- coming and going ------------------------------------------------------------------------------------ */

void
auth_attach(unsigned index, uint32_t inc, int fd)
{
	struct auth *a = &auths[index];

	CHECK(index < AUTH_MAX);
	auth_gone(index, a->inc);
	a->live = true;
	a->inc = inc;
	a->fd = fd;
	if (loop_add(proc.loop, &a->io, fd, EPOLLIN, readable, a) < 0)
		fatal("auth's channel: %s", strerror(errno));
	loop_timer_stop(proc.loop, &alone_timer);
	alone_since = 0;
	distribute();
}

void
auth_gone(unsigned index, uint32_t inc)
{
	if (index >= AUTH_MAX || (auths[index].live && auths[index].inc != inc))
		return;
	drop(&auths[index]);
	take_back(index);
	distribute();
}

void
auth_fini(void)
{
	for (unsigned i = 0; i < AUTH_MAX; i++)
		drop(&auths[i]);
	for (unsigned i = 0; i < AUTH_PENDING_MAX; i++)
		frame_set(&asks[i], NULL, 0);
	memset(asks, 0, sizeof(asks));
	pending = last_asked = 0;
	loop_timer_stop(proc.loop, &alone_timer);
	alone_since = 0;
}
