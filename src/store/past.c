/* past.c - see past.h. */
#include "config.h"

#include "store/past.h"

#include <string.h>

#include "lib/util.h"

/* What people write may have it (in IRC it underlines), a name or a number cannot: so only the last field is anybody's words, and it
 * ends where the data does. */
#define SEP '\x1f'

static size_t
append(char out[PAST_MAX], size_t at, struct str s)
{
	size_t n = MIN(s.n, PAST_MAX - at);

	if (n > 0)
		memcpy(out + at, s.p, n);
	return at + n;
}

/* Fields one behind the other. */
static size_t
fields(const struct str *f, size_t n, char out[PAST_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			len = append(out, len, (struct str){(const char[]){SEP}, 1});
		len = append(out, len, f[i]);
	}
	return len;
}

static struct str
decimal(unsigned v, char text[16])
{
	return (struct str){text, bprintf(text, 16, "%u", v)};
}

/* What is kept of an event m: its fields. */
#define PUT(name_, ...) \
	static size_t put_##name_(const void *frame, size_t len, char out[PAST_MAX]) \
	{ \
		struct m_##name_ m; \
\
		if (!m_##name_##_get(frame, len, &m)) \
			return 0; \
		const struct str f[] = {__VA_ARGS__}; \
		return fields(f, ARRAY_LEN(f), out); \
	}
PUT(e_join, decimal(m.flags, (char[16]){0}), m.real)
PUT(e_part, m.reason)
PUT(e_quit, decimal(m.why, (char[16]){0}), m.by, m.reason)
PUT(e_nick, m.name, m.real)
PUT(e_kick, m.name, m.reason)
PUT(e_topic, m.text)
PUT(e_mode, m.changes)
PUT(e_rename, m.room_name, m.to, m.reason)

static const struct {
	unsigned type;
	size_t (*put)(const void *frame, size_t len, char out[PAST_MAX]);
} kinds[] = {
    {MSG_e_join, put_e_join}, {MSG_e_part, put_e_part},     {MSG_e_quit, put_e_quit},
    {MSG_e_nick, put_e_nick}, {MSG_e_kick, put_e_kick},     {MSG_e_topic, put_e_topic},
    {MSG_e_mode, put_e_mode}, {MSG_e_rename, put_e_rename},
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
past_rest(struct str data, unsigned i)
{
	for (; i > 0; i--) {
		const char *end = data.n > 0 ? memchr(data.p, SEP, data.n) : NULL;

		if (end == NULL)
			return STR_LIT("");
		data.n -= (size_t)(end + 1 - data.p);
		data.p = end + 1;
	}
	return data;
}

struct str
past_field(struct str data, unsigned i)
{
	struct str rest = past_rest(data, i);
	const char *end = rest.n > 0 ? memchr(rest.p, SEP, rest.n) : NULL;

	return (struct str){rest.p, end != NULL ? (size_t)(end - rest.p) : rest.n};
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
