/* history.h - what was said before, for IRC clients: CHATHISTORY (draft/chathistory, draft/event-playback), MARKREAD
 * (draft/read-marker), SEARCH (soju.im/search), and the replay for those who know none of these. */
#ifndef WORKER_IRC_HISTORY_H
#define WORKER_IRC_HISTORY_H

#include <stdbool.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

/* Lines that one CHATHISTORY may ask for, told in ISUPPORT. */
#define IRC_HISTORY_MAX QUERY_ROWS_MAX

/* c has come into the room, by its own command or not: how far it has read there, and then who is in it (NAMES), as the
 * specification of the read marker has it. False: c has not asked for the marker, or has no account to have one. */
bool irc_mark_joined(struct conn *c, struct str room, bool own);
struct irc_run;
/* What the command under way asked for was refused: true, if that was MARKREAD, and c has been told. */
bool irc_mark_refused(struct conn *c, const struct irc_run *r);
/* It has read up to there. */
void irc_mark_is(struct conn *c, const struct m_e_mark *e);

#endif
