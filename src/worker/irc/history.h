/* history.h - what was said before, for IRC clients: what CHATHISTORY (history.c), SEARCH (search.c), MARKREAD (markread.c)
 * and the replay (replay.c) have in common. */
#ifndef WORKER_IRC_HISTORY_H
#define WORKER_IRC_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

struct question;

/* Lines that one CHATHISTORY may ask for, told in ISUPPORT. */
#define IRC_HISTORY_MAX QUERY_ROWS_MAX

/* A batch of this type, about the question's target, if c has asked for batches; type ends with what stands before the
 * target. */
void irc_history_open(struct conn *c, struct question *q, const char *type);
/* The event in hand (fanout.h) in it, as c sees such. */
void irc_history_event(struct conn *c, const struct question *q);
void irc_history_close(struct conn *c, const struct question *q);
/* The same at the end of the answer to cmd, with a NOTE if what is not written yet is missing in it: in the batch if cmd has a
 * label, else behind. */
void irc_history_end(struct conn *c, const struct question *q, const char *cmd);

/* "msgid=…", "timestamp=…", or (star) "*". False: it is none. */
struct irc_selector {
	bool is_time, any;
	uint64_t at;
};
bool irc_selector_get(struct str s, bool star, struct irc_selector *sel);
/* How many; 0 and what is above the limit: as many as there may be. False: it is no number. */
bool irc_history_limit(struct str s, uint32_t *limit_r);
/* A room or a person, into w->room or w->name. False: nothing can be called so. */
bool irc_history_target(struct str target, struct m_r_query *w);
/* Is it that the one who asks may not read there, or that nothing is there? That looks alike. */
bool irc_history_hidden(unsigned code);

#endif
