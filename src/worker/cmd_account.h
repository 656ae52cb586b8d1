/* cmd_account.h - accounts, for those who come by telnet. */
#ifndef WORKER_CMD_ACCOUNT_H
#define WORKER_CMD_ACCOUNT_H

#include <stdbool.h>

#include "lib/str.h"
#include "worker/conn.h"

/* c, who has no name yet, has chosen this one, which can be a name. True: it is an account's; c is asked to log in to
 * it, or for another name. */
bool account_asks(struct conn *c, struct str name);

#endif
