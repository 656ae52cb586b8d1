/* cmd_store.c - what the store keeps beside history: accounts, invitations, itself. The broker asks it for us. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "control/store.h"
#include "lib/util.h"

static const struct column account_columns[] = {
    {"name", "NAME", 16, false},        {"email", "EMAIL", 20, false},
    {"created", "CREATED", 20, false},  {"seen", "SEEN", 20, false},
    {"kept", "WAITING", 7, true},       {"rooms", "ROOMS", 5, true},
    {"disabled", "DISABLED", 8, false},
};
static const struct column invite_columns[] = {
    {"id", "ID", 4, true},     {"rooms", "ROOMS", 16, false},     {"uses", "USES", 4, true},
    {"used", "USED", 4, true}, {"created", "CREATED", 20, false}, {"expires", "EXPIRES", 20, false},
    {"by", "BY", 8, false},
};

/* --- asking ------------------------------------------------------------------------------------------------ */

/* The request's own arguments are the op's. */
void
store_ask_args(struct conn *c, unsigned op, conn_event_fn *fn)
{
	char args[4096];
	size_t n = 0;

	args[0] = '\0';
	for (unsigned i = 0; i < c->req.nargs; i++) {
		if (strchr(c->req.args[i], '\x1f') != NULL || strlen(c->req.args[i]) > 1024) {
			conn_fail(c, CTL_BAD, "that cannot be used here");
			return;
		}
		n += bprintf(args + n, sizeof(args) - n, "%s%s", i > 0 ? "\x1f" : "",
			     c->req.args[i]);
	}
	conn_store(c, op, args, fn);
}

void
store_done(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_e_done m;

	if (type != MSG_e_done || !m_e_done_get(frame, len, &m))
		conn_fail(c, CTL_INTERNAL, "the store has answered something else");
	else if (m.text.n > 0)
		conn_ok(c, STR_FMT, STR_ARG(m.text));
	else
		conn_ok(c, "done");
}

/* The rows of a page; NULL: it is none, which has been told. */
bool
store_page(struct conn *c, unsigned type, const void *frame, size_t len, struct m_q_page *m)
{
	if (type == MSG_q_page && m_q_page_get(frame, len, m))
		return true;
	conn_fail(c, CTL_INTERNAL, "the store has answered something else");
	return false;
}

/* --- facts --------------------------------------------------------------------------------------------------- */

/* "full-text index" as the name of a field. */
static void
field_name(struct str name, char out[65])
{
	size_t n = MIN(name.n, 64u);

	for (size_t i = 0; i < n; i++)
		out[i] = name.p[i] == ' ' || name.p[i] == '-' ? '_' : name.p[i];
	out[n] = '\0';
}

/* All facts as the fields of one object. all_ok_r: each said "ok". */
static void
facts_fields(struct conn *c, struct str rows, bool *all_ok_r)
{
	char name[65], *end, text[24];
	struct m_q_fact f;
	struct str row;

	*all_ok_r = true;
	while (ipc_next(&rows, &row)) {
		uint64_t number;
		bool is_number;

		if (!m_q_fact_get(row.p, row.n, &f))
			continue;
		*all_ok_r &= str_eq(f.text, STR_LIT("ok"));
		field_name(f.name, name);
		bprintf(text, sizeof(text), STR_FMT, STR_ARG(f.text));
		number = strtoull(text, &end, 10);
		is_number = f.text.n < 19 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
		if (is_number && strncmp(name, "bytes", 5) == 0)
			writer_bytes(&c->w, name, number);
		else if (is_number)
			writer_u64(&c->w, name, number);
		else if (str_eq(f.text, STR_LIT("yes")) || str_eq(f.text, STR_LIT("no")))
			writer_bool(&c->w, name, str_eq(f.text, STR_LIT("yes")));
		else
			writer_str(&c->w, name, f.text.p, f.text.n);
	}
}

void
store_facts(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_q_page m;
	bool all_ok;

	if (!store_page(c, type, frame, len, &m))
		return;
	writer_object(&c->w);
	facts_fields(c, m.rows, &all_ok);
	writer_object_end(&c->w);
	if (c->req.id != CTL_CMD_store_check || all_ok)
		conn_done(c);
	else {
		conn_more(c);
		conn_fail(c, CTL_REFUSED, "the database is damaged, or cannot be read or written");
	}
}

void
cmd_store_status(struct conn *c)
{
	conn_store(c, STORE_STATUS, "", store_facts);
}

void
cmd_store_check(struct conn *c)
{
	conn_store(c, STORE_CHECK, "", store_facts);
}

void
cmd_store_backup(struct conn *c)
{
	if (c->req.args[0][0] != '/')
		conn_fail(c, CTL_BAD,
			  "the file's path begins with /, and its directory is one that the store "
			  "may write to");
	else
		store_ask_args(c, STORE_BACKUP, store_facts);
}

/* --- accounts ------------------------------------------------------------------------------------------------ */

static void
account_fields(struct conn *c, const struct m_q_account *m)
{
	struct writer *w = &c->w;

	writer_u64(w, "id", m->id);
	writer_str(w, "name", m->name.p, m->name.n);
	writer_str(w, "email", m->email.n > 0 ? m->email.p : NULL, m->email.n);
	writer_bool(w, "disabled", (m->flags & ACCOUNT_DISABLED) != 0);
	writer_bool(w, "scram", (m->flags & ACCOUNT_SCRAM) != 0);
	writer_time(w, "created", m->created);
	writer_time(w, "seen", m->seen);
	writer_u64(w, "kept", m->kept);
	writer_u64(w, "rooms", m->rooms);
}

static void ask_accounts(struct conn *c);

/* A page of them; the next one when its reader has read it. */
static void
accounts(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_q_account a = {0};
	struct m_q_page m;
	struct str row;

	if (!store_page(c, type, frame, len, &m))
		return;
	while (ipc_next(&m.rows, &row)) {
		if (!m_q_account_get(row.p, row.n, &a))
			continue;
		writer_row(&c->w);
		account_fields(c, &a);
		writer_row_end(&c->w);
		bprintf(c->name, sizeof(c->name), STR_FMT, STR_ARG(a.name));
	}
	conn_page(c, m.more && a.name.n > 0 ? ask_accounts : NULL);
}

static void
ask_accounts(struct conn *c)
{
	char args[1024];

	c->step = NULL;
	bprintf(args, sizeof(args), "%s\x1f%s", c->req.nargs > 0 ? c->req.args[0] : "", c->name);
	conn_store(c, STORE_ACCOUNTS, args, accounts);
}

void
cmd_account_list(struct conn *c)
{
	if (c->req.nargs > 0 && (strlen(c->req.args[0]) > 512 || strchr(c->req.args[0], '\x1f'))) {
		conn_fail(c, CTL_NOT_FOUND, "no name can match that");
		return;
	}
	c->name[0] = '\0';
	writer_list(&c->w, NULL, account_columns, ARRAY_LEN(account_columns));
	ask_accounts(c);
}

/* Facts of this name as an array. */
static void
fact_list(struct conn *c, struct str rows, const char *fact, const char *key)
{
	char **list = NULL;
	struct m_q_fact f;
	struct str row;
	size_t k = 0;

	while (ipc_next(&rows, &row)) {
		if (!m_q_fact_get(row.p, row.n, &f) || !str_eq(f.name, str_of(fact)))
			continue;
		list = xrealloc(list, (k + 1) * sizeof(*list));
		list[k++] = xstrndup(f.text.p, f.text.n);
	}
	writer_strs(&c->w, key, (const char *const *)list, k);
	while (k > 0)
		free(list[--k]);
	free(list);
}

static void
account(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_q_account a;
	struct m_q_page m;
	struct str row;

	if (!store_page(c, type, frame, len, &m))
		return;
	if (!ipc_next(&m.rows, &row) || !m_q_account_get(row.p, row.n, &a)) {
		conn_fail(c, CTL_NOT_FOUND, "there is no account called %s", c->req.args[0]);
		return;
	}
	writer_object(&c->w);
	account_fields(c, &a);
	writer_u64(&c->w, "messages", a.messages);
	fact_list(c, m.rows, "certificate", "certificates");
	fact_list(c, m.rows, "room", "founder_of");
	writer_object_end(&c->w);
	conn_done(c);
}

void
cmd_account_delete(struct conn *c)
{
	if (c->req.nargs > 1 && strcmp(c->req.args[1], "messages") != 0)
		conn_fail(c, CTL_BAD, "behind the name: messages, or nothing");
	else
		store_ask_args(c, STORE_ACCOUNT_DELETE, store_done);
}

/* --- invitations --------------------------------------------------------------------------------------------- */

/* The rooms of an invitation, with commas between, as everybody writes them: the '#' of IRC is no part of a name. */
static bool
invite_rooms(struct conn *c, const char *list, char *out, size_t cap)
{
	size_t at = 0;

	out[0] = '\0';
	while (*list != '\0') {
		const char *name = list + (*list == '#');
		size_t n = strcspn(name, ",");

		if (room_check(name, n) != NAME_OK) {
			conn_fail(c, CTL_BAD, "not the name of a room: %.*s", (int)MIN(n, 200u),
				  name);
			return false;
		}
		if (at + 1 + n >= cap) {
			conn_fail(c, CTL_BAD, "too many rooms");
			return false;
		}
		at += bprintf(out + at, cap - at, "%s%.*s", at > 0 ? "," : "", (int)n, name);
		list = name + n + (name[n] == ',');
	}
	return true;
}

void
cmd_invite_create(struct conn *c)
{
	uint64_t expires = c->req.expires_s != 0 ? wall_ms() + c->req.expires_s * 1000 : 0;
	char args[1024], rooms[512 + 1];

	if (!invite_rooms(c, c->req.rooms != NULL ? c->req.rooms : "", rooms, sizeof(rooms)))
		return;
	bprintf(args, sizeof(args), "%s\x1f%" PRIu64 "\x1f%" PRIu64, rooms,
		c->req.uses != 0 ? c->req.uses : 1, expires);
	conn_store(c, STORE_INVITE_CREATE, args, store_done);
}

static void ask_invites(struct conn *c);

/* A page of them, like accounts. */
static void
invites(struct conn *c, unsigned type, const void *frame, size_t len)
{
	struct m_q_invite i = {0};
	struct m_q_page m;
	struct str row;

	if (!store_page(c, type, frame, len, &m))
		return;
	while (ipc_next(&m.rows, &row)) {
		if (!m_q_invite_get(row.p, row.n, &i))
			continue;
		writer_row(&c->w);
		writer_u64(&c->w, "id", i.id);
		writer_str(&c->w, "rooms", i.rooms.p, i.rooms.n);
		writer_u64(&c->w, "uses", i.uses);
		writer_u64(&c->w, "used", i.used);
		writer_time(&c->w, "created", i.created);
		writer_time(&c->w, "expires", i.expires);
		writer_str(&c->w, "by", i.by.p, i.by.n);
		writer_row_end(&c->w);
		c->after = i.id;
	}
	conn_page(c, m.more && i.id != 0 ? ask_invites : NULL);
}

static void
ask_invites(struct conn *c)
{
	char after[24];

	c->step = NULL;
	bprintf(after, sizeof(after), "%" PRIu64, c->after);
	conn_store(c, STORE_INVITES, after, invites);
}

void
cmd_invite_list(struct conn *c)
{
	writer_list(&c->w, NULL, invite_columns, ARRAY_LEN(invite_columns));
	ask_invites(c);
}

/* --- commands that are an op with the same arguments ------------------------------------------------------------ */

#define OP(cmd, op, told) \
	void cmd_##cmd(struct conn *c) \
	{ \
		store_ask_args(c, op, told); \
	}

OP(account_show, STORE_ACCOUNT_SHOW, account)
OP(account_add, STORE_ACCOUNT_ADD, store_done)
OP(account_passwd, STORE_ACCOUNT_PASSWORD, store_done)
OP(account_disable, STORE_ACCOUNT_DISABLE, store_done)
OP(account_enable, STORE_ACCOUNT_ENABLE, store_done)
OP(invite_delete, STORE_INVITE_DELETE, store_done)
