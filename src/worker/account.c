/* account.c - see account.h. */
#include "config.h"

#include "worker/account.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/credential.h"
#include "ipc/proc.h"
#include "lib/loop.h"
#include "lib/util.h"
#include "registry/registry.h"
#include "worker/share.h"
#include "worker/worker.h"

bool
accounts_here(void)
{
	/* also when it has yet to come: the first clients after a start need not know */
	return worker.reg != NULL && options_store(&proc.opt) &&
	       registry_store_state(worker.reg) != STORE_UNUSABLE;
}

#define AWAIT_MS 3000

/* No longer than the broker waits for the store (store_settled of broker/store.c). */
bool
accounts_awaited(void)
{
	static uint64_t since;

	if (since == 0)
		since = loop_now(worker.loop);
	return worker.reg != NULL && options_store(&proc.opt) && !registry_restored(worker.reg) &&
	       registry_store_state(worker.reg) == STORE_WELL &&
	       loop_now(worker.loop) - since < AWAIT_MS;
}

bool
account_secret_ok(const struct conn *c)
{
	return credential_may_come(c->flags & CONN_PRIVATE);
}

const char *
account_cert(const struct conn *c)
{
	static char hex[CERT_MAX + 1];

	return conn_board(c)->has_cert ? cert_hex(board_own_more(c->wslot)->cert, hex) : NULL;
}

const char *
account_of(const struct conn *c)
{
	return c->account != NULL ? c->account->name : NULL;
}

static void
account_free(struct conn *c)
{
	if (c->account != NULL)
		explicit_bzero(c->account, sizeof(*c->account));
	free(c->account);
	c->account = NULL;
	share_account(c, NULL);
}

void
account_is(struct conn *c, struct str name)
{
	if (account_of(c) != NULL && str_eq(name, str_of(account_of(c))))
		return;
	account_free(c);
	if (name.n == 0)
		return;
	c->account = xcalloc(1, sizeof(*c->account));
	bprintf(c->account->name, sizeof(c->account->name), STR_FMT, STR_ARG(name));
	share_account(c, c->account->name);
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

bool
account_is_named(const struct conn *c, struct str name)
{
	const char *account = account_of(c);

	return account != NULL && name_same(name, str_of(account));
}
