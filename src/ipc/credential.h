/* credential.h - which passwords and email addresses accounts may have.
 *
 * The broker decides; who asks people for them tells them beforehand.
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

#endif
