/* reached.h - how far and how well the writer is, for the threads that answer questions. */
#ifndef STORE_REACHED_H
#define STORE_REACHED_H

#include <stdbool.h>
#include <stdint.h>

struct thread;

/* The writer: all events up to seq have been committed. */
void reached_set(uint64_t seq);
/* The last one. */
uint64_t reached(void);
/* Wait until all events up to seq have been committed, at most ms. False: they have not; what there is may be
 * answered from all the same. */
bool reached_wait(uint64_t seq, unsigned ms);

/* The writer: why it cannot write; empty: it can. The others: the same, into out, of REACHED_WHY bytes. */
#define REACHED_WHY 256
void reached_stuck(const char *why);
/* A thread that answers questions: why the last one could not be (empty: it was). The log has one line of it for all threads,
 * until the writer can write again, or no question has failed for a minute: of a damaged file some parts can be read. */
void reached_unread(struct thread *t, const char *why);
void reached_why(char out[REACHED_WHY]);

#endif
