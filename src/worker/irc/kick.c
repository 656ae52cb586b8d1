/* kick.c - KICK. */
#include "config.h"

#include "lib/name.h"
#include "worker/irc/cmd.h"
#include "worker/irc/reply.h"
#include "worker/irc/room.h"
#include "worker/request.h"

static unsigned
items(struct str list)
{
	struct str item;
	unsigned n = 0;

	while (n <= IRC_KICK_MAX && irc_item(list, n, &item))
		n++;
	return n;
}

/* One room and any number of names, or as many of the one as of the other (RFC 2812 section 3.2.8). */
enum irc_done
irc_KICK(struct conn *c, struct irc_run *r)
{
	struct str rooms = r->msg.param[0], names = r->msg.param[1], room;
	unsigned nrooms = items(rooms);

	if (nrooms == 0 || (nrooms > 1 && nrooms != items(names)))
		names = STR_LIT("");
	if (!irc_next(c, r, names, IRC_KICK_MAX, &r->name))
		return IRC_DONE;
	irc_item(rooms, nrooms > 1 ? r->at - 1 : 0, &room);
	if (!irc_room_param(c, r, room))
		return IRC_MORE;
	if (r->name.n > NAME_BYTES_MAX)
		irc_err(c, r, ERR_NO_SUCH_USER, r->name);
	else
		request_kick(c, r->room, r->name, irc_text(r->msg.param[2], REASON_MAX));
	return IRC_MORE;
}
