/* verify.h - counts what went wrong on the way: losses, doubles, disorder.
 *
 * Two things are watched. Each receiver must get the numbers of each sender without a gap and
 * ascending; and all receivers in a room must see the messages of all senders in the same order.
 * For the second there is a reference: the first listener (one who never sends, so who gets
 * everything) to reach a place in the order writes it down, all others are compared with it. A
 * sender, who does not get its own lines, is compared with the reference leaving those out. Where
 * messages are lost, what follows a gap may be counted as disorder too: without a loss, never. */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

struct verify_missing;
struct verify_reader;

struct verify {
	uint32_t receivers, senders;
	uint32_t *next; /* owned; [receiver * senders + sender]: number expected */
	struct verify_missing *missing; /* owned; gaps, until they are filled late */
	uint32_t missing_count;
	bool ordered;
	struct verify_reader *reader; /* owned; one per receiver */
	uint64_t *ref; /* owned; ring of the reference */
	uint64_t ref_mask, ref_head;
	uint32_t *ref_next; /* owned; per sender, number expected in the reference */
	uint64_t hash; /* of the whole reference: equal in every process */
	uint64_t lost, doubled, disordered, unchecked;
};

/* window: how many messages at most are under way at once, for the size of the rings; 0: there is
 * no order to be watched across senders. Ends the process when memory is short. */
struct verify *verify_new(uint32_t receivers, uint32_t senders, uint32_t window);

/* Say that the receiver is itself that sender. To be called before the first message. */
void verify_sender(struct verify *v, uint32_t receiver, uint32_t sender);

/* Receiver got message n of sender; sender < senders. True if it is new, false if it is a double. */
bool verify_take(struct verify *v, uint32_t receiver, uint32_t sender, uint32_t n);

/* After the last message: the receiver should have got the numbers 0..sent-1 of sender. Call
 * verify_finish once after all of these. */
void verify_end(struct verify *v, uint32_t receiver, uint32_t sender, uint32_t sent);
void verify_finish(struct verify *v);

#endif
