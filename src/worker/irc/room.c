/* room.c - what a room is about, what it is called, and who is asked in: TOPIC, RENAME, INVITE. */
#include "config.h"

#include "worker/irc/room.h"

#include <string.h>

#include "lib/name.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/query.h"
#include "worker/request.h"
#include "worker/sight.h"
#include "worker/worker.h"

int
irc_room_seen(const struct conn *c, uint64_t id, struct str name, struct reg_room_view *v,
	      bool *member_r)
{
	struct reg_member_view m;
	int in, got = id != 0 ? registry_room(worker.reg, id, v)
			      : registry_room_named(worker.reg, name.p, name.n, v);

	if (got <= 0)
		return got;
	in = registry_member(worker.reg, c->user, v->id, &m);
	if (in < 0)
		return -1;
	*member_r = in > 0;
	return in > 0 || sight_room(c, v);
}

bool
irc_room_param(struct conn *c, struct irc_run *r, struct str param)
{
	if (irc_room(param, &r->room) && room_check(r->room.p, r->room.n) == NAME_OK)
		return true;
	r->room = STR_LIT("");
	irc_num(c, ERR_NOSUCHCHANNEL, STR_FMT " :No such channel", STR_ARG(irc_middle(param)));
	return false;
}

/* --- TOPIC ------------------------------------------------------------------------------------ */

struct topic {
	struct query query;
	size_t n;
	char name[ROOM_BYTES_MAX];
};

static enum query_step
topic_step(struct conn *c, struct query *query)
{
	const struct topic *q = (const struct topic *)query;
	struct str name = {q->name, q->n};
	struct reg_room_view v;
	bool member;
	int got = irc_room_seen(c, 0, name, &v, &member);

	if (got < 0)
		return QUERY_AGAIN;
	if (got == 0)
		irc_num(c, ERR_NOSUCHCHANNEL, "#" STR_FMT " :No such channel",
			STR_ARG(irc_middle(name)));
	else if (v.topic[0] == '\0')
		irc_num(c, RPL_NOTOPIC, "#%s :No topic is set", v.name);
	else
		irc_topic_is(c, str_of(v.name), str_of(v.topic), str_of(v.topic_by), v.topic_at);
	return QUERY_DONE;
}

enum irc_done
irc_TOPIC(struct conn *c, struct irc_run *r)
{
	struct topic *q;

	if (!irc_room_param(c, r, r->msg.param[0]))
		return IRC_DONE;
	if (r->msg.n > 1) {
		request_topic(c, r->room, irc_text(r->msg.param[1], TOPIC_MAX));
		return IRC_DONE;
	}
	q = xcalloc(1, sizeof(*q));
	q->query.step = topic_step;
	q->n = r->room.n;
	memcpy(q->name, r->room.p, q->n);
	query_ask(c, &q->query);
	return IRC_DONE;
}

/* --- RENAME (draft/channel-rename) --------------------------------------------------------------- */

enum irc_done
irc_RENAME(struct conn *c, struct irc_run *r)
{
	struct str to = r->msg.param[1];

	if (!irc_room_param(c, r, r->msg.param[0]))
		return IRC_DONE;
	r->name = irc_middle(to);
	if (!irc_room(to, &to) || room_check(to.p, to.n) != NAME_OK)
		irc_rename_refused(c, r, ERR_ROOM_BAD);
	else
		request_rename(c, r->room, to, irc_text(r->msg.param[2], REASON_MAX));
	return IRC_DONE;
}

bool
irc_rename_refused(struct conn *c, const struct irc_run *r, unsigned err)
{
	char both[2 * ROOM_BYTES_MAX + 8];
	struct str names = {both, bprintf(both, sizeof(both), "#" STR_FMT " " STR_FMT,
					  STR_ARG(r->room), STR_ARG(r->name))};

	if (err == ERR_ROOM_TAKEN)
		irc_fail(c, "RENAME", "CHANNEL_NAME_IN_USE", names,
			 "The channel name is already taken");
	else if (err == ERR_ROOM_BAD || err == ERR_PERMISSION)
		irc_fail(c, "RENAME", "CANNOT_RENAME", names, "The channel cannot be renamed");
	else if (err == ERR_BUSY)
		irc_fail(c, "RENAME", "CANNOT_RENAME", names,
			 "The channel has been renamed just now");
	else
		return false;
	return true;
}

/* --- INVITE --------------------------------------------------------------------------------------- */

struct invitations {
	struct query query;
	uint32_t at;
};

static enum query_step
invitations_step(struct conn *c, struct query *query)
{
	struct invitations *q = (struct invitations *)query;
	struct reg_room_view v;
	uint64_t rooms[64];
	int n = registry_invitations(worker.reg, c->user, &q->at, rooms, ARRAY_LEN(rooms));

	for (int i = 0; i < n; i++) {
		/* one that is being written now may have gone as well */
		if (registry_room(worker.reg, rooms[i], &v) > 0)
			irc_num(c, RPL_INVITELIST, "#%s", v.name);
	}
	if (n > 0)
		return QUERY_MORE;
	irc_num(c, RPL_ENDOFINVITELIST, ":End of /INVITE list");
	return QUERY_DONE;
}

static void
list_invitations(struct conn *c)
{
	struct invitations *q = xcalloc(1, sizeof(*q));

	q->query.step = invitations_step;
	query_ask(c, &q->query);
}

enum irc_done
irc_INVITE(struct conn *c, struct irc_run *r)
{
	if (r->msg.n == 0) {
		list_invitations(c);
		return IRC_DONE;
	}
	r->name = r->msg.param[0];
	if (r->name.n == 0 || r->msg.param[1].n == 0)
		irc_num(c, ERR_NEEDMOREPARAMS, "INVITE :Not enough parameters");
	else if (r->name.n > NAME_BYTES_MAX)
		irc_err(c, r, ERR_NO_SUCH_USER, r->name);
	else if (irc_room_param(c, r, r->msg.param[1]))
		request_invite(c, r->room, r->name);
	return IRC_DONE;
}
