/* room.c - JOIN, PART, TOPIC, MODE. */
#include "config.h"

#include <string.h>

#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/room.h"

enum irc_done
irc_JOIN(struct conn *c, struct irc_run *r)
{
	struct str item, key = {"", 0};

	if (!irc_item(r->msg.param[0], r->at++, &item))
		return IRC_DONE;
	irc_item(r->msg.param[1], r->at - 1, &key);
	if (!irc_room(item, &r->room) || room_check(r->room.p, r->room.n) != NAME_OK)
		irc_num(c, ERR_NOSUCHCHANNEL, STR_FMT " :No such channel", STR_ARG(item));
	else
		request_join(c, ASKED_DO, r->room, key);
	return IRC_MORE;
}

enum irc_done
irc_PART(struct conn *c, struct irc_run *r)
{
	struct str item, reason = r->msg.param[1];

	if (!irc_item(r->msg.param[0], r->at++, &item))
		return IRC_DONE;
	reason.n = text_cut(reason.p, reason.n, REASON_MAX);
	if (!irc_room(item, &r->room) || r->room.n > ROOM_BYTES_MAX)
		irc_num(c, ERR_NOSUCHCHANNEL, STR_FMT " :No such channel", STR_ARG(item));
	else
		request_part(c, r->room, reason);
	return IRC_MORE;
}

enum irc_done
irc_TOPIC(struct conn *c, struct irc_run *r)
{
	(void)c;
	(void)r;
	return IRC_DONE;
}

enum irc_done
irc_MODE(struct conn *c, struct irc_run *r)
{
	(void)c;
	(void)r;
	return IRC_DONE;
}
