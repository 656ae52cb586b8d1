/* reserve.c - registered names that somebody else goes by (account.h).
 *
 * Whoever has not logged in to the account of its name is told so, and after accounts.grace seconds given another
 * one. Until when is in the user's slot, so that the next broker does the same; it is one time for each session, which
 * another name neither begins anew nor stops.
 */
#include "config.h"

#include <string.h>

#include "broker/account.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"

#define W (&br.reg)
#define RETRY_MS 100

static struct loop_timer timer;

/* Is this the name of an account that id is not? */
static bool
another_ones(const char *fold, size_t n, uint64_t id)
{
	const struct reg_account *a = account_folded(fold, n);

	return a != NULL && a->id != id;
}

enum chat_err
reserve_check(const char *fold, size_t n, uint64_t id, uint64_t until, struct reserve *r)
{
	*r = (struct reserve){.until = until};
	if (!another_ones(fold, n, id))
		return ERR_NONE;
	if (until == 0)
		r->until = br.now + (uint64_t)proc.opt.accounts_grace * 1000;
	if (r->until <= br.now)
		return ERR_NICK_RESERVED;
	r->seconds = (uint16_t)((r->until - br.now + 999) / 1000);
	return ERR_NONE;
}

/* --- their end ---------------------------------------------------------------------------------------- */

static bool
is_another(const struct reg_user *u)
{
	return u->id != 0 && u->reserved_until != 0 &&
	       another_ones(u->fold, strlen(u->fold), user_account_id(u));
}

/* Whose time is over is renamed. Wall ms when there will be another, UINT64_MAX: never. */
static uint64_t
rename_due(void)
{
	uint64_t next = UINT64_MAX;

	for (uint32_t i = 0; i < W->h->user_top; i++) {
		struct reg_user *u = &W->users[i];

		if (!is_another(u))
			continue;
		if (u->reserved_until > br.now)
			next = MIN(next, u->reserved_until);
		else if (br.recovered && subs_room())
			user_rename_guest(u);
		else
			next = br.now + RETRY_MS;
	}
	return next;
}

static void
look(void *arg)
{
	uint64_t next;

	(void)arg;
	entry_clock();
	next = rename_due();
	if (next != UINT64_MAX)
		reserve_watch(next);
}

void
reserve_watch(uint64_t until)
{
	uint64_t ms = until > br.now ? until - br.now : 0;

	if (until != 0 && (timer.place == 0 || timer.due > loop_now(proc.loop) + ms))
		loop_timer_start(proc.loop, &timer, ms, look, NULL);
}

bool
reserve_take(struct reg_user *holder, uint64_t id)
{
	const struct reg_account *a = account_folded(holder->fold, strlen(holder->fold));

	if (a == NULL || a->id != id || user_account_id(holder) == id)
		return false;
	user_rename_guest(holder);
	return true;
}

void
reserve_begin(struct reg_user *u)
{
	struct m_e_ok m = {0};
	struct reserve r;

	if (u == NULL)
		return;
	if (reserve_check(u->fold, strlen(u->fold), user_account_id(u), u->reserved_until, &r) !=
	    ERR_NONE)
		r.until = br.now;
	if (r.until == u->reserved_until)
		return;
	entry_begin(&req_nobody);
	txn_open(&br.t, W, u);
	TXN_SET(&br.t, W, u->reserved_until, r.until);
	txn_close(&br.t, W, u);
	EVENT_HEAD(&req_nobody, m);
	ENTRY_COMMIT(ok, &m);
	reserve_watch(r.until);
}

void
reserves_rebuild(void)
{
	reserve_watch(br.now + 1);
}

void
reserves_fini(void)
{
	loop_timer_stop(proc.loop, &timer);
}
