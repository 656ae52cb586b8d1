/* stats.c - STATS: l (one's own connection), m (commands used), o (operators), u (uptime). */
#include "config.h"

#include "lib/util.h"
#include "registry/registry.h"
#include "worker/irc/cmd.h"
#include "worker/irc/info.h"
#include "worker/irc/irc.h"
#include "worker/irc/reply.h"
#include "worker/query.h"
#include "worker/worker.h"

static void
stats_end(struct conn *c, char letter)
{
	irc_num(c, RPL_ENDOFSTATS, "%c :End of /STATS report", letter);
}

static void
uptime(struct conn *c)
{
	unsigned long long s = mono_ms() / 1000 - irc_started_s();

	irc_num(c, RPL_STATSUPTIME, ":Server Up %llu days %llu:%02llu:%02llu", s / 86400,
		s / 3600 % 24, s / 60 % 60, s % 60);
}

static void
commands(struct conn *c)
{
	for (unsigned i = 0; irc_cmds[i].name != NULL; i++) {
		if (irc_cmd_used(i) > 0)
			irc_num(c, RPL_STATSCOMMANDS, "%s %llu", irc_cmds[i].name,
				(unsigned long long)irc_cmd_used(i));
	}
}

/* linkname sendq, sent messages and bytes, received messages and bytes, seconds open; bytes are not counted */
static void
own_link(struct conn *c)
{
	struct reg_user_view v;
	uint64_t now = worker_wall_ms(), since = now;

	if (worker.reg != NULL && registry_user(worker.reg, c->user, &v) > 0)
		since = v.since;
	irc_num(c, RPL_STATSLINKINFO, "%s %u %u 0 %u 0 :%llu", c->name, conn_board(c)->queued,
		c->messages_out, c->messages_in,
		(unsigned long long)(now > since ? (now - since) / 1000 : 0));
}

/* --- operators who are here ------------------------------------------------------------------- */

struct opers {
	struct query query;
	uint32_t at; /* the next slot of the registry */
};

static enum query_step
opers_step(struct conn *c, struct query *query)
{
	struct opers *q = (struct opers *)query;
	uint32_t top = registry_user_slots(worker.reg), end = MIN(top, q->at + REG_PAGE);
	struct reg_user_view v;

	for (; q->at < end; q->at++) {
		int r = registry_user_slot(worker.reg, q->at, &v);

		if (r < 0)
			return QUERY_AGAIN;
		if (r > 0 && v.umodes & UMODE_OPER)
			irc_num(c, RPL_STATSOLINE, "O %s@%s * %s", v.ident, v.host, v.name);
	}
	if (q->at < top)
		return QUERY_MORE;
	stats_end(c, 'o');
	return QUERY_DONE;
}

static void
opers(struct conn *c)
{
	struct opers *q;

	if (!(c->irc->umodes & UMODE_OPER)) {
		irc_num(c, ERR_NOPRIVILEGES, ":Permission Denied- You're not an IRC operator");
		stats_end(c, 'o');
		return;
	}
	q = xcalloc(1, sizeof(*q));
	q->query.step = opers_step;
	query_ask(c, &q->query);
}

enum irc_done
irc_STATS(struct conn *c, struct irc_run *r)
{
	struct str what = r->msg.param[0];
	char letter = what.n == 1 && what.p[0] > ' ' && what.p[0] != ':' ? what.p[0] : '*';

	if (irc_elsewhere(c, r->msg.param[1]))
		return IRC_DONE;
	if (letter == 'o') {
		opers(c);
		return IRC_DONE;
	}
	if (letter == 'u')
		uptime(c);
	else if (letter == 'm')
		commands(c);
	else if (letter == 'l')
		own_link(c);
	stats_end(c, letter);
	return IRC_DONE;
}
