/* auth.c - see auth.h: the broker's channels to chatd-auth.
 *
 * All that can be under way fits into a socket's buffer, so a write that does not fit is a process
 * that does not work: it is given up like one that says what it may not say.
 */
#include "config.h"

#include "broker/auth.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/broker.h"
#include "ipc/proc.h"
#include "ipc/pwhash.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/util.h"

static struct auth {
	bool live;
	uint32_t inc;
	int fd;
	unsigned load; /* checks it has not answered */
	struct loop_io io;
	char in[512];
	size_t in_len;
} auths[AUTH_MAX];

enum check_state { CHECK_FREE, CHECK_ASKED, CHECK_ANSWERED };

static struct check {
	enum check_state state;
	enum auth_answer answer;
	unsigned by; /* index of the process that was asked */
	struct auth_ask ask;
	size_t hash_len, password_len;
	char hash[PWHASH_MAX], password[PASSWORD_MAX];
} checks[AUTH_PENDING_MAX];

static unsigned pending, last_asked;
static uint32_t last_ticket;

static void readable(int fd, unsigned what, void *arg);

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
send_check(struct auth *a, struct check *c)
{
	char frame[IPC_HDR + 12 + PWHASH_MAX + PASSWORD_MAX];
	struct m_a_check m = {.ticket = c->ask.ticket,
			      .memory = PWHASH_MEM_KIB,
			      .hash = {c->hash, c->hash_len},
			      .password = {c->password, c->password_len}};
	size_t n = m_a_check_put(frame, sizeof(frame), &m);
	ssize_t sent = send(a->fd, frame, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	explicit_bzero(frame, sizeof(frame));
	if (sent != (ssize_t)n)
		return false;
	c->state = CHECK_ASKED;
	c->by = last_asked = (unsigned)(a - auths);
	a->load++;
	return true;
}

static void answered(struct check *c, enum auth_answer answer);

/* Until somebody takes it, or nobody is left. */
static void
ask(struct check *c)
{
	struct auth *a;

	while ((a = choose()) != NULL) {
		if (send_check(a, c))
			return;
		/* what others wait for is asked again when the master says that it is dead, or at once by
		 * its closed channel */
		give_up(a, "it does not take what it is asked");
		auth_gone((unsigned)(a - auths), 0);
	}
	answered(c, AUTH_LOST);
}

uint32_t
auth_check(const struct auth_ask *what, struct str hash, struct str password)
{
	struct check *c = NULL;

	if (choose() == NULL || hash.n > PWHASH_MAX || password.n > PASSWORD_MAX)
		return 0;
	for (unsigned i = 0; i < AUTH_PENDING_MAX; i++) {
		if (checks[i].state == CHECK_FREE)
			c = &checks[i];
		else if (checks[i].ask.user == what->user)
			return 0;
	}
	if (c == NULL)
		return 0;
	/* never 0; and not the same as those that the last broker gave */
	if (last_ticket == 0)
		last_ticket = (uint32_t)br.j.seq;
	last_ticket += last_ticket + 1 == 0 ? 2 : 1;
	c->ask = *what;
	c->ask.ticket = last_ticket;
	memcpy(c->hash, hash.p, hash.n);
	memcpy(c->password, password.p, password.n);
	c->hash_len = hash.n;
	c->password_len = password.n;
	pending++;
	ask(c);
	return c->ask.ticket;
}

/* --- answers ------------------------------------------------------------------------------------------- */

/* It is delivered when the journal has room. */
static void
answered(struct check *c, enum auth_answer answer)
{
	c->state = CHECK_ANSWERED;
	c->answer = answer;
	explicit_bzero(c->password, sizeof(c->password));
	explicit_bzero(c->hash, sizeof(c->hash));
}

void
auth_resume(void)
{
	for (unsigned i = 0; pending > 0 && i < AUTH_PENDING_MAX; i++) {
		struct check *c = &checks[i];

		if (c->state != CHECK_ANSWERED)
			continue;
		if (!br.recovered || !subs_room())
			return;
		c->ask.fn(&c->ask, c->answer);
		c->state = CHECK_FREE;
		pending--;
	}
}

static bool
take_result(struct auth *a, const char *frame, size_t len)
{
	struct m_a_result m;

	if (!m_a_result_get(frame, len, &m))
		return false;
	for (unsigned i = 0; i < AUTH_PENDING_MAX; i++) {
		struct check *c = &checks[i];

		if (c->state == CHECK_ASKED && c->by == (unsigned)(a - auths) &&
		    c->ask.ticket == m.ticket) {
			a->load--;
			answered(c, m.ok ? AUTH_FITS : AUTH_WRONG);
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
	       take_result(a, a->in + at, (size_t)n))
		at += (size_t)n;
	if (n != 0 || a->in_len - at == sizeof(a->in)) {
		give_up(a, "it sent what it may not send");
		auth_gone(index, 0);
		return;
	}
	a->in_len -= at;
	memmove(a->in, a->in + at, a->in_len);
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
}

/* What it had not answered is asked again, of another. */
void
auth_gone(unsigned index, uint32_t inc)
{
	if (index >= AUTH_MAX || (auths[index].live && auths[index].inc != inc))
		return;
	drop(&auths[index]);
	for (unsigned i = 0; i < AUTH_PENDING_MAX; i++) {
		if (checks[i].state == CHECK_ASKED && checks[i].by == index)
			ask(&checks[i]);
	}
}

void
auth_fini(void)
{
	for (unsigned i = 0; i < AUTH_MAX; i++)
		drop(&auths[i]);
	explicit_bzero(checks, sizeof(checks));
	pending = last_asked = last_ticket = 0;
}
