/* handover.c - see handover.h.
 *
 * A connection goes through stages: who reads its first bytes is the protocol's first stage, and the last one is a worker. At each
 * it is given to the process with the fewest; what one process gets in a turn leaves in one packet (at most FDPASS_MAX in each).
 * The master keeps its own copy of the descriptor until that process has said that it took it.
 *
 * What is inside of an encrypted connection is another one, with a number of its own, which is not counted again, neither in all
 * nor at its address. Nothing ties the two together but the socketpair: whichever ends first, the other one sees its end. Only when a
 * gateway says inside for whom it speaks is the one around it counted at the gateway's address no longer.
 */
#include "config.h"

#include "master/handover.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

/* The keys are our own numbers, one after the other. */
#define HASH_FUNCTION(p, n, out) \
	((out) = (unsigned)(*(const uint64_t *)(const void *)(p)*0x9e3779b97f4a7c15u >> 32))
#include <uthash.h>

#include "lib/fdpass.h"
#include "lib/log.h"
#include "lib/net.h"
#include "lib/util.h"
#include "master/accept.h"
#include "master/address.h"
#include "master/admit.h"
#include "master/child.h"
#include "master/master.h"
#include "master/shm.h"
#include "master/sockaddr.h"

#define INFLIGHT_MAX 256 /* sent to one process, not reported as taken */
#define TRIES_MAX 3 /* processes that die over the same connection */
#define FDS_OF_A_CHILD 32 /* that are not connections */

struct conn {
	uint64_t id;
	struct child *holder; /* NULL: waits for one */
	struct address *address; /* NULL: a Unix socket's, or the inside of another: not counted */
	bool inner; /* is what chatd-tls has made plain */
	uint64_t outer; /* inner: of this connection */
	bool proxied; /* its holder is to say whose it is */
	bool gateway; /* from a host of irc.webirc: its holder may say so, once */
	struct flight *flight; /* owned; NULL: taken */
	struct conn_rec *rec; /* owned; as it goes on, or comes from a proxy; NULL: no next stage */
	LIST_ENTRY(conn) link; /* in its holder's conns */
	UT_hash_handle hh;
};

/* What is needed until its holder has taken it. */
struct flight {
	struct conn *conn;
	int fd;
	unsigned role; /* of the process that it is for */
	unsigned tries;
	struct conn_rec rec;
	char *early; /* owned; what the stage before has read of the next one's; NULL: nothing */
	size_t early_n;
	TAILQ_ENTRY(flight) link; /* in its holder's flights, or in its stage's waiting */
};
TAILQ_HEAD(flights, flight);

/* To be sent to a process at the end of this turn. */
struct parcel {
	unsigned n;
	struct conn_rec recs[FDPASS_MAX];
	int fds[FDPASS_MAX];
};

/* By the role of the processes that do it. */
static struct stage {
	struct flights waiting; /* nobody can take them now */
	unsigned n;
} stages[ROLE_COUNT];

static struct conn *conns; /* by id */
static unsigned nconns;
static uint64_t last_id;
static struct parcel parcels[CHILDREN_MAX];
static unsigned inflight_max = INFLIGHT_MAX;
static unsigned each_max[ROLE_COUNT]; /* connections that a process may have */
static bool stopped;

unsigned
handover_first(unsigned protocol, bool tls)
{
	if (tls)
		return ROLE_TLS;
	return protocol == PROTO_WEB ? ROLE_WEB : ROLE_WORKER;
}

bool
handover_passes(unsigned role)
{
	return role == ROLE_WEB || role == ROLE_TLS;
}

static bool
is_stage(unsigned role)
{
	return role == ROLE_WORKER || handover_passes(role);
}

/* --- to whom ------------------------------------------------------------------------------ */

/* The one with the fewest connections among those that may get more; NULL: none now. full_r: it is connections that are too
 * many, not those on the way. */
static struct child *
pick(unsigned role, bool *full_r)
{
	struct child *best = NULL;

	*full_r = false;
	for (unsigned i = 0; i < child_count(); i++) {
		struct child *c = child_nth(i);

		if (c->role != role || c->state != CHILD_READY || c->inflight >= inflight_max)
			continue;
		if (c->sessions >= each_max[role])
			*full_r = true;
		else if (best == NULL || c->sessions < best->sessions)
			best = c;
	}
	return best;
}

static struct parcel *
parcel_of(const struct child *c)
{
	return &parcels[c - child_nth(0)];
}

static void
send_parcel(struct child *c)
{
	struct parcel *p = parcel_of(c);
	struct m_conns m = {.conns = {(const char *)p->recs, p->n * sizeof(struct conn_rec)}};
	char frame[8192 + 64];

	if (p->n == 0)
		return;
	/* when it fails, the process is dying, and they are handed to another at its death */
	child_send(c, frame, m_conns_put(frame, sizeof(frame), &m), p->fds, p->n, false);
	p->n = 0;
}

/* In front of the packet that the connection is in. */
static void
send_early(struct child *c, const struct flight *f)
{
	struct m_conn_early m = {.id = f->conn->id, .bytes = {f->early, f->early_n}};
	char frame[CONN_EARLY_MAX + 64];

	if (f->early_n > 0)
		child_send(c, frame, m_conn_early_put(frame, sizeof(frame), &m), NULL, 0, false);
}

static void
give_to(struct child *c, struct flight *f)
{
	struct parcel *p = parcel_of(c);

	f->conn->holder = c;
	LIST_INSERT_HEAD(&c->conns, f->conn, link);
	TAILQ_INSERT_TAIL(&c->flights, f, link);
	c->sessions++;
	c->inflight++;
	f->tries++;
	send_early(c, f);
	p->recs[p->n] = f->rec;
	p->fds[p->n++] = f->fd;
	if (p->n == FDPASS_MAX)
		send_parcel(c);
}

static void
keep(struct flight *f)
{
	TAILQ_INSERT_TAIL(&stages[f->role].waiting, f, link);
	stages[f->role].n++;
}

/* Into the hands of the one with the fewest; of nobody yet, when none can take it. */
static void
give_or_keep(struct flight *f)
{
	bool full;
	struct child *c = stages[f->role].n == 0 ? pick(f->role, &full) : NULL;

	if (c != NULL)
		give_to(c, f);
	else
		keep(f);
}

static void
give_waiting(unsigned role)
{
	struct stage *s = &stages[role];
	struct flight *f;
	struct child *c;
	bool full;

	while ((f = TAILQ_FIRST(&s->waiting)) != NULL && children_accepting() &&
	       (c = pick(role, &full)) != NULL) {
		TAILQ_REMOVE(&s->waiting, f, link);
		s->n--;
		give_to(c, f);
	}
}

void
handover_waiting(void)
{
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		give_waiting(r);
}

enum handover_room
handover_room(unsigned role)
{
	bool full;

	if (pick(role, &full) != NULL)
		return stages[role].n == 0 ? ROOM_YES : ROOM_LATER;
	return full ? ROOM_FULL : ROOM_LATER;
}

static void
end_of_turn(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < child_count(); i++)
		send_parcel(child_nth(i));
}

/* --- the end of a connection -------------------------------------------------------------- */

static void
land(struct flight *f)
{
	close(f->fd);
	f->conn->flight = NULL;
	free(f->early);
	free(f);
	accept_fd_back();
}

/* Nobody's for the moment. */
static void
take_from(struct conn *c)
{
	LIST_REMOVE(c, link);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): whoever has it in a list is its holder */
	c->holder->sessions--;
	c->holder = NULL;
}

/* It is its address's no more. */
static void
uncount(struct conn *c)
{
	if (c->address == NULL)
		return;
	address_remove(c->address);
	address_put(c->address, loop_now_us(master.loop));
	c->address = NULL;
}

static void
forget(struct conn *c)
{
	if (c->holder != NULL)
		take_from(c);
	uncount(c);
	if (c->flight != NULL)
		land(c->flight);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is in the table: the macro knows no more */
	HASH_DEL(conns, c);
	nconns -= !c->inner;
	free(c->rec);
	free(c);
}

/* --- a new one, and one that goes on ------------------------------------------------------- */

static struct flight *
flight_new(struct conn *c, unsigned role, int fd, const struct conn_rec *rec)
{
	struct flight *f = xcalloc(1, sizeof(*f));

	c->flight = f;
	f->conn = c;
	f->role = role;
	f->fd = fd;
	f->rec = *rec;
	return f;
}

/* To be given to a process of this role. */
static struct conn *
conn_new(unsigned role, int fd, const struct conn_rec *rec)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	struct flight *f = flight_new(c, role, fd, rec);
	char hex[CERT_MAX + 1];

	c->id = f->rec.id = ++last_id;
	if (rec->has_cert)
		cert_proof(shm_cert_key(), c->id, cert_hex(rec->cert, hex), f->rec.proof);
	HASH_ADD(hh, conns, id, sizeof(c->id), c);
	if (role != ROLE_WORKER || rec->proxy) {
		c->rec = xcalloc(1, sizeof(*c->rec));
		*c->rec = f->rec;
	}
	return c;
}

static bool
is_gateway(const struct conn_rec *rec)
{
	struct str rest = str_of(master.set.opt.webirc);
	struct webirc_block b;

	while (rec->protocol == PROTO_IRC && webirc_next(&rest, &b)) {
		if (webirc_has(&b, rec->address))
			return true;
	}
	return false;
}

void
handover_new(int fd, const struct conn_rec *rec, struct address *a)
{
	struct conn *c = conn_new(handover_first(rec->protocol, rec->tls), fd, rec);

	c->address = a;
	if (a != NULL)
		address_add(a);
	c->proxied = rec->proxy;
	c->gateway = is_gateway(rec);
	nconns++;
	log_trace(conn, "%llu from %s port %u", (unsigned long long)c->id, rec->address, rec->port);
	give_or_keep(c->flight);
}

/* One that from has said it has, and may still give on; NULL: there is none. */
static struct conn *
conn_of(const struct child *from, uint64_t id)
{
	struct conn *c;

	HASH_FIND(hh, conns, &id, sizeof(id), c);
	return c != NULL && c->holder == from && c->flight == NULL && c->rec != NULL && !c->proxied
		   ? c
		   : NULL;
}

bool
handover_pass(struct child *from, const void *frame, size_t len, int fd)
{
	struct m_conn_pass m;
	struct flight *f;
	struct conn *c;

	if (!m_conn_pass_get(frame, len, &m))
		return false;
	c = conn_of(from, m.id);
	if (c == NULL || m.ws == 0 || m.ws >= WS_COUNT)
		return false;
	take_from(c);
	c->rec->ws = m.ws;
	f = flight_new(c, ROLE_WORKER, fd, c->rec);
	free(c->rec);
	c->rec = NULL;
	if (m.early.n > 0) {
		f->early = xcalloc(1, m.early.n);
		memcpy(f->early, m.early.p, m.early.n);
		f->early_n = m.early.n;
	}
	log_trace(conn, "%llu goes on", (unsigned long long)c->id);
	if (stopped)
		forget(c);
	else
		give_or_keep(f);
	return true;
}

bool
handover_plain(struct child *from, const void *frame, size_t len, int fd)
{
	struct conn_rec rec;
	struct m_conn_plain m;
	struct conn *c, *inner;

	if (!m_conn_plain_get(frame, len, &m) || (m.cert.n != 0 && m.cert.n != sizeof(rec.cert)))
		return false;
	c = conn_of(from, m.id);
	if (c == NULL)
		return false;
	rec = *c->rec;
	free(c->rec); /* it has one inside */
	c->rec = NULL;
	rec.tls_version = m.version;
	rec.tls_cipher = m.cipher;
	rec.has_cert = m.cert.n > 0;
	memcpy(rec.cert, m.cert.p, m.cert.n);
	inner = conn_new(handover_first(rec.protocol, false), fd, &rec);
	inner->inner = true;
	inner->outer = c->id;
	inner->gateway = is_gateway(&rec);
	log_trace(conn, "%llu is inside of %llu", (unsigned long long)inner->id,
		  (unsigned long long)m.id);
	if (stopped)
		forget(inner);
	else
		give_or_keep(inner->flight);
	return true;
}

static void
uncount_outer(const struct conn *inner)
{
	struct conn *c;

	HASH_FIND(hh, conns, &inner->outer, sizeof(inner->outer), c);
	if (c != NULL)
		uncount(c);
}

/* What the header in front of it says, or its gateway, as its holder has it: to be counted at the real address. NULL: it may come in. */
static const char *
really_from(struct conn *c, const struct m_conn_from *m)
{
	/* a gateway's goes nowhere else from its worker, and these speak IRC */
	struct conn_rec last = {.protocol = PROTO_IRC, .tls = c->inner};
	struct conn_rec *rec = c->rec != NULL ? c->rec : &last;
	char text[49];
	const char *why;
	struct net net;

	c->proxied = c->gateway = false;
	rec->proxy = 0;
	bprintf(text, sizeof(text), STR_FMT, STR_ARG(m->address));
	if (m->address.n == 0 || !net_parse(text, &net))
		return c->rec != NULL ? admit_real(rec, NULL, NULL) : NULL; /* the proxy's own */
	uncount(c);
	uncount_outer(c);
	bprintf(rec->address, sizeof(rec->address), "%s", text);
	rec->port = m->port;
	rec->loopback = m->tls || (rec->loopback && sockaddr_is_loopback(net.bytes));
	why = admit_real(rec, net.bytes, &c->address);
	if (c->address != NULL)
		address_add(c->address);
	log_trace(conn, "%llu is from %s port %u", (unsigned long long)c->id, text, m->port);
	return why;
}

bool
handover_from(struct child *from, const void *frame, size_t len)
{
	struct m_conn_admit answer;
	struct m_conn_from m;
	struct conn *c;
	const char *why;
	char out[256];

	if (!m_conn_from_get(frame, len, &m))
		return false;
	HASH_FIND(hh, conns, &m.id, sizeof(m.id), c);
	if (c == NULL || c->holder != from || c->flight != NULL)
		return false;
	if (!c->proxied && !c->gateway)
		return true; /* it was none when it came in, and is counted where it is */
	why = really_from(c, &m);
	answer = (struct m_conn_admit){
	    .id = m.id, .ok = why == NULL, .why = str_of(why != NULL ? why : "")};
	child_send(from, out, m_conn_admit_put(out, sizeof(out), &answer), NULL, 0, false);
	return true;
}

/* --- what their holders tell, and their deaths --------------------------------------------- */

bool
handover_report(struct child *h, const void *frame, size_t len)
{
	struct m_conn_report m;

	/* not before they have been sent: by then the number of a descriptor might be another's */
	if (!m_conn_report_get(frame, len, &m) || m.taken > h->inflight - parcel_of(h)->n)
		return false;
	for (uint32_t i = 0; i < m.taken; i++) {
		struct flight *f = TAILQ_FIRST(&h->flights);

		TAILQ_REMOVE(&h->flights, f, link);
		h->inflight--;
		land(f);
	}
	h->taken += m.taken;
	for (size_t i = 0; i < m.closed.n; i++) {
		uint64_t id = ids_at(m.closed, i);
		struct conn *c;

		HASH_FIND(hh, conns, &id, sizeof(id), c);
		/* it speaks for its own connections only */
		if (c == NULL || c->holder != h || c->flight != NULL)
			return false;
		forget(c);
	}
	return true;
}

void
handover_dead(struct child *h)
{
	struct flight *f;
	struct conn *c;
	uint64_t taken, had;

	if (!is_stage(h->role))
		return;
	parcel_of(h)->n = 0;
	taken = shm_board_taken(h->role, h->index);
	had = taken - h->taken; /* received, and not told of any more */
	h->taken = taken;
	while ((f = TAILQ_FIRST(&h->flights)) != NULL) {
		TAILQ_REMOVE(&h->flights, f, link);
		h->inflight--;
		if (had > 0) {
			had--;
			continue; /* forgotten below: it has been spoken to */
		}
		if (f->tries >= TRIES_MAX || stopped)
			continue; /* so is this: it may well be what kills them */
		take_from(f->conn);
		keep(f);
	}
	while ((c = LIST_FIRST(&h->conns)) != NULL)
		forget(c);
	CHECK(h->sessions == 0 && h->inflight == 0);
}

/* --- beginning and end --------------------------------------------------------------------- */

void
handover_init(void)
{
	uint64_t limit = master.fd_limit, takers;
	unsigned limit_each;

	for (unsigned r = 0; r < ROLE_COUNT; r++)
		TAILQ_INIT(&stages[r].waiting);
	limit_each =
	    (unsigned)MIN(limit > FDS_OF_A_CHILD + 1 ? limit - FDS_OF_A_CHILD : 2, UINT32_MAX);
	each_max[ROLE_WORKER] = limit_each;
	each_max[ROLE_WEB] = limit_each / 2; /* with a file for each */
	each_max[ROLE_TLS] = limit_each / 2; /* each has an inside */
	/* our own copies: half of our descriptors at most */
	takers = master.workers + (protocol_built(PROTO_WEB) ? master.set.opt.web_processes : 0) +
		 (tls_built() ? master.set.opt.tls_processes : 0);
	inflight_max = (unsigned)MAX(MIN(limit / (2 * takers), INFLIGHT_MAX), 4);
	loop_each_turn(master.loop, end_of_turn, NULL);
}

unsigned
handover_each_max(unsigned role)
{
	return each_max[role];
}

void
handover_stop(void)
{
	struct flight *f;

	stopped = true;
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		while ((f = TAILQ_FIRST(&stages[r].waiting)) != NULL) {
			TAILQ_REMOVE(&stages[r].waiting, f, link);
			stages[r].n--;
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what is freed has left the list */
			forget(f->conn);
		}
	}
}

bool
handover_under_way(void)
{
	for (unsigned i = 0; i < child_count(); i++) {
		if (child_nth(i)->inflight > 0)
			return true;
	}
	for (unsigned r = 0; r < ROLE_COUNT; r++) {
		if (stages[r].n > 0)
			return true;
	}
	return false;
}

unsigned
handover_conns(void)
{
	return nconns;
}
