/* login.h - what an IRC client is told of its account, and of names that are somebody's. */
#ifndef WORKER_IRC_LOGIN_H
#define WORKER_IRC_LOGIN_H

#include <stddef.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

/* RPL_LOGGEDIN, with its present account; RPL_LOGGEDOUT. */
void login_told(struct conn *c);
void login_lost(struct conn *c);
/* The broker says what its account is now: RPL_LOGGEDIN or RPL_LOGGEDOUT, unless that is the answer to what c waits for. */
void login_changed(struct conn *c, const struct m_e_account *e);
/* The command that it logged in by is over: ACCOUNT, if it wants that, of its own doing. */
void login_due(struct conn *c);
/* It goes by a name that is somebody else's account, for so many more seconds; 0: it does not. */
void login_reserved(struct conn *c, struct str name, unsigned seconds);
/* May somebody who has no name yet log in or register? Not before the server's own password (PASS) where one is needed. */
bool login_gate(const struct conn *c);
/* The value of draft/account-registration, into out; the length. */
size_t login_cap_value(char *out, size_t cap);

#endif
