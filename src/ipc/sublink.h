/* sublink.h - a subscriber's end of its channel to the broker: requests out, events in,
 * each exactly once however often the broker dies.
 *
 * Every request gets the next serial and is kept until the event with (our incarnation, that
 * serial) has come. After a broker's death the master hands over a new channel; the two say
 * hello and each resends what the other has not got. The owner sees none of this: requests
 * go in, events come out, in the journal's order, none twice.
 */
#ifndef IPC_SUBLINK_H
#define IPC_SUBLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct sublink;

/* One event, or an answer that goes beside the journal (q_page, q_gone): the whole frame, valid during the call. own: it ends a
 * request of ours. */
typedef void sublink_event_fn(const void *frame, size_t len, bool own, void *arg);

/* inc: our incarnation. No channel yet: requests are kept until there is one. The channel is
 * the loop's first descriptor (loop_first). Call sublink_flush in an end-of-turn function. */
struct sublink *sublink_new(struct loop *loop, uint32_t inc, sublink_event_fn *fn, void *arg);

/* A new channel from the master (fd is ours from now on). What the old one still holds is read
 * first. */
void sublink_channel(struct sublink *s, int fd);

/* A frame made by m_r_X_put, with any serial: it is given the next one, which is returned.
 * The frame is copied. Sent by sublink_flush. */
uint64_t sublink_request(struct sublink *s, void *frame, size_t len);

/* Like m_r_X_put into memory that is sent without another copy: room for IPC_FRAME_MAX bytes… */
void *sublink_room(struct sublink *s, size_t need);
/* …of which the frame took len. Returns its serial. */
uint64_t sublink_commit(struct sublink *s, size_t len);

/* Write what is queued, one system call. */
void sublink_flush(struct sublink *s);

/* The sequence number that the present broker began with: events up to it are by those that are dead. */
uint64_t sublink_began(const struct sublink *s);

/* More than 1 MiB of requests unanswered: stop reading clients until it is false again; the
 * owner looks in each turn. */
bool sublink_full(const struct sublink *s);

/* Requests not answered yet. */
size_t sublink_pending(const struct sublink *s);

#endif
