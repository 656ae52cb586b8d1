/* render.c - see render.h. Messages: said.c. */
#include "config.h"

#include "worker/irc/render.h"

#include <string.h>

#include "ipc/ipc.h"
#include "ipc/maskform.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/irc/put.h"
#include "worker/irc/said.h"

char irc_me[IRC_ME_MAX + 1];

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

#define HEAD_OF(e) \
	{ \
		.at = (e)->at, .name = (e)->name, .uhost = (e)->uhost, .account = (e)->account, \
		.umodes = (e)->umodes, .msgid = (e)->seq \
	}
/* What is no part of a room's history has no number. */
#define NEWS_OF(e) \
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
		o = put_str(put_bytes(o, " :", 2), e->real);
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
	char text[QUIT_TEXT_MAX + 1];
	struct str why = quit_text(e, text);

	o = put_text(put_head(o, cls, &h), "QUIT :");
	if (why.n > 0)
		o = put_str(o, why);
	else
		o = put_text(o, e->why == QUIT_LEFT ? "Quit" : "Connection closed");
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
			 .msgid = e->seq,
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
			 .msgid = e->seq,
			 .umodes = e->umodes};

	return put_end(put_str(put_text(put_head(o, cls, &h), "NICK :"), e->name));
}

static char *
put_topic(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_topic *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_room(put_text(put_head(o, cls, &h), "TOPIC "), e->room_name);
	return put_end(put_str(put_bytes(o, " :", 2), e->text));
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
		o = put_bytes(o, modes, (size_t)(w - modes));
		o = put_end(put_bytes(o, args, (size_t)(a - args)));
	}
	return o;
}

static char *
put_invite(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_invite *e = s->e;
	struct head h = NEWS_OF(e);

	o = put_str(put_text(put_head(o, cls, &h), "INVITE "), e->to_name);
	*o++ = ' ';
	return put_end(put_room(o, e->room_name));
}

static char *
put_away(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_away *e = s->e;
	struct head h = NEWS_OF(e);

	return put_end(put_reason(put_text(put_head(o, cls, &h), "AWAY"), e->text));
}

static char *
put_setname(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_setname *e = s->e;
	struct head h = NEWS_OF(e);

	return put_end(put_str(put_text(put_head(o, cls, &h), "SETNAME :"), e->real));
}

static char *
put_account(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_account *e = s->e;
	struct head h = NEWS_OF(e);

	o = put_text(put_head(o, cls, &h), "ACCOUNT ");
	return put_end(put_str(o, e->account.n > 0 ? e->account : STR_LIT("*")));
}

static char *
put_chghost(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_chghost *e = s->e;
	struct head h = NEWS_OF(e);
	const char *at = e->now.n > 0 ? memchr(e->now.p, '@', e->now.n) : NULL;
	size_t ident = at != NULL ? (size_t)(at - e->now.p) : 0;

	o = put_text(put_head(o, cls, &h), "CHGHOST ");
	o = put_bytes(o, e->now.p, ident);
	*o++ = ' ';
	return put_end(put_bytes(o, e->now.p + ident + 1, at != NULL ? e->now.n - ident - 1 : 0));
}

static char *
put_rename(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_rename *e = s->e;
	struct head h = HEAD_OF(e);

	o = put_room(put_text(put_head(o, cls, &h), "RENAME "), e->room_name);
	*o++ = ' ';
	o = put_room(o, e->to);
	return put_end(put_str(put_bytes(o, " :", 2), e->reason));
}

static char *
put_redact(char *o, unsigned cls, const struct shown *s)
{
	const struct m_e_redact *e = s->e;
	struct head h = HEAD_OF(e);

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
	struct head h = NEWS_OF(e);
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
    {MSG_e_say, put_said, true},         {MSG_e_dm, put_said, true},
    {MSG_e_join, put_join, false},       {MSG_e_part, put_part, false},
    {MSG_e_quit, put_quit, false},       {MSG_e_kick, put_kick, false},
    {MSG_e_nick, put_nick, false},       {MSG_e_topic, put_topic, false},
    {MSG_e_mode, put_mode, true},        {MSG_e_invite, put_invite, false},
    {MSG_e_away, put_away, false},       {MSG_e_setname, put_setname, false},
    {MSG_e_account, put_account, false}, {MSG_e_chghost, put_chghost, false},
    {MSG_e_rename, put_rename, false},   {MSG_e_redact, put_redact, false},
    {MSG_e_wallops, put_wallops, false}, {MSG_e_announce, put_announce, true},
    {MSG_e_edit, put_edit, true},
};

size_t
irc_render_bound(const struct shown *s)
{
	size_t n = said_bound(s);

	return n > 0 ? n
		     : LINE_HEAD * 2 + MODES_BYTES_MAX + TOPIC_MAX + REASON_MAX +
			   (MODES_MAX + 1) * LINE_HEAD;
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
