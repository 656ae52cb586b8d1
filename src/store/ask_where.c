/* ask_where.c - which places a question is about. Only those that it names: the broker has decided. */
#include "config.h"

#include <stdlib.h>

#include "store/ask_priv.h"

static int
by_id(const void *a, const void *b)
{
	const struct rows_place *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* In order, each once. A copy of one points into the other. */
static void
settle(struct ask *a)
{
	struct rows_place *p = a->places;
	size_t n = 0;

	qsort(p, a->nplaces, sizeof(*p), by_id);
	for (size_t i = 0; i < a->nplaces; i++) {
		if (n > 0 && p[n - 1].id == p[i].id)
			continue;
		if (n != i)
			p[n] = p[i];
		p[n].name.p = p[n].bytes;
		n++;
	}
	a->nplaces = n;
}

static void
add(struct ask *a, bool found)
{
	a->nplaces += found;
}

static struct rows_place *
fresh(struct ask *a)
{
	return &a->places[a->nplaces];
}

static void
add_rooms(struct ask *a)
{
	for (size_t i = 0; i < a->q.places.n && i < ROOMS_PER_USER; i++) {
		uint64_t born = ids_at(a->q.places, i);

		if (born != 0)
			add(a, rows_place_born(&a->rows, born, fresh(a)));
	}
}

/* All that an account has exchanged with others; to be read, the newest conversations, if they are very many. */
static void
add_conversations(struct ask *a, uint64_t account)
{
	struct db_query q;

	if (a->q.kind == QUERY_TARGETS) {
		a->conversations = account;
		return;
	}
	q = db_query(&a->set, ASK_PLACES_OF);
	db_int(&q, account);
	while (a->nplaces < ASK_PLACES_MAX && db_row(&q))
		add(a, rows_place(&a->rows, db_col_int(&q, 0), fresh(a)));
	db_end(&q);
}

static void
admins(struct ask *a)
{
	const struct m_s_query *q = &a->q;

	if (q->places.n == 0 && q->room.n > 0)
		add(a, rows_place_named(&a->rows, q->room, fresh(a)));
	else if (q->peer != 0 && q->viewer == 0)
		add_conversations(a, q->peer);
	else
		a->everywhere = q->places.n == 0 && q->peer == 0;
}

void
ask_where(struct ask *a)
{
	const struct m_s_query *q = &a->q;

	a->nplaces = 0;
	a->conversations = 0;
	a->everywhere = false;
	a->elsewhere.id = 0;
	add_rooms(a);
	if (q->viewer != 0 && q->peer != 0)
		add(a, rows_place_pair(&a->rows, q->viewer, q->peer, fresh(a)));
	if (q->viewer != 0 && q->peer == 0 && q->direct)
		add_conversations(a, q->viewer);
	if (q->admin)
		admins(a);
	settle(a);
}

struct rows_place *
ask_place(struct ask *a, uint64_t id)
{
	struct rows_place key = {.id = id};

	if (!a->everywhere)
		return bsearch(&key, a->places, a->nplaces, sizeof(key), by_id);
	if (a->elsewhere.id != id && !rows_place(&a->rows, id, &a->elsewhere))
		a->elsewhere.id = 0;
	return a->elsewhere.id != 0 ? &a->elsewhere : NULL;
}

uint64_t
ask_peer(const struct ask *a, const struct rows_place *p)
{
	uint64_t me = a->q.viewer != 0 ? a->q.viewer : a->q.peer;

	return p->a == me ? p->b : p->a;
}
