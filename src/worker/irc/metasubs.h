/* metasubs.h - what is kept of a client's metadata here: the keys that it has subscribed to, and what it sets before
 * its login. */
#ifndef WORKER_IRC_METASUBS_H
#define WORKER_IRC_METASUBS_H

#include <stdbool.h>

#include "lib/str.h"
#include "worker/conn.h"

#define META_SUBS_MAX 50

struct irc_run;

/* In what place c has subscribed to this key, -1: it has not. */
int meta_sub_of(const struct conn *c, struct str key);
/* The subcommands. */
void meta_SUB(struct conn *c, struct irc_run *r);
void meta_UNSUB(struct conn *c, struct irc_run *r);
void meta_SUBS(struct conn *c, struct irc_run *r);

/* Before the login: SET of r's key (on: to value), GET of its keys, LIST as an answer (told: unasked, meta_value), CLEAR. */
void meta_early_set(struct conn *c, const struct irc_run *r, bool on, struct str value);
void meta_early_get(struct conn *c, const struct irc_run *r);
void meta_early_list(struct conn *c, bool told, const char *target);
void meta_early_clear(struct conn *c);

#endif
