/* verify.c - counts losses, doubles and disorder; see verify.h for what is compared with what.
 *
 * The good case is a few instructions per delivery, since it runs on the cores that are measured:
 * one number per receiver and sender, one word of the reference, both read in sequence. */
#include "config.h"

#include "verify.h"

#include <stdio.h>
#include <stdlib.h>

#define VERIFY_NONE UINT32_MAX
#define VERIFY_MISSING_MAX 65536

struct verify_missing {
	uint32_t receiver, sender, n;
};

struct verify_reader {
	uint64_t at; /* place in the reference */
	uint32_t self; /* sender number, or VERIFY_NONE for a listener */
	uint64_t *backlog; /* owned; a sender's messages beyond the reference, a ring */
	uint64_t first, last;
};

static void *
verify_alloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL) {
		fprintf(stderr, "chatload: out of memory\n");
		exit(2);
	}
	return p;
}

struct verify *
verify_new(uint32_t receivers, uint32_t senders, uint32_t window)
{
	struct verify *v = verify_alloc(1, sizeof(*v));
	uint64_t ring = 1024;

	v->receivers = receivers;
	v->senders = senders;
	v->next = verify_alloc((size_t)receivers * senders, sizeof(*v->next));
	v->ordered = window > 0;
	if (!v->ordered)
		return v;
	while (ring < 4 * (uint64_t)window)
		ring *= 2;
	v->ref = verify_alloc(ring, sizeof(*v->ref));
	v->ref_mask = ring - 1;
	v->ref_next = verify_alloc(senders, sizeof(*v->ref_next));
	v->reader = verify_alloc(receivers, sizeof(*v->reader));
	for (uint32_t i = 0; i < receivers; i++)
		v->reader[i].self = VERIFY_NONE;
	return v;
}

void
verify_sender(struct verify *v, uint32_t receiver, uint32_t sender)
{
	if (!v->ordered)
		return;
	v->reader[receiver].self = sender;
	v->reader[receiver].backlog = verify_alloc(v->ref_mask + 1, sizeof(uint64_t));
}

static void
verify_append(struct verify *v, uint64_t entry)
{
	v->ref[v->ref_head++ & v->ref_mask] = entry;
	v->ref_next[entry >> 32] = (uint32_t)entry + 1;
	v->hash = (v->hash ^ entry) * 0x9e3779b97f4a7c15u;
	v->hash ^= v->hash >> 29;
}

/* Look for an entry ahead of the reader, over a gap. True, and the reader stands behind it, if there. */
static bool
verify_skip(struct verify *v, struct verify_reader *r, uint64_t entry)
{
	for (uint64_t q = r->at; q < v->ref_head; q++) {
		if (v->ref[q & v->ref_mask] == entry) {
			r->at = q + 1;
			return true;
		}
	}
	return false;
}

/* The entry has a place before the reader's: the reader got something else first that comes later.
 * If it has none, then whoever wrote the reference lost it, which is counted as a loss there. */
static bool
verify_passed(const struct verify *v, const struct verify_reader *r, uint64_t entry)
{
	uint64_t from = v->ref_head > v->ref_mask ? v->ref_head - v->ref_mask : 0;

	for (uint64_t q = from; q < r->at; q++)
		if (v->ref[q & v->ref_mask] == entry)
			return true;
	return false;
}

static void
verify_overrun(struct verify *v, struct verify_reader *r)
{
	if (v->ref_head - r->at <= v->ref_mask)
		return;
	v->unchecked += v->ref_head - v->ref_mask - r->at;
	r->at = v->ref_head - v->ref_mask;
}

/* What a listener got is not what the reference has in its place. */
static void
verify_listener_slow(struct verify *v, struct verify_reader *r, uint64_t entry)
{
	verify_overrun(v, r);
	if (verify_skip(v, r, entry))
		return;
	if ((uint32_t)entry >= v->ref_next[entry >> 32]) {
		verify_append(v, entry); /* new to everybody; what was passed over is a gap */
		r->at = v->ref_head;
		return;
	}
	if (verify_passed(v, r, entry))
		v->disordered++;
}

/* Compare a sender's backlog with the reference as far as that goes. */
static void
verify_backlog(struct verify *v, struct verify_reader *r)
{
	if (r->first != r->last)
		verify_overrun(v, r);
	while (r->first != r->last) {
		uint64_t entry = r->backlog[r->first & v->ref_mask];

		while (r->at < v->ref_head && v->ref[r->at & v->ref_mask] >> 32 == r->self)
			r->at++;
		if (r->at < v->ref_head && v->ref[r->at & v->ref_mask] == entry)
			r->at++;
		else if ((uint32_t)entry >= v->ref_next[entry >> 32])
			return; /* the reference is not that far yet */
		else if (!verify_skip(v, r, entry) && verify_passed(v, r, entry))
			v->disordered++;
		r->first++;
	}
}

static void
verify_order(struct verify *v, struct verify_reader *r, uint64_t entry)
{
	if (r->self != VERIFY_NONE) {
		if (r->last - r->first > v->ref_mask) {
			r->first++;
			v->unchecked++;
		}
		r->backlog[r->last++ & v->ref_mask] = entry;
		verify_backlog(v, r);
	} else if (r->at == v->ref_head && (uint32_t)entry == v->ref_next[entry >> 32]) {
		verify_append(v, entry);
		r->at++;
	} else {
		verify_listener_slow(v, r, entry);
	}
}

/* Returns false for a double, true if the number comes late: then it is counted as disorder. */
static bool
verify_late(struct verify *v, uint32_t receiver, uint32_t sender, uint32_t n)
{
	for (uint32_t i = 0; i < v->missing_count; i++) {
		struct verify_missing *m = &v->missing[i];

		if (m->receiver == receiver && m->sender == sender && m->n == n) {
			*m = v->missing[--v->missing_count];
			v->disordered++;
			return true;
		}
	}
	v->doubled++;
	return false;
}

static void
verify_gap(struct verify *v, uint32_t receiver, uint32_t sender, uint32_t from, uint32_t to)
{
	if (v->missing == NULL)
		v->missing = verify_alloc(VERIFY_MISSING_MAX, sizeof(*v->missing));
	for (uint32_t n = from; n < to; n++) {
		if (v->missing_count == VERIFY_MISSING_MAX) {
			v->lost += to - n; /* too many to tell late ones from doubles */
			return;
		}
		v->missing[v->missing_count++] = (struct verify_missing){receiver, sender, n};
	}
}

bool
verify_take(struct verify *v, uint32_t receiver, uint32_t sender, uint32_t n)
{
	uint32_t *next = &v->next[(size_t)receiver * v->senders + sender];
	uint64_t entry = (uint64_t)sender << 32 | n;
	struct verify_reader *r;

	if (n < *next)
		return verify_late(v, receiver, sender, n);
	if (n > *next)
		verify_gap(v, receiver, sender, *next, n);
	*next = n + 1;
	if (!v->ordered)
		return true;
	r = &v->reader[receiver];
	if (r->at + v->ref_mask >= v->ref_head && r->at < v->ref_head &&
	    v->ref[r->at & v->ref_mask] == entry && r->self == VERIFY_NONE)
		r->at++;
	else
		verify_order(v, r, entry);
	return true;
}

void
verify_end(struct verify *v, uint32_t receiver, uint32_t sender, uint32_t sent)
{
	uint32_t next = v->next[(size_t)receiver * v->senders + sender];

	if (sent > next)
		v->lost += sent - next;
}

void
verify_finish(struct verify *v)
{
	v->lost += v->missing_count;
	v->missing_count = 0;
	for (uint32_t i = 0; v->ordered && i < v->receivers; i++)
		if (v->reader[i].self != VERIFY_NONE)
			verify_backlog(v, &v->reader[i]);
}
