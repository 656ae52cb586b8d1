/* chores.h - the thread that does for administrators what takes long and changes nothing: status, check, backup. */
#ifndef STORE_CHORES_H
#define STORE_CHORES_H

#include "store/thread.h"

/* Takes s_admin of STORE_STATUS, STORE_CHECK and STORE_BACKUP, answers s_page. To STORE_CHECK it answers another s_admin of it, for
 * the writer: with what it has found in args. */
extern const struct thread_role chores_role;

#endif
