/* put.c - see put.h. */
#include "config.h"

#include "worker/irc/put.h"

#include "ipc/ipc.h"
#include "proto/irc.h"
#include "worker/irc/render.h"

static char *
put_tag(char *o, bool *any, const char *key)
{
	*o++ = *any ? ';' : '@';
	*any = true;
	return put_text(o, key);
}

char *
put_tags(char *o, unsigned cls, const struct head *h, bool first)
{
	bool any = false;

	if (cls & CLS_IRC_TIME) {
		o = put_tag(o, &any, "time=");
		irc_time_put(o, h->at);
		o += IRC_TIME_LEN;
	}
	if (cls & CLS_IRC_ACCOUNT && h->account.n > 0) {
		o = put_tag(o, &any, "account=");
		o = put_str(o, h->account);
	}
	if (cls & CLS_IRC_TAGS && first && h->msgid != 0) {
		o = put_tag(o, &any, "msgid=");
		irc_msgid_put(o, h->msgid);
		o += IRC_MSGID_LEN;
	}
	if (cls & CLS_IRC_TAGS && h->umodes & UMODE_BOT)
		o = put_tag(o, &any, "bot");
	if (cls & CLS_IRC_TAGS && h->tags.n > 0 && (first || h->tags.n <= TAGS_AGAIN)) {
		o = put_tag(o, &any, "");
		o = put_str(o, h->tags);
	}
	if (any)
		*o++ = ' ';
	return o;
}

char *
put_source(char *o, const struct head *h)
{
	*o++ = ':';
	if (h->uhost.n == 0) {
		o = put_text(o, irc_me);
	} else {
		o = put_str(o, h->name);
		*o++ = '!';
		o = put_str(o, h->uhost);
	}
	*o++ = ' ';
	return o;
}

char *
put_head(char *o, unsigned cls, const struct head *h)
{
	return put_source(put_tags(o, cls, h, true), h);
}

char *
put_room(char *o, struct str room)
{
	*o++ = '#';
	return put_str(o, room);
}

char *
put_reason(char *o, struct str reason)
{
	if (reason.n == 0)
		return o;
	return put_str(put_bytes(o, " :", 2), reason);
}
