/* ticket.c - see ticket.h. */
#include "config.h"

#include "worker/ticket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "ipc/sublink.h"
#include "lib/util.h"
#include "worker/input.h"
#include "worker/request.h"
#include "worker/worker.h"

struct ticket {
	TAILQ_ENTRY(ticket) link; /* in `waiting`, when it has a number */
	struct conn *conn;
	enum ticket_how how;
	uint32_t number; /* 0: e_wait has not come */
	ticket_fn *fn;
	void *state; /* owned */
	size_t cap, n;
	char *frame; /* owned; the request, n of cap bytes */
};

static TAILQ_HEAD(, ticket) waiting = TAILQ_HEAD_INITIALIZER(waiting);

static struct ticket **
ticket_of(struct conn *c, enum ticket_how how)
{
	return how == TICKET_WAITS ? &c->ticket : &c->behind;
}

bool
late_failed(const struct late *l, unsigned *code_r, struct str *arg_r)
{
	const struct m_e_failed *failed = l->e;
	const struct m_e_refused *refused = l->e;
	const struct m_q_page *page = l->e;

	*code_r = l->type == MSG_e_failed    ? failed->code
		  : l->type == MSG_e_refused ? refused->code
		  : l->type == MSG_q_page    ? page->code
					     : ERR_NONE;
	*arg_r = l->type == MSG_e_failed    ? failed->arg
		 : l->type == MSG_e_refused ? refused->arg
		 : l->type == MSG_q_page    ? page->arg
					    : STR_LIT("");
	return *code_r != ERR_NONE;
}

/* --- a ticket's life -------------------------------------------------------------------------------- */

static void
number_is(struct ticket *t, uint32_t number)
{
	if (t->number == 0 && number != 0)
		TAILQ_INSERT_TAIL(&waiting, t, link);
	else if (t->number != 0 && number == 0)
		TAILQ_REMOVE(&waiting, t, link);
	t->number = number;
}

static void
ticket_free(struct ticket *t)
{
	number_is(t, 0);
	explicit_bzero(t->frame, t->n);
	free(t->frame);
	free(t->state);
	free(t);
}

bool
ticket_logs_in(const struct conn *c)
{
	unsigned type = c->ticket != NULL ? ipc_type(c->ticket->frame) : 0;

	return type == MSG_r_auth || type == MSG_r_register;
}

bool
ticket_deletes(const struct conn *c)
{
	const struct ticket *t = c->ticket;
	struct m_r_account m;

	return t != NULL && ipc_type(t->frame) == MSG_r_account &&
	       m_r_account_get(t->frame, t->n, &m) && m.op == ACCOUNT_DELETE;
}

uint64_t
ticket_change(const struct conn *c)
{
	const struct ticket *t = c->ticket;
	unsigned type = t != NULL ? ipc_type(t->frame) : 0;
	struct m_r_redact redact;
	struct m_r_edit edit;

	if (type == MSG_r_redact && m_r_redact_get(t->frame, t->n, &redact))
		return redact.msg;
	return type == MSG_r_edit && m_r_edit_get(t->frame, t->n, &edit) ? edit.msg : 0;
}

void *
ticket_room(struct conn *c, enum ticket_how how, size_t cap, ticket_fn *fn)
{
	struct ticket **place = ticket_of(c, how), *t;

	CHECK(*place == NULL);
	t = *place = xcalloc(1, sizeof(*t));
	t->conn = c;
	t->how = how;
	t->fn = fn;
	t->cap = cap;
	t->frame = xcalloc(1, cap);
	return t->frame;
}

void
ticket_made(struct conn *c, enum ticket_how how, size_t n)
{
	struct ticket *t = *ticket_of(c, how);

	CHECK(n > 0 && n <= t->cap);
	t->n = n;
	request_later(c, how, t->frame, n);
}

void
ticket_state(struct conn *c, void *state)
{
	c->ticket->state = state;
}

void
ticket_forget(struct conn *c, enum ticket_how how)
{
	struct ticket **place = ticket_of(c, how);

	if (*place != NULL)
		ticket_free(*place);
	*place = NULL;
}

/* An account may have been made, or changed: what is so already is no failure then. */
static void
say_again(struct ticket *t)
{
	struct m_r_register reg;
	struct m_r_account change;
	char *old = t->frame;
	size_t n = t->n;
	bool is_reg = ipc_type(old) == MSG_r_register && m_r_register_get(old, n, &reg);

	if (!is_reg && (ipc_type(old) != MSG_r_account || !m_r_account_get(old, n, &change)))
		return;
	reg.again = change.again = 1;
	t->frame = xcalloc(1, t->cap);
	t->n = is_reg ? m_r_register_put(t->frame, t->cap, &reg)
		      : m_r_account_put(t->frame, t->cap, &change);
	explicit_bzero(old, n);
	free(old);
}

/* An answer of the last broker that comes now means nothing any more. */
static void
ask_again(struct ticket *t)
{
	number_is(t, 0);
	say_again(t);
	request_later(t->conn, t->how, t->frame, t->n);
}

/* --- answers ------------------------------------------------------------------------------------------ */

/* What was waited for is there: t is no more. */
static void
answer(struct ticket *t, unsigned type, const void *e)
{
	struct late l = {.type = type, .e = e, .number = t->number, .state = t->state};
	struct conn *c = t->conn;
	ticket_fn *fn = t->fn;

	t->state = NULL;
	*ticket_of(c, t->how) = NULL;
	if (t->how == TICKET_WAITS)
		c->flags &= ~(unsigned)CONN_BARRIER;
	ticket_free(t);
	fn(c, &l);
	free(l.state);
}

static struct ticket *
numbered(uint32_t number)
{
	struct ticket *t;

	TAILQ_FOREACH (t, &waiting, link) {
		if (t->number == number)
			break;
	}
	return t;
}

struct conn *
ticket_conn(uint32_t number)
{
	const struct ticket *t = numbered(number);

	return t != NULL ? t->conn : NULL;
}

bool
ticket_answered(uint32_t number, unsigned type, const void *e)
{
	struct ticket *t = numbered(number);
	struct conn *c;

	if (t == NULL)
		return false;
	c = t->conn;
	answer(t, type, e);
	conn_resume(c);
	conn_answered(c);
	return true;
}

void
ticket_refused(struct conn *c, enum ticket_how how, const struct m_e_refused *e)
{
	struct ticket *t = *ticket_of(c, how);

	if (t != NULL)
		answer(t, MSG_e_refused, e);
}

void
ticket_waits(struct conn *c, enum ticket_how how, const struct m_e_wait *e)
{
	struct ticket *t = *ticket_of(c, how);

	if (t == NULL)
		return;
	if (how == TICKET_WAITS)
		c->flags |= CONN_BARRIER;
	if (e->seq > sublink_began(worker.link))
		number_is(t, e->ticket);
	else /* said by a broker that is dead, which took with it what it said */
		ask_again(t);
}

void
tickets_again(void)
{
	struct ticket *t, *next;

	for (t = TAILQ_FIRST(&waiting); t != NULL; t = next) {
		next = TAILQ_NEXT(t, link);
		ask_again(t);
	}
}
