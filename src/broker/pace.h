/* pace.h - how often a user may do what others are bothered with: limits.joins, nicks, invites and targets, a minute each.
 *
 * A minute's worth may come at once. All users of an address (that of their first session) may do address_factor times as much together,
 * all of an account account_factor times. Operators of the server and who comes from limits.exempt may do it as often as they like. Kept
 * in this broker's memory only: its successor begins anew. */
#ifndef BROKER_PACE_H
#define BROKER_PACE_H

#include "broker/broker.h"

enum pace { PACE_JOIN, PACE_NICK, PACE_INVITE, PACE_TARGET, PACES };

/* May u do that now? ERR_NONE, and it is counted; or ERR_PACE_…, which is counted, too. */
enum chat_err pace_check(const struct reg_user *u, enum pace what);
/* The same for a message to somebody, where only others than the last few count. */
enum chat_err pace_check_target(const struct reg_user *u, uint64_t to);

/* The network that u shares limits with, as it is counted. False: it shares them with nobody. */
bool pace_address(const struct reg_user *u, uint8_t net_r[16]);

void paces_fini(void);

#endif
