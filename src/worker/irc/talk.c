/* talk.c - PRIVMSG, NOTICE, TAGMSG. */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/room.h"

static enum irc_done
talk(struct conn *c, struct irc_run *r, unsigned kind)
{
	static char clean[IRC_RUN_LINE];
	struct saying s = {.kind = (uint8_t)kind, .tags = STR_LIT("")};
	struct str name, text = r->msg.param[1];

	if (!irc_item(r->msg.param[0], r->at++, &s.to))
		return IRC_DONE;
	memcpy(clean, text.p, text.n);
	text = (struct str){clean, text_clean(clean, text.n, TEXT_KEEP_IRC)};
	s.text = text;
	if (irc_room(s.to, &name)) {
		const struct room *room = room_named(c, name);

		s.to = name;
		s.room = room != NULL ? room->id : 0;
		request_say(c, &s);
	} else
		request_dm(c, &s);
	return IRC_MORE;
}

enum irc_done
irc_PRIVMSG(struct conn *c, struct irc_run *r)
{
	return talk(c, r, MSG_TEXT);
}

enum irc_done
irc_NOTICE(struct conn *c, struct irc_run *r)
{
	return talk(c, r, MSG_NOTICE);
}

enum irc_done
irc_TAGMSG(struct conn *c, struct irc_run *r)
{
	return talk(c, r, MSG_TAGS);
}
