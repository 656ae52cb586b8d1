/* input.h - what clients send: read, decoded, cut into lines, given to the session in turn. */
#ifndef WORKER_INPUT_H
#define WORKER_INPUT_H

#include <stdbool.h>

#include "worker/conn.h"

void input_init(struct loop *loop);

/* A new connection: it may send a burst. */
void input_begin(struct conn *c);

/* Bytes of a new connection's that somebody else has read. */
void input_early(struct conn *c, struct str bytes);

/* The callback of every client's descriptor. */
void input_event(int fd, unsigned what, void *arg);

/* Something that a stopped client waited for has happened: look at it at the end of this turn. */
void conn_resume(struct conn *c);
/* The end of the turn: parse for those who waited. */
void input_turn(void);

/* Its line is to be offered again in a moment. */
void input_again(struct conn *c);

/* Charge n lines for a command, beyond the one that each line costs. */
void conn_charge(struct conn *c, unsigned n);

/* Connections have been freed: forget them. */
void input_reaped(void);

/* One read that throws away. True: nothing more is there that a close would turn into a reset. */
bool input_nothing_left(struct conn *c);

void input_rearm(void);

#endif
