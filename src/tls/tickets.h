/* tickets.h - session tickets (RFC 8446, 4.6.1): what a client shows to go on with an earlier session. They are encrypted with keys
 * that change every hour, and are the same in all processes; none is remembered here. */
#ifndef TLS_TICKETS_H
#define TLS_TICKETS_H

#include <openssl/ssl.h>

#include "lib/str.h"

#define TICKETS_SECONDS 3600 /* a key's time, and a ticket's */

/* What the keys are made from; TLS_SECRET bytes. */
void tickets_secret(struct str secret);
/* Let a context have them. */
void tickets_for(SSL_CTX *ctx);

#endif
