/* account.h - a client's account, whatever it speaks.
 *
 * Who has a name already is told by the broker what its account is (e_account, e_login). Who logs in
 * before has proved it (e_authed), and brings the proof with its name (r_login).
 */
#ifndef WORKER_ACCOUNT_H
#define WORKER_ACCOUNT_H

#include <stdbool.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

struct account {
	uint64_t id; /* as e_authed says; 0: not known here */
	size_t ntoken;
	char token[AUTH_TOKEN];
	char name[NAME_BYTES_MAX + 1];
};

/* Are accounts kept here, and can they be looked up now? */
bool accounts_here(void);

/* Will they be known in a moment? chatd has just begun, and serves nobody before. */
bool accounts_awaited(void);

/* May a password be given on this connection (credential_may_come)? */
bool account_secret_ok(const struct conn *c);

/* The fingerprint of its certificate (SHA-256, in hexadecimal), if it has shown one that is its own; else NULL. */
const char *account_cert(const struct conn *c);

/* It has logged in. */
void account_authed(struct conn *c, const struct m_e_authed *e);
/* Its account is this one now; empty: none. */
void account_is(struct conn *c, struct str name);
/* Its account, or NULL. */
const char *account_of(const struct conn *c);
/* Is that its account's name? */
bool account_is_named(const struct conn *c, struct str name);

#endif
