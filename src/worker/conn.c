/* conn.c - connections: their places, their beginning, their end. See conn.h; reading is input.c's,
 * writing outq.c's. */
#include "config.h"

#include "worker/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/handed.h"
#include "ipc/proc.h"
#include "lib/log.h"
#include "lib/net.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/account.h"
#include "worker/backlog.h"
#include "worker/input.h"
#include "worker/irc/irc.h"
#include "worker/outq.h"
#include "worker/query.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/history.h"
#include "worker/ticket.h"
#include "worker/share.h"
#include "worker/tongue.h"
#include "worker/websock.h"
#include "worker/worker.h"

#define CHUNK 64u /* conns allocated together */
#define LINGER_MS 1000u
#define HALF_MS 10000u

static struct {
	struct conn **chunks; /* owned array of owned arrays of CHUNK */
	uint32_t nchunks, places, limit, count, unnamed;
	uint32_t *free; /* owned stack of places */
	uint32_t nfree, free_cap;
	struct conn **by_slot; /* owned: the broker's slot -> conn */
	uint32_t nslots;
	struct conn_list ended;
	struct due_list login, idle, half, linger;
} conns;

void
conn_list_add(struct conn_list *l, struct conn *c)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->v = xrealloc(l->v, l->cap * sizeof(struct conn *));
	}
	l->v[l->n++] = c;
}

/* --- deadlines ---------------------------------------------------------------------- */

static struct conn *
conn_of_due(struct due *d)
{
	return (struct conn *)((char *)d - offsetof(struct conn, due));
}

static uint64_t
login_ms(void)
{
	return proc.opt.login_time * 1000;
}

static uint64_t
idle_ms(void)
{
	return proc.opt.idle * 1000;
}

static uint64_t
linger_ms(void)
{
	return LINGER_MS;
}

static uint64_t
half_ms(void)
{
	return HALF_MS;
}

static void
half_fire(struct due *d)
{
	conn_end(conn_of_due(d), "", false);
}

static void
login_fire(struct due *d)
{
	struct conn *c = conn_of_due(d);

	tell(c, "You have not chosen a name in time. Good bye.");
	count(CTR_dropped_login);
	conn_end(c, "no name in time", false);
}

static void
idle_fire(struct due *d)
{
	struct conn *c = conn_of_due(d);

	tell(c, "You have been silent for too long. Good bye.");
	count(CTR_dropped_idle);
	conn_end(c, "idle", false);
}

static void
linger_fire(struct due *d)
{
	conn_forget(conn_of_due(d));
}

void
conn_touch(struct conn *c)
{
	conn_board(c)->last_line_ms = worker_wall_ms();
	if (c->flags & CONN_HALF)
		return;
	if (proc.opt.idle != 0 && c->state == CONN_READY)
		due_add(&conns.idle, &c->due);
	else if (c->state == CONN_READY)
		due_del(&c->due);
}

void
conns_rearm(void)
{
	for (uint32_t i = 0; i < conns.places && proc.opt.idle != 0; i++) {
		struct conn *c = conn_at(i);

		if (c != NULL && c->state == CONN_READY && !due_waits(&c->due))
			due_add(&conns.idle, &c->due);
	}
	due_rearm(&conns.login);
	due_rearm(&conns.idle);
	input_rearm();
	backlog_rearm();
}

/* --- places ------------------------------------------------------------------------- */

void
conns_init(struct loop *loop, unsigned slots)
{
	conns.limit = slots;
	conns.nchunks = (slots + CHUNK - 1) / CHUNK;
	conns.chunks = xcalloc(conns.nchunks ? conns.nchunks : 1, sizeof(struct conn *));
	due_init(&conns.login, loop, login_ms, login_fire);
	due_init(&conns.idle, loop, idle_ms, idle_fire);
	due_init(&conns.half, loop, half_ms, half_fire);
	due_init(&conns.linger, loop, linger_ms, linger_fire);
	input_init(loop);
	history_init(loop);
}

static struct conn *
place(uint32_t wslot)
{
	return &conns.chunks[wslot / CHUNK][wslot % CHUNK];
}

static struct conn *
place_get(void)
{
	struct conn *c;
	uint32_t wslot, gen;

	if (conns.nfree > 0) {
		wslot = conns.free[--conns.nfree];
	} else if (conns.places < conns.limit) {
		wslot = conns.places++;
		if (conns.chunks[wslot / CHUNK] == NULL) {
			void *p = aligned_alloc(64, CHUNK * sizeof(struct conn));

			if (p == NULL)
				fatal("out of memory");
			memset(p, 0, CHUNK * sizeof(struct conn));
			conns.chunks[wslot / CHUNK] = p;
		}
	} else {
		return NULL;
	}
	c = place(wslot);
	gen = c->gen;
	memset(c, 0, sizeof(*c));
	c->gen = gen;
	c->wslot = wslot;
	conns.count++;
	return c;
}

static void
place_put(struct conn *c)
{
	c->gen++;
	c->id = 0;
	if (conns.nfree == conns.free_cap) {
		conns.free_cap = conns.free_cap ? 2 * conns.free_cap : 64;
		conns.free = xrealloc(conns.free, conns.free_cap * sizeof(uint32_t));
	}
	conns.free[conns.nfree++] = c->wslot;
	conns.count--;
}

struct conn *
conn_at(uint32_t wslot)
{
	struct conn *c;

	if (wslot >= conns.places)
		return NULL;
	c = place(wslot);
	return c->id != 0 && !(c->flags & CONN_ENDED) ? c : NULL;
}

uint32_t
conns_places(void)
{
	return conns.places;
}

uint32_t
conns_count(void)
{
	return conns.count;
}

struct conn *
conn_of_user(uint64_t user)
{
	uint32_t slot = ID_SLOT(user);
	struct conn *c = slot < conns.nslots ? conns.by_slot[slot] : NULL;

	return c != NULL && c->user == user ? c : NULL;
}

/* user 0: nobody's any more. */
static void
set_user(struct conn *c, uint64_t user)
{
	uint32_t slot = ID_SLOT(user != 0 ? user : c->user);
	struct conn **at;

	if (slot >= conns.nslots) {
		uint32_t n = MAX(slot + 1, MAX(256u, 2 * conns.nslots));

		conns.by_slot = xrealloc(conns.by_slot, n * sizeof(struct conn *));
		memset(conns.by_slot + conns.nslots, 0, (n - conns.nslots) * sizeof(struct conn *));
		conns.nslots = n;
	}
	at = &conns.by_slot[slot];
	if (user != 0) {
		c->twin = conn_of_user(user);
		*at = c;
	} else {
		while (*at != NULL && *at != c)
			at = &(*at)->twin;
		if (*at == c)
			*at = c->twin;
	}
	c->user = user;
	conn_board(c)->user = user;
}

/* --- beginning and end -------------------------------------------------------------- */

static void
board_begin(struct conn *c, const struct conn_rec *rec)
{
	struct board_session *b = conn_board(c);

	memset(b, 0, sizeof(*b));
	b->tls_version = rec->tls_version;
	b->tls_cipher = rec->tls_cipher;
	b->has_cert = rec->has_cert;
	if (rec->has_cert)
		memcpy(board_own_more(c->wslot)->cert, rec->cert, sizeof(rec->cert));
}

void
conn_address_known(struct conn *c)
{
	struct net net;

	c->flags &= ~(unsigned)CONN_EXEMPT;
	if (proc.opt.limits_exempt[0] != '\0' && net_parse(c->peer, &net) &&
	    net_listed(proc.opt.limits_exempt, &net))
		c->flags |= CONN_EXEMPT;
	share_address(c, c->peer);
}

void
conn_open(const struct conn_rec *rec, int fd, struct str early)
{
	bool known =
	    rec->protocol < PROTO_COUNT && (rec->protocol == PROTO_WEB) == (rec->ws != WS_NONE);
	struct conn *c = known && !worker.draining ? place_get() : NULL;

	if (c == NULL) {
		shutdown(fd, SHUT_RDWR);
		close(fd);
		handed_closed(rec->id);
		return;
	}
	c->id = rec->id;
	c->protocol = rec->protocol;
	c->tls = rec->tls;
	c->port = rec->port;
	input_begin(c);
	c->peer = xstrndup(rec->address, strnlen(rec->address, sizeof(rec->address)));
	conn_address_known(c);
	if (rec->direct)
		c->flags |= CONN_DIRECT;
	if (conn_rec_is_private(rec))
		c->flags |= CONN_PRIVATE;
	board_begin(c, rec);
	gauge_set(CTR_sessions, conns.count);
	gauge_set(CTR_unnamed, ++conns.unnamed);
	if (c->protocol == PROTO_TELNET)
		c->tn = xcalloc(1, sizeof(*c->tn));
	else
		irc_open(c, rec->proof);
	if (c->protocol == PROTO_WEB)
		websock_open(c, rec->ws);
	due_add(&conns.login, &c->due);
	if (loop_add(worker.loop, &c->io, fd, EPOLLIN | EPOLLRDHUP, input_event, c) < 0) {
		log_err("epoll_ctl for a new connection: %s", strerror(errno));
		c->io.fd = fd;
		c->flags |= CONN_HUNG_UP;
		conn_drop(c, CTR_dropped_input, "not watched");
		return;
	}
	log_info("New connection from %s port %u, provisional name client%llu (%s%s)", c->peer,
		 c->port, (unsigned long long)c->id, protocol_name(c->protocol),
		 c->tls ? ", TLS" : "");
	tongue_of(c)->begin(c);
	input_early(c, early);
}

void
conn_half_closed(struct conn *c)
{
	if (c->flags & (CONN_HALF | CONN_ENDED))
		return;
	c->flags |= CONN_HALF;
	due_add(&conns.half, &c->due);
}

void
conn_named(struct conn *c, uint64_t user, struct str name)
{
	set_user(c, user);
	gauge_set(CTR_unnamed, --conns.unnamed);
	free(c->name);
	c->name = xstrndup(name.p, name.n);
	c->state = CONN_READY;
	conn_touch(c);
	log_info("Accepted new connection from %s:%u, username: %s, %u logged in", c->peer, c->port,
		 c->name, worker.reg != NULL ? (unsigned)registry_users(worker.reg) : 0);
	free(c->peer);
	c->peer = NULL;
}

void
conn_moved(struct conn *c, uint64_t user, struct str name)
{
	room_leave_all(c);
	set_user(c, 0);
	set_user(c, user);
	log_info("%s is a session of " STR_FMT " now", c->name, STR_ARG(name));
	free(c->name);
	c->name = xstrndup(name.p, name.n);
}

void
conn_answered(struct conn *c)
{
	if (!(c->flags & (CONN_ENDED | CONN_BARRIER)) && c->query == NULL)
		tongue_of(c)->answered(c);
}

/* The broker is told, unless it told us; the tables forget it. */
static void
forget_session(struct conn *c, const char *reason, bool quiet)
{
	if (c->user != 0) {
		log_info("Closed connection from: %s%s%s", c->name, reason[0] ? ", " : "", reason);
		if (!quiet && !(c->flags & CONN_LEAVING))
			request_quit(NULL, c->user, c->id, true, str_of(reason));
	} else {
		gauge_set(CTR_unnamed, --conns.unnamed);
		log_info("Closed connection from %s port %u before it had a name%s%s",
			 c->peer ? c->peer : "?", c->port, reason[0] ? ", " : "", reason);
	}
	room_leave_all(c);
	if (c->user != 0)
		set_user(c, 0);
	query_free(c);
	ticket_forget(c, TICKET_WAITS);
	history_forget(c);
}

void
conn_end(struct conn *c, const char *reason, bool quiet)
{
	if (c->flags & CONN_ENDED)
		return;
	tongue_of(c)->end(c, reason);
	if (c->protocol == PROTO_WEB)
		websock_end(c);
	forget_session(c, reason, quiet);
	c->flags |= CONN_ENDED;
	log_trace(conn, "client%llu at %u ends: %s", (unsigned long long)c->id, c->wslot, reason);
	due_del(&c->due);
	due_del(&c->tok_due);
	conn_list_add(&conns.ended, c);
}

void
conn_drop(struct conn *c, enum counter why, const char *reason)
{
	if (!(c->flags & CONN_ENDED)) {
		count(why);
		log_notice("dropped %s: %s", c->name != NULL ? c->name : "a client without a name",
			   reason);
		conn_end(c, reason, false);
	} else if (c->flags & CONN_LINGER) {
		conn_forget(c);
	}
	c->flags |= CONN_BROKEN;
}

void
conn_forget(struct conn *c)
{
	c->flags |= CONN_BROKEN;
	outq_free(c);
	conn_list_add(&conns.ended, c);
}

void
conns_linger_no_more(void)
{
	for (struct due *d = due_first(&conns.linger); d != NULL; d = due_after(&conns.linger, d)) {
		struct conn *c = conn_of_due(d);

		if (c->back == NULL)
			conn_forget(c);
	}
}

static void
conn_free(struct conn *c)
{
	outq_free(c);
	due_del(&c->due);
	loop_del(worker.loop, &c->io);
	close(c->io.fd);
	handed_closed(c->id);
	irc_close(c);
	account_is(c, STR_LIT(""));
	share_address(c, NULL);
	if (c->in != NULL)
		explicit_bzero(c->in, c->in_len); /* passwords wait there, too */
	free(c->in);
	free(c->tn);
	free(c->name);
	free(c->peer);
	free(c->rooms);
	memset(conn_board(c), 0, sizeof(struct board_session));
	place_put(c);
	gauge_set(CTR_sessions, conns.count);
}

/* All has been sent: may it be closed now? What comes when it is closed, or has come and was not read, is answered by a RST,
 * which may cost the peer our last words: who has not said that it goes may still be talking, and a WebSocket client answers
 * our close frame. The end of the whole process does not wait for that. */
static bool
read_out(struct conn *c)
{
	if (c->flags & (CONN_BROKEN | CONN_EOF))
		return true;
	shutdown(c->io.fd, SHUT_WR);
	return ((c->flags & CONN_LEAVING && c->protocol != PROTO_WEB) || worker.draining) &&
	       input_nothing_left(c);
}

static void
reap(struct conn *c)
{
	if (c->flags & CONN_BROKEN ||
	    (c->back == NULL && (c->flags & CONN_LINGER || read_out(c)))) {
		conn_free(c);
		return;
	}
	/* once: its deadline brings it here again, broken */
	c->flags |= CONN_LINGER;
	due_add(&conns.linger, &c->due);
	if (!(c->flags & CONN_HUNG_UP))
		loop_mod(worker.loop, &c->io, EPOLLIN | (backlog_sendable(c) ? EPOLLOUT : 0));
}

void
conns_reap_turn(void)
{
	backlog_settle();
	if (conns.ended.n == 0)
		return;
	/* a conn can be listed twice (ended, then its linger ended in the same turn) */
	for (unsigned i = 0; i < conns.ended.n; i++) {
		struct conn *c = conns.ended.v[i];

		if (c->id != 0)
			reap(c);
	}
	conns.ended.n = 0;
	input_reaped();
}
