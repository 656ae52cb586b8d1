/* auth.h - passwords are checked by the chatd-auth processes, away from the broker's loop: what waits for them.
 *
 * Nothing of it outlives the broker: whoever asked, asks its successor again. Passwords are wiped as soon
 * as they have been answered for.
 */
#ifndef BROKER_AUTH_H
#define BROKER_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/str.h"

#define AUTH_PENDING_MAX 64 /* checks under way, all users together */

enum auth_answer {
	AUTH_WRONG,
	AUTH_FITS,
	AUTH_LOST /* there is nobody left to ask */
};

struct auth_ask;
/* Called when there is room in the journal. ask is valid during the call. */
typedef void auth_fn(const struct auth_ask *ask, enum auth_answer answer);

struct auth_ask {
	uint32_t ticket; /* filled in by auth_check */
	uint64_t user; /* for whom; may be gone by then */
	bool known; /* the caller's: there is something that the password could fit */
	uint8_t level;
	unsigned from; /* the caller's */
	char name[65];
	auth_fn *fn;
};

/* Have password held against hash (empty: never fits, and takes as long). The ticket, or 0: too much is being
 * checked already, for this user or in all, or nobody is there to do it. */
uint32_t auth_check(const struct auth_ask *ask, struct str hash, struct str password);

/* A channel to a process from the master; that one is dead. */
void auth_attach(unsigned index, uint32_t inc, int fd);
void auth_gone(unsigned index, uint32_t inc);
/* Deliver what has been answered, as far as the journal has room. */
void auth_resume(void);
/* Forget everything, for tests. */
void auth_fini(void);

#endif
