/* auth.h - the broker's channels to chatd-auth, where passwords are checked and hashed away from every loop.
 *
 * What is asked are frames (a_check, a_hash, a_scram), each with a ticket that nothing else under way has; answers are
 * given to the job with that ticket (jobs_auth_answered; nothing, when nobody could be asked). Nothing of it outlives the broker: whoever asked, asks its
 * successor again. Frames are wiped as soon as they have been answered.
 */
#ifndef BROKER_AUTH_H
#define BROKER_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Questions under way, all users' together: a room full of people whose clients all come back at once. */
#define AUTH_PENDING_MAX 256
#define AUTH_TIME_MAX 16 /* with so many there is time for what nobody waits for */

/* How long (ms) what is asked waits for a process when there is none: the master starts one. Tests change it. */
extern uint64_t auth_await_ms;

/* Can something be asked now, or is too much asked already? */
bool auth_open(void);
/* Is so little asked that what nobody waits for may be, too? */
bool auth_has_time(void);
/* Ask; the frame is copied. It is asked again of another process when one dies. behind: of so many by the same people, which are
 * under way; who has fewer goes before who waits already. False: as auth_open. */
bool auth_ask(uint32_t ticket, unsigned behind, const void *frame, size_t len);

/* Nobody waits for the answer any more: what no process has been asked yet none is. */
void auth_forget(uint32_t ticket);

/* A channel to a process from the master; that one is dead. */
void auth_attach(unsigned index, uint32_t inc, int fd);
void auth_gone(unsigned index, uint32_t inc);
/* Deliver what has been answered, as far as the journal has room. */
void auth_resume(void);
/* Forget everything, for tests. */
void auth_fini(void);

#endif
