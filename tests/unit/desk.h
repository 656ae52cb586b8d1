/* desk.h - where people log in, register and change their accounts: the test is the worker, the store and one auth process. */
#ifndef TESTS_UNIT_DESK_H
#define TESTS_UNIT_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "authend.h"
#include "ipc/ipc.h"
#include "storeend.h"
#include "unit_str.h"
#include "world.h"

/* What the store has of an account. */
#define HASH "$argon2id$of alice"
#define VERIFIER "SCRAM-SHA-256$of alice"

extern int auth; /* the auth process's end of its channel */

/* For a checked fixture. */
void desk_setup(void);
void desk_teardown(void);

/* A password is given; the event that the request ends in. */
unsigned give_password(unsigned sub, uint64_t user, uint64_t conn, const char *name,
		       const char *address);
/* The store tells of the account that it is asked for; id 0: there is none. */
void store_finds(uint64_t id, const char *name);
/* Does the password fit that auth has been asked about? */
void auth_says(bool ok);
/* All of it, right or wrong. Event that it ended in. */
unsigned log_in(unsigned sub, uint64_t user, uint64_t conn, uint64_t id, const char *name, bool ok);
/* Why the last entry says that it failed; 0: it does not. */
unsigned failed(void);

#define REGISTER(user_, conn_, name_, ...) \
	ASK(register, 0, .user = user_, .conn = conn_, .name = S(name_), \
	    .password = S("correct horse"), .address = S("192.0.2.1"), __VA_ARGS__)
/* Up to what the store is asked for. */
struct m_s_account asked_to_make(void);

/* Alice is here and logged in: the user; her account. */
uint64_t alice_here(uint64_t *id_r);
#define CHANGE(user_, op_, text_) \
	ASK(account, 0, .user = user_, .op = op_, .password = S("old horse"), .text = S(text_))
#define CHANGE_AGAIN(user_, op_, text_) \
	ASK(account, 0, .user = user_, .op = op_, .again = 1, .password = S("old horse"), \
	    .text = S(text_))

#endif
