/* query.c - see query.h. */
#include "config.h"

#include "worker/query.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/board.h"
#include "ipc/maskform.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/input.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/worker.h"

#define NAMES_SHOWN 50
#define WIDTH 78
#define SHOW_WIDTH 4000 /* the list of all is one line as long as it can be */
#define PART_MAX (SHOW_WIDTH + 2 * ROOM_BYTES_MAX)
#define SLOTS_PER_STEP 256

enum step {
	STEP_DONE,
	STEP_MORE,
	STEP_AGAIN, /* what was to be read was being written: ask the broker once more */
};

struct query {
	uint8_t what; /* enum query_what */
	bool ready; /* the sync has been answered */
	bool begun;
	uint8_t argn;
	uint64_t room; /* id, once found */
	uint64_t after; /* the last member shown joined then */
	uint32_t slot, shown, members;
	char arg[ROOM_BYTES_MAX];
	/* the line being made: others' words may come between steps, but not into it */
	size_t partn;
	char part[PART_MAX];
};

void
query_free(struct conn *c)
{
	free(c->query);
	c->query = NULL;
}

static struct query *
query_new(struct conn *c, enum query_what what)
{
	query_free(c);
	c->query = xcalloc(1, sizeof(*c->query));
	c->query->what = (uint8_t)what;
	return c->query;
}

void
query_ask(struct conn *c, enum query_what what, struct str arg)
{
	struct query *q = query_new(c, what);

	q->argn = (uint8_t)MIN(arg.n, sizeof(q->arg));
	memcpy(q->arg, arg.p, q->argn);
	if (q->argn == 0 && c->cur != NULL)
		q->room = c->cur->id;
	request_sync(c);
}

void
query_names(struct conn *c, uint64_t room, uint32_t members)
{
	struct query *q = query_new(c, QUERY_NAMES);

	q->room = room;
	q->members = members;
	query_answered(c);
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

/* --- lists of names ----------------------------------------------------------------- */

static void
put(struct query *q, const char *text)
{
	q->partn += bprintf(q->part + q->partn, sizeof(q->part) - q->partn, "%s", text);
}

/* The line ends with tail, and is sent. */
static void
end_line(struct conn *c, struct query *q, const char *tail)
{
	put(q, tail);
	put(q, "\r\n");
	outq_copy(c, q->part, q->partn);
	q->partn = 0;
}

static size_t
width_of(const struct conn *c, const struct query *q)
{
	if (q->what == QUERY_SHOW)
		return SHOW_WIDTH;
	return c->tn.cols > 20 ? MIN(c->tn.cols, SHOW_WIDTH) : WIDTH;
}

/* One more name of a list that is broken into lines of the client's width. */
static void
put_item(struct conn *c, struct query *q, const char *name, const char *note)
{
	if (q->shown > 0 && q->partn + strlen(name) + strlen(note) + 2 > width_of(c, q)) {
		end_line(c, q, ",");
		put(q, "  ");
	} else if (q->shown > 0) {
		put(q, ", ");
	}
	put(q, name);
	put(q, note);
	q->shown++;
}

static void
put_head(struct query *q, const char *head)
{
	put(q, head);
	q->begun = true;
}

static const char *
member_note(const struct reg_member_view *m)
{
	if (m->flags & MEMBER_OP)
		return m->away ? " (operator, away)" : " (operator)";
	return m->away ? " (away)" : "";
}

static struct reg_member_view page[REG_PAGE];

static enum step
step_names(struct conn *c, struct query *q)
{
	int n = registry_members(worker.reg, q->room, 0, page, NAMES_SHOWN);
	char head[32];

	if (n < 0)
		return STEP_AGAIN;
	bprintf(head, sizeof(head), "%u here: ", q->members);
	put_head(q, head);
	for (int i = 0; i < n; i++)
		put_item(c, q, page[i].name, "");
	bprintf(head, sizeof(head), " and %u others", q->members - (uint32_t)n);
	end_line(c, q, q->members > (uint32_t)n ? head : "");
	return STEP_DONE;
}

/* The room that is meant, if this client may know of it. 1, 0 (told), -1. */
static int
find_room(struct conn *c, struct query *q, struct reg_room_view *v)
{
	struct reg_member_view m;
	int r;

	if (q->room != 0)
		r = registry_room(worker.reg, q->room, v);
	else
		r = registry_room_named(worker.reg, q->arg, q->argn, v);
	if (r > 0 && v->modes & 1u << MODE_PRIVATE)
		r = registry_member(worker.reg, c->user, v->id, &m);
	if (r == 0)
		tell(c, "Sorry, there is no room %.*s.", (int)q->argn, q->arg);
	if (r > 0)
		q->room = v->id;
	return r;
}

/* /who and !INFO: all members of a room, in pages. */
static enum step
step_members(struct conn *c, struct query *q)
{
	struct reg_room_view v;
	bool info = q->what == QUERY_INFO;
	char head[ROOM_BYTES_MAX + 64];
	int n;

	if (!q->begun) {
		n = find_room(c, q, &v);
		if (n <= 0)
			return n < 0 ? STEP_AGAIN : STEP_DONE;
		bprintf(head, sizeof(head), "In %s (%u): ", v.name, v.members);
	}
	n = registry_members(worker.reg, q->room, q->after, page, REG_PAGE);
	if (n < 0)
		return STEP_AGAIN;
	if (!q->begun && info)
		tell(c, "%s used !INFO command.", c->name);
	if (!q->begun && info)
		tell(c, "Number of people in the chat room: %u", v.members);
	else if (!q->begun)
		put(q, head);
	q->begun = true;
	if (q->after == 0 && info)
		tell(c, "The list of people in the room is: ");
	for (int i = 0; i < n; i++) {
		if (info)
			tell(c, "%s", page[i].name);
		else
			put_item(c, q, page[i].name, member_note(&page[i]));
		q->after = page[i].joined;
	}
	if (n == REG_PAGE)
		return STEP_MORE;
	if (!info)
		end_line(c, q, "");
	return STEP_DONE;
}

static enum step
step_show(struct conn *c, struct query *q)
{
	struct reg_user_view v;
	uint32_t end = MIN(registry_user_slots(worker.reg), q->slot + SLOTS_PER_STEP);
	int r;

	if (!q->begun)
		put_head(q, "loggedIn users: [");
	for (; q->slot < end; q->slot++) {
		r = registry_user_slot(worker.reg, q->slot, &v);
		if (r < 0)
			return STEP_AGAIN;
		if (r == 0)
			continue;
		put_item(c, q, v.name, "");
	}
	if (q->slot < registry_user_slots(worker.reg))
		return STEP_MORE;
	end_line(c, q, "]");
	return STEP_DONE;
}

/* --- rooms -------------------------------------------------------------------------- */

static enum step
step_rooms(struct conn *c, struct query *q)
{
	struct reg_room_view v;
	struct reg_member_view m;
	uint32_t end = MIN(registry_room_slots(worker.reg), q->slot + SLOTS_PER_STEP);
	int r, in;

	for (; q->slot < end; q->slot++) {
		r = registry_room_slot(worker.reg, q->slot, &v);
		in = r > 0 ? registry_member(worker.reg, c->user, v.id, &m) : 0;
		if (r < 0 || in < 0)
			return STEP_AGAIN;
		if (r == 0 || (in == 0 && v.modes & 1u << MODE_PRIVATE))
			continue;
		tell(c, "%c %-20s %5u  %s", in ? '*' : ' ', v.name, v.members, v.topic);
		q->shown++;
	}
	if (q->slot < registry_room_slots(worker.reg))
		return STEP_MORE;
	tell(c, q->shown == 0 ? "There are no rooms; /join NAME makes one."
			      : "End of the list; * are those you are in.");
	return STEP_DONE;
}

static enum step
step_topic(struct conn *c, struct query *q)
{
	struct reg_room_view v;
	int r = find_room(c, q, &v);

	if (r <= 0)
		return r < 0 ? STEP_AGAIN : STEP_DONE;
	if (v.topic[0] == '\0')
		tell(c, "%s has no topic.", v.name);
	else
		tell(c, "The topic of %s, set by %s: %s", v.name, v.topic_by, v.topic);
	return STEP_DONE;
}

static enum step
step_room(struct conn *c, struct query *q)
{
	static const struct {
		enum mode_op op;
		const char *word;
	} modes[] = {{MODE_KEY, " key"},
		     {MODE_INVITE_ONLY, " invite-only"},
		     {MODE_MODERATED, " moderated"},
		     {MODE_PRIVATE, " private"},
		     {MODE_TOPIC_LOCK, " topic-lock"}};
	struct reg_room_view v;
	char text[256] = "", when[32];
	size_t n = 0;
	int r = find_room(c, q, &v);

	if (r <= 0)
		return r < 0 ? STEP_AGAIN : STEP_DONE;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (v.modes & 1u << modes[i].op)
			n += bprintf(text + n, sizeof(text) - n, "%s", modes[i].word);
	}
	if (v.modes & 1u << MODE_LIMIT)
		n += bprintf(text + n, sizeof(text) - n, " limit %u", v.limit);
	tell(c, "Room %s: %u here, made %s, %llu messages, settings:%s", v.name, v.members,
	     time_rfc3339(v.created, when), (unsigned long long)v.messages, n > 0 ? text : " none");
	return STEP_DONE;
}

/* Bans or mutes of a room. */
static enum step
step_list(struct conn *c, struct query *q)
{
	static struct reg_list_view list[16];
	uint8_t op = q->what == QUERY_BANS ? MODE_BAN : MODE_MUTE;
	struct reg_room_view v;
	char when[32];
	int n;

	if (!q->begun) {
		n = find_room(c, q, &v);
		if (n <= 0)
			return n < 0 ? STEP_AGAIN : STEP_DONE;
		q->begun = true;
	}
	n = registry_list(worker.reg, q->room, &q->slot, list, ARRAY_LEN(list));
	if (n < 0)
		return STEP_AGAIN;
	for (int i = 0; i < n; i++) {
		struct str mask = mask_show(str_of(list[i].mask));

		if (list[i].op != op)
			continue;
		tell(c, "  " STR_FMT ", by %s, %s", STR_ARG(mask), list[i].by,
		     time_rfc3339(list[i].since, when));
		q->shown++;
	}
	if (n > 0)
		return STEP_MORE;
	tell(c, q->shown == 0 ? "Nobody is %s here." : "All who are %s here.",
	     op == MODE_BAN ? "banned" : "muted");
	return STEP_DONE;
}

/* --- /whois ------------------------------------------------------------------------- */

static void
whois_idle(struct conn *c, const struct reg_user_view *v)
{
	const struct board *b = v->sub < WORKERS_MAX ? worker.boards[v->sub] : NULL;
	uint64_t last, now = worker_wall_ms();

	if (conn_of_user(v->id) != NULL)
		b = board_own;
	if (b == NULL || v->wslot >= b->nsessions || b->sessions[v->wslot].user != v->id)
		return;
	last = b->sessions[v->wslot].last_line_ms;
	if (last != 0 && now > last)
		tell(c, "  silent for %llu s", (unsigned long long)((now - last) / 1000));
}

static enum step
step_whois(struct conn *c, struct query *q)
{
	struct reg_user_view v;
	struct reg_room_view room;
	struct reg_member_view m;
	char when[32];
	const char *proto;
	int n, r = registry_user_named(worker.reg, q->arg, q->argn, &v);

	if (r < 0)
		return STEP_AGAIN;
	if (r == 0) {
		tell(c, "Sorry, nobody here is called %.*s.", (int)q->argn, q->arg);
		return STEP_DONE;
	}
	n = registry_rooms_of(worker.reg, v.id, page, REG_PAGE);
	if (n < 0)
		return STEP_AGAIN;
	proto = protocol_name(v.protocol);
	tell(c, "%s is logged in since %s by %s%s", v.name, time_rfc3339(v.since, when),
	     proto != NULL ? proto : "?", v.muted ? ", muted" : "");
	/* an address is nobody else's business */
	if (v.id == c->user)
		tell(c, "  from %s port %u", v.address, v.port);
	put_head(q, "  in: ");
	for (int i = 0; i < n; i++) {
		r = registry_room(worker.reg, page[i].room, &room);
		if (r > 0 && room.modes & 1u << MODE_PRIVATE)
			r = registry_member(worker.reg, c->user, room.id, &m);
		if (r > 0)
			put_item(c, q, page[i].room_name,
				 page[i].flags & MEMBER_OP ? " (operator)" : "");
	}
	end_line(c, q, q->shown == 0 ? "no room that you can see" : "");
	if (v.away[0] != '\0')
		tell(c, "  away: %s", v.away);
	whois_idle(c, &v);
	return STEP_DONE;
}

/* --- going on ----------------------------------------------------------------------- */

static enum step (*const steps[])(struct conn *c, struct query *q) = {
    [QUERY_NAMES] = step_names, [QUERY_WHO] = step_members, [QUERY_INFO] = step_members,
    [QUERY_SHOW] = step_show,   [QUERY_WHOIS] = step_whois, [QUERY_ROOMS] = step_rooms,
    [QUERY_ROOM] = step_room,   [QUERY_TOPIC] = step_topic, [QUERY_BANS] = step_list,
    [QUERY_MUTES] = step_list,
};

bool
query_step(struct conn *c)
{
	struct query *q = c->query;
	enum step step = STEP_DONE;

	if (!q->ready)
		return false;
	if (worker.reg != NULL) {
		if (outq_busy(c)) {
			/* a backlog wakes us when it is gone, a queue leaves at the end of the turn */
			if (c->back == NULL)
				conn_resume(c);
			return false;
		}
		step = steps[q->what](c, q);
	}
	if (step == STEP_MORE) {
		conn_resume(c);
		return false;
	}
	if (step == STEP_AGAIN) {
		q->ready = false;
		request_sync(c);
		return false;
	}
	query_free(c);
	c->flags &= ~(unsigned)CONN_BARRIER;
	conn_resume(c);
	return true;
}
