/* edit.c - other words for one's own message: a PRIVMSG, or a multiline batch, with the tag +draft/edit=MSGID. No specification has
 * been agreed on; to a server without this it is a message like others, and so it is to clients that do not know the tag. */
#include "config.h"

#include "proto/irc.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/irc/talk.h"
#include "worker/request.h"

bool
edit_is(const struct conn *c, struct str tags, struct str *id_r)
{
	return tags.n > 0 && c->irc->caps & CAP_TAGS && irc_tag_find(tags, "+draft/edit", id_r);
}

/* Done, or refused, later or at once; what has been changed is an event. */
static void
edited(struct conn *c, struct late *l)
{
	struct str arg;
	unsigned code;
	char why[512];

	if (!late_failed(l, &code, &arg))
		return;
	if (chat_err_passes(code))
		irc_fail(c, "PRIVMSG", "TEMPORARILY_UNAVAILABLE", STR_LIT(""), "%s",
			 chat_err_text(code, arg.p, arg.n, why, sizeof(why)));
	else if (code == ERR_NO_SUCH_MESSAGE)
		irc_fail(c, "PRIVMSG", "UNKNOWN_MSGID", STR_LIT(""),
			 "This message does not exist or is too old");
	else
		irc_fail(c, "PRIVMSG", "EDIT_FORBIDDEN", STR_LIT(""),
			 "You cannot edit this message");
}

void
edit_send(struct conn *c, struct str target, struct str id, struct str text)
{
	struct saying s = {0};
	struct m_r_edit e = {.text = text};
	bool is_room;

	if (!talk_target(c, target, &s, &is_room) || s.rank != 0) {
		irc_fail(c, "PRIVMSG", "EDIT_FORBIDDEN", STR_LIT(""),
			 "There is nothing to be edited");
		return;
	}
	/* 0 is no message's: the broker says so when it has looked at the target */
	if (!irc_msgid_get(id, &e.msg))
		e.msg = 0;
	if (is_room)
		e.room = s.to;
	else
		e.name = s.to;
	request_edit(c, &e, edited);
}
