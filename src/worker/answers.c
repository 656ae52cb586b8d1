/* answers.c - what telnet clients are told from the registry; see query.h. */
#include "config.h"

#include <string.h>

#include "ipc/maskform.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/answers.h"
#include "worker/outq.h"
#include "worker/query.h"
#include "worker/room.h"
#include "worker/sight.h"
#include "worker/worker.h"

#define NAMES_SHOWN 50
#define WIDTH 78
#define SHOW_WIDTH 4000 /* the list of all is one line as long as it can be */
#define PART_MAX (SHOW_WIDTH + 2 * ROOM_BYTES_MAX)
#define SLOTS_PER_STEP 256

struct answer {
	struct query query;
	uint8_t what; /* enum answer_what */
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

/* --- lists of names ----------------------------------------------------------------- */

static void
put(struct answer *q, const char *text)
{
	q->partn += bprintf(q->part + q->partn, sizeof(q->part) - q->partn, "%s", text);
}

/* The line ends with tail, and is sent. */
static void
end_line(struct conn *c, struct answer *q, const char *tail)
{
	put(q, tail);
	put(q, "\r\n");
	outq_copy(c, q->part, q->partn);
	q->partn = 0;
}

static size_t
width_of(const struct conn *c, const struct answer *q)
{
	if (q->what == ANSWER_SHOW)
		return SHOW_WIDTH;
	return c->tn != NULL && c->tn->cols > 20 ? MIN(c->tn->cols, SHOW_WIDTH) : WIDTH;
}

/* One more name of a list that is broken into lines of the client's width. */
static void
put_item(struct conn *c, struct answer *q, const char *name, const char *note)
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
put_head(struct answer *q, const char *head)
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

static enum query_step
step_names(struct conn *c, struct answer *q)
{
	int n = registry_members(worker.reg, q->room, 0, page, NAMES_SHOWN);
	char head[32];

	if (n < 0)
		return QUERY_AGAIN;
	bprintf(head, sizeof(head), "%u here: ", q->members);
	put_head(q, head);
	for (int i = 0; i < n; i++)
		put_item(c, q, page[i].name, "");
	bprintf(head, sizeof(head), " and %u others", q->members - (uint32_t)n);
	end_line(c, q, q->members > (uint32_t)n ? head : "");
	return QUERY_DONE;
}

/* The room that is meant, if this client may know of it. 1, 0 (told), -1. */
static int
find_room(struct conn *c, struct answer *q, struct reg_room_view *v)
{
	int r;

	if (q->room != 0)
		r = registry_room(worker.reg, q->room, v);
	else
		r = registry_room_named(worker.reg, q->arg, q->argn, v);
	if (r > 0 && !sight_room(c, v))
		r = 0;
	if (r == 0)
		tell(c, "Sorry, there is no room %.*s.", (int)q->argn, q->arg);
	if (r > 0)
		q->room = v->id;
	return r;
}

/* Before the first page of what a room has: QUERY_MORE, or what the step that has not found it is. */
static enum query_step
in_room(struct conn *c, struct answer *q)
{
	struct reg_room_view v;
	int r = q->begun ? 1 : find_room(c, q, &v);

	q->begun = r > 0;
	return r > 0 ? QUERY_MORE : r < 0 ? QUERY_AGAIN : QUERY_DONE;
}

/* Those who do not want strangers to see them are in nobody's list but their rooms'. 1, 0, -1. */
static int
member_seen(const struct conn *c, const struct answer *q, const struct reg_member_view *m)
{
	struct reg_user_view v;
	int r;

	if (sight_in(c, q->room))
		return 1;
	r = registry_user(worker.reg, m->user, &v);
	return r > 0 ? sight_user(c, &v) : r;
}

/* /who and !INFO: all members of a room, in pages. */
static enum query_step
step_members(struct conn *c, struct answer *q)
{
	struct reg_room_view v;
	bool info = q->what == ANSWER_INFO;
	char head[ROOM_BYTES_MAX + 64];
	int n;

	if (!q->begun) {
		n = find_room(c, q, &v);
		if (n <= 0)
			return n < 0 ? QUERY_AGAIN : QUERY_DONE;
		bprintf(head, sizeof(head), "In %s (%u): ", v.name, v.members);
	}
	n = registry_members(worker.reg, q->room, q->after, page, REG_PAGE);
	if (n < 0)
		return QUERY_AGAIN;
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
		int seen = member_seen(c, q, &page[i]);

		if (seen < 0)
			return QUERY_AGAIN;
		if (seen > 0 && info)
			tell(c, "%s", page[i].name);
		else if (seen > 0)
			put_item(c, q, page[i].name, member_note(&page[i]));
		q->after = page[i].joined;
	}
	if (n == REG_PAGE)
		return QUERY_MORE;
	if (!info)
		end_line(c, q, "");
	return QUERY_DONE;
}

static enum query_step
step_show(struct conn *c, struct answer *q)
{
	struct reg_user_view v;
	uint32_t end = MIN(registry_user_slots(worker.reg), q->slot + SLOTS_PER_STEP);
	int r;

	if (!q->begun)
		put_head(q, "loggedIn users: [");
	for (; q->slot < end; q->slot++) {
		r = registry_user_slot(worker.reg, q->slot, &v);
		if (r > 0)
			r = sight_user(c, &v);
		if (r < 0)
			return QUERY_AGAIN;
		if (r > 0)
			put_item(c, q, v.name, "");
	}
	if (q->slot < registry_user_slots(worker.reg))
		return QUERY_MORE;
	end_line(c, q, "]");
	return QUERY_DONE;
}

/* --- rooms -------------------------------------------------------------------------- */

static enum query_step
step_rooms(struct conn *c, struct answer *q)
{
	struct reg_room_view v;
	uint32_t end = MIN(registry_room_slots(worker.reg), q->slot + SLOTS_PER_STEP);
	int r;

	for (; q->slot < end; q->slot++) {
		r = registry_room_slot(worker.reg, q->slot, &v);
		if (r < 0)
			return QUERY_AGAIN;
		if (r == 0 || !sight_room(c, &v))
			continue;
		tell(c, "%c %-20s %5u  %s", sight_in(c, v.id) ? '*' : ' ', v.name, v.members,
		     v.topic);
		q->shown++;
	}
	if (q->slot < registry_room_slots(worker.reg))
		return QUERY_MORE;
	tell(c, q->shown == 0 ? "There are no rooms; /join NAME makes one."
			      : "End of the list; * are those you are in.");
	return QUERY_DONE;
}

static enum query_step
step_topic(struct conn *c, struct answer *q)
{
	struct reg_room_view v;
	int r = find_room(c, q, &v);

	if (r <= 0)
		return r < 0 ? QUERY_AGAIN : QUERY_DONE;
	if (v.topic[0] == '\0')
		tell(c, "%s has no topic.", v.name);
	else
		tell(c, "The topic of %s, set by %s: %s", v.name, v.topic_by, v.topic);
	return QUERY_DONE;
}

/* What outlives its members, and what is said in it. */
static void
tell_kept(struct conn *c, const struct reg_room_view *v)
{
	struct reg_user_view me;
	bool mine = registry_user(worker.reg, c->user, &me) > 0 && me.account_id != 0 &&
		    me.account_id == v->founder;
	uint64_t days = v->history_days != 0 ? v->history_days : proc.opt.history_days;
	uint64_t rows = v->history_rows != 0 ? v->history_rows : proc.opt.history_rows;
	char text[128] = "not kept", more[64] = "";

	if (!options_store(&proc.opt))
		return;
	if (rows > 0)
		bprintf(more, sizeof(more), ", at most %llu messages", (unsigned long long)rows);
	if (proc.opt.history_rooms && !(v->flags & ROOM_NO_HISTORY) && days > 0)
		bprintf(text, sizeof(text), "kept for %llu days%s", (unsigned long long)days, more);
	else if (proc.opt.history_rooms && !(v->flags & ROOM_NO_HISTORY))
		bprintf(text, sizeof(text), "kept%s", more);
	tell(c, "  %s%s; what is said is %s",
	     v->flags & ROOM_REGISTERED ? "registered" : "not registered",
	     mine ? ", you are its founder" : "", text);
}

static enum query_step
step_room(struct conn *c, struct answer *q)
{
	struct reg_room_view v;
	char text[256] = "", when[32];
	size_t n = 0;
	int r = find_room(c, q, &v);

	if (r <= 0)
		return r < 0 ? QUERY_AGAIN : QUERY_DONE;
	for (unsigned op = 0; op < MODE_COUNT; op++) {
		if (v.modes & 1u << op)
			n += bprintf(text + n, sizeof(text) - n, " %s", mode_word(op));
		if (v.modes & 1u << op && op == MODE_LIMIT)
			n += bprintf(text + n, sizeof(text) - n, " %u", v.limit);
	}
	tell(c, "Room %s: %u here, made %s, %llu message%s, settings:%s", v.name, v.members,
	     time_rfc3339(v.created, when), (unsigned long long)v.messages,
	     v.messages == 1 ? "" : "s", n > 0 ? text : " none");
	tell_kept(c, &v);
	return QUERY_DONE;
}

/* Bans or mutes of a room. */
static enum query_step
step_list(struct conn *c, struct answer *q)
{
	static struct reg_list_view list[16];
	uint8_t op = q->what == ANSWER_BANS ? MODE_BAN : MODE_MUTE;
	enum query_step step = in_room(c, q);
	char when[32];
	int n;

	if (step != QUERY_MORE)
		return step;
	n = registry_list(worker.reg, q->room, &q->slot, list, ARRAY_LEN(list));
	if (n < 0)
		return QUERY_AGAIN;
	for (int i = 0; i < n; i++) {
		struct str mask = mask_show(str_of(list[i].mask));

		if (list[i].op != op)
			continue;
		tell(c, "  " STR_FMT ", by %s, %s", STR_ARG(mask), list[i].by,
		     time_rfc3339(list[i].since, when));
		q->shown++;
	}
	if (n > 0)
		return QUERY_MORE;
	tell(c, q->shown == 0 ? "Nobody is %s here." : "All who are %s here.",
	     op == MODE_BAN ? "banned" : "muted");
	return QUERY_DONE;
}

/* Accounts with a rank in a registered room. */
static enum query_step
step_access(struct conn *c, struct answer *q)
{
	static struct reg_list_view list[16];
	enum query_step step = in_room(c, q);
	int n;

	if (step != QUERY_MORE)
		return step;
	n = registry_access(worker.reg, q->room, &q->slot, list, ARRAY_LEN(list));
	if (n < 0)
		return QUERY_AGAIN;
	for (int i = 0; i < n; i++)
		tell(c, "  %s: %s, by %s", list[i].mask, list[i].reason, list[i].by);
	q->shown += (uint32_t)n;
	if (n > 0)
		return QUERY_MORE;
	tell(c, q->shown == 0 ? "No account has a rank here." : "All accounts with a rank here.");
	return QUERY_DONE;
}

/* --- /whois ------------------------------------------------------------------------- */

static enum query_step
step_whois(struct conn *c, struct answer *q)
{
	struct reg_user_view v;
	char when[32];
	const char *proto;
	int n, r = registry_user_named(worker.reg, q->arg, q->argn, &v);

	if (r < 0)
		return QUERY_AGAIN;
	if (r == 0) {
		tell(c, "Sorry, nobody here is called %.*s.", (int)q->argn, q->arg);
		return QUERY_DONE;
	}
	n = sight_rooms_of(c, &v, page);
	if (n < 0)
		return QUERY_AGAIN;
	proto = protocol_name(v.protocol);
	tell(c, "%s is logged in since %s by %s%s", v.name, time_rfc3339(v.since, when),
	     proto != NULL ? proto : "?", v.muted ? ", muted" : "");
	/* an address is nobody else's business */
	if (v.id == c->user)
		tell(c, "  from %s port %u", v.address, v.port);
	put_head(q, "  in: ");
	for (int i = 0; i < n; i++)
		put_item(c, q, page[i].room_name, page[i].flags & MEMBER_OP ? " (operator)" : "");
	end_line(c, q, q->shown == 0 ? "no room that you can see" : "");
	if (v.away[0] != '\0')
		tell(c, "  away: %s", v.away);
	tell(c, "  silent for %llu s", (unsigned long long)sight_idle(&v));
	return QUERY_DONE;
}

/* --- asking ------------------------------------------------------------------------- */

static enum query_step (*const steps[])(struct conn *c, struct answer *q) = {
    [ANSWER_NAMES] = step_names, [ANSWER_WHO] = step_members,   [ANSWER_INFO] = step_members,
    [ANSWER_SHOW] = step_show,   [ANSWER_WHOIS] = step_whois,   [ANSWER_ROOMS] = step_rooms,
    [ANSWER_ROOM] = step_room,   [ANSWER_TOPIC] = step_topic,   [ANSWER_BANS] = step_list,
    [ANSWER_MUTES] = step_list,  [ANSWER_ACCESS] = step_access,
};

static enum query_step
answer_step(struct conn *c, struct query *query)
{
	struct answer *q = (struct answer *)query;

	return steps[q->what](c, q);
}

static struct answer *
answer_new(enum answer_what what)
{
	struct answer *q = xcalloc(1, sizeof(*q));

	q->query.step = answer_step;
	q->what = (uint8_t)what;
	return q;
}

void
answer_ask(struct conn *c, enum answer_what what, struct str arg)
{
	struct answer *q = answer_new(what);

	q->argn = (uint8_t)MIN(arg.n, sizeof(q->arg));
	memcpy(q->arg, arg.p, q->argn);
	if (q->argn == 0 && c->cur != NULL)
		q->room = c->cur->id;
	query_ask(c, &q->query);
}

void
answer_names(struct conn *c, uint64_t room, uint32_t members)
{
	struct answer *q = answer_new(ANSWER_NAMES);

	q->room = room;
	q->members = members;
	query_begin(c, &q->query);
}
