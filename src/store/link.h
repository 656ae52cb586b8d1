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

/* The functions are called from the loop. Nothing is said before link_ready or link_hold. */
void link_init(link_event_fn *event, link_word_fn *word);
/* A channel from the master; fd is ours from now on. What the old one still holds is read first. */
void link_channel(int fd);
/* The last event that is on the disk: those behind it are wanted. Also when it was another one before: the database is not the
 * one that it was. */
void link_ready(uint64_t seq);
/* No events are wanted for the time being; what the broker asks comes all the same. Off: those behind the last one that was
 * taken. The ring keeps them, as long as it can. */
void link_hold(bool on);
/* The database has numbers that the journal has not come to yet: no event of it is taken. */
bool link_ahead(void);
/* The last event that was taken. */
uint64_t link_seq(void);
/* A frame to the broker; dropped when there is none: what it asked died with it. Sent by link_flush. */
void link_send(const void *frame, size_t len);
void link_flush(void);
/* All that the broker had to say has been read, and its end is closed. */
bool link_ended(void);

#endif
