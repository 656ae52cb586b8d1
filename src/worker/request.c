/* request.c - see request.h. */
#include "config.h"

#include "worker/request.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/sublink.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/account.h"
#include "worker/input.h"
#include "worker/worker.h"

#define ROOMS_PER_LINE 8
#define FIXED 256 /* more than the numbers, header and lengths of any request */

struct asked {
	struct conn *conn; /* good for ever, but perhaps somebody else by now */
	uint32_t gen;
	uint32_t what;
	uint64_t serial, us;
};

/* A ring by serial: as many as can be under way, which sublink_full bounds. */
static struct {
	struct asked *v; /* owned */
	uint64_t mask;
	uint64_t first, next; /* serials: first <= unanswered < next */
} asked;

static void
asked_grow(void)
{
	uint64_t cap = asked.v == NULL ? 256 : 2 * (asked.mask + 1);
	struct asked *v = xcalloc(cap, sizeof(*v));

	for (uint64_t s = asked.first; s < asked.next; s++)
		v[s & (cap - 1)] = asked.v[s & asked.mask];
	free(asked.v);
	asked.v = v;
	asked.mask = cap - 1;
}

/* Messages do not have their senders wait, unless a label has: what goes on then is one command. */
static bool
is_barrier(const struct conn *c, unsigned what)
{
	if (what == ASKED_BEHIND || what == ASKED_NOTED)
		return false;
	return c->flags & CONN_LABEL ||
	       (what != ASKED_SAY && what != ASKED_DM && what != ASKED_QUIETLY);
}

/* The request that lies in the link's room is complete. c may be NULL. */
static void
ask(struct conn *c, enum asked_for what, size_t len)
{
	uint64_t serial;

	CHECK(len > 0);
	serial = sublink_commit(worker.link, len);
	if (asked.first == asked.next)
		asked.first = serial;
	asked.next = serial;
	if (asked.v == NULL || asked.next - asked.first > asked.mask)
		asked_grow();
	asked.next = serial + 1;
	asked.v[serial & asked.mask] = (struct asked){
	    .conn = c, .gen = c ? c->gen : 0, .what = what, .serial = serial, .us = mono_us()};
	if (c == NULL)
		return;
	c->pending++;
	if (is_barrier(c, what))
		c->flags |= CONN_BARRIER;
}

uint64_t
request_answered(uint64_t serial, struct conn **c_r, enum asked_for *what_r)
{
	struct asked *a = asked.v != NULL ? &asked.v[serial & asked.mask] : NULL;
	struct conn *c;

	*c_r = NULL;
	*what_r = ASKED_DO;
	if (a == NULL || a->serial != serial)
		return 0;
	*what_r = a->what;
	while (asked.first < asked.next && asked.first <= serial)
		asked.first++;
	c = a->conn;
	if (c == NULL || c->gen != a->gen || c->id == 0)
		return a->us;
	if (c->pending > 0)
		c->pending--;
	if (c->flags & CONN_ENDED)
		return a->us;
	if (is_barrier(c, a->what))
		c->flags &= ~(unsigned)CONN_BARRIER;
	if (c->pending == 0 && c->flags & CONN_WAITS)
		c->flags &= ~(unsigned)(CONN_BARRIER | CONN_WAITS);
	if (c->pending == 0 &&
	    (c->flags & (CONN_LINES | CONN_EOF | CONN_HUNG_UP) || !(c->io.events & EPOLLIN)))
		conn_resume(c);
	*c_r = c;
	return a->us;
}

/* What is told in all of its rooms costs what it makes others do. */
static void
charge_rooms(struct conn *c)
{
	conn_charge(c, c->nrooms / ROOMS_PER_LINE);
}

/* Room for a request whose texts have so many bytes together; where it begins is `at`. */
#define ROOM(texts) \
	void *at = sublink_room(worker.link, FIXED + (texts)); \
	size_t cap = FIXED + (texts)

void
request_login(struct conn *c, struct str name, struct str ident, struct str real)
{
	struct m_r_login m = {.conn = c->id,
			      .wslot = c->wslot,
			      .protocol = c->protocol,
			      .tls = c->tls,
			      .name = name,
			      .address = str_of(c->peer),
			      .port = c->port,
			      .ident = ident,
			      .real = real};

	if (c->account != NULL) {
		m.account = str_of(c->account->name);
		m.account_id = c->account->id;
		m.token = (struct str){c->account->token, c->account->ntoken};
	}

	ROOM(m.name.n + m.address.n + ident.n + real.n + m.account.n + m.token.n);
	ask(c, ASKED_LOGIN, m_r_login_put(at, cap, &m));
}

void
request_say(struct conn *c, const struct saying *s)
{
	struct m_r_say m = {.user = c->user,
			    .room = s->room,
			    .kind = s->kind,
			    .rank = s->rank,
			    .name = s->to,
			    .tags = s->tags,
			    .text = s->text};

	ROOM(m.name.n + m.tags.n + m.text.n);
	ask(c, s->quiet ? ASKED_QUIETLY : ASKED_SAY, m_r_say_put(at, cap, &m));
}

void
request_dm(struct conn *c, const struct saying *s)
{
	struct m_r_dm m = {
	    .user = c->user, .kind = s->kind, .to = s->to, .tags = s->tags, .text = s->text};

	ROOM(m.to.n + m.tags.n + m.text.n);
	ask(c, s->quiet ? ASKED_QUIETLY : ASKED_DM, m_r_dm_put(at, cap, &m));
}

void
request_join(struct conn *c, enum asked_for what, struct str room, struct str key)
{
	struct m_r_join m = {.user = c->user, .room = room, .key = key};

	ROOM(room.n + key.n);
	ask(c, what, m_r_join_put(at, cap, &m));
}

void
request_part(struct conn *c, struct str room, struct str reason)
{
	struct m_r_part m = {.user = c->user, .room = room, .reason = reason};

	ROOM(room.n + reason.n);
	ask(c, ASKED_DO, m_r_part_put(at, cap, &m));
}

void
request_nick(struct conn *c, struct str name)
{
	struct m_r_nick m = {.user = c->user, .conn = c->id, .name = name};

	ROOM(name.n);
	ask(c, ASKED_DO, m_r_nick_put(at, cap, &m));
	charge_rooms(c);
}

void
request_topic(struct conn *c, struct str room, struct str text)
{
	struct m_r_topic m = {.user = c->user, .room = room, .text = text};

	ROOM(room.n + text.n);
	ask(c, ASKED_DO, m_r_topic_put(at, cap, &m));
}

void
request_kick(struct conn *c, struct str room, struct str target, struct str reason)
{
	struct m_r_kick m = {.user = c->user, .room = room, .target = target, .reason = reason};

	ROOM(room.n + target.n + reason.n);
	ask(c, ASKED_DO, m_r_kick_put(at, cap, &m));
}

void
request_invite(struct conn *c, struct str room, struct str target)
{
	struct m_r_invite m = {.user = c->user, .room = room, .target = target};

	ROOM(room.n + target.n);
	ask(c, ASKED_DO, m_r_invite_put(at, cap, &m));
}

void
request_modes(struct conn *c, struct str room, struct str changes)
{
	struct m_r_mode m = {.user = c->user, .room = room, .changes = changes};

	ROOM(room.n + changes.n);
	ask(c, ASKED_DO, m_r_mode_put(at, cap, &m));
}

void
request_mode(struct conn *c, struct str room, enum mode_op op, bool on, struct str arg)
{
	struct mode_change change = {.op = (uint8_t)op, .on = on, .arg = arg};
	char list[MASK_MAX + 8];

	request_modes(c, room, (struct str){list, mode_put(list, 0, sizeof(list), &change)});
}

void
request_away(struct conn *c, struct str text)
{
	struct m_r_away m = {.user = c->user, .text = text};

	ROOM(text.n);
	ask(c, ASKED_DO, m_r_away_put(at, cap, &m));
	charge_rooms(c);
}

void
request_umode(struct conn *c, uint32_t set, uint32_t clear)
{
	struct m_r_umode m = {.user = c->user, .set = set, .clear = clear};

	ROOM(0);
	ask(c, ASKED_DO, m_r_umode_put(at, cap, &m));
}

void
request_setname(struct conn *c, struct str real)
{
	struct m_r_setname m = {.user = c->user, .real = real};

	ROOM(real.n);
	ask(c, ASKED_DO, m_r_setname_put(at, cap, &m));
	charge_rooms(c);
}

void
request_rename(struct conn *c, struct str room, struct str to, struct str reason)
{
	struct m_r_rename m = {.user = c->user, .room = room, .to = to, .reason = reason};

	ROOM(room.n + to.n + reason.n);
	ask(c, ASKED_DO, m_r_rename_put(at, cap, &m));
}

void
request_meta(struct conn *c, bool on, struct str room, struct str name, struct str key,
	     struct str value)
{
	struct m_r_meta m = {
	    .user = c->user, .on = on, .room = room, .name = name, .key = key, .value = value};

	ROOM(room.n + name.n + key.n + value.n);
	ask(c, ASKED_DO, m_r_meta_put(at, cap, &m));
	if (room.n == 0)
		charge_rooms(c);
}

void
request_follow(bool on)
{
	struct m_r_follow m = {.on = on};

	ROOM(0);
	ask(NULL, ASKED_DO, m_r_follow_put(at, cap, &m));
}

void
request_oper_do(struct conn *c, enum oper_act act, struct str target, struct str words)
{
	struct m_r_oper_do m = {
	    .user = c->user, .act = (uint8_t)act, .target = target, .text = words};

	ROOM(target.n + words.n);
	ask(c, ASKED_DO, m_r_oper_do_put(at, cap, &m));
}

/* --- answered later -------------------------------------------------------------------- */

void
request_later(struct conn *c, enum ticket_how how, const void *frame, size_t n)
{
	memcpy(sublink_room(worker.link, n), frame, n);
	ask(c, how == TICKET_WAITS ? ASKED_LATER : ASKED_BEHIND, n);
}

/* As ROOM, in the ticket that c waits with. */
#define KEEP(texts) \
	size_t cap = FIXED + (texts); \
	void *at = ticket_room(c, TICKET_WAITS, cap, fn)

void
request_oper(struct conn *c, struct str name, struct str password, ticket_fn *fn)
{
	struct m_r_oper m = {.user = c->user, .name = name, .password = password};

	KEEP(name.n + password.n);
	ticket_made(c, TICKET_WAITS, m_r_oper_put(at, cap, &m));
}

void
request_query(struct conn *c, enum ticket_how how, struct m_r_query *m, ticket_fn *fn)
{
	size_t cap = FIXED + m->room.n + m->name.n + m->from.n + m->text.n;
	void *at = ticket_room(c, how, cap, fn);

	m->user = c->user;
	ticket_made(c, how, m_r_query_put(at, cap, m));
}

void
request_redact(struct conn *c, uint64_t msg, struct str room, struct str name, struct str reason,
	       ticket_fn *fn)
{
	struct m_r_redact m = {
	    .user = c->user, .msg = msg, .room = room, .name = name, .reason = reason};

	KEEP(room.n + name.n + reason.n);
	ticket_made(c, TICKET_WAITS, m_r_redact_put(at, cap, &m));
}

void
request_edit(struct conn *c, const struct m_r_edit *what, ticket_fn *fn)
{
	struct m_r_edit m = *what;

	m.user = c->user;
	KEEP(m.room.n + m.name.n + m.text.n);
	ticket_made(c, TICKET_WAITS, m_r_edit_put(at, cap, &m));
}

/* Whose guesses are counted. */
static struct str
address_of(const struct conn *c, struct reg_user_view *v)
{
	if (c->peer != NULL)
		return str_of(c->peer);
	if (worker.reg == NULL || registry_user(worker.reg, c->user, v) <= 0)
		return STR_LIT("");
	return str_of(v->address);
}

void
request_auth(struct conn *c, const struct proof *p, ticket_fn *fn)
{
	struct reg_user_view v;
	struct m_r_auth m = {.user = c->user,
			     .conn = c->id,
			     .mech = (uint8_t)p->mech,
			     .ticket = p->ticket,
			     .name = p->name,
			     .authzid = p->authzid,
			     .secret = p->secret,
			     .address = address_of(c, &v)};

	KEEP(p->name.n + p->authzid.n + p->secret.n + m.address.n);
	ticket_made(c, TICKET_WAITS, m_r_auth_put(at, cap, &m));
}

void
request_register(struct conn *c, const struct enrolment *r, ticket_fn *fn)
{
	struct reg_user_view v;
	struct m_r_register m = {.user = c->user,
				 .conn = c->id,
				 .name = r->name,
				 .email = r->email,
				 .password = r->password,
				 .invite = r->invite,
				 .address = address_of(c, &v)};

	KEEP(r->name.n + r->email.n + r->password.n + r->invite.n + m.address.n);
	ticket_made(c, TICKET_WAITS, m_r_register_put(at, cap, &m));
}

void
request_account(struct conn *c, enum account_op op, struct str password, struct str text,
		ticket_fn *fn)
{
	struct m_r_account m = {
	    .user = c->user, .op = (uint8_t)op, .password = password, .text = text};

	KEEP(password.n + text.n);
	ticket_made(c, TICKET_WAITS, m_r_account_put(at, cap, &m));
}

/* --- kept things that are answered at once ------------------------------------------------ */

void
request_room(struct conn *c, enum room_op op, struct str room, struct str name, struct str words)
{
	struct m_r_room m = {
	    .user = c->user, .op = (uint8_t)op, .room = room, .name = name, .text = words};

	ROOM(room.n + name.n + words.n);
	ask(c, ASKED_DO, m_r_room_put(at, cap, &m));
}

void
request_upload_link(struct conn *c, bool to_room, struct str target)
{
	struct m_r_upload_link m = {.user = c->user, .to_room = to_room, .target = target};

	ROOM(target.n);
	ask(c, ASKED_UPLOAD, m_r_upload_link_put(at, cap, &m));
}

void
request_mark(struct conn *c, enum asked_for what, struct str room, struct str name, uint64_t when)
{
	struct m_r_mark m = {.user = c->user, .room = room, .name = name, .when = when};

	ROOM(room.n + name.n);
	ask(c, what, m_r_mark_put(at, cap, &m));
}

void
request_kept(struct conn *c, uint64_t upto)
{
	struct m_r_kept m = {.user = c->user, .upto = upto};

	ROOM(0);
	ask(c, ASKED_NOTED, m_r_kept_put(at, cap, &m));
}

void
request_sync(struct conn *c)
{
	struct m_r_sync m = {.user = c->user};

	ROOM(0);
	ask(c, ASKED_QUERY, m_r_sync_put(at, cap, &m));
}

void
request_quit(struct conn *c, uint64_t user, uint64_t conn, bool lost, struct str reason)
{
	struct m_r_quit m = {.user = user, .conn = conn, .lost = lost, .reason = reason};

	ROOM(reason.n);
	ask(c, ASKED_QUIT, m_r_quit_put(at, cap, &m));
}
