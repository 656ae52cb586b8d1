/* history.h - questions to the store: asked for a client, their rows shown to it as fast as it reads.
 *
 * A question is a query (query.h) whose rows come in pages from chatd-store instead of the registry. Either the client asks,
 * and nothing more of it is parsed before the last row; or it is shown something that it has not asked for (who comes into
 * a room what was said before, who logs in what was kept for it): that waits in the background, however long the store
 * takes, and is shown between two commands.
 *
 * What was said before somebody came in is shown with the time when it was said, and only that: it is asked for up to
 * the number of the join. What was kept for who logs in is asked for until the store has said all of it: nobody
 * else knows that it is there. Lines that others say while the store answers are shown at once, before it; nobody waits
 * for the disk to read what is new. The replay says what it is: IRC has a batch for it, telnet a line before and one behind.
 */
#ifndef WORKER_HISTORY_H
#define WORKER_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"
#include "worker/query.h"

struct question;
struct row;

/* How an answer is shown: first `begin`, when there is one; then `row` for each, when the client has read those before; at last
 * `end`, also for what was refused, or failed in the middle (code: enum chat_err; begin may not have been called). end may
 * ask another question or begin another query. Each may be NULL. None is called for a client that has ended. */
struct history_as {
	void (*begin)(struct conn *c, struct question *q);
	void (*row)(struct conn *c, struct question *q, const struct row *r);
	void (*end)(struct conn *c, struct question *q, unsigned code, struct str arg);
};

struct question {
	/* c->query while it is shown; one that the client waits for: from the beginning */
	struct query query;
	const struct history_as *as;
	struct question *next; /* of c->shown */
	/* of c->kept */
	struct conn *conn;
	struct due again;
	uint8_t tries, rounds; /* of waiting */
	bool behind, begun; /* not waited for; begin has been called */
	bool asked, here; /* a page has been asked for; it is there */
	bool whole; /* QUERY_LATEST: as many rows as were asked for, whatever a page holds */
	bool seeking; /* on the way back to where they begin */
	/* what is asked: as in r_query; the texts lie in `texts` */
	struct m_r_query what;
	/* the answer */
	char *page; /* owned */
	size_t npage, at;
	bool more;
	bool lacks; /* the newest of what was asked for may be missing: not written yet */
	uint32_t rows, page_rows; /* shown or passed over; of this page */
	uint32_t limit; /* of all pages together */
	uint32_t sought; /* rows on the way back */
	uint64_t hi, from; /* as it was asked; where it goes back to */
	uint8_t bounds;
	uint64_t first, last; /* numbers of the first and the last of them */
	uint64_t last_at; /* the last one's time */
	unsigned code; /* and how it ended */
	char arg[256];
	uint8_t narg;
	/* for who shows it */
	uint32_t batch, shown; /* its number; rows that were shown */
	uint64_t num;
	struct str target; /* as the client calls what it asks about */
	char texts[];
};

/* A question: strings of `what` and the target are copied; what->user is filled in when it is asked. */
struct question *question_new(const struct history_as *as, const struct m_r_query *what,
			      struct str target);

/* c asks, and waits. It has no query under way. */
void history_ask(struct conn *c, struct question *q);
/* c is to be shown this, when it is between two commands. */
void history_show(struct conn *c, struct question *q);
/* c is between two commands: begin to show what is there, if anything is. */
void history_due(struct conn *c);
/* c is gone. */
void history_forget(struct conn *c);

void history_init(struct loop *loop);

/* Is there a store that keeps what is said? */
bool history_kept(void);

/* --- what clients are shown without asking ------------------------------------------------------ */

/* c has come into a room, by the event with this number. */
void history_entered(struct conn *c, struct str room, uint64_t seq);
/* c has logged in to an account, now or with its name. */
void history_logged_in(struct conn *c);

/* How each tongue shows these. */
struct history_shows {
	struct history_as replay, kept, missed;
	/* Does c want them? */
	bool (*wants_replay)(const struct conn *c);
	bool (*wants_missed)(const struct conn *c);
};
extern const struct history_shows history_telnet, history_irc;

#endif
