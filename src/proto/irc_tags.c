/* irc_tags.c - message tags of irc.h: keys, escapes, and which of a client's may go to others.
 *
 * Runs in the worker. A client may send 1,365 tags in a line, so that nothing here may look at
 * each of them for each of them.
 */
#include "config.h"
#include "proto/irc.h"

#include <string.h>

#include "lib/text.h"

/* --- walking ------------------------------------------------------------------------------- */

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* [ '+' ] [ vendor '/' ] name: the vendor is a host's name, the name has letters, digits, '-'. */
static bool
key_ok(struct str key)
{
	size_t begin = key.n > 0 && key.p[0] == '+' ? 1 : 0, i;

	for (i = begin; i < key.n && (is_alnum(key.p[i]) || key.p[i] == '-' || key.p[i] == '.');
	     i++)
		;
	if (i < key.n && key.p[i] == '/' && i > begin)
		begin = i + 1;
	else if (i < key.n)
		return false;
	for (i = begin; i < key.n && (is_alnum(key.p[i]) || key.p[i] == '-'); i++)
		;
	return i == key.n && i > begin;
}

/* s up to the first c, which is dropped, and what comes after it. */
static struct str
split(struct str s, char c, struct str *after_r)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
	size_t n;

	if (at == NULL) {
		*after_r = (struct str){s.p + s.n, 0};
		return s;
	}
	n = at - s.p;
	*after_r = (struct str){at + 1, s.n - n - 1};
	return (struct str){s.p, n};
}

bool
irc_tag_next(struct str *rest, struct irc_tag *t)
{
	while (rest->n > 0) {
		struct str tag = split(*rest, ';', rest);

		t->key = split(tag, '=', &t->value);
		if (key_ok(t->key))
			return true;
	}
	return false;
}

bool
irc_tag_find(struct str tags, const char *key, struct str *value_r)
{
	struct str wanted = str_of(key);
	struct irc_tag t;
	bool found = false;

	while (irc_tag_next(&tags, &t))
		if (str_eq(t.key, wanted)) {
			*value_r = t.value;
			found = true;
		}
	return found;
}

/* --- escapes ------------------------------------------------------------------------------- */

/* The letter that stands for c after a '\', or 0. */
static char
escape_of(char c)
{
	switch (c) {
	case ';':
		return ':';
	case ' ':
		return 's';
	case '\\':
		return '\\';
	case '\r':
		return 'r';
	case '\n':
		return 'n';
	default:
		return '\0';
	}
}

/* What '\' and c stand for: c itself if they are no escape. */
static char
escaped_by(char c)
{
	switch (c) {
	case ':':
		return ';';
	case 's':
		return ' ';
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	default:
		return c;
	}
}

size_t
irc_tag_unescape(struct str value, char *out, size_t cap)
{
	size_t w = 0;

	for (size_t i = 0; i < value.n && w < cap; i++) {
		char c = value.p[i];

		if (c == '\\') {
			if (++i == value.n)
				break;
			c = escaped_by(value.p[i]);
		}
		out[w++] = c;
	}
	return w;
}

/* The w bytes at out end with bytes of the character that next is a part of: without them. */
static size_t
whole_chars(const char *out, size_t w, char next)
{
	if (((unsigned char)next & 0xc0) != 0x80)
		return w;
	for (unsigned i = 0; i < 3 && w > 0; i++)
		if (((unsigned char)out[--w] & 0xc0) != 0x80)
			break;
	return w;
}

size_t
irc_tag_escape(struct str text, char *out, size_t cap)
{
	size_t w = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i], e = escape_of(c);

		if (w + (e != '\0' ? 2 : 1) > cap)
			return whole_chars(out, w, c);
		if (e != '\0')
			out[w++] = '\\';
		out[w++] = e != '\0' ? e : c;
	}
	return w;
}

/* --- what may be relayed ------------------------------------------------------------------- */

/* A client-only tag has at least three bytes, "+k" and the ';'. */
#define TAGS_MAX (IRC_CLIENT_TAGS_MAX / 3 + 1)
#define SLOTS_MIN 64
#define SLOTS_MAX 4096

_Static_assert(SLOTS_MAX >= 2 * TAGS_MAX, "never more than half full");

/* The keys seen so far: open addressing. Keys that were chosen to collide cost their sender's line
 * some hundred microseconds at the most. */
struct seen {
	size_t slots; /* a power of two */
	struct seen_key {
		uint16_t at, n; /* in the tags; n 0: free */
		uint16_t number; /* of the last tag with this key */
	} slot[SLOTS_MAX];
	uint8_t beaten[TAGS_MAX]; /* by number: a later one has the same key */
};

static void
seen_init(struct seen *s, size_t tags_len)
{
	size_t tags = tags_len / 3 + 1;

	s->slots = SLOTS_MIN;
	while (s->slots < 2 * tags)
		s->slots *= 2;
	memset(s->slot, 0, s->slots * sizeof(s->slot[0]));
	memset(s->beaten, 0, tags);
}

static uint32_t
hash(struct str key)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 16777619u;
	return h ^ h >> 15;
}

static void
seen_add(struct seen *s, struct str tags, struct str key, unsigned number)
{
	size_t i = hash(key);
	struct seen_key *k;

	for (;; i++) {
		k = &s->slot[i & (s->slots - 1)];
		if (k->n == 0)
			break;
		if (k->n == key.n && memcmp(tags.p + k->at, key.p, key.n) == 0) {
			s->beaten[k->number] = true;
			break;
		}
	}
	*k = (struct seen_key){.at = key.p - tags.p, .n = key.n, .number = number};
}

/* The next one that others may be shown. */
static bool
next_relayed(struct str *rest, struct irc_tag *t)
{
	while (irc_tag_next(rest, t))
		if (t->key.p[0] == '+' && text_is_clean(t->value.p, t->value.n, 0) &&
		    (t->value.n == 0 || memchr(t->value.p, ' ', t->value.n) == NULL))
			return true;
	return false;
}

static size_t
put(char *out, size_t w, struct str s)
{
	memcpy(out + w, s.p, s.n);
	return w + s.n;
}

/* The value with only those escapes that are some. */
static size_t
put_value(char *out, size_t w, struct str value)
{
	if (memchr(value.p, '\\', value.n) == NULL)
		return put(out, w, value);
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\\') {
			if (++i == value.n)
				break;
			c = value.p[i];
			if (escaped_by(c) != c || c == '\\')
				out[w++] = '\\';
		}
		out[w++] = c;
	}
	return w;
}

static size_t
put_tag(char *out, size_t w, const struct irc_tag *t)
{
	size_t value;

	if (w > 0)
		out[w++] = ';';
	w = put(out, w, t->key);
	if (t->value.n == 0)
		return w;
	out[w] = '=';
	value = put_value(out, w + 1, t->value);
	/* a lone '\' was all of it */
	return value == w + 1 ? w : value;
}

size_t
irc_tags_relayed(struct str tags, char *out)
{
	struct str rest = tags;
	struct irc_tag t;
	struct seen s;
	unsigned number = 0;
	size_t w = 0;

	if (tags.n == 0 || tags.n > IRC_CLIENT_TAGS_MAX || memchr(tags.p, '+', tags.n) == NULL)
		return 0;
	seen_init(&s, tags.n);
	while (next_relayed(&rest, &t))
		seen_add(&s, tags, t.key, number++);
	rest = tags;
	number = 0;
	while (next_relayed(&rest, &t))
		if (!s.beaten[number++])
			w = put_tag(out, w, &t);
	return w;
}
