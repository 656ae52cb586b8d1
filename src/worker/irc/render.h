/* render.h - events as IRC clients see them: pure functions, bytes out of facts.
 *
 * Clients whose capabilities make the same class get the same bytes. An event that a class does not
 * see at all (TAGMSG without message-tags) has no bytes.
 */
#ifndef WORKER_IRC_RENDER_H
#define WORKER_IRC_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/render.h"

enum irc_class {
	CLS_IRC_TIME = 1, /* server-time */
	CLS_IRC_TAGS = 2, /* message-tags: msgid, bot, client-only tags */
	CLS_IRC_ACCOUNT = 4, /* account-tag */
	CLS_IRC_MULTI = 8, /* draft/multiline */
	CLS_IRC_XJOIN = 16 /* extended-join */
	/* 32 is CLS_OTHER, which means nothing here */
};

/* The server's name as IRC shows it: no spaces. irc.c makes it anew at each reload. */
#define IRC_ME_MAX 63 /* as long as a host's name may be in a line */
extern char irc_me[IRC_ME_MAX + 1];

/* Bytes that irc_render may need at most, for any class. */
size_t irc_render_bound(const struct shown *s);
/* s->e in this class, whole lines. out has room for irc_render_bound(s). Returns the length. */
size_t irc_render(char *out, unsigned cls, const struct shown *s);

/* The letter of a mode; 0: none. */
char irc_mode_letter(unsigned op);
/* What a mute begins with among the bans (EXTBAN=,m). */
#define IRC_MUTE "m:"

/* A member's highest prefix, or all of them with multi-prefix: "@+"; "" for none. Good until the next call. */
const char *irc_prefixes(uint32_t member_flags, bool all);

#endif
