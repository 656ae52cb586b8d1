/* past.c - see past.h. */
#include "config.h"

#include "store/past.h"

#include "lib/util.h"

/* No field has it: it is a control character. */
#define SEP '\x1f'

static size_t
whole(struct str s, char out[PAST_MAX])
{
	size_t n = MIN(s.n, (size_t)PAST_MAX);

	if (n > 0)
		memcpy(out, s.p, n);
	return n;
}

static size_t
put_JOIN(const void *frame, size_t len, char out[PAST_MAX])
{
	struct m_e_join m;

	return m_e_join_get(frame, len, &m)
		   ? bprintf(out, PAST_MAX, "%u%c" STR_FMT, m.flags, SEP, STR_ARG(m.real))
		   : 0;
}

static size_t
put_PART(const void *frame, size_t len, char out[PAST_MAX])
{
	struct m_e_part m;

	return m_e_part_get(frame, len, &m) ? whole(m.reason, out) : 0;
}

static size_t
put_QUIT(const void *frame, size_t len, char out[PAST_MAX])
{
	struct m_e_quit m;

	return m_e_quit_get(frame, len, &m)
		   ? bprintf(out, PAST_MAX, "%u%c" STR_FMT "%c" STR_FMT, m.why, SEP, STR_ARG(m.by),
			     SEP, STR_ARG(m.reason))
		   : 0;
}

static size_t
put_NICK(const void *frame, size_t len, char out[PAST_MAX])
{
	struct m_e_nick m;

	return m_e_nick_get(frame, len, &m) ? bprintf(out, PAST_MAX, STR_FMT "%c" STR_FMT,
						      STR_ARG(m.name), SEP, STR_ARG(m.real))
					    : 0;
}

static size_t
put_KICK(const void *frame, size_t len, char out[PAST_MAX])
{
	struct m_e_kick m;

	return m_e_kick_get(frame, len, &m) ? bprintf(out, PAST_MAX, STR_FMT "%c" STR_FMT,
						      STR_ARG(m.name), SEP, STR_ARG(m.reason))
					    : 0;
}

static size_t
put_TOPIC(const void *frame, size_t len, char out[PAST_MAX])
{
	struct m_e_topic m;

	return m_e_topic_get(frame, len, &m) ? whole(m.text, out) : 0;
}

static size_t
put_MODE(const void *frame, size_t len, char out[PAST_MAX])
{
	struct m_e_mode m;

	return m_e_mode_get(frame, len, &m) ? whole(m.changes, out) : 0;
}

static size_t
put_RENAME(const void *frame, size_t len, char out[PAST_MAX])
{
	struct m_e_rename m;

	return m_e_rename_get(frame, len, &m)
		   ? bprintf(out, PAST_MAX, STR_FMT "%c" STR_FMT "%c" STR_FMT, STR_ARG(m.room_name),
			     SEP, STR_ARG(m.to), SEP, STR_ARG(m.reason))
		   : 0;
}

static const struct {
	unsigned type;
	size_t (*put)(const void *frame, size_t len, char out[PAST_MAX]);
} kinds[] = {
    {MSG_e_join, put_JOIN}, {MSG_e_part, put_PART},     {MSG_e_quit, put_QUIT},
    {MSG_e_nick, put_NICK}, {MSG_e_kick, put_KICK},     {MSG_e_topic, put_TOPIC},
    {MSG_e_mode, put_MODE}, {MSG_e_rename, put_RENAME},
};

size_t
past_put(const void *frame, size_t len, char out[PAST_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].type == ipc_type(frame))
			return kinds[i].put(frame, len, out);
	}
	return 0;
}

struct str
past_field(struct str data, unsigned i)
{
	for (;; i--) {
		const char *end = data.n > 0 ? memchr(data.p, SEP, data.n) : NULL;

		if (i == 0)
			return (struct str){data.p, end != NULL ? (size_t)(end - data.p) : data.n};
		if (end == NULL)
			return STR_LIT("");
		data.n -= (size_t)(end + 1 - data.p);
		data.p = end + 1;
	}
}

unsigned
past_number(struct str data, unsigned i)
{
	struct str s = past_field(data, i);
	unsigned v = 0;

	for (size_t k = 0; k < s.n && k < 9 && s.p[k] >= '0' && s.p[k] <= '9'; k++)
		v = v * 10 + (unsigned)(s.p[k] - '0');
	return v;
}
