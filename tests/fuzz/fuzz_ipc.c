/* fuzz_ipc.c - every decoder of messages between processes.
 *
 * The input is a stream of frames as a hostile process could write it. What a decoder accepts must
 * encode to the same bytes again, and no decoder but the frame's own may accept it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ipc/ipc.h"
#include "ipc/options.h"
#include "lib/util.h"

static char again[IPC_FRAME_MAX];

#define IPC_MSG(name, id, from, to, fds, FIELDS) \
	static bool try_##name(const void *frame, size_t len) \
	{ \
		struct m_##name m; \
		if (!m_##name##_get(frame, len, &m)) \
			return false; \
		CHECK(m_##name##_put(again, sizeof(again), &m) == len && \
		      memcmp(frame, again, len) == 0); \
		return true; \
	}
#include "ipc/msgs.def"
#undef IPC_MSG

static bool (*const tries[])(const void *, size_t) = {
#define IPC_MSG(name, id, from, to, fds, FIELDS) try_##name,
#include "ipc/msgs.def"
#undef IPC_MSG
};

static void
one_frame(const char *frame, size_t len)
{
	unsigned accepted = 0;
	struct m_options o;
	struct ev_head h;

	for (size_t i = 0; i < ARRAY_LEN(tries); i++)
		accepted += tries[i](frame, len);
	CHECK(accepted <= 1);
	ev_head_get(frame, len, &h);
	if (m_options_get(frame, len, &o)) {
		static struct options opt;

		options_get(&opt, o.data.p, o.data.n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a copy of the exact size, so that reading past the end is seen */
	char *p = malloc(size ? size : 1);
	ssize_t n;

	memcpy(p, data, size);
	for (size_t at = 0; (n = ipc_frame(p + at, size - at)) > 0; at += (size_t)n)
		one_frame(p + at, (size_t)n);
	free(p);
	return 0;
}
