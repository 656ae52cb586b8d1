/* ctl.h - chatctl's commands that are the master's to carry out, forwarded by control. */
#ifndef MASTER_CTL_H
#define MASTER_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

struct child;
struct conf_errors;

/* m_ctl. False: malformed. */
bool ctl_command(struct child *c, const void *frame, size_t len);

/* m_procs: the same as `status` says, to c. False: malformed. */
bool ctl_procs(struct child *c, const void *frame, size_t len);

/* One line of an answer, and its end. */
void ctl_text(uint32_t id, const char *line);
/* Those that are shown of l, each behind prefix. */
void ctl_lines(uint32_t id, const char *prefix, const struct conf_errors *l);
void ctl_end(uint32_t id, enum ctl_code code, const char *text);

/* m_oper_act: an operator in the chat asks for what chatctl's reload, stop and restart do; the broker
 * has checked the right to it. False: malformed. */
bool ctl_oper(const void *frame, size_t len);

#endif
