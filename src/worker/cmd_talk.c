/* cmd_talk.c - commands that send something, and leaving. */
#include "config.h"

#include "lib/text.h"
#include "lib/util.h"
#include "worker/cmd.h"
#include "worker/files.h"
#include "worker/outq.h"
#include "worker/request.h"
#include "worker/room.h"
#include "worker/session.h"

void
cmd_say(struct conn *c, const struct cmd_args *a)
{
	session_say(c, a->v[0], MSG_TEXT);
}

void
cmd_me(struct conn *c, const struct cmd_args *a)
{
	session_say(c, a->v[0], MSG_ACTION);
}

void
cmd_msg(struct conn *c, const struct cmd_args *a)
{
	session_dm(c, a->v[0], a->v[1], MSG_TEXT);
}

void
cmd_paste(struct conn *c, const struct cmd_args *a)
{
	(void)a;
	if (c->cur == NULL) {
		tell(c, "You are in no room: /join ROOM first.");
		return;
	}
	c->paste = xcalloc(1, sizeof(*c->paste));
	tell(c, "Go on: at most %d lines, %d bytes; a line with a single . sends them.",
	     TEXT_LINES_MAX, TEXT_MAX);
}

static struct str
cut(struct str s, size_t max)
{
	return (struct str){s.p, text_cut(s.p, s.n, max)};
}

void
cmd_quit(struct conn *c, const struct cmd_args *a)
{
	c->flags |= CONN_LEAVING;
	request_quit(c, c->user, c->id, false, cut(a->v[0], REASON_MAX));
}

void
cmd_left(struct conn *c, const struct cmd_args *a)
{
	(void)a;
	c->flags |= CONN_LEAVING | CONN_WORD_LEFT;
	request_quit(c, c->user, c->id, false, STR_LIT(""));
}

void
cmd_away(struct conn *c, const struct cmd_args *a)
{
	request_away(c, cut(a->v[0], REASON_MAX));
}

void
cmd_nick(struct conn *c, const struct cmd_args *a)
{
	enum name_err err =
	    session_line_was_unclean() ? NAME_BAD_CHAR : name_check(a->v[0].p, a->v[0].n);

	if (err != NAME_OK)
		tell(c, "Sorry, that cannot be: %s", name_strerror(err));
	else
		request_nick(c, a->v[0]);
}

void
cmd_announced(struct conn *c, const struct cmd_args *a)
{
	(void)a;
	tell(c, "*** %s Connected *** (everybody has been told)", c->name);
}

void
cmd_file_to(struct conn *c, bool to_room, struct str target)
{
	if (!files_on())
		tell(c, "Sorry, files and images are not enabled on this server.");
	else if (target.n > (to_room ? ROOM_BYTES_MAX : NAME_BYTES_MAX))
		tell(c, "Recipient does not exist");
	else
		request_upload_link(c, to_room, target);
}

/* "#room", or somebody; nothing: the room where one talks. */
void
cmd_file(struct conn *c, const struct cmd_args *a)
{
	struct str to = a->v[0];

	if (to.n > 1 && to.p[0] == '#')
		cmd_file_to(c, true, (struct str){to.p + 1, to.n - 1});
	else if (to.n > 1 && to.p[0] == '@')
		cmd_file_to(c, false, (struct str){to.p + 1, to.n - 1});
	else if (to.n > 0)
		cmd_file_to(c, false, to);
	else if (c->cur != NULL)
		cmd_file_to(c, true, room_name(c->cur));
	else
		tell(c, "You are in no room: /file NAME sends a file to somebody.");
}
