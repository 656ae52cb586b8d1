/* told_priv.h - what the two files of what the server tells share; the table of all of it is in told.c. */
#ifndef CHAT_TOLD_PRIV_H
#define CHAT_TOLD_PRIV_H

#include "session_priv.h"

/* A word or a numeric with at least as many parameters as its row says. */
typedef void told_fn(struct session *s, const struct wire *w);

/* told_room.c */
told_fn n_ban, n_ban_end, n_inviting, n_list_end, n_list_row, n_modes, n_no_topic, n_since, n_topic,
    names_end, names_row, on_AWAY, on_INVITE, on_JOIN, on_KICK, on_MODE, on_NICK, on_PART, on_QUIT,
    on_REDACT, on_RENAME, on_TOPIC, who_end, who_row;

/* Is the room there? Asked for a script that is to make none, before its JOIN, so that the answer comes before that to JOIN. */
void room_ask_about(struct session *s, struct room *r);
/* That is the answer. False: nothing was asked. r may be NULL. */
bool room_answered(struct room *r, bool there);

/* For STR_FMT: a parameter. */
#define P(i) STR_ARG(w->m.param[i])

/* The last parameter, which is text for people. */
struct str told_last(const struct wire *w);
/* " (reason)", or nothing; until the next call. */
const char *told_because(struct str why);

#endif
