/* store.c - commands whose answers a store has: CHATHISTORY, MARKREAD.
 *
 * Their forms are checked; then they say that there is none. The errors are those of
 * draft/chathistory and draft/read-marker.
 */
#include "config.h"

#include "worker/irc/store.h"

#include "lib/util.h"
#include "proto/irc.h"
#include "worker/irc/cmd.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"

/* There is no store yet. */
bool
store_here(void)
{
	return false;
}

/* --- history --------------------------------------------------------------------------------------- */

/* "msgid=…", "timestamp=…", or "*" where that means something. */
static bool
selector_ok(struct str s, bool star)
{
	static const char msgid[] = "msgid=", stamp[] = "timestamp=";
	uint64_t ms;

	if (s.n == 1 && s.p[0] == '*')
		return star;
	if (s.n > sizeof(msgid) - 1 && memcmp(s.p, msgid, sizeof(msgid) - 1) == 0)
		return true;
	return s.n > sizeof(stamp) - 1 && memcmp(s.p, stamp, sizeof(stamp) - 1) == 0 &&
	       irc_time_get((struct str){s.p + sizeof(stamp) - 1, s.n - sizeof(stamp) + 1}, &ms);
}

static bool
limit_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return s.n > 0 && s.n < 10;
}

static const struct history {
	const char *sub;
	uint8_t target, selectors; /* has a target; how many selectors follow */
	bool star; /* a selector may be '*' */
} histories[] = {
    {"LATEST", 1, 1, true},  {"BEFORE", 1, 1, false},  {"AFTER", 1, 1, false},
    {"AROUND", 1, 1, false}, {"BETWEEN", 1, 2, false}, {"TARGETS", 0, 2, false},
};

static const struct history *
history_of(struct str sub)
{
	for (size_t i = 0; i < ARRAY_LEN(histories); i++) {
		if (irc_is(sub, histories[i].sub))
			return &histories[i];
	}
	return NULL;
}

static bool
history_form(const struct history *h, const struct irc_msg *m)
{
	unsigned at = 1 + h->target;

	for (unsigned i = 0; i < h->selectors; i++) {
		if (!selector_ok(m->param[at++], h->star))
			return false;
	}
	return limit_ok(m->param[at]);
}

/* CHATHISTORY subcommand [target] selector… limit */
enum irc_done
irc_CHATHISTORY(struct conn *c, struct irc_run *r)
{
	struct str sub = irc_middle(r->msg.param[0]);
	const struct history *h = history_of(sub);
	char context[200];

	bprintf(context, sizeof(context), STR_FMT " " STR_FMT, STR_ARG(sub),
		STR_ARG(irc_middle(r->msg.param[1])));
	if (r->msg.n > 0 && h == NULL)
		irc_fail(c, "CHATHISTORY", "INVALID_PARAMS", sub, "Unknown subcommand");
	else if (h == NULL || r->msg.n < 2u + h->target + h->selectors)
		irc_fail(c, "CHATHISTORY", "NEED_MORE_PARAMS", sub, "Missing parameters");
	else if (!history_form(h, &r->msg))
		irc_fail(c, "CHATHISTORY", "INVALID_PARAMS", sub, "Invalid parameters");
	else
		irc_fail(c, "CHATHISTORY", "MESSAGE_ERROR", str_of(context),
			 "Messages could not be retrieved: no history is kept");
	return IRC_DONE;
}

/* MARKREAD target [timestamp=…] */
enum irc_done
irc_MARKREAD(struct conn *c, struct irc_run *r)
{
	struct str target = irc_middle(r->msg.param[0]), stamp = r->msg.param[1];

	if (r->msg.param[0].n == 0)
		irc_fail(c, "MARKREAD", "NEED_MORE_PARAMS", STR_LIT(""), "Missing parameters");
	else if (r->msg.n > 1 && (stamp.n == 0 || stamp.p[0] != 't' || !selector_ok(stamp, false)))
		irc_fail(c, "MARKREAD", "INVALID_PARAMS", irc_middle(stamp), "Invalid timestamp");
	else
		irc_fail(c, "MARKREAD", "INTERNAL_ERROR", target,
			 "The read timestamp could not be set: none are kept");
	return IRC_DONE;
}
