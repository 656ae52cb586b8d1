/* options.c - see options.h. */
#include "config.h"

#include "ipc/options.h"

#include <string.h>

#include "ipc/ctl.h"
#include "lib/net.h"
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

static const struct {
	size_t offset, cap;
} lists[] = {
    {offsetof(struct options, control_admin), OPTIONS_LIST_MAX},
    {offsetof(struct options, control_operate), OPTIONS_LIST_MAX},
    {offsetof(struct options, control_read), OPTIONS_LIST_MAX},
    {offsetof(struct options, webirc), WEBIRC_MAX},
    {offsetof(struct options, operators), OPERATORS_MAX},
};

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

bool
options_store(const struct options *o)
{
#ifdef HAVE_SQLITE
	return o->store_enabled != 0;
#else
	(void)o;
	return false;
#endif
}

bool
options_disk(const struct options *o)
{
	return options_store(o) && strcmp(o->store_durability, "disk") == 0;
}

/* What a taken-over process does not have, it cannot give away. */
void
options_for_role(struct options *o, unsigned role)
{
	if (role != ROLE_WORKER) {
		memset(o->irc_password, 0, sizeof(o->irc_password));
		memset(o->webirc, 0, sizeof(o->webirc));
	}
	if (role != ROLE_BROKER)
		memset(o->operators, 0, sizeof(o->operators));
}

/* --- blocks: a line each, fields separated by \x1f ----------------------------------------- */

static bool
add_line(char *out, size_t cap, const struct str *fields, size_t n)
{
	size_t len = strlen(out), need = 1;

	for (size_t i = 0; i < n; i++)
		need += fields[i].n + 1;
	if (len + need > cap)
		return false;
	for (size_t i = 0; i < n; i++)
		len += bprintf(out + len, cap - len, STR_FMT "%c", STR_ARG(fields[i]),
			       i + 1 < n ? '\x1f' : '\n');
	return true;
}

/* Fields that are not there are empty. */
static bool
next_line(struct str *rest, struct str *fields, size_t n)
{
	const char *p = rest->p, *eol = memchr(rest->p, '\n', rest->n);
	size_t len = eol != NULL ? (size_t)(eol - p) : rest->n;

	if (rest->n == 0)
		return false;
	*rest = (struct str){p + len + (eol != NULL), rest->n - len - (eol != NULL)};
	for (size_t i = 0; i < n; i++) {
		const char *sep = memchr(p, '\x1f', len);
		size_t m = sep != NULL ? (size_t)(sep - p) : len;

		fields[i] = (struct str){p, m};
		p += m + (sep != NULL);
		len -= m + (sep != NULL);
	}
	return true;
}

bool
webirc_add(char *out, size_t cap, const struct webirc_block *b)
{
	const struct str fields[] = {b->password, b->name, b->hosts};

	return add_line(out, cap, fields, ARRAY_LEN(fields));
}

bool
webirc_next(struct str *rest, struct webirc_block *b)
{
	struct str f[3];

	if (!next_line(rest, f, ARRAY_LEN(f)))
		return false;
	*b = (struct webirc_block){f[0], f[1], f[2]};
	return true;
}

bool
webirc_has(const struct webirc_block *b, const char *address)
{
	struct str rest = b->hosts, host;
	struct net mine, net;
	char text[64];

	if (!net_parse(address, &mine))
		return false;
	while (str_next(&rest, ',', &host)) {
		bprintf(text, sizeof(text), STR_FMT, STR_ARG(host));
		if (net_parse(text, &net) && net_has(&net, &mine))
			return true;
	}
	return false;
}

bool
operator_add(char *out, size_t cap, const struct operator_block *b)
{
	const struct str fields[] = {b->name, b->hash, b->mask, b->account,
				     str_of(ctl_level_name(b->level))};

	return add_line(out, cap, fields, ARRAY_LEN(fields));
}

bool
operator_next(struct str *rest, struct operator_block *b)
{
	struct str f[5];

	if (!next_line(rest, f, ARRAY_LEN(f)))
		return false;
	*b = (struct operator_block){f[0], f[1], f[2], f[3], LEVEL_NONE};
	for (unsigned l = LEVEL_READ; l <= LEVEL_ADMIN; l++) {
		if (str_eq(f[4], str_of(ctl_level_name(l))))
			b->level = (enum admin_level)l;
	}
	return true;
}

/* --- on the wire ---------------------------------------------------------------------------- */

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
		if (!put_str(&p, end, (const char *)o + lists[i].offset))
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
		if (!get_str(&p, end, (char *)o + lists[i].offset, lists[i].cap))
			return false;
	}
	return p == end;
}
