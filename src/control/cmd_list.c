/* cmd_list.c - what is read from the registry: users, rooms, bans, mutes.
 *
 * Each begins with a sync, so that whatever was decided before the command is seen. Listings
 * walk the slots in steps, as fast as their reader reads; users who come or go meanwhile are
 * in them or not, but nobody is in them twice.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "lib/glob.h"
#include "ipc/maskform.h"
#include "ipc/proc.h"
#include "lib/util.h"
#include "registry/registry.h"

#define STEP_ROWS 256u
#define STEP_SLOTS 4096u
#define TRIES 8u

static const struct column user_columns[] = {
    {"name", "NAME", 16, false},       {"address", "ADDRESS", 15, false},
    {"protocol", "VIA", 6, false},     {"worker", "WORKER", 6, true},
    {"idle", "IDLE", 6, true},         {"queued", "QUEUED", 8, true},
    {"messages_in", "IN", 8, true},    {"messages_out", "OUT", 8, true},
    {"connected", "SINCE", 20, false}, {"rooms", "ROOMS", 12, false},
};
static const struct column session_columns[] = {
    {"protocol", "VIA", 6, false},     {"address", "ADDRESS", 15, false},
    {"port", "PORT", 5, true},         {"worker", "WORKER", 6, true},
    {"idle", "IDLE", 6, true},         {"queued", "QUEUED", 8, true},
    {"messages_in", "IN", 8, true},    {"messages_out", "OUT", 8, true},
    {"connected", "SINCE", 20, false},
};
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
static const struct column list_columns[] = {
    {"mask", "WHO", 20, false}, {"since", "SINCE", 20, false},   {"until", "UNTIL", 20, false},
    {"by", "BY", 12, false},    {"reason", "REASON", 12, false},
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

/* By bit of enum user_mode. */
static const char *const umode_words[] = {"invisible", "operator", "wallops", "bot",
					  "registered_only"};

/* By bit of a session's caps. */
static const char *const cap_words[] = {
#define IRC_CAP(bit, name, cls) name,
#include "ipc/irc_caps.def"
#undef IRC_CAP
};

/* Begin with fn after a sync. */
static void
begin(struct conn *c, conn_fn *fn)
{
	if (control_registry == NULL)
		conn_fail(c, CTL_UNAVAILABLE, "the registry is not there yet");
	else
		conn_sync(c, fn);
}

/* Torn too often, or the broker is rebuilding: ask again behind what it decides now. */
static void
again(struct conn *c, conn_fn *fn)
{
	c->step = NULL;
	if (++c->tries > TRIES)
		conn_fail(c, CTL_UNAVAILABLE, "the registry is too busy");
	else
		conn_sync(c, fn);
}

/* --- users ------------------------------------------------------------------------------ */

static size_t
umode_names(uint32_t umodes, const char *out[])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(umode_words); i++) {
		if (umodes & 1u << i)
			out[n++] = umode_words[i];
	}
	return n;
}

static size_t
cap_names(uint64_t caps, const char *out[])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(cap_words); i++) {
		if (caps & UINT64_C(1) << i)
			out[n++] = cap_words[i];
	}
	return n;
}

/* What its worker's board says of a session; nothing, when that is somebody else's by now. active: of its last line. */
static uint64_t
board_of(unsigned sub, uint32_t wslot, uint64_t user, uint64_t since, struct board_session *s)
{
	if (!control_session(sub, wslot, user, s))
		*s = (struct board_session){0};
	return s->last_line_ms != 0 ? s->last_line_ms : since;
}

/* All sessions of a user together, into what is known of the first. */
static uint64_t
boards_of(const struct reg_user_view *v, struct board_session *first)
{
	struct reg_session_view s[SESSIONS_PER_USER];
	uint64_t active = board_of(v->sub, v->wslot, v->id, v->since, first);
	int n = v->sessions > 1 ? registry_sessions(control_registry, v->id, s, ARRAY_LEN(s)) : 0;

	for (int i = 1; i < n; i++) {
		struct board_session b;

		active = MAX(active, board_of(s[i].sub, s[i].wslot, v->id, s[i].since, &b));
		first->queued += b.queued;
		first->messages_in += b.messages_in;
		first->messages_out += b.messages_out;
	}
	return active;
}

static uint64_t
seconds_since(uint64_t active)
{
	uint64_t now = wall_ms();

	return now > active ? (now - active) / 1000 : 0;
}

static void
session_fields(struct conn *c, const struct reg_session_view *v, uint64_t user)
{
	struct board_session s;
	uint64_t active = board_of(v->sub, v->wslot, user, v->since, &s);
	struct writer *w = &c->w;

	writer_s(w, "protocol", protocol_name(v->protocol));
	writer_s(w, "address", v->address);
	writer_u64(w, "port", v->port);
	writer_bool(w, "tls", v->tls != 0);
	writer_u64(w, "worker", v->sub);
	writer_time(w, "connected", v->since);
	writer_u64(w, "idle", seconds_since(active));
	writer_str(w, "client", s.client[0] != '\0' ? s.client : NULL,
		   strnlen(s.client, sizeof(s.client)));
	writer_u64(w, "queued", s.queued);
	writer_u64(w, "messages_in", s.messages_in);
	writer_u64(w, "messages_out", s.messages_out);
}

static void
user_fields(struct conn *c, const struct reg_user_view *v)
{
	static struct reg_member_view rooms[ROOMS_PER_USER];
	const char *names[ROOMS_PER_USER], *modes[ARRAY_LEN(umode_words)],
	    *caps[ARRAY_LEN(cap_words)];
	struct board_session s;
	struct writer *w = &c->w;
	uint64_t active = boards_of(v, &s);
	int n = registry_rooms_of(control_registry, v->id, rooms, ROOMS_PER_USER);

	for (int i = 0; i < n; i++)
		names[i] = rooms[i].room_name;
	writer_u64(w, "id", v->id);
	writer_s(w, "name", v->name);
	writer_s(w, "account", v->account[0] != '\0' ? v->account : NULL);
	writer_s(w, "protocol", protocol_name(v->protocol));
	writer_s(w, "address", v->address);
	writer_u64(w, "port", v->port);
	writer_s(w, "ident", v->ident);
	writer_s(w, "host", v->host);
	writer_s(w, "real_name", v->real);
	writer_strs(w, "modes", modes, umode_names(v->umodes, modes));
	writer_s(w, "operator", v->level != LEVEL_NONE ? ctl_level_name(v->level) : NULL);
	writer_bool(w, "tls", v->tls != 0);
	writer_u64(w, "worker", v->sub);
	writer_strs(w, "rooms", names, n > 0 ? (size_t)n : 0);
	writer_time(w, "connected", v->since);
	writer_u64(w, "idle", seconds_since(active));
	if (v->protocol == PROTO_IRC || w->format != CTL_TABLE)
		writer_strs(w, "capabilities", caps, cap_names(s.caps, caps));
	if (s.client[0] != '\0' || w->format != CTL_TABLE)
		writer_str(w, "client", s.client[0] != '\0' ? s.client : NULL,
			   strnlen(s.client, sizeof(s.client)));
	writer_u64(w, "queued", s.queued);
	writer_u64(w, "messages_in", s.messages_in);
	writer_u64(w, "messages_out", s.messages_out);
	writer_s(w, "away", v->away[0] != '\0' ? v->away : NULL);
	if (v->muted || w->format != CTL_TABLE)
		writer_bool(w, "muted", v->muted);
	if (v->sessions > 1 || w->format != CTL_TABLE)
		writer_u64(w, "connections", v->sessions);
}

static bool
matches(const struct conn *c, const struct reg_user_view *v)
{
	char folded[NAME_FOLD_MAX];
	ssize_t n;

	if (c->state == NULL)
		return true;
	n = name_fold(v->name, strlen(v->name), folded, sizeof(folded));
	return n >= 0 && glob_match(c->state, strlen(c->state), folded, (size_t)n);
}

static void
users_step(struct conn *c)
{
	uint32_t slots = registry_user_slots(control_registry);
	unsigned rows = 0;

	for (unsigned i = 0; i < STEP_SLOTS && rows < STEP_ROWS && c->slot < slots; i++) {
		struct reg_user_view v;
		int rc;

		if (c->w.body.len >= OUT_HIGH)
			break;
		rc = registry_user_slot(control_registry, c->slot, &v);
		/* Being written all the time: left to the next step, and in the end left out. */
		if (rc < 0 && ++c->tries < TRIES)
			break;
		if (rc > 0 && matches(c, &v)) {
			writer_row(&c->w);
			user_fields(c, &v);
			writer_row_end(&c->w);
			rows++;
		}
		c->tries = 0;
		c->slot++;
	}
	if (c->slot < slots) {
		conn_more(c);
		return;
	}
	writer_list_end(&c->w);
	conn_done(c);
}

static void
users_begin(struct conn *c)
{
	writer_list(&c->w, NULL, user_columns, ARRAY_LEN(user_columns));
	c->tries = 0;
	c->step = users_step;
}

void
cmd_users(struct conn *c)
{
	if (c->req.nargs > 0) {
		size_t n = strlen(c->req.args[0]), cap = 4 * n + NAME_FOLD_MAX;
		char *folded = xcalloc(1, cap + 1);

		c->state = folded;
		if (n == 0 || name_fold(c->req.args[0], n, folded, cap) < 0) {
			conn_fail(c, CTL_BAD, "no name can match %s", c->req.args[0]);
			return;
		}
	}
	begin(c, users_begin);
}

static void
sessions_list(struct conn *c, const struct reg_user_view *v, const struct reg_session_view *s,
	      int n)
{
	if (n < 2 && c->w.format == CTL_TABLE)
		return; /* all has been said */
	writer_list(&c->w, "sessions", session_columns, ARRAY_LEN(session_columns));
	for (int i = 0; i < n; i++) {
		writer_row(&c->w);
		session_fields(c, &s[i], v->id);
		writer_row_end(&c->w);
	}
	writer_list_end(&c->w);
}

static void
user_found(struct conn *c)
{
	struct reg_session_view s[SESSIONS_PER_USER];
	struct reg_user_view v;
	const char *name = c->req.args[0];
	int rc = registry_user_named(control_registry, name, strlen(name), &v), n = 0;

	if (rc > 0)
		n = registry_sessions(control_registry, v.id, s, ARRAY_LEN(s));
	if (rc < 0 || n < 0) {
		again(c, user_found);
	} else if (rc == 0) {
		conn_fail(c, CTL_NOT_FOUND, "nobody here is called %s", name);
	} else {
		writer_object(&c->w);
		user_fields(c, &v);
		sessions_list(c, &v, s, n);
		writer_object_end(&c->w);
		conn_done(c);
	}
}

void
cmd_user(struct conn *c)
{
	begin(c, user_found);
}

/* --- rooms -------------------------------------------------------------------------------- */

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

static void
rooms_step(struct conn *c)
{
	uint32_t slots = registry_room_slots(control_registry);
	unsigned rows = 0;

	for (unsigned i = 0; i < STEP_SLOTS && rows < STEP_ROWS && c->slot < slots; i++) {
		struct reg_room_view v;
		int rc;

		if (c->w.body.len >= OUT_HIGH)
			break;
		rc = registry_room_slot(control_registry, c->slot, &v);
		if (rc < 0 && ++c->tries < TRIES)
			break;
		if (rc > 0) {
			writer_row(&c->w);
			room_fields(c, &v, "");
			writer_row_end(&c->w);
			rows++;
		}
		c->tries = 0;
		c->slot++;
	}
	if (c->slot < slots) {
		conn_more(c);
		return;
	}
	writer_list_end(&c->w);
	conn_done(c);
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
	begin(c, rooms_begin);
}

static void
put_mask(struct conn *c, const char *text)
{
	struct str mask = mask_show(str_of(text));

	writer_str(&c->w, "mask", mask.p, mask.n);
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
	if (n > 0) {
		conn_more(c);
		return;
	}
	writer_list_end(&c->w);
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
		put_mask(c, page[i].mask);
		writer_s(&c->w, "by", page[i].by);
		writer_time(&c->w, "since", page[i].since);
		writer_time(&c->w, "until", page[i].until);
		writer_row_end(&c->w);
	}
	if (n > 0) {
		conn_more(c);
		return;
	}
	writer_list_end(&c->w);
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

	if (n < 0 && ++c->tries <= TRIES)
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
		again(c, room_found);
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
	begin(c, room_found);
}

/* --- bans and mutes ----------------------------------------------------------------------- */

static void
list_step(struct conn *c)
{
	struct reg_list_view page[32];
	unsigned op = c->req.id == CTL_CMD_ban_list ? MODE_BAN : MODE_MUTE;
	int n = registry_list(control_registry, 0, &c->slot, page, ARRAY_LEN(page));

	for (int i = 0; i < n; i++) {
		if (page[i].op != op)
			continue;
		writer_row(&c->w);
		put_mask(c, page[i].mask);
		writer_s(&c->w, "reason", page[i].reason);
		writer_s(&c->w, "by", page[i].by);
		writer_time(&c->w, "since", page[i].since);
		writer_time(&c->w, "until", page[i].until);
		writer_row_end(&c->w);
	}
	if (n > 0) {
		conn_more(c);
		return;
	}
	writer_list_end(&c->w);
	conn_done(c);
}

static void
list_begin(struct conn *c)
{
	writer_list(&c->w, NULL, list_columns, ARRAY_LEN(list_columns));
	c->step = list_step;
}

void
cmd_ban_list(struct conn *c)
{
	begin(c, list_begin);
}

void
cmd_mute_list(struct conn *c)
{
	begin(c, list_begin);
}
