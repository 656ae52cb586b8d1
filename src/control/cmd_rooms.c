/* cmd_rooms.c - the rooms that there are, read from the registry; all about one of them, with the name of its founder, which only
 * the store knows. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "control/control.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "registry/registry.h"

static const struct column room_columns[] = {
    {"name", "NAME", 16, false},
    {"members", "MEMBERS", 7, true},
    {"messages", "MESSAGES", 9, true},
    {"created", "CREATED", 20, false},
    {"registered", "REGISTERED", 10, false},
    {"modes", "MODES", 12, false},
    {"topic", "TOPIC", 20, false},
};
static const struct column member_columns[] = {
    {"name", "NAME", 16, false},    {"operator", "OPERATOR", 8, false},
    {"halfop", "HALFOP", 6, false}, {"voice", "VOICE", 5, false},
    {"away", "AWAY", 4, false},
};
static const struct column entry_columns[] = {
    {"list", "LIST", 10, false},
    {"mask", "WHO", 20, false},
    {"since", "SINCE", 20, false},
    {"by", "BY", 12, false},
};
static const struct column access_columns[] = {
    {"account", "ACCOUNT", 16, false},
    {"rank", "RANK", 6, false},
    {"since", "SINCE", 20, false},
    {"by", "BY", 12, false},
};

/* founder: the account's name; empty: not known here. */
static void
room_fields(struct conn *c, const struct reg_room_view *v, const char *founder)
{
	const char *modes[MODE_COUNT];
	struct writer *w = &c->w;
	size_t n = 0;

	for (unsigned op = 0; op < MODE_COUNT; op++) {
		if (v->modes & 1u << op)
			modes[n++] = mode_word(op);
	}
	writer_s(w, "name", v->name);
	writer_s(w, "topic", v->topic);
	writer_u64(w, "members", v->members);
	writer_time(w, "created", v->created);
	writer_strs(w, "modes", modes, n);
	writer_u64(w, "messages", v->messages);
	if (v->limit != 0)
		writer_u64(w, "limit", v->limit);
	writer_bool(w, "registered", (v->flags & ROOM_REGISTERED) != 0);
	if (founder[0] != '\0')
		writer_s(w, "founder", founder);
	if (v->founder != 0)
		writer_u64(w, "founder_id", v->founder);
	writer_s(w, "history",
		 !options_store(&proc.opt) || !proc.opt.history_rooms || v->flags & ROOM_NO_HISTORY
		     ? "off"
		     : "on");
	if (v->history_days != 0)
		writer_u64(w, "history_days", v->history_days);
	if (v->history_rows != 0)
		writer_u64(w, "history_rows", v->history_rows);
}

static int
rooms_row(struct conn *c, uint32_t slot)
{
	struct reg_room_view v;
	int rc = registry_room_slot(control_registry, slot, &v);

	if (rc <= 0)
		return rc;
	writer_row(&c->w);
	room_fields(c, &v, "");
	writer_row_end(&c->w);
	return 1;
}

static void
rooms_step(struct conn *c)
{
	list_slots(c, registry_room_slots(control_registry), rooms_row);
}

static void
rooms_begin(struct conn *c)
{
	writer_list(&c->w, NULL, room_columns, ARRAY_LEN(room_columns));
	c->tries = 0;
	c->step = rooms_step;
}

void
cmd_rooms(struct conn *c)
{
	list_begin(c, rooms_begin);
}

/* Who has a rank there by account. */
static void
access_step(struct conn *c)
{
	struct reg_list_view page[32];
	int n = registry_access(control_registry, c->id, &c->slot, page, ARRAY_LEN(page));

	for (int i = 0; i < n; i++) {
		writer_row(&c->w);
		writer_s(&c->w, "account", page[i].mask);
		writer_s(&c->w, "rank", page[i].reason);
		writer_s(&c->w, "by", page[i].by);
		writer_time(&c->w, "since", page[i].since);
		writer_row_end(&c->w);
	}
	if (list_more(c, n))
		return;
	writer_object_end(&c->w);
	conn_done(c);
}

/* What /ban, /mute and MODE have written down for this room. */
static void
entries_step(struct conn *c)
{
	static const char *const lists[MODE_COUNT] = {[MODE_BAN] = "ban",
						      [MODE_MUTE] = "mute",
						      [MODE_EXCEPT] = "exception",
						      [MODE_INVEX] = "invitation"};
	struct reg_list_view page[32];
	int n = registry_list(control_registry, c->id, &c->slot, page, ARRAY_LEN(page));

	for (int i = 0; i < n; i++) {
		writer_row(&c->w);
		writer_s(&c->w, "list", lists[page[i].op]);
		list_mask(c, page[i].mask);
		writer_s(&c->w, "by", page[i].by);
		writer_time(&c->w, "since", page[i].since);
		writer_time(&c->w, "until", page[i].until);
		writer_row_end(&c->w);
	}
	if (list_more(c, n))
		return;
	writer_list(&c->w, "access", access_columns, ARRAY_LEN(access_columns));
	conn_more(c);
	c->slot = 0;
	c->step = access_step;
}

/* The members, in pages; the room may end under our eyes. */
static void
members_step(struct conn *c)
{
	static struct reg_member_view page[REG_PAGE];
	int n = registry_members(control_registry, c->id, c->after, page, REG_PAGE);

	if (n < 0 && ++c->tries <= LIST_TRIES)
		return; /* the next turn tries again */
	for (int i = 0; i < n; i++) {
		writer_row(&c->w);
		writer_s(&c->w, "name", page[i].name);
		writer_bool(&c->w, "operator", (page[i].flags & MEMBER_OP) != 0);
		writer_bool(&c->w, "halfop", (page[i].flags & MEMBER_HALFOP) != 0);
		writer_bool(&c->w, "voice", (page[i].flags & MEMBER_VOICE) != 0);
		writer_bool(&c->w, "away", page[i].away);
		writer_row_end(&c->w);
		c->after = page[i].joined;
	}
	c->tries = n < 0 ? c->tries : 0;
	if (n == REG_PAGE) {
		conn_more(c);
		return;
	}
	writer_list_end(&c->w);
	if (n < 0) {
		writer_object_end(&c->w);
		conn_more(c);
		conn_fail(c, CTL_UNAVAILABLE,
			  "the members change too fast: the list is not complete");
		return;
	}
	writer_list(&c->w, "lists", entry_columns, ARRAY_LEN(entry_columns));
	conn_more(c);
	c->slot = 0;
	c->step = entries_step;
}

static void
room_show(struct conn *c, const struct reg_room_view *v)
{
	writer_object(&c->w);
	room_fields(c, v, c->name);
	writer_list(&c->w, "users", member_columns, ARRAY_LEN(member_columns));
	c->id = v->id;
	c->tries = 0;
	c->step = members_step;
}

static void room_found(struct conn *c);

/* The founder's name, if the store could tell it. */
static void
founder_told(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_q_page m;
	struct m_q_fact f;
	struct str row;

	c->name[0] = '\0';
	if (type == MSG_q_page && m_q_page_get(frame, len, &m) && ipc_next(&m.rows, &row) &&
	    m_q_fact_get(row.p, row.n, &f))
		bprintf(c->name, sizeof(c->name), STR_FMT, STR_ARG(f.text));
	c->after = 1;
	conn_sync(c, room_found);
}

static void
ask_founder(struct conn *c, uint64_t account)
{
	char id[24];

	bprintf(id, sizeof(id), "%" PRIu64, account);
	c->may_fail = true;
	conn_store(c, STORE_ACCOUNT_NAME, id, founder_told);
}

static void
room_found(struct conn *c)
{
	struct reg_room_view v;
	const char *name = c->req.args[0];
	int rc;

	name += *name == '#';
	rc = registry_room_named(control_registry, name, strlen(name), &v);
	if (rc < 0)
		list_again(c, room_found);
	else if (rc == 0)
		conn_fail(c, CTL_NOT_FOUND, "there is no room %s", name);
	else if (v.founder != 0 && c->after == 0)
		ask_founder(c, v.founder);
	else {
		c->after = 0;
		room_show(c, &v);
	}
}

void
cmd_room(struct conn *c)
{
	c->name[0] = '\0';
	list_begin(c, room_found);
}
