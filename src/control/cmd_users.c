/* cmd_users.c - who is here, read from the registry and the boards; all about one of them. */
#include "config.h"

#include <string.h>

#include "control/control.h"
#include "lib/glob.h"
#include "lib/util.h"
#include "registry/registry.h"

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

/* By bit of enum user_mode. */
static const char *const umode_words[] = {"invisible", "operator", "wallops", "bot",
					  "registered_only"};

/* By bit of a session's caps. */
static const char *const cap_words[] = {
#define IRC_CAP(bit, name, cls) name,
#include "ipc/irc_caps.def"
#undef IRC_CAP
};

/* The words of the bits that are set, into out; how many. */
static size_t
bit_names(uint64_t bits, const char *const words[], size_t nwords, const char *out[])
{
	size_t n = 0;

	for (size_t i = 0; i < nwords; i++) {
		if (bits & UINT64_C(1) << i)
			out[n++] = words[i];
	}
	return n;
}

/* What its worker's board says of a session; nothing, when that is somebody else's by now. active: of its last line. */
static uint64_t
board_of(unsigned sub, uint32_t wslot, uint64_t user, uint64_t since, struct seen *k)
{
	if (!control_session(sub, wslot, user, k))
		*k = (struct seen){0};
	return k->s.last_line_ms != 0 ? k->s.last_line_ms : since;
}

/* All sessions of a user together, into what is known of the first. */
static uint64_t
boards_of(const struct reg_user_view *v, struct seen *first)
{
	struct reg_session_view s[SESSIONS_PER_USER];
	uint64_t active = board_of(v->sub, v->wslot, v->id, v->since, first);
	int n = v->sessions > 1 ? registry_sessions(control_registry, v->id, s, ARRAY_LEN(s)) : 0;

	for (int i = 1; i < n; i++) {
		struct seen k;

		active = MAX(active, board_of(s[i].sub, s[i].wslot, v->id, s[i].since, &k));
		first->s.queued += k.s.queued;
		first->s.messages_in += k.s.messages_in;
		first->s.messages_out += k.s.messages_out;
	}
	return active;
}

static uint64_t
seconds_since(uint64_t active)
{
	uint64_t now = wall_ms();

	return now > active ? (now - active) / 1000 : 0;
}

/* In a table only what there is. */
static void
tls_fields(struct writer *w, bool tls, const struct seen *k)
{
	bool all = w->format != CTL_TABLE;
	const struct board_session *s = &k->s;
	char hex[CERT_MAX + 1];

	writer_bool(w, "tls", tls);
	if (all || tls_version_name(s->tls_version) != NULL)
		writer_s(w, "tls_version", tls_version_name(s->tls_version));
	if (all || tls_cipher_name(s->tls_cipher) != NULL)
		writer_s(w, "tls_cipher", tls_cipher_name(s->tls_cipher));
	if (all || s->has_cert)
		writer_s(w, "certificate", s->has_cert ? cert_hex(k->more.cert, hex) : NULL);
}

static void
client_field(struct writer *w, const struct seen *k)
{
	const char *client = k->s.has_client ? k->more.client : NULL;

	writer_str(w, "client", client, client != NULL ? strnlen(client, BOARD_CLIENT_MAX) : 0);
}

static void
session_fields(struct conn *c, const struct reg_session_view *v, uint64_t user)
{
	struct seen k;
	uint64_t active = board_of(v->sub, v->wslot, user, v->since, &k);
	struct writer *w = &c->w;

	writer_s(w, "protocol", protocol_name(v->protocol));
	writer_s(w, "address", v->address);
	writer_u64(w, "port", v->port);
	tls_fields(w, v->tls != 0, &k);
	writer_u64(w, "worker", v->sub);
	writer_time(w, "connected", v->since);
	writer_seconds(w, "idle", seconds_since(active));
	client_field(w, &k);
	writer_bytes(w, "queued", k.s.queued);
	writer_u64(w, "messages_in", k.s.messages_in);
	writer_u64(w, "messages_out", k.s.messages_out);
}

static void
user_fields(struct conn *c, const struct reg_user_view *v)
{
	static struct reg_member_view rooms[ROOMS_PER_USER];
	const char *names[ROOMS_PER_USER], *modes[ARRAY_LEN(umode_words)],
	    *caps[ARRAY_LEN(cap_words)];
	struct seen k;
	struct writer *w = &c->w;
	uint64_t active = boards_of(v, &k);
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
	writer_strs(w, "modes", modes,
		    bit_names(v->umodes, umode_words, ARRAY_LEN(umode_words), modes));
	writer_s(w, "operator", v->level != LEVEL_NONE ? ctl_level_name(v->level) : NULL);
	tls_fields(w, v->tls != 0, &k);
	writer_u64(w, "worker", v->sub);
	writer_strs(w, "rooms", names, n > 0 ? (size_t)n : 0);
	writer_time(w, "connected", v->since);
	writer_seconds(w, "idle", seconds_since(active));
	if (v->protocol == PROTO_IRC || w->format != CTL_TABLE)
		writer_strs(w, "capabilities", caps,
			    bit_names(k.s.caps, cap_words, ARRAY_LEN(cap_words), caps));
	if (k.s.has_client || w->format != CTL_TABLE)
		client_field(w, &k);
	writer_bytes(w, "queued", k.s.queued);
	writer_u64(w, "messages_in", k.s.messages_in);
	writer_u64(w, "messages_out", k.s.messages_out);
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

static int
users_row(struct conn *c, uint32_t slot)
{
	struct reg_user_view v;
	int rc = registry_user_slot(control_registry, slot, &v);

	if (rc <= 0 || !matches(c, &v))
		return MIN(rc, 0);
	writer_row(&c->w);
	user_fields(c, &v);
	writer_row_end(&c->w);
	return 1;
}

static void
users_step(struct conn *c)
{
	list_slots(c, registry_user_slots(control_registry), users_row);
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
	list_begin(c, users_begin);
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
		list_again(c, user_found);
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
	list_begin(c, user_found);
}
