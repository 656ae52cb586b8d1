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

/* One more of the configuration's operators. */
void authend_block(const char *name, const char *hash, const char *mask, const char *account,
		   unsigned level);
/* OPER; the event that it ended in. */
unsigned authend_oper(unsigned sub, uint64_t user, const char *name, const char *password);

#endif
