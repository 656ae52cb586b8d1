/* about.c - what people say of themselves: AWAY, SETNAME. */
#include "config.h"

#include <stdlib.h>

#include "ipc/ipc.h"
#include "lib/text.h"
#include "lib/util.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/request.h"

/* draft/pre-away: answered now, done when there is somebody to be away. */
static void
away_early(struct conn *c, struct str text)
{
	free(c->irc->away);
	c->irc->away = text.n > 0 ? xstrndup(text.p, text.n) : NULL;
	if (text.n > 0)
		irc_num(c, RPL_NOWAWAY, ":You have been marked as being away");
	else
		irc_num(c, RPL_UNAWAY, ":You are no longer marked as being away");
}

/* "*" says that nobody is there, and no more (draft/pre-away): a text like others. */
enum irc_done
irc_AWAY(struct conn *c, struct irc_run *r)
{
	struct str text = irc_clean(r->msg.param[0], REASON_MAX);

	if (c->state == CONN_READY)
		request_away(c, text);
	else if (c->irc->caps & CAP_PRE_AWAY)
		away_early(c, text);
	else
		irc_num(c, ERR_NOTREGISTERED, ":You have not registered");
	return IRC_DONE;
}

enum irc_done
irc_SETNAME(struct conn *c, struct irc_run *r)
{
	struct str real = r->msg.param[0];

	if (real.n == 0 || real.n > REALNAME_MAX || !text_is_clean(real.p, real.n, TEXT_KEEP_IRC))
		irc_fail(c, "SETNAME", "INVALID_REALNAME", STR_LIT(""), "Realname is not valid");
	else
		request_setname(c, real);
	return IRC_DONE;
}
