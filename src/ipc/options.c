/* options.c - see options.h. */
#include "config.h"

#include "ipc/options.h"

#include <string.h>

#include "lib/util.h"

const struct option_row option_rows[] = {
#define OPT_STR(path, field, max, def, when, help) \
	{path, OPTION_STR, offsetof(struct options, field), 0, max, def, 0, OPTION_##when, help},
#define OPT_INT(path, field, min, max, def, when, help) \
	{path,          OPTION_INT, offsetof(struct options, field), min, max, NULL, def, \
	 OPTION_##when, help},
#include "ipc/options.def"
#undef OPT_STR
#undef OPT_INT
};
const size_t option_count = ARRAY_LEN(option_rows);

static const size_t lists[] = {offsetof(struct options, control_admin),
			       offsetof(struct options, control_operate),
			       offsetof(struct options, control_read)};

void
options_defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *r = &option_rows[i];

		if (r->type == OPTION_INT)
			memcpy((char *)o + r->offset, &r->def_int, sizeof(uint64_t));
		else
			bprintf((char *)o + r->offset, r->max + 1, "%s", r->def_str);
	}
}

static bool
put_str(char **p, char *end, const char *s)
{
	size_t n = strlen(s) + 1;

	if ((size_t)(end - *p) < n)
		return false;
	memcpy(*p, s, n);
	*p += n;
	return true;
}

/* Strings end with NUL, numbers are eight bytes; the order is the table's. */
size_t
options_put(const struct options *o, void *buf, size_t cap)
{
	char *p = buf, *end = p + cap;

	for (size_t i = 0; i < option_count; i++) {
		const char *field = (const char *)o + option_rows[i].offset;

		if (option_rows[i].type == OPTION_STR) {
			if (!put_str(&p, end, field))
				return 0;
		} else {
			if (end - p < 8)
				return 0;
			memcpy(p, field, 8);
			p += 8;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (!put_str(&p, end, (const char *)o + lists[i]))
			return 0;
	}
	return (size_t)(p - (char *)buf);
}

static bool
get_str(const char **p, const char *end, char *out, size_t cap)
{
	size_t left = (size_t)(end - *p), n = strnlen(*p, left);

	if (n == left || n >= cap)
		return false;
	memcpy(out, *p, n + 1);
	*p += n + 1;
	return true;
}

bool
options_get(struct options *o, const void *buf, size_t n)
{
	const char *p = buf, *end = p + n;

	memset(o, 0, sizeof(*o));
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *r = &option_rows[i];
		char *field = (char *)o + r->offset;

		if (r->type == OPTION_STR) {
			if (!get_str(&p, end, field, r->max + 1))
				return false;
		} else {
			uint64_t v;

			if (end - p < 8)
				return false;
			memcpy(&v, p, 8);
			if (v < r->min || v > r->max)
				return false;
			memcpy(field, &v, 8);
			p += 8;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (!get_str(&p, end, (char *)o + lists[i], OPTIONS_LIST_MAX))
			return false;
	}
	return p == end;
}
