/* reader.h - what a telnet client has said last and where it reads on: for /edit, /delete and /more (cmd_history.c). */
#ifndef WORKER_READER_H
#define WORKER_READER_H

#include <stdint.h>

#include "lib/str.h"
#include "worker/conn.h"

/* Its message seq has been taken: to the room, or (room 0) to somebody. */
void reader_said(struct conn *c, uint64_t seq, uint64_t room, struct str to);
/* It is gone. */
void reader_forget(struct conn *c);

#endif
