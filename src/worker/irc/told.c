/* told.c - events that are about an IRC client itself, or that it asked for. */
#include "config.h"

#include <strings.h>

#include "lib/util.h"
#include "registry/registry.h"
#include "worker/fanout.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/markread.h"
#include "worker/irc/login.h"
#include "worker/irc/metadata.h"
#include "worker/irc/names.h"
#include "worker/irc/render.h"
#include "worker/irc/reply.h"
#include "worker/irc/room.h"
#include "worker/irc/services.h"
#include "worker/irc/upload.h"
#include "worker/room.h"
#include "worker/ticket.h"
#include "worker/worker.h"

static void
told_event(struct conn *c, const struct shown *s, bool own)
{
	(void)s;
	(void)own;
	irc_event(c);
}

static void
told_say(struct conn *c, const struct shown *s, bool own)
{
	(void)s;
	(void)own;
	if (c->irc->caps & CAP_ECHO)
		irc_event(c);
}

static void
told_dm(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_dm *e = s->e;

	/* what another session of its user has sent, too; without echo-message it would look like one to the client itself */
	if ((c->irc->caps & s->needs) == s->needs)
		told_say(c, s, own);
	if (own && e->kept && e->kind != MSG_NOTICE)
		irc_num(c, RPL_AWAY, STR_FMT " :is not here, and will be told at the next login",
			STR_ARG(e->to_name));
	if (own && e->to_away.n > 0 && e->kind != MSG_NOTICE && e->kind != MSG_CTCP_REPLY &&
	    e->kind != MSG_TAGS)
		irc_num(c, RPL_AWAY, STR_FMT " :" STR_FMT, STR_ARG(e->to_name),
			STR_ARG(e->to_away));
}

void
irc_topic_is(struct conn *c, struct str room, struct str topic, struct str by, uint64_t at)
{
	if (topic.n == 0)
		return;
	irc_num(c, RPL_TOPIC, "#" STR_FMT " :" STR_FMT, STR_ARG(room), STR_ARG(topic));
	irc_num(c, RPL_TOPICWHOTIME, "#" STR_FMT " " STR_FMT " %llu", STR_ARG(room), STR_ARG(by),
		(unsigned long long)(at / 1000));
}

static void
told_join(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_join *e = s->e;

	irc_event(c);
	irc_topic_is(c, e->room_name, e->topic, e->topic_by, e->topic_at);
	metadata_joined(c, room_of(e->room));
	if (irc_mark_joined(c, e->room_name, own))
		return;
	if (c->irc->caps & CAP_NO_NAMES_EITHER)
		metadata_due(c);
	else if (own)
		names_after_join(c, e->room, e->room_name);
	else /* another session has joined: this one may be in the middle of something */
		names_later(c, room_of(e->room));
}

/* Gone: its worker's last words follow in ERROR. */
static void
told_quit(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_quit *e = s->e;

	if (c->user != e->user) {
		/* an operator whose KILL this is: seen by it if they share a room */
		return;
	}
	(void)own;
	if (e->why == QUIT_KILLED)
		irc_raw(c, ":" STR_FMT " KILL %s :" STR_FMT, STR_ARG(e->by), c->name,
			STR_ARG(e->reason));
}

static void
mode_refused(struct conn *c, struct str room, const struct mode_refusal *no)
{
	char letter = irc_mode_letter(no->op);
	struct str arg = irc_middle(no->arg);

	if (no->code == ERR_BAD_ARGUMENT)
		irc_num(c, ERR_INVALIDMODEPARAM, "#" STR_FMT " %c " STR_FMT " :Invalid parameter",
			STR_ARG(room), letter, STR_ARG(arg));
	else if (no->code == ERR_LIST_FULL)
		irc_num(c, (unsigned)chat_err_irc(no->code), "#" STR_FMT " %c :That list is full",
			STR_ARG(room), letter);
	else if (no->code != ERR_NOT_FOUND) /* what is not there need not be taken away */
		irc_err(c, c->irc->run, no->code, arg);
}

static void
told_mode(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_mode *e = s->e;
	struct str rest = e->refused;
	struct mode_refusal no;
	bool no_right = false;

	(void)own;
	if (e->changes.n > 0)
		irc_event(c);
	while (refusal_next(&rest, &no)) {
		bool right = chat_err_irc(no.code) == ERR_CHANOPRIVSNEEDED;

		/* to be told once is enough */
		if (!right || !no_right)
			mode_refused(c, e->room_name, &no);
		no_right |= right;
	}
}

static void
told_invite(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_invite *e = s->e;

	if (!own) {
		irc_event(c);
		return;
	}
	irc_num(c, RPL_INVITING, STR_FMT " #" STR_FMT, STR_ARG(e->to_name), STR_ARG(e->room_name));
	if (e->to_away.n > 0)
		irc_num(c, RPL_AWAY, STR_FMT " :" STR_FMT, STR_ARG(e->to_name),
			STR_ARG(e->to_away));
}

static void
told_away(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_away *e = s->e;

	if (own && c->irc->flags & IRC_TOLD_AWAY)
		c->irc->flags &= (uint16_t)~IRC_TOLD_AWAY;
	else if (e->text.n > 0)
		irc_num(c, RPL_NOWAWAY, ":You have been marked as being away");
	else
		irc_num(c, RPL_UNAWAY, ":You are no longer marked as being away");
}

/* As with messages: the one who asked for it sees it with echo-message only. */
static void
told_redact(struct conn *c, const struct shown *s, bool own)
{
	const uint64_t needs = CAP_REDACTION | CAP_ECHO;

	(void)s;
	(void)own;
	if ((c->irc->caps & needs) == needs)
		irc_event(c);
}

/* To those who asked for it, and as an answer. */
static void
told_mark(struct conn *c, const struct shown *s, bool own)
{
	if (own || c->irc->caps & CAP_READ_MARKER)
		irc_mark_is(c, s->e);
}

/* Of news about oneself only what was negotiated. */
static void
told_news(struct conn *c, const struct shown *s, bool own)
{
	(void)own;
	if ((c->irc->caps & irc_needs(s->type)) == irc_needs(s->type))
		irc_event(c);
}

static void
told_account(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_account *e = s->e;

	login_changed(c, e);
	/* who has wished it is answered */
	if (e->why != LOGOUT_WISH && !(e->why == LOGOUT_DELETED && ticket_deletes(c)))
		irc_note(c, "*", e->why == LOGOUT_DELETED ? "ACCOUNT_DELETED" : "ACCOUNT_DISABLED",
			 "Your account has been %s",
			 e->why == LOGOUT_DELETED ? "deleted" : "disabled");
	if (e->account.n == 0)
		login_reserved(c, e->name, e->reserved);
	if (ticket_logs_in(c))
		c->irc->flags |= IRC_ACCOUNT_DUE; /* the answer comes first */
	else
		told_news(c, s, own);
}

/* Another name: its own wish, or the server's because the old one is somebody's account. */
static void
told_nick(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_nick *e = s->e;

	irc_event(c);
	if (!own && e->origin == 0)
		irc_note(c, "*", "NICK_RESERVED",
			 STR_FMT " is registered, and you have not logged in to it: you have been "
				 "given another name",
			 STR_ARG(e->old));
	login_reserved(c, e->name, e->reserved);
}

static const struct {
	uint32_t mode;
	char letter;
} umodes[] = {{UMODE_INVISIBLE, 'i'},
	      {UMODE_OPER, 'o'},
	      {UMODE_WALLOPS, 'w'},
	      {UMODE_BOT, 'B'},
	      {UMODE_REG_ONLY, 'R'}};

uint32_t
irc_umode_bit(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(umodes); i++) {
		if (umodes[i].letter == letter)
			return umodes[i].mode;
	}
	return 0;
}

size_t
irc_umode_letters(uint32_t modes, char out[8])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(umodes); i++) {
		if (modes & umodes[i].mode)
			out[n++] = umodes[i].letter;
	}
	out[n] = '\0';
	return n;
}

void
irc_umodes_now(struct conn *c, uint32_t before, uint32_t now)
{
	char on[8], off[8];

	c->irc->umodes = now;
	irc_umode_letters(now & ~before, on);
	irc_umode_letters(before & ~now, off);
	if (on[0] != '\0' || off[0] != '\0')
		irc_raw(c, ":%s MODE %s :%s%s%s%s", c->name, c->name, on[0] ? "+" : "", on,
			off[0] ? "-" : "", off);
}

static void
told_umode(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_umode *e = s->e;

	(void)own;
	c->irc->level = e->level;
	irc_umodes_now(c, e->before, e->modes);
}

void
irc_oper_is(struct conn *c, const struct m_e_oper *e)
{
	c->irc->level = e->level;
	irc_umodes_now(c, e->before, e->modes);
}

/* Who has waited for it knows already. Another session of its user has; or it has gone on elsewhere itself. */
static void
told_oper(struct conn *c, const struct shown *s, bool own)
{
	const struct m_e_oper *e = s->e;

	(void)own;
	if (c->irc->umodes != e->modes || c->irc->level != e->level)
		irc_oper_is(c, e);
}

/* Whoever sends it is shown it like the others. */
static void
told_wallops(struct conn *c, const struct shown *s, bool own)
{
	(void)s;
	(void)own;
	if (c->irc->umodes & UMODE_WALLOPS)
		irc_event(c);
}

static const struct {
	unsigned type;
	void (*fn)(struct conn *c, const struct shown *s, bool own);
} rows[] = {
    {MSG_e_say, told_say},         {MSG_e_dm, told_dm},        {MSG_e_join, told_join},
    {MSG_e_part, told_event},      {MSG_e_kick, told_event},   {MSG_e_quit, told_quit},
    {MSG_e_nick, told_nick},       {MSG_e_topic, told_event},  {MSG_e_mode, told_mode},
    {MSG_e_invite, told_invite},   {MSG_e_away, told_away},    {MSG_e_setname, told_news},
    {MSG_e_account, told_account}, {MSG_e_chghost, told_news}, {MSG_e_redact, told_redact},
    {MSG_e_rename, told_news},     {MSG_e_umode, told_umode},  {MSG_e_oper, told_oper},
    {MSG_e_wallops, told_wallops}, {MSG_e_mark, told_mark},    {MSG_e_edit, told_say},
};

void
irc_told(struct conn *c, const struct shown *s, bool own)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t label;

		if (rows[i].type != s->type)
			continue;
		/* what others do to it meanwhile is no answer to its command */
		label = own ? 0 : c->flags & CONN_LABEL;
		c->flags &= ~label;
		rows[i].fn(c, s, own);
		c->flags |= label;
		return;
	}
}

void
irc_ok(struct conn *c, enum asked_for what, const struct m_e_ok *e)
{
	const struct irc_run *run = c->irc->run;

	(void)what;
	if (run != NULL && run->service != SERVICE_NONE)
		service_done(c);
	else if (run != NULL && run->cmd != NULL && run->cmd->fn == irc_REHASH)
		irc_num(c, RPL_REHASHING, "chatd.conf :Rehashing");
	else if (e->text.n > 0)
		irc_words(c, e->text.p, e->text.n);
}

/* By the server, whose reason it is. */
static void
muted(struct conn *c, bool to_user, const struct m_e_refused *e)
{
	unsigned num = to_user ? ERR_CANTSENDTOUSER : (unsigned)chat_err_irc(ERR_MUTED);
	char why[640];

	irc_num(c, num, "%s" STR_FMT " :%s", to_user ? "" : "#", STR_ARG(irc_middle(e->arg)),
		refused_text(e, why, sizeof(why)));
}

/* Of a message, which may be one of several under way. */
static void
message_refused(struct conn *c, enum asked_for what, const struct m_e_refused *e)
{
	unsigned code = e->code;

	/* a NOTICE is never answered (RFC 1459 section 4.4.2) */
	if (what == ASKED_QUIETLY)
		return;
	if (code == ERR_MUTED) {
		muted(c, what == ASKED_DM, e);
		return;
	}
	/* it has left, or been made to, while its message was on the way */
	if (code == ERR_NOT_IN_ROOM)
		code = ERR_CANNOT_SAY;
	irc_err_of(c, "PRIVMSG", STR_LIT(""), code, e->arg);
}

void
irc_refused(struct conn *c, enum asked_for what, const struct m_e_refused *e)
{
	struct irc_run *run = c->irc->run;

	if (what == ASKED_LOGIN) {
		irc_login_refused(c, e);
		return;
	}
	if (what == ASKED_DO && run != NULL && run->service != SERVICE_NONE) {
		service_refused(c, e->code, e->arg);
		return;
	}
	if (what == ASKED_UPLOAD) {
		irc_upload_refused(c, e);
		return;
	}
	if (what == ASKED_DO && metadata_refused(c, run, e->code))
		return;
	/* JOIN of a room one is in: nothing happens */
	if (run != NULL && run->cmd->fn == irc_JOIN && e->code == ERR_ALREADY_IN_ROOM)
		return;
	if (run != NULL && run->cmd->fn == irc_RENAME && irc_rename_refused(c, run, e->code))
		return;
	if (what == ASKED_SAY || what == ASKED_DM || what == ASKED_QUIETLY)
		message_refused(c, what, e);
	else if (!irc_mark_refused(c, run))
		irc_err(c, run, e->code, e->arg);
}

/* --- another name for a room, to clients that do not know RENAME ------------------------------- */

/* Is it another name to clients at all? CASEMAPPING=ascii. */
static bool
same_to_clients(struct str a, struct str b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* What c would have seen, had it left the one room and gone into the other. */
static void
show_as_moved(struct conn *c, const struct room *r, const struct m_e_rename *e)
{
	struct reg_user_view v = {.host = "*", .ident = "*"};
	struct m_e_part part = {.at = e->at, .room_name = e->room_name, .reason = e->reason};
	struct m_e_join join = {.at = e->at, .room_name = e->to, .room = r->id};
	char uhost[UHOST_MAX + 1];

	if (worker.reg != NULL)
		registry_user(worker.reg, c->user, &v);
	part.name = join.name = str_of(c->name);
	part.uhost = join.uhost =
	    (struct str){uhost, bprintf(uhost, sizeof(uhost), "%s@%s", v.ident, v.host)};
	part.account = join.account = str_of(v.account);
	join.real = str_of(v.real);
	part.umodes = join.umodes = v.umodes;
	fan_begin(&(struct shown){.type = MSG_e_part, .e = &part, .server = true}, NULL);
	irc_event(c);
	fan_begin(&(struct shown){.type = MSG_e_join, .e = &join, .server = true}, NULL);
	irc_event(c);
	irc_topic_is(c, e->to, e->topic, e->topic_by, e->topic_at);
}

void
irc_renamed(struct room *r, const struct shown *s, const struct conn *own)
{
	const struct m_e_rename *e = s->e;

	for (uint32_t i = 0; i < r->n && !same_to_clients(e->room_name, e->to); i++) {
		struct conn *c = r->member[i].conn;
		uint32_t label;

		if (c->irc == NULL || c->irc->caps & CAP_RENAME)
			continue;
		/* of another's command this is no answer */
		label = c == own ? 0 : c->flags & CONN_LABEL;
		c->flags &= ~label;
		show_as_moved(c, r, e);
		c->flags |= label;
		if (c == own && !(c->irc->caps & CAP_NO_NAMES_EITHER))
			names_after_join(c, r->id, e->to);
		else if (!(c->irc->caps & CAP_NO_NAMES_EITHER))
			names_later(c, r);
		fan_relieve();
	}
}
