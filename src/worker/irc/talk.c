/* talk.c - PRIVMSG, NOTICE, TAGMSG (RFC 2812 section 3.3, "Modern IRC Client Protocol", IRCv3 message-tags). */
#include "config.h"

#include "worker/irc/talk.h"

#include <string.h>

#include "ipc/proc.h"
#include "lib/name.h"
#include "lib/text.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/input.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/irc/services.h"
#include "worker/room.h"
#include "worker/worker.h"

static uint8_t
rank_of(char sign)
{
	switch (sign) {
	case '@':
		return MEMBER_OP;
	case '%':
		return MEMBER_HALFOP;
	case '+':
		return MEMBER_VOICE;
	default:
		return 0;
	}
}

bool
talk_target(const struct conn *c, struct str t, struct saying *s, bool *is_room_r)
{
	const struct room *room;
	uint8_t rank;

	s->rank = 0;
	s->room = 0;
	/* of "@+#room" the last, which is the lowest, counts */
	for (; t.n > 1 && (rank = rank_of(t.p[0])) != 0; t.p++, t.n--)
		s->rank = rank;
	*is_room_r = t.n > 0 && t.p[0] == '#';
	/* what control says comes from the server's name: an answer goes there */
	s->to = irc_is(t, irc_me) ? STR_LIT("Server") : t;
	if (!*is_room_r)
		return s->rank == 0 && t.n > 0 && t.n <= NAME_BYTES_MAX;
	if (!irc_room(t, &s->to) || s->to.n > ROOM_BYTES_MAX)
		return false;
	room = room_named(c, s->to);
	if (room != NULL)
		s->room = room->id;
	return true;
}

void
talk_send(struct conn *c, const struct saying *s, bool is_room)
{
	if (is_room)
		request_say(c, s);
	else
		request_dm(c, s);
}

struct str
talk_tags(const struct conn *c, const struct irc_run *r)
{
	static char tags[IRC_CLIENT_TAGS_MAX];

	if (r->msg.tags.n == 0 || !(c->irc->caps & CAP_TAGS))
		return STR_LIT("");
	return (struct str){tags, irc_tags_relayed(r->msg.tags, tags)};
}

struct str
talk_clean(struct str text)
{
	static char clean[IRC_LINE_MAX];

	if (text.n > sizeof(clean) ||
	    (text_is_clean(text.p, text.n, TEXT_KEEP_IRC) && !text_turns(text.p, text.n)))
		return text;
	memcpy(clean, text.p, text.n);
	text.n = text_clean(clean, text.n, TEXT_KEEP_IRC);
	return (struct str){clean, text_balance(clean, text.n, sizeof(clean))};
}

/* CTCP travels without its \001, so that nobody's text can have one. */
static struct str
text_of(struct conn *c, struct str text, uint8_t *kind)
{
	struct str word, params;
	bool ends;

	if (!irc_ctcp(text, &word, &params))
		return talk_clean(text);
	if (*kind == MSG_TEXT && irc_is(word, "ACTION") && params.n > 0) {
		*kind = MSG_ACTION;
		return talk_clean(params);
	}
	*kind = *kind == MSG_TEXT ? MSG_CTCP : MSG_CTCP_REPLY;
	if (*kind == MSG_CTCP_REPLY && irc_is(word, "VERSION") && params.n > 0)
		irc_client_is(c, params);
	ends = text.p[text.n - 1] == '\001';
	return talk_clean((struct str){text.p + 1, text.n - 1 - ends});
}

/* The message is not to be sent at all. A NOTICE is never answered, or two programs could go on for ever. */
static enum irc_done
refuse(struct conn *c, bool quiet, unsigned num, const char *why)
{
	if (quiet)
		return IRC_DONE;
	if (c->pending > 0)
		return IRC_WAIT;
	if (num == ERR_TOOMANYTARGETS)
		irc_num(c, num, "* :%s", why);
	else
		irc_num(c, num, ":%s", why);
	return IRC_DONE;
}

/* One target of several is none. */
static enum irc_done
refuse_target(struct conn *c, struct irc_run *r, bool quiet, struct str target, bool is_room)
{
	if (!quiet && c->pending > 0)
		return IRC_WAIT;
	if (!quiet && is_room)
		irc_num(c, ERR_NOSUCHCHANNEL, STR_FMT " :No such channel",
			STR_ARG(irc_middle(target)));
	else if (!quiet)
		irc_num(c, ERR_NOSUCHNICK, STR_FMT " :No such nick/channel",
			STR_ARG(irc_middle(target)));
	r->at++;
	return IRC_MORE;
}

static unsigned
items(struct str list)
{
	unsigned n = 0;

	for (size_t i = 0; i < list.n; i++)
		n += list.p[i] != ',' && (i == 0 || list.p[i - 1] == ',');
	return n;
}

/* A line is a line to all: what they are shown, ":nick!user@host PRIVMSG target :text", has to fit one too. Who wrote it
 * is told when it does not, and can do better than to have it cut. */
static bool
fits_a_line(const struct conn *c, const struct irc_run *r, const struct saying *s)
{
	const bool notice = s->kind == MSG_NOTICE || s->kind == MSG_CTCP_REPLY;
	size_t n = strlen(notice ? ": NOTICE  :" : ": PRIVMSG  :") + s->text.n, longest = 0;
	struct reg_user_view u;
	struct str target;

	if (s->kind == MSG_ACTION || s->kind == MSG_CTCP || s->kind == MSG_CTCP_REPLY)
		n += strlen("\001ACTION \001");
	if (n + r->msg.param[0].n + NAME_BYTES_MAX + UHOST_MAX + 2 <= IRC_BODY_MAX)
		return true;
	if (registry_user(worker.reg, c->user, &u) <= 0)
		return true; /* then it is cut after all */
	for (unsigned i = 0; irc_item(r->msg.param[0], i, &target); i++)
		longest = MAX(longest, target.n);
	n += longest + strlen(u.name) + 1 + strlen(u.ident) + 1 + strlen(u.host);
	return n <= IRC_BODY_MAX;
}

/* To the next target; all before it have been asked for. */
static enum irc_done
to_next(struct conn *c, struct irc_run *r, struct saying *s)
{
	struct str target;
	bool is_room;

	if (!irc_item(r->msg.param[0], r->at, &target))
		return IRC_DONE;
	if (!talk_target(c, target, s, &is_room))
		return refuse_target(c, r, s->quiet, target, is_room);
	if (r->at++ > 0)
		conn_charge(c, 1);
	talk_send(c, s, is_room);
	/* most messages have one target: that is all, then */
	return target.n == r->msg.param[0].n ? IRC_DONE : IRC_MORE;
}

static enum irc_done
talk(struct conn *c, struct irc_run *r, unsigned kind)
{
	struct saying s = {.kind = (uint8_t)kind, .quiet = kind == MSG_NOTICE};
	enum service service;
	struct str first, id;

	if (r->msg.tags.n > 0 && kind != MSG_TAGS) {
		if (c->pending > 0 && batch_unknown(c, r))
			return IRC_WAIT;
		if (batch_line(c, r, kind == MSG_NOTICE))
			return IRC_DONE;
	}
	service = kind != MSG_TAGS ? service_named(r->msg.param[0]) : SERVICE_NONE;
	if (service != SERVICE_NONE)
		return service_run(c, r, service, 1);
	if (!irc_item(r->msg.param[0], 0, &first))
		return refuse(c, s.quiet, ERR_NORECIPIENT, "No recipient given");
	if (items(r->msg.param[0]) > proc.opt.irc_max_targets)
		return refuse(c, s.quiet, ERR_TOOMANYTARGETS, "Too many targets");
	s.text = STR_LIT("");
	if (kind != MSG_TAGS) {
		s.text = text_of(c, r->msg.param[1], &s.kind);
		if (s.text.n == 0)
			return refuse(c, s.quiet, ERR_NOTEXTTOSEND, "No text to send");
		if (r->at == 0 && !fits_a_line(c, r, &s))
			return refuse(c, false, ERR_INPUTTOOLONG, "Input line was too long");
	}
	if (s.kind == MSG_TEXT && edit_is(c, r->msg.tags, &id)) {
		if (c->pending > 0)
			return IRC_WAIT;
		edit_send(c, r->msg.param[0], id, s.text);
		return IRC_DONE;
	}
	s.tags = talk_tags(c, r);
	return to_next(c, r, &s);
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
	if (!(c->irc->caps & CAP_TAGS)) { /* which is what makes this a command */
		if (c->pending > 0)
			return IRC_WAIT;
		irc_num(c, ERR_UNKNOWNCOMMAND, "TAGMSG :Unknown command");
		return IRC_DONE;
	}
	return talk(c, r, MSG_TAGS);
}
