/* pend.c - messages on their way: each has a label until the server has answered it, so that a lost connection neither
 * loses nor doubles one. What was sent and not answered is looked for in the history of its room after the next login,
 * and sent again if it is not there; where there is none to look into, or not all of it, the person is told. It is known by a number of
 * our own, or on servers that keep no tags of clients by its text. */
#include "config.h"

#include "session_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/util.h"

#define LINES_MAX 64
#define PIECE_MAX 380 /* bytes of text in a line: it comes to others with a prefix */

enum fate { FATE_WAITS, FATE_SENT, FATE_UNKNOWN };

struct pending {
	struct pending *next;
	unsigned long label;
	enum fate fate;
	bool action;
	char target[ROOM_BYTES_MAX + 2];
	size_t n;
	char text[]; /* terminated */
};

size_t
session_lines(struct str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

size_t
session_pieces(struct str text)
{
	size_t n = 0;

	for (;;) {
		const char *nl = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
		struct str line = {text.p, nl != NULL ? (size_t)(nl - text.p) : text.n};

		text = (struct str){line.p + line.n + (nl != NULL), text.n - line.n - (nl != NULL)};
		do {
			size_t piece = irc_cut(line, PIECE_MAX);

			line = (struct str){line.p + piece, line.n - piece};
			n++;
		} while (line.n > 0);
		if (nl == NULL)
			return n;
	}
}

static void
own_id(const struct session *s, const struct pending *p, char out[64])
{
	bprintf(out, 64, "%s-%lu", s->id, p->label);
}

/* "@label=…;+chatd.org/id=… ", as far as the server knows tags. */
static const char *
tags_of(const struct session *s, const struct pending *p)
{
	static char tags[128];
	size_t n = 0;
	char id[64];

	tags[0] = '\0';
	if (has(s, CAP_LABEL))
		n = bprintf(tags, sizeof(tags), "@label=%lu", p->label);
	if (has(s, CAP_TAGS)) {
		own_id(s, p, id);
		n += bprintf(tags + n, sizeof(tags) - n, "%c%s=%s", n > 0 ? ';' : '@', WIRE_ID_TAG,
			     id);
	}
	if (n > 0)
		bprintf(tags + n, sizeof(tags) - n, " ");
	return tags;
}

/* One message of several lines, or of one that is too long for a line (draft/multiline). */
static void
put_multi(struct session *s, const struct pending *p)
{
	struct str rest = {p->text, p->n};

	put(s, "%sBATCH +m%lu draft/multiline %s", tags_of(s, p), p->label, p->target);
	for (;;) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		struct str line = {rest.p, nl != NULL ? (size_t)(nl - rest.p) : rest.n};
		const char *concat = "";

		do {
			size_t n = irc_cut(line, PIECE_MAX);

			put(s, "@batch=m%lu%s PRIVMSG %s :%.*s", p->label, concat, p->target,
			    (int)n, line.p);
			line = (struct str){line.p + n, line.n - n};
			concat = ";draft/multiline-concat";
		} while (line.n > 0);
		if (nl == NULL)
			break;
		rest = (struct str){nl + 1, rest.n - (size_t)(nl + 1 - rest.p)};
	}
	put(s, "BATCH -m%lu", p->label);
}

static void
send_one(struct session *s, struct pending *p)
{
	p->fate = FATE_SENT;
	if (memchr(p->text, '\n', p->n) != NULL || p->n > PIECE_MAX) {
		put_multi(s, p);
		return;
	}
	if (p->action)
		put(s, "%sPRIVMSG %s :\001ACTION %s\001", tags_of(s, p), p->target, p->text);
	else
		put(s, "%sPRIVMSG %s :%s", tags_of(s, p), p->target, p->text);
}

static void
forget(struct session *s, struct pending **at)
{
	struct pending *p = *at;

	*at = p->next;
	if (*at == NULL)
		s->pending_end = at;
	s->npending--;
	free(p);
}

/* The room whose history is waited for; NULL: the target is a person, or a room that we are not to be in. */
static const struct room *
room_for(const struct session *s, const char *target)
{
	return target[0] == '#' ? room_of(s, str_of(target)) : NULL;
}

static bool
can_go(const struct session *s, const char *target)
{
	const struct room *r = room_for(s, target);

	if (s->state != SESSION_READY)
		return false;
	if (r == NULL)
		return s->dm_asks == 0;
	return (!r->wanted && !r->joined) || (r->joined && !(r->fetching && s->again));
}

static void
enqueue(struct session *s, const char *target, struct str text, bool action)
{
	struct pending *p = xcalloc(1, sizeof(*p) + text.n + 1);

	p->label = ++s->label;
	p->action = action;
	bprintf(p->target, sizeof(p->target), "%s", target);
	memcpy(p->text, text.p, text.n);
	p->n = text.n;
	*s->pending_end = p;
	s->pending_end = &p->next;
	s->npending++;
	if (!can_go(s, target))
		return;
	send_one(s, p);
	if (!has(s, CAP_LABEL)) /* nobody will answer it */
		(void)pend_done(s, p->label, NULL, false);
}

/* Without multiline each piece of text is a message. */
static void
enqueue_pieces(struct session *s, const char *target, struct str text, bool action)
{
	while (text.n > 0) {
		const char *nl = memchr(text.p, '\n', text.n);
		struct str line = {text.p, nl != NULL ? (size_t)(nl - text.p) : text.n};

		text = (struct str){line.p + line.n + (nl != NULL), text.n - line.n - (nl != NULL)};
		while (line.n > 0) {
			size_t n = irc_cut(line, PIECE_MAX);

			enqueue(s, target, (struct str){line.p, n}, action);
			line = (struct str){line.p + n, line.n - n};
		}
	}
}

static bool
refuse(struct session *s, const char *why)
{
	if (s->script)
		s->front->refused(s->arg, REFUSED_MESSAGE, why);
	else
		session_note(s, "Couldn't send message :( %s.", why);
	return false;
}

bool
session_say(struct session *s, const char *target, struct str text, bool action)
{
	bool multi = s->state != SESSION_READY || has(s, CAP_MULTILINE);

	if (text.n == 0)
		return refuse(s, "there is nothing to send");
	if (!text_utf8_ok(text.p, text.n) || memchr(text.p, '\0', text.n) != NULL)
		return refuse(s, "that is not UTF-8 text");
	if (session_pieces(text) > LINES_MAX || text.n > SESSION_TEXT_MAX - LINES_MAX)
		return refuse(s, "more than 64 lines of 380 bytes, or 16320 bytes");
	if (s->npending >= SESSION_PENDING_MAX)
		return refuse(s, "too much is waiting to be sent");
	if ((multi && !action) || session_pieces(text) == 1)
		enqueue(s, target, text, action);
	else
		enqueue_pieces(s, target, text, action);
	if (s->state != SESSION_READY && !s->script)
		session_note(s, "(not connected: it will be sent when the connection is back)");
	return true;
}

bool
pend_has(const struct session *s, unsigned long label)
{
	for (const struct pending *p = s->pending; p != NULL && label != 0; p = p->next) {
		if (p->label == label)
			return true;
	}
	return false;
}

bool
pend_done(struct session *s, unsigned long label, const char *why, bool gone)
{
	struct pending **at = &s->pending;
	char text[NICK_MAX + 64];
	bool direct;

	while (*at != NULL && (*at)->label != label)
		at = &(*at)->next;
	if (*at == NULL || label == 0)
		return false;
	direct = (*at)->target[0] != '#';
	if (why != NULL && s->script && gone && direct) {
		bprintf(text, sizeof(text), "nobody here is called %s", (*at)->target);
		s->front->refused(s->arg, REFUSED_GONE, text);
	} else if (why != NULL && s->script)
		s->front->refused(s->arg, gone ? REFUSED_GONE : REFUSED_MESSAGE, why);
	else if (gone && direct)
		session_note(s, "Couldn't send message :( nobody here is called %s.",
			     (*at)->target);
	else if (why != NULL)
		session_note(s, "Couldn't send message :( %s.", why);
	else if (s->ack)
		session_note(s, "message has been sent..");
	forget(s, at);
	return true;
}

static bool
is_it(const struct session *s, const struct pending *p, struct str id, const char *target,
      struct str text)
{
	char own[64];

	if (id.n > 0) {
		own_id(s, p, own);
		return str_eq(id, str_of(own));
	}
	return same_name(str_of(p->target), str_of(target)) &&
	       str_eq((struct str){p->text, p->n}, text);
}

void
pend_seen(struct session *s, struct str id, const char *target, struct str text)
{
	for (struct pending *p = s->pending; p != NULL; p = p->next) {
		if (p->fate == FATE_UNKNOWN && is_it(s, p, id, target, text)) {
			(void)pend_done(s, p->label, NULL, false);
			return;
		}
	}
}

void
pend_lost(struct session *s)
{
	for (struct pending *p = s->pending; p != NULL; p = p->next) {
		if (p->fate == FATE_SENT)
			p->fate = FATE_UNKNOWN;
	}
}

void
pend_go(struct session *s, const struct room *r)
{
	struct pending **at = &s->pending;

	while (*at != NULL) {
		struct pending *p = *at;
		bool known = r != NULL && s->page > 0 && !r->lacks;

		if (room_for(s, p->target) != r || p->fate == FATE_SENT) {
			at = &p->next;
			continue;
		}
		if (p->fate == FATE_UNKNOWN && !known) {
			session_note(s, "It is not known whether this arrived at %s: %s", p->target,
				     p->text);
			forget(s, at);
			continue;
		}
		send_one(s, p);
		at = &p->next;
		if (!has(s, CAP_LABEL)) {
			(void)pend_done(s, p->label, NULL, false);
			at = &s->pending;
		}
	}
}

void
pend_drop(struct session *s, const struct room *r, const char *why)
{
	struct pending **at = &s->pending;

	while (*at != NULL) {
		if (room_for(s, (*at)->target) != r) {
			at = &(*at)->next;
			continue;
		}
		if (!s->script)
			session_note(s, "Couldn't send message :( %s: %s", why, (*at)->text);
		forget(s, at);
	}
}

void
pend_fini(struct session *s)
{
	while (s->pending != NULL)
		forget(s, &s->pending);
}

void
session_upload(struct session *s, const char *target)
{
	char label[32] = "";

	s->upload = ++s->label;
	bprintf(s->upload_to, sizeof(s->upload_to), "%s", target);
	if (has(s, CAP_LABEL))
		bprintf(label, sizeof(label), "@label=%lu ", s->upload);
	put(s, "%sUPLOAD %s", label, target);
}
