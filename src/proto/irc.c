/* irc.c - lines of irc.h taken apart: the grammar, mode strings, CTCP, and where to cut a text.
 *
 * Runs in the worker, on each line that a client sends.  Bytes that strangers chose are only ever
 * pointed at: nothing is copied, nothing is written but the caller's struct, and whatever does not
 * keep to the grammar has an answer of its own in enum irc_parse.
 */
#define _GNU_SOURCE /* memrchr */
#include "config.h"
#include "proto/irc.h"

#include <string.h>

#include "lib/text.h"

#define CTCP_DELIM '\001'

#define COLOUR_BYTES 14 /* "\004ff0000,00ff00" */

/* How far back from a cut a space may be for a word to be kept whole. */
#define CUT_SPACE_NEAR 64

/* --- a line from a client ------------------------------------------------------------------ */

static const char *
skip_spaces(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

/* What *p points at up to a space or the end; *p moves to what comes after the spaces. */
static struct str
word(const char **p, const char *end)
{
	const char *begin = *p, *space = memchr(begin, ' ', end - begin);

	if (space == NULL)
		space = end;
	*p = skip_spaces(space, end);
	return (struct str){begin, space - begin};
}

/* The last of IRC_PARAMS_MAX takes all that is left, ':' or not (RFC 2812 section 2.3.1); without
 * it, spaces at the end belong to nobody. */
static struct str
rest(const char *p, const char *end)
{
	while (end > p && end[-1] == ' ')
		end--;
	return (struct str){p, end - p};
}

static void
parse_params(struct irc_msg *m, const char *p, const char *end)
{
	while (p < end) {
		struct str *param = &m->param[m->n++];

		if (*p == ':') {
			*param = (struct str){p + 1, end - p - 1};
			m->trailing = true;
			break;
		}
		if (m->n == IRC_PARAMS_MAX) {
			*param = rest(p, end);
			break;
		}
		*param = word(&p, end);
	}
}

enum irc_parse
irc_parse(struct irc_msg *m, const char *line, size_t n)
{
	const char *end = line + n, *p = skip_spaces(line, end);
	size_t body = n;

	memset(m, 0, sizeof(*m));
	if (p == end)
		return IRC_PARSE_EMPTY;
	if (*p == '@') {
		p++;
		m->tags = word(&p, end);
		if (m->tags.n > IRC_CLIENT_TAGS_MAX - 2)
			return IRC_PARSE_TAGS_LONG;
		if (p == end)
			return IRC_PARSE_BAD;
		body -= 1 + m->tags.n + 1;
	}
	if (body > IRC_BODY_MAX)
		return IRC_PARSE_LONG;
	if (memchr(line, '\0', n) != NULL)
		return IRC_PARSE_BAD;
	if (*p == ':') {
		p++;
		m->source = word(&p, end);
		if (p == end)
			return IRC_PARSE_BAD;
	}
	m->cmd = word(&p, end);
	parse_params(m, p, end);
	return IRC_PARSE_OK;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

bool
irc_is(struct str s, const char *w)
{
	for (size_t i = 0; i < s.n; i++)
		if (w[i] == '\0' || upper(s.p[i]) != upper(w[i]))
			return false;
	return w[s.n] == '\0';
}

/* --- a text too long for a line ------------------------------------------------------------ */

static size_t
digits(struct str s, size_t at, bool hex)
{
	size_t n = 0, most = hex ? 6 : 2;

	while (n < most && at + n < s.n &&
	       ((s.p[at + n] >= '0' && s.p[at + n] <= '9') ||
		(hex && upper(s.p[at + n]) >= 'A' && upper(s.p[at + n]) <= 'F')))
		n++;
	return n;
}

/* Where the colour code at i is over: "\00312,04", "\004ff0000". */
static size_t
colour_end(struct str s, size_t i)
{
	bool hex = s.p[i] == '\004';
	size_t n = digits(s, i + 1, hex);

	i += 1 + n;
	if (n > 0 && i < s.n && s.p[i] == ',' && (n = digits(s, i + 1, hex)) > 0)
		i += 1 + n;
	return i;
}

/* Where to cut instead when at is within a colour code, whose digits would turn up as text. */
static size_t
before_colour(struct str text, size_t at)
{
	for (size_t i = at; i-- > 1 && at - i < COLOUR_BYTES;) {
		if (text.p[i] == '\003' || text.p[i] == '\004')
			return colour_end(text, i) > at ? i : at;
	}
	return at;
}

size_t
irc_cut(struct str text, size_t max)
{
	const char *space;
	size_t at, near, after;

	if (text.n <= max)
		return text.n;
	at = text_cut(text.p, text.n, max);
	if (at == 0)
		return max; /* not UTF-8: not our contract, but no reason for a caller to spin */
	at = before_colour(text, at);
	near = at < CUT_SPACE_NEAR ? at : CUT_SPACE_NEAR;
	space = memrchr(text.p + at - near, ' ', near);
	if (space == NULL)
		return at;
	/* The space stays behind: what is put together again is what was sent. A mark may sit on
	 * it, and is not to be torn off. */
	after = space + 1 - text.p;
	return text_cut(text.p, text.n, after) == after ? after : at;
}

/* --- CTCP ---------------------------------------------------------------------------------- */

bool
irc_ctcp(struct str text, struct str *word_r, struct str *params_r)
{
	size_t i = 1;

	if (text.n < 2 || text.p[0] != CTCP_DELIM)
		return false;
	while (i < text.n && text.p[i] != ' ' && text.p[i] != CTCP_DELIM)
		i++;
	if (i == 1)
		return false;
	*word_r = (struct str){text.p + 1, i - 1};
	*params_r = (struct str){text.p + i, 0};
	if (i < text.n && text.p[i] == ' ') {
		*params_r = (struct str){text.p + i + 1, text.n - i - 1};
		if (params_r->n > 0 && text.p[text.n - 1] == CTCP_DELIM)
			params_r->n--;
	}
	return true;
}

/* --- mode strings -------------------------------------------------------------------------- */

void
irc_modes_begin(struct irc_modes *w, const struct str *param, unsigned n)
{
	*w = (struct irc_modes){.param = param, .n = n, .next = n > 0 ? 1 : 0};
	w->letters = n > 0 ? param[0] : (struct str){"", 0};
}

static bool
is_sign(char c)
{
	return c == '+' || c == '-';
}

/* The next letter, with what stands before it taken in; false if there is none. */
static bool
next_letter(struct irc_modes *w, char *letter_r)
{
	for (;;) {
		while (w->at < w->letters.n) {
			char c = w->letters.p[w->at++];

			if (!is_sign(c)) {
				*letter_r = c;
				return true;
			}
			w->minus = c == '-';
		}
		/* "+o alice -v bob": what no mode took and has a sign is the next string */
		if (w->next == w->n || w->param[w->next].n == 0 || !is_sign(w->param[w->next].p[0]))
			return false;
		w->letters = w->param[w->next++];
		w->at = 0;
	}
}

static bool
takes_param(enum irc_mode_type type, bool on)
{
	switch (type) {
	case IRC_MODE_A:
	case IRC_MODE_B:
	case IRC_MODE_PREFIX:
		return true;
	case IRC_MODE_C:
		return on;
	case IRC_MODE_D:
	case IRC_MODE_NONE:
		break;
	}
	return false;
}

bool
irc_modes_next(struct irc_modes *w, irc_mode_type_fn *type_of, struct irc_mode *m)
{
	char letter;

	if (!next_letter(w, &letter))
		return false;
	*m = (struct irc_mode){.letter = letter, .on = !w->minus, .type = type_of(letter)};
	m->param = (struct str){"", 0};
	if (takes_param(m->type, m->on) && w->next < w->n) {
		m->has_param = true;
		m->param = w->param[w->next++];
	}
	return true;
}
