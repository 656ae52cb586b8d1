/* said.c - see said.h. */
#include "config.h"

#include "worker/irc/said.h"

#include <string.h>

#include "ipc/ipc.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"
#include "worker/files.h"
#include "worker/irc/put.h"
#include "worker/irc/render.h"

#define EDITED "[edited] "
#define EDIT_TAG "+draft/edit="
#define EDIT_REPLY ";+draft/reply="
#define EDIT_TAGS (sizeof(EDIT_TAG) + sizeof(EDIT_REPLY) - 2 + 2 * IRC_MSGID_LEN)

/* A line never has fewer bytes of text than this: names and rooms are far from filling it. */
#define PIECE_MIN 128

struct message {
	struct head h;
	uint8_t kind, rank;
	bool to_room;
	struct str to, text;
};

#define FILE_TAG "chatd.org/file="

/* What it shares, in IRC's words, and the tag that programs read; good until the next call. */
static void
shares(struct message *m, struct str packed)
{
	static char text[FILES_TEXT_MAX], tags[sizeof(FILE_TAG) + FILES_TAG_MAX + TAGS_MAX];
	struct file_facts f;
	size_t n = sizeof(FILE_TAG) - 1;

	if (packed.n == 0 || !file_get(packed, &f))
		return;
	m->text = (struct str){text, files_irc_text(text, &f)};
	memcpy(tags, FILE_TAG, n);
	n += files_irc_tag(tags + n, &f);
	n += bprintf(tags + n, sizeof(tags) - n, "%s" STR_FMT, m->h.tags.n > 0 ? ";" : "",
		     STR_ARG(m->h.tags));
	m->h.tags = (struct str){tags, n};
}

static void
put_before(struct message *m, struct str before)
{
	static char text[SHOWN_BEFORE + MAX(TEXT_MAX, FILES_TEXT_MAX)];

	CHECK(before.n + m->text.n <= sizeof(text));
	put_str(put_str(text, before), m->text);
	m->text = (struct str){text, before.n + m->text.n};
}

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
		    /* 0: to control, unless it is kept for somebody */
		    .to = dm->to != 0 || dm->kept ? dm->to_name : str_of(irc_me),
		    .text = dm->text};
	if (s->server)
		m->h.uhost = STR_LIT("");
	shares(m, s->type == MSG_e_say ? say->file : dm->file);
	if (s->before.n > 0)
		put_before(m, s->before);
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
		o = put_bytes(o, " :", 2);
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
	o = put_bytes(o, id, sizeof(id));
	o = put_text(o, " draft/multiline ");
	o = put_end(put_target(o, m));
	while (next_piece(p, &piece, &joins)) {
		o = put_text(o, "@batch=m");
		o = put_bytes(o, id, sizeof(id));
		if (joins)
			o = put_text(o, ";draft/multiline-concat");
		*o++ = ' ';
		o = put_str(o, head);
		o = put_piece(o, m, piece);
	}
	o = put_source(o, &m->h);
	o = put_text(o, "BATCH -m");
	return put_end(put_bytes(o, id, sizeof(id)));
}

char *
put_said(char *o, unsigned cls, const struct shown *s)
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

/* A new message, which is a reply to the one that it is to stand for; a tag says so to who knows it (edit.c). */
char *
put_edit(char *o, unsigned cls, const struct shown *s)
{
	static char text[TEXT_MAX + sizeof(EDITED)];
	const struct m_e_edit *e = s->e;
	char tags[EDIT_TAGS + 1], *t = tags;
	struct m_e_say say = {.seq = e->seq,
			      .at = e->at,
			      .umodes = e->umodes,
			      .name = e->name,
			      .uhost = e->uhost,
			      .account = e->account,
			      .room_name = e->room_name,
			      .tags = {tags, EDIT_TAGS}};
	struct m_e_dm dm = {.seq = e->seq,
			    .at = e->at,
			    .umodes = e->umodes,
			    .name = e->name,
			    .uhost = e->uhost,
			    .account = e->account,
			    .to = 1,
			    .to_name = e->to_name,
			    .tags = say.tags};
	struct shown said = {.type = e->room != 0 ? MSG_e_say : MSG_e_dm,
			     .e = e->room != 0 ? (const void *)&say : (const void *)&dm};

	t = put_text(t, EDIT_TAG);
	irc_msgid_put(t, e->msg);
	t = put_text(t + IRC_MSGID_LEN, EDIT_REPLY);
	irc_msgid_put(t, e->msg);
	say.text = dm.text =
	    (struct str){text, bprintf(text, sizeof(text), EDITED STR_FMT, STR_ARG(e->text))};
	return put_said(o, cls, &said);
}

char *
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

static size_t
text_bound(struct str text, size_t tags)
{
	size_t lines = 1 + text.n / PIECE_MIN, again = tags <= TAGS_AGAIN ? tags : 0;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n' || text.p[i] == TEXT_CUT;
	/* BATCH before and after; head, text and CTCP of each */
	return text.n + tags + (lines + 2) * (LINE_HEAD + 16 + again);
}

static size_t
file_bound(struct str tags)
{
	char longest[FILES_TEXT_MAX] = "";

	return text_bound((struct str){longest, sizeof(longest)},
			  tags.n + sizeof(FILE_TAG) + FILES_TAG_MAX);
}

static size_t
event_bound(const struct shown *s)
{
	const struct m_e_say *say = s->e;
	const struct m_e_dm *dm = s->e;
	const struct m_e_announce *announce = s->e;
	const struct m_e_edit *edit = s->e;

	switch (s->type) {
	case MSG_e_say:
		if (say->file.n > 0)
			return file_bound(say->tags);
		if (say->text.n <= PIECE_MIN && piece_end(say->text) == say->text.n)
			return LINE_HEAD + say->text.n + say->tags.n + 16;
		return text_bound(say->text, say->tags.n);
	case MSG_e_dm:
		if (dm->file.n > 0)
			return file_bound(dm->tags);
		return text_bound(dm->text, dm->tags.n);
	case MSG_e_edit:
		return text_bound(edit->text, EDIT_TAGS + 1) + sizeof(EDITED);
	case MSG_e_announce:
		return text_bound(announce->text, 0);
	default:
		return 0;
	}
}

size_t
said_bound(const struct shown *s)
{
	return event_bound(s) + (s->before.n > 0 ? text_bound(s->before, TAGS_AGAIN) : 0);
}
