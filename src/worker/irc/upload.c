/* upload.c - see upload.h. The link is for one file, which is told to the target when it has come: doc/protocol.md. */
#include "config.h"

#include "worker/irc/upload.h"

#include "worker/files.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/irc/talk.h"
#include "worker/request.h"

static const char *
code_of(unsigned err)
{
	switch (err) {
	case ERR_NO_SUCH_USER:
	case ERR_NO_SUCH_ROOM:
	case ERR_NOT_IN_ROOM:
		return "INVALID_TARGET";
	case ERR_NOT_LOGGED_IN:
		return "ACCOUNT_REQUIRED";
	case ERR_FILE_OFF:
	case ERR_STORE_AWAY:
		return "TEMPORARILY_UNAVAILABLE";
	default:
		return "CANNOT_UPLOAD";
	}
}

void
irc_upload_refused(struct conn *c, const struct m_e_refused *e)
{
	const struct irc_run *r = c->irc->run;
	char why[640] = "Recipient does not exist";

	if (e->code != ERR_NO_SUCH_USER)
		refused_text(e, why, sizeof(why));
	irc_fail(c, "UPLOAD", code_of(e->code),
		 r != NULL ? irc_middle(r->msg.param[0]) : STR_LIT("*"), "%s", why);
}

void
irc_upload_link(struct conn *c, const struct m_e_upload *e)
{
	char url[FILES_URL_MAX];

	files_upload_url(url, sizeof(url), e->token);
	irc_from_me(c, "UPLOAD %s" STR_FMT " %s", e->to_room ? "#" : "", STR_ARG(e->target), url);
}

enum irc_done
irc_UPLOAD(struct conn *c, struct irc_run *r)
{
	struct str to = r->msg.param[0];
	struct saying s = {0};
	bool is_room;

	if (to.n == 0)
		irc_fail(c, "UPLOAD", "NEED_MORE_PARAMS", STR_LIT(""), "Missing parameters");
	else if (!files_on())
		irc_upload_refused(c, &(struct m_e_refused){.code = ERR_FILE_OFF});
	else if (!talk_target(c, to, &s, &is_room) || s.rank != 0)
		irc_upload_refused(c, &(struct m_e_refused){.code = ERR_NO_SUCH_USER, .arg = to});
	else
		request_upload_link(c, is_room, s.to);
	return IRC_DONE;
}
