/* account.c - see account.h. */
#include "config.h"

#include "worker/account.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/proc.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/worker.h"

bool
accounts_here(void)
{
	return worker.reg != NULL && proc.opt.store_enabled && registry_restored(worker.reg) &&
	       registry_store_state(worker.reg) != STORE_UNUSABLE;
}

bool
account_secret_ok(const struct conn *c)
{
	return c->flags & CONN_PRIVATE || proc.opt.accounts_plaintext;
}

static void
account_free(struct conn *c)
{
	if (c->account != NULL)
		explicit_bzero(c->account, sizeof(*c->account));
	free(c->account);
	c->account = NULL;
}

void
account_is(struct conn *c, struct str name)
{
	account_free(c);
	if (name.n == 0)
		return;
	c->account = xcalloc(1, sizeof(*c->account));
	bprintf(c->account->name, sizeof(c->account->name), STR_FMT, STR_ARG(name));
}

void
account_authed(struct conn *c, const struct m_e_authed *e)
{
	account_is(c, e->account);
	if (c->account == NULL)
		return;
	c->account->id = e->account_id;
	c->account->ntoken = e->token.n;
	memcpy(c->account->token, e->token.p, e->token.n);
}

const char *
account_of(const struct conn *c)
{
	return c->account != NULL ? c->account->name : NULL;
}
