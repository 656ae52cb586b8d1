/* reached.h - how far the writer is, for the threads that answer questions. */
#ifndef STORE_REACHED_H
#define STORE_REACHED_H

#include <stdbool.h>
#include <stdint.h>

/* The writer: all events up to seq have been committed. */
void reached_set(uint64_t seq);
/* The last one. */
uint64_t reached(void);
/* Wait until all events up to seq have been committed, at most ms. False: they have not; what there is may be
 * answered from all the same. */
bool reached_wait(uint64_t seq, unsigned ms);

#endif
