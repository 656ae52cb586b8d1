/* credential.h - which passwords and email addresses accounts may have, and on which connections passwords are taken.
 *
 * Of the first the broker decides; who asks people for them tells them beforehand. Of the second whoever has the connection.
 */
#ifndef IPC_CREDENTIAL_H
#define IPC_CREDENTIAL_H

#include <stdbool.h>

#include "ipc/ipc.h"
#include "lib/str.h"

/* May this be the password of an account of this name? It is neither too short nor the name itself. */
bool credential_password_good(struct str password, struct str name);
/* The least number of characters, as ERR_PASSWORD_WEAK names it. Until the next call. */
struct str credential_password_least(void);

/* May this be an email address: something@something, of what may be shown? No more is asked, since nothing is sent there.
 * ERR_NONE, ERR_EMAIL_BAD or (it is empty) ERR_EMAIL_NEEDED. */
enum chat_err credential_email(struct str email);

/* May a password come by such a connection (conn_rec_is_private), or does the configuration not mind who reads it? Whoever takes one
 * asks this first, before it is looked at. */
bool credential_may_come(bool is_private);
/* What a person is told who may not give it. */
#define CREDENTIAL_NOT_IN_CLEAR \
	"Passwords are not taken here without TLS: anybody on the way could read them"

#endif
