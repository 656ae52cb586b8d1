/* pace.c - see pace.h: for each of them when the rate would be met exactly (GCRA), as the master does for addresses. */
#include "config.h"

#include "broker/pace.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/board.h"
#include "ipc/proc.h"
#include "lib/net.h"
#include "lib/util.h"

#define MINUTE 60000u
#define TARGETS 8 /* so many conversations at a time are one each */

struct entry {
	uint64_t user; /* whose this is: of the slot's last one it says nothing */
	uint64_t next[PACES]; /* wall ms */
	uint64_t target[TARGETS];
	unsigned ntargets;
};
static struct entry *entries; /* owned; by the user's slot */

static const struct {
	size_t option; /* offset in struct options */
	enum chat_err err;
	enum counter counter;
} paces[PACES] = {
    [PACE_JOIN] = {offsetof(struct options, limits_joins), ERR_PACE_JOIN, CTR_limited_joins},
    [PACE_NICK] = {offsetof(struct options, limits_nicks), ERR_PACE_NICK, CTR_limited_nicks},
    [PACE_INVITE] = {offsetof(struct options, limits_invites), ERR_PACE_INVITE,
		     CTR_limited_invites},
    [PACE_TARGET] = {offsetof(struct options, limits_targets), ERR_PACE_TARGET,
		     CTR_limited_targets},
};

static struct entry *
entry_of(const struct reg_user *u)
{
	struct entry *e;

	if (entries == NULL)
		entries = xcalloc(br.reg.h->max_users, sizeof(*entries));
	e = &entries[u - br.reg.users];
	if (e->user != u->id)
		*e = (struct entry){.user = u->id};
	return e;
}

static bool
is_exempt(const struct reg_user *u)
{
	struct net net;

	if (u->level >= LEVEL_OPERATE)
		return true;
	return proc.opt.limits_exempt[0] != '\0' && net_parse(u->address, &net) &&
	       net_listed(proc.opt.limits_exempt, &net);
}

enum chat_err
pace_check(const struct reg_user *u, enum pace what)
{
	uint64_t rate, step, *next;

	memcpy(&rate, (const char *)&proc.opt + paces[what].option, sizeof(rate));
	if (rate == 0 || is_exempt(u))
		return ERR_NONE;
	step = MINUTE / MIN(rate, MINUTE);
	next = &entry_of(u)->next[what];
	/* a clock that has been set back is not waited for */
	if (*next < br.now || *next > br.now + MINUTE)
		*next = br.now;
	if (*next + step > br.now + MINUTE) {
		count(paces[what].counter);
		return paces[what].err;
	}
	*next += step;
	return ERR_NONE;
}

enum chat_err
pace_check_target(const struct reg_user *u, uint64_t to)
{
	struct entry *e;
	enum chat_err err;

	if (proc.opt.limits_targets == 0)
		return ERR_NONE;
	e = entry_of(u);
	for (unsigned i = 0; i < TARGETS; i++) {
		if (e->target[i] == to)
			return ERR_NONE;
	}
	err = pace_check(u, PACE_TARGET);
	if (err == ERR_NONE)
		e->target[e->ntargets++ % TARGETS] = to;
	return err;
}

void
paces_fini(void)
{
	free(entries);
	entries = NULL;
}
