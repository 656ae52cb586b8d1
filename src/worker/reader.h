/* reader.h - a telnet client as a reader of what was said before: how such lines look, where it reads on (/more), what it has
 * said last (/edit, /delete); and what it is shown without asking (history_telnet of history.h).
 *
 * A line of before has its time in front, and its day if that is not today. A message is called by its number, as "3-4711" (the
 * server's start, and which of its events), which /history ids shows.
 */
#ifndef WORKER_READER_H
#define WORKER_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"
#include "worker/conn.h"

struct shown;
struct pager; /* cmd_history.c's */

#define ID_SHIFT 44 /* JOURNAL_SEQ */

/* A message of its own. */
struct said {
	uint64_t seq, room;
	uint8_t nto;
	char to[NAME_BYTES_MAX]; /* room 0: whom it was to */
};

struct reader {
	struct said said; /* the last */
	struct said alone; /* the last to one person */
	struct pager *pager; /* owned; freed by free() */
};

struct reader *reader_of(struct conn *c);
/* Its message seq has been taken: to the room, or (room 0) to somebody. */
void reader_said(struct conn *c, uint64_t seq, uint64_t room, struct str to);
/* It is gone. */
void reader_forget(struct conn *c);

/* One event of before. ids: with its number. place: where it was, if that has to be said. */
void reader_show(struct conn *c, const struct shown *s, uint64_t seq, bool ids, struct str place);

#endif
