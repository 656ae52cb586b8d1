/* desk.c - see desk.h. */
#include "config.h"

#include "desk.h"

#include <unistd.h>

#include "broker/account.h"
#include "ipc/proc.h"

int auth;

void
desk_setup(void)
{
	world_init(&world, 300, 4u << 20);
	storeend_open();
	auth = authend_open(0, 7);
}

void
desk_teardown(void)
{
	close(auth);
	storeend_close();
	world_teardown();
}

unsigned
give_password(unsigned sub, uint64_t user, uint64_t conn, const char *name, const char *address)
{
	return ASK(auth, sub, .user = user, .conn = conn, .mech = AUTH_PASSWORD, .name = S(name),
		   .secret = S("correct horse"), .address = S(address));
}

void
store_finds(uint64_t id, const char *name)
{
	struct m_s_lookup q = STORE_ASKED(s_lookup);

	if (id == 0)
		STORE_SAYS(s_found, .ticket = q.ticket);
	else
		STORE_SAYS(s_found, .ticket = q.ticket, .id = id, .name = S(name), .hash = S(HASH),
			   .scram = S(VERIFIER));
}

void
auth_says(bool ok)
{
	struct m_a_check q = AUTH_ASKED(auth, a_check);

	AUTH_SAYS(auth, a_result, .ticket = q.ticket, .ok = ok);
}

unsigned
log_in(unsigned sub, uint64_t user, uint64_t conn, uint64_t id, const char *name, bool ok)
{
	ck_assert_uint_eq(give_password(sub, user, conn, name, "192.0.2.1"), MSG_e_wait);
	store_finds(id, name);
	auth_says(ok);
	return ipc_type(world_last()->data);
}

unsigned
failed(void)
{
	return ipc_type(world_last()->data) == MSG_e_failed ? LAST(failed).code : 0;
}

struct m_s_account
asked_to_make(void)
{
	struct m_a_hash q = AUTH_ASKED(auth, a_hash);

	ck_str(q.password, "correct horse");
	ck_assert(q.scram && q.memory == (unsigned)proc.opt.accounts_cost);
	AUTH_SAYS(auth, a_hashed, .ticket = q.ticket, .ok = 1, .hash = S(HASH), .scram = S("v"));
	return STORE_ASKED(s_account);
}

uint64_t
alice_here(uint64_t *id_r)
{
	uint64_t u = world_login(0, "alice", "192.0.2.1");

	*id_r = storeend_account("alice");
	account_enter(regw_user(&br.reg, u), account_named(S("alice")), S("alice"));
	return u;
}
