/* store.h - the broker's end of chatd-store's channel: what the store says, what it is told.
 *
 * The store is a subscriber like a worker, and takes its events from the journal; but it makes no
 * requests, and nobody waits for it: when it is away or slow, chat goes on, and the ring keeps for it what
 * it can.
 */
#ifndef BROKER_STORE_H
#define BROKER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is there to be one: do events go to it, whether it is there now or not? */
bool store_wanted(void);
/* Is it there now, and has it said hello? */
bool store_present(void);
/* It has said hello; the journal no longer holds what it missed from..to (0: nothing). */
void store_began(uint64_t missed_from, uint64_t missed_to);
/* It is there, but has not read for too long: nobody waits for it any more. store_began when it reads again. */
void store_absent(void);
/* It is gone. */
void store_gone(void);
/* A frame of its. False: it may not say that. */
bool store_take(const void *frame, size_t len);
/* Send it a frame, beside the journal. False: it is not there. */
bool store_send(const void *frame, size_t len);
/* Tell the workers how far the disk has come, if that is news and they want to know. */
void store_tell_durable(void);
/* Have we been told what outlived the last registry, or need not wait for it (any longer)? */
bool store_settled(void);

#endif
