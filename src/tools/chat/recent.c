/* recent.c - how the latest messages began, so that what somebody thinks of one of them can be shown with it. */
#include "config.h"

#include "session_priv.h"

#include <string.h>

#include "lib/util.h"

void
recent_add(struct session *s, uint64_t seq, struct str from, struct str text)
{
	struct recent *rc = &s->recent[s->nrecent % SESSION_RECENT_MAX];
	const char *nl = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;

	if (seq == 0)
		return;
	if (nl != NULL)
		text.n = (size_t)(nl - text.p);
	s->nrecent = (s->nrecent + 1) % SESSION_RECENT_MAX;
	rc->seq = seq;
	wire_clean(from, false, rc->from, sizeof(rc->from));
	wire_clean(text, false, rc->text, sizeof(rc->text));
}

void
recent_reaction(struct session *s, const struct wire *w)
{
	struct str target = w->m.param[0], what = w->react.n > 0 ? w->react : w->unreact;
	bool room = target.n > 0 && target.p[0] == '#', me = session_is_me(s, w->nick);
	struct room *r = room ? room_of(s, target) : session_room(s, me ? target : w->nick, true);
	const struct recent *rc = s->recent;
	char raw[128], thought[64], to[NICK_MAX + RECENT_TEXT + 16] = "";

	if (what.n == 0 || is_ignored(s, w->nick))
		return;
	what.n = irc_tag_unescape((struct str){what.p, MIN(what.n, sizeof(raw))}, raw, sizeof(raw));
	wire_clean((struct str){raw, text_cut(raw, what.n, 40)}, false, thought, sizeof(thought));
	while (rc < s->recent + SESSION_RECENT_MAX && (w->about == 0 || rc->seq != w->about))
		rc++;
	if (rc < s->recent + SESSION_RECENT_MAX)
		bprintf(to, sizeof(to), " to %s: %s", rc->from, rc->text);
	note_in(s, r, STR_FMT " %s %s%s", STR_ARG(w->nick),
		w->react.n > 0 ? "reacts with" : "takes back", thought, to);
}
