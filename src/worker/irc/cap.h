/* cap.h - IRCv3 capabilities: one table for CAP LS, CAP REQ and the classes of rendering. */
#ifndef WORKER_IRC_CAP_H
#define WORKER_IRC_CAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

/*      bit              name                        class of rendering (irc/render.h) */
#define IRC_CAPS(X) \
	X(ACCOUNT_NOTIFY, "account-notify", 0) \
	X(ACCOUNT_TAG, "account-tag", CLS_IRC_ACCOUNT) \
	X(AWAY_NOTIFY, "away-notify", 0) \
	X(BATCH, "batch", 0) \
	X(CAP_NOTIFY, "cap-notify", 0) \
	X(CHGHOST, "chghost", 0) \
	X(ECHO, "echo-message", 0) \
	X(EXTENDED_JOIN, "extended-join", CLS_IRC_XJOIN) \
	X(EXTENDED_MONITOR, "extended-monitor", 0) \
	X(INVITE_NOTIFY, "invite-notify", 0) \
	X(LABEL, "labeled-response", 0) \
	X(TAGS, "message-tags", CLS_IRC_TAGS) \
	X(MULTI_PREFIX, "multi-prefix", 0) \
	X(SASL, "sasl", 0) \
	X(SERVER_TIME, "server-time", CLS_IRC_TIME) \
	X(SETNAME, "setname", 0) \
	X(STANDARD_REPLIES, "standard-replies", 0) \
	X(UHNAMES, "userhost-in-names", 0) \
	X(CHATHISTORY, "draft/chathistory", 0) \
	X(EVENT_PLAYBACK, "draft/event-playback", 0) \
	X(READ_MARKER, "draft/read-marker", 0) \
	X(MULTILINE, "draft/multiline", CLS_IRC_MULTI) \
	X(REDACTION, "draft/message-redaction", 0) \
	X(NO_NAMES, "draft/no-implicit-names", 0) \
	X(PRE_AWAY, "draft/pre-away", 0) \
	X(REGISTRATION, "draft/account-registration", 0) \
	X(RENAME, "draft/channel-rename", 0) \
	X(ISUPPORT, "draft/extended-isupport", 0) \
	X(METADATA_2, "draft/metadata-2", 0) \
	X(METADATA, "draft/metadata-3", 0) \
	X(STS, "sts", 0)

enum irc_cap_nth {
#define X(bit, name, cls) CAP_NTH_##bit,
	IRC_CAPS(X)
#undef X
	    CAP_NTH_COUNT
};
enum irc_cap {
#define X(bit, name, cls) CAP_##bit = (int)(1u << CAP_NTH_##bit),
	IRC_CAPS(X)
#undef X
};
_Static_assert(CAP_NTH_COUNT <= 31, "capabilities are bits of a word");

#define IRC_MULTI_BYTES \
	(TEXT_MAX - TEXT_LINES_MAX) /* max-bytes: the marks between lines fit, too */
struct conn;

/* The class of rendering that these capabilities make. */
uint8_t cap_class(uint32_t caps);
/* The bit of a name; 0: there is no such capability, or it is not offered now. */
uint32_t cap_bit(struct str name);
/* Those that may be asked for now: some need a store, or a setting. */
uint32_t cap_offered(void);
/* Those that are listed for c: sts, too, which is only there to be read. */
uint32_t cap_listed(const struct conn *c, bool with_value);
/* What is offered may be something else now, or sts: those who know cap-notify are told what. */
void cap_changed(void);
/* "name" or "name=value" (for clients of version 302), into out; the length. */
size_t cap_put(unsigned nth, const struct conn *c, bool with_value, char *out, size_t cap);

#endif
