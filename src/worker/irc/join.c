/* join.c - JOIN and PART. */
#include "config.h"

#include <string.h>

#include "worker/irc/cmd.h"
#include "worker/irc/room.h"
#include "worker/request.h"
#include "worker/room.h"

/* The k-th key; unlike rooms they may be empty: "JOIN #open,#locked ,key". */
static struct str
key_of(struct str keys, unsigned k)
{
	for (;; k--) {
		const char *comma = keys.n > 0 ? memchr(keys.p, ',', keys.n) : NULL;
		size_t n = comma != NULL ? (size_t)(comma - keys.p) : keys.n;

		if (k == 0)
			return (struct str){keys.p, n};
		if (comma == NULL)
			return STR_LIT("");
		keys = (struct str){comma + 1, keys.n - n - 1};
	}
}

/* "JOIN 0": out of all rooms, one after the other. */
static enum irc_done
part_all(struct conn *c, struct irc_run *r)
{
	if (c->nrooms == 0 || r->at++ > ROOMS_PER_USER)
		return IRC_DONE;
	request_part(c, room_name(c->rooms[0].room), STR_LIT(""));
	return IRC_MORE;
}

enum irc_done
irc_JOIN(struct conn *c, struct irc_run *r)
{
	struct str item, key;

	if (str_eq(r->msg.param[0], STR_LIT("0")))
		return part_all(c, r);
	if (!irc_next(c, r, r->msg.param[0], IRC_JOIN_MAX, &item))
		return IRC_DONE;
	key = key_of(r->msg.param[1], r->at - 1);
	/* no key is that long: this one opens nothing */
	if (key.n > ROOM_KEY_MAX)
		key = STR_LIT(",");
	if (irc_room_param(c, r, item))
		request_join(c, ASKED_DO, r->room, key);
	return IRC_MORE;
}

enum irc_done
irc_PART(struct conn *c, struct irc_run *r)
{
	struct str item;

	if (!irc_next(c, r, r->msg.param[0], IRC_JOIN_MAX, &item))
		return IRC_DONE;
	if (irc_room_param(c, r, item))
		request_part(c, r->room, irc_text(r->msg.param[1], REASON_MAX));
	return IRC_MORE;
}
