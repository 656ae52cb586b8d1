/* authend.h - the test as the auth process at the other end of the broker's channel, and the command OPER. */
#ifndef TESTS_UNIT_AUTHEND_H
#define TESTS_UNIT_AUTHEND_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* An auth process with that index and incarnation; our end of its channel, the caller's to close. */
int authend_open(unsigned index, uint32_t inc);
/* What it has been asked, which must be there; the strings live until the next call. */
struct m_a_check authend_asked(int fd);
/* What it says to that; the broker has heard it. */
void authend_answer(int fd, uint32_t ticket, bool ok);

/* The next frame that it has been asked, which must be of this type; valid until the next call. */
const void *authend_frame(int fd, unsigned type, size_t *len_r);
#define AUTH_ASKED(fd_, name_) \
	({ \
		struct m_##name_ a_; \
		size_t n_; \
		const void *f_ = authend_frame(fd_, MSG_##name_, &n_); \
		ck_assert(m_##name_##_get(f_, n_, &a_)); \
		a_; \
	})
/* It says this; the broker has heard it. */
void authend_say(int fd, const void *frame, size_t len);
#define AUTH_SAYS(fd_, name_, ...) \
	({ \
		static char o_[IPC_FRAME_MAX]; \
		struct m_##name_ w_ = {__VA_ARGS__}; \
		authend_say(fd_, o_, m_##name_##_put(o_, sizeof(o_), &w_)); \
	})

/* One more of the configuration's operators. */
void authend_block(const char *name, const char *hash, const char *mask, const char *account,
		   unsigned level);
/* OPER; the event that it ended in. */
unsigned authend_oper(unsigned sub, uint64_t user, const char *name, const char *password);

#endif
