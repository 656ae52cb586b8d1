/* fuzz_session.c - a worker and a broker in one process: whatever clients send, both live, agree, and what others are
 * shown is lines.
 *
 * The input is lines. The first character of each says what: 0 to 3, that this client sends the rest (0 has not
 * registered, 1 and 2 speak IRC, one of them with all capabilities, the other over WebSocket, 3 speaks telnet); a to d, the same, and the next line
 * does not wait for what comes of it; A to D, that this one hangs up; e to h, that it stops reading, or goes on;
 * i to l, that it has logged in to the account eve: more than one called so are one user; m, that who says something is
 * answered when it is on the disk from now on, or is not; n, that all is on the disk.
 *
 * The worker's requests are decided at once, as those of worker 0; what the broker calls a peer's mistake would cost a
 * worker its life, so there must be none.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/account.h"
#include "broker/auth.h"
#include "broker/job.h"
#include "broker/subs.h"
#include "fuzz.h"
#include "ipc/board.h"
#include "ipc/handed.h"
#include "ipc/proc.h"
#include "ipc/sublink.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/text.h"
#include "proto/irc.h"
#include "worker/arena.h"
#include "worker/backlog.h"
#include "worker/conn.h"
#include "worker/event.h"
#include "worker/files.h"
#include "worker/input.h"
#include "worker/irc/irc.h"
#include "worker/outq.h"
/* the broker has one of this name as well */
#define room_name worker_room_name
#include "worker/room.h"
#undef room_name
#include "worker/session.h"
#include "worker/worker.h"
#include "world.h"

#define CLIENTS 4
#define TELNET 3
#ifdef HAVE_WEB
#define WEB 2
#else
#define WEB CLIENTS
#endif
#define TURNS_MAX 200
#define LINES_MAX 64

/* --- what the worker's main.c has ---------------------------------------------------------------- */

struct worker worker;

uint64_t
worker_wall_ms(void)
{
	return br.now;
}

/* There is no master. */
void
handed_from(const struct m_conn_from *m)
{
	(void)m;
}

void
handed_closed(uint64_t conn)
{
	(void)conn;
}

/* --- the way to the broker ------------------------------------------------------------------------ */

struct sublink {
	struct buf q;
	uint64_t next;
	size_t pending;
} sublink = {.next = 1};

void *
sublink_room(struct sublink *s, size_t need)
{
	return buf_room(&s->q, need);
}

uint64_t
sublink_commit(struct sublink *s, size_t len)
{
	memcpy(buf_data(&s->q) + s->q.len + IPC_HDR, &s->next, sizeof(s->next));
	buf_added(&s->q, len);
	s->pending++;
	return s->next++;
}

bool
sublink_full(const struct sublink *s)
{
	(void)s;
	return false;
}

uint64_t
sublink_began(const struct sublink *s)
{
	(void)s;
	return 0;
}

size_t
sublink_pending(const struct sublink *s)
{
	return s->pending;
}

/* What goes beside the journal, which the events before have announced. */
static void
take_sides(void)
{
	struct sub *s = &subs[0];
	struct buf q = s->side;

	s->side = (struct buf){0};
	buf_fini(&s->sides);
	while (q.len > 0) {
		ssize_t n = ipc_frame(buf_data(&q), q.len);

		FUZZ_ASSERT(n > 0);
		event_take(buf_data(&q), (size_t)n, false, NULL);
		buf_drop(&q, (size_t)n);
	}
	buf_fini(&q);
}

/* All that was committed after seq, as worker 0 is sent it. */
static void
take_events(uint64_t seq)
{
	static char frame[IPC_FRAME_MAX];
	const struct jentry *e;
	uint64_t at = world_behind(seq);

	for (; (e = journal_at(&br.j, &at)) != NULL; at += e->size) {
		/* how jobs end here; the broker sends that to those only who have a channel */
		if (!(e->targets & 1) && ipc_type(e->data) != MSG_e_failed &&
		    ipc_type(e->data) != MSG_e_done)
			continue;
		memcpy(frame, e->data, e->event_len);
		event_take(frame, e->event_len, e->inc == proc.inc && e->serial != 0, NULL);
	}
	take_sides();
}

void
sublink_flush(struct sublink *s)
{
	static char frame[IPC_FRAME_MAX];

	while (s->q.len > 0) {
		ssize_t n = ipc_frame(buf_data(&s->q), s->q.len);
		uint64_t seq = br.j.seq;

		FUZZ_ASSERT(n > 0);
		memcpy(frame, buf_data(&s->q), (size_t)n);
		buf_drop(&s->q, (size_t)n);
		s->pending--;
		FUZZ_ASSERT(world_decide(0, frame, (size_t)n));
		FUZZ_ASSERT(br.j.seq > seq);
		take_events(seq);
		loop_again(worker.loop);
	}
}

/* --- clients --------------------------------------------------------------------------------------- */

static struct client {
	int fd; /* the test's end; -1: gone */
	uint64_t id; /* of its connection */
	bool deaf; /* does not read */
	size_t n;
	char in[32768]; /* a line that has no end yet */
} clients[CLIENTS];

static void
check_irc_line(const char *p, size_t n)
{
	const char *space = p[0] == '@' ? memchr(p, ' ', n) : p;
	size_t tags = space != NULL ? (size_t)(space - p) : n;

	FUZZ_ASSERT(n > 0 && memchr(p, '\0', n) == NULL && memchr(p, '\r', n) == NULL);
	FUZZ_ASSERT(text_utf8_ok(p, n));
	FUZZ_ASSERT(tags <= 8191 && n - tags <= IRC_BODY_MAX + 1);
}

/* Nothing acts on the terminal but telnet's own bytes and the colours that /color asks for. */
static void
check_telnet_line(char *p, size_t n)
{
	char *end = p + n, *esc;

	if (memchr(p, 0xff, n) != NULL)
		return;
	while ((esc = memchr(p, '\033', (size_t)(end - p))) != NULL) {
		FUZZ_ASSERT(text_is_clean(p, (size_t)(esc - p), 0));
		FUZZ_ASSERT(end - esc > 2 && esc[1] == '[');
		for (p = esc + 2; p < end && *p >= '0' && *p <= ';'; p++)
			;
		FUZZ_ASSERT(p < end && *p++ == 'm');
	}
	FUZZ_ASSERT(text_is_clean(p, (size_t)(end - p), 0));
}

static void
check_output(struct client *c, bool irc)
{
	char *p = c->in, *end = c->in + c->n, *nl;

	for (; (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; p = nl + 1) {
		FUZZ_ASSERT(nl > p && nl[-1] == '\r');
		if (irc)
			check_irc_line(p, (size_t)(nl - 1 - p));
		else
			check_telnet_line(p, (size_t)(nl - 1 - p));
	}
	c->n = (size_t)(end - p);
	memmove(c->in, p, c->n);
}

/* Frames as RFC 6455 lets a server send them, each a line; behind a close frame comes nothing. */
static void
check_frames(struct client *c)
{
	const unsigned char *p = (const unsigned char *)c->in, *end = p + c->n;

	while (end - p >= 2) {
		size_t head = p[1] == 126 ? 4 : 2, n = head == 4 ? (size_t)p[2] << 8 | p[3] : p[1];

		FUZZ_ASSERT(p[1] <= 126);
		if ((size_t)(end - p) < head + n)
			break;
		FUZZ_ASSERT(p[0] == 0x81 || (p[0] == 0x88 && n == 2 && p + 4 == end));
		if (p[0] == 0x81)
			check_irc_line((const char *)p + head, n);
		p += head + n;
	}
	c->n = (size_t)(end - p);
	memmove(c->in, p, c->n);
}

static void
hear(struct client *c)
{
	while (c->fd >= 0 && !c->deaf) {
		ssize_t n = recv(c->fd, c->in + c->n, sizeof(c->in) - c->n, MSG_DONTWAIT);

		if (n < 0)
			return;
		if (n == 0) {
			close(c->fd);
			c->fd = -1;
			return;
		}
		c->n += (size_t)n;
		if (c == clients + WEB)
			check_frames(c);
		else
			check_output(c, c != &clients[TELNET]);
	}
}

static void
turn_end(void *arg)
{
	uint64_t seq = br.j.seq;

	(void)arg;
	/* there is neither store nor auth: whoever waits for them is told so */
	auth_resume();
	jobs_resume();
	reap_some();
	take_events(seq);
	input_turn();
	sublink_flush(worker.link);
	outq_flush();
	conns_reap_turn();
	sublink_flush(worker.link);
}

/* Whoever has hung up has its lines read on, one answer in a turn, and nobody sees any of it. */
static bool
goes_on(void)
{
	for (uint32_t i = 0; i < conns_places(); i++) {
		if (conn_at(i) != NULL && conn_at(i)->flags & CONN_RESUME)
			return true;
	}
	return false;
}

/* Until nothing more happens by itself. */
static void
run(void)
{
	for (unsigned quiet = 0, i = 0; quiet < 2 && i < TURNS_MAX; i++) {
		uint64_t seq = br.j.seq;
		uint64_t out = board_own->counters[CTR_bytes_out_total];

		loop_turn(worker.loop, 0);
		if (seq == br.j.seq && out == board_own->counters[CTR_bytes_out_total] &&
		    !goes_on()) {
			quiet++;
			continue;
		}
		quiet = 0;
		for (unsigned k = 0; k < CLIENTS; k++)
			hear(&clients[k]);
	}
}

/* A binary frame: what is no UTF-8 is for the IRC side to refuse. */
static void
say_framed(const struct client *c, const char *p, size_t n)
{
	unsigned char *f = malloc(n + 14), *o = f;

	FUZZ_ASSERT(f != NULL && n <= UINT16_MAX);
	*o++ = 0x82;
	*o++ = (unsigned char)(0x80 | (n < 126 ? n : 126));
	if (n >= 126) {
		*o++ = (unsigned char)(n >> 8);
		*o++ = (unsigned char)n;
	}
	memcpy(o, "mask", 4);
	for (size_t i = 0; i < n; i++)
		o[4 + i] = (unsigned char)(p[i] ^ "mask"[i % 4]);
	send(c->fd, f, (size_t)(o + 4 + n - f), MSG_DONTWAIT | MSG_NOSIGNAL);
	free(f);
}

static void
say(struct client *c, const char *p, size_t n)
{
	if (c == clients + WEB) {
		if (c->fd >= 0)
			say_framed(c, p, n);
		return;
	}
	if (c->fd < 0 || send(c->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		return;
	send(c->fd, "\r\n", 2, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
hang_up(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* It need not prove it: there is nobody to ask. */
static void
log_in(const struct client *c)
{
	uint64_t seq = br.j.seq;
	struct reg_user *u = NULL;

	for (uint32_t i = 0; i < conns_places() && u == NULL; i++) {
		const struct conn *there = conn_at(i);

		if (there != NULL && there->id == c->id && there->user != 0)
			u = regw_user(&br.reg, there->user);
	}
	if (u == NULL)
		return;
	account_enter(u, account_named(STR_LIT("eve")), STR_LIT("eve"));
	take_events(seq);
	run();
}

/* As a reload does it. */
static void
disk(bool on)
{
	worker.disk = on;
	if (!on)
		backlog_release();
}

/* One line of the input. */
static void
act(const char *p, size_t n)
{
	struct client *c = &clients[(unsigned char)*p % CLIENTS];

	if (*p >= 'A' && *p <= 'D') {
		hang_up(&clients[*p - 'A']);
	} else if (*p >= 'e' && *p <= 'h') {
		clients[*p - 'e'].deaf ^= true;
	} else if (*p >= 'i' && *p <= 'l') {
		log_in(&clients[*p - 'i']);
	} else if (*p == 'm') {
		disk(!worker.disk);
	} else if (*p == 'n') {
		backlog_durable(br.j.seq);
	} else if (*p >= 'a' && *p <= 'd') {
		say(&clients[*p - 'a'], p + 1, n - 1);
	} else {
		say(c, p + 1, n - 1);
		run();
	}
	br.now += 10;
}

static void
open_client(unsigned k)
{
	static uint64_t last_id;
	struct conn_rec rec = {.id = ++last_id,
			       .protocol = k == TELNET ? PROTO_TELNET
					   : k == WEB  ? PROTO_WEB
						       : PROTO_IRC,
			       .ws = k == WEB ? WS_TEXT : WS_NONE,
			       .port = (uint16_t)(1000 + k),
			       .loopback = k == 1, /* may give passwords */
			       .address = "192.0.2.1"};
	int fds[2], few = 4096;

	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &few, sizeof(few));
	clients[k].fd = fds[1];
	clients[k].id = rec.id;
	clients[k].deaf = false;
	clients[k].n = 0;
	conn_open(&rec, fds[0], STR_LIT(""));
}

static void
begin(void)
{
	static const char *const greetings[CLIENTS] = {
	    "",
	    "CAP LS 302\r\nCAP REQ :batch labeled-response message-tags echo-message server-time "
	    "draft/multiline draft/message-redaction draft/channel-rename extended-join "
	    "account-tag "
	    "away-notify setname chghost invite-notify multi-prefix userhost-in-names "
	    "standard-replies\r\nCAP REQ :draft/metadata-2 extended-monitor\r\nCAP END\r\n"
	    "NICK alice\r\nUSER a 0 * :Real Name",
	    "NICK bob\r\nUSER b 0 * :Real Name",
	    "tom",
	};

	FUZZ_ASSERT(account_made(STR_LIT("eve"), 1, 0, 0));
	for (unsigned k = 0; k < CLIENTS; k++) {
		open_client(k);
		say(&clients[k], greetings[k], strlen(greetings[k]));
		run();
	}
}

/* --- do they agree? --------------------------------------------------------------------------------- */

static void
check_rooms(const struct conn *c)
{
	const struct reg_user *u = regw_user(&br.reg, c->user);

	FUZZ_ASSERT(u != NULL && u->nrooms == c->nrooms && strcmp(u->name, c->name) == 0);
	for (unsigned i = 0; i < c->nrooms; i++) {
		const struct room *r = c->rooms[i].room;
		const struct reg_member *m = regw_member(&br.reg, u, r->id);
		const uint32_t rights = MEMBER_OP | MEMBER_HALFOP | MEMBER_VOICE;

		FUZZ_ASSERT(m != NULL && (m->flags & rights) == (room_flags(r, c) & rights));
		FUZZ_ASSERT(str_eq(worker_room_name(r), str_of(br.reg.rooms[ID_SLOT(r->id)].name)));
	}
	if (c->irc != NULL)
		FUZZ_ASSERT(c->irc->umodes == u->umodes);
}

static void
check_all(void)
{
	uint32_t named = 0, sessions = 0;

	FUZZ_ASSERT(sublink.pending == 0);
	for (uint32_t i = 0; i < conns_places(); i++) {
		const struct conn *c = conn_at(i);

		if (c == NULL)
			continue;
		FUZZ_ASSERT(c->pending == 0 && !(c->flags & CONN_LABEL));
		FUZZ_ASSERT(!(c->flags & CONN_BARRIER) && c->query == NULL);
		if (c->user == 0)
			continue;
		named++;
		check_rooms(c);
	}
	for (uint32_t i = 0; i < br.reg.h->max_users; i++) {
		const struct reg_user *u = &br.reg.users[i];

		FUZZ_ASSERT(u->id == 0 || u->inc != 0);
		sessions += u->id != 0 ? u->nsessions + 1 : 0;
	}
	FUZZ_ASSERT(sessions == named);
}

static void
end(void)
{
	for (unsigned k = 0; k < CLIENTS; k++)
		hang_up(&clients[k]);
	for (unsigned i = 0; i < TURNS_MAX && conns_count() > 0; i++)
		loop_turn(worker.loop, 0);
	account_deleted(STR_LIT("eve")); /* and the rooms that it has registered */
	/* the default room stays */
	FUZZ_ASSERT(conns_count() == 0 && br.reg.h->nusers == 0 && br.reg.h->nrooms <= 1);
}

static void
set_up(void)
{
	size_t size = board_size(64);

	log_level = -1;
	world_init(&world, 16, 1u << 20);
	proc.inc = 100; /* worker 0 of world.c */
	/* nothing is pumped to it: take_events does that */
	subs[0] = (struct sub){
	    .live = true, .hello = true, .held = true, .blocked = true, .inc = 100, .fd = -1};
	proc.opt.store_enabled = 1; /* which is away */
	br.reg.h->restored = 1;
	br.recovered = true;
	proc.opt.line_rate = 0;
	proc.opt.queue = 12288;
	proc.opt.idle = proc.opt.ping = proc.opt.login_time = 0;
	worker.loop = proc.loop;
	worker.link = &sublink;
	worker.reg = world.reader;
	board_own = calloc(1, size);
	FUZZ_ASSERT(board_own != NULL);
	board_own->nsessions = 64;
	arena_init();
	backlog_init(worker.loop);
	conns_init(worker.loop, 64);
	session_init();
	files_set(true, "http://chat.example");
	irc_init(worker.loop);
	loop_each_turn(worker.loop, turn_end, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned runs;
	const char *p = (const char *)data, *last = p + size, *nl;

	if (world.reg == NULL)
		set_up();
	begin();
	for (unsigned i = 0; i < LINES_MAX && p < last; i++, p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(last - p));
		if (nl == NULL)
			nl = last;
		if (nl > p)
			act(p, (size_t)(nl - p));
		if (nl == last)
			break;
	}
	disk(false);
	for (unsigned k = 0; k < CLIENTS; k++) {
		clients[k].deaf = false;
		hear(&clients[k]);
	}
	run();
	check_all();
	if (runs++ % 64 == 0)
		world_verify();
	end();
	return 0;
}
