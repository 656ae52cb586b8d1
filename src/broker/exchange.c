/* exchange.c - see exchange.h. */
#include "config.h"

#include "broker/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "broker/guess.h"
#include "lib/util.h"

#define EXCHANGES 1024u
#define BINS 4096u

static struct exchange {
	uint32_t ticket; /* 0: free */
	uint32_t sub, inc;
	uint64_t user, conn, account, order;
	uint64_t from; /* guess_network() */
	void *state; /* owned */
	size_t state_size;
} exchanges[EXCHANGES];

static uint64_t last_order;

static void
end(struct exchange *x)
{
	if (x->state != NULL)
		explicit_bzero(x->state, x->state_size);
	free(x->state);
	*x = (struct exchange){0};
}

/* All are taken: the oldest one of the address that has most. Addresses that share a bin are one, by bad luck that nobody can
 * choose. */
static struct exchange *
one_too_many(void)
{
	static unsigned had[BINS];
	struct exchange *worst = exchanges;

	memset(had, 0, sizeof(had));
	for (struct exchange *x = exchanges; x < exchanges + EXCHANGES; x++)
		had[x->from % BINS]++;
	for (struct exchange *x = exchanges + 1; x < exchanges + EXCHANGES; x++) {
		unsigned n = had[x->from % BINS], most = had[worst->from % BINS];

		if (n > most || (n == most && x->order < worst->order))
			worst = x;
	}
	return worst;
}

/* The place of this connection's last one, or a free one, or one that gives way. */
static struct exchange *
place_for(const struct job *j)
{
	struct exchange *unused = NULL;

	for (struct exchange *x = exchanges; x < exchanges + EXCHANGES; x++) {
		if (x->ticket == 0)
			unused = x;
		else if (x->sub == j->sub && x->inc == j->inc && x->user == j->user &&
			 x->conn == j->conn)
			return x;
	}
	return unused != NULL ? unused : one_too_many();
}

void
exchange_begin(const struct job *j, uint64_t account, struct str from)
{
	struct exchange *x = place_for(j);

	end(x);
	*x = (struct exchange){.ticket = j->ticket,
			       .sub = j->sub,
			       .inc = j->inc,
			       .user = j->user,
			       .conn = j->conn,
			       .account = account,
			       .from = guess_network(from),
			       .order = ++last_order,
			       .state = xcalloc(1, j->state_size),
			       .state_size = j->state_size};
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a job's state is its own, not that of an exchange */
	memcpy(x->state, j->state, j->state_size);
}

void *
exchange_take(const struct req *r, const struct m_r_auth *q)
{
	for (struct exchange *x = exchanges; x < exchanges + EXCHANGES; x++) {
		void *state = x->state;

		if (x->ticket == 0 || x->ticket != q->ticket || x->sub != r->sub ||
		    x->inc != r->inc || x->user != q->user || x->conn != q->conn)
			continue;
		*x = (struct exchange){0};
		return state;
	}
	return NULL;
}

void
exchanges_secret_changed(uint64_t account)
{
	for (struct exchange *x = exchanges; x < exchanges + EXCHANGES; x++) {
		if (x->ticket != 0 && x->account == account)
			end(x);
	}
}

void
exchanges_fini(void)
{
	for (unsigned i = 0; i < EXCHANGES; i++)
		end(&exchanges[i]);
}
