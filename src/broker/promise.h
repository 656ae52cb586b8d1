/* promise.h - bytes that uploads under way may still bring: they count as if they were there, so that several at the same time do
 * not go beyond a quota together.
 *
 * Of this broker alone: what was promised by one before counts when it is shared.
 */
#ifndef BROKER_PROMISE_H
#define BROKER_PROMISE_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* The upload of the file id, of an account (0: a guest's), may bring so many bytes; subscriber `sub` takes them. False: too many
 * are under way. */
bool promise_make(const uint8_t id[FILE_ID], uint64_t account, uint64_t bytes, uint32_t sub,
		  uint32_t inc);
/* It has come, of this size, and is told of by the event seq: it counts until the store counts it. */
void promise_kept(const uint8_t id[FILE_ID], uint64_t size, uint64_t seq);
/* It does not come. */
void promise_broken(const uint8_t id[FILE_ID]);
/* The subscriber is gone: nothing comes by it any more. */
void promises_forget(uint32_t sub, uint32_t inc);

/* What is promised to others than id, and not counted by a store that has all events up to `seq`: of the account alone; of all. */
struct promised {
	uint64_t account, total;
};
struct promised promises(const uint8_t id[FILE_ID], uint64_t account, uint64_t seq);

/* Forget everything, for tests. */
void promises_fini(void);

#endif
