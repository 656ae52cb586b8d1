/* sasl.h - logging in to an account with AUTHENTICATE (IRCv3 sasl 3.1 and 3.2). */
#ifndef WORKER_IRC_SASL_H
#define WORKER_IRC_SASL_H

#include "worker/conn.h"

struct irc_sasl;

/* "PLAIN,EXTERNAL…", those that c may use now, as CAP and RPL_SASLMECHS list them; "*" for none. Good until the next
 * call. */
const char *sasl_mechanisms(const struct conn *c);

/* An exchange under way is over: the client is told so. */
void sasl_abort(struct conn *c);

/* What was gathered is wiped. NULL is fine. */
void sasl_free(struct irc_sasl *s);

#endif
