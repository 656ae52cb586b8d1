/* umode.c - see umode.h. */
#include "config.h"

#include "worker/irc/umode.h"

#include "ipc/ipc.h"
#include "lib/name.h"
#include "registry/registry.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/request.h"
#include "worker/worker.h"

/* OPER alone gives +o. */
#define SETTABLE (~(uint32_t)UMODE_OPER)

static bool
is_me(const struct conn *c, struct str name)
{
	return name_same(name, str_of(c->name));
}

static void
not_me(struct conn *c, struct str name)
{
	struct reg_user_view v;

	if (worker.reg != NULL && registry_user_named(worker.reg, name.p, name.n, &v) == 0)
		irc_num(c, ERR_NOSUCHNICK, STR_FMT " :No such nick/channel",
			STR_ARG(irc_middle(name)));
	else
		irc_num(c, ERR_USERSDONTMATCH, ":Can't view or change the modes of other users");
}

/* "+i-w" as bits. False: there is a letter that means nothing. */
static bool
parse(struct str modes, uint32_t *set_r, uint32_t *clear_r)
{
	bool minus = false, known = true;
	uint32_t bit;

	for (size_t i = 0; i < modes.n; i++) {
		if (modes.p[i] == '+' || modes.p[i] == '-') {
			minus = modes.p[i] == '-';
			continue;
		}
		bit = irc_umode_bit(modes.p[i]);
		known = known && bit != 0;
		*(minus ? set_r : clear_r) &= ~bit;
		*(minus ? clear_r : set_r) |= bit;
	}
	return known;
}

enum irc_done
irc_umode(struct conn *c, struct irc_run *r)
{
	uint32_t set = 0, clear = 0, now = c->irc->umodes;
	char letters[8];

	if (!is_me(c, r->msg.param[0])) {
		not_me(c, r->msg.param[0]);
		return IRC_DONE;
	}
	if (r->msg.param[1].n == 0) {
		irc_umode_letters(now, letters);
		irc_num(c, RPL_UMODEIS, "+%s", letters);
		return IRC_DONE;
	}
	if (!parse(r->msg.param[1], &set, &clear))
		irc_num(c, ERR_UMODEUNKNOWNFLAG, ":Unknown MODE flag");
	set &= SETTABLE & ~now;
	clear &= now;
	if (set != 0 || clear != 0)
		request_umode(c, set, clear);
	return IRC_DONE;
}
