/* cap.c - see cap.h. */
#include "config.h"

#include "worker/irc/cap.h"

#include <string.h>

#include "ipc/ipc.h"
#include "lib/util.h"
#include "worker/irc/render.h"

static const struct {
	const char *name;
	uint8_t cls;
} caps[CAP_NTH_COUNT] = {
#define X(bit, name, cls) {name, cls},
    IRC_CAPS(X)
#undef X
};

/* What needs the store, a setting, or has not been asked for by anybody yet. */
#define NOT_OFFERED \
	(CAP_SASL | CAP_CHATHISTORY | CAP_EVENT_PLAYBACK | CAP_READ_MARKER | CAP_REGISTRATION | \
	 CAP_STS)

uint8_t
cap_class(uint32_t have)
{
	uint8_t cls = 0;

	if (!(have & CAP_BATCH)) /* which it depends on */
		have &= ~(uint32_t)CAP_MULTILINE;
	for (unsigned i = 0; i < CAP_NTH_COUNT; i++) {
		if (have & 1u << i)
			cls |= caps[i].cls;
	}
	return cls;
}

uint32_t
cap_offered(void)
{
	return ((1u << CAP_NTH_COUNT) - 1) & ~(uint32_t)NOT_OFFERED;
}

uint32_t
cap_bit(struct str name)
{
	for (unsigned i = 0; i < CAP_NTH_COUNT; i++) {
		if (str_eq(str_of(caps[i].name), name))
			return cap_offered() & 1u << i;
	}
	return 0;
}

size_t
cap_put(unsigned nth, bool with_value, char *out, size_t cap)
{
	size_t n = bprintf(out, cap, "%s", caps[nth].name);

	if (with_value && nth == CAP_NTH_MULTILINE)
		n += bprintf(out + n, cap - n, "=max-bytes=%d,max-lines=%d", IRC_MULTI_BYTES,
			     TEXT_LINES_MAX);
	return n;
}
