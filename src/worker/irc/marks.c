/* marks.c - see marks.h. */
#include "config.h"

#include "worker/irc/marks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "lib/name.h"
#include "lib/util.h"
#include "worker/irc/irc.h"

#define MARKS_MAX ROOMS_PER_USER

struct mark {
	TAILQ_ENTRY(mark) link;
	uint64_t when;
	bool room;
	char fold[]; /* of its name */
};

/* The one that was set last comes first. */
struct irc_marks {
	TAILQ_HEAD(mark_list, mark) list;
	unsigned n;
};

static struct mark *
mark_of(const struct conn *c, bool room, const char *fold)
{
	struct mark *m;

	if (c->irc->marks == NULL)
		return NULL;
	TAILQ_FOREACH (m, &c->irc->marks->list, link) {
		if (m->room == room && strcmp(m->fold, fold) == 0)
			return m;
	}
	return NULL;
}

/* The name by which it is found; false: there is none of that name. */
static bool
fold_of(const struct mark_place *at, char fold[ROOM_FOLD_MAX + 1])
{
	ssize_t n = name_fold(at->name.p, at->name.n, fold, ROOM_FOLD_MAX);

	if (n <= 0)
		return false;
	fold[n] = '\0';
	return true;
}

uint64_t
marks_get(const struct conn *c, const struct mark_place *at)
{
	char fold[ROOM_FOLD_MAX + 1];
	const struct mark *m = fold_of(at, fold) ? mark_of(c, at->room, fold) : NULL;

	return m != NULL ? m->when : 0;
}

static void
mark_free(struct irc_marks *all, struct mark *m)
{
	TAILQ_REMOVE(&all->list, m, link);
	all->n--;
	free(m);
}

static struct mark *
mark_new(struct conn *c, bool room, const char *fold)
{
	struct irc_marks *all = c->irc->marks;
	struct mark *m;

	if (all == NULL) {
		all = c->irc->marks = xcalloc(1, sizeof(*all));
		TAILQ_INIT(&all->list);
	}
	if (all->n == MARKS_MAX)
		mark_free(all, TAILQ_LAST(&all->list, mark_list));
	m = xcalloc(1, sizeof(*m) + strlen(fold) + 1);
	m->room = room;
	memcpy(m->fold, fold, strlen(fold));
	all->n++;
	return m;
}

uint64_t
marks_set(struct conn *c, const struct mark_place *at, uint64_t when)
{
	char fold[ROOM_FOLD_MAX + 1];
	struct mark *m;

	if (!fold_of(at, fold))
		return 0;
	m = mark_of(c, at->room, fold);
	if (m != NULL)
		TAILQ_REMOVE(&c->irc->marks->list, m, link);
	else
		m = mark_new(c, at->room, fold);
	TAILQ_INSERT_HEAD(&c->irc->marks->list, m, link);
	m->when = MAX(m->when, when);
	return m->when;
}

void
marks_forget(struct conn *c)
{
	struct irc_marks *all = c->irc->marks;

	while (all != NULL && !TAILQ_EMPTY(&all->list))
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what is freed has left the list */
		mark_free(all, TAILQ_FIRST(&all->list));
	free(all);
	c->irc->marks = NULL;
}
