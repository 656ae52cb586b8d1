/* ask.h - questions about what was said: s_query -> s_page, s_message -> s_page.
 *
 * A thread of its own with a connection that only reads: a question costs the writer and the loop nothing. It is
 * answered from one state of the database, in which all is committed that was told before the question came; it has a
 * limit of time and of rows, and its answer is one frame. What may be asked the broker has decided: nothing is read of a place
 * that the question does not name.
 */
#ifndef STORE_ASK_H
#define STORE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ask;
struct thread_role;

/* The threads: their frames are s_query and s_message, and wait until what came before them is committed. One is for what
 * takes some time now and then (ask_takes_long), so that nobody who opens a room waits for somebody's search. */
extern const struct thread_role ask_role, search_role;
bool ask_takes_long(const void *frame, size_t len);

/* Without a thread. file: the database, opened when it is first needed, and again after an error. epoch: the present
 * registry's. */
struct ask *ask_new(const char *file, uint64_t epoch);
void ask_free(struct ask *a);
/* Answer a question within ms into out (IPC_FRAME_MAX); the length, 0: it is no question. A database that cannot be read is
 * ERR_STORE_AWAY. */
size_t ask_answer(struct ask *a, const void *frame, size_t len, uint64_t ms, char *out);
/* Why the last answer was ERR_STORE_AWAY; empty: it was none. */
const char *ask_why(const struct ask *a);

#endif
