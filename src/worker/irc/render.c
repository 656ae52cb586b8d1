/* render.c - see render.h. */
#include "config.h"

#include "worker/irc/render.h"

#include <string.h>

#include "ipc/ipc.h"
#include "ipc/maskform.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"

/* Tags but client-only ones, prefix, command, target: more than the longest of each together. */
#define LINE_HEAD 640
/* A line never has fewer bytes of text than this: names and rooms are far from filling it. */
#define PIECE_MIN 128
/* Client-only tags up to this are on all lines of a message; longer ones, which would make it many times as long, on the
 * first alone. */
#define TAGS_AGAIN 256

char irc_me[IRC_ME_MAX + 1];

static char *
put(char *o, const char *p, size_t n)
{
	memcpy(o, p, n);
	return o + n;
}

static char *
put_str(char *o, struct str s)
{
	return put(o, s.p, s.n);
}

static char *
put_text(char *o, const char *p)
{
	return put(o, p, strlen(p));
}

static char *
put_end(char *o)
{
	return put(o, "\r\n", 2);
}

/* --- who, and the tags --------------------------------------------------------------------- */

/* What every line of an event may have. */
struct head {
	uint64_t at;
	struct str name, uhost, account;
	uint64_t msgid; /* 0: it has none */
	uint32_t umodes;
	struct str tags; /* client-only */
};

static char *
put_tag(char *o, bool *any, const char *key)
{
	*o++ = *any ? ';' : '@';
	*any = true;
	return put_text(o, key);
}

/* Tags of the first line of a message, or (!first) of those behind it, which have no id. */
static char *
put_tags(char *o, unsigned cls, const struct head *h, bool first)
{
	bool any = false;

	if (cls & CLS_IRC_TIME) {
		o = put_tag(o, &any, "time=");
		irc_time_put(o, h->at);
		o += IRC_TIME_LEN;
	}
	if (cls & CLS_IRC_ACCOUNT && h->account.n > 0) {
		o = put_tag(o, &any, "account=");
		o = put_str(o, h->account);
	}
	if (cls & CLS_IRC_TAGS && first && h->msgid != 0) {
		o = put_tag(o, &any, "msgid=");
		irc_msgid_put(o, h->msgid);
		o += IRC_MSGID_LEN;
	}
	if (cls & CLS_IRC_TAGS && h->umodes & UMODE_BOT)
		o = put_tag(o, &any, "bot");
	if (cls & CLS_IRC_TAGS && h->tags.n > 0 && (first || h->tags.n <= TAGS_AGAIN)) {
		o = put_tag(o, &any, "");
		o = put_str(o, h->tags);
	}
	if (any)
		*o++ = ' ';
	return o;
}

/* ":nick!user@host ", or the server's name. */
static char *
put_source(char *o, const struct head *h)
{
	*o++ = ':';
	if (h->uhost.n == 0) {
		o = put_text(o, irc_me);
	} else {
		o = put_str(o, h->name);
		*o++ = '!';
		o = put_str(o, h->uhost);
	}
	*o++ = ' ';
	return o;
}

static char *
put_head(char *o, unsigned cls, const struct head *h)
{
	return put_source(put_tags(o, cls, h, true), h);
}

static char *
put_room(char *o, struct str room)
{
	*o++ = '#';
	return put_str(o, room);
}

/* " :reason", if there is one. */
static char *
put_reason(char *o, struct str reason)
{
	if (reason.n == 0)
		return o;
	return put_str(put(o, " :", 2), reason);
}

const char *
irc_prefixes(uint32_t flags, bool all)
{
	static const struct {
		uint32_t flag;
		char sign;
	} ranks[] = {{MEMBER_OP, '@'}, {MEMBER_HALFOP, '%'}, {MEMBER_VOICE, '+'}};
	static char out[4];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(ranks); i++) {
		if (flags & ranks[i].flag && (all || n == 0))
			out[n++] = ranks[i].sign;
	}
	out[n] = '\0';
	return out;
}

/* --- messages ------------------------------------------------------------------------------ */

struct message {
	struct head h;
	uint8_t kind, rank;
	bool to_room;
	struct str to, text;
};

static void
message_of(struct message *m, const struct shown *s)
{
	const struct m_e_say *say = s->e;
	const struct m_e_dm *dm = s->e;

	if (s->type == MSG_e_say)
		*m = (struct message){.h = {say->at, say->name, say->uhost, say->account, say->seq,
					    say->umodes, say->tags},
				      .kind = say->kind,
				      .rank = say->rank,
				      .to_room = true,
				      .to = say->room_name,
				      .text = say->text};
	else
		*m = (struct message){
		    .h = {dm->at, dm->name, dm->uhost, dm->account, dm->seq, dm->umodes, dm->tags},
		    .kind = dm->kind,
		    .to = dm->to != 0 ? dm->to_name : str_of(irc_me), /* 0: to control */
		    .text = dm->text};
	if (s->server)
		m->h.uhost = STR_LIT("");
}

static char *
put_target(char *o, const struct message *m)
{
	if (!m->to_room)
		return put_str(o, m->to);
	o = put_text(o, irc_prefixes(m->rank, false));
	return put_room(o, m->to);
}

static const char *
verb(unsigned kind)
{
	if (kind == MSG_TAGS)
		return "TAGMSG ";
	return kind == MSG_NOTICE || kind == MSG_CTCP_REPLY ? "NOTICE " : "PRIVMSG ";
}

static bool
is_ctcp(unsigned kind)
{
	return kind == MSG_ACTION || kind == MSG_CTCP || kind == MSG_CTCP_REPLY;
}

/* ":source VERB target :", which all lines of a message have; out has room for LINE_HEAD. */
static size_t
message_head(char *out, const struct message *m)
{
	char *o = put_text(put_source(out, &m->h), verb(m->kind));

	o = put_target(o, m);
	if (m->kind != MSG_TAGS)
		o = put(o, " :", 2);
	return (size_t)(o - out);
}

static char *
put_piece(char *o, const struct message *m, struct str piece)
{
	if (is_ctcp(m->kind))
		*o++ = '\001';
	if (m->kind == MSG_ACTION)
		o = put_text(o, "ACTION ");
	o = put_str(o, piece);
	if (is_ctcp(m->kind))
		*o++ = '\001';
	return put_end(o);
}

/* The pieces of a text that fit a line each, one after the other: its sender's lines, and the pieces of those, which are
 * cut only further. */
struct pieces {
	struct str rest;
	size_t max;
	bool joins; /* the next piece goes on where the last one ended */
	bool over;
};

/* Up to the end of a sender's line, or of a piece of it. */
static size_t
piece_end(struct str s)
{
	const char *nl = s.n > 0 ? memchr(s.p, '\n', s.n) : NULL, *cut;

	if (nl != NULL)
		s.n = (size_t)(nl - s.p);
	cut = s.n > 0 ? memchr(s.p, TEXT_CUT, s.n) : NULL;
	return cut != NULL ? (size_t)(cut - s.p) : s.n;
}

static bool
next_piece(struct pieces *p, struct str *piece, bool *joins)
{
	size_t n;

	if (p->over)
		return false;
	n = piece_end(p->rest);
	*piece = (struct str){p->rest.p, n};
	piece->n = irc_cut(*piece, p->max);
	*joins = p->joins;
	p->rest.p += piece->n;
	p->rest.n -= piece->n;
	p->joins = true;
	if (piece->n < n)
		return true;
	p->over = p->rest.n == 0;
	if (!p->over) {
		p->joins = *p->rest.p == TEXT_CUT;
		p->rest.p++;
		p->rest.n--;
	}
	return true;
}

/* Each line or piece as a message of its own; empty ones cannot be. */
static char *
put_plain(char *o, unsigned cls, const struct message *m, struct pieces *p, struct str head)
{
	struct str piece;
	bool first = true, joins;

	while (next_piece(p, &piece, &joins)) {
		if (piece.n == 0)
			continue;
		o = put_tags(o, cls, &m->h, first);
		o = put_str(o, head);
		o = put_piece(o, m, piece);
		first = false;
	}
	return o;
}

/* draft/multiline: one batch, whose number is the message's. */
static char *
put_multiline(char *o, unsigned cls, const struct message *m, struct pieces *p, struct str head)
{
	struct str piece;
	char id[IRC_MSGID_LEN];
	bool joins;

	irc_msgid_put(id, m->h.msgid);
	o = put_head(o, cls, &m->h);
	o = put_text(o, "BATCH +m");
	o = put(o, id, sizeof(id));
	o = put_text(o, " draft/multiline ");
	o = put_end(put_target(o, m));
	while (next_piece(p, &piece, &joins)) {
		o = put_text(o, "@batch=m");
		o = put(o, id, sizeof(id));
		if (joins)
			o = put_text(o, ";draft/multiline-concat");
		*o++ = ' ';
		o = put_str(o, head);
		o = put_piece(o, m, piece);
	}
	o = put_source(o, &m->h);
	o = put_text(o, "BATCH -m");
	return put_end(put(o, id, sizeof(id)));
}

static char *
put_message(char *o, unsigned cls, const struct shown *s)
{
	char head_text[LINE_HEAD];
	struct str head = {head_text, 0};
	struct message m;
	struct pieces p;
	bool several;

	message_of(&m, s);
	head.n = message_head(head_text, &m);
	if (m.kind == MSG_TAGS) {
		if (!(cls & CLS_IRC_TAGS))
			return o;
		return put_end(put_str(put_tags(o, cls, &m.h, true), head));
	}
	p = (struct pieces){.rest = m.text,
			    .max = IRC_BODY_MAX - head.n - (is_ctcp(m.kind) ? 9 : 0)};
	several = m.text.n > p.max || piece_end(m.text) < m.text.n;
	if (several && cls & CLS_IRC_MULTI && !is_ctcp(m.kind))
		return put_multiline(o, cls, &m, &p, head);
	return put_plain(o, cls, &m, &p, head);
}

static char *
put_announce(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_announce *e = s->e;
	struct message m = {.h = {.at = e->at, .msgid = e->seq},
			    .kind = MSG_NOTICE,
			    .to = STR_LIT("*"),
			    .text = e->text};
	char head_text[LINE_HEAD];
	struct str head = {head_text, message_head(head_text, &m)};
	struct pieces p = {.rest = m.text, .max = IRC_BODY_MAX - head.n};

	return put_plain(o, cls, &m, &p, head);
}

/* --- everything else ------------------------------------------------------------------------- */

#define HEAD_OF(e) \
	{ \
		.at = (e)->at, .name = (e)->name, .uhost = (e)->uhost, .account = (e)->account, \
		.umodes = (e)->umodes \
	}

static char *
put_join(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_join *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_text(put_head(o, cls, &h), "JOIN ");
	o = put_room(o, e->room_name);
	if (cls & CLS_IRC_XJOIN) {
		*o++ = ' ';
		o = e->account.n > 0 ? put_str(o, e->account) : put_text(o, "*");
		o = put_str(put(o, " :", 2), e->real);
	}
	return put_end(o);
}

static char *
put_part(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_part *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_room(put_text(put_head(o, cls, &h), "PART "), e->room_name);
	return put_end(put_reason(o, e->reason));
}

static char *
put_quit(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_quit *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_text(put_head(o, cls, &h), "QUIT :");
	if (e->why == QUIT_KILLED)
		o = put_str(put_text(put_str(put_text(o, "Killed ("), e->by), ": "), e->reason);
	else if (e->why == QUIT_LEFT && e->reason.n > 0)
		o = put_str(put_text(o, "Quit: "), e->reason);
	else if (e->reason.n > 0)
		o = put_str(o, e->reason);
	else
		o = put_text(o, e->why == QUIT_LEFT ? "Quit" : "Connection closed");
	if (e->why == QUIT_KILLED)
		*o++ = ')';
	return put_end(o);
}

static char *
put_kick(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_kick *e = s->e;
	struct head h = {.at = e->at,
			 .name = e->by_name,
			 .uhost = e->uhost,
			 .account = e->account,
			 .umodes = e->umodes};

	o = put_room(put_text(put_head(o, cls, &h), "KICK "), e->room_name);
	*o++ = ' ';
	o = put_str(o, e->name);
	return put_end(put_reason(o, e->reason.n > 0 ? e->reason : e->by_name));
}

static char *
put_nick(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_nick *e = s->e;
	struct head h = {.at = e->at,
			 .name = e->old,
			 .uhost = e->uhost,
			 .account = e->account,
			 .umodes = e->umodes};

	return put_end(put_str(put_text(put_head(o, cls, &h), "NICK :"), e->name));
}

static char *
put_topic(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_topic *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_room(put_text(put_head(o, cls, &h), "TOPIC "), e->room_name);
	return put_end(put_str(put(o, " :", 2), e->text));
}

static const char letters[MODE_COUNT] = {
    [MODE_OP] = 'o',          [MODE_HALFOP] = 'h',     [MODE_VOICE] = 'v',
    [MODE_BAN] = 'b',         [MODE_MUTE] = 'b',       [MODE_EXCEPT] = 'e',
    [MODE_INVEX] = 'I',       [MODE_KEY] = 'k',        [MODE_LIMIT] = 'l',
    [MODE_INVITE_ONLY] = 'i', [MODE_MODERATED] = 'm',  [MODE_PRIVATE] = 's',
    [MODE_TOPIC_LOCK] = 't',  [MODE_NO_OUTSIDE] = 'n', [MODE_NO_CTCP] = 'C',
    [MODE_REG_JOIN] = 'R',    [MODE_REG_SAY] = 'M',
};

char
irc_mode_letter(unsigned op)
{
	return op < MODE_COUNT ? letters[op] : '\0';
}

/* "+o-v nick nick". A line may be too short for all of them: then there are several. */
static char *
put_mode(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_mode *e = s->e;
	struct head h = HEAD_OF(e);
	struct str rest = e->changes;
	struct mode_change m;
	/* ":name!ident@host MODE #room " and the last argument */
	size_t head = e->name.n + e->uhost.n + e->room_name.n + 12;
	ptrdiff_t most = (ptrdiff_t)(IRC_BODY_MAX - head - 2 * MODES_MAX - MASK_MAX - 4);

	while (rest.n > 0) {
		char modes[2 * MODES_MAX + 1], args[MODES_BYTES_MAX], *a = args, *w = modes;
		int sign = -1;

		while (a - args <= most && w - modes < (ptrdiff_t)sizeof(modes) - 2 &&
		       mode_next(&rest, &m)) {
			if (sign != m.on)
				*w++ = m.on ? '+' : '-';
			sign = m.on;
			*w++ = letters[m.op];
			if (m.arg.n == 0)
				continue;
			*a++ = ' ';
			if (m.op == MODE_MUTE)
				a = put_text(a, IRC_MUTE);
			a = put_str(a, mask_irc(m.arg));
		}
		if (w == modes)
			break;
		o = put_room(put_text(put_head(o, cls, &h), "MODE "), e->room_name);
		*o++ = ' ';
		o = put(o, modes, (size_t)(w - modes));
		o = put_end(put(o, args, (size_t)(a - args)));
	}
	return o;
}

static char *
put_invite(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_invite *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_str(put_text(put_head(o, cls, &h), "INVITE "), e->to_name);
	*o++ = ' ';
	return put_end(put_room(o, e->room_name));
}

static char *
put_away(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_away *e = s->e;
	struct head h = HEAD_OF(e);

	return put_end(put_reason(put_text(put_head(o, cls, &h), "AWAY"), e->text));
}

static char *
put_setname(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_setname *e = s->e;
	struct head h = HEAD_OF(e);

	return put_end(put_str(put_text(put_head(o, cls, &h), "SETNAME :"), e->real));
}

static char *
put_account(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_account *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_text(put_head(o, cls, &h), "ACCOUNT ");
	return put_end(put_str(o, e->account.n > 0 ? e->account : STR_LIT("*")));
}

static char *
put_chghost(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_chghost *e = s->e;
	struct head h = HEAD_OF(e);
	const char *at = e->now.n > 0 ? memchr(e->now.p, '@', e->now.n) : NULL;
	size_t ident = at != NULL ? (size_t)(at - e->now.p) : 0;

	o = put_text(put_head(o, cls, &h), "CHGHOST ");
	o = put(o, e->now.p, ident);
	*o++ = ' ';
	return put_end(put(o, e->now.p + ident + 1, at != NULL ? e->now.n - ident - 1 : 0));
}

static char *
put_rename(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_rename *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_room(put_text(put_head(o, cls, &h), "RENAME "), e->room_name);
	*o++ = ' ';
	o = put_room(o, e->to);
	return put_end(put_str(put(o, " :", 2), e->reason));
}

static char *
put_redact(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_redact *e = s->e;
	struct head h = HEAD_OF(e);

	h.msgid = e->seq;
	o = put_text(put_head(o, cls, &h), "REDACT ");
	o = e->room != 0 ? put_room(o, e->room_name) : put_str(o, e->to_name);
	*o++ = ' ';
	irc_msgid_put(o, e->msg);
	o += IRC_MSGID_LEN;
	return put_end(put_reason(o, e->reason));
}

static char *
put_wallops(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_wallops *e = s->e;
	struct head h = HEAD_OF(e);
	struct str text = e->text;

	o = put_text(put_head(o, cls, &h), "WALLOPS :");
	text.n = MIN(text.n, irc_cut(text, 400));
	return put_end(put_str(o, text));
}

static const struct {
	unsigned type;
	char *(*fn)(char *o, unsigned cls, const struct shown *s);
	bool several; /* makes as many lines as it needs; others are cut */
} rows[] = {
    {MSG_e_say, put_message, true},      {MSG_e_dm, put_message, true},
    {MSG_e_join, put_join, false},       {MSG_e_part, put_part, false},
    {MSG_e_quit, put_quit, false},       {MSG_e_kick, put_kick, false},
    {MSG_e_nick, put_nick, false},       {MSG_e_topic, put_topic, false},
    {MSG_e_mode, put_mode, true},        {MSG_e_invite, put_invite, false},
    {MSG_e_away, put_away, false},       {MSG_e_setname, put_setname, false},
    {MSG_e_account, put_account, false}, {MSG_e_chghost, put_chghost, false},
    {MSG_e_rename, put_rename, false},   {MSG_e_redact, put_redact, false},
    {MSG_e_wallops, put_wallops, false}, {MSG_e_announce, put_announce, true},
};

static size_t
text_bound(struct str text, size_t tags)
{
	size_t lines = 1 + text.n / PIECE_MIN, again = tags <= TAGS_AGAIN ? tags : 0;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n' || text.p[i] == TEXT_CUT;
	/* BATCH before and after; head, text and CTCP of each */
	return text.n + tags + (lines + 2) * (LINE_HEAD + 16 + again);
}

size_t
irc_render_bound(const struct shown *s)
{
	const struct m_e_say *say = s->e;
	const struct m_e_dm *dm = s->e;
	const struct m_e_announce *announce = s->e;

	switch (s->type) {
	case MSG_e_say:
		if (say->text.n <= PIECE_MIN && piece_end(say->text) == say->text.n)
			return LINE_HEAD + say->text.n + say->tags.n + 16;
		return text_bound(say->text, say->tags.n);
	case MSG_e_dm:
		return text_bound(dm->text, dm->tags.n);
	case MSG_e_announce:
		return text_bound(announce->text, 0);
	default:
		return LINE_HEAD * 2 + MODES_BYTES_MAX + TOPIC_MAX + REASON_MAX +
		       (MODES_MAX + 1) * LINE_HEAD;
	}
}

/* A line's last parameter gives way when the rest of it is long. Messages have been cut into pieces already. */
static size_t
fit(char *out, size_t n)
{
	const char *space = out[0] == '@' ? memchr(out, ' ', n) : NULL;
	char *body = out + (space != NULL ? space + 1 - out : 0);
	size_t len = n - (size_t)(body - out);

	if (len <= IRC_LINE_MAX)
		return n;
	return (size_t)(put_end(body + text_cut(body, len - 2, IRC_BODY_MAX)) - out);
}

size_t
irc_render(char *out, unsigned cls, const struct shown *s)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n;

		if (rows[i].type != s->type)
			continue;
		n = (size_t)(rows[i].fn(out, cls, s) - out);
		return n > IRC_LINE_MAX && !rows[i].several ? fit(out, n) : n;
	}
	return 0;
}
