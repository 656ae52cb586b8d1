/* IRC's forms: lines, tags, escapes, cuts, CTCP, modes, times and ids. Each input is taken for
 * each of them in turn, and what comes out keeps what the header says of it.
 *
 * Input: one byte, a number (how much room, where to cut), then the text. */
#include "config.h"

#include <stdbool.h>

#include "fuzz.h"
#include "lib/text.h"
#include "lib/util.h"
#include "proto/irc.h"

/* What looks at each tag for each tag does so for texts up to here only. */
#define SQUARE_MAX 160

static void
check_inside(struct str s, struct str in)
{
	FUZZ_ASSERT(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

static bool
has(struct str s, char c)
{
	return s.n > 0 && memchr(s.p, c, s.n) != NULL;
}

static bool
clean(struct str s)
{
	return text_is_clean(s.p, s.n, 0);
}

/* --- lines --------------------------------------------------------------------------------- */

/* Bytes of "@tags " that the line begins with, its leading spaces not among them. */
static size_t
tag_section(struct str line)
{
	size_t i = 0, n = 0;

	while (i < line.n && line.p[i] == ' ')
		i++;
	if (i == line.n || line.p[i] != '@')
		return 0;
	while (i + n < line.n && line.p[i + n] != ' ')
		n++;
	return n + 1;
}

static void
check_refusal(struct str line, enum irc_parse is, const struct irc_msg *m)
{
	size_t tags = tag_section(line), spaces = 0;

	while (spaces < line.n && line.p[spaces] == ' ')
		spaces++;
	FUZZ_ASSERT((is == IRC_PARSE_EMPTY) == (spaces == line.n));
	if (is == IRC_PARSE_EMPTY)
		return;
	FUZZ_ASSERT((is == IRC_PARSE_TAGS_LONG) == (tags > IRC_CLIENT_TAGS_MAX));
	if (is == IRC_PARSE_OK)
		FUZZ_ASSERT(line.n - tags <= IRC_BODY_MAX && !has(line, '\0'));
	if (is == IRC_PARSE_LONG)
		FUZZ_ASSERT(line.n - tags > IRC_BODY_MAX);
	if (is == IRC_PARSE_BAD)
		FUZZ_ASSERT(has(line, '\0') || tags > 0 || line.p[spaces] == ':');
	if (is != IRC_PARSE_OK)
		FUZZ_ASSERT(m->n == 0 && m->cmd.n == 0 && m->param[0].n == 0);
}

static size_t
put(char *out, size_t w, struct str s)
{
	memcpy(out + w, s.p, s.n);
	return w + s.n;
}

/* The message as a line with nothing in it that need not be: never longer than it was. */
static size_t
join(const struct irc_msg *m, char *out)
{
	size_t w = 0;

	if (m->tags.p != NULL) {
		out[w++] = '@';
		w = put(out, w, m->tags);
		out[w++] = ' ';
	}
	if (m->source.p != NULL) {
		out[w++] = ':';
		w = put(out, w, m->source);
		out[w++] = ' ';
	}
	w = put(out, w, m->cmd);
	for (unsigned i = 0; i < m->n; i++) {
		out[w++] = ' ';
		if (m->trailing && i == m->n - 1)
			out[w++] = ':';
		w = put(out, w, m->param[i]);
	}
	return w;
}

static void
check_parts(struct str line, const struct irc_msg *m)
{
	const char *last = line.p;

	check_inside(m->tags, line);
	check_inside(m->source, line);
	check_inside(m->cmd, line);
	FUZZ_ASSERT(m->cmd.n > 0 && m->n <= IRC_PARAMS_MAX);
	FUZZ_ASSERT(!has(m->tags, ' ') && !has(m->source, ' ') && !has(m->cmd, ' '));
	for (unsigned i = 0; i < IRC_PARAMS_MAX; i++) {
		struct str p = m->param[i];

		check_inside(p, line);
		if (i >= m->n) {
			FUZZ_ASSERT(p.n == 0);
			continue;
		}
		FUZZ_ASSERT(p.p > last);
		last = p.p;
		if (i == m->n - 1 && (m->trailing || m->n == IRC_PARAMS_MAX))
			continue;
		FUZZ_ASSERT(p.n > 0 && p.p[0] != ':' && !has(p, ' '));
	}
	if (m->trailing)
		FUZZ_ASSERT(m->n > 0 && m->param[m->n - 1].p[-1] == ':' &&
			    m->param[m->n - 1].p + m->param[m->n - 1].n == line.p + line.n);
}

static void
check_again(struct str line, const struct irc_msg *m)
{
	char *out = fuzz_copy("", 0, line.n), *s, *word;
	struct irc_msg again;
	size_t n = join(m, out);

	FUZZ_ASSERT(n <= line.n);
	s = fuzz_copy(out, n, n);
	FUZZ_ASSERT(irc_parse(&again, s, n) == IRC_PARSE_OK);
	FUZZ_ASSERT(str_eq(again.tags, m->tags) && str_eq(again.source, m->source));
	FUZZ_ASSERT(str_eq(again.cmd, m->cmd) && again.n == m->n && again.trailing == m->trailing);
	for (unsigned i = 0; i < m->n; i++)
		FUZZ_ASSERT(str_eq(again.param[i], m->param[i]));
	FUZZ_ASSERT(join(&again, out) == n && memcmp(out, s, n) == 0);

	word = fuzz_copy(m->cmd.p, m->cmd.n, m->cmd.n + 1);
	FUZZ_ASSERT(irc_is(m->cmd, word));
	word[m->cmd.n - 1] ^= 1;
	FUZZ_ASSERT(!irc_is(m->cmd, word));
	free(word);
	free(s);
	free(out);
}

/* --- tags ---------------------------------------------------------------------------------- */

static void
check_walk(struct str tags)
{
	struct str rest = tags;
	struct irc_tag t;
	size_t count = 0;

	while (irc_tag_next(&rest, &t)) {
		check_inside(t.key, tags);
		check_inside(t.value, tags);
		check_inside(rest, tags);
		FUZZ_ASSERT(t.key.n > 0 && !has(t.key, ';') && !has(t.key, '=') && clean(t.key));
		FUZZ_ASSERT(!has(t.value, ';'));
		count++;
	}
	FUZZ_ASSERT(rest.n == 0 && count <= tags.n / 2 + 1);
}

static bool
may_be_relayed(const struct irc_tag *t)
{
	return t->key.p[0] == '+' && clean(t->value) && !has(t->value, ' ');
}

/* Does a tag that may be relayed come in rest with that key? */
static bool
comes_again(struct str rest, struct str key)
{
	struct irc_tag t;

	while (irc_tag_next(&rest, &t))
		if (may_be_relayed(&t) && str_eq(t.key, key))
			return true;
	return false;
}

static bool
same_meaning(struct str a, struct str b)
{
	char *x = fuzz_copy("", 0, a.n), *y = fuzz_copy("", 0, b.n);
	struct str sa = {x, irc_tag_unescape(a, x, a.n)}, sb = {y, irc_tag_unescape(b, y, b.n)};
	bool same = str_eq(sa, sb);

	free(x);
	free(y);
	return same;
}

/* The tags of out are those of tags that may be relayed and do not come again, in that order. */
static void
check_same_tags(struct str tags, struct str out)
{
	struct irc_tag in, t;

	while (irc_tag_next(&tags, &in)) {
		if (!may_be_relayed(&in) || comes_again(tags, in.key))
			continue;
		FUZZ_ASSERT(irc_tag_next(&out, &t));
		FUZZ_ASSERT(str_eq(t.key, in.key) && same_meaning(t.value, in.value));
	}
	FUZZ_ASSERT(out.n == 0);
}

static void
check_relayed(struct str tags)
{
	char *p = fuzz_copy("", 0, tags.n), *q, *key;
	struct str out = {p, irc_tags_relayed(tags, p)}, rest, value;
	struct irc_tag t;
	size_t n;

	FUZZ_ASSERT(out.n <= tags.n && clean(out) && !has(out, ' '));
	q = fuzz_copy("", 0, out.n);
	n = irc_tags_relayed(out, q);
	FUZZ_ASSERT(str_eq(out, (struct str){q, n}));
	if (tags.n <= SQUARE_MAX) {
		check_same_tags(tags, out);
		for (rest = out; irc_tag_next(&rest, &t);) {
			key = fuzz_copy(t.key.p, t.key.n, t.key.n + 1);
			FUZZ_ASSERT(irc_tag_find(out, key, &value) && value.p == t.value.p);
			FUZZ_ASSERT(irc_tag_find(tags, key, &value));
			free(key);
		}
	}
	free(q);
	free(p);
}

/* With a room of cap bytes: all that fits, and nothing in halves. */
static void
check_escape_room(struct str text, size_t cap)
{
	char *p = fuzz_copy("", 0, cap), *q = fuzz_copy("", 0, cap);
	size_t n = irc_tag_escape(text, p, cap), back;

	FUZZ_ASSERT(n <= cap);
	back = irc_tag_unescape((struct str){p, n}, q, cap);
	FUZZ_ASSERT(back <= text.n && (back == 0 || memcmp(q, text.p, back) == 0));
	FUZZ_ASSERT(back == text.n || n + 4 > cap);
	if (text_utf8_ok(text.p, text.n))
		FUZZ_ASSERT(text_utf8_ok(p, n) && text_utf8_ok(q, back));
	n = irc_tag_unescape(text, p, cap);
	FUZZ_ASSERT(n <= cap && n <= text.n);
	free(q);
	free(p);
}

static void
check_escape(struct str text)
{
	char *p = fuzz_copy("", 0, 2 * text.n), *q = fuzz_copy("", 0, 2 * text.n);
	struct str escaped = {p, irc_tag_escape(text, p, 2 * text.n)}, raw;

	FUZZ_ASSERT(escaped.n >= text.n && !has(escaped, ';') && !has(escaped, ' ') &&
		    !has(escaped, '\r') && !has(escaped, '\n'));
	raw = (struct str){q, irc_tag_unescape(escaped, q, escaped.n)};
	FUZZ_ASSERT(str_eq(raw, text));

	/* and the other way round, where only the meaning stays */
	raw = (struct str){q, irc_tag_unescape(text, q, text.n)};
	FUZZ_ASSERT(raw.n <= text.n);
	escaped = (struct str){p, irc_tag_escape(raw, p, 2 * text.n)};
	FUZZ_ASSERT(same_meaning(escaped, text));
	free(q);
	free(p);
}

/* --- cuts, CTCP ---------------------------------------------------------------------------- */

static void
check_cut(struct str text, size_t max)
{
	bool ok = text_utf8_ok(text.p, text.n);

	FUZZ_ASSERT((irc_cut(text, max) == 0) == (text.n == 0));
	while (text.n > 0) {
		size_t n = irc_cut(text, max);

		FUZZ_ASSERT(n > 0 && n <= max && n <= text.n);
		FUZZ_ASSERT(text.n > max || n == text.n);
		FUZZ_ASSERT(!ok || text_utf8_ok(text.p, n));
		/* a word, a colour and sixteen characters of four bytes are what a cut goes back */
		FUZZ_ASSERT(!ok || n == text.n || n + 64 + 14 + 17 * 4 >= max);
		text = (struct str){text.p + n, text.n - n};
	}
}

static void
check_ctcp(struct str text)
{
	struct str word, params;

	if (!irc_ctcp(text, &word, &params)) {
		FUZZ_ASSERT(text.n < 2 || text.p[0] != 1 || text.p[1] == ' ' || text.p[1] == 1);
		return;
	}
	check_inside(word, text);
	check_inside(params, text);
	FUZZ_ASSERT(text.p[0] == 1 && word.p == text.p + 1 && word.n > 0);
	FUZZ_ASSERT(!has(word, ' ') && !has(word, 1));
	if (params.n > 0) {
		size_t left = text.p + text.n - (params.p + params.n);

		FUZZ_ASSERT(params.p == word.p + word.n + 1 && params.p[-1] == ' ');
		FUZZ_ASSERT(left == 0 || (left == 1 && text.p[text.n - 1] == 1));
	}
}

/* --- modes --------------------------------------------------------------------------------- */

static enum irc_mode_type
type_of(char letter)
{
	return letter >= 'a' && letter <= 'z' ? (letter - 'a') % (IRC_MODE_PREFIX + 1)
					      : IRC_MODE_NONE;
}

static void
check_mode(const struct irc_mode *m)
{
	FUZZ_ASSERT(m->letter != '+' && m->letter != '-' && m->type == type_of(m->letter));
	FUZZ_ASSERT(m->has_param || m->param.n == 0);
	if (m->type == IRC_MODE_NONE || m->type == IRC_MODE_D || (m->type == IRC_MODE_C && !m->on))
		FUZZ_ASSERT(!m->has_param);
}

static void
check_modes(const struct str *param, unsigned n)
{
	struct irc_modes w;
	struct irc_mode m;
	size_t letters = 0, all = 0;
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++)
		all += param[i].n;
	irc_modes_begin(&w, param, n);
	while (irc_modes_next(&w, type_of, &m)) {
		unsigned before = taken;

		check_mode(&m);
		FUZZ_ASSERT(w.next >= taken && w.next <= n);
		taken = w.next;
		if (m.has_param)
			FUZZ_ASSERT(taken > before && m.param.p == param[taken - 1].p);
		FUZZ_ASSERT(++letters <= all);
	}
	FUZZ_ASSERT(!irc_modes_next(&w, type_of, &m));
	if (w.next < n)
		FUZZ_ASSERT(n > 0 && (param[w.next].n == 0 ||
				      (param[w.next].p[0] != '+' && param[w.next].p[0] != '-')));
}

/* --- times and ids ------------------------------------------------------------------------- */

static void
check_time(uint64_t ms, struct str text)
{
	const uint64_t max = UINT64_C(253402300799999);
	char out[IRC_TIME_LEN];
	struct str s = {out, sizeof(out)};
	uint64_t got;

	irc_time_put(out, ms);
	FUZZ_ASSERT(irc_time_get(s, &got) && got == MIN(ms, max));
	ms %= max;
	irc_time_put(out, ms);
	FUZZ_ASSERT(irc_time_get(s, &got) && got == ms);
	if (!irc_time_get(text, &got))
		return;
	FUZZ_ASSERT(got <= max + 1000 && text.n >= 20);
	irc_time_put(out, got);
	if (memcmp(text.p + 17, "60", 2) != 0)
		FUZZ_ASSERT(memcmp(text.p, out, 19) == 0);
}

static void
check_msgid(uint64_t a, uint64_t b, struct str text)
{
	char x[IRC_MSGID_LEN], y[IRC_MSGID_LEN];
	uint64_t got;
	int order;

	irc_msgid_put(x, a);
	irc_msgid_put(y, b);
	FUZZ_ASSERT(irc_msgid_get((struct str){x, sizeof(x)}, &got) && got == a);
	order = memcmp(x, y, sizeof(x));
	FUZZ_ASSERT((a < b) == (order < 0) && (a > b) == (order > 0));
	if (!irc_msgid_get(text, &got))
		return;
	irc_msgid_put(x, got);
	FUZZ_ASSERT(str_eq(text, (struct str){x, sizeof(x)}));
}

static void
check_numbers(struct str text)
{
	uint64_t n[2] = {0, 0};

	if (text.n > 0)
		memcpy(n, text.p, MIN(text.n, sizeof(n)));
	check_time(n[0], text);
	check_msgid(n[0], n[1], text);
	check_msgid(n[0], n[0] + 1, text);
}

/* ------------------------------------------------------------------------------------------ */

static void
check_text(struct str text, unsigned number)
{
	check_walk(text);
	check_relayed(text);
	check_escape(text);
	check_escape_room(text, number);
	check_cut(text, 16 + number);
	check_ctcp(text);
	check_modes(&text, text.n > 0);
	check_numbers(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct irc_msg m;
	struct str line;
	enum irc_parse is;

	if (n < 1)
		return 0;
	line = (struct str){fuzz_copy(in + 1, n - 1, n - 1), n - 1};
	memset(&m, 0xee, sizeof(m));
	is = irc_parse(&m, line.p, line.n);
	check_refusal(line, is, &m);
	check_text(line, in[0]);
	if (is == IRC_PARSE_OK) {
		check_parts(line, &m);
		check_again(line, &m);
		if (m.tags.p != NULL) {
			check_walk(m.tags);
			check_relayed(m.tags);
		}
		check_modes(m.param, m.n);
		if (m.n > 0)
			check_text(m.param[m.n - 1], in[0]);
	}
	free((char *)line.p);
	return 0;
}
