/* query.c - see query.h. Strangers' bytes, so nothing here can fail but with a fault. */
#include "config.h"

#include "proto/query.h"

#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "proto/irc.h"

/* --- words --------------------------------------------------------------------------------- */

/* Length of the space or control that s begins with, 0 if it is none. */
static size_t
space(struct str s)
{
	unsigned char c = s.n > 0 ? (unsigned char)s.p[0] : 'x';

	if (c <= ' ' || c == 0x7f)
		return 1;
	if (s.n >= 2 && memcmp(s.p, "\xc2\xa0", 2) == 0) /* no-break */
		return 2;
	if (s.n >= 3 && memcmp(s.p, "\xe3\x80\x80", 3) == 0) /* ideographic: Japanese keyboards' */
		return 3;
	return 0;
}

static void
skip(struct str *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

static struct str
take(struct str *s, size_t n)
{
	struct str taken = {s->p, n};

	skip(s, n);
	return taken;
}

static void
quoted(struct str *rest, struct query_word *w)
{
	const char *end = memchr(rest->p + 1, '"', rest->n - 1);

	skip(rest, 1);
	w->quoted = true;
	w->text = take(rest, end != NULL ? (size_t)(end - rest->p) : rest->n);
	if (end != NULL)
		skip(rest, 1);
	while (rest->n > 0 && rest->p[0] == '*') {
		w->prefix = true;
		skip(rest, 1);
	}
}

static void
bare(struct str *rest, struct query_word *w)
{
	size_t n = 0;

	while (n < rest->n && space((struct str){rest->p + n, rest->n - n}) == 0)
		n++;
	w->text = take(rest, n);
	for (n = w->text.n; n > 1 && w->text.p[n - 1] == '*'; n--)
		w->prefix = true;
	w->text.n = n;
}

bool
query_word_next(struct str *rest, struct query_word *w)
{
	size_t n;

	while ((n = space(*rest)) > 0)
		skip(rest, n);
	if (rest->n == 0)
		return false;
	*w = (struct query_word){.raw = {rest->p, rest->n}};
	if (rest->n > 1 && rest->p[0] == '-' &&
	    space((struct str){rest->p + 1, rest->n - 1}) == 0) {
		w->without = true;
		skip(rest, 1);
	}
	if (rest->p[0] == '"')
		quoted(rest, w);
	else
		bare(rest, w);
	w->raw.n -= rest->n;
	return true;
}

/* --- filters ------------------------------------------------------------------------------- */

typedef enum query_fault filter_fn(struct query_typed *q, struct str value, query_clock_fn *clock);

static enum query_fault
set_name(struct str *name, struct str value)
{
	if (name->n > 0)
		return QUERY_TWICE;
	if (value.n == 0)
		return QUERY_NO_VALUE;
	*name = value;
	return QUERY_FINE;
}

static enum query_fault
filter_in(struct query_typed *q, struct str value, query_clock_fn *clock)
{
	bool peer = value.n > 0 && value.p[0] == '@';

	(void)clock;
	if (value.n > 0 && (value.p[0] == '#' || peer))
		skip(&value, 1);
	if ((peer ? q->room : q->peer).n > 0)
		return QUERY_TWICE;
	return set_name(peer ? &q->peer : &q->room, value);
}

static enum query_fault
filter_from(struct query_typed *q, struct str value, query_clock_fn *clock)
{
	(void)clock;
	return set_name(&q->from, value);
}

static enum query_fault
set_time(uint64_t *ms, struct str value, query_clock_fn *clock)
{
	if (*ms != 0)
		return QUERY_TWICE;
	if (value.n == 0)
		return QUERY_NO_VALUE;
	if (!query_time_get(value, ms) && (clock == NULL || !clock(value, ms)))
		return QUERY_NO_TIME;
	/* 0 says that there is no bound: the year 1970 has no messages */
	*ms = MAX(*ms, 1u);
	return QUERY_FINE;
}

static enum query_fault
filter_before(struct query_typed *q, struct str value, query_clock_fn *clock)
{
	return set_time(&q->before, value, clock);
}

static enum query_fault
filter_after(struct query_typed *q, struct str value, query_clock_fn *clock)
{
	return set_time(&q->after, value, clock);
}

static const struct filter {
	const char *word;
	filter_fn *fn;
} filters[] = {
    {"in:", filter_in},
    {"from:", filter_from},
    {"before:", filter_before},
    {"after:", filter_after},
};

static const struct filter *
filter_of(const struct query_word *w)
{
	if (w->quoted || w->without)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		size_t n = strlen(filters[i].word);

		if (w->raw.n >= n && strncasecmp(w->raw.p, filters[i].word, n) == 0)
			return &filters[i];
	}
	return NULL;
}

static bool
add_word(struct query_typed *q, char *words, size_t cap, struct str word)
{
	size_t space_before = q->words.n > 0 ? 1 : 0;

	if (word.n + space_before > cap - q->words.n)
		return false;
	if (space_before)
		words[q->words.n++] = ' ';
	memcpy(words + q->words.n, word.p, word.n);
	q->words.n += word.n;
	return true;
}

enum query_fault
query_typed_get(struct str typed, struct query_typed *q, char *words, size_t cap,
		query_clock_fn *clock, struct str *bad_r)
{
	struct query_word w;

	*q = (struct query_typed){.words = {words, 0}};
	*bad_r = (struct str){"", 0};
	while (query_word_next(&typed, &w)) {
		const struct filter *f = filter_of(&w);
		enum query_fault fault = QUERY_FINE;

		if (f != NULL) {
			size_t n = strlen(f->word);

			fault = f->fn(q, (struct str){w.raw.p + n, w.raw.n - n}, clock);
		} else if (!add_word(q, words, cap, w.raw)) {
			fault = QUERY_TOO_LONG;
		}
		if (fault != QUERY_FINE) {
			*bad_r = w.raw;
			return fault;
		}
	}
	return QUERY_FINE;
}

const char *
query_strerror(enum query_fault fault)
{
	static const char *const sentence[QUERY_FAULTS] = {
	    [QUERY_FINE] = "nothing is wrong",
	    [QUERY_NO_VALUE] = "a name or a time is missing behind the colon",
	    [QUERY_TWICE] = "that is said twice",
	    [QUERY_NO_TIME] = "a time looks like 2026-01-31 or 2026-01-31T18:30:00Z",
	    [QUERY_TOO_LONG] = "that is too long",
	};

	return fault < QUERY_FAULTS ? sentence[fault] : "?";
}

/* --- times --------------------------------------------------------------------------------- */

/* Takes the zone off the end of s: minutes east of Greenwich; none is 0. */
static bool
take_zone(struct str *s, int *minutes_r)
{
	const char *p;

	*minutes_r = 0;
	if (s->n > 0 && (s->p[s->n - 1] == 'Z' || s->p[s->n - 1] == 'z')) {
		s->n--;
		return true;
	}
	if (s->n < 6)
		return true;
	p = s->p + s->n - 6;
	if (*p != '+' && *p != '-')
		return true;
	for (size_t i = 1; i < 6; i++)
		if (i == 3 ? p[i] != ':' : p[i] < '0' || p[i] > '9')
			return false;
	*minutes_r = ((p[1] - '0') * 10 + p[2] - '0') * 60 + (p[4] - '0') * 10 + p[5] - '0';
	if (p[1] > '2' || (p[1] == '2' && p[2] > '3') || p[4] > '5')
		return false;
	if (*p == '-')
		*minutes_r = -*minutes_r;
	s->n -= 6;
	return true;
}

bool
query_time_get(struct str s, uint64_t *ms_r)
{
	static const size_t day = 10, minute = 16, longest = 29; /* lengths without a zone */
	char full[40] = "0000-00-00T00:00:00";
	int zone = 0;
	int64_t ms;
	size_t n = 19;

	if (s.n != day &&
	    (s.n < minute || (s.p[day] != 'T' && s.p[day] != 't') || !take_zone(&s, &zone)))
		return false;
	if (s.n != day && s.n < minute)
		return false;
	if (s.n > longest || (s.n > minute && s.n < n))
		return false;
	memcpy(full, s.p, s.n);
	full[day] = 'T';
	n = MAX(n, s.n);
	full[n++] = 'Z';
	if (!irc_time_get((struct str){full, n}, ms_r))
		return false;
	ms = (int64_t)*ms_r - zone * INT64_C(60000);
	*ms_r = ms < 0 ? 0 : (uint64_t)ms;
	return true;
}
