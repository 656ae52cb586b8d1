/* redact.h - REDACT: a message is taken back. */
#ifndef WORKER_IRC_REDACT_H
#define WORKER_IRC_REDACT_H

#include "worker/conn.h"

struct irc_run;

/* The broker has refused a REDACT with this chat_err: a FAIL. */
void redact_refused(struct conn *c, const struct irc_run *r, unsigned err);

#endif
