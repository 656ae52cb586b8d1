/* share.h - lines of all connections of one address, and of one account, together: limits.address_factor and account_factor times
 * what one connection may send (line_rate, line_burst).
 *
 * The master spreads connections evenly over workers, who know nothing of each other's: each holds its part of that, which is never
 * less than what one connection may. Whose line has to wait is given a turn of its own, so nobody waits for ever beside others of its
 * address who ask all the time. Remembered for a minute after the last of them has gone: coming again is no way around it.
 */
#ifndef WORKER_SHARE_H
#define WORKER_SHARE_H

#include <stdbool.h>

#include "worker/conn.h"

void share_init(struct loop *loop);
/* Into how many parts that is divided: there are so many workers. */
unsigned share_parts(void);
/* Options, or how many workers there are, may be others now. */
void share_rearm(void);

/* c is at this address now; what is none (a Unix socket's) shares with nobody. It is logged in to this account; both: NULL is none. */
void share_address(struct conn *c, const char *address);
void share_account(struct conn *c, const char *name);

/* May c's next line be taken now? Until share_took it has its turn, however often it asks. */
bool share_turn(struct conn *c);
void share_took(struct conn *c);
/* The line has cost so many more. */
void share_charge(struct conn *c, unsigned n);

#endif
