/* subs.h - a subscriber as the broker holds it; between subs.c and pump.c only. */
#ifndef BROKER_SUBS_H
#define BROKER_SUBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/broker.h"
#include "lib/buf.h"
#include "lib/loop.h"

#define SUB_IN_SIZE (4 * IPC_FRAME_MAX)

struct sub {
	bool live; /* attached, and not given up */
	bool hello; /* it has told what it took last: the cursor is right */
	bool welcomed; /* greeted: from then on it is listened to */
	bool
	    fresh; /* its incarnation is greeted for the first time: it keeps nobody waiting before its hello */
	bool blocked; /* its socket is full */
	bool broken; /* its end is closed: dropped at the end of the turn */
	bool held; /* the store wants no events now (s_hold), or is absent: nobody waits for it */
	bool absent; /* the store has not read for too long; it is resumed when it does */
	bool catching; /* the store comes from far behind, and keeps nobody waiting */
	uint64_t absent_seq; /* the last that it was sent then */
	uint32_t inc;
	uint64_t asked; /* up to this serial it may have asked the last broker */
	int fd;
	struct loop_io io;
	uint64_t deaf_since; /* mono ms when its channel closed; not live, not known to be dead */
	uint64_t moved; /* mono ms of its welcome, or when it last took something */
	uint64_t cursor;
	size_t part; /* bytes of the event at the cursor that are out */
	char *in; /* owned */
	size_t in_len;
	struct buf side; /* beside the journal: frames that are sent between two events… */
	struct buf
	    sides; /* …when the cursor has come to where the journal stood then: struct side, one each */
};

struct side {
	uint64_t at; /* journal's head when it was queued */
	uint32_t len, left; /* all of it; what is not out */
};

extern struct sub subs[SUBS_MAX];

unsigned sub_index_of(const struct sub *s);
/* A peer's mistake costs the peer its channel and its life, never ours. */
void sub_give_up(struct sub *s, const char *why);
/* Its channel is closed. */
void sub_closed(struct sub *s);
/* The master ends it, if it lives. */
void sub_report_hung(unsigned index, uint32_t inc);

/* Send a frame beside the journal, behind all that has been decided before: an answer does not come before the e_wait that
 * announces it. False: too much waits for this subscriber already, or it is not there. */
bool sub_side(unsigned index, const void *frame, size_t len);

/* The same, in front of what follows the cursor. */
bool sub_side_next(unsigned index, const void *frame, size_t len);

/* The store wants no more events; wants those behind seq. */
void sub_hold(struct sub *s);
void sub_resume(struct sub *s, uint64_t seq);

/* It does not read: what is half out is kept for it, and it is held until it reads that. */
void sub_absent(struct sub *s);

/* Somebody may have to be given up soon: look now and then (pump.c). */
void subs_watch(void);
/* Nothing at or above this offset may be overwritten yet (pump.c). */
void subs_keep(uint64_t cursor);
/* Is a cursor so far behind that the others have to wait (pump.c)? */
bool subs_too_far(uint64_t cursor);

#endif
