/* upkeep.h - the thread that does for administrators what takes long and changes nothing: status, check, backup. */
#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include <stdbool.h>

#include "store/thread.h"

/* Takes s_admin of STORE_STATUS, STORE_CHECK and STORE_BACKUP, answers s_page. To STORE_CHECK it answers another s_admin of it, for
 * the writer: with what it has found in args. */
extern const struct thread_role upkeep_role;
/* Is this op (enum store_op) of s_admin answered here? */
bool upkeep_is_its(unsigned op);

#endif
