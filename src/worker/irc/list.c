/* list.c - LIST: rooms, by names, masks, number of members and age (ELIST=CMNTU). */
#include "config.h"

#include <string.h>

#include "lib/glob.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/query.h"
#include "worker/sight.h"
#include "worker/worker.h"

#define SLOTS_PER_STEP 256
#define LINES_PER_STEP 64

struct list {
	struct query query;
	bool begun;
	bool by_name; /* nothing but names: they are looked up */
	unsigned lines; /* made by this step */
	uint32_t slot; /* the next; of the names if by_name */
	/* All must be so: */
	uint64_t least, less; /* members: at least; fewer than */
	uint64_t created_before, created_after, topic_before, topic_after; /* wall ms */
	unsigned wanted; /* masks and names: one of them must fit */
	size_t n;
	char text[]; /* what was asked for */
};

enum item_is { ITEM_NAME, ITEM_MASK, ITEM_NOT, ITEM_CONDITION };

static uint64_t
number(struct str s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && n < UINT32_MAX; i++)
		n = 10 * n + (uint64_t)(s.p[i] - '0');
	return n;
}

static enum item_is
item_is(struct str s)
{
	bool age = s.n > 1 && (s.p[0] == 'C' || s.p[0] == 'T' || s.p[0] == 'c' || s.p[0] == 't');
	char sign = s.p[age];

	if (sign == '<' || sign == '>')
		return ITEM_CONDITION;
	if (s.n > 1 && s.p[0] == '!')
		return ITEM_NOT;
	return memchr(s.p, '*', s.n) != NULL || memchr(s.p, '?', s.n) != NULL ? ITEM_MASK
									      : ITEM_NAME;
}

/* "<10", "C>60": fewer than ten members; made more than an hour ago. */
static void
take_condition(struct list *q, struct str s)
{
	bool age = s.p[0] != '<' && s.p[0] != '>', less = s.p[age] == '<';
	uint64_t n = number((struct str){s.p + age + 1, s.n - age - 1});
	uint64_t now = worker_wall_ms(), then = now - MIN(n * 60000, now);

	if (!age && less)
		q->less = n;
	else if (!age)
		q->least = n + 1;
	else if (s.p[0] == 'C' || s.p[0] == 'c')
		*(less ? &q->created_after : &q->created_before) = then;
	else
		*(less ? &q->topic_after : &q->topic_before) = then;
}

/* --- in steps ------------------------------------------------------------------------------------- */

static void
show(struct conn *c, struct list *q, const struct reg_room_view *v)
{
	q->lines++;
	irc_num(c, RPL_LIST, "#%s %u :%s", v->name, v->members, v->topic);
}

static bool
fits_masks(const struct list *q, const struct reg_room_view *v)
{
	char name[ROOM_BYTES_MAX + 2];
	size_t n = bprintf(name, sizeof(name), "#%s", v->name);
	struct str item, rest = {q->text, q->n};
	bool found = q->wanted == 0;

	while (irc_item(rest, 0, &item)) {
		enum item_is is = item_is(item);

		rest.p = item.p + item.n;
		rest.n = (size_t)(q->text + q->n - rest.p);
		if (is == ITEM_CONDITION)
			continue;
		if (is == ITEM_NOT)
			item = (struct str){item.p + 1, item.n - 1};
		if (!glob_match_nocase(item.p, item.n, name, n))
			continue;
		if (is == ITEM_NOT)
			return false;
		found = true;
	}
	return found;
}

/* A room without a topic fits no condition about its topic's age. */
static bool
fits(const struct list *q, const struct reg_room_view *v)
{
	bool topic = v->topic[0] != '\0';

	if (v->members < q->least || v->members >= q->less)
		return false;
	if (v->created >= q->created_before || v->created <= q->created_after)
		return false;
	if (q->topic_before != UINT64_MAX && (!topic || v->topic_at >= q->topic_before))
		return false;
	if (q->topic_after != 0 && (!topic || v->topic_at <= q->topic_after))
		return false;
	return fits_masks(q, v);
}

/* 1, 0: there are no more, -1 */
static int
step_name(struct conn *c, struct list *q)
{
	struct reg_room_view v;
	struct str item, name;
	int r = 0;

	if (!irc_item((struct str){q->text, q->n}, q->slot, &item))
		return 0;
	if (irc_room(item, &name))
		r = registry_room_named(worker.reg, name.p, name.n, &v);
	if (r > 0 && sight_room(c, &v))
		show(c, q, &v);
	return r < 0 ? -1 : 1;
}

static int
step_slot(struct conn *c, struct list *q)
{
	struct reg_room_view v;
	int r;

	if (q->slot >= registry_room_slots(worker.reg))
		return 0;
	r = registry_room_slot(worker.reg, q->slot, &v);
	if (r > 0 && sight_room(c, &v) && fits(q, &v))
		show(c, q, &v);
	return r < 0 ? -1 : 1;
}

static enum query_step
list_step(struct conn *c, struct query *query)
{
	struct list *q = (struct list *)query;
	int r;

	if (!q->begun)
		irc_num(c, RPL_LISTSTART, "Channel :Users  Name");
	q->begun = true;
	q->lines = 0;
	for (unsigned i = 0; i < SLOTS_PER_STEP && q->lines < LINES_PER_STEP; i++, q->slot++) {
		r = q->by_name ? step_name(c, q) : step_slot(c, q);
		if (r < 0)
			return QUERY_AGAIN;
		if (r == 0) {
			irc_num(c, RPL_LISTEND, ":End of LIST");
			return QUERY_DONE;
		}
	}
	return QUERY_MORE;
}

enum irc_done
irc_LIST(struct conn *c, struct irc_run *r)
{
	struct str text = r->msg.param[0], item;
	struct list *q = xcalloc(1, sizeof(*q) + text.n + 1);
	unsigned kinds = 0;

	q->query.step = list_step;
	q->less = q->created_before = q->topic_before = UINT64_MAX;
	q->n = text.n;
	memcpy(q->text, text.p, text.n);
	for (unsigned i = 0; irc_item(text, i, &item); i++) {
		enum item_is is = item_is(item);

		kinds |= 1u << is;
		q->wanted += is == ITEM_NAME || is == ITEM_MASK;
		if (is == ITEM_CONDITION)
			take_condition(q, item);
	}
	q->by_name = kinds == 1u << ITEM_NAME;
	query_ask(c, &q->query);
	return IRC_DONE;
}
