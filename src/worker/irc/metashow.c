/* metashow.c - metadata as it stands in the registry: GET, LIST, SYNC, and what clients are shown unasked when
 * somebody or something comes into their sight.
 *
 * Rooms may be huge and each member may have many keys: a step ends when it has made a few lines, and goes on
 * behind the last member it looked at.
 */
#include "config.h"

#include "lib/util.h"
#include "registry/registry.h"
#include "worker/input.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/metadata.h"
#include "worker/irc/metaline.h"
#include "worker/irc/metasubs.h"
#include "worker/irc/monitor.h"
#include "worker/irc/room.h"
#include "worker/query.h"
#include "worker/room.h"
#include "worker/worker.h"

#define STEP_LINES 64
#define ROOMS_PER_LINE 8 /* to look through so many costs what a line does */

enum found { FOUND_TORN = -1, FOUND_NONE, FOUND };

/* A room that is being shown. */
struct of_room {
	uint64_t id, after; /* the last member looked at joined then */
	bool own_done; /* its own keys have been shown */
	bool member; /* the asker is in it: its members are shown, too */
	char name[META_TARGET_MAX];
};

struct show {
	struct query query;
	struct meta_to to;
	bool open; /* its batch has begun */
	bool found; /* the target */
	unsigned lines, looked; /* what this step has made, and how many members it has looked at */
	unsigned at; /* which of the rooms, or of the names watched */
	uint32_t from; /* subscriptions from this place on */
	struct of_room room;
	char target[META_TARGET_MAX]; /* what the batch is about */
	/* all: */
	unsigned nrooms;
	uint64_t rooms[]; /* that the asker is in */
};

static struct reg_meta_view keys[META_KEYS_MAX];
static struct reg_member_view page[REG_PAGE];

static struct show *
show_new(struct conn *c, enum query_step (*step)(struct conn *c, struct query *q), unsigned nrooms)
{
	struct show *q = xcalloc(1, sizeof(*q) + nrooms * sizeof(q->rooms[0]));

	q->query.step = step;
	q->to.c = c;
	q->nrooms = nrooms;
	return q;
}

/* --- batches ----------------------------------------------------------------------------------------- */

static void
open_batch(struct show *q)
{
	if (!q->open)
		q->to.batch = meta_open(q->to.c, "metadata", q->target);
	q->open = true;
}

/* The older draft knows of no batch that says that there is nothing, but as an answer. */
static void
close_batch(struct show *q, bool unasked)
{
	if (!unasked || !meta_v2(q->to.c))
		open_batch(q);
	if (q->open)
		meta_close(q->to.c, q->to.batch);
	q->open = false;
	q->to.batch = 0;
}

/* What this user or room has of what is subscribed. */
static enum found
show_subscribed(struct show *q, bool room, uint64_t id, const char *name)
{
	int n = registry_meta(worker.reg, room, id, keys);

	for (int i = 0; i < n; i++) {
		int sub = meta_sub_of(q->to.c, str_of(keys[i].key));

		if (sub < 0 || (uint32_t)sub < q->from)
			continue;
		open_batch(q);
		meta_value(&q->to, true, name, str_of(keys[i].key), str_of(keys[i].value));
		q->lines++;
	}
	return n < 0 ? FOUND_TORN : FOUND;
}

/* --- a room and those in it --------------------------------------------------------------------------------- */

/* Was this user shown with a room before this one? */
static enum found
shown_before(const struct show *q, uint64_t user)
{
	struct reg_member_view m;
	int in = 0;

	for (unsigned i = 0; i < q->at && i < q->nrooms && in == 0; i++)
		in = registry_member(worker.reg, user, q->rooms[i], &m);
	return in < 0 ? FOUND_TORN : in > 0 ? FOUND : FOUND_NONE;
}

static enum found
show_member(struct show *q, const struct reg_member_view *m)
{
	enum found f =
	    registry_meta(worker.reg, false, m->user, keys) == 0 ? FOUND : shown_before(q, m->user);

	return f != FOUND_NONE ? f : show_subscribed(q, false, m->user, m->name);
}

static enum query_step
room_step(struct show *q)
{
	struct of_room *r = &q->room;
	int n;

	if (!r->own_done && show_subscribed(q, true, r->id, r->name) == FOUND_TORN)
		return QUERY_AGAIN;
	r->own_done = true;
	n = r->member ? registry_members(worker.reg, r->id, r->after, page, REG_PAGE) : 0;
	if (n < 0)
		return QUERY_AGAIN;
	q->looked += (unsigned)n + 1;
	for (int i = 0; i < n; i++) {
		if (show_member(q, &page[i]) == FOUND_TORN)
			return QUERY_AGAIN;
		r->after = page[i].joined;
		if (q->lines >= STEP_LINES)
			return QUERY_MORE;
	}
	return n == REG_PAGE ? QUERY_MORE : QUERY_DONE;
}

/* The room with that id, or called name when id is 0, if c may know of it. */
static enum found
find_room(struct show *q, uint64_t id, struct str name)
{
	struct reg_room_view v;
	bool member;
	int got = irc_room_seen(q->to.c, id, name, &v, &member);

	if (got <= 0)
		return got < 0 ? FOUND_TORN : FOUND_NONE;
	/* what is set where not everybody may come in is for those who are in */
	if (!member && v.modes & (1u << MODE_INVITE_ONLY | 1u << MODE_KEY))
		return FOUND_NONE;
	q->room = (struct of_room){.id = v.id, .member = member};
	bprintf(q->room.name, sizeof(q->room.name), "#%s", v.name);
	return FOUND;
}

/* --- commands with a target ------------------------------------------------------------------------------------ */

struct target {
	bool room;
	uint64_t id;
	char name[META_TARGET_MAX];
};

/* What the command under way is about. */
static enum found
look_up(struct show *q, const struct irc_run *r, struct target *t)
{
	struct str name = r->name.n > 0 ? r->name : str_of(q->to.c->name);
	struct reg_user_view u;
	enum found f;
	int got;

	t->room = r->room.n > 0;
	if (t->room) {
		f = find_room(q, 0, r->room);
		t->id = q->room.id;
		bprintf(t->name, sizeof(t->name), "%s", q->room.name);
		return f;
	}
	got = registry_user_named(worker.reg, name.p, name.n, &u);
	if (got <= 0)
		return got < 0 ? FOUND_TORN : FOUND_NONE;
	t->id = u.id;
	bprintf(t->name, sizeof(t->name), "%s", u.name);
	return FOUND;
}

/* The same; the client is told when there is none. */
static enum found
find_target(struct show *q, struct target *t)
{
	const struct irc_run *r = q->to.c->irc->run;
	enum found f = look_up(q, r, t);

	if (f == FOUND_NONE)
		metadata_refused(q->to.c, r, ERR_NO_SUCH_USER);
	return f;
}

static void
show_key(const struct show *q, const struct target *t, struct str key, int n)
{
	if (!meta_key_ok(key)) {
		meta_fail(&q->to, true, META_BAD_KEY, irc_middle(key), "Invalid key");
		return;
	}
	for (int i = 0; i < n; i++) {
		if (str_eq(str_of(keys[i].key), key)) {
			meta_value(&q->to, false, t->name, key, str_of(keys[i].value));
			return;
		}
	}
	meta_unset(&q->to, false, t->name, key);
}

/* Target and keys for GET and LIST: how many keys there are; -1: torn, -2: no such target. */
static int
get_keys(struct show *q, struct target *t)
{
	enum found f = find_target(q, t);
	int n;

	if (f != FOUND)
		return f == FOUND_TORN ? -1 : -2;
	n = registry_meta(worker.reg, t->room, t->id, keys);
	bprintf(q->target, sizeof(q->target), "%s", t->name);
	if (n >= 0)
		open_batch(q);
	return n;
}

static enum query_step
get_step(struct conn *c, struct query *query)
{
	struct show *q = (struct show *)query;
	const struct irc_msg *msg = &c->irc->run->msg;
	struct target t = {0};
	int n = get_keys(q, &t);

	if (n < 0)
		return n == -1 ? QUERY_AGAIN : QUERY_DONE;
	for (unsigned i = 2; i < msg->n; i++)
		show_key(q, &t, msg->param[i], n);
	close_batch(q, false);
	return QUERY_DONE;
}

static enum query_step
list_step(struct conn *c, struct query *query)
{
	struct show *q = (struct show *)query;
	struct target t = {0};
	int n = get_keys(q, &t);

	(void)c;
	if (n < 0)
		return n == -1 ? QUERY_AGAIN : QUERY_DONE;
	for (int i = 0; i < n; i++)
		meta_value(&q->to, false, t.name, str_of(keys[i].key), str_of(keys[i].value));
	close_batch(q, false);
	return QUERY_DONE;
}

static enum query_step
sync_step(struct conn *c, struct query *query)
{
	struct show *q = (struct show *)query;
	enum query_step step = QUERY_DONE;
	struct target t = {0};
	enum found f = FOUND;

	(void)c;
	q->lines = 0;
	if (!q->found)
		f = find_target(q, &t);
	if (f != FOUND)
		return f == FOUND_TORN ? QUERY_AGAIN : QUERY_DONE;
	if (!q->found) {
		bprintf(q->target, sizeof(q->target), "%s", t.name);
		open_batch(q);
		q->found = t.room;
	}
	if (q->found)
		step = room_step(q);
	else if (show_subscribed(q, false, t.id, t.name) == FOUND_TORN)
		step = QUERY_AGAIN;
	if (step == QUERY_DONE)
		close_batch(q, false);
	return step;
}

void
metadata_get(struct conn *c)
{
	query_ask(c, &show_new(c, get_step, 0)->query);
}

void
metadata_list(struct conn *c)
{
	query_ask(c, &show_new(c, list_step, 0)->query);
}

void
metadata_sync(struct conn *c)
{
	query_ask(c, &show_new(c, sync_step, 0)->query);
}

/* --- everything in sight ------------------------------------------------------------------------------------------- */

/* Somebody of this name, unless shown with a room. */
static enum found
show_named(struct show *q, struct str name)
{
	struct reg_user_view u;
	int got = registry_user_named(worker.reg, name.p, name.n, &u);
	enum found f;

	if (got <= 0)
		return got < 0 ? FOUND_TORN : FOUND_NONE;
	f = shown_before(q, u.id);
	return f != FOUND_NONE ? f : show_subscribed(q, false, u.id, u.name);
}

/* The rooms, one after the other. */
static enum query_step
all_rooms(struct show *q)
{
	enum query_step step;
	enum found f;

	for (; q->at < q->nrooms; q->at++, q->found = false) {
		if (q->looked >= REG_PAGE)
			return QUERY_MORE;
		f = q->found ? FOUND : find_room(q, q->rooms[q->at], STR_LIT(""));
		if (f == FOUND_TORN)
			return QUERY_AGAIN;
		q->found = f == FOUND;
		step = q->found ? room_step(q) : QUERY_DONE;
		if (step != QUERY_DONE)
			return step;
	}
	return QUERY_DONE;
}

/* Then the client itself, and those it watches, numbered on behind the rooms. */
static enum query_step
all_names(struct show *q)
{
	struct conn *c = q->to.c;
	struct str name = str_of(c->name);

	for (; q->at == q->nrooms || monitor_nth(c, q->at - q->nrooms - 1, &name); q->at++) {
		if (show_named(q, name) == FOUND_TORN)
			return QUERY_AGAIN;
		if (q->lines >= STEP_LINES) {
			q->at++;
			return QUERY_MORE;
		}
	}
	return QUERY_DONE;
}

static enum query_step
all_step(struct conn *c, struct query *query)
{
	struct show *q = (struct show *)query;
	bool asked = irc_is(c->irc->run->msg.param[1], "SYNC");
	enum query_step step;

	q->lines = q->looked = 0;
	step = all_rooms(q);
	if (step == QUERY_DONE)
		step = all_names(q);
	if (step == QUERY_DONE)
		close_batch(q, !asked);
	return step;
}

void
metadata_sync_all(struct conn *c, uint32_t from)
{
	struct show *q = show_new(c, all_step, c->nrooms);

	conn_charge(c, c->nrooms / ROOMS_PER_LINE);
	for (unsigned i = 0; i < c->nrooms; i++)
		q->rooms[i] = c->rooms[i].room->id;
	q->from = from;
	bprintf(q->target, sizeof(q->target), "*ALL");
	query_ask(c, &q->query);
}

/* --- unasked --------------------------------------------------------------------------------------------------------- */

void
metadata_joined(struct conn *c, struct room *r)
{
	if (!metadata_aware(c))
		return;
	room_set_flags(r, c, room_flags(r, c) | MEMBER_METADATA_DUE);
	c->irc->flags |= IRC_METADATA_DUE;
}

void
metadata_later(struct conn *c)
{
	c->irc->flags |= IRC_METADATA_DUE;
	metadata_due(c);
}

/* A room that c has come into, and that it has been shown nothing of; 0: none. */
static uint64_t
due_room(struct conn *c)
{
	for (unsigned i = 0; i < c->nrooms; i++) {
		struct room *r = c->rooms[i].room;
		uint32_t flags = room_flags(r, c);

		if (flags & MEMBER_METADATA_DUE) {
			room_set_flags(r, c, flags & ~MEMBER_METADATA_DUE);
			return r->id;
		}
	}
	return 0;
}

static enum query_step
due_rooms(struct show *q)
{
	enum query_step step;
	enum found f;

	while (q->room.id != 0 || (q->room.id = due_room(q->to.c)) != 0) {
		f = q->found ? FOUND : find_room(q, q->room.id, STR_LIT(""));
		if (f == FOUND_TORN)
			return QUERY_AGAIN;
		if (f == FOUND && !q->found)
			bprintf(q->target, sizeof(q->target), "%s", q->room.name);
		q->found = f == FOUND;
		step = q->found ? room_step(q) : QUERY_DONE;
		if (step != QUERY_DONE)
			return step;
		if (q->found)
			close_batch(q, true);
		q->found = false;
		q->room.id = 0;
		if (q->lines >= STEP_LINES || q->looked >= REG_PAGE)
			return QUERY_MORE;
	}
	return QUERY_DONE;
}

static enum query_step
due_names(struct show *q)
{
	struct reg_user_view u;
	struct str name;
	int got;

	while (monitor_due(q->to.c, &q->at, &name)) {
		got = registry_user_named(worker.reg, name.p, name.n, &u);
		if (got > 0)
			bprintf(q->target, sizeof(q->target), "%s", u.name);
		if (got < 0 || (got > 0 && show_subscribed(q, false, u.id, u.name) == FOUND_TORN))
			return QUERY_AGAIN;
		if (got > 0)
			close_batch(q, true);
		monitor_done(q->to.c, q->at++);
		if (++q->lines >= STEP_LINES)
			return QUERY_MORE;
	}
	return QUERY_DONE;
}

static enum query_step
due_step(struct conn *c, struct query *query)
{
	struct show *q = (struct show *)query;
	enum query_step step;
	struct str name;

	q->lines = q->looked = 0;
	step = due_rooms(q);
	if (step == QUERY_DONE)
		step = due_names(q);
	if (step != QUERY_DONE)
		return step;
	q->at = 0;
	if (monitor_due(c, &q->at, &name)) /* came while others were shown */
		return QUERY_MORE;
	c->irc->flags &= (uint16_t)~IRC_METADATA_DUE;
	return QUERY_DONE;
}

void
metadata_due(struct conn *c)
{
	if (!(c->irc->flags & IRC_METADATA_DUE) || c->flags & (CONN_ENDED | CONN_BARRIER) ||
	    c->query != NULL || c->irc->run != NULL)
		return;
	query_begin(c, &show_new(c, due_step, 0)->query);
}
