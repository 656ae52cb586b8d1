/* marks.c - what has been shown here has been read: the server is told (MARKREAD), for one's other clients. */
#include "config.h"

#include "session_priv.h"

static bool
unmarked(const struct session *s, const struct room *r)
{
	return r->last_at > r->marked_at && (r->direct || r->joined) && (!s->paned || r == s->cur);
}

bool
session_unmarked(const struct session *s)
{
	if (s->script || s->account[0] == '\0' || s->state != SESSION_READY ||
	    !has(s, CAP_READ_MARKER))
		return false;
	for (const struct room *r = s->rooms; r != NULL; r = r->next) {
		if (unmarked(s, r))
			return true;
	}
	return false;
}

void
session_mark(struct session *s)
{
	char at[IRC_TIME_LEN];

	if (!session_unmarked(s))
		return;
	for (struct room *r = s->rooms; r != NULL; r = r->next) {
		if (!unmarked(s, r))
			continue;
		irc_time_put(at, r->last_at);
		put(s, "MARKREAD %s%s timestamp=%.*s", r->direct ? "" : "#", r->name, IRC_TIME_LEN,
		    at);
		r->marked_at = r->last_at;
	}
}
