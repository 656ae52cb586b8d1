/* storeend.h - the test as chatd-store, at the other end of the broker's channel. */
#ifndef TESTS_UNIT_STOREEND_H
#define TESTS_UNIT_STOREEND_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* A store that has taken everything up to the last event, and has said hello; store.enabled is on from now on. */
void storeend_open(void);
void storeend_close(void);
/* What the broker has sent since the last call, frames one after the other; valid until the next call. */
struct str storeend_read(void);
/* The first frame of this type among what it has sent and what comes now, all before it is skipped. Aborts if none comes. */
const void *storeend_next(unsigned type, size_t *len_r);
/* That frame, decoded. */
#define STORE_ASKED(name_) \
	({ \
		struct m_##name_ a_; \
		size_t n_; \
		const void *f_ = storeend_next(MSG_##name_, &n_); \
		ck_assert(m_##name_##_get(f_, n_, &a_)); \
		a_; \
	})
/* Say something; the broker has heard it. */
void storeend_say(const void *frame, size_t len);
#define STORE_SAYS(name_, ...) \
	({ \
		static char o_[IPC_FRAME_MAX]; \
		struct m_##name_ w_ = {__VA_ARGS__}; \
		storeend_say(o_, m_##name_##_put(o_, sizeof(o_), &w_)); \
	})

/* An account in the registry, and a user who is logged in to it. */
uint64_t storeend_account(const char *name);
void storeend_logged_in(uint64_t user, const char *account);

#endif
