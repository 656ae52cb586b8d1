/* row.h - the rows of an answer from chatd-store (history.h): frames, most of them events as they were. */
#ifndef WORKER_ROW_H
#define WORKER_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/conn.h"
#include "worker/render.h"

struct row {
	unsigned type;
	const void *frame;
	size_t len;
	uint64_t seq,
	    at; /* its number and its time; of a q_place the last message's; 0: it has none */
};

/* The first of the rows in the bytes that are left. False: there is none, or it is not what it should be. */
bool row_get(const char *p, size_t left, struct row *r);

/* A row that is an event, as others are shown such: into memory that the next call uses again. False: it is no event, or none
 * that this client may be shown: a message to those of a higher rank than its own, or of somebody it ignores. The
 * event is the one in hand then (fanout.h). */
bool row_event(const struct conn *c, const struct row *r, struct shown *s);

#endif
