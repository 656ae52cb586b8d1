/* query.c - see query.h. */
#include "config.h"

#include "worker/query.h"

#include <stdlib.h>

#include "worker/input.h"
#include "worker/irc/reply.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/worker.h"

void
query_free(struct conn *c)
{
	if (c->query != NULL && c->query->gone != NULL)
		c->query->gone(c->query);
	free(c->query);
	c->query = NULL;
}

void
query_ask(struct conn *c, struct query *q)
{
	query_free(c);
	c->query = q;
	request_sync(c);
}

void
query_begin(struct conn *c, struct query *q)
{
	query_free(c);
	c->query = q;
	if (c->flags & CONN_ENDED) {
		query_free(c);
		return;
	}
	q->ready = true;
	c->flags |= CONN_BARRIER;
	conn_resume(c);
}

void
query_answered(struct conn *c)
{
	if (c->query == NULL)
		return;
	c->query->ready = true;
	c->flags |= CONN_BARRIER;
	query_step(c);
}

bool
query_step(struct conn *c)
{
	struct query *q = c->query;
	enum query_step step = QUERY_DONE;

	if (!q->ready)
		return false;
	if (worker.reg != NULL) {
		if (outq_busy(c)) {
			/* a backlog wakes us when it is gone, a queue leaves at the end of the turn */
			if (c->back == NULL)
				conn_resume(c);
			return false;
		}
		step = q->step(c, q);
	}
	switch (step) {
	case QUERY_MORE:
		irc_label_waits(c);
		conn_resume(c);
		return false;
	case QUERY_AGAIN:
		irc_label_waits(c);
		q->ready = false;
		request_sync(c);
		return false;
	case QUERY_WAIT:
		irc_label_waits(c);
		q->ready = false;
		return false;
	case QUERY_PASSED:
		if (c->query != NULL || c->flags & (CONN_BARRIER | CONN_ENDED))
			return false;
		break;
	case QUERY_DONE:
		query_free(c);
	}
	c->flags &= ~(unsigned)CONN_BARRIER;
	conn_resume(c);
	conn_answered(c);
	return true;
}
