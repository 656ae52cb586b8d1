/* reload.h - a new configuration while the daemon runs: all of it or nothing.
 *
 * Read and checked; new listeners opened beside the old; every process told, and asked whether it
 * agrees; only then are the old listeners closed and the new values in effect. */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct child;
struct options;

/* Begin. ctl_id: chatctl's request, which is answered when it is over; 0: a signal or REHASH,
 * which, when another reload is under way, is taken up behind it. */
void reload_begin(uint32_t ctl_id);

/* The same with the configuration in effect: only what is in the files of `tls` may be something else. */
void reload_certs_begin(uint32_t ctl_id);

/* The daemon stops: one that is under way is given up, or it would open what nobody closes any more. */
void reload_stop(void);

/* Would reload_begin work? Nothing changes. Answers chatctl's request ctl_id, soon: together with others, and not before a pause after
 * the last one, since nothing else is done meanwhile. */
void reload_check(uint32_t ctl_id);

/* m_options_ack. False: malformed. */
bool reload_ack(struct child *c, const void *frame, size_t len);
/* It will not answer any more. */
void reload_child_dead(struct child *c);

/* What a process that starts now is given. */
const struct options *reload_options(void);
uint32_t reload_generation(void);

#endif
