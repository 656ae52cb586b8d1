/* writer.h - the thread that writes: takes events in groups, a group is one transaction together with the number of its
 * last event, and changes what it is asked to change. Nothing is answered before it is on the disk.
 *
 * What cannot be written now (disk full, error, locked) is kept and tried again; the broker is told, and the log once.
 * A database that is damaged is left as it is, looked at again now and then, and nothing is kept meanwhile.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "store/thread.h"

struct registry;

/* It answers s_state first of all: with the number of the last event that is in the database; or STORE_UNUSABLE. */
extern const struct thread_role writer_role;
/* Before it is started. reg NULL: none (tests). epoch: of the sequence numbers. */
void writer_init(const struct registry *reg, uint64_t epoch);
/* Any thread: bytes that it has taken out of its inbox and not written yet. */
size_t writer_pending(void);

/* The same without a thread, for tests: answers go to fn. */
void writer_open_here(thread_answer_fn *fn);
void writer_take_here(const void *frame, size_t len);
/* Write what was taken; milliseconds until it wants to be called again. */
uint64_t writer_rest_here(void);
/* Its clock goes on by so many milliseconds at once. */
void writer_later_here(uint64_t ms);
void writer_close_here(void);

#endif
