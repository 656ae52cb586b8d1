/* den.h - a room, den, with people, and requests that change its modes; for tests of what a room's rules do.
 * alice is its operator, bob is in it, carol is not; they are of workers 0, 1 and 2. */
#ifndef TESTS_UNIT_DEN_H
#define TESTS_UNIT_DEN_H

#include "unit.h"
#include "world.h"

extern uint64_t alice, bob, carol;

/* For a checked fixture. */
void den_setup(void);
void den_teardown(void);

/* NULL: there is none of that name any longer. */
const struct reg_room *den(void);
/* What a member of it is (enum member_flag). */
uint32_t den_flags(uint64_t user);

/* One more change (enum mode_op) in the next request; */
void den_change(unsigned op, bool on, const char *arg);
/* which is this one. The event that it ended in. */
unsigned den_modes(unsigned sub, uint64_t user, const char *room);
/* A request with one change. */
unsigned den_mode(unsigned sub, uint64_t user, const char *room, unsigned op, bool on,
		  const char *arg);
/* What the last entry, an e_mode, tells, in words: "+b bob!*@* -l | l 482 x"; until the next call. */
const char *den_told(void);

#endif
