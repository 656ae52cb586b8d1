/* redact.c - words taken back, or changed.
 *
 * What the journal still holds is decided at once. An older message is asked of chatd-store, and decided by
 * the same rules when its answer comes, by the accounts of both ends instead of who they were then.
 */
#include "config.h"

#include "broker/broker.h"

#include <string.h>

#include "broker/account.h"
#include "broker/job.h"
#include "broker/store.h"
#include "lib/util.h"

#define W (&br.reg)

/* What is to be done; also the state of its job. */
struct change {
	bool edit; /* other words; else they are taken back */
	bool file; /* then: a file goes with it, which the store knows of whoever shared it */
	uint64_t msg;
	uint64_t room; /* 0: between two */
	uint64_t to, to_account; /* then: the other one, as far as it is there; its account */
	char to_name[NAME_BYTES_MAX + 1];
	size_t ntext;
	char text[TEXT_MAX]; /* the reason; the new words */
};

/* The message as it was said. */
struct said {
	bool dm, kept; /* kept: the store told of it */
	bool file;
	uint64_t seq, from, place; /* place: room, or to whom */
	uint8_t kind;
	struct str account, to_account;
};

static bool
said_get(const void *frame, size_t len, struct said *s)
{
	struct m_e_say say;
	struct m_e_dm dm;

	if (ipc_type(frame) == MSG_e_say && m_e_say_get(frame, len, &say)) {
		*s = (struct said){.seq = say.seq,
				   .from = say.from,
				   .place = say.room,
				   .kind = say.kind,
				   .file = say.file.n > 0,
				   .account = say.account};
		return true;
	}
	if (ipc_type(frame) != MSG_e_dm || !m_e_dm_get(frame, len, &dm))
		return false;
	*s = (struct said){.dm = true,
			   .seq = dm.seq,
			   .from = dm.from,
			   .place = dm.to,
			   .kind = dm.kind,
			   .file = dm.file.n > 0,
			   .account = dm.account,
			   .to_account = dm.to_account};
	return true;
}

/* Was this end of it, with that id then and that account, this user, or this account? Ids are of one registry; an account that was
 * made later is another one of that name (the store knows that itself). */
static bool
is_end(const struct said *s, uint64_t end, struct str end_account, uint64_t user, uint64_t account)
{
	const struct reg_account *a;

	if (user != 0 && end == user && s->seq >> 44 == br.j.h->epoch)
		return true;
	a = account != 0 && end_account.n > 0 ? account_named(end_account) : NULL;
	return a != NULL && a->id == account && (s->kept || a->since < s->seq);
}

static bool
is_author(const struct said *s, const struct reg_user *u)
{
	return is_end(s, s->from, s->account, u->id, user_account_id(u));
}

/* Is it what c means? The store has looked itself. */
static bool
is_meant(const struct change *c, const struct said *s, const struct reg_user *u)
{
	uint64_t mine = user_account_id(u);

	if (s->kept || s->dm != (c->room == 0))
		return s->kept;
	if (!s->dm)
		return s->place == c->room;
	return (is_author(s, u) && is_end(s, s->place, s->to_account, c->to, c->to_account)) ||
	       (is_end(s, s->from, s->account, c->to, c->to_account) &&
		is_end(s, s->place, s->to_account, u->id, mine));
}

/* Words are changed by whoever may say such; who keeps order in the room takes back anybody's. */
static enum chat_err
may_change(const struct reg_user *u, const struct change *c, const struct said *s)
{
	struct right right = {0};
	enum chat_err err = ERR_NONE;

	if (c->room != 0)
		err = room_right(u, regw_room(W, c->room), &right);
	if (err != ERR_NONE)
		return err;
	/* the words of a file are its name */
	if (!is_meant(c, s, u) || (c->edit && (s->kind == MSG_TAGS || s->file)))
		return ERR_NO_SUCH_MESSAGE;
	if (c->edit) {
		if (!is_author(s, u))
			return ERR_NOT_YOURS;
		if (u->muted)
			return ERR_MUTED;
		return c->room != 0 ? room_may_speak(u, right.room, right.m) : ERR_NONE;
	}
	if (is_author(s, u))
		return ERR_NONE;
	if (right.rank < RANK_HALFOP)
		return ERR_NOT_YOURS;
	if (room_right_of_server(&right, RANK_HALFOP))
		oper_did(u, "redact in %s", right.room->name);
	return ERR_NONE;
}

/* Who goes by another name is called by its account's. */
static struct str
to_account(const struct change *c)
{
	const struct reg_user *to = regw_user(W, c->to);

	if (c->to_account == 0)
		return STR_LIT("");
	return to != NULL && user_account_id(to) == c->to_account ? user_account(to)
								  : str_of(c->to_name);
}

/* --- what the journal holds -------------------------------------------------------------------------- */

/* The message with this sequence number, as far as the journal goes back, or NULL. */
static struct jentry *
message(uint64_t seq)
{
	const struct jentry *e;
	uint64_t at;

	if (seq == 0 || seq > br.j.seq)
		return NULL;
	journal_find(&br.j, seq - 1, &at);
	e = journal_at(&br.j, &at);
	return e != NULL && e->seq == seq ? (struct jentry *)(uintptr_t)e : NULL;
}

/* Behind the entry that says so: what has not been committed has not happened. The message is looked for anew, as the entry may have taken
 * its place. */
static void
taken_back(uint64_t msg)
{
	struct jentry *e = message(msg);

	if (e != NULL)
		e->flags |= JENTRY_TAKEN_BACK;
}

void
redact_begin(void)
{
	const struct jentry *last = message(br.j.seq);
	struct m_e_redact m;

	if (last != NULL && m_e_redact_get(last->data, last->event_len, &m))
		taken_back(m.msg);
}

/* --- doing --------------------------------------------------------------------------------------------- */

/* To all who saw it. */
static void
targets(const struct reg_user *u, const struct change *c, const struct reg_room *room)
{
	const struct reg_user *to = regw_user(W, c->to);

	if (room != NULL) {
		entry_to_room(room);
		return;
	}
	entry_to_user(u);
	if (to != NULL)
		entry_to_user(to);
	if (c->file || (c->to_account != 0 && user_account_id(u) != 0))
		entry_to_store();
}

static void
commit(const struct req *r, const struct reg_user *u, const struct change *c)
{
	const struct reg_room *room = c->room != 0 ? regw_room(W, c->room) : NULL;
	char uhost[UHOST_MAX + 1];
	struct m_e_edit e = {.user = u->id,
			     .room = c->room,
			     .to = c->to,
			     .msg = c->msg,
			     .name = user_name(u),
			     .uhost = user_uhost(u, uhost),
			     .account = user_account(u),
			     .umodes = u->umodes,
			     .room_name = room != NULL ? room_name(room) : STR_LIT(""),
			     .to_name = str_of(c->to_name),
			     .to_account = to_account(c),
			     .text = {c->text, c->ntext}};
	struct m_e_redact m = {.user = e.user,
			       .room = e.room,
			       .to = e.to,
			       .msg = e.msg,
			       .name = e.name,
			       .uhost = e.uhost,
			       .account = e.account,
			       .umodes = e.umodes,
			       .room_name = e.room_name,
			       .to_name = e.to_name,
			       .to_account = e.to_account,
			       .reason = e.text};

	entry_begin(r);
	targets(u, c, room);
	if (c->edit) {
		EVENT_HEAD(r, e);
		ENTRY_COMMIT(edit, &e);
	} else {
		EVENT_HEAD(r, m);
		ENTRY_COMMIT(redact, &m);
		taken_back(c->msg);
	}
}

/* What a refusal names. */
static struct str
about(const struct change *c, struct str name, enum chat_err err)
{
	return err == ERR_NO_SUCH_MESSAGE ? STR_LIT("") : c->room != 0 ? name : str_of(c->to_name);
}

static void
change_recent(const struct req *r, const struct reg_user *u, struct change *c, struct str name,
	      const struct jentry *e)
{
	enum chat_err err = ERR_NO_SUCH_MESSAGE;
	struct said s;

	/* or its author could bring it back with other words; and who takes it back a second time means another one */
	if (!(e->flags & JENTRY_TAKEN_BACK) && said_get(e->data, e->event_len, &s))
		err = may_change(u, c, &s);
	if (err != ERR_NONE) {
		answer_refused(r, u->id, 0, err, about(c, name, err));
		return;
	}
	c->file = s.file;
	commit(r, u, c);
}

/* --- what an administrator takes back ----------------------------------------------------------------------- */

static uint64_t
user_of_account(struct str name)
{
	const struct reg_account *a = name.n > 0 ? account_named(name) : NULL;
	const struct reg_user *u = a != NULL ? account_first(a) : NULL;

	return u != NULL ? u->id : 0;
}

void
redact_by_server(uint64_t msg, uint64_t room, struct str from, struct str to, struct str reason)
{
	struct m_e_redact m = {.msg = msg,
			       .room = room,
			       .user = user_of_account(from),
			       .to = user_of_account(to),
			       .name = STR_LIT("Server"),
			       .to_name = to,
			       .to_account = to,
			       .reason = reason};
	const struct jentry *e = message(msg);
	const struct reg_user *u;
	const struct reg_room *r;
	struct said s;

	if (e != NULL && said_get(e->data, e->event_len, &s)) {
		m.room = s.dm ? 0 : s.place;
		m.user = s.from;
		m.to = s.dm ? s.place : 0;
	}
	r = m.room != 0 ? regw_room(W, m.room) : NULL;
	entry_begin(&req_nobody);
	if (r != NULL) {
		m.room_name = room_name(r);
		entry_to_room(r);
	}
	if (m.room == 0 && (u = regw_user(W, m.user)) != NULL)
		entry_to_user(u);
	if (m.room == 0 && (u = regw_user(W, m.to)) != NULL) {
		m.to_name = user_name(u);
		entry_to_user(u);
	}
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(redact, &m);
	taken_back(msg);
}

/* --- what is older --------------------------------------------------------------------------------------- */

static void
found(struct job *j, const void *frame, size_t len)
{
	const struct change *c = j->state;
	const struct reg_user *u = job_user(j);
	enum chat_err err = ERR_STORE_AWAY;
	struct m_s_page p;
	struct said s;

	if (u == NULL) {
		job_end(j);
		return;
	}
	if (frame != NULL && m_s_page_get(frame, len, &p) && p.code < ERR_COUNT) {
		err = p.code != ERR_NONE ? p.code : ERR_NO_SUCH_MESSAGE;
		if (p.code == ERR_NONE && ipc_frame(p.rows.p, p.rows.n) == (ssize_t)p.rows.n &&
		    p.rows.n > 0 && said_get(p.rows.p, p.rows.n, &s) && s.seq == c->msg) {
			s.kept = true;
			err = may_change(u, c, &s);
		}
	}
	if (err != ERR_NONE) {
		job_failed(j, err, STR_LIT(""));
		return;
	}
	commit(&req_nobody, u, c);
	job_done(j, "");
}

static void
change_old(const struct req *r, const struct reg_user *u, const struct change *c)
{
	const struct reg_room *room = c->room != 0 ? regw_room(W, c->room) : NULL;
	struct m_s_message m = {.seq = c->msg,
				.place = room != NULL ? room->born : 0,
				.viewer = user_account_id(u),
				.peer = c->to_account};
	struct job *j;
	char out[64];

	if (c->msg == 0 || c->msg > br.j.seq || !store_wanted() ||
	    (room == NULL && (m.viewer == 0 || m.peer == 0))) {
		answer_refused(r, u->id, 0, ERR_NO_SUCH_MESSAGE, STR_LIT(""));
		return;
	}
	j = job_begin_question(r, u->id, sizeof(*c));
	if (j == NULL)
		return;
	memcpy(j->state, c, sizeof(*c));
	m.ticket = j->ticket;
	job_ask_store(j, out, m_s_message_put(out, sizeof(out), &m), found);
}

/* --- requests ------------------------------------------------------------------------------------------------ */

/* Where: the room of that name, or the messages between u and whoever is meant by name. False: refused. */
static bool
place_or_refuse(const struct req *r, const struct reg_user *u, struct change *c, struct str room,
		struct str name)
{
	const struct reg_user *to;
	struct right right;

	if (room.n > 0) {
		if (!room_right_or_refuse(r, u, room, &right))
			return false;
		c->room = right.room->id;
		return true;
	}
	to = user_meant(name);
	c->to = to != NULL ? to->id : 0;
	c->to_account = account_meant(name);
	bprintf(c->to_name, sizeof(c->to_name), STR_FMT,
		STR_ARG(to != NULL ? user_name(to) : name));
	if (c->to == 0 && c->to_account == 0)
		answer_refused(r, u->id, 0, ERR_NO_SUCH_USER, name);
	return c->to != 0 || c->to_account != 0;
}

static void
change(const struct req *r, const struct reg_user *u, struct change *c, struct str room,
       struct str name)
{
	const struct jentry *e = message(c->msg);

	if (!place_or_refuse(r, u, c, room, name))
		return;
	if (e != NULL)
		change_recent(r, u, c, room, e);
	else
		change_old(r, u, c);
}

bool
r_redact(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	static struct change c; /* not small; of one request */
	struct str reason;
	struct m_r_redact q;

	if (!m_r_redact_get(frame, len, &q))
		return false;
	reason = clean_or_empty(q.reason);
	c = (struct change){.msg = q.msg, .ntext = reason.n};
	memcpy(c.text, reason.p, reason.n);
	change(r, u, &c, q.room, q.name);
	return true;
}

bool
r_edit(const struct req *r, struct reg_user *u, const void *frame, size_t len)
{
	static struct change c;
	enum chat_err err;
	struct m_r_edit q;

	if (!m_r_edit_get(frame, len, &q))
		return false;
	err = message_fit(MSG_TEXT, q.text, STR_LIT(""));
	if (err != ERR_NONE) {
		answer_refused(r, u->id, 0, err, STR_LIT(""));
		return true;
	}
	c = (struct change){.edit = true, .msg = q.msg, .ntext = q.text.n};
	memcpy(c.text, q.text.p, q.text.n);
	change(r, u, &c, q.room, q.name);
	return true;
}
