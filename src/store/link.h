/* link.h - the store's end of its channel to the broker: events in the journal's order, each once; and
 * what the broker asks and is told beside them.
 *
 * A new broker comes with a new channel: the first words are the last sequence number that was taken
 * here, and the journal goes on behind it.
 */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An event (none twice, in order), or an s_ message. The frame is valid during the call. */
typedef void link_event_fn(const void *frame, size_t len);
typedef void link_word_fn(unsigned type, const void *frame, size_t len);

/* seq: the last event that is on the disk. The functions are called from the loop. */
void link_init(uint64_t seq, link_event_fn *event, link_word_fn *word);
/* A channel from the master; fd is ours from now on. What the old one still holds is read first. */
void link_channel(int fd);
/* A frame to the broker; dropped when there is none: what it asked died with it. Sent by link_flush. */
void link_send(const void *frame, size_t len);
void link_flush(void);
/* Read on, or leave what comes in the channel (the ring keeps it). */
void link_pause(bool paused);
/* All that the broker had to say has been read, and its end is closed. */
bool link_ended(void);

#endif
