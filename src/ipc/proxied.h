/* proxied.h - connections from a proxy that says whose they are (a listener with `proxy`): its header is read before anything else,
 * by the process that the master gives them to first, which tells the master. That counts the real address, and may refuse it. */
#ifndef IPC_PROXIED_H
#define IPC_PROXIED_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/handed.h"

/* rec->proxy: fn is called for it once the master has let it in, with what the header says; fd is ours until then. Whose header
 * does not come in time, or is none, is closed. */
void proxied_begin(const struct conn_rec *rec, int fd, handed_fn *fn);
/* m_conn_admit: the master's word about one of them. False: malformed. */
bool proxied_admitted(const void *frame, size_t len);

#endif
