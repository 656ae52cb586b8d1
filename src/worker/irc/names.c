/* names.c - NAMES: see names.h. */
#include "config.h"

#include "worker/irc/names.h"

#include <string.h>

#include "lib/util.h"
#include "proto/irc.h"
#include "registry/registry.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/markread.h"
#include "worker/irc/metadata.h"
#include "worker/irc/reply.h"
#include "worker/irc/room.h"
#include "worker/query.h"
#include "worker/room.h"
#include "worker/worker.h"

struct names {
	struct query query;
	uint64_t room, after; /* the last member shown joined then */
	bool found, member, secret;
	bool topic; /* is shown first */
	size_t nname, nline;
	char name[ROOM_BYTES_MAX];
	char line[IRC_BODY_MAX + 1];
};

static struct reg_member_view page[REG_PAGE];

static void
flush(struct conn *c, struct names *q)
{
	if (q->nline > 0)
		irc_num(c, RPL_NAMREPLY, "%c #%.*s :%.*s", q->secret ? '@' : '=', (int)q->nname,
			q->name, (int)q->nline, q->line);
	q->nline = 0;
}

static void
put_name(struct conn *c, struct names *q, const char *text, size_t n)
{
	size_t head = strlen(irc_me) + strlen(irc_nick(c)) + q->nname + 16;

	if (q->nline > 0 && head + q->nline + 1 + n > IRC_BODY_MAX)
		flush(c, q);
	if (q->nline > 0)
		q->line[q->nline++] = ' ';
	memcpy(q->line + q->nline, text, n);
	q->nline += n;
}

/* 1 shown, 0 passed over, -1 torn. */
static int
put_member(struct conn *c, struct names *q, const struct reg_member_view *m)
{
	struct reg_user_view u;
	char text[NAME_BYTES_MAX + UHOST_MAX + 8];
	size_t n = bprintf(text, sizeof(text), "%s%s",
			   irc_prefixes(m->flags, c->irc->caps & CAP_MULTI_PREFIX), m->name);
	int r;

	if (!q->member || c->irc->caps & CAP_UHNAMES) {
		r = registry_user(worker.reg, m->user, &u);
		if (r <= 0)
			return r;
		if (!q->member && u.umodes & UMODE_INVISIBLE && !(c->irc->umodes & UMODE_OPER))
			return 0;
		if (c->irc->caps & CAP_UHNAMES)
			n += bprintf(text + n, sizeof(text) - n, "!%s@%s", u.ident, u.host);
	}
	put_name(c, q, text, n);
	return 1;
}

/* The room, if this client may know of it. 1, 0, -1. */
static int
find(struct conn *c, struct names *q)
{
	struct reg_room_view v;
	int got = irc_room_seen(c, q->room, (struct str){q->name, q->nname}, &v, &q->member);

	if (got <= 0)
		return got;
	q->secret = v.modes & 1u << MODE_PRIVATE;
	q->room = v.id;
	q->nname = strlen(v.name);
	memcpy(q->name, v.name, q->nname);
	if (q->topic)
		irc_topic_is(c, str_of(v.name), str_of(v.topic), str_of(v.topic_by), v.topic_at);
	return 1;
}

static enum query_step
names_step(struct conn *c, struct query *query)
{
	struct names *q = (struct names *)query;
	int n = q->found ? 1 : find(c, q);

	if (n < 0)
		return QUERY_AGAIN;
	q->found = n > 0;
	if (q->topic && c->irc->caps & CAP_NO_NAMES_EITHER)
		return QUERY_DONE;
	n = q->found ? registry_members(worker.reg, q->room, q->after, page, REG_PAGE) : 0;
	if (n < 0)
		return QUERY_AGAIN;
	for (int i = 0; i < n; i++) {
		if (put_member(c, q, &page[i]) < 0)
			return QUERY_AGAIN;
		q->after = page[i].joined;
	}
	if (n == REG_PAGE)
		return QUERY_MORE;
	flush(c, q);
	irc_num(c, RPL_ENDOFNAMES, "#%.*s :End of /NAMES list", (int)q->nname, q->name);
	return QUERY_DONE;
}

static struct names *
names_new(uint64_t room, struct str name)
{
	struct names *q = xcalloc(1, sizeof(*q));

	q->query.step = names_step;
	q->room = room;
	q->nname = MIN(name.n, sizeof(q->name));
	memcpy(q->name, name.p, q->nname);
	return q;
}

void
names_after_join(struct conn *c, uint64_t room, struct str name)
{
	query_begin(c, &names_new(room, name)->query);
}

/* --- for those who were moved (irc_renamed) ------------------------------------------------- */

void
names_later(struct conn *c, struct room *r)
{
	room_set_flags(r, c, room_flags(r, c) | MEMBER_NAMES_DUE);
	c->irc->flags |= IRC_NAMES_DUE;
	names_due(c);
}

void
names_arrived(struct conn *c, struct room *r)
{
	uint32_t due = MEMBER_TOPIC_DUE;

	if (c->irc->caps & CAP_READ_MARKER)
		due |= MEMBER_MARK_DUE;
	room_set_flags(r, c, room_flags(r, c) | due);
	metadata_joined(c, r);
	names_later(c, r);
}

void
names_due(struct conn *c)
{
	struct names *q;

	if (!(c->irc->flags & IRC_NAMES_DUE) || c->flags & (CONN_ENDED | CONN_BARRIER) ||
	    c->query != NULL || c->ticket != NULL || c->irc->run != NULL)
		return;
	for (unsigned i = 0; i < c->nrooms; i++) {
		struct room *r = c->rooms[i].room;
		uint32_t flags = room_flags(r, c);

		if (flags & MEMBER_MARK_DUE) {
			flags &= ~MEMBER_MARK_DUE;
			room_set_flags(r, c, flags);
			if (irc_mark_due(c, room_name(r)))
				return;
		}
		if (flags & MEMBER_NAMES_DUE) {
			room_set_flags(r, c, flags & ~(MEMBER_NAMES_DUE | MEMBER_TOPIC_DUE));
			q = names_new(r->id, room_name(r));
			q->topic = flags & MEMBER_TOPIC_DUE;
			query_begin(c, &q->query);
			return;
		}
	}
	c->irc->flags &= (uint16_t)~IRC_NAMES_DUE;
}

enum irc_done
irc_NAMES(struct conn *c, struct irc_run *r)
{
	struct str item, name;

	if (r->msg.param[0].n == 0) {
		irc_num(c, RPL_ENDOFNAMES, "* :End of /NAMES list");
		return IRC_DONE;
	}
	if (!irc_next(c, r, r->msg.param[0], IRC_NAMES_MAX, &item))
		return IRC_DONE;
	item = irc_middle(item);
	if (irc_room(item, &name) && name.n <= ROOM_BYTES_MAX)
		query_ask(c, &names_new(0, name)->query);
	else
		irc_num(c, RPL_ENDOFNAMES, STR_FMT " :End of /NAMES list", STR_ARG(item));
	return IRC_MORE;
}
