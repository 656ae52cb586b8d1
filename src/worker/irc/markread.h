/* markread.h - how far an account has read in a room, or with somebody (draft/read-marker). */
#ifndef WORKER_IRC_MARKREAD_H
#define WORKER_IRC_MARKREAD_H

#include <stdbool.h>

#include "worker/conn.h"

struct irc_run;

/* c has come into the room, by its own command or not: how far it has read there, and then who is in it (NAMES), as the
 * specification has it. False: c has not asked for the marker, or has no account to have one. */
bool irc_mark_joined(struct conn *c, struct str room, bool own);
/* c is in the room as another session of its user: how far it has read there. False: it has been told; else it is when the
 * store has said so, and is given nothing else before. */
bool irc_mark_due(struct conn *c, struct str room);
/* What the command under way asked for was refused: true, if that was MARKREAD, and c has been told. */
bool irc_mark_refused(struct conn *c, const struct irc_run *r);
/* It has read up to there. */
void irc_mark_is(struct conn *c, const struct m_e_mark *e);

#endif
