/* redact.c - REDACT: a message is taken back (IRCv3 draft/message-redaction). */
#include "config.h"

#include "lib/text.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/irc/talk.h"
#include "worker/request.h"

static void
fail_target(struct conn *c, const struct irc_run *r)
{
	irc_fail(c, "REDACT", "INVALID_TARGET", r->msg.param[0],
		 "You cannot delete messages from there");
}

static void
fail_message(struct conn *c, const struct irc_run *r, const char *code, const char *why)
{
	char context[IRC_LINE_MAX];

	irc_fail(c, "REDACT", code,
		 (struct str){context, bprintf(context, sizeof(context), STR_FMT " " STR_FMT,
					       STR_ARG(r->msg.param[0]),
					       STR_ARG(irc_middle(r->msg.param[1])))},
		 "%s", why);
}

static void
redact_refused(struct conn *c, const struct irc_run *r, unsigned err, struct str arg)
{
	char why[512];

	if (chat_err_passes(err)) {
		fail_message(c, r, "TEMPORARILY_UNAVAILABLE",
			     chat_err_text(err, arg.p, arg.n, why, sizeof(why)));
		return;
	}
	switch (err) {
	case ERR_NO_SUCH_USER:
	case ERR_NO_SUCH_ROOM:
	case ERR_NOT_IN_ROOM:
		fail_target(c, r);
		break;
	case ERR_NO_SUCH_MESSAGE:
		fail_message(c, r, "UNKNOWN_MSGID", "This message does not exist or is too old");
		break;
	default:
		fail_message(c, r, "REDACT_FORBIDDEN",
			     "You are not authorised to delete this message");
		break;
	}
}

/* Done, or refused, later or at once; what has been taken back is an event. */
static void
redacted(struct conn *c, struct late *l)
{
	struct str arg;
	unsigned code;

	if (late_failed(l, &code, &arg))
		redact_refused(c, c->irc->run, code, arg);
}

enum irc_done
irc_REDACT(struct conn *c, struct irc_run *r)
{
	struct str to = r->msg.param[0], id = r->msg.param[1], reason;
	struct saying s = {0};
	uint64_t seq;
	bool is_room;

	if (!(c->irc->caps & CAP_REDACTION)) {
		irc_num(c, ERR_UNKNOWNCOMMAND, "REDACT :Unknown command");
	} else if (!talk_target(c, to, &s, &is_room) || s.rank != 0) {
		fail_target(c, r);
	} else {
		/* 0 is no message's: the broker says so when it has looked at the target */
		if (!irc_msgid_get(id, &seq))
			seq = 0;
		reason = talk_clean(r->msg.param[2]);
		reason.n = text_cut(reason.p, reason.n, REASON_MAX);
		request_redact(c, seq, is_room ? s.to : STR_LIT(""), is_room ? STR_LIT("") : s.to,
			       reason, redacted);
	}
	return IRC_DONE;
}
