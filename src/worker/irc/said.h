/* said.h - messages as IRC lines: as many as a text needs, and as a batch for those with draft/multiline. */
#ifndef WORKER_IRC_SAID_H
#define WORKER_IRC_SAID_H

#include <stddef.h>

#include "worker/render.h"

/* An e_say or e_dm in a class; out has room for said_bound. What a class does not see (TAGMSG) has no bytes. */
char *put_said(char *out, unsigned cls, const struct shown *s);
/* An e_edit. */
char *put_edit(char *out, unsigned cls, const struct shown *s);
/* An e_announce. */
char *put_announce(char *out, unsigned cls, const struct shown *s);
/* Bytes that these may need at most; 0: it is none of them. */
size_t said_bound(const struct shown *s);

#endif
