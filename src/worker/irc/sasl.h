/* sasl.h - logging in to an account (IRCv3 sasl): the exchange up to the credentials. */
#ifndef WORKER_IRC_SASL_H
#define WORKER_IRC_SASL_H

#include <stdbool.h>

#include "lib/str.h"
#include "worker/conn.h"

struct irc_sasl;

/* "PLAIN,EXTERNAL…", as CAP and RPL_SASLMECHS list them; "*" while there are none. */
const char *sasl_mechanisms(void);

/* What somebody gave; good during the call. */
struct sasl_credentials {
	const char *mechanism;
	struct str authzid; /* whom to be; empty: authcid */
	struct str authcid, password; /* PLAIN */
	struct str message; /* SCRAM: as it came */
};

/* Where the store's side begins: sends the request whose answer will be RPL_LOGGEDIN and RPL_SASLSUCCESS, or
 * ERR_SASLFAIL. False: nobody is there to ask. */
bool sasl_ask(struct conn *c, const struct sasl_credentials *who);

/* An exchange under way is over: the client is told so. */
void sasl_abort(struct conn *c);

/* What was gathered is wiped. NULL is fine. */
void sasl_free(struct irc_sasl *s);

#endif
