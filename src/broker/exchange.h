/* exchange.h - SCRAM exchanges between their two messages: nobody waits then, so there is no job (login.c).
 *
 * A table of a fixed size. Where it is full, the address with most of them loses its oldest: nobody drives out others'. Nothing
 * of it outlives the broker.
 */
#ifndef BROKER_EXCHANGE_H
#define BROKER_EXCHANGE_H

#include <stdint.h>

#include "broker/job.h"

/* What j has found out so far is kept, under its ticket; account: about which (0: about none); from: whence. The last one
 * of the same connection is forgotten. */
void exchange_begin(const struct job *j, uint64_t account, struct str from);
/* The state of j that was kept under this ticket for this connection, from now on the caller's, who wipes and frees it; NULL: there
 * is none, or not any more. */
struct m_r_auth;
void *exchange_take(const struct req *r, const struct m_r_auth *q);
/* The account has another password: what was begun with the last one comes to nothing. */
void exchanges_secret_changed(uint64_t account);
/* Forget everything, for tests. */
void exchanges_fini(void);

#endif
