/* bygone.h - a history to ask about, in a database of the test's own, written by the store's own writer. */
#ifndef TESTS_BYGONE_H
#define TESTS_BYGONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* Wall ms of an event that the test gives no other: a second from one to the next. */
#define BYGONE_TIME(seq) (UINT64_C(1700000000000) + 1000 * (uint64_t)(seq))

/* An empty database in a directory of its own, which is the working directory then, all settings as they are without a
 * configuration. And away with all of it. */
void bygone_open(void);
void bygone_close(void);
/* That directory. */
const char *bygone_dir(void);
/* A frame to the writer. */
void bygone_take(const void *frame, size_t len);
/* What was taken is committed, and, as there is time, indexed. */
void bygone_commit(void);
/* The last s_ message that the writer has answered, but s_state; its length. */
size_t bygone_answer(char *out);

/* An event, its fields as an initializer; at is BYGONE_TIME of its number if it is not given. */
#define BYGONE(name_, ...) \
	do { \
		struct m_e_##name_ m_ = {__VA_ARGS__}; \
		char f_[IPC_FRAME_MAX]; \
		if (m_.at == 0) \
			m_.at = BYGONE_TIME(m_.seq); \
		bygone_take(f_, m_e_##name_##_put(f_, sizeof(f_), &m_)); \
	} while (0)
#define S(s) str_of(s)

/* A new account, committed; its id. */
uint64_t bygone_account(const char *name);

#endif
