/* ticket.h - answers that come later: requests that the broker answers by e_wait, with a ticket.
 *
 * What needs the store or a password checked takes a while. Whoever asks for it waits: nothing more of
 * that client is parsed until the answer has come that has its ticket (but for what it did not ask for itself), an event (e_authed, e_challenge,
 * e_done, e_oper, e_failed) or a page (q_page). The ticket dies with the broker that gave it; the
 * request is kept for so long, and the next broker is asked again. Then it is wiped: it may have a
 * password in it.
 *
 * request.h has the requests; each takes a ticket_fn, which the answer goes to.
 */
#ifndef WORKER_TICKET_H
#define WORKER_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

/* An answer. */
struct late {
	/* The one that was hoped for; MSG_e_failed; MSG_e_refused when the broker refused at once. */
	unsigned type;
	const void *e; /* struct m_… of that type, good during the call */
	uint32_t number; /* the ticket's; 0: answered at once */
	/* What was given with ticket_state, or NULL: freed after the call, unless it is taken out (made NULL). */
	void *state;
};
/* c waits no longer, and may be asked for something else here. Never called for a client that has ended. */
typedef void ticket_fn(struct conn *c, struct late *l);

/* Did it fail? Then *code_r (enum chat_err) and *arg_r say why. */
bool late_failed(const struct late *l, unsigned *code_r, struct str *arg_r);

/* Is c to wait, or does it go on meanwhile? It has at most one ticket of each. */
enum ticket_how { TICKET_WAITS, TICKET_BEHIND };

/* For request.c: memory for a request of at most cap bytes (at least 1). c has no such ticket yet. */
void *ticket_room(struct conn *c, enum ticket_how how, size_t cap, ticket_fn *fn);
/* It took n of them. */
void ticket_made(struct conn *c, enum ticket_how how, size_t n);

/* Is it a login or a registration that c waits for? */
bool ticket_logs_in(const struct conn *c);

/* Does c wait for its account to be deleted? */
bool ticket_deletes(const struct conn *c);

/* The message that c waits for to be changed or taken back; 0: it does not. */
uint64_t ticket_change(const struct conn *c);
/* Whose ticket this is; NULL: nobody's. */
struct conn *ticket_conn(uint32_t number);

/* What fn is to have: by malloc, freed by free(). After a request that has one, and that c waits for. */
void ticket_state(struct conn *c, void *state);

/* --- for event.c, conn.c and main.c ---------------------------------------------------------------- */

/* The broker has answered its request by e_wait. */
void ticket_waits(struct conn *c, enum ticket_how how, const struct m_e_wait *e);
/* It has refused it at once. */
void ticket_refused(struct conn *c, enum ticket_how how, const struct m_e_refused *e);
/* An answer has come. False: nobody waits for it. */
bool ticket_answered(uint32_t number, unsigned type, const void *e);
/* There is another broker. */
void tickets_again(void);
/* c is gone; or its request was done at once, as an event says to all, c among them. */
void ticket_forget(struct conn *c, enum ticket_how how);

#endif
